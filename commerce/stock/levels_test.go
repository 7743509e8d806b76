package stock_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// shop is a product with variants HAT-0, HAT-1, … and locations L-0, L-1, … of the pool.
type shop struct {
	*stock.Service
	kit       *testkit.Kit
	ctx       context.Context
	product   commerce.UUID
	variants  []commerce.UUID
	locations []commerce.UUID
}

func newShop(t testing.TB, k *testkit.Kit, ctx context.Context, variants, locations int) *shop {
	t.Helper()
	s := &shop{Service: &stock.Service{Store: k.Store}, kit: k, ctx: ctx}
	in := catalog.UpsertInput{Handle: commerce.Some("hat"), Title: commerce.Some("Hat")}
	for i := range variants {
		in.Variants = append(in.Variants, catalog.VariantInput{SKU: commerce.Some(fmt.Sprint("HAT-", i)),
			SelectedOptions: commerce.Some([]commerce.Option{{Name: "Size", Value: fmt.Sprint(i)}})})
		in.Options = commerce.Some([]commerce.OptionSet{{Name: "Size", Values: append([]string{}, sizes(i+1)...)}})
	}
	p, err := (&catalog.Service{Store: k.Store}).Upsert(ctx, in)
	require.NoError(t, err)
	s.product = p.Product.ID
	for i := range variants {
		v, err := catalog.FindVariant(ctx, k.Store.Ent, commerce.VariantRef{SKU: fmt.Sprint("HAT-", i)})
		require.NoError(t, err)
		s.variants = append(s.variants, v.ID)
	}
	for i := range locations {
		l, err := s.LocationUpsert(ctx, stock.LocationInput{Code: commerce.Some(fmt.Sprint("L-", i))})
		require.NoError(t, err)
		s.locations = append(s.locations, l.Location.ID)
	}
	return s
}

