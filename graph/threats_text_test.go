package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

// harmful are texts that no field takes; the last two are no text at all and are written into the body as they are.
var harmful = map[string]string{
	"NUL": "a\u0000b", "control": "a\u0007b", "bidi": "a\u202eb", "zero width": "a\u200bb", "byte order mark": "a\ufeffb", "line separator": "a\u2028b", "overlong": strings.Repeat("长", 20_001),
	"lone surrogate": `a\ud800b`, "not UTF-8": "a\xffb",
}

// post calls a mutation with a text at a path, written into the body as it is when it is no text.
func (x *calls) post(t *testing.T, mutation string, in apitest.Vars, path, kind, text string) string {
	t.Helper()
	if kind != "lone surrogate" && kind != "not UTF-8" {
		said, _ := call(t, x.c, mutation, with(t, in, path, text))
		return strings.Join(said, ";")
	}
	body, err := json.Marshal(map[string]any{"variables": apitest.Vars{"input": with(t, in, path, "RAW")},
		"query": "mutation($input: " + strings.ToUpper(mutation[:1]) + mutation[1:] + "Input!) { it: " + mutation + "(input: $input) { userErrors { code path } } }"})
	require.NoError(t, err)
	r := x.c.Post(t, bytes.Replace(body, []byte("RAW"), []byte(text), 1), nil)
	said := r.Said()
	if list, _ := r.Get("it.userErrors").([]any); len(list) > 0 {
		said = append(said, fmt.Sprint(r.Get("it.userErrors.0.code")))
	}
	return strings.Join(said, ";")
}

// sealed are texts that are kept, but not to be read.
var sealed = []string{"settings", "idempotencyKey"}

// Every text of every mutation refuses what does harm and keeps what does not as it is, and both engines alike.
func TestIN01TextsOfEveryMutation(t *testing.T) {
	outcomes, mu := map[string][]string{}, sync.Mutex{}
	t.Run("on", func(t *testing.T) {
		testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
			x := newCalls(t, k)
			tried := map[string]bool{}
			x.each(func(mutation string, fresh func() apitest.Vars) {
				in := fresh()
				before := x.a.Rows(t, k.Brand.ID)
				var paths []string
				for _, f := range x.leaves(mutation, "String") {
					if has(in, f.path) && !x.inRef(mutation, f.path) {
						paths, tried[mutation+" "+f.path] = append(paths, f.path), true
					}
				}
				for _, path := range paths {
					for kind, text := range harmful {
						if path == "description" && (kind == "zero width" || kind == "byte order mark") { // what guides the lines of markup is cleaned away: see IN-04
							continue
						}
						said := x.post(t, mutation, in, path, kind, text)
						require.NotEmpty(t, said, "%s takes %s in %s", mutation, kind, path)
						require.NotContains(t, said, "INTERNAL", "%s %s in %s", mutation, kind, path)
						said = strings.NewReplacer("LOCKED location", "NOT_FOUND code", "LOCKED", "NOT_FOUND").Replace(said) // wrong codes lock a counter, in whichever order they come
						mu.Lock()
						outcomes[mutation+" "+path+" "+kind] = append(outcomes[mutation+" "+path+" "+kind], said)
						mu.Unlock()
					}
				}
				if mutation != "pickupVerify" { // where a wrong code counts
					require.Equal(t, before, x.a.Rows(t, k.Brand.ID), mutation)
				}
				for i, path := range paths {
					if path == "idempotencyKey" { // a key of any script makes its call: events has the test
						continue
					}
					text := fmt.Sprintf("𠮷😀 %s %d", mutation, i)
					said, _ := call(t, x.c, mutation, with(t, in, path, text))
					require.NotContains(t, strings.Join(said, ";"), "INTERNAL", "%s in %s", mutation, path)
					mu.Lock()
					outcomes[mutation+" "+path+" 4 bytes"] = append(outcomes[mutation+" "+path+" 4 bytes"], strings.Join(said, ";"))
					mu.Unlock()
					if len(said) > 0 {
						continue
					}
					in = fresh()
					if strings.Contains(path, sealed[0]) {
						continue
					}
					kept := false
					for _, rows := range x.a.Rows(t, k.Brand.ID) {
						for _, row := range rows {
							kept = kept || strings.Contains(row, text)
						}
					}
					require.True(t, kept, "%s loses %s", mutation, path)
				}
			})
			x.complete(t, "String", tried)
		})
	})
	require.Greater(t, len(outcomes), 500)
	for what, said := range outcomes {
		for _, s := range said {
			require.Equal(t, said[0], s, "%s is not the same on both engines", what)
		}
	}
}

