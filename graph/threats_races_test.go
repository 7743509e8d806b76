package graph_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/internal/cache"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
	"github.com/oneshelf/oneshelf/server"
)

// tally calls a mutation at once from two processes with each input, and counts what was said; "" is success.
func (x *calls) tally(t *testing.T, again *apitest.API, n int, mutation string, input func(i int) apitest.Vars) map[string]int {
	t.Helper()
	out, mu := map[string]int{}, sync.Mutex{}
	testkit.AtOnce(40, n, func(i int) {
		said, _ := call(t, &apitest.Client{API: []*apitest.API{x.a, again}[i%2], Token: x.c.Token}, mutation, input(i))
		mu.Lock()
		defer mu.Unlock()
		out[strings.Join(said, ";")]++
	})
	return out
}

// stocked is a new variant with so many in the warehouse; it costs 10.
func (x *calls) stocked(n int) string {
	sku := x.key()
	x.ok("productUpsert", "product { id }", apitest.Vars{"handle": sku, "title": "Stocked", "variants": []any{apitest.Vars{"sku": sku, "price": x.money("10")}}})
	x.ok("stockSet", "replayed", apitest.Vars{"variant": code("sku", sku), "location": code("code", "WH"), "onHand": n, "reason": "count"})
	return sku
}

// buys asks for n of a variant.
func buys(sku string, i int, n ...int) apitest.Vars {
	in := buying(fmt.Sprint("buy ", sku, " ", i), sku, n[0])
	for _, more := range n[1:] {
		in["lines"] = append(in["lines"].([]any), apitest.Vars{"variant": code("sku", sku), "quantity": more})
	}
	return in
}

// balanced checks that every level is the sum of its movements and its promises.
func balanced(t *testing.T, k *testkit.Kit) {
	t.Helper()
	found, err := stock.Audit(context.Background(), k.Store.DB, 10)
	require.NoError(t, err)
	require.Positive(t, found.Levels)
	require.Empty(t, found.Differences)
}

// Whoever buys at once, of whatever process, exactly what is there is sold; lines of one order share what is there. There are no bundles:
// nothing is sold of which others are parts.
func TestCC01BuyersOfTheLastUnits(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		x := newCalls(t, k)
		again := x.a.Again(t)
		one, many := x.stocked(1), x.stocked(100)
		short := "INSUFFICIENT_STOCK lines.0.quantity"
		require.Equal(t, map[string]int{"": 1, short: 999}, x.tally(t, again, 1000, "orderPlace", func(i int) apitest.Vars { return buys(one, i, 1) }))
		require.Equal(t, map[string]int{"": 100, short: 900}, x.tally(t, again, 1000, "orderPlace", func(i int) apitest.Vars { return buys(many, i, 1) }))
		lines := x.stocked(10)
		said, r := call(t, x.c, "orderPlace", buys(lines, 0, 6, 5))
		require.Len(t, said, 1, "%s", r.Body)
		require.True(t, strings.HasPrefix(said[0], "INSUFFICIENT_STOCK lines."), said[0])
		told := x.tally(t, again, 20, "orderPlace", func(i int) apitest.Vars { return buys(lines, i+1, 2, 1) })
		require.Equal(t, 3, told[""], "%v", told)
		require.Equal(t, 1+100+3, k.Count(t, "orders", "id IN (SELECT order_id FROM order_lines WHERE sku IN (?, ?, ?))", one, many, lines))
		balanced(t, k)
	})
}

