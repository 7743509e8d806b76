package catalog_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/variant"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func cny(amount int64) commerce.Maybe[commerce.Money] {
	return commerce.Some(commerce.Money{Amount: amount, Currency: "CNY"})
}

// tee is a product with two variants.
func tee() catalog.UpsertInput {
	return catalog.UpsertInput{
		Handle: commerce.Some("linen-tee"), Title: commerce.Some("Linen Tee"), Status: commerce.Some(catalog.Active),
		Vendor: commerce.Some("Weft"), Tags: commerce.Some([]string{"linen", "summer", "linen"}),
		Category: commerce.Some([]string{"衣服", "Tops"}), Description: commerce.Some("<p>Cool.</p><script>alert(1)</script>"),
		Options:      commerce.Some([]commerce.OptionSet{{Name: "Colour", Values: []string{"Navy", "Ecru"}}}),
		Media:        commerce.Some([]commerce.Media{{URL: "https://img.example/tee.jpg", Alt: "a tee"}}),
		ExternalRefs: commerce.Some([]commerce.Reference{{System: "erp", Value: "P1"}}),
		Variants: []catalog.VariantInput{
			{SKU: commerce.Some("TEE-N"), Barcode: commerce.Some("690001"), SelectedOptions: chosen("Navy"), Price: cny(12900), CompareAt: cny(15900)},
			{SKU: commerce.Some("TEE-E"), SelectedOptions: chosen("Ecru"), Price: cny(9900), WeightGrams: commerce.Some(180),
				ExternalRefs: commerce.Some([]commerce.Reference{{System: "erp", Value: "V2"}})},
		},
	}
}

func chosen(colour string) commerce.Maybe[[]commerce.Option] {
	return commerce.Some([]commerce.Option{{Name: "Colour", Value: colour}})
}

func upsert(t *testing.T, k *testkit.Kit, in catalog.UpsertInput) catalog.Upserted {
	t.Helper()
	out, err := (&catalog.Service{Store: k.Store}).Upsert(k.Ctx, in)
	require.NoError(t, err)
	return out
}

func find(t *testing.T, k *testkit.Kit, sku string) *ent.Variant {
	t.Helper()
	v, err := catalog.FindVariant(k.Ctx, k.Store.Ent, commerce.VariantRef{SKU: sku})
	require.NoError(t, err)
	return v
}

func TestAProductIsMadeWithItsVariants(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		out := upsert(t, k, tee())
		require.True(t, out.Created)
		p := out.Product
		require.Equal(t, "Cool.", p.Description)
		require.Equal(t, []string{"linen", "summer"}, p.Tags)
		require.EqualValues(t, 9900, *p.MinPrice)
		require.EqualValues(t, 12900, *p.MaxPrice)
		require.Equal(t, "linen tee weft linen-tee linen summer 衣服 tops tee-n 690001 tee-e", p.Search)
		require.Equal(t, []events.Fact{{Type: events.ProductChanged, Aggregate: p.ID, Sequence: 1}}, k.Facts(t, p.ID))
		c, err := k.Store.Ent.Category.Get(k.Ctx, *p.CategoryID)
		require.NoError(t, err)
		require.Equal(t, []string{"衣服", "Tops"}, c.Path)
		require.Equal(t, "Tops", c.Name)
		v := find(t, k, "tee-e")
		require.Equal(t, 1, v.Position)
		require.Equal(t, 180, *v.WeightGrams)
	})
}

func TestSayingTheSameAgainChangesNothing(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		first := upsert(t, k, tee())
		again := upsert(t, k, tee())
		require.False(t, again.Created)
		require.Equal(t, first.Product.Version, again.Product.Version)
		require.Len(t, k.Facts(t, first.Product.ID), 1)
		require.EqualValues(t, 1, find(t, k, "TEE-N").Version)
		require.Equal(t, 2, k.Count(t, "external_refs", ""))
	})
}