// Codes, phones and addresses are one under case, width and normalisation; lengths are of characters, not of bytes.
func TestIN02OneNameHoweverWritten(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := apitest.New(t, k)
		c := a.Client(t)
		product := func(handle, sku string) []string {
			said, _ := call(t, c, "productUpsert", apitest.Vars{"handle": handle, "title": "T", "variants": []any{apitest.Vars{"sku": sku}}})
			return said
		}
		member := func(email string) []string {
			said, _ := call(t, c, "memberUpsert", apitest.Vars{"name": "N", "email": email})
			return said
		}
		require.Empty(t, product("one", "Café-1"))
		require.Empty(t, member("José.Straße@example.com"))
		for i, sku := range []string{"café-1", "CAFÉ-1", "Cafe\u0301-1", "ＣＡＦÉ－１", "ｃａｆé-1", "CAFE\u0301-１"} {
			said := product(fmt.Sprint("other", i), sku)
			require.Len(t, said, 1, "%q is another's", sku)
			require.Contains(t, said[0], "variants.0", "%q", sku)
			r := c.Must(t, `query($s: String!) { variant(by: {sku: $s}) { sku } }`, apitest.Vars{"s": sku})
			require.Equal(t, "Café-1", r.Text("variant.sku"), "%q", sku)
		}
		for _, email := range []string{"josé.straße@example.com", "JOSÉ.STRASSE@EXAMPLE.COM", "Jose\u0301.Straße@example.com", "Ｊosé.Straße@example.com"} {
			require.Equal(t, []string{"ALREADY_EXISTS email"}, member(email), "%q", email)
		}
		require.Empty(t, product("long", strings.Repeat("𠮷", 64)), "64 characters of 4 bytes")
		require.Equal(t, []string{"INVALID_INPUT variants.0.sku"}, product("longer", strings.Repeat("a", 65)))
		require.Equal(t, 2, k.Count(t, "variants", ""))
		require.Equal(t, 1, k.Count(t, "members", ""))
	})
}

