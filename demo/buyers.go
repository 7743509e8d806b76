package demo

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/oneshelf/oneshelf/commerce"
)

// Pace says how busy the demo is; zero values take the defaults.
type Pace struct {
	// Every is the time between two orders at one marketplace, give or take a half. 4 s by default; the own shop is half as busy.
	Every time.Duration
	// Handling is how long a location lets work lie before it takes it on, and again before it ships. 10 s by default.
	Handling time.Duration
	// Seed makes buyers choose the same in every run; 0 is another choice each time.
	Seed uint64
}

func (p Pace) filled() Pace {
	if p.Every <= 0 {
		p.Every = 4 * time.Second
	}
	if p.Handling <= 0 {
		p.Handling = 10 * time.Second
	}
	if p.Seed == 0 {
		p.Seed = rand.Uint64()
	}
	return p
}

// callTimeout bounds one call of a sandbox's control API.
const callTimeout = 5 * time.Second

// Trade lets buyers buy at each marketplace and in the own shop, and staff accept, ship and restock, until ctx ends; it answers then.
// The viewer of ctx needs every scope. Whatever fails is logged at debug and tried again with the next round.
func Trade(ctx context.Context, d Deps, p Pace) {
	p = p.filled()
	client := d.Channels.Guard.Client(callTimeout)
	var all sync.WaitGroup
	for _, m := range d.Marketplaces {
		s := newShopper(m.Code, sandbox{base: m.Control, http: client}, d, p)
		all.Go(func() { s.run(ctx, p.Every) })
	}
	s := newShopper(Shop, &ownShop{Deps: d}, d, p)
	all.Go(func() { s.run(ctx, 2*p.Every) })
	w := staff{Deps: d, handling: p.Handling}
	all.Go(func() { w.run(ctx) })
	all.Wait()
}

// buyer is a number from 1 to memberCount; there is a member of that number.
type buyer int

func (b buyer) name() string { return fmt.Sprintf("demo-buyer-%03d", int(b)) }

// address is where nobody lives.
func (b buyer) address() commerce.Address {
	return commerce.Address{
		Recipient: fmt.Sprintf("演示买家 %03d", int(b)), Phone: fmt.Sprintf("1%010d", int(b)), Country: "CN",
		Province: "浙江省", City: "杭州市", District: "西湖区", Line1: fmt.Sprintf("示例街道 %d 号", int(b)),
	}
}

// shopper is all the buyers of one counter.
type shopper struct {
	Deps
	code    string
	at      counter
	chance  *rand.Rand
	resumed bool
	later   []intent
}

// intent is what a buyer will do with an order.
type intent struct {
	order, state string
	when         time.Time
}

func newShopper(code string, at counter, d Deps, p Pace) *shopper {
	h := fnv.New64a()
	h.Write([]byte(code))
	return &shopper{Deps: d, code: code, at: at, chance: rand.New(rand.NewPCG(p.Seed, h.Sum64()))}
}

func (s *shopper) run(ctx context.Context, every time.Duration) {
	for pause(ctx, every/2+rand.N(every)) {
		if err := s.round(ctx); err != nil && ctx.Err() == nil {
			s.Log.Debug("a simulated buyer gave up", "channel", s.code, "error", err)
		}
	}
}

// pause waits and tells whether there is still something to wait for.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// round keeps what buyers had in mind and places one more order.
func (s *shopper) round(ctx context.Context) error {
	if !s.resumed {
		left, err := s.at.unpaid(ctx)
		if err != nil {
			return err
		}
		for _, id := range left { // of a run before this one
			s.later = append(s.later, intent{id, closed, s.Store.Now().Add(s.within(10, 60))})
		}
		s.resumed = true
	}
	now := s.Store.Now()
	for i, in := range s.later {
		if in.when.After(now) {
			continue
		}
		s.later = slices.Delete(s.later, i, i+1) // also when it fails: the order may have gone its way
		return s.at.settle(ctx, in.order, in.state)
	}
	return s.buy(ctx)
}

// buy places an order for one or two goods, one or two of each.
func (s *shopper) buy(ctx context.Context) error {
	goods, err := s.at.shelf(ctx)
	if err != nil {
		return err
	}
	goods = slices.DeleteFunc(goods, func(g good) bool { return !g.OnSale || g.Quantity < 1 || g.SKU == "" })
	if len(goods) == 0 {
		return nil
	}
	s.chance.Shuffle(len(goods), func(i, j int) { goods[i], goods[j] = goods[j], goods[i] })
	var lines []line
	for _, g := range goods[:min(len(goods), 1+s.chance.IntN(2))] {
		lines = append(lines, line{g.SKU, min(g.Quantity, 1+s.chance.IntN(2))})
	}
	who, mood := buyer(1+s.chance.IntN(memberCount)), s.chance.IntN(100)
	order, err := s.at.place(ctx, who, lines, mood < 80)
	if err != nil {
		return err
	}
	now := s.Store.Now()
	switch {
	case mood < 6: // paid, and changed their mind before it left
		s.later = append(s.later, intent{order, closed, now.Add(s.within(1, 5))})
	case mood < 80: // paid at once
	case mood < 93: // will pay
		s.later = append(s.later, intent{order, paid, now.Add(s.within(5, 25))})
	default: // never pays; the marketplace closes it
		s.later = append(s.later, intent{order, closed, now.Add(s.within(30, 60))})
	}
	return nil
}

func (s *shopper) within(from, to int) time.Duration {
	return time.Duration(from+s.chance.IntN(to-from)) * time.Second
}
