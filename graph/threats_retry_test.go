package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

// keyed goes through every call of every mutation that takes an idempotency key.
func (x *calls) keyed(fn func(mutation string, fresh func() apitest.Vars)) {
	x.each(func(mutation string, fresh func() apitest.Vars) {
		if x.w.schema.Types[strings.ToUpper(mutation[:1])+mutation[1:]+"Input"].Fields.ForName("idempotencyKey") != nil {
			fn(mutation, fresh)
		}
	})
}

// answer is all that a mutation answers, but whether it is told again.
type answer struct {
	said     []string
	payload  map[string]any
	replayed bool
}

func (x *calls) ask(t *testing.T, c *apitest.Client, mutation string, input apitest.Vars) answer {
	t.Helper()
	f := x.w.schema.Mutation.Fields.ForName(mutation)
	r := c.Do(t, fmt.Sprintf("mutation($input: %s) { it: %s(input: $input) %s }", f.Arguments[0].Type, mutation, x.w.selection(f.Type.Name(), 1)), apitest.Vars{"input": input})
	require.Empty(t, r.Errors, "%s: %s", mutation, r.Body)
	out := answer{said: []string{}}
	out.payload, _ = r.Get("it").(map[string]any)
	require.NotNil(t, out.payload, "%s: %s", mutation, r.Body)
	out.replayed, _ = out.payload["replayed"].(bool)
	for _, e := range out.payload["userErrors"].([]any) {
		var u struct {
			Code string   `json:"code0"`
			Path []string `json:"path0"`
		}
		all := map[string]any{}
		for name, v := range e.(map[string]any) { // fields of an interface are asked once for each type
			all[strings.TrimRight(name, "0123456789")+"0"] = v
		}
		text, err := json.Marshal(all)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &u))
		out.said = append(out.said, strings.TrimSpace(u.Code+" "+strings.Join(u.Path, ".")))
	}
	delete(out.payload, "replayed")
	return out
}

// The same key and body answer the same; another body under the key is refused and does nothing; at once, and asked of a server that was
// started again, it is the same answer too.
func TestID01TheSameCallAgain(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		x := newCalls(t, k)
		again := x.a.Again(t)
		x.keyed(func(mutation string, fresh func() apitest.Vars) {
			in, other := fresh(), fresh()
			first := x.ask(t, x.c, mutation, in)
			require.Empty(t, first.said, mutation)
			require.False(t, first.replayed, mutation)
			after := x.a.Rows(t, k.Brand.ID)
			for _, c := range []*apitest.Client{x.c, {API: again, Token: x.c.Token}} { // ID-02: also of another process
				same := x.ask(t, c, mutation, in)
				require.True(t, same.replayed, mutation)
				require.Equal(t, first.payload, same.payload, mutation)
			}
			own := other["idempotencyKey"]
			other["idempotencyKey"] = in["idempotencyKey"]
			if mutation == "stockSync" {
				other["source"] = "pos" // all else is the same
			}
			require.Equal(t, []string{"IDEMPOTENCY_MISMATCH idempotencyKey"}, x.ask(t, x.c, mutation, other).said, mutation)
			require.Equal(t, after, x.a.Rows(t, k.Brand.ID), "%s did something again", mutation)

			other["idempotencyKey"] = own // ID-04: in flight, eight times at once, of two processes
			answers := make([]answer, 8)
			var all sync.WaitGroup
			for i := range answers {
				c := &apitest.Client{API: []*apitest.API{x.a, again}[i%2], Token: x.c.Token}
				all.Go(func() { answers[i] = x.ask(t, c, mutation, other) })
			}
			all.Wait()
			did := 0
			for _, a := range answers {
				require.Empty(t, a.said, mutation)
				require.Equal(t, answers[0].payload, a.payload, mutation)
				if !a.replayed {
					did++
				}
			}
			require.Equal(t, 1, did, mutation)
		})
	})
}