func TestAbsentKeepsAndNullClears(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		first := upsert(t, k, tee()).Product
		p := upsert(t, k, catalog.UpsertInput{
			Handle: commerce.Some("linen-tee"), Vendor: commerce.Null[string](), Tags: commerce.Null[[]string](),
			Category: commerce.Some([]string{}), ExternalRefs: commerce.Null[[]commerce.Reference](),
			Variants: []catalog.VariantInput{{SKU: commerce.Some("TEE-N"), Barcode: commerce.Null[string](), Price: commerce.Null[commerce.Money]()}},
		}).Product
		require.Equal(t, first.ID, p.ID)
		require.Equal(t, "Linen Tee", p.Title)
		require.Empty(t, p.Vendor)
		require.Empty(t, p.Tags)
		require.Nil(t, p.CategoryID)
		require.EqualValues(t, 9900, *p.MaxPrice)
		require.EqualValues(t, 2, p.Version)
		require.Equal(t, "linen tee linen-tee tee-n tee-e", p.Search)
		v := find(t, k, "TEE-N")
		require.Nil(t, v.Barcode)
		require.Nil(t, v.PriceAmount)
		require.EqualValues(t, 15900, *v.CompareAtAmount)
		require.Equal(t, "Navy", v.SelectedOptions[0].Value)
		require.EqualValues(t, 2, v.Version)
		require.EqualValues(t, 1, find(t, k, "TEE-E").Version)
		require.Equal(t, 1, k.Count(t, "external_refs", ""), "the variant's stays")
		require.Len(t, k.Facts(t, p.ID), 2)
	})
}

func TestAReferenceFindsOrMakes(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := &catalog.Service{Store: k.Store}
		p := upsert(t, k, tee()).Product
		byExternal := &commerce.ProductRef{External: &commerce.Reference{System: "erp", Value: "P1"}}
		renamed := upsert(t, k, catalog.UpsertInput{By: byExternal, Handle: commerce.Some("亚麻-t恤")})
		require.Equal(t, p.ID, renamed.Product.ID)
		require.Equal(t, "亚麻-t恤", renamed.Product.Handle)

		unknown := commerce.NewUUID()
		_, err := s.Upsert(k.Ctx, catalog.UpsertInput{By: &commerce.ProductRef{ID: &unknown}, Title: commerce.Some("x")})
		testkit.Refused(t, err, commerce.NotFound, "by")
		_, err = s.Upsert(k.OtherCtx, catalog.UpsertInput{By: &commerce.ProductRef{ID: &p.ID}, Title: commerce.Some("x")})
		testkit.Refused(t, err, commerce.NotFound, "by")

		fresh := &commerce.ProductRef{External: &commerce.Reference{System: "erp", Value: "P2"}}
		_, err = s.Upsert(k.Ctx, catalog.UpsertInput{By: fresh, Title: commerce.Some("棉布裙")})
		testkit.Refused(t, err, commerce.InvalidInput, "handle")
		made := upsert(t, k, catalog.UpsertInput{By: fresh, Title: commerce.Some("Cotton Skirt, Women's")})
		require.True(t, made.Created)
		require.Equal(t, "cotton-skirt-womens", made.Product.Handle)
		require.Equal(t, catalog.Draft, made.Product.Status)
		require.Equal(t, made.Product.ID, upsert(t, k, catalog.UpsertInput{By: fresh, Title: commerce.Some("Skirt")}).Product.ID)

		by := upsert(t, k, catalog.UpsertInput{By: &commerce.ProductRef{Handle: "hat"}, Title: commerce.Some("Hat"), Options: commerce.Some([]commerce.OptionSet{{Name: "Colour", Values: []string{"Navy", "Ecru"}}}), Variants: []catalog.VariantInput{
			{By: &commerce.VariantRef{SKU: "HAT"}, SelectedOptions: chosen("Navy")},
			{By: &commerce.VariantRef{External: &commerce.Reference{System: "erp", Value: "V9"}}, SKU: commerce.Some("HAT-2"), SelectedOptions: chosen("Ecru")},
		}})
		require.Equal(t, "hat", by.Product.Handle)
		v, err := catalog.FindVariant(k.Ctx, k.Store.Ent, commerce.VariantRef{External: &commerce.Reference{System: "erp", Value: "V9"}})
		require.NoError(t, err)
		require.Equal(t, "HAT-2", v.Sku)
		require.Equal(t, by.Product.ID, find(t, k, "HAT").ProductID)
	})
}