func sizes(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

func (s *shop) place(variant, location int) stock.Place {
	return stock.Place{Variant: s.variants[variant], Location: s.locations[location]}
}

// move is Move in a transaction of its own.
func (s *shop) move(movements ...stock.Movement) ([]stock.Level, error) {
	return events.Do(s.ctx, s.Store, func(tx *events.Tx) ([]stock.Level, error) { return stock.Move(s.ctx, tx, movements) })
}

// keep writes down a reservation, as whoever reserves does beside the movement.
func (s *shop) keep(t testing.TB, p stock.Place, quantity int64) {
	t.Helper()
	id, brand, now := commerce.NewUUID(), auth.From(s.ctx).Brand, s.Store.Instant()
	_, err := s.Store.DB.Write().Exec(s.ctx, `INSERT INTO reservations (id, brand_id, version, created_at, updated_at, state, expires_at, holder)
		VALUES (?, ?, 1, ?, ?, 'ACTIVE', ?, 'tester')`, id, brand, now, now, now.Add(time.Hour))
	require.NoError(t, err)
	_, err = s.Store.DB.Write().Exec(s.ctx, "INSERT INTO reservation_lines (id, brand_id, reservation_id, variant_id, location_id, quantity) VALUES (?, ?, ?, ?, ?, ?)",
		commerce.NewUUID(), brand, id, p.Variant, p.Location, quantity)
	require.NoError(t, err)
}

func (s *shop) adjust(key string, delta int64) stock.AdjustInput {
	return stock.AdjustInput{Key: key, Variant: commerce.VariantRef{SKU: "HAT-0"}, Location: commerce.LocationRef{Code: "L-0"}, Delta: delta, Reason: "found"}
}

func (s *shop) set(key string, onHand int64) stock.SetInput {
	return stock.SetInput{Key: key, Variant: commerce.VariantRef{SKU: "HAT-0"}, Location: commerce.LocationRef{Code: "L-0"}, OnHand: onHand, Reason: "count"}
}

// level is that of HAT-0 at L-0.
func (s *shop) level(t testing.TB) *ent.StockLevel {
	t.Helper()
	var found *ent.StockLevel
	for _, l := range s.levels(t) {
		if l.VariantID == s.variants[0] && l.LocationID == s.locations[0] {
			found = l
		}
	}
	return found
}

func (s *shop) levels(t testing.TB) []*ent.StockLevel {
	t.Helper()
	all, err := s.Store.Ent.StockLevel.Query().All(s.ctx)
	require.NoError(t, err)
	return all
}

// sums checks that every level is the sum of its movements and keeps its bounds, and that facts tell of every version.
func (s *shop) sums(t require.TestingT) {
	wrong, err := s.Store.DB.Read().Query(s.ctx, `SELECT l.id FROM stock_levels l WHERE l.reserved < 0 OR l.reserved > l.on_hand
		OR l.on_hand <> (SELECT COALESCE(SUM(m.on_hand_delta), 0) FROM stock_movements m WHERE m.variant_id = l.variant_id AND m.location_id = l.location_id)
		OR l.reserved <> (SELECT COALESCE(SUM(m.reserved_delta), 0) FROM stock_movements m WHERE m.variant_id = l.variant_id AND m.location_id = l.location_id)
		OR l.incoming <> (SELECT COALESCE(SUM(m.incoming_delta), 0) FROM stock_movements m WHERE m.variant_id = l.variant_id AND m.location_id = l.location_id)
		OR l.damaged <> (SELECT COALESCE(SUM(m.damaged_delta), 0) FROM stock_movements m WHERE m.variant_id = l.variant_id AND m.location_id = l.location_id)
		OR l.version <> (SELECT COUNT(*) FROM events e WHERE e.aggregate_id = l.id) OR l.version <> (SELECT COALESCE(MAX(e.sequence), 0) FROM events e WHERE e.aggregate_id = l.id)`)
	require.NoError(t, err)
	defer wrong.Close()
	require.False(t, wrong.Next(), "a level is not the sum of its movements")
	require.NoError(t, wrong.Err())
}

// flag checks that the product's flag says whether the pool can give any variant, judged here by arithmetic of our own.
func (s *shop) flag(t require.TestingT) {
	levels, err := s.Store.Ent.StockLevel.Query().All(s.ctx)
	require.NoError(t, err)
	locations, err := s.Store.Ent.Location.Query().All(s.ctx)
	require.NoError(t, err)
	gives := map[commerce.UUID]int64{} // how many percent of what is stale
	for _, l := range locations {
		if l.Active && l.ShipFrom && (l.Ownership == "OWN" || l.Lent) {
			gives[l.ID] = int64(l.StalePercent)
		} else {
			gives[l.ID] = -1
		}
	}
	want := false
	for _, l := range levels {
		part := int64(100)
		if l.Stale {
			part = gives[l.LocationID]
		}
		want = want || (gives[l.LocationID] >= 0 && (l.OnHand-l.Reserved-l.SafetyStock)*part >= 100)
	}
	p, err := s.Store.Ent.Product.Get(s.ctx, s.product)
	require.NoError(t, err)
	require.Equal(t, want, p.InStock, "the in-stock flag")
}

func TestStockIsAdjusted(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 1, 1)
		in := s.adjust("a", 5)
		in.Reference = commerce.Reference{System: "erp", Value: "7"}
		first, replayed, err := s.Adjust(k.Ctx, in)
		require.NoError(t, err)
		require.False(t, replayed)
		require.EqualValues(t, 5, s.level(t).OnHand)
		require.Equal(t, s.level(t).ID, first.Level)
		m, err := k.Store.Ent.StockMovement.Get(k.Ctx, first.Movement)
		require.NoError(t, err)
		require.Equal(t, []any{"ADJUST", int64(5), int64(0), "found", "erp", "7", "tester", "request:req-test"},
			[]any{m.Kind, m.OnHandDelta, m.ReservedDelta, m.Reason, m.ReferenceSystem, m.ReferenceValue, m.Actor, m.Cause})

		again, replayed, err := s.Adjust(k.Ctx, in)
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, first, again)
		_, _, err = s.Adjust(k.Ctx, s.adjust("a", 6))
		testkit.Refused(t, err, commerce.IdempotencyMismatch, "idempotencyKey")
		require.EqualValues(t, 5, s.level(t).OnHand)

		_, err = s.move(stock.Movement{Place: s.place(0, 0), Kind: stock.Reserve, Reserved: 3})
		require.NoError(t, err)
		_, _, err = s.Adjust(k.Ctx, s.adjust("b", -3))
		require.Equal(t, commerce.Shortage{Available: 2}, testkit.Refused(t, err, commerce.InsufficientStock, "delta").Details)
		_, _, err = s.Adjust(k.Ctx, s.adjust("b", -2))
		require.NoError(t, err, "a refusal binds no key")
		require.EqualValues(t, 3, s.level(t).OnHand)
		require.EqualValues(t, 3, s.level(t).Version)

		_, _, err = s.Adjust(k.Ctx, s.adjust("c", commerce.MaxQuantity))
		testkit.Refused(t, err, commerce.InvalidInput, "delta")
		require.EqualValues(t, 3, s.level(t).OnHand)
		s.sums(t)
	})
}

