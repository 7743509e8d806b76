package server

import (
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
)

// Limits bound what one request may ask. They are counted on the document as it came, through named and inline fragments, before
// validation: a small document that doubles fragments is refused without being followed.
type Limits struct {
	Depth, Aliases, Directives, Tokens int
	Document                           int // bytes
	Body, LargeBody                    int64
	ListEntries                        int
	Mutations                          int
	Cost                               int
	Answer                             int // bytes of data in one answer or event; 0 is no bound
}

// DefaultLimits are those of the contract.
var DefaultLimits = Limits{
	Depth: 15, Aliases: 100, Directives: 50, Tokens: 5000, Document: 64 << 10, Body: 1 << 20, LargeBody: 4 << 20, ListEntries: 250, Mutations: 4, Cost: 10_000,
	Answer: 16 << 20,
}

// tally is what a selection asks in all, fragments included.
type tally struct{ depth, aliases, directives, fields int }

// saturated keeps sums from overflowing where fragments double.
const saturated = 1 << 20

func (t tally) plus(u tally) tally {
	return tally{max(t.depth, u.depth), min(t.aliases+u.aliases, saturated), min(t.directives+u.directives, saturated), min(t.fields+u.fields, saturated)}
}

// counter counts a document; each fragment once.
type counter struct {
	doc       *ast.QueryDocument
	fragments map[string]*tally // nil while it is being counted
	cyclic    bool
}

func (c *counter) set(set ast.SelectionSet) tally {
	var out tally
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			inner := c.set(s.SelectionSet)
			inner.depth++
			inner.fields = min(inner.fields+1, saturated)
			inner.directives = min(inner.directives+len(s.Directives), saturated)
			if s.Alias != "" && s.Alias != s.Name {
				inner.aliases++
			}
			out = out.plus(inner)
		case *ast.InlineFragment:
			inner := c.set(s.SelectionSet)
			inner.directives = min(inner.directives+len(s.Directives), saturated)
			out = out.plus(inner)
		case *ast.FragmentSpread:
			inner := c.fragment(s.Name)
			inner.directives = min(inner.directives+len(s.Directives), saturated)
			out = out.plus(inner)
		}
	}
	return out
}

func (c *counter) fragment(name string) tally {
	if known, ok := c.fragments[name]; ok {
		if known == nil {
			c.cyclic = true
			return tally{}
		}
		return *known
	}
	c.fragments[name] = nil
	var out tally
	if f := c.doc.Fragments.ForName(name); f != nil {
		out = c.set(f.SelectionSet)
		out.directives = min(out.directives+len(f.Directives), saturated)
	}
	c.fragments[name] = &out
	return out
}

// check answers BAD_REQUEST for a document beyond the limits.
func (l Limits) check(doc *ast.QueryDocument) *commerce.Error {
	c := counter{doc: doc, fragments: map[string]*tally{}}
	var total tally
	for _, op := range doc.Operations {
		t := c.set(op.SelectionSet)
		t.directives += len(op.Directives)
		total = total.plus(t)
		if op.Operation == ast.Mutation && rootFields(doc, op.SelectionSet, map[string]int{}) > l.Mutations {
			return commerce.Errorf(commerce.BadRequest, "at most %d mutation fields in one request", l.Mutations)
		}
	}
	for _, f := range doc.Fragments {
		c.fragment(f.Name)
	}
	switch {
	case c.cyclic:
		return commerce.Errorf(commerce.BadRequest, "fragments must not use themselves")
	case total.depth > l.Depth:
		return commerce.Errorf(commerce.BadRequest, "the request is %d levels deep, at most %d are allowed", total.depth, l.Depth)
	case total.aliases > l.Aliases:
		return commerce.Errorf(commerce.BadRequest, "the request has more than %d aliases", l.Aliases)
	case total.directives > l.Directives:
		return commerce.Errorf(commerce.BadRequest, "the request has more than %d directives", l.Directives)
	case total.fields > l.Tokens:
		return commerce.Errorf(commerce.BadRequest, "the request asks more than %d fields", l.Tokens)
	}
	return nil
}

// tidy drops fields that repeat one before them in the same selection to the letter. They mean nothing, but validation compares each
// pair of fields of one name: thousands of them would hold a core for seconds.
func tidy(doc *ast.QueryDocument) {
	for _, op := range doc.Operations {
		op.SelectionSet = withoutRepeats(op.SelectionSet)
	}
	for _, f := range doc.Fragments {
		f.SelectionSet = withoutRepeats(f.SelectionSet)
	}
}

func withoutRepeats(set ast.SelectionSet) ast.SelectionSet {
	type leaf struct{ alias, name string }
	seen := map[leaf]bool{}
	out := set[:0]
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			s.SelectionSet = withoutRepeats(s.SelectionSet)
			if len(s.SelectionSet) == 0 && len(s.Arguments) == 0 && len(s.Directives) == 0 {
				l := leaf{s.Alias, s.Name}
				if seen[l] {
					continue
				}
				seen[l] = true
			}
		case *ast.InlineFragment:
			s.SelectionSet = withoutRepeats(s.SelectionSet)
		}
		out = append(out, s)
	}
	return out
}

