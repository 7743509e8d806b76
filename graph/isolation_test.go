package graph_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

// suffix is what an id is but for its prefix.
func suffix(id string) string { return id[strings.IndexByte(id, '_')+1:] }

// canaries are what must never be seen: the ids and the texts of a world.
func canaries(w *apitest.World) []string {
	out := []string{w.Name}
	for _, id := range w.IDs {
		out = append(out, suffix(id))
	}
	for _, number := range w.Numbers {
		out = append(out, number)
	}
	return out
}

// unseen checks that an answer holds none of the canaries, and tells nothing by a fault either.
func unseen(t *testing.T, r apitest.Response, canaries []string, what string) {
	t.Helper()
	body := string(r.Body)
	for _, c := range canaries {
		if strings.Contains(body, c) {
			at := strings.Index(body, c)
			require.Failf(t, "something foreign is seen", "%s: %s …%s…", what, c, body[max(0, at-300):min(len(body), at+100)])
		}
	}
	for _, e := range r.Errors {
		require.NotEqual(t, "INTERNAL", e.Extensions.Code, "%s: %s", what, body)
		require.NotEmpty(t, e.Path, "%s was not even run: %s", what, body)
	}
}

// TN-01, TN-03, TN-05: whatever is asked by whatever of another brand answers nothing of it.
func TestNothingOfAnotherBrandIsSeenByAnyQuery(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := apitest.New(t, k, unlimited)
		alpha := apitest.NewWorld(t, a.Client(t), "Alpha")
		stranger := a.Other(t)
		beta := apitest.NewWorld(t, stranger, "Beta")
		foreign := canaries(alpha)
		own := map[string]bool{}
		for _, q := range append(newWalker(alpha).queries(t), newWalker(beta).queries(t)...) {
			r := stranger.Do(t, q.query, q.vars)
			unseen(t, r, foreign, q.what)
			for name, id := range beta.IDs {
				own[name] = own[name] || strings.Contains(string(r.Body), suffix(id))
			}
		}
		for name := range beta.IDs {
			require.True(t, own[name], "the walk never came by %s: it proves nothing about it", name)
		}
	})
}

// TN-01: a foreign id answers exactly like one that was made up, byte for byte.
func TestAForeignIDAnswersLikeAMadeUpOne(t *testing.T) {
	k := testkit.SQLite(t)
	a := apitest.New(t, k, unlimited)
	w := newWalker(apitest.NewWorld(t, a.Client(t), "Alpha"))
	made := *w
	madeUp := func(id string) string { // another one each, that nothing has
		last := "a"
		if strings.HasSuffix(id, last) {
			last = "b"
		}
		return id[:len(id)-1] + last
	}
	made.ids = nil
	for _, id := range w.ids {
		made.ids = append(made.ids, madeUp(id))
	}
	made.refs = map[string][]apitest.Vars{}
	for input, refs := range w.refs {
		for _, ref := range refs {
			ref = maps.Clone(ref)
			if id, ok := ref["id"].(string); ok {
				ref["id"] = madeUp(id)
			}
			made.refs[input] = append(made.refs[input], ref)
		}
	}
	// Two new brands take the same steps, one with what is foreign and one with what is made up: they see the same.
	here, there := k.NewBrand(t, "here", "New", "CNY"), k.NewBrand(t, "there", "New", "CNY")
	asked := a.With(t, auth.Claims{Brand: here.Code, Scopes: auth.Scopes()})
	plain := a.With(t, auth.Claims{Brand: there.Code, Scopes: auth.Scopes()})
	steps, same := append(w.mutations(t), w.queries(t)...), append(made.mutations(t), made.queries(t)...)
	require.Equal(t, len(same), len(steps))
	for i := range steps {
		if steps[i].name == "events" {
			continue // it is numbered in the background, and nothing in its arguments names a thing
		}
		require.Equal(t, bare(plain.Do(t, same[i].query, same[i].vars)), bare(asked.Do(t, steps[i].query, steps[i].vars)), steps[i].what)
	}
}

var ofChanceAlone = regexp.MustCompile(`"requestId":"[0-9a-f]+"|"(startCursor|endCursor|cursor)":"[^"]*"|[a-z]+_[0-9a-hjkmnp-tv-z]{26}|"code":"t?here"|"expiresAt":"[^"]*"`)

// bare is an answer without what is never twice the same.
func bare(r apitest.Response) string { return ofChanceAlone.ReplaceAllString(string(r.Body), "") }

