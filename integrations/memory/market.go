package memory

import (
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/integrations"
)

// Market is the marketplace's side: its goods, its buyers' orders and its bad days. It may be used by many at once.
type Market struct {
	mu     sync.Mutex
	now    func() time.Time
	last   int
	units  []*unit
	orders []*order
	faults []planned
	late   time.Duration // after which new units show
}

type unit struct {
	integrations.RemoteListing
	shownFrom time.Time
}

type order struct {
	integrations.Order
	own     string // the market's name for the state
	parcels []integrations.Shipment
}

// left is how much of a line has not been shipped.
func (o *order) left(line string) int {
	n := 0
	for _, l := range o.Lines {
		if l.ExternalID == line {
			n += l.Quantity
		}
	}
	for _, p := range o.parcels {
		for _, l := range p.Lines {
			if l.ExternalID == line {
				n -= l.Quantity
			}
		}
	}
	return n
}

type planned struct {
	ability integrations.Ability
	fault   Fault
}

// Fault is something that goes wrong on demand.
type Fault struct {
	Kind  integrations.ErrorKind
	After bool // it happens all the same, only the answer is lost
}

// New makes an empty market with a clock.
func New(now func() time.Time) *Market { return &Market{now: now} }

// Fail makes the next use of an ability fail.
func (m *Market) Fail(a integrations.Ability, f Fault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = append(m.faults, planned{a, f})
}

// do runs one call of a shop, with the fault that is due.
func (m *Market) do(a integrations.Ability, fn func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, p := range m.faults {
		if p.ability != a {
			continue
		}
		m.faults = append(m.faults[:i:i], m.faults[i+1:]...)
		if p.fault.After {
			if err := fn(); err != nil {
				return err
			}
		}
		e := &integrations.Error{Kind: p.fault.Kind, Code: "ON_DEMAND", Message: "a fault that was asked for"}
		if e.Kind == integrations.Limited {
			e.RetryAfter = time.Second
		}
		return e
	}
	return fn()
}

func (m *Market) id() string {
	m.last++
	return strconv.Itoa(100000 + m.last)
}

func (m *Market) find(is func(*unit) bool) *unit {
	for _, u := range m.units {
		if is(u) {
			return u
		}
	}
	return nil
}

func (m *Market) order(id string) *order {
	for _, o := range m.orders {
		if o.ExternalID == id {
			return o
		}
	}
	return nil
}

// Seed puts a unit on sale that no shop of ours made; a known outer code gets the new figures.
func (m *Market) Seed(l integrations.RemoteListing) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u := m.find(func(u *unit) bool { return u.OuterCode == l.OuterCode })
	if u == nil {
		l.ExternalID, l.ExternalSKUID = m.id(), m.id()
		u = &unit{shownFrom: m.now().Add(m.late)}
		m.units = append(m.units, u)
	} else {
		l.ExternalID, l.ExternalSKUID = u.ExternalID, u.ExternalSKUID
	}
	l.Live = true
	u.RemoteListing = l
}

// Late makes units that come from now on show to shops only after d.
func (m *Market) Late(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.late = d
}

func (m *Market) shows(u *unit) bool { return !m.now().Before(u.shownFrom) }

// Units lists what is there.
func (m *Market) Units() []integrations.RemoteListing {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []integrations.RemoteListing
	for _, u := range m.units {
		out = append(out, u.RemoteListing)
	}
	return out
}

// What can be wrong with a purchase or a move.
var (
	ErrNotSold = errors.New("memory: it is not on sale or not enough of it is left")
	ErrNoOrder = errors.New("memory: there is no such order")
)

// Buy takes goods off the shelf, all or nothing, and makes an unpaid order of them. Of the address nothing that tells the buyer is shown.
func (m *Market) Buy(outerCodes []string, quantities []int, to commerce.Address) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := map[*unit]int{}
	o := &order{own: "UNPAID"}
	o.ExternalID, o.State, o.Placed, o.Modified = m.id(), integrations.Unpaid, m.now(), m.now()
	o.Buyer = "buyer-" + o.ExternalID
	o.Address = commerce.Address{Country: to.Country, Province: to.Province, City: to.City, District: to.District}
	for i, code := range outerCodes {
		u := m.find(func(u *unit) bool { return u.OuterCode == code && u.Live && u.Quantity-taken[u] >= quantities[i] })
		if u == nil {
			return "", ErrNotSold
		}
		taken[u] += quantities[i]
		total := u.Price * int64(quantities[i])
		o.Lines = append(o.Lines, integrations.OrderLine{ExternalID: m.id(), ExternalItem: u.ExternalID, ExternalSKU: u.ExternalSKUID, OuterCode: code,
			Title: u.Title, Quantity: quantities[i], UnitPrice: u.Price, Total: total})
		o.Total += total
	}
	for u, n := range taken {
		u.Quantity -= n
	}
	m.orders = append(m.orders, o)
	return o.ExternalID, nil
}

// Move brings an order to PAID, CLOSED, COMPLETED or a state nobody knows; closing gives back what has not left.
func (m *Market) Move(id, state string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.order(id)
	if o == nil {
		return ErrNoOrder
	}
	switch state {
	case "PAID":
		o.State, o.Paid, o.PaidAt = integrations.ToShip, o.Total, m.now()
	case "COMPLETED":
		o.State = integrations.Completed
	case "CLOSED":
		if o.State != integrations.Closed {
			for _, l := range o.Lines {
				if u := m.find(func(u *unit) bool { return u.ExternalSKUID == l.ExternalSKU }); u != nil {
					u.Quantity += o.left(l.ExternalID)
				}
			}
		}
		o.State = integrations.Closed
	default:
		o.State = integrations.Unknown
	}
	o.own, o.Modified = state, m.now()
	return nil
}

// Sale is an order with its parcels.
type Sale struct {
	integrations.Order
	Parcels []integrations.Shipment
}

// Sales lists all orders.
func (m *Market) Sales() []Sale {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Sale
	for _, o := range m.orders {
		out = append(out, Sale{o.Order, o.parcels})
	}
	return out
}