// A reservation is taken, given back and left to expire, its order paid, canceled and sent, and its shelf filled, all at once: one ends
// each, and the books are right.
func TestCC02AllThatEndsAnOrderAtOnce(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		x := newCalls(t, k)
		again := x.a.Again(t)
		for range 12 {
			sku := x.stocked(3)
			member := x.ok("memberUpsert", "member { id }", apitest.Vars{"name": "Keeps"}).Text("it.member.id")
			kept := x.ok("stockReserve", "reservation { id }", apitest.Vars{"lines": []any{apitest.Vars{"variant": code("sku", sku), "quantity": 2}}, "ttlSeconds": 60, "member": code("id", member)}).Text("it.reservation.id")
			paid := x.ok("orderPlace", "order { id fulfillmentOrders { id } }", buys(sku, 0, 1))
			order := paid.Text("it.order.id")
			token := x.ok("fulfillmentAccept", "dispatchToken", apitest.Vars{"fulfillmentOrder": paid.Text("it.order.fulfillmentOrders.0.id")}).Text("it.dispatchToken")
			k.Clock.Advance(59*time.Second + time.Duration(rand.IntN(2))*time.Second)
			taking := buys(sku, 1, 2)
			taking["reservation"] = kept
			tries := []struct {
				mutation string
				input    apitest.Vars
			}{
				{"orderPlace", taking},
				{"stockRelease", apitest.Vars{"idempotencyKey": x.key(), "reservation": kept}},
				{"stockAdjust", apitest.Vars{"idempotencyKey": x.key(), "variant": code("sku", sku), "location": code("code", "WH"), "delta": 1, "reason": "restock"}},
				{"orderPaymentRecord", apitest.Vars{"idempotencyKey": x.key(), "order": code("id", order), "method": "CARD", "amount": x.money("10"), "reference": "r"}},
				{"orderCancel", apitest.Vars{"idempotencyKey": x.key(), "order": code("id", order), "reason": "r"}},
				{"orderCancel", apitest.Vars{"idempotencyKey": x.key(), "order": code("id", order), "reason": "r"}},
				{"fulfillmentShip", apitest.Vars{"idempotencyKey": x.key(), "fulfillmentOrder": paid.Text("it.order.fulfillmentOrders.0.id"), "dispatchToken": token, "carrier": "SF", "trackingNumber": "t"}},
			}
			said := make([]string, len(tries))
			expired := make(chan error, 1)
			go func() { _, err := again.Resolver.Orders.Expire(context.Background()); expired <- err }()
			testkit.AtOnce(len(tries), len(tries), func(i int) {
				all, _ := call(t, &apitest.Client{API: []*apitest.API{x.a, again}[i%2], Token: x.c.Token}, tries[i].mutation, tries[i].input)
				said[i] = strings.Join(all, ";")
			})
			require.NoError(t, <-expired)
			for i, s := range said {
				require.NotContains(t, s, "INTERNAL", tries[i].mutation)
			}
			require.Empty(t, said[2])
			r := x.c.Must(t, `query($id: ID!, $v: VariantRef!) { order(by: {id: $id}) { state fulfillments { id } } stockLevels(where: {variant: $v}) { edges { node { onHand reserved } } } }`, apitest.Vars{"id": order, "v": code("sku", sku)})
			left := said[6] == ""
			require.Equal(t, left, r.Get("order.fulfillments.0") != nil)
			require.Contains(t, map[bool][]string{true: {"CANCEL_REQUESTED", "COMPLETED"}, false: {"CANCELED"}}[left], r.Text("order.state"), "%v", said)
			onHand, reserved := 4, 0
			if left {
				onHand--
			}
			if said[0] == "" {
				reserved = 2
			}
			reservation, err := commerce.ParseAnyID(kept)
			require.NoError(t, err)
			require.Zero(t, k.Count(t, "reservations", "id = ? AND state = 'ACTIVE'", reservation.UUID))
			require.Equal(t, said[0] == "", k.Count(t, "reservations", "id = ? AND state = 'CONSUMED'", reservation.UUID) == 1)
			require.Equal(t, []int{onHand, reserved}, []int{r.Int("stockLevels.edges.0.node.onHand"), r.Int("stockLevels.edges.0.node.reserved")}, "%v", said)
		}
		balanced(t, k)
	})
}

