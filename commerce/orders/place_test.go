package orders_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/members"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func cny(amount int64) *commerce.Money { return &commerce.Money{Amount: amount, Currency: "CNY"} }

func TestAnOrderIsPlaced(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 5)
		s.put(t, "CAP", "WH", 5)
		m, err := (&members.Service{Store: k.Store}).Upsert(k.Ctx, members.UpsertInput{Name: commerce.Some("李雷"), Phone: commerce.Some("+8613800000001")})
		require.NoError(t, err)
		in := s.input(want("HAT", 2), want("cap", 1))
		at := k.Store.Instant().Add(-time.Hour)
		in.External, in.Member, in.Shipping, in.ExpectedTotal = &commerce.Reference{System: " web ", Value: "W-1"}, &commerce.MemberRef{ID: &m.Member.ID}, cny(800), cny(23850)
		in.Payments = []orders.PaymentInput{{Method: "CARD", Amount: *cny(3850), Reference: "x"}}
		in.Address, in.Note, in.PlacedAt = commerce.Address{City: "上海市", Line1: " 1 "}, "ring\r\ntwice", &at
		p, replayed, err := s.Place(k.Ctx, in)
		require.NoError(t, err)
		require.False(t, replayed)
		o := s.order(t, p.Order)
		require.Equal(t, []any{"OPEN", "PARTIALLY_PAID", "UNFULFILLED", int64(23050), int64(0), int64(800), int64(23850), int64(3850), int64(1), at},
			[]any{o.State, o.PaymentState, o.FulfillmentState, o.Subtotal, o.Discount, o.Shipping, o.Total, o.Paid, o.Version, o.PlacedAt})
		require.Equal(t, "ring\ntwice", o.Note)
		require.Equal(t, " web ", in.External.System, "what the caller gave stays as it is")
		require.Equal(t, "web", *o.ExternalSystem)
		require.Equal(t, "1", o.Address.Line1)
		require.Equal(t, m.Member.ID, *o.MemberID)
		require.Regexp(t, `^260131-[0-9A-HJKMNP-TV-Z]{7}$`, o.Number)
		require.Equal(t, []string{"WH HAT 2", "WH CAP 1"}, s.promised(t, p.Order))
		lines := s.lines(t, p.Order)
		require.Equal(t, []any{"CAP", "Wear – cap", int64(3050), int64(3050)}, []any{lines[1].Sku, lines[1].Title, lines[1].UnitPrice, lines[1].Total})

		again, replayed, err := s.Place(k.Ctx, in)
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, p, again)
		in.Note = "another"
		_, _, err = s.Place(k.Ctx, in)
		testkit.Refused(t, err, commerce.IdempotencyMismatch, "idempotencyKey")
		in.Key = fresh()
		_, _, err = s.Place(k.Ctx, in)
		require.Equal(t, commerce.Existing{ID: commerce.ID{Kind: commerce.OrderID, UUID: p.Order}}, testkit.Refused(t, err, commerce.AlreadyExists, "externalRef").Details)
		s.open(t, "second", "CNY")
		in.Channel.Code = "second"
		_, _, err = s.Place(k.Ctx, in)
		require.NoError(t, err, "another channel counts its own")

		for _, ref := range []commerce.OrderRef{{ID: &p.Order}, {Number: o.Number}} {
			found, err := orders.Find(k.Ctx, k.Store.Ent, ref)
			require.NoError(t, err)
			require.Equal(t, p.Order, found.ID)
			found, err = orders.Find(k.OtherCtx, k.Store.Ent, ref)
			require.NoError(t, err)
			require.Nil(t, found)
		}
		s.sums(t)
	})
}