func TestVariantsAreMerged(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		p := upsert(t, k, tee()).Product
		navy := find(t, k, "TEE-N")
		named := commerce.Some("linen-tee")
		upsert(t, k, catalog.UpsertInput{Handle: named, Variants: []catalog.VariantInput{{SelectedOptions: chosen("Navy"), SKU: commerce.Some("TEE-NAVY")}}})
		require.Equal(t, navy.ID, find(t, k, "ｔｅｅ-navy").ID, "found by its choices, and by a SKU in full width")
		upsert(t, k, catalog.UpsertInput{Handle: named, Variants: []catalog.VariantInput{
			{By: &commerce.VariantRef{External: &commerce.Reference{System: "erp", Value: "V2"}}, Title: commerce.Some("plain")},
			{By: &commerce.VariantRef{Barcode: "690001"}, Title: commerce.Some("blue")},
		}})
		require.Equal(t, "plain", find(t, k, "TEE-E").Title)
		require.Equal(t, "blue", find(t, k, "TEE-NAVY").Title)

		wider := upsert(t, k, catalog.UpsertInput{Handle: named,
			Options:  commerce.Some([]commerce.OptionSet{{Name: "Colour", Values: []string{"Navy", "Ecru", "Rust"}}}),
			Variants: []catalog.VariantInput{{SKU: commerce.Some("TEE-R"), SelectedOptions: chosen("Rust"), Price: cny(100)}},
		}).Product
		require.EqualValues(t, 100, *wider.MinPrice)
		all, err := k.Store.Ent.Variant.Query().Where(variant.ProductID(p.ID)).Order(variant.ByPosition()).All(k.Ctx)
		require.NoError(t, err)
		require.Len(t, all, 3)
		require.Equal(t, "TEE-R", all[2].Sku)
	})
}

func TestWhatIsTakenStaysWhereItIs(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := &catalog.Service{Store: k.Store}
		p := upsert(t, k, tee()).Product
		hat := upsert(t, k, catalog.UpsertInput{Handle: commerce.Some("hat"), Title: commerce.Some("Hat"), Variants: []catalog.VariantInput{{SKU: commerce.Some("HAT")}}}).Product
		before := k.Count(t, "events", "")

		_, err := s.Upsert(k.Ctx, catalog.UpsertInput{By: &commerce.ProductRef{ID: &hat.ID}, Handle: commerce.Some("linen-tee"),
			ExternalRefs: commerce.Some([]commerce.Reference{{System: "x", Value: "y"}, {System: "erp", Value: "P1"}}),
			Variants: []catalog.VariantInput{
				{SKU: commerce.Some("tee-n")},
				{By: &commerce.VariantRef{SKU: "HAT"}, SKU: commerce.Some("TEE-E"), Barcode: commerce.Some("690001")},
				{SKU: commerce.Some("HAT-2"), ExternalRefs: commerce.Some([]commerce.Reference{{System: "erp", Value: "V2"}})},
			}})
		require.Equal(t, []string{"ALREADY_EXISTS handle", "ALREADY_EXISTS variants.0.sku", "ALREADY_EXISTS variants.1.sku",
			"ALREADY_EXISTS variants.1.barcode", "ALREADY_EXISTS variants.2.selectedOptions", "ALREADY_EXISTS externalRefs.1",
			"ALREADY_EXISTS variants.2.externalRefs.0"}, testkit.Said(err))
		handle := testkit.Refused(t, err, commerce.AlreadyExists, "handle")
		require.Equal(t, commerce.Existing{ID: commerce.ID{Kind: commerce.ProductID, UUID: p.ID}}, handle.Details)

		_, err = s.Upsert(k.Ctx, catalog.UpsertInput{Handle: commerce.Some("linen-tee"), Variants: []catalog.VariantInput{
			{SKU: commerce.Some("TEE-X"), Barcode: commerce.Some("1"), SelectedOptions: chosen("Mauve")}, {SKU: commerce.Some("tee-x"), Barcode: commerce.Some("1")},
			{SKU: commerce.Some("TEE-N")}, {SKU: commerce.Some("TEE-N")},
			{SKU: commerce.Some("TEE-E"), SelectedOptions: chosen("Navy")},
			{SKU: commerce.Some("TEE-Y"), SelectedOptions: commerce.Some([]commerce.Option{{Name: "Size", Value: "M"}})},
		}})
		require.Equal(t, []string{"INVALID_INPUT variants.0.selectedOptions.0.value", "ALREADY_EXISTS variants.1.sku", "ALREADY_EXISTS variants.1.barcode",
			"ALREADY_EXISTS variants.3.sku", "ALREADY_EXISTS variants.4.selectedOptions", "INVALID_INPUT variants.5.selectedOptions.0.name"}, testkit.Said(err))

		_, err = s.Upsert(k.Ctx, catalog.UpsertInput{Handle: commerce.Some("linen-tee"), Options: commerce.Null[[]commerce.OptionSet]()})
		testkit.Refused(t, err, commerce.InvalidInput, "options")
		require.Equal(t, before, k.Count(t, "events", ""), "nothing changed")
		require.Equal(t, 3, k.Count(t, "variants", ""))
		require.Zero(t, k.Count(t, "products", "version > 1"))
	})
}

