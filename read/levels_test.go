package read

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/location"
	"github.com/oneshelf/oneshelf/ent/stocklevel"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/keyset"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// A column that a table gains is read here too, or named as one that nobody is shown.
func TestLevelsAreReadWhole(t *testing.T) {
	require.ElementsMatch(t, stocklevel.Columns, slices.Concat(levelColumns, []string{"brand_id", "version", "created_at"}))
	require.ElementsMatch(t, location.Columns, slices.Concat(locationColumns, []string{"id", "brand_id", "version", "created_at", "updated_at", "code_folded"}))
}

func TestLevelsAreReadAsEntReadsThem(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		var made []*ent.StockLevel
		require.NoError(t, k.Store.DB.InTx(k.Ctx, func(raw *db.Tx) error {
			tx := ent.NewClient(ent.Driver(raw.Driver()))
			p := tx.Product.Create().SetCreatedAt(1).SetUpdatedAt(2).SetHandle("p").SetTitle("p").SetStatus("ACTIVE").SetTags([]string{}).SetOptions([]commerce.OptionSet{}).SetMedia([]commerce.Media{}).SaveX(k.Ctx)
			v := tx.Variant.Create().SetCreatedAt(1).SetUpdatedAt(2).SetProductID(p.ID).SetSku("s").SetSkuFolded("s").SetSelectedOptions([]commerce.Option{}).SetOptionsKey("").SaveX(k.Ctx)
			full := tx.Location.Create().SetCreatedAt(1).SetUpdatedAt(2).SetCode("WH").SetCodeFolded("wh").SetName("Warehouse").SetKind("WAREHOUSE").SetOwnership("FRANCHISE").
				SetActive(false).SetPickup(true).SetShipFrom(false).SetPriority(7).SetLent(true).SetStaleAfter(60).SetStalePercent(50).
				SetLatitude(31.2).SetLongitude(121.5).SetAddress(&commerce.Address{City: "上海"}).SaveX(k.Ctx)
			bare := tx.Location.Create().SetCreatedAt(1).SetUpdatedAt(2).SetCode("ST").SetCodeFolded("st").SetName("Store").SetKind("STORE").SetOwnership("OWN").SaveX(k.Ctx)
			made = []*ent.StockLevel{
				tx.StockLevel.Create().SetCreatedAt(1).SetUpdatedAt(2).SetVariantID(v.ID).SetLocationID(full.ID).SetOnHand(9).SetReserved(2).SetSafetyStock(1).SetIncoming(3).SetDamaged(4).
					SetShortfall(5).SetCountedAt(6).SetSource("pos").SetStale(true).SaveX(k.Ctx),
				tx.StockLevel.Create().SetCreatedAt(1).SetUpdatedAt(2).SetVariantID(v.ID).SetLocationID(bare.ID).SaveX(k.Ctx),
			}
			return nil
		}))
		codec, err := keyset.NewCodec(make([]byte, 32))
		require.NoError(t, err)
		order := keyset.Order{Name: "levels", Keys: []keyset.Key{{Expr: "id"}}}
		page := func(first int) keyset.Page {
			p, err := order.Plan(codec, "", keyset.Args{First: &first})
			require.NoError(t, err)
			return p
		}
		variants := []commerce.UUID{made[0].VariantID, commerce.NewUUID()}
		got, err := LevelsOfVariants(k.Ctx, k.Store.DB.Read(), k.Viewer(), variants, page(20))
		require.NoError(t, err)
		require.Len(t, got, 2)
		for i, l := range got {
			want := k.Store.Ent.StockLevel.GetX(k.Ctx, made[i].ID)
			place := k.Store.Ent.Location.GetX(k.Ctx, want.LocationID)
			want.BrandID, want.Version, want.CreatedAt = l.BrandID, l.Version, l.CreatedAt
			place.BrandID, place.Version, place.CreatedAt, place.UpdatedAt, place.CodeFolded = l.BrandID, l.Version, l.CreatedAt, 0, ""
			want.Edges.Location = place
			require.Equal(t, asJSON(t, want), asJSON(t, l))
		}

		got, err = LevelsOfVariants(k.Ctx, k.Store.DB.Read(), k.Viewer(), variants, page(1))
		require.NoError(t, err)
		require.Len(t, got, 2, "one more tells that there are more")
		narrowed := k.Viewer()
		narrowed.Locations = []commerce.UUID{made[1].LocationID}
		got, err = LevelsOfVariants(k.Ctx, k.Store.DB.Read(), narrowed, variants, page(20))
		require.NoError(t, err)
		require.Len(t, got, 1)
		require.Equal(t, made[1].ID, got[0].ID)
		narrowed.Locations = []commerce.UUID{}
		got, err = LevelsOfVariants(k.Ctx, k.Store.DB.Read(), narrowed, variants, page(20))
		require.NoError(t, err)
		require.Empty(t, got)
		stranger := k.Viewer()
		stranger.Brand = k.Other.ID
		got, err = LevelsOfVariants(k.Ctx, k.Store.DB.Read(), stranger, variants, page(20))
		require.NoError(t, err)
		require.Empty(t, got)
	})
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}