// While returns bring what is broken, others scrap it: each unit is scrapped once, and never more than there are.
func TestDamagedUnitsAreScrappedOnceWhileReturnsCome(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		x := newCalls(t, k)
		again := x.a.Again(t)
		const returns = 3 // of three hats each
		tries := []func(*apitest.Client) []string{}
		for range returns {
			_, id := x.announced()
			in := apitest.Vars{"idempotencyKey": x.key(), "return": id, "location": code("code", "ST"), "lines": []any{apitest.Vars{"sku": "HAT", "quantity": 3, "disposition": "DAMAGED"}}}
			tries = append(tries, func(c *apitest.Client) []string { said, _ := call(t, c, "returnReceive", in); return said })
		}
		for range 12 {
			in := apitest.Vars{"idempotencyKey": x.key(), "variant": code("sku", "HAT"), "location": code("code", "ST"), "delta": 0, "damagedDelta": -1, "reason": "scrapped"}
			tries = append(tries, func(c *apitest.Client) []string { said, _ := call(t, c, "stockAdjust", in); return said })
		}
		damaged := func() int {
			r := x.c.Must(t, `query($v: VariantRef!, $l: LocationRef!) { stockLevels(where: {variant: $v, location: $l}) { edges { node { damaged } } } }`, apitest.Vars{"v": code("sku", "HAT"), "l": code("code", "ST")})
			return r.Int("stockLevels.edges.0.node.damaged")
		}
		before := damaged()
		said := make([][]string, len(tries))
		testkit.AtOnce(len(tries), len(tries), func(i int) {
			said[i] = tries[i](&apitest.Client{API: []*apitest.API{x.a, again}[i%2], Token: x.c.Token})
		})
		scrapped := 0
		for i, s := range said {
			switch {
			case len(s) == 0 && i >= returns:
				scrapped++
			case len(s) > 0:
				require.GreaterOrEqual(t, i, returns, "%v", s)
				require.Contains(t, []string{"INSUFFICIENT_STOCK damagedDelta", "CONFLICT"}, s[0])
			}
		}
		require.Equal(t, before+3*returns-scrapped, damaged())
		balanced(t, k)
	})
}

// Of those who set a level from the same figure one is told that it was right; adjusting in between is not overwritten in silence.
func TestCC04EditsOfTheSameLevel(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		x := newCalls(t, k)
		again := x.a.Again(t)
		sku := x.stocked(10)
		set := func(i, from, to int) apitest.Vars {
			return apitest.Vars{"idempotencyKey": fmt.Sprint("set ", i, from), "variant": code("sku", sku), "location": code("code", "WH"), "onHand": to, "expectedOnHand": from, "reason": "r"}
		}
		require.Equal(t, map[string]int{"": 1, "STOCK_CONFLICT expectedOnHand": 39}, x.tally(t, again, 40, "stockSet", func(i int) apitest.Vars { return set(i, 10, 100+i) }))
		level := func() int {
			return x.c.Must(t, `query($v: VariantRef!) { stockLevels(where: {variant: $v}) { edges { node { onHand } } } }`, apitest.Vars{"v": code("sku", sku)}).Int("stockLevels.edges.0.node.onHand")
		}
		for range 10 {
			from := level()
			var adjusted, counted []string
			testkit.AtOnce(2, 2, func(i int) {
				if i == 0 {
					adjusted, _ = call(t, x.c, "stockAdjust", apitest.Vars{"idempotencyKey": fmt.Sprint("adjust ", from), "variant": code("sku", sku), "location": code("code", "WH"), "delta": 7, "reason": "r"})
				} else {
					counted, _ = call(t, &apitest.Client{API: again, Token: x.c.Token}, "stockSet", set(0, from, 1000+from))
				}
			})
			require.Empty(t, adjusted)
			if len(counted) == 0 {
				require.Equal(t, 1000+from+7, level())
			} else {
				require.Equal(t, []string{"STOCK_CONFLICT expectedOnHand"}, counted)
				require.Equal(t, from+7, level())
			}
		}
		balanced(t, k)
	})
}

// spoils makes a Redis misbehave.
type spoils struct {
	do func(ctx context.Context, next func() error) error
}