// TN-02: no mutation changes a row of another brand, whichever of its references it names.
func TestNothingOfAnotherBrandIsChangedByAnyMutation(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := apitest.New(t, k, unlimited)
		alpha := apitest.NewWorld(t, a.Client(t), "Alpha")
		stranger := a.Other(t)
		apitest.NewWorld(t, stranger, "Beta")
		before, foreign := a.Rows(t, k.Brand.ID), canaries(alpha)
		did := map[string]bool{}
		for _, m := range newWalker(alpha).mutations(t) {
			r := stranger.Do(t, m.query, m.vars)
			unseen(t, r, foreign, m.what)
			did[m.name] = did[m.name] || strings.Contains(string(r.Body), `"userErrors":[]`)
		}
		require.Equal(t, before, a.Rows(t, k.Brand.ID))
		for _, name := range []string{"productUpsert", "priceSet", "locationUpsert", "stockAdjust", "stockSet", "memberUpsert", "orderPlace", "listingPublish", "channelSync"} {
			require.True(t, did[name], "%s never did anything: it proves nothing", name)
		}
	})
}

// TN-04
func TestStreamsCarryTheEventsOfTheirBrandAlone(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := apitest.New(t, k, unlimited)
		mine, stranger := a.Client(t), a.Other(t)
		w := newWalker(apitest.NewWorld(t, mine, "Alpha"))
		start := settled(t, stranger)
		type following struct {
			name   string
			socket *apitest.Socket
		}
		var all []following
		for _, f := range w.schema.Subscription.Fields {
			asked := []string{"after: $after"}
			for _, arg := range f.Arguments {
				if w.isRef(arg.Type) { // named by what is foreign: the stream stays silent
					asked = append(asked, fmt.Sprintf("after: $after, %s: [%s]", arg.Name, literal(w.refs[arg.Type.Name()][0])))
				}
			}
			for _, args := range asked {
				s := stranger.Socket(t)
				s.Subscribe("s", fmt.Sprintf("subscription($after: String) { %s(%s) %s }", f.Name, args, w.selection(f.Type.Name(), 2)), apitest.Vars{"after": start})
				all = append(all, following{f.Name + " " + args, s})
			}
		}
		mine.Must(t, `mutation { stockAdjust(input: {idempotencyKey: "x", variant: {sku: "HAT"}, location: {code: "WH"}, delta: 1, reason: "r"}) { userErrors { code } } }`, nil)
		mine.Must(t, `mutation { memberUpsert(input: {name: "Alpha more"}) { userErrors { code } } }`, nil)
		beta := apitest.NewWorld(t, stranger, "Beta")
		for _, f := range all {
			if strings.Contains(f.name, "[") {
				f.socket.Say(apitest.Message{Type: "ping"}) // nothing has come before the answer to this
				require.Equal(t, "pong", f.socket.Hear().Type, f.name)
				continue
			}
			for range 3 {
				r := f.socket.Next("s")
				unseen(t, r, []string{"Alpha"}, f.name)
				require.NotEmpty(t, r.Data)
			}
		}
		require.NotEmpty(t, beta.IDs)
	})
}

// settled waits until the log has numbered what was done and gives the cursor of its end, for this caller.
func settled(t *testing.T, c *apitest.Client) string {
	t.Helper()
	r := c.Must(t, `mutation { productUpsert(input: {handle: "settled", title: "Settled"}) { product { id } userErrors { code } } }`, nil)
	id, cursor := r.Text("productUpsert.product.id"), ""
	require.Eventually(t, func() bool {
		var page struct {
			Events struct {
				PageInfo struct {
					HasNextPage bool
					EndCursor   *string
				}
				Edges []struct{ Node struct{ AggregateID string } }
			}
		}
		var after *string
		for {
			c.Must(t, `query($a: String) { events(first: 100, after: $a, types: [PRODUCT_CHANGED]) { pageInfo { hasNextPage endCursor } edges { node { aggregateId } } } }`, apitest.Vars{"a": after}).Into(t, &page)
			after = page.Events.PageInfo.EndCursor
			for _, e := range page.Events.Edges {
				if e.Node.AggregateID == id {
					cursor = *after
				}
			}
			if !page.Events.PageInfo.HasNextPage {
				return cursor != ""
			}
		}
	}, 20*time.Second, time.Millisecond)
	return cursor
}