func TestOrdersThatCannotBePlaced(t *testing.T) { // MQ-01, MQ-02, MQ-04, TN-02
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s, other := newShop(t, k, k.Ctx), newShop(t, k, k.OtherCtx)
		s.put(t, "HAT", "WH", 5)
		s.put(t, "CAP", "WH", commerce.MaxQuantity)
		s.put(t, "BAG", "WH", 5)
		plain := k.Without(auth.PricesWrite)
		future := k.Store.Instant().Add(time.Microsecond)
		theirs, err := (&members.Service{Store: k.Store}).Upsert(k.OtherCtx, members.UpsertInput{Name: commerce.Some("Ana")})
		require.NoError(t, err)
		many := func(n int) []orders.LineInput {
			out := make([]orders.LineInput, n)
			for i := range out {
				out[i] = want("HAT", 1)
			}
			return out
		}
		at := func(sku string, n int64, price *commerce.Money) []orders.LineInput {
			l := want(sku, n)
			l.UnitPrice = price
			return []orders.LineInput{l}
		}
		for name, c := range map[string]struct {
			ctx    context.Context
			change func(*orders.PlaceInput)
			want   []string
		}{
			"no lines":               {k.Ctx, func(in *orders.PlaceInput) { in.Lines = nil }, []string{"INVALID_INPUT lines"}},
			"251 lines":              {k.Ctx, func(in *orders.PlaceInput) { in.Lines = many(251) }, []string{"INVALID_INPUT lines"}},
			"quantity 0":             {k.Ctx, func(in *orders.PlaceInput) { in.Lines[0].Quantity = 0 }, []string{"INVALID_INPUT lines.0.quantity"}},
			"quantity −1":            {k.Ctx, func(in *orders.PlaceInput) { in.Lines[0].Quantity = -1 }, []string{"INVALID_INPUT lines.0.quantity"}},
			"quantity 2^63−1":        {k.Ctx, func(in *orders.PlaceInput) { in.Lines[0].Quantity = 1<<63 - 1 }, []string{"INVALID_INPUT lines.0.quantity"}},
			"a sum too large":        {k.Ctx, func(in *orders.PlaceInput) { in.Lines = at("CAP", commerce.MaxQuantity, cny(commerce.MaxAmount)) }, []string{"INVALID_INPUT lines.0.quantity"}},
			"a total too large":      {k.Ctx, func(in *orders.PlaceInput) { in.Lines = at("CAP", 1, cny(commerce.MaxAmount)); in.Shipping = cny(1) }, []string{"INVALID_INPUT lines"}},
			"a negative price":       {k.Ctx, func(in *orders.PlaceInput) { in.Lines = at("CAP", 1, cny(-1)) }, []string{"INVALID_INPUT lines.0.unitPrice.amount"}},
			"negative shipping":      {k.Ctx, func(in *orders.PlaceInput) { in.Shipping = cny(-1) }, []string{"INVALID_INPUT shipping.amount"}},
			"another price":          {plain, func(in *orders.PlaceInput) { in.Lines = at("HAT", 1, cny(9999)) }, []string{"PRICE_CHANGED lines.0.unitPrice"}},
			"no price":               {plain, func(in *orders.PlaceInput) { in.Lines = []orders.LineInput{want("BAG", 1)} }, []string{"INVALID_INPUT lines.0.variant"}},
			"no price, one said":     {plain, func(in *orders.PlaceInput) { in.Lines = at("BAG", 1, cny(1)) }, []string{"INVALID_INPUT lines.0.variant"}},
			"no price, may say one":  {k.Ctx, func(in *orders.PlaceInput) { in.Lines = []orders.LineInput{want("BAG", 1)} }, []string{"INVALID_INPUT lines.0.variant"}},
			"price in another money": {k.Ctx, func(in *orders.PlaceInput) { in.Lines = at("HAT", 1, &commerce.Money{Amount: 10000, Currency: "JPY"}) }, []string{"INVALID_INPUT lines.0.unitPrice.currency"}},
			"shipping in another":    {k.Ctx, func(in *orders.PlaceInput) { in.Shipping = &commerce.Money{Amount: 1, Currency: "USD"} }, []string{"INVALID_INPUT shipping.currency"}},
			"expected in another":    {k.Ctx, func(in *orders.PlaceInput) { in.ExpectedTotal = &commerce.Money{Amount: 10000, Currency: "USD"} }, []string{"INVALID_INPUT expectedTotal.currency"}},
			"another total":          {k.Ctx, func(in *orders.PlaceInput) { in.ExpectedTotal = cny(9999) }, []string{"PRICE_CHANGED expectedTotal"}},
			"paid too much": {k.Ctx, func(in *orders.PlaceInput) {
				in.Payments = []orders.PaymentInput{{Method: "A", Amount: *cny(9999)}, {Method: "B", Amount: *cny(2)}}
			}, []string{"INVALID_INPUT payments.1.amount"}},
			"paid nothing":          {k.Ctx, func(in *orders.PlaceInput) { in.Payments = []orders.PaymentInput{{Method: "A", Amount: *cny(0)}} }, []string{"INVALID_INPUT payments.0.amount.amount"}},
			"paid without a method": {k.Ctx, func(in *orders.PlaceInput) { in.Payments = []orders.PaymentInput{{Amount: *cny(1)}} }, []string{"INVALID_INPUT payments.0.method"}},
			"paid in another money": {k.Ctx, func(in *orders.PlaceInput) {
				in.Payments = []orders.PaymentInput{{Method: "A", Amount: commerce.Money{Amount: 1, Currency: "USD"}}}
			}, []string{"INVALID_INPUT payments.0.amount.currency"}},
			"in the future":    {k.Ctx, func(in *orders.PlaceInput) { in.PlacedAt = &future }, []string{"INVALID_INPUT placedAt"}},
			"a long address":   {k.Ctx, func(in *orders.PlaceInput) { in.Address.Line1, in.Address.City = strings.Repeat("x", 201), "\x00" }, []string{"INVALID_INPUT delivery.ship.address.city", "INVALID_INPUT delivery.ship.address.line1"}},
			"half a reference": {k.Ctx, func(in *orders.PlaceInput) { in.External = &commerce.Reference{System: "web"} }, []string{"INVALID_INPUT externalRef.value"}},
			"unknown variant":  {k.Ctx, func(in *orders.PlaceInput) { in.Lines = append(in.Lines, want("NONE", 1)) }, []string{"NOT_FOUND lines.1.variant"}},
			"foreign variant":  {k.Ctx, func(in *orders.PlaceInput) { in.Lines[0].Variant = commerce.VariantRef{ID: &other.hat.ID} }, []string{"NOT_FOUND lines.0.variant"}},
			"unknown channel":  {k.Ctx, func(in *orders.PlaceInput) { in.Channel.Code = "none" }, []string{"NOT_FOUND channel"}},
			"foreign channel":  {k.Ctx, func(in *orders.PlaceInput) { in.Channel = commerce.ChannelRef{ID: &other.channel.ID} }, []string{"NOT_FOUND channel"}},
			"unseen channel":   {k.On(), func(*orders.PlaceInput) {}, []string{"NOT_FOUND channel"}},
			"foreign member":   {k.Ctx, func(in *orders.PlaceInput) { in.Member = &commerce.MemberRef{ID: &theirs.Member.ID} }, []string{"NOT_FOUND member"}},
			"unknown member and line": {k.Ctx, func(in *orders.PlaceInput) {
				in.Member, in.Lines[0].Variant.SKU = &commerce.MemberRef{ID: &commerce.UUID{}}, "X"
			}, []string{"NOT_FOUND member", "NOT_FOUND lines.0.variant"}},
			"too many": {k.Ctx, func(in *orders.PlaceInput) { in.Lines[0].Quantity = 6 }, []string{"INSUFFICIENT_STOCK lines.0.quantity"}},
			"too many over two lines": {k.Ctx, func(in *orders.PlaceInput) {
				in.Lines = []orders.LineInput{want("CAP", 1), want("HAT", 3), want("HAT", 3)}
			}, []string{"INSUFFICIENT_STOCK lines.1.quantity"}},
			"where nothing is": {k.At(s.st.ID), func(*orders.PlaceInput) {}, []string{"INSUFFICIENT_STOCK lines.0.quantity"}},
			"without scope":    {k.Without(auth.OrdersWrite), func(*orders.PlaceInput) {}, []string{"FORBIDDEN"}},
			"without a key":    {k.Ctx, func(in *orders.PlaceInput) { in.Key = "" }, []string{"INVALID_INPUT idempotencyKey"}},
		} {
			in := s.input(want("HAT", 1))
			c.change(&in)
			_, _, err := s.Place(c.ctx, in)
			require.Equal(t, c.want, testkit.Said(err), name)
		}
		for _, table := range []string{"orders", "order_lines", "allocations", "fulfillment_orders", "payments", "order_entries"} {
			require.Zero(t, k.Count(t, table, ""), table)
		}
		require.Zero(t, k.Count(t, "idempotency_keys", "operation = 'orderPlace'"))
		_, reserved := s.level(t, s.hat)
		require.Zero(t, reserved)
	})
}