func (s spoils) DialHook(next redis.DialHook) redis.DialHook { return next }
func (s spoils) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := s.do(ctx, func() error { return next(ctx, cmd) })
		if err != nil {
			cmd.SetErr(err)
		}
		return err
	}
}
func (s spoils) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// Whatever Redis does, the database alone decides what is sold and who sees what.
func TestCC05RedisIsNeverTheTruth(t *testing.T) {
	address := os.Getenv("ONESHELF_TEST_REDIS_URL")
	require.NotEmpty(t, address, "start the tests with scripts/testenv")
	parsed, err := redis.ParseURL(address)
	require.NoError(t, err)
	for name, misbehave := range map[string]func(c *redis.Client, between *func()){
		"gone": func(c *redis.Client, _ *func()) {
			c.AddHook(spoils{func(context.Context, func() error) error { return errors.New("connection refused") }})
		},
		"slow": func(c *redis.Client, _ *func()) {
			c.AddHook(spoils{func(ctx context.Context, next func() error) error {
				timer := time.NewTimer(200 * time.Millisecond)
				defer timer.Stop()
				select {
				case <-timer.C:
					return next()
				case <-ctx.Done():
					return ctx.Err()
				}
			}})
		},
		"wiped": func(c *redis.Client, between *func()) {
			*between = func() { require.NoError(t, c.FlushDB(context.Background()).Err()) }
		},
		"old": func(c *redis.Client, between *func()) {
			var was map[string]string
			*between = func() { // what it knew at first is what it knows again
				ctx := context.Background()
				keys, err := c.Keys(ctx, "*").Result()
				require.NoError(t, err)
				if was == nil {
					was = map[string]string{}
					for _, key := range keys {
						was[key], err = c.Get(ctx, key).Result()
						require.NoError(t, err)
					}
					require.NotEmpty(t, was)
				}
				require.NoError(t, c.FlushDB(ctx).Err())
				for key, value := range was {
					require.NoError(t, c.Set(ctx, key, value, 0).Err())
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
				o := *parsed // a database of Redis for each
				o.DB = 1 + map[string]int{"gone": 0, "slow": 2, "wiped": 4, "old": 6}[name] + map[bool]int{true: 1}[k.Store.DB.Engine == db.SQLite]
				client := redis.NewClient(&o)
				t.Cleanup(func() { client.Close() })
				require.NoError(t, client.FlushDB(context.Background()).Err())
				between := func() {}
				misbehave(client, &between)
				// Each process has a cache of its own before Redis.
				cached := func(o *server.Options) { o.Cache = cache.New(client) }
				a := apitest.New(t, k, unlimited, cached)
				owner := a.Client(t)
				world := apitest.NewWorld(t, owner, "Alpha")
				again := a.Again(t)
				store := a.With(t, auth.Claims{Locations: []string{"ST"}, Scopes: auth.Scopes()})
				seen := func() []string {
					var out []string
					for _, api := range []*apitest.API{a, again} {
						r := (&apitest.Client{API: api, Token: store.Token}).Must(t, `{ locations { edges { node { id } } } }`, nil)
						out = append(out, r.Text("locations.edges.0.node.id"))
					}
					return out
				}
				require.Equal(t, []string{world.IDs["ST"], world.IDs["ST"]}, seen())
				between()
				// The code goes to another place: the token is now of that one, in every process, a second later.
				const rename = `mutation($i: ID!, $c: String!) { locationUpsert(input: {by: {id: $i}, code: $c}) { userErrors { code } } }`
				owner.Must(t, rename, apitest.Vars{"i": world.IDs["ST"], "c": "OLD"})
				owner.Must(t, rename, apitest.Vars{"i": world.IDs["WH"], "c": "ST"})
				between()
				k.Clock.Advance(2 * time.Second)
				require.Equal(t, []string{world.IDs["WH"], world.IDs["WH"]}, seen())
				between()
				won := make([]bool, 12)
				testkit.AtOnce(12, 12, func(i int) { // five hats lie there
					in := buying(fmt.Sprint(i), "HAT", 1)
					said, _ := call(t, &apitest.Client{API: []*apitest.API{a, again}[i%2], Token: store.Token}, "orderPlace", in)
					won[i] = len(said) == 0
				})
				n := 0
				for _, w := range won {
					if w {
						n++
					}
				}
				require.Equal(t, 5, n)
				balanced(t, k)
			})
		})
	}
}

