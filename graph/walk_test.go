package graph_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/oneshelf/oneshelf/graph/generated"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
	"github.com/oneshelf/oneshelf/server"
)

// walker asks everything that the schema lets one ask, so that a field, an argument or a reference that is added is walked too.
type walker struct {
	schema *ast.Schema
	// ids and refs are what is named in arguments: ids of everything, and each form of each reference, by the input's name.
	ids  []string
	refs map[string][]apitest.Vars
	// texts stand for any other text in filters.
	texts []string
}

func newWalker(w *apitest.World) *walker {
	form := func(name string, value any) apitest.Vars { return apitest.Vars{name: value} }
	other := func(system, value string) apitest.Vars { return apitest.Vars{"system": system, "value": value} }
	out := &walker{schema: generated.NewExecutableSchema(generated.Config{}).Schema(), refs: map[string][]apitest.Vars{}}
	for _, name := range slices.Sorted(maps.Keys(w.IDs)) {
		out.ids = append(out.ids, w.IDs[name])
	}
	add := func(input string, refs ...apitest.Vars) { out.refs[input] = append(out.refs[input], refs...) }
	add("ProductRef", form("id", w.IDs["product"]), form("handle", "wear"), form("externalRef", other("erp", "P-1")))
	for _, sku := range []string{"HAT", "CAP"} {
		add("VariantRef", form("id", w.IDs[sku]), form("sku", sku), form("barcode", "69"+sku), form("externalRef", other("erp", "V-"+sku)))
	}
	for _, code := range []string{"WH", "ST"} {
		add("LocationRef", form("id", w.IDs[code]), form("code", code), form("externalRef", other("erp", "L-"+code)))
	}
	for _, code := range []string{"shop", "market"} {
		add("ChannelRef", form("id", w.IDs[code]), form("code", code))
	}
	for _, n := range []string{"1", "2", "3", "4"} {
		add("MemberRef", form("id", w.IDs["member"+n]), form("phone", "1390000000"+n), form("externalRef", other("crm", "M-"+n)), form("identity", other("wechat", "open-"+n)))
	}
	for _, n := range []string{"1", "2", "3"} {
		add("OrderRef", form("id", w.IDs["order"+n]), form("number", w.Numbers["order"+n]), form("externalRef", other("web", "WEB-ORDER-"+n)))
		out.texts = append(out.texts, w.Numbers["order"+n], "WEB-ORDER-"+n)
	}
	out.texts = append(out.texts, "HAT", "CAP", "BAG", w.Name, "1390000000")
	return out
}

// unlimited lets requests be as large as a walk makes them: what they may cost is proven elsewhere.
func unlimited(o *server.Options) {
	o.Limits = server.Limits{Depth: 50, Aliases: 1 << 20, Directives: 50, Tokens: 1 << 20, Document: 4 << 20, Body: 8 << 20, LargeBody: 8 << 20, ListEntries: 250, Mutations: 4, Cost: 1 << 20}
}

// request is one thing to ask, with its variables.
type request struct {
	name  string // of the field
	what  string // for people
	query string
	vars  apitest.Vars
}

// refInputs are the references' names; isRef tells whether an input is one.
func (w *walker) isRef(t *ast.Type) bool { return w.refs[t.Name()] != nil }

// selection asks all fields of a type, levels deep. A field that takes a channel is asked without one and with every form of each.
func (w *walker) selection(name string, levels int) string {
	def := w.schema.Types[name]
	var b strings.Builder
	b.WriteString("{ __typename ")
	possible := []*ast.Definition{def}
	if def.IsAbstractType() {
		possible = w.schema.GetPossibleTypes(def)
		sort.Slice(possible, func(i, j int) bool { return possible[i].Name < possible[j].Name })
	}
	for i, typ := range possible {
		if def.IsAbstractType() {
			fmt.Fprintf(&b, "... on %s { __typename ", typ.Name)
		}
		for _, f := range typ.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			alias := f.Name
			if def.IsAbstractType() {
				alias = fmt.Sprintf("%s%d", f.Name, i) // fields of one name may be of different types
			}
			w.field(&b, f, alias, levels)
		}
		if def.IsAbstractType() {
			b.WriteString("} ")
		}
	}
	b.WriteString("} ")
	return b.String()
}