// mend changes what is on hand and what lies damaged of HAT-0 at L-0.
func (s *shop) mend(key string, delta, damaged int64) stock.AdjustInput {
	in := s.adjust(key, delta)
	in.Damaged = damaged
	return in
}

func TestWhatIsDamagedIsScrappedOrRepaired(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 1, 1)
		_, _, err := s.Adjust(k.Ctx, s.mend("none", 0, -1))
		require.Equal(t, commerce.Shortage{Available: 0}, testkit.Refused(t, err, commerce.InsufficientStock, "damagedDelta").Details)
		require.Empty(t, s.levels(t))
		_, err = s.move(stock.Movement{Place: s.place(0, 0), Kind: stock.Receive, OnHand: 5}, stock.Movement{Place: s.place(0, 0), Kind: stock.Reserve, Reserved: 3})
		require.NoError(t, err)
		stands := func(onHand, damaged, version int64) {
			t.Helper()
			l := s.level(t)
			require.Equal(t, []int64{onHand, damaged, version}, []int64{l.OnHand, l.Damaged, l.Version})
		}
		found, _, err := s.Adjust(k.Ctx, s.mend("broken", -2, 4))
		require.NoError(t, err)
		stands(3, 4, 2)
		again, replayed, err := s.Adjust(k.Ctx, s.mend("broken", -2, 4))
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, found, again)
		_, _, err = s.Adjust(k.Ctx, s.mend("broken", -2, 3))
		testkit.Refused(t, err, commerce.IdempotencyMismatch, "idempotencyKey")
		stands(3, 4, 2)

		_, _, err = s.Adjust(k.Ctx, s.mend("scrap", 0, -5))
		require.Equal(t, commerce.Shortage{Available: 4}, testkit.Refused(t, err, commerce.InsufficientStock, "damagedDelta").Details)
		scrapped, _, err := s.Adjust(k.Ctx, s.mend("scrap", 0, -3))
		require.NoError(t, err, "a refusal binds no key")
		stands(3, 1, 3)
		m, err := k.Store.Ent.StockMovement.Get(k.Ctx, scrapped.Movement)
		require.NoError(t, err)
		require.Equal(t, []any{"ADJUST", int64(0), int64(0), int64(0), int64(-3)}, []any{m.Kind, m.OnHandDelta, m.ReservedDelta, m.IncomingDelta, m.DamagedDelta})
		require.Equal(t, 1, k.Count(t, "events", "aggregate_id = ? AND sequence = 3", s.level(t).ID), "scrapping is told like what else changes a level")

		for name, c := range map[string]struct {
			delta, damaged int64
			want           []string
		}{
			"what is reserved":     {-1, 1, []string{"INSUFFICIENT_STOCK delta"}},
			"both":                 {-1, -2, []string{"INSUFFICIENT_STOCK delta", "INSUFFICIENT_STOCK damagedDelta"}},
			"too many":             {1, commerce.MaxQuantity, []string{"INVALID_INPUT damagedDelta"}},
			"too many of both":     {commerce.MaxQuantity, commerce.MaxQuantity, []string{"INVALID_INPUT delta", "INVALID_INPUT damagedDelta"}},
			"no quantity":          {1, commerce.MaxQuantity + 1, []string{"INVALID_INPUT damagedDelta"}},
			"no quantity below":    {0, -1 << 63, []string{"INVALID_INPUT damagedDelta"}},
			"a delta of nothing":   {0, 0, []string{"INVALID_INPUT delta"}},
			"a delta that is none": {1 << 31, 1, []string{"INVALID_INPUT delta"}},
		} {
			_, _, err := s.Adjust(k.Ctx, s.mend(name, c.delta, c.damaged))
			require.Equal(t, c.want, testkit.Said(err), name)
		}
		stands(3, 1, 3)
		_, _, err = s.Adjust(k.Ctx, s.mend("repaired", 1, -1))
		require.NoError(t, err)
		stands(4, 0, 4)
		s.sums(t)
		s.flag(t)
	})
}

