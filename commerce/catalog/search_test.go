package catalog_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func TestProductsAreFoundByWordsOfEitherScript(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := &catalog.Service{Store: k.Store}
		put := func(handle, title, tag, sku string) commerce.UUID {
			done, err := s.Upsert(k.Ctx, catalog.UpsertInput{
				Handle: commerce.Some(handle), Title: commerce.Some(title), Tags: commerce.Some([]string{tag}),
				Variants: []catalog.VariantInput{{SKU: commerce.Some(sku)}},
			})
			require.NoError(t, err)
			return done.Product.ID
		}
		jacket := put("windbreaker", "轻羽防风夹克 Featherlight Windbreaker", "outdoor", "HZL-101-NVY-M")
		coat := put("coat", "羊毛大衣 Wool Coat", "夹克", "HZL-205-CHR-M")
		tee := put("tee", "Ｌｉｎｅｎ Tee", "summer", "TEE-1")
		_, err := s.Upsert(k.OtherCtx, catalog.UpsertInput{Handle: commerce.Some("alien"), Title: commerce.Some("夹克 Windbreaker")})
		require.NoError(t, err)

		x := catalog.TermIndex{DB: k.Store.DB}
		find := func(query string) []commerce.UUID {
			found, err := x.Search(k.Ctx, auth.From(k.Ctx), query, 10)
			require.NoError(t, err)
			return found
		}
		for query, want := range map[string][]commerce.UUID{
			"夹克":   {jacket, coat}, // the title goes before the tag
			"防风夹克": {jacket}, "大衣": {coat}, "衣": {coat}, "风防": nil,
			"windbreaker": {jacket}, "WIND": {jacket}, "breaker": nil, "wool 大衣": {coat}, "wool tee": nil,
			"linen": {tee}, "hzl-101": {jacket}, "HZL-205-CHR-M": {coat}, "tee-1": {tee},
			"": nil, "  -- ": nil, "%": nil, "_": nil, "夹克 nothing": nil,
		} {
			require.Equal(t, want, find(query), query)
		}

		_, err = s.Upsert(k.Ctx, catalog.UpsertInput{Handle: commerce.Some("coat"), Title: commerce.Some("Cape")})
		require.NoError(t, err)
		require.Nil(t, find("大衣"), "what a product is not called any more does not find it")
		require.Equal(t, []commerce.UUID{coat}, find("cape"))
	})
}
