package shoptest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/integrations"
)

var settingsTests = map[string]func(*testing.T, Harness){
	"it has the abilities its author says": func(t *testing.T, h Harness) {
		can := integrations.Abilities(h.Open(t, nil))
		require.ElementsMatch(t, h.Abilities, can)
		require.ElementsMatch(t, can, h.Adapter.Abilities, "people who choose are told what the shop can do")
	},
	"a required setting that is missing is named": func(t *testing.T, h Harness) {
		for _, s := range h.Adapter.Settings {
			if s.Required {
				require.ErrorContains(t, h.Adapter.Check(h.config(map[string]string{s.Name: ""}, h.Clock.Now).Settings), s.Name)
			}
		}
		require.NoError(t, h.Adapter.Check(h.Settings))
	},
}

var listingTests = map[string]func(*testing.T, Harness){
	"listings tell every unit once, with its code, price and quantity": func(t *testing.T, h Harness) {
		const many = 230 // more than a page of any marketplace
		for n := range many {
			h.Remote.Seed(t, Unit{OuterCode: fmt.Sprintf("SEED-%03d", n), Title: "沙箱测试", Price: fmt.Sprintf("%d.90", n+1), Quantity: n})
		}
		seen := listings(t, h.Open(t, nil))
		require.Len(t, seen, many)
		for n := range many {
			code := fmt.Sprintf("SEED-%03d", n)
			require.Len(t, seen[code], 1, code)
			l := seen[code][0]
			require.Equal(t, int64(n+1)*100+90, l.Price)
			require.Equal(t, n, l.Quantity)
			require.True(t, l.Live, code)
			require.Equal(t, "沙箱测试", l.Title)
			require.NotEmpty(t, l.ExternalID)
		}
	},
	"an empty shop has no listings": func(t *testing.T, h Harness) {
		require.Empty(t, listings(t, h.Open(t, nil)))
	},
	"listings stop with the reader's own error": func(t *testing.T, h Harness) {
		h.seed(t, "ONE", 1)
		enough := fmt.Errorf("enough")
		require.Equal(t, enough, h.Open(t, nil).Listings(t.Context(), func([]integrations.RemoteListing) error { return enough }))
	},
}

var stockTests = map[string]func(*testing.T, Harness){
	"a stock push sets the figure, and saying it again changes nothing": func(t *testing.T, h Harness) {
		u, shop := h.seed(t, "TEE-M", 5), h.Open(t, nil)
		for range 2 {
			require.NoError(t, first(shop.PushStock(t.Context(), []integrations.StockPush{push(u, 40)})))
			require.Equal(t, 40, h.unit(t, "TEE-M").Quantity)
		}
		require.NoError(t, first(shop.PushStock(t.Context(), []integrations.StockPush{push(u, 0)})))
		require.Equal(t, 0, h.unit(t, "TEE-M").Quantity)
	},
	"a push for a unit that is not there fails alone": func(t *testing.T, h Harness) {
		a, b := h.seed(t, "A", 1), h.seed(t, "B", 1)
		gone := Unit{ID: "987654321", SKUID: "987654322", OuterCode: "GONE"}
		errs, err := h.Open(t, nil).PushStock(t.Context(), []integrations.StockPush{push(a, 7), push(gone, 8), push(b, 9)})
		require.NoError(t, err)
		require.Len(t, errs, 3)
		require.NoError(t, errs[0])
		requireKind(t, errs[1], integrations.Missing, integrations.Rejected)
		require.NoError(t, errs[2])
		require.Equal(t, 7, h.unit(t, "A").Quantity)
		require.Equal(t, 9, h.unit(t, "B").Quantity)
	},
	"many pushes arrive, one answer for each": func(t *testing.T, h Harness) {
		var pushes []integrations.StockPush
		for n := range 45 {
			pushes = append(pushes, push(h.seed(t, fmt.Sprintf("MANY-%02d", n), 1), 100+n))
		}
		errs, err := h.Open(t, nil).PushStock(t.Context(), pushes)
		require.NoError(t, err)
		require.Equal(t, make([]error, len(pushes)), errs)
		for n := range pushes {
			require.Equal(t, 100+n, h.unit(t, fmt.Sprintf("MANY-%02d", n)).Quantity)
		}
	},
	"all variants of a large item are pushed": func(t *testing.T, h Harness) {
		shop := h.Open(t, nil)
		draft := shirt(24)
		done, err := h.publisher(t, shop).Publish(t.Context(), draft)
		require.NoError(t, err)
		var pushes []integrations.StockPush
		for n, v := range draft.Variants {
			pushes = append(pushes, push(Unit{ID: done.ExternalID, SKUID: done.SKUs[v.OuterCode], OuterCode: v.OuterCode}, 200+n))
		}
		errs, err := shop.PushStock(t.Context(), pushes)
		require.NoError(t, err)
		require.Equal(t, make([]error, len(pushes)), errs)
		for n, v := range draft.Variants {
			require.Equal(t, 200+n, h.unit(t, v.OuterCode).Quantity)
		}
	},
	"no pushes are no calls and no errors": func(t *testing.T, h Harness) {
		errs, err := h.Open(t, nil).PushStock(t.Context(), nil)
		require.NoError(t, err)
		require.Empty(t, errs)
	},
}