// What the database gives up for others' sake is done again inside, a bounded number of times: no caller sees it.
func TestCC06FaultsOfTheMomentAreRetriedInside(t *testing.T) {
	t.Run("serialization failures and deadlocks", func(t *testing.T) {
		t.Parallel()
		k := testkit.Postgres(t)
		x := newCalls(t, k)
		do := func(statements ...string) {
			for _, s := range statements {
				_, err := k.Store.DB.Write().Exec(k.Ctx, s)
				require.NoError(t, err)
			}
		}
		do("CREATE SEQUENCE tried", `CREATE FUNCTION fails() RETURNS trigger AS 'BEGIN CASE nextval(''tried'') % 3 WHEN 0 THEN RETURN NEW; WHEN 1 THEN RAISE serialization_failure; ELSE RAISE deadlock_detected; END CASE; END' LANGUAGE plpgsql`)
		x.keyed(func(mutation string, fresh func() apitest.Vars) {
			in := fresh()
			do("CREATE TRIGGER fails BEFORE INSERT ON idempotency_keys FOR EACH ROW EXECUTE FUNCTION fails()")
			done := x.ask(t, x.c, mutation, in)
			do("DROP TRIGGER fails ON idempotency_keys")
			require.Empty(t, done.said, mutation)
			require.False(t, done.replayed, mutation)
		})
		var tried int
		require.NoError(t, k.Store.DB.Read().QueryRow(k.Ctx, "SELECT last_value FROM tried").Scan(&tried))
		require.Greater(t, tried, 60)
		balanced(t, k)
	})
	t.Run("a busy file", func(t *testing.T) {
		t.Parallel()
		k := testkit.SQLite(t)
		x := newCalls(t, k)
		sku := x.stocked(20)
		other := k.Again(t)
		held, ended := make(chan struct{}), make(chan error, 1)
		go func() { // another process writes for a while
			ended <- other.Store.DB.InTx(context.Background(), func(tx *db.Tx) error {
				if _, err := tx.Exec(context.Background(), "UPDATE brands SET generation = generation"); err != nil {
					return err
				}
				close(held)
				timer := time.NewTimer(700 * time.Millisecond)
				defer timer.Stop()
				<-timer.C
				return nil
			})
		}()
		<-held
		require.Equal(t, map[string]int{"": 10}, x.tally(t, x.a, 10, "orderPlace", func(i int) apitest.Vars { return buys(sku, i, 1) }))
		require.NoError(t, <-ended)
		balanced(t, k)
	})
	t.Run("a file that stays busy", func(t *testing.T) {
		t.Parallel()
		k := testkit.SQLite(t)
		x := newCalls(t, k)
		other := k.Again(t)
		_, err := k.Store.DB.Write().Exec(k.Ctx, "PRAGMA busy_timeout = 0") // SQLite waits 10 s by itself, each of the times
		require.NoError(t, err)
		x.keyed(func(mutation string, fresh func() apitest.Vars) {
			in := fresh()
			require.NoError(t, other.Store.DB.InTx(k.Ctx, func(*db.Tx) error { // another process writes
				r := x.c.Do(t, fmt.Sprintf("mutation($input: %sInput!) { it: %s(input: $input) { userErrors { code retryable } } }",
					strings.ToUpper(mutation[:1])+mutation[1:], mutation), apitest.Vars{"input": in})
				require.JSONEq(t, `{"it": {"userErrors": [{"code": "CONFLICT", "retryable": true}]}}`, string(r.Data), "%s: %s", mutation, r.Body)
				return nil
			}))
			done := x.ask(t, x.c, mutation, in)
			require.Empty(t, done.said, mutation)
			require.False(t, done.replayed, mutation)
		})
		balanced(t, k)
	})
	t.Run("crosswise", func(t *testing.T) {
		testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
			x := newCalls(t, k)
			again := x.a.Again(t)
			one, two := x.stocked(100), x.stocked(100)
			told := x.tally(t, again, 80, "orderPlace", func(i int) apitest.Vars {
				in := buys([]string{one, two}[i%2], i, 1)
				in["lines"] = append(in["lines"].([]any), apitest.Vars{"variant": code("sku", []string{two, one}[i%2]), "quantity": 1})
				return in
			})
			require.Equal(t, map[string]int{"": 80}, told)
			transfers := x.tally(t, again, 40, "stockTransferCreate", func(i int) apitest.Vars {
				lines := []any{apitest.Vars{"variant": code("sku", "HAT"), "quantity": 1}, apitest.Vars{"variant": code("sku", []string{one, two}[i%2]), "quantity": 1}}
				from, to := []string{"WH", "ST"}[i%2], []string{"ST", "WH"}[i%2]
				if i%2 == 1 {
					lines = lines[:1]
				}
				return apitest.Vars{"idempotencyKey": fmt.Sprint("t", i), "from": code("code", from), "to": code("code", to), "lines": lines}
			})
			require.Equal(t, map[string]int{"": 40}, transfers)
			balanced(t, k)
		})
	})
}