// Keys are kept for a day: a server that learns of damaged must know the calls of the one before it.
func TestAnAdjustmentWithoutDamagedIsTheInputThatItWas(t *testing.T) {
	text, err := json.Marshal(stock.AdjustInput{Key: "k", Delta: 1, Reason: "found"})
	require.NoError(t, err)
	require.NotContains(t, string(text), "Damaged")
}

func TestAdjustmentsThatMakeNoSenseAreRefused(t *testing.T) { // MQ-01
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 1, 2)
		other := newShop(t, k, k.OtherCtx, 1, 1)
		narrow := k.At(s.locations[1])
		for name, c := range map[string]struct {
			ctx    context.Context
			change func(*stock.AdjustInput)
			want   []string
		}{
			"zero":               {k.Ctx, func(in *stock.AdjustInput) { in.Delta = 0 }, []string{"INVALID_INPUT delta"}},
			"huge":               {k.Ctx, func(in *stock.AdjustInput) { in.Delta = commerce.MaxQuantity + 1 }, []string{"INVALID_INPUT delta"}},
			"2^31":               {k.Ctx, func(in *stock.AdjustInput) { in.Delta = 1 << 31 }, []string{"INVALID_INPUT delta"}},
			"the least":          {k.Ctx, func(in *stock.AdjustInput) { in.Delta = -1 << 63 }, []string{"INVALID_INPUT delta"}},
			"below nothing":      {k.Ctx, func(in *stock.AdjustInput) { in.Delta = -1 }, []string{"INSUFFICIENT_STOCK delta"}},
			"no reason":          {k.Ctx, func(in *stock.AdjustInput) { in.Reason = " " }, []string{"INVALID_INPUT reason"}},
			"half a reference":   {k.Ctx, func(in *stock.AdjustInput) { in.Reference.System = "erp" }, []string{"INVALID_INPUT reference.value"}},
			"unknown variant":    {k.Ctx, func(in *stock.AdjustInput) { in.Variant.SKU = "CAP" }, []string{"NOT_FOUND variant"}},
			"nothing known":      {k.Ctx, func(in *stock.AdjustInput) { in.Variant.SKU, in.Location.Code = "CAP", "X" }, []string{"NOT_FOUND variant", "NOT_FOUND location"}},
			"foreign variant":    {k.Ctx, func(in *stock.AdjustInput) { in.Variant.ID = &other.variants[0] }, []string{"NOT_FOUND variant"}},
			"foreign location":   {k.Ctx, func(in *stock.AdjustInput) { in.Location.ID = &other.locations[0] }, []string{"NOT_FOUND location"}},
			"made-up id":         {k.Ctx, func(in *stock.AdjustInput) { in.Variant.ID = &commerce.UUID{} }, []string{"NOT_FOUND variant"}},
			"outside narrowing":  {narrow, func(*stock.AdjustInput) {}, []string{"NOT_FOUND location"}},
			"nothing seen":       {k.At(), func(*stock.AdjustInput) {}, []string{"NOT_FOUND location"}},
			"without scope":      {k.Without(auth.StockWrite), func(*stock.AdjustInput) {}, []string{"FORBIDDEN"}},
			"without a token":    {context.Background(), func(*stock.AdjustInput) {}, []string{"UNAUTHENTICATED"}},
			"no key":             {k.Ctx, func(in *stock.AdjustInput) { in.Key = "" }, []string{"INVALID_INPUT idempotencyKey"}},
			"unprintable key":    {k.Ctx, func(in *stock.AdjustInput) { in.Key = "a\nb" }, []string{"INVALID_INPUT idempotencyKey"}},
			"a foreign brand's":  {k.OtherCtx, func(in *stock.AdjustInput) { in.Location.ID = &s.locations[0] }, []string{"NOT_FOUND location"}},
			"several at a time":  {k.Ctx, func(in *stock.AdjustInput) { in.Delta, in.Reason = 0, "" }, []string{"INVALID_INPUT reason", "INVALID_INPUT delta"}},
			"an injected string": {k.Ctx, func(in *stock.AdjustInput) { in.Variant.SKU = "' OR 1=1 --" }, []string{"NOT_FOUND variant"}},
		} {
			in := s.adjust(name, 1)
			c.change(&in)
			_, _, err := s.Adjust(c.ctx, in)
			require.Equal(t, c.want, testkit.Said(err), name)
		}
		require.Zero(t, k.Count(t, "stock_movements", ""))
		require.Zero(t, k.Count(t, "idempotency_keys", ""))
		in := s.adjust("here", 1)
		in.Location.Code = "L-1"
		_, _, err := s.Adjust(narrow, in)
		require.NoError(t, err, "where it may")
	})
}

