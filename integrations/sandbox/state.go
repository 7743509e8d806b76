package sandbox

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Config says what one marketplace's sandbox adds to the shared state.
type Config struct {
	Name string           // of the journal: taobao
	Dir  string           // where the journal lies; "" keeps everything in memory
	Now  func() time.Time // time.Now when nil
	// NewID writes the marketplace's ids; n never repeats. Plain decimal numbers when nil.
	NewID func(kind IDKind, n uint64) string
	// Words maps the protocol's own state names to the neutral ones, for the control API; others are stored as they are.
	Words map[string]string
	// Finish completes an order that was just placed, with whatever the protocol keeps besides.
	Finish func(*Order)
	// Hold is how long a withheld answer keeps its caller waiting at most; 30 s when zero.
	Hold time.Duration
}

// IDKind is what an id is for.
type IDKind int

// The kinds of ids.
const (
	ItemID IDKind = iota
	SKUID
	OrderID
	LineID
)

// State is a marketplace: its goods, its orders and the faults it is told to have. It may be used by many at once.
// Items and orders that View hands out belong to the State and must not be changed; those of Update are copies.
type State struct {
	cfg    Config
	Faults Faults
	Calls  Calls

	mu      sync.RWMutex
	journal *journal // nil in memory
	counter uint64
	items   shelf[*Item]
	orders  shelf[*Order]
	byOuter map[string][]string // outer code of an item or a SKU → item ids
	late    time.Duration       // after which new goods show
}

// shelf keeps things by id and in the order they came.
type shelf[T any] struct {
	byID map[string]T
	ids  []string
}

func (s *shelf[T]) put(id string, v T) {
	if s.byID == nil {
		s.byID = map[string]T{}
	}
	if _, known := s.byID[id]; !known {
		s.ids = append(s.ids, id)
	}
	s.byID[id] = v
}

func (s *shelf[T]) all() []T {
	out := make([]T, len(s.ids))
	for i, id := range s.ids {
		out[i] = s.byID[id]
	}
	return out
}

// Open reads the journal, if there is one, and returns the marketplace as it was left. Errors are the disk's.
func Open(cfg Config) (*State, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.NewID == nil {
		cfg.NewID = func(_ IDKind, n uint64) string { return strconv.FormatUint(n, 10) }
	}
	if cfg.Hold == 0 {
		cfg.Hold = 30 * time.Second
	}
	s := &State{cfg: cfg, byOuter: map[string][]string{}}
	s.Calls.now = cfg.Now
	if cfg.Dir == "" {
		return s, nil
	}
	var err error
	s.journal, err = openJournal(filepath.Join(cfg.Dir, cfg.Name+".journal"), s.apply)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Close lets go of the journal. Changes fail afterwards.
func (s *State) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.journal == nil {
		return nil
	}
	return s.journal.close()
}

// Now is the marketplace's clock.
func (s *State) Now() time.Time { return s.cfg.Now() }

func (s *State) apply(r record) {
	s.counter = max(s.counter, r.Counter)
	for _, it := range r.Items {
		if old := s.items.byID[it.ID]; old != nil {
			for _, code := range outerCodes(old) {
				s.byOuter[code] = slices.DeleteFunc(s.byOuter[code], func(id string) bool { return id == it.ID })
			}
		}
		s.items.put(it.ID, it)
		for _, code := range outerCodes(it) {
			s.byOuter[code] = append(s.byOuter[code], it.ID)
		}
	}
	for _, o := range r.Orders {
		s.orders.put(o.ID, o)
	}
}

// outerCodes lists an item's codes, each once.
func outerCodes(it *Item) []string {
	var out []string
	if it.OuterCode != "" {
		out = append(out, it.OuterCode)
	}
	for _, sku := range it.SKUs {
		if sku.OuterCode != "" && !slices.Contains(out, sku.OuterCode) {
			out = append(out, sku.OuterCode)
		}
	}
	return out
}

// View is the marketplace at one moment.
type View struct{ s *State }

// View runs fn while nothing changes. fn must not keep the View nor call Update.
func (s *State) View(fn func(View)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	fn(View{s})
}

// Items lists all items, oldest first.
func (v View) Items() []*Item { return v.s.items.all() }

// Orders lists all orders, oldest first.
func (v View) Orders() []*Order { return v.s.orders.all() }

// Item finds an item by id; nil when there is none.
func (v View) Item(id string) *Item { return v.s.items.byID[id] }

// Order finds an order by id; nil when there is none.
func (v View) Order(id string) *Order { return v.s.orders.byID[id] }

// WithCode lists the items that carry an outer code themselves or on a unit.
func (v View) WithCode(outer string) []*Item {
	var out []*Item
	for _, id := range v.s.byOuter[outer] {
		out = append(out, v.s.items.byID[id])
	}
	return out
}

