package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/internal/testkit"
)

const (
	placeOrder = `mutation($input: OrderPlaceInput!) { orderPlace(input: $input) { replayed order { id } userErrors { code message } } }`
	acceptWork = `mutation($input: FulfillmentAcceptInput!) { fulfillmentAccept(input: $input) { replayed dispatchToken userErrors { code message } } }`
	shipWork   = `mutation($input: FulfillmentShipInput!) { fulfillmentShip(input: $input) { replayed fulfillment { id trackingNumber } userErrors { code message } } }`
	adjust     = `mutation($input: StockAdjustInput!) { stockAdjust(input: $input) { replayed movement { id } userErrors { code message } } }`
	openWork   = `{ fulfillmentOrders(first: 100, where: { states: [OPEN, ACCEPTED] }) { edges { node { id order { state paymentState } } } } }`
)

// storm is people and systems at work on a server that is killed again and again. Whoever gets no answer asks again with the same key.
type storm struct {
	*process
	t    testing.TB
	skus []string
	seed uint64
	done atomic.Int64 // what was answered

	mu       sync.Mutex
	placed   map[string]string // key → order's id, as answered
	adjusted map[string]int    // key → delta
	bought   map[string]bool   // ids of marketplace orders, as answered
	shipped  map[string]string // fulfillment order → tracking number, as answered
}

// Nothing that was answered is lost and nothing happens twice, whenever the server dies (CR-01, MP-01).
func TestKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	kills, seed := soak(6), testkit.Seed(t)
	s := &storm{process: newProcess(t), t: t, seed: seed, placed: map[string]string{}, adjusted: map[string]int{}, bought: map[string]bool{}, shipped: map[string]string{}}
	t.Logf("ready on an empty folder after %v", s.start(t))
	s.token = tokenOf(t, s.dir)
	s.look(t)
	s.open()
	s.lower("taobao", "jd")
	s.lower("jd", "taobao")

	ctx, calm := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for i, work := range []func(context.Context, *rand.Rand) error{s.buyAt("taobao"), s.buyAt("jd"), s.order, s.restock, s.send} {
		all.Go(func() { s.keepOn(ctx, rand.New(rand.NewPCG(seed, uint64(i))), work) })
	}
	chance := rand.New(rand.NewPCG(seed, 99))
	var ready, working time.Duration
	for n := range kills {
		s.wait(time.Duration(chance.Int64N(int64(1500 * time.Millisecond))))
		s.kill(t)
		if n%3 == 2 { // and again while it starts
			s.launch(t)
			s.wait(time.Duration(chance.Int64N(int64(400 * time.Millisecond))))
			s.kill(t)
		}
		up := s.start(t)
		on := s.worksOn()
		ready, working = max(ready, up), max(working, on)
		t.Logf("kill %d: ready after %v, working %v later", n+1, up, on)
	}
	calm()
	all.Wait()
	t.Logf("%d kills: ready after %v, at work after %v more, at the latest; %d orders through the API, %d at marketplaces, %d parcels, %d adjustments",
		kills, ready, working, len(s.placed), len(s.bought), len(s.shipped), len(s.adjusted))
	s.settle()
	s.judge()
	s.lower("taobao", "jd")
	s.lower("jd", "taobao")
	s.stop(t)
}

// tokenOf asks for a token beside the running server.
func tokenOf(t testing.TB, dir string) string {
	t.Helper()
	out, err := exec.Command("oneshelf", "token", "--data-dir", dir, "--brand", "demo", "--ttl", "2h", "--subject", "storm",
		"--scope", "products:read stock:read stock:write orders:read orders:write").Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}

// open waits until both marketplaces show the catalog, and picks what is traded.
func (s *storm) open() {
	within(s.t, "both marketplaces show the same", 30*time.Second, func() bool {
		taobao, jd := s.shown(s.t, "taobao"), s.shown(s.t, "jd")
		return len(taobao) > 5 && maps.Equal(taobao, jd) && s.count(s.t, "SELECT COUNT(*) FROM listings WHERE state = 'PENDING'") == 0
	})
	shown := s.shown(s.t, "jd")
	for _, sku := range slices.Sorted(maps.Keys(shown)) {
		if shown[sku] > 60 && len(s.skus) < 6 {
			s.skus = append(s.skus, sku)
		}
	}
	require.Len(s.t, s.skus, 6)
}

// lower buys at one marketplace and waits until the other shows one less.
func (s *storm) lower(at, other string) {
	sku := s.skus[0]
	before := s.shown(s.t, other)[sku]
	var o sale
	require.NoError(s.t, call(s.t.Context(), http.MethodPost, s.control(at)+"/_sandbox/orders", "", purchase(sku, true), &o))
	took := within(s.t, other+" shows less after an order at "+at, 5*time.Second, func() bool { return s.shown(s.t, other)[sku] == before-1 })
	s.t.Logf("an order at %s is seen at %s after %v", at, other, took)
}

// worksOn buys something and waits until the server has taken it in.
func (s *storm) worksOn() time.Duration {
	var o sale
	require.NoError(s.t, call(s.t.Context(), http.MethodPost, s.control("jd")+"/_sandbox/orders", "", purchase(s.skus[1], true), &o))
	return within(s.t, "work goes on", 10*time.Second, func() bool {
		return s.count(s.t, "SELECT COUNT(*) FROM orders WHERE external_value = ?", o.ID) == 1
	})
}

