package shoptest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/integrations"
)

var orderTests = map[string]func(*testing.T, Harness){
	"an order is told as it was placed": func(t *testing.T, h Harness) {
		h.seed(t, "TEE-M", 5)
		h.seed(t, "TEE-L", 5)
		placed := h.Remote.Place(t, Purchase{Lines: []PurchaseLine{{"TEE-M", 2}, {"TEE-L", 1}}, Pay: true})
		o := h.lately(t, h.Open(t, nil))[placed.ID]
		require.Equal(t, integrations.ToShip, o.State)
		require.Empty(t, o.Blocked)
		require.NotEmpty(t, o.Buyer)
		require.Len(t, o.Lines, 2)
		var lines int64
		for i, code := range []string{"TEE-M", "TEE-L"} {
			l := o.Lines[i]
			require.Equal(t, code, l.OuterCode)
			require.Equal(t, 2-i, l.Quantity)
			require.Equal(t, int64(12900), l.UnitPrice)
			require.Equal(t, h.unit(t, code).ID, l.ExternalItem)
			require.NotEmpty(t, l.ExternalID)
			require.NotEmpty(t, l.Title)
			require.False(t, l.Closed || l.Shipped)
			lines += l.Total
		}
		require.NotEqual(t, o.Lines[0].ExternalID, o.Lines[1].ExternalID)
		require.Equal(t, o.Total, lines+o.Shipping, "the lines and the postage make the total")
		require.Equal(t, int64(38700), lines)
		require.Equal(t, o.Total, o.Paid)
		require.WithinDuration(t, h.Clock.Now(), o.Placed, time.Second)
		require.WithinDuration(t, h.Clock.Now(), o.PaidAt, time.Second)
		require.WithinDuration(t, h.Clock.Now(), o.Modified, time.Second)
		require.True(t, json.Valid(o.Raw))
	},
	"what happens within a second is never told as older than before": func(t *testing.T, h Harness) {
		h.seed(t, "TEE-M", 5)
		shop := h.Open(t, nil)
		h.Clock.Advance(700 * time.Millisecond)
		placed := h.Remote.Place(t, Purchase{Lines: []PurchaseLine{{"TEE-M", 1}}})
		before := h.lately(t, shop)[placed.ID].Modified
		for _, state := range []string{"PAID", "CLOSED"} {
			h.Clock.Advance(100 * time.Millisecond)
			h.Remote.SetState(t, placed.ID, state)
			now := h.lately(t, shop)[placed.ID].Modified
			require.False(t, now.Before(before), "%s: %v, before %v", state, now, before)
			before = now
		}
	},
	"an order goes from unpaid to paid to closed": func(t *testing.T, h Harness) {
		h.seed(t, "TEE-M", 5)
		shop := h.Open(t, nil)
		placed := h.Remote.Place(t, Purchase{Lines: []PurchaseLine{{"TEE-M", 1}}})
		o := h.lately(t, shop)[placed.ID]
		require.Equal(t, integrations.Unpaid, o.State)
		require.Zero(t, o.Paid)
		require.True(t, o.PaidAt.IsZero())

		h.Clock.Advance(time.Minute)
		h.Remote.SetState(t, placed.ID, "PAID")
		o = h.lately(t, shop)[placed.ID]
		require.Equal(t, integrations.ToShip, o.State)
		require.Equal(t, o.Total, o.Paid)

		h.Clock.Advance(time.Minute)
		h.Remote.SetState(t, placed.ID, "CLOSED")
		o = h.lately(t, shop)[placed.ID]
		require.Equal(t, integrations.Closed, o.State)
		require.Equal(t, 5, h.unit(t, "TEE-M").Quantity)
	},
	"an unpaid order that closes is told closed": func(t *testing.T, h Harness) {
		h.seed(t, "TEE-M", 5)
		placed := h.Remote.Place(t, Purchase{Lines: []PurchaseLine{{"TEE-M", 1}}})
		h.Remote.SetState(t, placed.ID, "CLOSED")
		require.Equal(t, integrations.Closed, h.lately(t, h.Open(t, nil))[placed.ID].State)
	},
	"a state nobody has heard of is kept as unknown": func(t *testing.T, h Harness) {
		h.seed(t, "TEE-M", 5)
		placed := h.Remote.Place(t, bought("TEE-M", 1))
		h.Remote.SetState(t, placed.ID, "WAITING_FOR_THE_MOON")
		o, told := h.lately(t, h.Open(t, nil))[placed.ID]
		require.True(t, told)
		require.Equal(t, integrations.Unknown, o.State)
	},
	"an outer code that is not ours is kept as it is": func(t *testing.T, h Harness) {
		h.seed(t, "someone else's/货号 7", 5)
		placed := h.Remote.Place(t, bought("someone else's/货号 7", 1))
		require.Equal(t, "someone else's/货号 7", h.lately(t, h.Open(t, nil))[placed.ID].Lines[0].OuterCode)
	},
	"a window over many pages tells each order once": func(t *testing.T, h Harness) {
		const many = 130
		h.seed(t, "TEE-M", many)
		since := h.Clock.Now()
		for range many {
			h.Remote.Place(t, bought("TEE-M", 1))
			h.Clock.Advance(time.Second)
		}
		_, times := ordersIn(t, h.Open(t, nil), since, h.Clock.Now())
		require.Len(t, times, many)
		for id, n := range times {
			require.Equal(t, 1, n, id)
		}
	},
	"no order is lost when others arrive and change between pages": func(t *testing.T, h Harness) {
		const many = 130
		h.seed(t, "TEE-M", 2*many)
		since := h.Clock.Now()
		var ids []string
		for range many {
			ids = append(ids, h.Remote.Place(t, bought("TEE-M", 1)).ID)
			h.Clock.Advance(time.Second)
		}
		seen := map[string]bool{}
		batches := 0
		shop, until := h.Open(t, nil), h.Clock.Now()
		require.NoError(t, shop.Orders(t.Context(), since, until, func(batch []integrations.Order) error {
			for _, o := range batch {
				seen[o.ExternalID] = true
			}
			if batches++; batches == 1 {
				for n := range 30 { // some arrive, some that were not read yet move
					h.Clock.Advance(time.Second)
					h.Remote.Place(t, bought("TEE-M", 1))
					h.Remote.SetState(t, ids[many/2+n], "COMPLETED")
				}
			}
			return nil
		}))
		require.Greater(t, batches, 1)
		next, _ := ordersIn(t, shop, until, h.Clock.Now().Add(time.Second))
		require.GreaterOrEqual(t, len(next), 60, "what arrived and what moved is in the window after")
		for _, id := range ids {
			_, later := next[id]
			require.True(t, seen[id] || later, id)
		}
	},
	"neighbouring windows together miss nothing, and what is past is past": func(t *testing.T, h Harness) {
		h.seed(t, "TEE-M", 50)
		start := h.Clock.Now()
		var ids []string
		for range 40 {
			ids = append(ids, h.Remote.Place(t, bought("TEE-M", 1)).ID)
			h.Clock.Advance(1500 * time.Millisecond)
		}
		middle, end := start.Add(30*time.Second), h.Clock.Now().Add(time.Second)
		shop := h.Open(t, nil)
		before, _ := ordersIn(t, shop, start, middle)
		after, _ := ordersIn(t, shop, middle, end)
		for _, id := range ids {
			_, a := before[id]
			_, b := after[id]
			require.True(t, a || b, id)
		}
		require.NotContains(t, after, ids[0])
		require.NotContains(t, before, ids[len(ids)-1])
		none, _ := ordersIn(t, shop, end.Add(time.Hour), end.Add(2*time.Hour))
		require.Empty(t, none)
	},
	"a window of several days is read whole": func(t *testing.T, h Harness) {
		h.seed(t, "TEE-M", 10)
		since := h.Clock.Now()
		for range 4 {
			h.Remote.Place(t, bought("TEE-M", 1))
			h.Clock.Advance(25 * time.Hour)
		}
		_, times := ordersIn(t, h.Open(t, nil), since, h.Clock.Now())
		require.Len(t, times, 4)
	},
	"orders stop with the reader's own error": func(t *testing.T, h Harness) {
		h.seed(t, "TEE-M", 5)
		h.Remote.Place(t, bought("TEE-M", 1))
		enough := fmt.Errorf("enough")
		now := h.Clock.Now()
		require.Equal(t, enough, h.Open(t, nil).Orders(t.Context(), now.Add(-time.Hour), now.Add(time.Second),
			func([]integrations.Order) error { return enough }))
	},
	"what is kept of an order holds nothing of the buyer's contact data": func(t *testing.T, h Harness) {
		h.seed(t, "TEE-M", 5)
		canary := Receiver{Name: "欧阳金丝雀", Phone: "13912345678", Province: "浙江省", City: "杭州市", District: "余杭区", Address: "金丝雀路77号"}
		placed := h.Remote.Place(t, Purchase{Lines: []PurchaseLine{{"TEE-M", 1}}, Pay: true, Receiver: &canary, Message: "请打 13912345678 找欧阳金丝雀"})
		o := h.lately(t, h.Open(t, nil))[placed.ID]
		require.Contains(t, string(o.Raw), placed.ID)
		for _, secret := range []string{canary.Name, canary.Phone, canary.Phone[7:], canary.Address, "金丝雀", "请打", "欧阳"} {
			require.NotContains(t, string(o.Raw), secret)
			require.NotContains(t, o.Buyer, secret)
		}
		for _, masked := range []string{o.Address.Recipient, o.Address.Phone, o.Address.Line1} {
			if masked != "" {
				require.NotContains(t, string(o.Raw), masked)
			}
		}
	},
	"one order is fetched by its id": func(t *testing.T, h Harness) {
		fetcher, ok := h.Open(t, nil).(integrations.Fetcher)
		if !ok {
			t.Skip("this shop lacks the ability FETCH_ORDER")
		}
		h.seed(t, "TEE-M", 5)
		placed := h.Remote.Place(t, bought("TEE-M", 2))
		o, err := fetcher.Order(t.Context(), placed.ID)
		require.NoError(t, err)
		require.Equal(t, placed.ID, o.ExternalID)
		require.Equal(t, 2, o.Lines[0].Quantity)
		_, err = fetcher.Order(t.Context(), "123456789")
		requireKind(t, err, integrations.Missing)
	},
}
