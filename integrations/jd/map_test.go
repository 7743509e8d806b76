package jd

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/jd/api"
)

// fixture reads a whole answer.
func fixture(t *testing.T, method string, out any) {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + method[strings.LastIndex(method, ".")+1:] + ".json")
	require.NoError(t, err)
	require.NoError(t, unwrap(method, raw, out))
}

// fixtureOrders are the orders of testdata/enSearch.json by the last three digits of their ids.
func fixtureOrders(t *testing.T) map[string]integrations.Order {
	t.Helper()
	var page api.OrderPage
	fixture(t, "jingdong.pop.order.enSearch", &page)
	require.NoError(t, checked(page.Result.API.V))
	require.EqualValues(t, 12, page.Result.Total)
	out := map[string]integrations.Order{}
	for _, raw := range page.Result.Orders {
		o, err := order(raw)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(o.ExternalID, "10300000000000"), o.ExternalID)
		out[o.ExternalID[14:]] = o
	}
	require.Len(t, out, 12)
	return out
}

func TestOrderWithManyDiscounts(t *testing.T) {
	o := fixtureOrders(t)["101"]
	raw := o.Raw
	o.Raw = nil
	china := time.FixedZone("", 8*3600)
	require.True(t, o.Placed.Equal(time.Date(2026, 5, 2, 8, 15, 30, 0, china)))
	require.True(t, o.PaidAt.Equal(time.Date(2026, 5, 2, 8, 15, 59, 0, china)))
	require.True(t, o.Modified.Equal(time.Date(2026, 5, 2, 8, 16, 10, 0, china)))
	o.Placed, o.PaidAt, o.Modified = time.Time{}, time.Time{}, time.Time{}
	require.Equal(t, integrations.Order{
		ExternalID: "10300000000000101", State: integrations.ToShip, Buyer: "oid_77aa",
		Shipping: 600, Total: 146013, Paid: 146013, // with 10.00 of the buyer's credit
		Address: commerce.Address{Recipient: "AAcanaryNAME==", Phone: "135*******9", Country: "CN", Province: "浙江", City: "宁波市", District: "鄞州区",
			Line1: "AAcanaryADDRESS=="},
		Lines: []integrations.OrderLine{
			{ExternalID: "10200000000000041", ExternalItem: "10100000000000021", ExternalSKU: "10200000000000041", OuterCode: "SUYE-COAT-M",
				Title: "素野 羊毛大衣 驼色 M", Quantity: 1, UnitPrice: 129900, Total: 120413},
			{ExternalID: "10200000000000042", ExternalItem: "10100000000000021", ExternalSKU: "10200000000000042", OuterCode: "SUYE-TEE-S",
				Title: "素野 纯棉T恤 白色 S", Quantity: 3, UnitPrice: 9990, Total: 25000}, // 30.00 of its own and a share of 114.57
		},
	}, o)
	require.Contains(t, string(raw), "oaid_5d1e")
	for _, secret := range []string{"canary", "135*"} {
		require.NotContains(t, string(raw), secret)
	}
}

func TestOrderStatesAndOddities(t *testing.T) {
	all := fixtureOrders(t)

	two := all["102"]
	require.Equal(t, integrations.Shipped, two.State)
	require.True(t, two.Lines[0].Shipped)
	require.Empty(t, two.Lines[0].TrackingNumber, "which of three parcels it was is not told")
	require.Equal(t, "SF1390000000009", all["103"].Lines[0].TrackingNumber)

	locked := all["104"]
	require.Equal(t, integrations.ToShip, locked.State)
	require.Contains(t, locked.Blocked, "locked")
	require.Equal(t, 1, locked.Lines[0].Quantity, "a count as a number")

	canceled := all["105"]
	require.Equal(t, integrations.Closed, canceled.State)
	require.Equal(t, []int64{19980, 0}, []int64{canceled.Total, canceled.Paid})
	require.True(t, canceled.PaidAt.IsZero())
	require.True(t, canceled.Lines[0].Closed)

	gifts := all["106"]
	require.Equal(t, "o*AAR77", gifts.Buyer)
	require.Equal(t, []string{"10200000000000042", "10200000000000042-2", "10200000000000043"},
		[]string{gifts.Lines[0].ExternalID, gifts.Lines[1].ExternalID, gifts.Lines[2].ExternalID})
	require.Equal(t, []int64{9990, 0, 0}, []int64{gifts.Lines[0].Total, gifts.Lines[1].Total, gifts.Lines[2].Total})
	require.Empty(t, gifts.Lines[2].OuterCode)

	cash := all["107"]
	require.Equal(t, integrations.ToShip, cash.State)
	require.Equal(t, []int64{9990, 0}, []int64{cash.Total, cash.Paid})
	require.True(t, cash.PaidAt.IsZero())

	require.Contains(t, all["108"].Blocked, "京仓")

	strange := all["109"]
	require.Equal(t, integrations.Unknown, strange.State)
	require.Len(t, strange.Lines, 1)
	require.Equal(t, "CN", strange.Address.Country)

	unreadable := all["110"]
	require.Equal(t, integrations.Unknown, unreadable.State)
	require.Contains(t, string(unreadable.Raw), "约一百")
	require.Empty(t, unreadable.Lines)
	require.False(t, unreadable.Placed.IsZero())
	require.False(t, unreadable.Modified.IsZero())

	partly := all["111"]
	require.Equal(t, integrations.ToShip, partly.State)
	require.True(t, partly.Lines[0].Shipped)
	require.Equal(t, "SF1390000000011", partly.Lines[0].TrackingNumber)
	require.False(t, partly.Lines[1].Shipped)

	done := all["112"] // without shouldPay and actualPay, as some trades have it
	require.Equal(t, integrations.Completed, done.State)
	require.Equal(t, []int64{10590, 10590, 600}, []int64{done.Total, done.Paid, done.Shipping})
}

