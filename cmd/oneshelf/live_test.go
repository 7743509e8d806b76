package main

import (
	"cmp"
	"context"
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
	"golang.org/x/sync/errgroup"

	"github.com/oneshelf/oneshelf/internal/testkit"
)

// What the story of the cut lines is made of.
const (
	liveEvents = 2000
	liveBatch  = 4 // as many mutations as one request may have
	liveCuts   = 20
	liveKills  = 3
	liveAhead  = 120 // how many events writers may be ahead of the slowest subscriber: lines are cut while there is something to tell
)

// live is writers and subscribers at work on servers that die.
type live struct {
	*fleet
	document string

	mu     sync.Mutex
	moved  *sync.Cond
	begun  int // events that were asked for
	acked  int
	levels map[string]int // how many of them each level had
	seen   []int          // how far each subscriber is
}

// Whoever is cut off reads on from what it saw last, and sees every event once and in order, whichever transport, server and engine (SU-01).
func TestSubscribersWhoAreCutOffSeeEverythingOnceAndInOrder(t *testing.T) {
	t.Parallel()
	seed := testkit.Seed(t)
	t.Run("SQLite", func(t *testing.T) {
		newLive(t, newFleet(t, 1, "", "")).run(t, seed, nil)
	})
	t.Run("PostgreSQL, two processes and Redis", func(t *testing.T) {
		asked, url, _ := newRedis(t)
		l := newLive(t, newFleet(t, 2, newPostgres(t), url))
		within(t, "both listen to Redis", 10*time.Second, func() bool {
			return asked.PubSubNumSub(t.Context(), "oneshelf:events").Val()["oneshelf:events"] == 2
		})
		l.run(t, seed+1, nil)
	})
	t.Run("PostgreSQL, two processes and a Redis that stops", func(t *testing.T) {
		_, url, stop := newRedis(t)
		newLive(t, newFleet(t, 2, newPostgres(t), url)).run(t, seed+2, stop)
	})
}

func newLive(t testing.TB, f *fleet) *live {
	t.Helper()
	text, err := os.ReadFile("../../graph/testdata/operations/events.graphql")
	require.NoError(t, err)
	l := &live{fleet: f, document: string(text), levels: map[string]int{}, seen: make([]int, 2)}
	l.moved = sync.NewCond(&l.mu)
	return l
}

// run writes, cuts, kills and judges. midway, if any, happens somewhere in the middle.
func (l *live) run(t *testing.T, seed uint64, midway func()) {
	limited, stop := context.WithTimeout(t.Context(), 50*time.Second)
	defer stop()
	all, ctx := errgroup.WithContext(limited)
	defer context.AfterFunc(ctx, l.moved.Broadcast)()
	start := l.stock(t)
	begun := time.Now()
	subscribers := []*subscriber{{name: "graphql-transport-ws"}, {name: "SSE"}}
	subscribers[0].listen, subscribers[1].listen = subscribers[0].socket, subscribers[1].events
	for i, s := range subscribers {
		s.fleet, s.document, s.start, s.chance = l.fleet, l.document, start, rand.New(rand.NewPCG(seed, uint64(i)))
		s.cuts = slices.Sorted(slices.Values(s.chance.Perm(liveEvents - 100)[:liveCuts]))
		s.told = func(n int) { l.move(func() { l.seen[i] = n }) }
		all.Go(func() error { return s.follow(ctx) })
	}
	for i := range 4 {
		all.Go(func() error { return l.write(ctx, rand.New(rand.NewPCG(seed, uint64(10+i)))) })
	}
	for _, next := range l.incidents(t, rand.New(rand.NewPCG(seed, 99)), midway) {
		if l.await(ctx, func() bool { return l.acked >= next.at }) != nil {
			break
		}
		next.happen()
	}
	if l.await(ctx, func() bool { return l.acked == liveEvents }) == nil {
		l.ask(t, `mutation { productUpsert(input: { handle: "last", title: "Last" }) { product { id } userErrors { code } } }`, nil)
	}
	require.NoError(t, all.Wait())
	t.Logf("%d events in %v", l.acked, time.Since(begun))
	told := l.pull(t, start)
	for _, s := range subscribers {
		t.Logf("%s: cut %d times, and %d times by a server that died", s.name, liveCuts, s.broken)
		l.judge(t, s.name, s.seen)
		require.Equal(t, told, s.seen, "%s was told what the pull feed tells", s.name)
	}
}