// spoilt is an input that is refused: what it names first is not there, or it names nothing.
func (x *calls) spoilt(mutation string, in apitest.Vars) apitest.Vars {
	out := maps.Clone(in)
	for _, f := range x.w.schema.Types[strings.ToUpper(mutation[:1])+mutation[1:]+"Input"].Fields {
		switch {
		case f.Type.Name() == "ID":
			out[f.Name] = "x"
			return out
		case x.w.isRef(f.Type):
			out[f.Name] = code("id", "x")
			return out
		case f.Type.Elem != nil && f.Type.NonNull:
			out[f.Name] = []any{}
			return out
		}
	}
	require.Failf(x.t, "nothing to spoil", "in %s", mutation)
	return nil
}

// A key belongs to brand, caller and mutation, is kept for a day, and is not burnt by a call that was refused.
func TestID02WhatAKeyBinds(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		x := newCalls(t, k)
		answers, inputs := map[string]answer{}, map[string]apitest.Vars{}
		somebody := x.a.With(t, auth.Claims{Subject: "somebody else", Scopes: auth.Scopes()})
		x.keyed(func(mutation string, fresh func() apitest.Vars) {
			if _, done := inputs[mutation]; done {
				return
			}
			in, theirs := fresh(), fresh()
			in["idempotencyKey"], theirs["idempotencyKey"] = "one for all", "one for all"
			bad := x.spoilt(mutation, in)
			before := x.a.Rows(t, k.Brand.ID)
			said := x.ask(t, x.c, mutation, bad).said
			require.Len(t, said, 1, mutation)
			require.NotContains(t, said[0], "IDEMPOTENCY", mutation)
			require.Equal(t, before, x.a.Rows(t, k.Brand.ID), mutation)
			done := x.ask(t, x.c, mutation, in)
			require.Empty(t, done.said, "%s: the key was burnt", mutation)
			require.False(t, done.replayed, mutation)
			require.NotEmpty(t, x.ask(t, x.c, mutation, bad).said, mutation)
			if mutation != "stockSet" && mutation != "orderPlace" { // theirs believes what was true before, or takes what is kept for the first caller
				other := x.ask(t, somebody, mutation, theirs)
				require.Empty(t, other.said, mutation)
				require.False(t, other.replayed, "%s: a key belongs to its caller", mutation)
			}
			answers[mutation], inputs[mutation] = done, in
		})
		k.Clock.Advance(24*time.Hour - time.Second)
		again := x.a.Again(t)
		for mutation, in := range inputs {
			same := x.ask(t, &apitest.Client{API: again, Token: x.c.Token}, mutation, in)
			require.Empty(t, same.said, mutation)
			require.True(t, same.replayed, mutation)
			require.Equal(t, ids(answers[mutation].payload), ids(same.payload), mutation)
		}
		require.Equal(t, []string{"NOT_FOUND location"}, x.ask(t, x.a.Other(t), "stockAdjust", inputs["stockAdjust"]).said[1:], "a key belongs to its brand")
		for _, key := range []string{"", strings.Repeat("k", 129), strings.Repeat("单", 129), "a\nb", "\u007f", "\u0085", "\u200b", "\u2028", "\ufeff", "a\u202eb", "\ue000", "\ufffd"} {
			require.Equal(t, []string{"INVALID_INPUT idempotencyKey"}, x.ask(t, x.c, "orderPlace", with(t, inputs["orderPlace"], "idempotencyKey", key)).said, "%q", key)
		}
	})
}

// ids are the ids and tokens in an answer, by where they stand.
func ids(v any) map[string]string {
	out := map[string]string{}
	each(v, "", func(path, s string) string {
		if strings.HasSuffix(path, ".id") || strings.HasSuffix(path, "dispatchToken") {
			out[path] = s
		}
		return s
	})
	return out
}

// breaking makes every INSERT into a table fail, until mended is called.
func breaking(t *testing.T, k *testkit.Kit, table string) (mended func()) {
	t.Helper()
	do := func(statements ...string) {
		for _, s := range statements {
			_, err := k.Store.DB.Write().Exec(k.Ctx, s)
			require.NoError(t, err)
		}
	}
	if k.Store.DB.Engine == db.SQLite {
		do("CREATE TRIGGER broken BEFORE INSERT ON " + table + " BEGIN SELECT RAISE(ABORT, 'the disk is on fire'); END")
		return func() { do("DROP TRIGGER broken") }
	}
	do("CREATE FUNCTION broken() RETURNS trigger AS 'BEGIN RAISE ''the disk is on fire''; END' LANGUAGE plpgsql", "CREATE TRIGGER broken BEFORE INSERT ON "+table+" FOR EACH ROW EXECUTE FUNCTION broken()")
	return func() { do("DROP TRIGGER broken ON "+table, "DROP FUNCTION broken") }
}