// rootFields counts the fields at the root; seen holds what each fragment comes to, 0 while it is being counted.
func rootFields(doc *ast.QueryDocument, set ast.SelectionSet, seen map[string]int) int {
	n := 0
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			n++
		case *ast.InlineFragment:
			n += rootFields(doc, s.SelectionSet, seen)
		case *ast.FragmentSpread:
			if _, known := seen[s.Name]; !known {
				seen[s.Name] = 0
				if f := doc.Fragments.ForName(s.Name); f != nil {
					seen[s.Name] = rootFields(doc, f.SelectionSet, seen)
				}
			}
			n += seen[s.Name]
		}
		n = min(n, saturated)
	}
	return n
}

// lists answers BAD_REQUEST when a list in the variables or in the document's values is too long. The operation is the one that is to
// run; there may be none of its name, which is refused afterwards.
func (l Limits) lists(doc *ast.QueryDocument, op *ast.OperationDefinition, variables map[string]any) *commerce.Error {
	tooLong := commerce.Errorf(commerce.BadRequest, "a list in the input has more than %d entries", l.ListEntries)
	literals := map[*ast.Value]int{}
	for _, o := range doc.Operations {
		rooms := widen(doc, o, literals)
		if o != op {
			continue
		}
		for name, v := range variables {
			if l.longer(v, rooms[name]) {
				return tooLong
			}
		}
	}
	found := false
	values(doc, func(v *ast.Value) {
		found = found || v.Kind == ast.ListValue && len(v.Children) > max(l.ListEntries, literals[v])
	})
	if found {
		return tooLong
	}
	return nil
}

// values comes by every value in a document.
func values(doc *ast.QueryDocument, visit func(*ast.Value)) {
	var value func(*ast.Value)
	value = func(v *ast.Value) {
		if v == nil {
			return
		}
		visit(v)
		for _, child := range v.Children {
			value(child.Value)
		}
	}
	var walk func(ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				for _, a := range s.Arguments {
					value(a.Value)
				}
				walk(s.SelectionSet)
			case *ast.InlineFragment:
				walk(s.SelectionSet)
			}
		}
	}
	for _, op := range doc.Operations {
		for _, v := range op.VariableDefinitions {
			value(v.DefaultValue)
		}
		walk(op.SelectionSet)
	}
	for _, f := range doc.Fragments {
		walk(f.SelectionSet)
	}
}

// room is how many entries a list may have: the value itself, or the list of that name right in it.
type room struct {
	list    string
	entries int
}

// wide are the root fields whose input may have a longer list. What stands there has a type of its own, so that it stands nowhere else.
var wide = map[string]room{"stockSync": {"rows", stock.MaxSyncRows}}

// widen answers the variables of an operation that stand where a longer list may, whatever they are called, and notes the literal lists.
func widen(doc *ast.QueryDocument, op *ast.OperationDefinition, literals map[*ast.Value]int) map[string]room {
	rooms := map[string]room{}
	var value func(*ast.Value, room)
	value = func(v *ast.Value, r room) {
		switch {
		case v == nil:
		case v.Kind == ast.Variable:
			rooms[v.Raw] = r
		case v.Kind == ast.ObjectValue && r.list != "":
			value(v.Children.ForName(r.list), room{entries: r.entries})
		case v.Kind == ast.ListValue && r.list == "":
			literals[v] = r.entries
		}
	}
	followed := map[string]bool{}
	var walk func(ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				r, ok := wide[s.Name]
				if a := s.Arguments.ForName("input"); ok && a != nil {
					value(a.Value, r)
				}
			case *ast.InlineFragment:
				walk(s.SelectionSet)
			case *ast.FragmentSpread:
				if f := doc.Fragments.ForName(s.Name); f != nil && !followed[s.Name] {
					followed[s.Name] = true
					walk(f.SelectionSet)
				}
			}
		}
	}
	walk(op.SelectionSet)
	for _, v := range op.VariableDefinitions {
		if r, ok := rooms[v.Variable]; ok {
			value(v.DefaultValue, r)
		}
	}
	return rooms
}

// longer tells whether a variable is a list that is too long, or has one in it.
func (l Limits) longer(v any, r room) bool {
	switch v := v.(type) {
	case []any:
		if r.list != "" {
			r.entries = 0
		}
		if len(v) > max(l.ListEntries, r.entries) {
			return true
		}
		for _, x := range v {
			if l.longer(x, room{}) {
				return true
			}
		}
	case map[string]any:
		for key, x := range v {
			inner := room{}
			if r.list != "" && key == r.list {
				inner.entries = r.entries
			}
			if l.longer(x, inner) {
				return true
			}
		}
	}
	return false
}