// wait lets time pass: the moment of a kill is not anybody's to choose.
func (s *storm) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}

// keepOn does one kind of work again and again, at the pace of people.
func (s *storm) keepOn(ctx context.Context, chance *rand.Rand, work func(context.Context, *rand.Rand) error) {
	for ctx.Err() == nil {
		if err := work(ctx, chance); err != nil && ctx.Err() == nil {
			s.t.Errorf("refused: %v", err)
			return
		}
		s.wait(time.Duration(200+chance.IntN(800)) * time.Millisecond)
	}
}

// insist makes a call until it is answered, whoever dies meanwhile; it also ends when nobody needs the answer any more.
func (s *storm) insist(ctx context.Context, do func(context.Context) error) error {
	for {
		err := do(context.WithoutCancel(ctx)) // what was begun is ended: its answer is part of the reckoning
		if err == nil {
			s.done.Add(1)
			return nil
		}
		if _, refused := errors.AsType[errRefused](err); refused {
			return err
		}
		s.wait(50 * time.Millisecond)
	}
}

func (s *storm) pick(chance *rand.Rand) string { return s.skus[chance.IntN(len(s.skus))] }

// buyAt is buyers at a marketplace: most pay at once, some later, some never. A buyer without an answer looks elsewhere.
func (s *storm) buyAt(channel string) func(context.Context, *rand.Rand) error {
	var later string
	return func(ctx context.Context, chance *rand.Rand) error {
		if later != "" {
			state, id := []string{"PAID", "CLOSED"}[chance.IntN(2)], later
			later = ""
			return s.insist(ctx, func(ctx context.Context) error {
				return call(ctx, http.MethodPost, s.control(channel)+"/_sandbox/orders/"+id+"/state", "", map[string]string{"state": state}, &sale{})
			})
		}
		pay := chance.IntN(4) > 0
		var o sale
		if err := call(ctx, http.MethodPost, s.control(channel)+"/_sandbox/orders", "", purchase(s.pick(chance), pay), &o); err != nil {
			return nil
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.bought[o.ID] = true
		if !pay {
			later = o.ID
		}
		return nil
	}
}

// order is the brand's own frontend.
func (s *storm) order(ctx context.Context, chance *rand.Rand) error {
	key := fmt.Sprintf("order-%d", chance.Uint64())
	var answer struct{ Order struct{ ID string } }
	err := s.insist(ctx, func(ctx context.Context) error { return s.graphql(ctx, placeOrder, s.placing(key), &answer) })
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.placed[key] = answer.Order.ID
	}
	return err
}

// placing is the input under a key: the same whenever it is asked for.
func (s *storm) placing(key string) map[string]any {
	return map[string]any{
		"idempotencyKey": key, "channel": map[string]any{"code": "shop"},
		"lines":    []any{map[string]any{"variant": map[string]any{"sku": s.skus[int(key[len(key)-1])%len(s.skus)]}, "quantity": 1}},
		"delivery": map[string]any{"ship": map[string]any{"address": map[string]any{"recipient": "Demo", "country": "CN", "city": "Hangzhou", "line1": "1"}}},
	}
}

// restock is a warehouse's system. It brings more than is bought, however long that goes on while the server is up for half of the time.
func (s *storm) restock(ctx context.Context, chance *rand.Rand) error {
	return s.add(ctx, fmt.Sprintf("adjust-%d", chance.Uint64()), s.pick(chance), 3+chance.IntN(4))
}

func (s *storm) add(ctx context.Context, key, sku string, delta int) error {
	err := s.insist(ctx, func(ctx context.Context) error {
		return s.graphql(ctx, adjust, map[string]any{"idempotencyKey": key, "variant": map[string]any{"sku": sku},
			"location": map[string]any{"code": "WH-HZ"}, "delta": delta, "reason": "storm"}, &struct{}{})
	})
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.adjusted[key] = delta
	}
	return err
}

// send is staff who accept and ship whatever is open and may be sent.
func (s *storm) send(ctx context.Context, _ *rand.Rand) error {
	var work struct {
		Edges []struct {
			Node struct {
				ID    string
				Order struct{ State, PaymentState string }
			}
		}
	}
	if err := s.graphql(ctx, openWork, nil, &work); err != nil {
		if _, refused := errors.AsType[errRefused](err); refused {
			return err
		}
		return nil
	}
	for _, e := range work.Edges {
		if ctx.Err() != nil {
			return nil
		}
		if e.Node.Order.State != "OPEN" {
			continue
		}
		if err := s.sendOne(ctx, e.Node.ID); err != nil {
			return err
		}
	}
	return nil
}

func (s *storm) sendOne(ctx context.Context, id string) error {
	var accepted struct{ DispatchToken string }
	if err := s.insist(ctx, func(ctx context.Context) error {
		return s.graphql(ctx, acceptWork, map[string]any{"idempotencyKey": "accept-" + id, "fulfillmentOrder": id}, &accepted)
	}); err != nil {
		return err
	}
	number := "SF" + id[max(0, len(id)-12):]
	if err := s.insist(ctx, func(ctx context.Context) error {
		return s.graphql(ctx, shipWork, map[string]any{"idempotencyKey": "ship-" + id, "fulfillmentOrder": id, "dispatchToken": accepted.DispatchToken,
			"carrier": "SF", "trackingNumber": number}, &struct{}{})
	}); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shipped[id] = number
	return nil
}