// What was stored by a name is found by it, composed or not and whatever blanks are around it, by every kind of reference; a text that
// nothing can be called finds nothing.
func TestIN02ReferencesFindWhatTheyStored(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := apitest.New(t, k)
		c := a.Client(t)
		const written, bad = " Cafe\u0301-1\u3000", "Café\u200b-1"
		ext := func(text string) apitest.Vars { return apitest.Vars{"system": " erp ", "value": text} }
		for mutation, in := range map[string]apitest.Vars{
			"productUpsert": {"handle": "cafe\u0301 ", "title": "T", "externalRefs": []any{ext(written)}, "variants": []any{apitest.Vars{
				"sku": written, "barcode": written, "externalRefs": []any{ext(written)}, "price": apitest.Vars{"amount": "1", "currency": "CNY"}}}},
			"locationUpsert": {"code": written, "name": "N", "externalRefs": []any{ext(written)}},
			"memberUpsert":   {"name": "N", "externalRefs": []any{ext(written)}, "identities": []any{ext(written)}},
			"channelConnect": {"kind": "STOREFRONT", "code": written, "name": "N", "settings": []any{}},
		} {
			said, _ := call(t, c, mutation, in)
			require.Empty(t, said, mutation)
		}
		for mutation, in := range map[string]apitest.Vars{
			"stockSet": {"idempotencyKey": "s", "variant": apitest.Vars{"externalRef": ext(written)}, "location": apitest.Vars{"externalRef": ext(written)}, "onHand": 1, "reason": "count"},
			"priceSet": {"variant": apitest.Vars{"barcode": written}, "channel": apitest.Vars{"code": written}, "amount": apitest.Vars{"amount": "2", "currency": "CNY"}},
		} {
			said, _ := call(t, c, mutation, in)
			require.Empty(t, said, mutation)
		}
		said, _ := call(t, c, "orderPlace", apitest.Vars{"idempotencyKey": "o", "channel": apitest.Vars{"code": written}, "externalRef": ext(written),
			"member": apitest.Vars{"identity": ext(written)}, "lines": []any{apitest.Vars{"variant": apitest.Vars{"externalRef": ext(written)}, "quantity": 1}},
			"delivery": apitest.Vars{"pickup": apitest.Vars{"location": apitest.Vars{"code": "nowhere"}}}})
		require.Equal(t, []string{"NOT_FOUND delivery.pickup.location"}, said)
		said, _ = call(t, c, "orderPlace", apitest.Vars{"idempotencyKey": "o", "channel": apitest.Vars{"code": written}, "externalRef": ext(written),
			"member": apitest.Vars{"externalRef": ext(written)}, "lines": []any{apitest.Vars{"variant": apitest.Vars{"sku": written}, "quantity": 1}},
			"delivery": apitest.Vars{"ship": apitest.Vars{"address": apitest.Vars{}}}})
		require.Empty(t, said)
		_, err := k.Store.DB.Write().Exec(k.Ctx, "UPDATE orders SET number = '261122-7KQ2M9X'")
		require.NoError(t, err)

		found := func(field, arg string, v any) bool {
			kind := strings.ToUpper(field[:1]) + field[1:] + "Ref"
			return c.Must(t, "query($r: "+kind+"!) { it: "+field+"(by: $r) { id } }", apitest.Vars{"r": apitest.Vars{arg: v}}).Get("it") != nil
		}
		for field, args := range map[string][]string{
			"product": {"externalRef"}, "variant": {"sku", "barcode", "externalRef"}, "location": {"code", "externalRef"}, "member": {"externalRef", "identity"},
			"channel": {"code"}, "order": {"externalRef"},
		} {
			for _, arg := range args {
				for _, text := range []string{written, "Café-1", "\tCafé-1", bad, "Cafe-1"} {
					var v any = text
					if arg == "externalRef" || arg == "identity" {
						v = ext(text)
					}
					require.Equal(t, text != bad && text != "Cafe-1", found(field, arg, v), "%s by %s %q", field, arg, text)
				}
			}
		}
		require.True(t, found("product", "handle", " cafe\u0301"))
		for number, want := range map[string]bool{"261122-7KQ2M9X": true, " 261122-7kq2m9x": true, "２６１１２２-7KQ2M9X": true, "261122-7KQ2M9": false, "261122-7KQ2M9X\u200b": false} {
			require.Equal(t, want, found("order", "number", number), "%q", number)
		}
		for query, want := range map[string]int{written: 1, "Café-1": 1, " 261122-7kq": 1, bad: 0, "Cafe-1": 0} {
			require.Equal(t, want, c.Must(t, `query($q: String!) { orders(where: {query: $q}) { totalCount } }`, apitest.Vars{"q": query}).Int("orders.totalCount"), "%q", query)
		}
	})
}

