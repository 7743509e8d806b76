package graph

import (
	"github.com/99designs/gqlgen/graphql"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/graph/model"
)

// gqlgen does not hold variables against @oneOf: oneOf is the one place that does.

// oneOf tells whether exactly one field is given, and is not null.
func oneOf(fields ...given) bool {
	n := 0
	for _, f := range fields {
		if f.isSet {
			n++
			if f.isNull {
				return false
			}
		}
	}
	return n == 1
}

type given struct{ isSet, isNull bool }

func field[T any](o graphql.Omittable[*T]) given {
	v, ok := o.ValueOK()
	return given{ok, v == nil}
}

var errOneOf = commerce.Errorf(commerce.BadRequest, "give exactly one field of a reference, and not null")

// uid reads an id of a kind. What is no such id stands as the nil UUID, which no row has.
func uid(kind commerce.Kind, s string) *commerce.UUID {
	u, err := commerce.ParseID(kind, s)
	if err != nil {
		u = commerce.UUID{}
	}
	return &u
}

func idOf(kind commerce.Kind, o graphql.Omittable[*string]) *commerce.UUID {
	if s := o.Value(); s != nil {
		return uid(kind, *s)
	}
	return nil
}

func externalOf(o graphql.Omittable[*model.ExternalRefInput]) *commerce.Reference {
	if in := o.Value(); in != nil {
		r := reference(in)
		return &r
	}
	return nil
}

func productRef(in model.ProductRef) (commerce.ProductRef, error) {
	if !oneOf(field(in.ID), field(in.Handle), field(in.ExternalRef)) {
		return commerce.ProductRef{}, errOneOf
	}
	return commerce.ProductRef{ID: idOf(commerce.ProductID, in.ID), Handle: or(in.Handle), External: externalOf(in.ExternalRef)}, nil
}

func variantRef(in model.VariantRef) (commerce.VariantRef, error) {
	if !oneOf(field(in.ID), field(in.Sku), field(in.Barcode), field(in.ExternalRef)) {
		return commerce.VariantRef{}, errOneOf
	}
	return commerce.VariantRef{ID: idOf(commerce.VariantID, in.ID), SKU: or(in.Sku), Barcode: or(in.Barcode), External: externalOf(in.ExternalRef)}, nil
}

func locationRef(in model.LocationRef) (commerce.LocationRef, error) {
	if !oneOf(field(in.ID), field(in.Code), field(in.ExternalRef)) {
		return commerce.LocationRef{}, errOneOf
	}
	return commerce.LocationRef{ID: idOf(commerce.LocationID, in.ID), Code: or(in.Code), External: externalOf(in.ExternalRef)}, nil
}

func channelRef(in model.ChannelRef) (commerce.ChannelRef, error) {
	if !oneOf(field(in.ID), field(in.Code)) {
		return commerce.ChannelRef{}, errOneOf
	}
	return commerce.ChannelRef{ID: idOf(commerce.ChannelID, in.ID), Code: or(in.Code)}, nil
}

func memberRef(in model.MemberRef) (commerce.MemberRef, error) {
	if !oneOf(field(in.ID), field(in.Phone), field(in.ExternalRef), field(in.Identity)) {
		return commerce.MemberRef{}, errOneOf
	}
	ref := commerce.MemberRef{ID: idOf(commerce.MemberID, in.ID), Phone: or(in.Phone), External: externalOf(in.ExternalRef)}
	if i := in.Identity.Value(); i != nil {
		ref.Identity = &commerce.Reference{System: i.System, Value: i.Value}
	}
	return ref, nil
}

func orderRef(in model.OrderRef) (commerce.OrderRef, error) {
	if !oneOf(field(in.ID), field(in.Number), field(in.ExternalRef)) {
		return commerce.OrderRef{}, errOneOf
	}
	return commerce.OrderRef{ID: idOf(commerce.OrderID, in.ID), Number: or(in.Number), External: externalOf(in.ExternalRef)}, nil
}

// perhaps translates a ref that need not be there.
func perhaps[In, Out any](o graphql.Omittable[*In], translate func(In) (Out, error)) (*Out, error) {
	in := o.Value()
	if in == nil {
		return nil, nil
	}
	out, err := translate(*in)
	return &out, err
}

// refs translates a list of refs.
func refs[In, Out any](in []*In, translate func(In) (Out, error)) ([]Out, error) {
	out := make([]Out, len(in))
	for i, r := range in {
		var err error
		if out[i], err = translate(*r); err != nil {
			return nil, err
		}
	}
	return out, nil
}
