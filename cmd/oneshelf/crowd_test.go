package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// crowd is buyers, staff, warehouses and other systems at work on servers that are killed again and again. Whoever gets no answer asks
// again with the same key, and everything that was answered is written down.
type crowd struct {
	*fleet
	seed uint64
	db   *db.DB // for looking

	mu           sync.Mutex
	told         []told
	orders       []string
	reservations []string
	transfers    []string
	tokens       map[string]string // by work
	added        int               // units that were found
	refused      map[string]int
	interrupted  int // calls whose server died before it answered
	recovered    int // of them, those that had been done nevertheless
}

// told is a call that was answered.
type told struct {
	name  string
	input map[string]any
	id    string
}

// answer is what a mutation of the crowd answers: what it made, and whether that is told again.
type answer struct {
	Replayed      bool
	It            struct{ ID string }
	DispatchToken string
	UserErrors    []struct{ Code, Message string }
}

// mutations are what a crowd does: the input's type and what of the answer names what was made.
var mutations = map[string]string{
	"orderPlace": "it: order { id }", "orderPaymentRecord": "it: order { id }", "orderCancel": "it: order { id }",
	"fulfillmentAccept": "it: fulfillmentOrder { id } dispatchToken", "fulfillmentShip": "it: fulfillment { id }",
	"fulfillmentReject": "it: fulfillmentOrder { id }", "fulfillmentHold": "it: fulfillmentOrder { id }", "fulfillmentRelease": "it: fulfillmentOrder { id }",
	"pickupVerify": "it: order { id }", "returnRequest": "it: return { id }", "returnReceive": "it: return { id }", "returnReject": "it: return { id }",
	"refundCreate": "it: refund { id }", "stockAdjust": "it: movement { id }", "stockSet": "it: level { id }", "stockSync": "",
	"stockReserve": "it: reservation { id }", "stockRelease": "it: reservation { id }", "stockTransferCreate": "it: transfer { id }",
	"stockTransferReceive": "it: transfer { id }", "stockTransferCancel": "it: transfer { id }",
}

// mayRefuse are the codes of refusals among people who do not know of each other.
var mayRefuse = []commerce.Code{
	commerce.InsufficientStock, commerce.IllegalTransition, commerce.InvalidInput, commerce.DispatchRevoked, commerce.Expired, commerce.AlreadyUsed,
	commerce.StockConflict, commerce.LimitExceeded,
}

// crowdSizes is how many variants a crowd trades, and how many are at each location in the beginning.
const (
	crowdVariants = 12
	crowdUnits    = 60
)

// Whatever buyers, staff and warehouses do while servers die: what was answered is there, once, and the books are right (CR-01, CR-02, ID-03).
func TestACrowdOnServersThatAreKilled(t *testing.T) {
	eachCrowd(t, func(t *testing.T, c *crowd) { c.run(t, soak(10)) })
}

// eachCrowd runs fn with a crowd of its own on every kind of fleet, all of them at once.
func eachCrowd(t *testing.T, fn func(*testing.T, *crowd)) {
	seed := testkit.Seed(t)
	for i, c := range []struct {
		name    string
		servers int
		url     func(testing.TB) (database, redis string)
	}{
		{"SQLite", 1, func(testing.TB) (string, string) { return "", "" }},
		{"PostgreSQL", 1, func(t testing.TB) (string, string) { return newPostgres(t), "" }},
		{"PostgreSQL, three processes and Redis", 3, withRedis},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			database, redis := c.url(t)
			fn(t, newCrowd(t, newFleet(t, c.servers, database, redis), seed+uint64(i)))
		})
	}
}

func withRedis(t testing.TB) (string, string) {
	_, url, _ := newRedis(t)
	return newPostgres(t), url
}

func newCrowd(t testing.TB, f *fleet, seed uint64) *crowd {
	t.Helper()
	c := &crowd{fleet: f, seed: seed, tokens: map[string]string{}, refused: map[string]int{}}
	opened, err := db.Open(t.Context(), f.database, db.Options{MaxConns: 2})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	c.db = opened
	return c
}

// run lets the crowd work, kills, and holds what was answered against what there is.
func (c *crowd) run(t *testing.T, kills int) {
	c.open(t, crowdVariants, crowdUnits)
	ctx, calm := context.WithCancel(t.Context())
	defer calm()
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() { c.keepOn(ctx, t, rand.New(rand.NewPCG(c.seed, uint64(i)))) })
	}
	begun, chance := time.Now(), rand.New(rand.NewPCG(c.seed, 99))
	for n := range kills {
		wait(time.Duration(50+chance.IntN(700)) * time.Millisecond)
		m := c.servers[chance.IntN(len(c.servers))]
		c.end(t, m, os.Kill)
		if n%4 == 3 { // and again while it starts
			c.launch(t, m)
			wait(time.Duration(chance.IntN(300)) * time.Millisecond)
			c.end(t, m, os.Kill)
		}
		c.fleet.start(t, m)
		if t.Failed() {
			break
		}
	}
	calm()
	all.Wait()
	answered := map[string]int{}
	for _, told := range c.told {
		answered[told.name]++
	}
	t.Logf("%d kills in %v: %d calls were answered, %d lost their server, of which %d had been done; %d orders; refused %v; answered %v",
		kills, time.Since(begun).Round(time.Second), len(c.told), c.interrupted, c.recovered, len(c.orders), c.refused, answered)
	require.False(t, t.Failed())
	c.tried(t, kills, answered)
	c.judge(t)
}

