package graph

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/graph/model"
)

// What goes out.

func id(kind commerce.Kind, u commerce.UUID) string { return commerce.ID{Kind: kind, UUID: u}.String() }

func money(m commerce.Money) *model.Money {
	return &model.Money{Amount: m.Text(), Currency: string(m.Currency)}
}

func amount(n int64, c commerce.Currency) *model.Money {
	return money(commerce.Money{Amount: n, Currency: c})
}

func moment(i commerce.Instant) *time.Time {
	if i == 0 {
		return nil
	}
	t := i.Time()
	return &t
}

// text is null when empty.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func intPtr(n *int64) *int {
	if n == nil {
		return nil
	}
	i := int(*n)
	return &i
}

func address(a *commerce.Address) *model.Address {
	if a == nil {
		return nil
	}
	return &model.Address{
		Recipient: text(a.Recipient), Phone: text(a.Phone), Country: text(a.Country), Province: text(a.Province), City: text(a.City),
		District: text(a.District), Line1: text(a.Line1), Line2: text(a.Line2), Postcode: text(a.Postcode),
	}
}

// What comes in.

// maybe keeps the difference between absent and null.
func maybe[T any](o graphql.Omittable[*T]) commerce.Maybe[T] {
	return maybeOf(o, func(v T) T { return v })
}

func maybeOf[In, Out any](o graphql.Omittable[*In], convert func(In) Out) commerce.Maybe[Out] {
	v, given := o.ValueOK()
	switch {
	case !given:
		return commerce.Maybe[Out]{}
	case v == nil:
		return commerce.Null[Out]()
	}
	return commerce.Some(convert(*v))
}

func maybeList[In, Out any](o graphql.Omittable[[]In], convert func(In) Out) commerce.Maybe[[]Out] {
	v, given := o.ValueOK()
	switch {
	case !given:
		return commerce.Maybe[[]Out]{}
	case v == nil:
		return commerce.Null[[]Out]()
	}
	return commerce.Some(each(v, convert))
}

// each converts a list; nil stays an empty list.
func each[In, Out any](in []In, convert func(In) Out) []Out {
	out := make([]Out, len(in))
	for i, v := range in {
		out[i] = convert(v)
	}
	return out
}

// or is the value, or the zero value when absent or null.
func or[T any](o graphql.Omittable[*T]) (v T) {
	if p := o.Value(); p != nil {
		return *p
	}
	return v
}

func same[T any](v T) T { return v }

// reading gathers what is wrong with an input while it is translated.
type reading struct{ errs []error }

func (r *reading) add(err *commerce.Error, path ...string) { r.errs = append(r.errs, err.At(path...)) }

// money reads an amount in its own currency.
func (r *reading) money(in *model.MoneyInput, path ...string) commerce.Money {
	c, err := commerce.ParseCurrency(in.Currency)
	if err != nil {
		r.add(err, append(path, "currency")...)
		return commerce.Money{}
	}
	n, err := commerce.ParseAmount(in.Amount, c)
	if err != nil {
		r.add(err, append(path, "amount")...)
		return commerce.Money{}
	}
	return commerce.Money{Amount: n, Currency: c}
}

func (r *reading) maybeMoney(o graphql.Omittable[*model.MoneyInput], path ...string) commerce.Maybe[commerce.Money] {
	return maybeOf(o, func(in model.MoneyInput) commerce.Money { return r.money(&in, path...) })
}

func (r *reading) moneyPtr(o graphql.Omittable[*model.MoneyInput], path ...string) *commerce.Money {
	if in := o.Value(); in != nil {
		m := r.money(in, path...)
		return &m
	}
	return nil
}

func reference(in *model.ExternalRefInput) commerce.Reference {
	if in == nil {
		return commerce.Reference{}
	}
	return commerce.Reference{System: in.System, Value: in.Value}
}

func addressIn(in *model.AddressInput) commerce.Address {
	if in == nil {
		return commerce.Address{}
	}
	return commerce.Address{
		Recipient: or(in.Recipient), Phone: or(in.Phone), Country: or(in.Country), Province: or(in.Province), City: or(in.City),
		District: or(in.District), Line1: or(in.Line1), Line2: or(in.Line2), Postcode: or(in.Postcode),
	}
}

// sorted are a map's values in the order of their names.
func sorted[V any](m map[commerce.UUID]V, name func(V) string) []V {
	out := slices.Collect(maps.Values(m))
	slices.SortFunc(out, func(a, b V) int { return strings.Compare(name(a), name(b)) })
	if out == nil {
		out = []V{}
	}
	return out
}