func TestEveryMistakeIsNamedAtOnce(t *testing.T) {
	k := testkit.SQLite(t)
	s := &catalog.Service{Store: k.Store}
	long := strings.Repeat("x", 300)
	_, err := s.Upsert(k.Ctx, catalog.UpsertInput{
		Handle: commerce.Some("Linen Tee"), Title: commerce.Null[string](), Description: commerce.Some(strings.Repeat("y", 20001)),
		Status: commerce.Null[string](), Vendor: commerce.Some(long), Tags: commerce.Some([]string{"ok", " ", long}),
		Category:     commerce.Some([]string{"a", "b\x1fc"}),
		Options:      commerce.Some([]commerce.OptionSet{{Name: "A", Values: []string{"1", "1"}}, {Name: "A", Values: nil}}),
		Media:        commerce.Some([]commerce.Media{{URL: "javascript:alert(1)"}, {URL: "https://u:p@host/"}, {URL: "http://ok.example/a.png"}}),
		ExternalRefs: commerce.Some([]commerce.Reference{{System: "", Value: "v"}}),
		Variants: []catalog.VariantInput{
			{},
			{SKU: commerce.Null[string](), WeightGrams: commerce.Some(-1), Barcode: commerce.Some("")},
			{SKU: commerce.Some("S"), Price: commerce.Some(commerce.Money{Amount: 1, Currency: "USD"}), CompareAt: cny(-1)},
		},
	})
	require.Equal(t, []string{
		"INVALID_INPUT handle", "INVALID_INPUT title", "INVALID_INPUT description", "INVALID_INPUT status", "INVALID_INPUT vendor",
		"INVALID_INPUT tags.1", "INVALID_INPUT tags.2", "INVALID_INPUT category.1",
		"INVALID_INPUT options.0.values.1", "INVALID_INPUT options.1.name", "INVALID_INPUT options.1.values",
		"INVALID_INPUT media.0.url", "INVALID_INPUT media.1.url", "INVALID_INPUT externalRefs.0.system",
		"INVALID_INPUT variants.0", "INVALID_INPUT variants.1.sku", "INVALID_INPUT variants.1.barcode", "INVALID_INPUT variants.1.weightGrams",
		"INVALID_INPUT variants.2.price.currency", "INVALID_INPUT variants.2.compareAt.amount",
	}, testkit.Said(err))
	_, err = s.Upsert(k.Ctx, catalog.UpsertInput{Title: commerce.Some("x")})
	testkit.Refused(t, err, commerce.InvalidInput, "handle")
	_, err = s.Upsert(k.Ctx, catalog.UpsertInput{Handle: commerce.Some("x")})
	testkit.Refused(t, err, commerce.InvalidInput, "title")
	_, err = s.Upsert(k.Ctx, catalog.UpsertInput{Handle: commerce.Some("x"), Title: commerce.Some("X"), Variants: make([]catalog.VariantInput, 251)})
	testkit.Refused(t, err, commerce.LimitExceeded, "variants")
	require.Zero(t, k.Count(t, "products", ""))
	require.Zero(t, k.Count(t, "events", ""))
}

func TestScopesOfAnUpsert(t *testing.T) {
	k := testkit.SQLite(t)
	s := &catalog.Service{Store: k.Store}
	_, err := s.Upsert(k.Without(auth.ProductsWrite), tee())
	testkit.Refused(t, err, commerce.Forbidden, "")
	_, err = s.Upsert(k.Without(auth.PricesWrite), tee())
	testkit.Refused(t, err, commerce.Forbidden, "")
	_, err = s.Upsert(context.Background(), tee())
	testkit.Refused(t, err, commerce.Unauthenticated, "")
	unpriced := tee()
	for i := range unpriced.Variants {
		unpriced.Variants[i].Price, unpriced.Variants[i].CompareAt = commerce.Maybe[commerce.Money]{}, commerce.Maybe[commerce.Money]{}
	}
	out, err := s.Upsert(k.Without(auth.PricesWrite), unpriced)
	require.NoError(t, err)
	require.Nil(t, out.Product.MinPrice)
}