func (w *walker) field(b *strings.Builder, f *ast.FieldDefinition, alias string, levels int) {
	typ := w.schema.Types[f.Type.Name()]
	sub := ""
	if typ.IsCompositeType() {
		below := levels - 1
		if typ.Fields.ForName("edges") != nil || strings.HasSuffix(typ.Name, "Edge") || typ.Name == "PageInfo" || typ.Name == "Money" {
			below = levels // the frame of a page is no level
		}
		if below < 0 {
			return
		}
		sub = w.selection(f.Type.Name(), below)
	}
	fmt.Fprintf(b, "%s: %s %s", alias, f.Name, sub)
	for _, a := range f.Arguments {
		if !w.isRef(a.Type) {
			continue
		}
		for i, ref := range w.refs[a.Type.Name()] {
			fmt.Fprintf(b, "%s_%d: %s(%s: %s) %s", alias, i, f.Name, a.Name, literal(ref), sub)
		}
	}
}

// literal writes a value as GraphQL has it.
func literal(v any) string {
	switch v := v.(type) {
	case apitest.Vars:
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, name+": "+literal(v[name]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	default:
		text, _ := json.Marshal(v)
		return string(text)
	}
}

// values are what is tried for an argument or a filter's field.
func (w *walker) values(t *ast.Type) []any {
	def := w.schema.Types[t.Name()]
	var out []any
	switch {
	case w.isRef(t):
		for _, ref := range w.refs[t.Name()] {
			out = append(out, ref)
		}
	case def.Kind == ast.InputObject && strings.HasSuffix(def.Name, "Where"):
		out = append(out, apitest.Vars{})
		for _, f := range def.Fields {
			if f.Type.Name() == def.Name { // and, or, not
				continue
			}
			for _, v := range w.values(f.Type) {
				out = append(out, apitest.Vars{f.Name: v})
			}
		}
	case def.Kind == ast.Enum:
		for _, v := range def.EnumValues {
			out = append(out, v.Name)
		}
	case t.Name() == "ID":
		for _, id := range w.ids {
			out = append(out, id)
		}
	case t.Name() == "String":
		for _, text := range w.texts {
			out = append(out, text)
		}
	case t.Name() == "Boolean":
		out = append(out, true, false)
	case t.Name() == "DateTime":
		out = append(out, "2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z")
	}
	if t.Elem != nil && def.Kind != ast.Enum {
		var all []any
		for _, v := range out {
			all = append(all, []any{v})
		}
		return append(all, out)
	}
	if t.Elem != nil {
		return []any{out}
	}
	return out
}

// queries asks each root field once with what it needs alone, and once for each value of each of its arguments.
func (w *walker) queries(t testing.TB) (out []request) {
	t.Helper()
	for _, f := range w.schema.Query.Fields {
		if strings.HasPrefix(f.Name, "__") {
			continue
		}
		ask := func(arg *ast.ArgumentDefinition, v any) {
			r := request{name: f.Name, what: f.Name, vars: apitest.Vars{}}
			levels := 3
			if w.schema.Types[f.Type.Name()].Fields.ForName("edges") != nil {
				levels = 4
			}
			var declared, given []string
			for _, other := range f.Arguments {
				switch {
				case arg != nil && other.Name == arg.Name:
					r.vars[other.Name] = v
					r.what += fmt.Sprintf(" %s: %s", arg.Name, literal(v))
				case other.Type.NonNull && other.DefaultValue == nil:
					r.vars[other.Name] = w.value(other.Type, 0, false, 0)
				default:
					continue
				}
				declared = append(declared, fmt.Sprintf("$%s: %s", other.Name, other.Type))
				given = append(given, fmt.Sprintf("%s: $%s", other.Name, other.Name))
			}
			head, args := "", ""
			if len(given) > 0 {
				head, args = "query("+strings.Join(declared, ", ")+") ", "("+strings.Join(given, ", ")+")"
			}
			r.query = head + "{ " + f.Name + args + " " + w.selection(f.Type.Name(), levels) + "}"
			out = append(out, r)
		}
		ask(nil, nil)
		for _, a := range f.Arguments {
			if a.Name == "after" || a.Name == "before" || a.Name == "orderBy" {
				continue // cursors and orders have tests of their own
			}
			for _, v := range w.values(a.Type) {
				if a.Name == "ids" {
					if list, ok := v.([]any); ok && len(list) == 1 {
						continue // node asks for each alone
					}
				}
				ask(a, v)
			}
		}
	}
	require.Greater(t, len(out), 150)
	return out
}

// mutations calls each mutation once for each form of reference there is: round i takes the i-th form wherever one can be named.
func (w *walker) mutations(t testing.TB) (out []request) {
	t.Helper()
	for _, f := range w.schema.Mutation.Fields {
		input := f.Arguments.ForName("input")
		require.NotNil(t, input, f.Name)
		rounds := 1
		w.count(input.Type.Name(), &rounds, map[string]bool{})
		seen := map[string]bool{}
		for i := range rounds {
			for _, full := range []bool{false, true} {
				v := w.input(input.Type.Name(), i, full, 0)
				text := literal(v)
				if seen[text] {
					continue
				}
				seen[text] = true
				if _, keyed := v["idempotencyKey"]; keyed {
					v["idempotencyKey"] = fmt.Sprintf("%s %d %t", f.Name, i, full)
				}
				out = append(out, request{
					name: f.Name, what: f.Name + " " + text, vars: apitest.Vars{"input": v},
					query: fmt.Sprintf("mutation($input: %s) { %s(input: $input) %s }", input.Type, f.Name, w.selection(f.Type.Name(), 3)),
				})
			}
		}
	}
	require.Greater(t, len(out), 50)
	return out
}

// count tells how many rounds it takes until every form of every reference in an input was named.
func (w *walker) count(name string, rounds *int, seen map[string]bool) {
	if seen[name] {
		return
	}
	seen[name] = true
	for _, f := range w.schema.Types[name].Fields {
		switch def := w.schema.Types[f.Type.Name()]; {
		case w.isRef(f.Type):
			*rounds = max(*rounds, len(w.refs[f.Type.Name()]))
		case f.Type.Name() == "ID":
			*rounds = max(*rounds, len(w.ids))
		case def.Kind == ast.InputObject:
			w.count(f.Type.Name(), rounds, seen)
		}
	}
}

// wellFormed are texts that a field takes only in a form of its own.
var wellFormed = map[string]string{"phone": "13712345678", "email": "walk@example.com", "birthday": "1980-01-01", "url": "https://walk.example/a.jpg", "kind": "STOREFRONT", "handle": "walk"}

// input builds an input whose references are of round i: what is needed alone, or everything.
func (w *walker) input(name string, i int, full bool, depth int) apitest.Vars {
	def := w.schema.Types[name]
	out := apitest.Vars{}
	for _, f := range def.Fields {
		oneOf := def.Directives.ForName("oneOf") != nil
		if !full && !f.Type.NonNull && !w.isRef(f.Type) && !oneOf || depth > 3 {
			continue
		}
		out[f.Name] = w.value(f.Type, i, full, depth)
		if v, ok := wellFormed[f.Name]; ok && f.Type.Name() == "String" && f.Type.Elem == nil {
			out[f.Name] = v
		}
		if oneOf {
			break
		}
	}
	if name == "LineQuantityInput" {
		delete(out, "line") // one of both; sku is tried by the other's tests
	}
	return out
}

func (w *walker) value(t *ast.Type, i int, full bool, depth int) any {
	if t.Elem != nil {
		return []any{w.value(t.Elem, i, full, depth)}
	}
	def := w.schema.Types[t.Name()]
	switch {
	case w.isRef(t):
		refs := w.refs[t.Name()]
		return refs[i%len(refs)]
	case t.Name() == "MoneyInput":
		return apitest.Vars{"amount": "1", "currency": "CNY"}
	case t.Name() == "ExternalRefInput":
		return apitest.Vars{"system": "walk", "value": fmt.Sprint("walk ", i)}
	case def.Kind == ast.InputObject:
		return w.input(t.Name(), i, full, depth+1)
	case def.Kind == ast.Enum:
		return def.EnumValues[0].Name
	case t.Name() == "ID":
		return w.ids[i%len(w.ids)]
	case t.Name() == "Int":
		return 1
	case t.Name() == "Float":
		return 1.5
	case t.Name() == "Boolean":
		return true
	case t.Name() == "DateTime":
		return "2020-01-01T00:00:00Z"
	}
	return fmt.Sprint("walk ", i)
}