func TestEveryKnownStateMeansSomething(t *testing.T) {
	for name, means := range meanings {
		require.NotEqual(t, integrations.Unknown, means.state, name)
		require.True(t, means.blocked == "" || means.state == integrations.ToShip, name)
	}
	for name := range strings.SplitSeq(documented, ",") {
		require.Contains(t, meanings, name)
	}
}

func TestUnpaidOrder(t *testing.T) {
	var page api.UnpaidPage
	fixture(t, "jingdong.pop.order.notPayOrderInfo", &page)
	require.EqualValues(t, 1, page.Info.V.Total)
	o, err := unpaidOrder(page.Info.V.Orders[0])
	require.NoError(t, err)
	require.Equal(t, "10300000000000201", o.ExternalID)
	require.Equal(t, integrations.Unpaid, o.State)
	require.Equal(t, int64(2*9990+129900), o.Total)
	require.Zero(t, o.Paid)
	require.True(t, o.PaidAt.IsZero())
	require.Equal(t, time.UnixMilli(1777680930000), o.Placed)
	require.Equal(t, "10200000000000042", o.Lines[0].ExternalID, "the name the line keeps when the order is paid")
	require.NotContains(t, string(o.Raw), "canary")
	require.Contains(t, string(o.Raw), "9007199254740995", "an id of more than 53 bits")
}

func TestAnOrderBeyondAllMeasureIsKeptUnread(t *testing.T) {
	line := `{"skuId":"1","jdPrice":"9999999999999.00","itemTotal":1}`
	o, err := order(json.RawMessage(`{"orderId":"7","orderState":"FINISHED_L","itemInfoList":[` + line + `,` + line + `]}`))
	require.NoError(t, err)
	require.Equal(t, integrations.Unknown, o.State)
	require.Equal(t, "7", o.ExternalID)
	require.True(t, o.Placed.IsZero() && o.Modified.IsZero(), "what is not told stays so")

	o, err = unpaidOrder(json.RawMessage(`{"orderId":"8","orderCreated":1777680930123,"modified":"soon","itemInfoList":[` + line + `,` + line + `]}`))
	require.NoError(t, err)
	require.Equal(t, integrations.Unknown, o.State)
	require.Equal(t, time.UnixMilli(1777680930000), o.Placed)
	require.True(t, o.Modified.IsZero(), "nor is one that cannot be read")
}

func TestAnOrderWithoutAnIDIsNotDropped(t *testing.T) {
	for _, raw := range []string{`{"orderState":"LOCKED"}`, `[]`, `"x"`, `{"orderId":{}}`} {
		_, err := order(json.RawMessage(raw))
		require.Equal(t, integrations.Temporary, integrations.AsError(err).Kind, raw)
	}
}

func TestDiscountsAreSpreadToTheFen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var lines []integrations.OrderLine
		var goods int64
		for range rapid.IntRange(1, 8).Draw(t, "lines") {
			total := rapid.Int64Range(0, commerce.MaxAmount/8).Draw(t, "total")
			lines = append(lines, integrations.OrderLine{ExternalSKU: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "sku"), Total: total})
			goods += total
		}
		coupons := []api.Coupon{{SKUID: "1", Type: "30-x", Amount: api.Yuan{Fen: rapid.Int64Range(-5, 10000).Draw(t, "coupon")}}}
		net := rapid.Int64Range(-10, goods+10).Draw(t, "net")
		spread(lines, coupons, net)
		var sum int64
		for _, l := range lines {
			if l.Total < 0 {
				t.Fatalf("a line costs %d", l.Total)
			}
			sum += l.Total
		}
		if want := min(max(net, 0), goods); sum != want {
			t.Fatalf("%d instead of %d", sum, want)
		}
	})
}

func FuzzOrdersAreReadOrRefused(f *testing.F) {
	f.Add(`{"orderId":"1","orderState":"LOCKED","itemInfoList":[{"skuId":1,"jdPrice":"1.00","itemTotal":"2"}],"shouldPay":"2.00"}`)
	f.Add(`{"orderId":1,"itemInfoList":{},"consigneeInfo":[],"couponDetailList":"","orderStartTime":0}`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, read := range []func(json.RawMessage) (integrations.Order, error){order, unpaidOrder} {
			o, err := read(json.RawMessage(text))
			if err == nil && o.ExternalID == "" {
				t.Fatal("an order without an id")
			}
			for _, l := range o.Lines {
				if l.Total < 0 || l.Quantity < 0 {
					t.Fatalf("%+v", l)
				}
			}
		}
	})
}