func TestManyVariantsTakeFewStatements(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		values := make([]string, 100)
		sizes := make([]string, 20)
		for i := range values {
			values[i] = fmt.Sprintf("c%d", i)
		}
		for i := range sizes {
			sizes[i] = fmt.Sprintf("s%d", i)
		}
		in := catalog.UpsertInput{Handle: commerce.Some("big"), Title: commerce.Some("Big"),
			Options: commerce.Some([]commerce.OptionSet{{Name: "Colour", Values: values}, {Name: "Size", Values: sizes}})}
		s := &catalog.Service{Store: k.Store}
		for batch := range 8 {
			in.Variants = nil
			for i := range 250 {
				n := batch*250 + i
				in.Variants = append(in.Variants, catalog.VariantInput{SKU: commerce.Some(fmt.Sprintf("B-%d", n)), Price: cny(int64(n)),
					Barcode:         commerce.Some(fmt.Sprintf("69%d", n)),
					ExternalRefs:    commerce.Some([]commerce.Reference{{System: "erp", Value: fmt.Sprint(n)}}),
					SelectedOptions: commerce.Some([]commerce.Option{{Name: "Colour", Value: values[n/20]}, {Name: "Size", Value: sizes[n%20]}})})
			}
			ctx, n := db.Counted(k.Ctx)
			_, err := s.Upsert(ctx, in)
			require.NoError(t, err)
			require.Less(t, n.Load(), int64(20))
		}
		in.Variants = []catalog.VariantInput{{SKU: commerce.Some("ONE-MORE")}}
		_, err := s.Upsert(k.Ctx, in)
		testkit.Refused(t, err, commerce.LimitExceeded, "variants")

		refs := make([]commerce.VariantRef, 0, 6000)
		for i := range 2000 {
			refs = append(refs, commerce.VariantRef{SKU: fmt.Sprintf("b-%d", i)}, commerce.VariantRef{Barcode: fmt.Sprintf("69%d", i)},
				commerce.VariantRef{External: &commerce.Reference{System: "erp", Value: fmt.Sprint(i)}})
		}
		ctx, n := db.Counted(k.Ctx)
		found, err := catalog.FindVariants(ctx, k.Store.Ent, refs)
		require.NoError(t, err)
		require.EqualValues(t, 4, n.Load())
		for i := range 2000 {
			require.Equal(t, fmt.Sprintf("B-%d", i), found[3*i].Sku)
			require.Equal(t, found[3*i].ID, found[3*i+1].ID)
			require.Equal(t, found[3*i].ID, found[3*i+2].ID)
		}
	})
}

func TestTwoWhoMakeTheSameProductMakeOne(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := &catalog.Service{Store: k.Store}
		var all sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			all.Go(func() {
				_, errs[i] = s.Upsert(k.Ctx, tee())
			})
		}
		all.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.Equal(t, 1, k.Count(t, "products", ""))
		require.Equal(t, 2, k.Count(t, "variants", ""))
		require.Equal(t, 1, k.Count(t, "categories", ""))
		require.Equal(t, 1, k.Count(t, "events", ""))
	})
}

func TestBrandsDoNotMeet(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := &catalog.Service{Store: k.Store}
		ours := upsert(t, k, tee()).Product
		in := tee()
		for i := range in.Variants {
			in.Variants[i].Price, in.Variants[i].CompareAt = commerce.Some(commerce.Money{Amount: 100, Currency: "JPY"}), commerce.Maybe[commerce.Money]{}
		}
		theirs, err := s.Upsert(k.OtherCtx, in)
		require.NoError(t, err)
		require.True(t, theirs.Created)
		require.NotEqual(t, ours.ID, theirs.Product.ID)
		found, err := catalog.FindProducts(k.OtherCtx, k.Store.Ent, []commerce.ProductRef{{ID: &ours.ID}, {Handle: "linen-tee"}, {External: &commerce.Reference{System: "erp", Value: "P1"}}, {Handle: "none"}})
		require.NoError(t, err)
		require.Nil(t, found[0])
		require.Equal(t, theirs.Product.ID, found[1].ID)
		require.Equal(t, theirs.Product.ID, found[2].ID)
		require.Nil(t, found[3])
		mine, err := catalog.FindVariants(k.OtherCtx, k.Store.Ent, []commerce.VariantRef{{ID: &find(t, k, "TEE-N").ID}, {SKU: "TEE-N"}})
		require.NoError(t, err)
		require.Nil(t, mine[0])
		require.Equal(t, theirs.Product.ID, mine[1].ProductID)
	})
}