// incident is what happens when so many events were answered.
type incident struct {
	at     int
	happen func()
}

// incidents are the servers' deaths, one in each part of the story, a stop that was asked for, and what happens midway, in their order.
func (l *live) incidents(t testing.TB, chance *rand.Rand, midway func()) (out []incident) {
	const part = (liveEvents - 200) / liveKills
	again := func(server int, signal os.Signal) func() {
		return func() {
			m := l.servers[server%len(l.servers)]
			l.end(t, m, signal)
			l.fleet.start(t, m)
		}
	}
	for n := range liveKills {
		out = append(out, incident{n*part + chance.IntN(part), again(n, os.Kill)})
	}
	out = append(out, incident{chance.IntN(liveKills * part), again(chance.IntN(2), os.Interrupt)})
	if midway != nil {
		out = append(out, incident{liveEvents/4 + chance.IntN(liveEvents/2), midway})
	}
	slices.SortFunc(out, func(a, b incident) int { return cmp.Compare(a.at, b.at) })
	return out
}

// write asks for events until enough were asked for. Who gets no answer from a server that died asks the next one, with the same keys.
func (l *live) write(ctx context.Context, chance *rand.Rand) error {
	for {
		first := 0
		if err := l.await(ctx, func() bool {
			if first = l.begun; first < liveEvents && first-slices.Min(l.seen) < liveAhead {
				l.begun += liveBatch
				return true
			}
			return first >= liveEvents
		}); err != nil || first >= liveEvents {
			return err
		}
		inputs := map[string]any{}
		for i := range liveBatch {
			inputs[fmt.Sprintf("i%d", i)] = map[string]any{"idempotencyKey": fmt.Sprintf("event-%d", first+i), "delta": 1, "reason": "count",
				"variant": map[string]any{"sku": fmt.Sprintf("SKU-%d", chance.IntN(5))}, "location": map[string]any{"code": []string{"A", "B"}[chance.IntN(2)]}}
		}
		answers, err := l.adjust(ctx, inputs)
		if err != nil {
			return err
		}
		l.move(func() {
			for _, a := range answers {
				l.levels[a.Level.ID]++
				l.acked++
			}
		})
	}
}

// adjusted is an answer to stockAdjust.
type adjusted struct {
	Level      struct{ ID string }
	UserErrors []struct{ Code, Message string }
}

// adjust makes one request of several mutations, until it is answered.
func (l *live) adjust(ctx context.Context, inputs map[string]any) (map[string]adjusted, error) {
	const document = `mutation($i0: StockAdjustInput!, $i1: StockAdjustInput!, $i2: StockAdjustInput!, $i3: StockAdjustInput!) {
		a: stockAdjust(input: $i0) { ...Answer } b: stockAdjust(input: $i1) { ...Answer } c: stockAdjust(input: $i2) { ...Answer } d: stockAdjust(input: $i3) { ...Answer } }
		fragment Answer on StockAdjustPayload { level { id } userErrors { code message } }`
	for {
		m, deaths, err := l.next(ctx)
		if err != nil {
			return nil, err
		}
		answers := map[string]adjusted{}
		err = l.send(ctx, m, map[string]any{"query": document, "variables": inputs}, &answers)
		for _, a := range answers {
			if len(a.UserErrors) > 0 || a.Level.ID == "" {
				return nil, fmt.Errorf("refused: %v", answers)
			}
		}
		if err == nil && len(answers) == liveBatch {
			return answers, nil
		}
		if !l.died(m, deaths) {
			return nil, fmt.Errorf("a server that lives did not answer: %w", err)
		}
	}
}