func TestPrices(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 99)
		s.put(t, "BAG", "WH", 9)
		plain := k.Without(auth.PricesWrite)
		order := func(ctx context.Context, sku string, price *commerce.Money) int64 {
			in := s.input(want(sku, 2))
			in.Lines[0].UnitPrice = price
			p, _, err := s.Place(ctx, in)
			require.NoError(t, err)
			return s.order(t, p.Order).Total
		}
		require.EqualValues(t, 20000, order(plain, "HAT", nil))
		require.EqualValues(t, 20000, order(plain, "HAT", cny(10000)))
		require.EqualValues(t, 198, order(k.Ctx, "HAT", cny(99)), "prices:write says what it costs")
		require.EqualValues(t, 14, order(k.Ctx, "BAG", cny(7)))
		_, err := (&catalog.Service{Store: k.Store}).PriceSet(k.Ctx, catalog.PriceInput{
			Variant: commerce.VariantRef{SKU: "HAT"}, Channel: &commerce.ChannelRef{Code: "shop"}, Amount: *cny(8000),
		})
		require.NoError(t, err)
		require.EqualValues(t, 16000, order(plain, "HAT", nil), "the channel's own price")
		in := s.input(want("HAT", 1))
		in.Lines[0].UnitPrice = cny(10000)
		_, _, err = s.Place(plain, in)
		require.Equal(t, commerce.PriceMismatch{Expected: *cny(10000), Actual: *cny(8000)}, testkit.Refused(t, err, commerce.PriceChanged, "lines.0.unitPrice").Details)
		free := order(k.Ctx, "HAT", cny(0))
		require.Zero(t, free)
		require.Equal(t, 1, k.Count(t, "orders", "total = 0 AND payment_state = 'PAID' AND paid_at > 0"))
	})
}