// tried checks that there is something to judge: a crowd that does nothing breaks nothing. Even a slow machine does several times as
// much. In the long form everything was done, and some of it by a server that died before it could say so.
func (c *crowd) tried(t *testing.T, kills int, answered map[string]int) {
	t.Helper()
	require.GreaterOrEqual(t, len(c.orders), kills/2, "orders")
	require.GreaterOrEqual(t, len(c.told), 2*crowdVariants+kills, "answers, those that open the shop among them")
	require.GreaterOrEqual(t, len(answered), 5, "different mutations")
	require.GreaterOrEqual(t, c.interrupted, kills/10, "calls whose server died")
	if kills >= soakKills {
		require.Len(t, answered, len(mutations), "different mutations")
		require.GreaterOrEqual(t, c.recovered, kills/20, "calls that were done and not answered")
	}
}

// wait lets time pass: the moment of a kill is not anybody's to choose.
func wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}

// open makes what is traded: variants at 100.00, so many of each at a warehouse and at a store where buyers come.
func (c *crowd) open(t testing.TB, variants, units int) {
	t.Helper()
	var sizes, made []string
	for i := range variants {
		sizes = append(sizes, fmt.Sprintf("%q", fmt.Sprint(i)))
		made = append(made, fmt.Sprintf(`{ sku: "SKU-%[1]d", selectedOptions: [{ name: "Size", value: "%[1]d" }], price: { amount: "100", currency: "CNY" } }`, i))
	}
	c.query(t, `mutation { productUpsert(input: { handle: "coat", title: "Coat", options: [{ name: "Size", values: [`+strings.Join(sizes, ", ")+`] }],
			variants: [`+strings.Join(made, ", ")+`] }) { product { id } userErrors { code message } }
		a: locationUpsert(input: { code: "WH", name: "Warehouse", shipFrom: true, priority: 1 }) { userErrors { code message } }
		b: locationUpsert(input: { code: "ST", name: "Store", shipFrom: true, pickup: true }) { userErrors { code message } }
		channelConnect(input: { kind: "STOREFRONT", code: "shop", name: "Shop", settings: [] }) { userErrors { code message } } }`)
	if units == 0 {
		return
	}
	for i := range variants {
		for _, l := range []string{"WH", "ST"} {
			input := map[string]any{"variant": sku(i), "location": code(l), "delta": units, "reason": "found"}
			require.NoError(t, c.do(t.Context(), "stockAdjust", input, func(answer) { c.added += units }))
		}
	}
}

// query asks something that must go well, while nobody dies.
func (c *crowd) query(t testing.TB, text string) {
	t.Helper()
	m, _, err := c.next(t.Context())
	require.NoError(t, err)
	data := map[string]struct {
		UserErrors []struct{ Code, Message string }
	}{}
	require.NoError(t, c.send(t.Context(), m, map[string]any{"query": text}, &data))
	for name, d := range data {
		require.Empty(t, d.UserErrors, name)
	}
}

func sku(i int) map[string]any     { return map[string]any{"sku": fmt.Sprintf("SKU-%d", i)} }
func code(l string) map[string]any { return map[string]any{"code": l} }

// send asks one server. Errors that the same question would get again are errRefused.
func (c *crowd) send(ctx context.Context, m *shelf, body, data any) error {
	var a struct {
		Data   any
		Errors []struct{ Message string }
	}
	a.Data = data
	if err := call(ctx, http.MethodPost, "http://"+m.addr+"/graphql", c.token, body, &a); err != nil {
		return err
	}
	if len(a.Errors) > 0 {
		return errRefused{a.Errors[0].Message}
	}
	return nil
}

// ask makes one mutation once, of whatever server has its turn; died tells whether that was killed since.
func (c *crowd) ask(ctx context.Context, name string, input map[string]any) (a answer, died func() bool, err error) {
	m, deaths, err := c.next(ctx)
	died = func() bool { return m != nil && c.died(m, deaths) }
	if err != nil {
		return a, died, err
	}
	data := map[string]answer{}
	body := map[string]any{"variables": map[string]any{"input": input}, "query": fmt.Sprintf(
		"mutation($input: %s%sInput!) { it: %s(input: $input) { replayed %s userErrors { code message } } }", strings.ToUpper(name[:1]), name[1:], name, mutations[name])}
	err = c.send(ctx, m, body, &data)
	return data["it"], died, err
}

// do makes a mutation until it is answered, whoever dies meanwhile, and writes it down; then is what follows from it, and nothing does
// when it is refused. What was begun is ended: its answer is part of the reckoning.
func (c *crowd) do(ctx context.Context, name string, input map[string]any, then func(answer)) error {
	ctx = context.WithoutCancel(ctx)
	input["idempotencyKey"] = commerce.NewUUID().String()
	for again := false; ; again = true {
		a, died, err := c.ask(ctx, name, input)
		if err != nil {
			if _, refused := errors.AsType[errRefused](err); refused || !died() {
				return fmt.Errorf("%s: %w", name, err)
			}
			c.mu.Lock()
			c.interrupted++
			c.mu.Unlock()
			continue
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if len(a.UserErrors) > 0 {
			said := a.UserErrors[0]
			if !slices.Contains(mayRefuse, commerce.Code(said.Code)) {
				return fmt.Errorf("%s %v: %s: %s", name, input, said.Code, said.Message)
			}
			c.refused[said.Code]++
			return nil
		}
		if a.Replayed {
			c.recovered++
			if !again {
				return fmt.Errorf("%s says that it was asked before, and it was not", name)
			}
		}
		c.told = append(c.told, told{name, input, a.It.ID})
		then(a)
		return nil
	}
}

// keepOn does one thing after the other.
func (c *crowd) keepOn(ctx context.Context, t testing.TB, chance *rand.Rand) {
	for ctx.Err() == nil {
		if err := c.anything(ctx, chance); err != nil && ctx.Err() == nil {
			t.Error(err)
			return
		}
	}
}
