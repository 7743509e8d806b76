package sandbox

import (
	"errors"
	"fmt"
	"time"
)

// What can be wrong with an order that a buyer places.
var (
	ErrUnknownCode = errors.New("nothing carries this outer code")
	ErrShort       = errors.New("not enough of it is left")
	ErrOffSale     = errors.New("it is not on sale")
	ErrNoOrder     = errors.New("there is no such order")
	ErrClosed      = errors.New("the order is closed")
)

// Purchase is what a buyer wants.
type Purchase struct {
	Lines    []PurchaseLine `json:"lines"`
	Pay      bool           `json:"pay"`
	Buyer    string         `json:"buyer"`
	Message  string         `json:"message"`
	Receiver *Receiver      `json:"receiver"`
}

// PurchaseLine names units by their outer code.
type PurchaseLine struct {
	OuterCode string `json:"outerCode"`
	Quantity  int    `json:"quantity"`
}

// Place takes the goods off the shelf and makes an order of them, all or nothing, as the marketplace does when a buyer checks out.
// Errors: ErrUnknownCode, ErrOffSale, ErrShort.
func (tx *Tx) Place(p Purchase) (*Order, error) {
	o := &Order{ID: tx.NewID(OrderID), State: Unpaid, Buyer: p.Buyer, Message: p.Message, Created: tx.s.Now()}
	o.Receiver = Receiver{Name: "王小明", Phone: "13800138000", Province: "浙江省", City: "杭州市", District: "余杭区", Address: "示例街道1号"}
	if p.Receiver != nil {
		o.Receiver = *p.Receiver
	}
	if o.Buyer == "" {
		o.Buyer = "buyer-" + o.ID
	}
	for _, want := range p.Lines {
		line, err := tx.take(want)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", want.OuterCode, err)
		}
		line.ID = tx.NewID(LineID)
		o.Lines = append(o.Lines, line)
	}
	if p.Pay {
		o.State, o.PaidAt = Paid, o.Created
	}
	if tx.s.cfg.Finish != nil {
		tx.s.cfg.Finish(o)
	}
	tx.PutOrder(o)
	return o, nil
}

// take finds a unit on sale with enough left; outer codes may stand on several items.
func (tx *Tx) take(want PurchaseLine) (Line, error) {
	err := ErrUnknownCode
	for _, seen := range tx.WithCode(want.OuterCode) {
		it := tx.Item(seen.ID)
		for n := range it.SKUs {
			sku := &it.SKUs[n]
			switch {
			case sku.OuterCode != want.OuterCode:
			case !it.OnSale || sku.OffSale:
				if err == ErrUnknownCode {
					err = ErrOffSale
				}
			case sku.Quantity < want.Quantity:
				err = ErrShort
			default:
				sku.Quantity -= want.Quantity
				tx.PutItem(it)
				return Line{ItemID: it.ID, SKUID: sku.ID, OuterCode: sku.OuterCode, Title: it.Title, Options: sku.Options,
					Quantity: want.Quantity, Price: sku.Price}, nil
			}
		}
	}
	return Line{}, err
}

// SetState moves an order on, by a neutral word or a name of the protocol's own. Closing gives back what has not left.
// Errors: ErrNoOrder; ErrClosed for any move out of a closed order.
func (tx *Tx) SetState(id, state string) (*Order, error) {
	o := tx.Order(id)
	if o == nil {
		return nil, ErrNoOrder
	}
	neutral := tx.s.Neutral(state)
	if tx.s.Neutral(o.State) == Closed {
		if neutral == Closed {
			return o, nil
		}
		return nil, ErrClosed
	}
	switch neutral {
	case Unpaid:
		o.PaidAt = time.Time{}
	case Closed:
		tx.giveBack(o)
	case Paid, PartlyShipped, Shipped, Completed:
		if o.PaidAt.IsZero() {
			o.PaidAt = tx.s.Now()
		}
	}
	o.State = neutral
	tx.PutOrder(o)
	return o, nil
}

func (tx *Tx) giveBack(o *Order) {
	for _, l := range o.Lines {
		it := tx.Item(l.ItemID)
		if it == nil {
			continue
		}
		if sku := it.SKU(l.SKUID); sku != nil {
			sku.Quantity += l.Quantity - o.ShippedOf(l.ID)
			tx.PutItem(it)
		}
	}
}

// Neutral translates a state's own name; names nobody translates stay.
func (s *State) Neutral(state string) string {
	if word, ok := s.cfg.Words[state]; ok {
		return word
	}
	return state
}