// injections are texts that mean something to databases, patterns, paths and templates.
var injections = []string{`'; DROP TABLE products; --`, `"`, `\`, `%`, `_`, `%25`, `*`, `.*`, `(a+)+$`, `[`, `$.tags[0]`, `{"$ne": null}`, `$1`, `?`, `{{.}}`, `../../etc/passwd`, "1' OR '1'='1"}

// Texts in arguments and headers are texts: they find nothing, change nothing and break nothing.
func TestIN03TextsAreNeverCode(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := apitest.New(t, k, unlimited)
		c := a.Client(t)
		w := newWalker(apitest.NewWorld(t, c, "Alpha"))
		before := a.Rows(t, k.Brand.ID)
		w.texts, w.ids = injections, injections
		w.refs = map[string][]apitest.Vars{"ProductRef": nil, "VariantRef": nil, "LocationRef": nil, "ChannelRef": nil, "MemberRef": nil, "OrderRef": nil}
		for input := range w.refs {
			for _, text := range injections {
				for _, f := range w.schema.Types[input].Fields {
					var v any = text
					if f.Type.Name() != "ID" && f.Type.Name() != "String" {
						v = apitest.Vars{"system": text, "value": text}
					}
					w.refs[input] = append(w.refs[input], apitest.Vars{f.Name: v})
				}
			}
		}
		asked := 0
		for _, f := range w.schema.Query.Fields {
			for _, arg := range f.Arguments {
				if arg.Name == "orderBy" {
					continue
				}
				for _, v := range w.values(arg.Type) {
					if !mentions(v) {
						continue
					}
					given, head := arg.Name+": $v", fmt.Sprintf("query($v: %s) ", arg.Type)
					for _, other := range f.Arguments {
						if other.Name != arg.Name && other.Type.NonNull && other.DefaultValue == nil {
							given += ", " + other.Name + ": " + literal(w.value(other.Type, 0, false, 0))
						}
					}
					r := c.Do(t, head+"{ it: "+f.Name+"("+given+") "+"{ __typename } }", apitest.Vars{"v": v})
					asked++
					for _, e := range r.Errors {
						require.Equal(t, "BAD_REQUEST", e.Extensions.Code, "%s %v: %s", f.Name, v, r.Body)
					}
				}
			}
		}
		require.Greater(t, asked, 500)
		for _, text := range []string{"%", "_", "*", ".*", "%25", `\`} { // wildcards are letters
			r := c.Must(t, `query($s: String!) { products(where: {query: $s}) { totalCount } vendor: products(where: {vendor: $s}) { totalCount } orders(where: {query: $s}) { totalCount } members(where: {query: $s}) { totalCount } }`, apitest.Vars{"s": text})
			require.JSONEq(t, `{"products":{"totalCount":0},"vendor":{"totalCount":0},"orders":{"totalCount":0},"members":{"totalCount":0}}`, string(r.Data), "%q", text)
		}
		for _, header := range []string{"Accept-Language", "Cookie", "X-Request-Id", "X-Forwarded-For", "X-Forwarded-Host", "X-Brand", "Traceparent", "If-None-Match", "User-Agent", "Referer"} {
			for _, text := range injections {
				r := c.Post(t, []byte(`{"query":"{ viewer { brand { code } } products { totalCount } }"}`), http.Header{header: {text}})
				require.Equal(t, http.StatusOK, r.Status, "%s %s", header, text)
				require.JSONEq(t, `{"viewer":{"brand":{"code":"demo"}},"products":{"totalCount":1}}`, string(r.Data), "%s %s", header, text)
			}
		}
		require.Equal(t, before, a.Rows(t, k.Brand.ID))
		require.NotContains(t, a.Log.String(), "a request failed")
	})
}

// mentions tells whether a value has one of the injections in it.
func mentions(v any) bool {
	found := false
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			for _, text := range injections {
				found = found || v == text
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		case apitest.Vars:
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(v)
	return found
}

// A description is plain text: markup is taken out or kept as the letters it is, and answers are never a page. Pictures are links to the
// web: nothing is uploaded, so that nothing of a stranger's is served inline.
func TestIN04MarkupIsNeverServed(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	c := a.Client(t)
	for i, markup := range []string{`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `<svg onload=alert(1)>`, `<a href="javascript:alert(1)">x</a>`, `<iframe srcdoc="<script>1</script>">`, `<style>*{}</style>`, `</script><script>`} {
		handle := fmt.Sprint("p", i)
		said, r := call(t, c, "productUpsert", apitest.Vars{"handle": handle, "title": "T", "description": "before " + markup + " af\u200bte\ufeffr"})
		require.Empty(t, said, "%s", r.Body)
		r = c.Must(t, `query($h: String!) { product(by: {handle: $h}) { description } }`, apitest.Vars{"h": handle})
		require.True(t, strings.HasPrefix(r.Text("product.description"), "before"), "%s", r.Body)
		require.Contains(t, r.Header.Get("Content-Type"), "json")
		require.Equal(t, "nosniff", r.Header.Get("X-Content-Type-Options"))
		require.NotRegexp(t, "[\u200b\ufeff]", r.Text("product.description"))
		for _, c := range []string{"<script", "<img", "<svg", "<iframe", "<a href"} {
			require.NotContains(t, string(r.Body), c, "as it stands in a body, no browser reads markup")
		}
	}
	for _, url := range []string{"javascript:alert(1)", "data:text/html,<script>1</script>", "data:image/svg+xml,<svg onload=alert(1)>", "vbscript:x", "file:///etc/passwd", " javascript:alert(1)", "//example.com/a.jpg", "JaVaScRiPt:alert(1)"} {
		said, r := call(t, c, "productUpsert", apitest.Vars{"handle": "pictures", "title": "T", "media": []any{apitest.Vars{"url": url}}})
		require.Equal(t, []string{"INVALID_INPUT media.0.url"}, said, "%s: %s", url, r.Body)
	}
}
