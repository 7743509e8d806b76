package commerce_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
)

const refused = "a\x00b"

func TestAllThatIsWrongWithAnInputIsToldAtItsPlace(t *testing.T) {
	var errs commerce.Errors
	require.NoError(t, errs.Err())
	errs.Invalid([]string{"lines"}, "at most %d", 3)
	errs.Add(commerce.Errorf(commerce.NotFound, "there is no such variant").At("lines", "0"))
	errs.Quantity(0, 1, "quantity")
	errs.Quantity(commerce.MaxQuantity+1, 0, "onHand")
	errs.Quantity(0, 0, "safetyStock")
	errs.Between(8, 1, 7, "days")
	errs.Between(1, 1, 7, "days")
	errs.Between(7, 1, 7, "days")
	require.Equal(t, commerce.Errors{
		commerce.Invalid([]string{"lines"}, "at most 3"),
		{Code: commerce.NotFound, Message: "there is no such variant", Field: []string{"lines", "0"}},
		commerce.Invalid([]string{"quantity"}, "must be between 1 and 1000000000"),
		commerce.Invalid([]string{"onHand"}, "must be between 0 and 1000000000"),
		commerce.Invalid([]string{"days"}, "must be between 1 and 7"),
	}, errs.Err())
}

func TestATextIsCleanedWhereItIs(t *testing.T) {
	var errs commerce.Errors
	name, bad := "  Navy ", refused
	require.True(t, errs.Clean(&name, commerce.NameText, "name"))
	require.Equal(t, "Navy", name)
	require.NoError(t, errs.Err())
	require.False(t, errs.Clean(&bad, commerce.NameText, "lines", "2"))
	require.Equal(t, refused, bad)
	require.Len(t, errs, 1)
	require.Equal(t, []string{"lines", "2"}, errs[0].Field)
}

func TestATextThatIsRefusedIsEmpty(t *testing.T) {
	var errs commerce.Errors
	require.Equal(t, "Navy", errs.Text(" Navy ", commerce.NameText, "name"))
	require.NoError(t, errs.Err())
	require.Empty(t, errs.Text(refused, commerce.NameText, "name"))
	require.Len(t, errs, 1)
}

func TestATextThatMayBeAbsentIsCleanedWhenItIsThere(t *testing.T) {
	var errs commerce.Errors
	require.Equal(t, commerce.Maybe[string]{}, errs.Given(commerce.Maybe[string]{}, commerce.NameText, "name"))
	require.Equal(t, commerce.Some("Navy"), errs.Given(commerce.Some(" Navy "), commerce.NameText, "name"))
	require.Equal(t, commerce.Some(""), errs.Given(commerce.Null[string](), commerce.ShortText, "name"))
	require.NoError(t, errs.Err())
	errs.Given(commerce.Null[string](), commerce.NameText, "name")
	require.Equal(t, commerce.Errors{commerce.Invalid([]string{"name"}, "must not be empty")}, errs.Err())
}

func TestBothHalvesOfAReferenceAreCleaned(t *testing.T) {
	var errs commerce.Errors
	require.Equal(t, commerce.Reference{System: "erp", Value: "1"}, errs.Reference(commerce.Reference{System: " erp", Value: "1 "}, "reference"))
	require.Equal(t, commerce.Reference{}, errs.ReferenceIfAny(commerce.Reference{}, "reference"))
	require.NoError(t, errs.Err())
	errs.Reference(commerce.Reference{}, "by", "externalRef")
	errs.ReferenceIfAny(commerce.Reference{System: "erp"}, "reference")
	require.Equal(t, commerce.Errors{
		commerce.Invalid([]string{"by", "externalRef", "system"}, "must not be empty"),
		commerce.Invalid([]string{"by", "externalRef", "value"}, "must not be empty"),
		commerce.Invalid([]string{"reference", "value"}, "must not be empty"),
	}, errs.Err())
}

func TestEveryPartOfAnAddressIsCleaned(t *testing.T) {
	var errs commerce.Errors
	every := func(s string) commerce.Address {
		return commerce.Address{Recipient: s, Phone: s, Country: s, Province: s, City: s, District: s, Line1: s, Line2: s, Postcode: s}
	}
	a := every(" x ")
	errs.Address(&a, "address")
	require.Equal(t, every("x"), a)
	require.NoError(t, errs.Err())
	a = every(refused)
	errs.Address(&a, "delivery", "address")
	var parts []string
	for _, e := range errs {
		require.Equal(t, []string{"delivery", "address"}, e.Field[:2])
		parts = append(parts, e.Field[2])
	}
	require.Equal(t, []string{"recipient", "phone", "country", "province", "city", "district", "line1", "line2", "postcode"}, parts)
}