// What is checked and what is reserved is one plan, in which the demand of all lines is summed.
func TestStockIsPromisedWhereThePlanSays(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 2)
		s.put(t, "HAT", "ST", 5)
		require.Equal(t, []string{"WH HAT 2"}, s.promised(t, s.placed(t, want("HAT", 2))), "the lower priority first")
		split := s.placed(t, want("HAT", 1), want("HAT", 3))
		require.Equal(t, []string{"ST HAT 1", "ST HAT 3"}, s.promised(t, split), "two lines of one variant")
		s.put(t, "HAT", "WH", 4)
		across := s.placed(t, want("HAT", 1), want("HAT", 2))
		require.Equal(t, []string{"WH HAT 1", "WH HAT 1", "ST HAT 1"}, s.promised(t, across))
		require.Len(t, s.work(t, across), 2)
		_, _, err := s.Place(k.Ctx, s.input(want("HAT", 1)))
		require.Equal(t, commerce.Shortage{Available: 0}, testkit.Refused(t, err, commerce.InsufficientStock, "lines.0.quantity").Details)

		s.put(t, "CAP", "ST", 9)
		s.put(t, "CAP", "WH", 9)
		for _, code := range []string{"B", "a", "Ä"} { // ties by code, bytewise on both engines
			s.location(t, code, 0)
			s.put(t, "CAP", code, 1)
		}
		for _, code := range []string{"B", "a", "Ä"} {
			id := s.placed(t, want("CAP", 1))
			l, err := k.Store.Ent.Location.Get(k.Ctx, s.work(t, id)[0].LocationID)
			require.NoError(t, err)
			require.Equal(t, code, l.Code)
		}
		_, err = s.stock.LocationUpsert(k.Ctx, stock.LocationInput{Code: commerce.Some("WH"), ShipFrom: commerce.Some(false)})
		require.NoError(t, err)
		require.Equal(t, []string{"ST CAP 1"}, s.promised(t, s.placed(t, want("CAP", 1))), "what left the pool gives nothing")
		p, _, err := s.Place(k.At(s.st.ID), s.input(want("CAP", 2)))
		require.NoError(t, err)
		require.Equal(t, []string{"ST CAP 2"}, s.promised(t, p.Order))
		s.sums(t)
	})
}