// pull is what the pull feed tells of stock, page by page.
func (l *live) pull(t testing.TB, after string) (out []change) {
	t.Helper()
	for more := true; more; {
		var feed struct {
			Events struct {
				PageInfo struct {
					HasNextPage bool
					EndCursor   string
				}
				Edges []struct{ Node change }
			}
		}
		m, _, err := l.next(t.Context())
		require.NoError(t, err)
		require.NoError(t, l.send(t.Context(), m, map[string]any{"query": l.document, "operationName": "PullFeed",
			"variables": map[string]any{"after": after, "first": 100, "types": []string{"STOCK_CHANGED"}}}, &feed))
		for _, e := range feed.Events.Edges {
			out = append(out, e.Node)
		}
		after, more = feed.Events.PageInfo.EndCursor, feed.Events.PageInfo.HasNextPage
	}
	return out
}

// judge holds what a subscriber has seen against what was answered to writers: each changed its level by one.
func (l *live) judge(t testing.TB, name string, seen []change) {
	t.Helper()
	levels, ids := map[string]int{}, map[string]bool{}
	for i, e := range seen {
		require.False(t, ids[e.ID], "%s saw an event twice, the second time as its %d.", name, i+1)
		ids[e.ID] = true
		levels[e.AggregateID]++
		require.Equal(t, levels[e.AggregateID], e.Sequence, "%s saw the changes of a level in their order and without gaps, up to its %d. event", name, i+1)
		require.Equal(t, e.Sequence, *e.OnHand, "%s saw how many there were after each change", name)
	}
	require.Equal(t, l.levels, levels, "%s saw what was answered, neither more nor less", name)
	require.Len(t, seen, liveEvents)
}

// move changes what others wait for.
func (l *live) move(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	l.moved.Broadcast()
}

// await waits until something holds.
func (l *live) await(ctx context.Context, holds func() bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !holds() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		l.moved.Wait()
	}
	return nil
}

// stock makes what is written about, and tells where the log stands then.
func (l *live) stock(t *testing.T) string {
	t.Helper()
	var sizes, variants []string
	for i := range 5 {
		sizes = append(sizes, fmt.Sprintf("%q", fmt.Sprint(i)))
		variants = append(variants, fmt.Sprintf(`{ sku: "SKU-%[1]d", selectedOptions: [{ name: "Size", value: "%[1]d" }] }`, i))
	}
	l.ask(t, `mutation { productUpsert(input: { handle: "coat", title: "Coat", options: [{ name: "Size", values: [`+strings.Join(sizes, ", ")+`] }],
			variants: [`+strings.Join(variants, ", ")+`] }) { product { id } userErrors { code message } }
		a: locationUpsert(input: { code: "A", name: "A" }) { userErrors { code message } }
		b: locationUpsert(input: { code: "B", name: "B" }) { userErrors { code message } } }`, nil)
	var start string
	within(t, "the log tells of it", 10*time.Second, func() bool {
		var feed struct {
			Events struct{ PageInfo struct{ EndCursor string } }
		}
		l.ask(t, `{ events(first: 100) { pageInfo { endCursor } } }`, &feed)
		start = feed.Events.PageInfo.EndCursor
		return start != ""
	})
	return start
}

// ask asks a server that is up, and nobody dies meanwhile.
func (l *live) ask(t testing.TB, query string, data any) {
	t.Helper()
	m, _, err := l.next(t.Context())
	require.NoError(t, err)
	require.NoError(t, l.send(t.Context(), m, map[string]any{"query": query}, data))
}

// send asks one server. Errors that the same question would get again are errRefused.
func (l *live) send(ctx context.Context, m *shelf, body, data any) error {
	var answer struct {
		Data   any
		Errors []struct{ Message string }
	}
	answer.Data = data
	if err := call(ctx, http.MethodPost, "http://"+m.addr+"/graphql", l.token, body, &answer); err != nil {
		return err
	}
	if len(answer.Errors) > 0 {
		return errRefused{answer.Errors[0].Message}
	}
	return nil
}