// TN-04: cursors of another brand, another list, another order, and what is none, are refused alike.
func TestForeignCursorsAreRefused(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	apitest.NewWorld(t, a.Client(t), "Alpha")
	apitest.NewWorld(t, a.Other(t), "Beta")
	lists := map[string]string{ // how each list's cursors are had
		"products": "products(%s)", "products by title": "products(orderBy: [{field: TITLE}], %s)", "products by title, down": "products(orderBy: [{field: TITLE, direction: DESC}], %s)",
		"locations": "locations(%s)", "stockLevels": "stockLevels(where: {}, %s)", "stockMovements": "stockMovements(where: {}, %s)",
		"orders": "orders(%s)", "orders by number": "orders(orderBy: [{field: NUMBER}], %s)", "fulfillmentOrders": "fulfillmentOrders(%s)",
		"members": "members(%s)", "channels": "channels(%s)", "listings": "listings(%s)", "events": "events(%s)",
	}
	one := func(c *apitest.Client, list, args string) apitest.Response {
		return c.Do(t, "{ it: "+fmt.Sprintf(lists[list], args)+" { edges { cursor } pageInfo { endCursor } } }", nil)
	}
	settled(t, a.Client(t))
	settled(t, a.Other(t))
	cursors := map[string]string{}
	for list := range lists {
		cursors[list] = one(a.Client(t), list, "first: 1").Text("it.edges.0.cursor")
		require.NotEmpty(t, cursors[list], list)
		cursors["another brand's "+list] = one(a.Other(t), list, "first: 1").Text("it.edges.0.cursor")
	}
	for _, list := range slices.Sorted(maps.Keys(lists)) {
		for _, argument := range []string{"after", "before"} {
			if list == "events" && argument == "before" {
				continue
			}
			for from, cursor := range cursors {
				r := one(a.Client(t), list, fmt.Sprintf("first: 1, %s: %q", argument, cursor))
				if from == list {
					require.Empty(t, r.Errors, list)
					continue
				}
				require.Equal(t, []string{"BAD_REQUEST it"}, r.Said(), "%s takes a cursor of %s", list, from)
			}
			for _, cursor := range []string{"", "x", "0", "AAAA", strings.Repeat("A", 5000), cursors[list] + "A", cursors[list][1:], strings.ToLower(cursors[list]), "é", "%00"} {
				require.Equal(t, []string{"BAD_REQUEST it"}, one(a.Client(t), list, fmt.Sprintf("first: 1, %s: %s", argument, quoted(t, cursor))).Said(), "%s takes %q", list, cursor)
			}
		}
	}
}

func quoted(t *testing.T, s string) string {
	t.Helper()
	text, err := json.Marshal(s)
	require.NoError(t, err)
	return string(text)
}

// Caches of clients know a thing by its id: one id never stands for two.
func TestAnIDStandsForOneThing(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t), unlimited)
	c := a.Client(t)
	world := apitest.NewWorld(t, c, "Alpha")
	settled(t, c)
	types := map[string]string{} // by id
	var look func(v any)
	look = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				look(x)
			}
		case map[string]any:
			typ, _ := v["__typename"].(string)
			for key, x := range v {
				if id, ok := x.(string); ok && idField.MatchString(key) {
					if types[id] == "" {
						types[id] = typ
					}
					require.Equal(t, types[id], typ, "%s is the id of both", id)
				}
				look(x)
			}
		}
	}
	for _, q := range newWalker(world).queries(t) {
		look(values(t, c.Do(t, q.query, q.vars)))
	}
	for name, id := range world.IDs {
		require.NotEmpty(t, types[id], "the walk never came by %s", name)
	}
}

var idField = regexp.MustCompile(`^id\d*$`) // a number tells fields of several types apart

// SC-01: what can be found by its id alone is what says so, and every such thing can be found.
func TestEveryNodeCanBeFoundByItsID(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t), unlimited)
	c := a.Client(t)
	world := apitest.NewWorld(t, c, "Alpha")
	world.IDs["movement"] = c.Must(t, `{ stockMovements(where: {}, first: 1) { edges { node { id } } } }`, nil).Text("stockMovements.edges.0.node.id")
	found := map[string]bool{}
	for _, id := range world.IDs {
		r := c.Must(t, `query($id: ID!) { node(id: $id) { __typename id } }`, apitest.Vars{"id": id})
		if typ := r.Text("node.__typename"); typ != "" {
			require.Equal(t, id, r.Text("node.id"))
			found[typ] = true
		}
	}
	w := newWalker(world)
	for _, def := range w.schema.GetPossibleTypes(w.schema.Types["Node"]) {
		require.True(t, found[def.Name], "%s says that it can be found by its id alone", def.Name)
	}
}