// Effect, key and outbox row commit together: whichever cannot be written, nothing was done, and the same call may be sent again.
func TestID03EffectAndKeyAreOne(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		x := newCalls(t, k)
		silent := map[string]bool{"stockReserve": false, "stockSync": false}
		x.keyed(func(mutation string, fresh func() apitest.Vars) {
			in := fresh()
			before := x.a.Rows(t, k.Brand.ID)
			for _, table := range []string{"idempotency_keys", "events"} {
				mended := breaking(t, k, table)
				said, r := call(t, x.c, mutation, in)
				mended()
				if table == "events" && len(said) == 0 { // it says nothing to others
					silent[mutation] = true
					return
				}
				require.Equal(t, []string{"INTERNAL it"}, said, "%s without %s: %s", mutation, table, r.Body)
				require.NotContains(t, string(r.Body), "fire")
				require.Equal(t, before, x.a.Rows(t, k.Brand.ID), "%s without %s", mutation, table)
			}
			done := x.ask(t, x.c, mutation, in)
			require.Empty(t, done.said, mutation)
			require.False(t, done.replayed, mutation)
		})
		for _, mutation := range []string{"orderPlace", "stockAdjust", "stockSet", "orderCancel", "orderPaymentRecord", "fulfillmentShip", "pickupVerify", "refundCreate", "returnReceive"} {
			require.False(t, silent[mutation], "%s says what it did", mutation)
		}
	})
}

// Whoever hangs up and asks again, while the first call runs or after it died, finds one effect.
func TestID04RetriesWhileTheFirstRuns(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		x := newCalls(t, k)
		again := x.a.Again(t)
		for _, mutation := range []string{"orderPlace", "stockAdjust", "fulfillmentShip", "refundCreate", "stockTransferReceive"} {
			for range 5 {
				in := x.fresh[mutation][0]()
				body, err := json.Marshal(map[string]any{"variables": apitest.Vars{"input": in},
					"query": "mutation($input: " + strings.ToUpper(mutation[:1]) + mutation[1:] + "Input!) { it: " + mutation + "(input: $input) { replayed userErrors { code } } }"})
				require.NoError(t, err)
				counted := k.Count(t, "stock_movements", "") + k.Count(t, "refunds", "") + k.Count(t, "orders", "")
				var all sync.WaitGroup
				for i := range 8 {
					url := []string{x.a.URL, again.URL}[i%2]
					all.Go(func() {
						ctx, stop := context.WithTimeout(context.Background(), rand.N(12*time.Millisecond))
						defer stop()
						r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/graphql", strings.NewReader(string(body)))
						if err != nil {
							t.Error(err)
							return
						}
						r.Header.Set("Content-Type", "application/json")
						r.Header.Set("Authorization", "Bearer "+x.c.Token)
						if answer, err := http.DefaultClient.Do(r); err == nil {
							answer.Body.Close()
						}
					})
				}
				all.Wait()
				require.Empty(t, x.ask(t, x.c, mutation, in).said, mutation)
				did := k.Count(t, "stock_movements", "") + k.Count(t, "refunds", "") + k.Count(t, "orders", "") - counted
				require.Empty(t, x.ask(t, &apitest.Client{API: again, Token: x.c.Token}, mutation, in).said, mutation)
				require.Equal(t, did, k.Count(t, "stock_movements", "")+k.Count(t, "refunds", "")+k.Count(t, "orders", "")-counted, mutation)
				want := map[string]int{"orderPlace": 3, "stockAdjust": 1, "fulfillmentShip": 1, "refundCreate": 1, "stockTransferReceive": 1}[mutation]
				require.Equal(t, want, did, "%s has one effect", mutation)
				require.Equal(t, 1, k.Count(t, "idempotency_keys", "key = ?", in["idempotencyKey"]))
			}
		}
	})
}