func TestStockIsSet(t *testing.T) { // CC-04
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 1, 1)
		set := func(key string, onHand int64, change func(*stock.SetInput)) error {
			in := s.set(key, onHand)
			if change != nil {
				change(&in)
			}
			_, _, err := s.Set(k.Ctx, in)
			return err
		}
		require.NoError(t, set("1", 10, nil))
		require.EqualValues(t, 1, s.level(t).Version)
		require.NoError(t, set("2", 10, nil), "the same count again")
		require.EqualValues(t, 1, s.level(t).Version)

		err := set("3", 7, func(in *stock.SetInput) { in.Expected = commerce.Some[int64](9) })
		require.Equal(t, commerce.StockMismatch{Actual: 10}, testkit.Refused(t, err, commerce.StockConflict, "expectedOnHand").Details)
		require.NoError(t, set("3", 7, func(in *stock.SetInput) { in.Expected = commerce.Some[int64](10) }))
		require.NoError(t, set("4", 8, func(in *stock.SetInput) { in.Expected = commerce.Null[int64]() }))

		require.NoError(t, set("5", 8, func(in *stock.SetInput) { in.Safety = commerce.Some[int64](8) }))
		require.EqualValues(t, 8, s.level(t).SafetyStock)
		s.flag(t)
		require.NoError(t, set("6", 9, nil))
		require.EqualValues(t, 8, s.level(t).SafetyStock, "absent keeps it")
		s.flag(t)
		_, err = s.move(stock.Movement{Place: s.place(0, 0), Kind: stock.Reserve, Reserved: 2})
		require.ErrorIs(t, err, stock.ErrShort, "safety stock is not promised")
		require.NoError(t, set("7", 9, func(in *stock.SetInput) { in.Safety = commerce.Null[int64]() }))
		require.Zero(t, s.level(t).SafetyStock)

		_, err = s.move(stock.Movement{Place: s.place(0, 0), Kind: stock.Reserve, Reserved: 5})
		require.NoError(t, err)
		err = set("8", 4, nil)
		require.Equal(t, commerce.Shortage{Available: 4}, testkit.Refused(t, err, commerce.InsufficientStock, "onHand").Details)
		require.NoError(t, set("8", 5, nil))
		s.flag(t)
		require.NoError(t, set("9", commerce.MaxQuantity, nil))
		for name, change := range map[string]func(*stock.SetInput){
			"onHand":         func(in *stock.SetInput) { in.OnHand = -1 },
			"expectedOnHand": func(in *stock.SetInput) { in.Expected = commerce.Some[int64](-1) },
			"safetyStock":    func(in *stock.SetInput) { in.Safety = commerce.Some[int64](commerce.MaxQuantity + 1) },
			"reason":         func(in *stock.SetInput) { in.Reason = "" },
		} {
			testkit.Refused(t, set("bad"+name, 1, change), commerce.InvalidInput, name)
		}
		testkit.Refused(t, set("9", 1, nil), commerce.IdempotencyMismatch, "idempotencyKey")
		_, _, err = s.Set(k.Without(auth.StockWrite), s.set("x", 1))
		testkit.Refused(t, err, commerce.Forbidden, "")
		_, _, err = s.Set(k.At(), s.set("x", 1))
		testkit.Refused(t, err, commerce.NotFound, "location")
		_, _, err = s.Set(k.OtherCtx, s.set("x", 1))
		require.Equal(t, []string{"NOT_FOUND variant", "NOT_FOUND location"}, testkit.Said(err))
		s.sums(t)
	})
}