// Shown lists the items as a reader of goods finds them at this moment: without what is not shown yet. Like all of View's they must not
// be changed.
func (v View) Shown() []*Item { return v.shown(v.Items()) }

// ShownItem is an item as a reader finds it; nil when it does not.
func (v View) ShownItem(id string) *Item {
	if it := v.Item(id); it != nil {
		if found := v.shown([]*Item{it}); len(found) > 0 {
			return found[0]
		}
	}
	return nil
}

// ShownWithCode lists the items as a reader finds them that carry an outer code themselves or on a unit.
func (v View) ShownWithCode(outer string) []*Item {
	return slices.DeleteFunc(v.shown(v.WithCode(outer)), func(it *Item) bool { return !slices.Contains(outerCodes(it), outer) })
}

func (v View) shown(items []*Item) []*Item {
	now := v.s.Now()
	hidden := func(u SKU) bool { return now.Before(u.ShownFrom) }
	var out []*Item
	for _, it := range items {
		if slices.ContainsFunc(it.SKUs, hidden) {
			it = it.clone()
			if it.SKUs = slices.DeleteFunc(it.SKUs, hidden); len(it.SKUs) == 0 {
				continue
			}
		}
		out = append(out, it)
	}
	return out
}

// Late makes units that come from now on show only after d; those that are there stay as they are. It is not kept over a restart.
func (s *State) Late(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late = d
}

// Tx is one change. Reads through it see the marketplace before the change, and what the change has put so far by id.
type Tx struct {
	View
	counter uint64
	items   shelf[*Item]
	orders  shelf[*Order]
}

// Update runs fn and, when it returns nil, puts its changes on disk and in place, all or none, before it returns.
// An error of fn is returned unchanged.
func (s *State) Update(fn func(*Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx := &Tx{View: View{s}, counter: s.counter}
	if err := fn(tx); err != nil {
		return err
	}
	r := record{Counter: tx.counter, Items: tx.items.all(), Orders: tx.orders.all()}
	if len(r.Items) == 0 && len(r.Orders) == 0 {
		return nil
	}
	if s.journal != nil {
		if err := s.journal.append(r); err != nil {
			return err
		}
	}
	s.apply(r)
	s.compact()
	return nil
}

// compact writes the journal anew when it has grown well past what it tells. Failing leaves the old one, which is as good.
func (s *State) compact() {
	if s.journal == nil || s.journal.size < compactAt || s.journal.size/2048 < int64(2*(len(s.items.ids)+len(s.orders.ids))) {
		return
	}
	var records []record
	for _, it := range s.items.all() {
		records = append(records, record{Counter: s.counter, Items: []*Item{it}})
	}
	for _, o := range s.orders.all() {
		records = append(records, record{Counter: s.counter, Orders: []*Order{o}})
	}
	if err := s.journal.compact(records); err != nil {
		s.Calls.Add("journal", fmt.Sprintf("not compacted: %v", err))
	}
}

// NewID makes an id that was never used.
func (tx *Tx) NewID(kind IDKind) string {
	tx.counter++
	return tx.s.cfg.NewID(kind, tx.counter)
}

// Item is a copy of an item, free to be changed and Put back; nil when there is none.
func (tx *Tx) Item(id string) *Item {
	if it := tx.items.byID[id]; it != nil {
		return it
	}
	if it := tx.View.Item(id); it != nil {
		return it.clone()
	}
	return nil
}

// Order is a copy of an order, free to be changed and Put back; nil when there is none.
func (tx *Tx) Order(id string) *Order {
	if o := tx.orders.byID[id]; o != nil {
		return o
	}
	if o := tx.View.Order(id); o != nil {
		return o.clone()
	}
	return nil
}

// PutItem stores an item as it shall stand, new ones too, and stamps its modification.
func (tx *Tx) PutItem(it *Item) {
	it.Modified = tx.s.Now()
	if it.Created.IsZero() {
		it.Created = it.Modified
	}
	before := tx.View.Item(it.ID)
	for n := range it.SKUs {
		u := &it.SKUs[n]
		if before != nil && before.SKU(u.ID) != nil {
			u.ShownFrom = before.SKU(u.ID).ShownFrom
		} else if tx.s.late > 0 {
			u.ShownFrom = it.Modified.Add(tx.s.late)
		}
	}
	tx.items.put(it.ID, it)
}

// PutOrder stores an order as it shall stand, new ones too, and stamps its modification.
func (tx *Tx) PutOrder(o *Order) {
	o.Modified = tx.s.Now()
	if o.Created.IsZero() {
		o.Created = o.Modified
	}
	tx.orders.put(o.ID, o)
}