func TestOfTwoWhoCountFromTheSameFigureOneIsTold(t *testing.T) { // CC-04
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 1, 1)
		errs := make([]error, 12)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				in := s.set(fmt.Sprint(i), int64(i+1))
				in.Expected = commerce.Some[int64](0)
				_, _, errs[i] = s.Set(k.Ctx, in)
			})
		}
		all.Wait()
		won := 0
		for i, err := range errs {
			if err == nil {
				won++
				require.EqualValues(t, i+1, s.level(t).OnHand)
			} else {
				testkit.Refused(t, err, commerce.StockConflict, "expectedOnHand")
			}
		}
		require.Equal(t, 1, won)
		s.sums(t)
	})
}

func TestTheSameAdjustmentAtOnceHappensOnce(t *testing.T) { // ID-01, ID-04
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 1, 1)
		answers := make([]stock.AdjustedLevel, 16)
		fresh := make([]bool, 16)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				a, replayed, err := s.Adjust(k.Ctx, s.adjust("once", 3))
				if err != nil {
					t.Error(err)
				}
				answers[i], fresh[i] = a, !replayed
			})
		}
		all.Wait()
		made := 0
		for i := range answers {
			require.Equal(t, answers[0], answers[i])
			if fresh[i] {
				made++
			}
		}
		require.Equal(t, 1, made)
		require.EqualValues(t, 3, s.level(t).OnHand)
		s.sums(t)
	})
}

func TestAKeyBelongsToBrandCallerAndOperation(t *testing.T) { // ID-02, TN-05
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s, other := newShop(t, k, k.Ctx, 1, 1), newShop(t, k, k.OtherCtx, 1, 1)
		_, _, err := s.Adjust(k.Ctx, s.adjust("key", 1))
		require.NoError(t, err)
		_, replayed, err := other.Adjust(k.OtherCtx, s.adjust("key", 1))
		require.NoError(t, err)
		require.False(t, replayed)
		another := k.Viewer(auth.Scopes()...)
		another.Subject = "somebody else"
		_, replayed, err = s.Adjust(k.With(another), s.adjust("key", 2))
		require.NoError(t, err)
		require.False(t, replayed)
		_, replayed, err = s.Set(k.Ctx, s.set("key", 9))
		require.NoError(t, err)
		require.False(t, replayed)
		require.EqualValues(t, 9, s.level(t).OnHand)
	})
}
