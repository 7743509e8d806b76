package shoptest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/integrations"
)

// ordersIn reads a window and tells each order as it was yielded last, and how often in all.
func ordersIn(t testing.TB, shop integrations.Shop, since, until time.Time) (last map[string]integrations.Order, times map[string]int) {
	t.Helper()
	last, times = map[string]integrations.Order{}, map[string]int{}
	require.NoError(t, shop.Orders(t.Context(), since, until, func(batch []integrations.Order) error {
		for _, o := range batch {
			last[o.ExternalID] = o
			times[o.ExternalID]++
		}
		return nil
	}))
	return last, times
}

// lately reads the last day.
func (h Harness) lately(t testing.TB, shop integrations.Shop) map[string]integrations.Order {
	t.Helper()
	now := h.Clock.Now()
	last, _ := ordersIn(t, shop, now.Add(-24*time.Hour), now.Add(time.Second))
	return last
}

func listings(t testing.TB, shop integrations.Shop) map[string][]integrations.RemoteListing {
	t.Helper()
	out := map[string][]integrations.RemoteListing{}
	require.NoError(t, shop.Listings(t.Context(), func(batch []integrations.RemoteListing) error {
		for _, l := range batch {
			out[l.OuterCode] = append(out[l.OuterCode], l)
		}
		return nil
	}))
	return out
}

// unit finds the one unit with an outer code.
func (h Harness) unit(t testing.TB, outer string) Unit {
	t.Helper()
	var found []Unit
	for _, u := range h.Remote.Units(t) {
		if u.OuterCode == outer {
			found = append(found, u)
		}
	}
	require.Len(t, found, 1, "units that carry %s", outer)
	return found[0]
}

func (h Harness) order(t testing.TB, id string) Order {
	t.Helper()
	for _, o := range h.Remote.Orders(t) {
		if o.ID == id {
			return o
		}
	}
	require.Fail(t, "the marketplace has no order "+id)
	return Order{}
}

func (h Harness) seed(t testing.TB, outer string, quantity int) Unit {
	t.Helper()
	h.Remote.Seed(t, Unit{OuterCode: outer, Title: "沙箱测试 " + outer, Price: "129.00", Quantity: quantity})
	return h.unit(t, outer)
}

func push(u Unit, quantity int) integrations.StockPush {
	return integrations.StockPush{ExternalID: u.ID, ExternalSKUID: u.SKUID, OuterCode: u.OuterCode, Quantity: quantity,
		Key: fmt.Sprintf("%s-%s-%d", u.ID, u.SKUID, quantity)}
}

func bought(outer string, quantity int) Purchase {
	return Purchase{Lines: []PurchaseLine{{outer, quantity}}, Pay: true}
}

// shirt is a product of two colours and as many sizes as it takes.
func shirt(variants int) integrations.Draft {
	d := integrations.Draft{
		Code: "SUYE-LINEN", Title: "素野 亚麻衬衫 沙箱测试", Description: "法国亚麻，透气不闷。", Vendor: "素野",
		Category: []string{"女装", "衬衫"},
		Images:   []string{"https://img.example.com/suye/linen-1.jpg", "https://img.example.com/suye/linen-2.jpg"},
		Options:  []commerce.OptionSet{{Name: "颜色", Values: []string{"本白", "雾蓝"}}, {Name: "尺码"}},
	}
	for n := range variants {
		size := fmt.Sprintf("%d码", 36+n/2)
		if n%2 == 0 {
			d.Options[1].Values = append(d.Options[1].Values, size)
		}
		d.Variants = append(d.Variants, integrations.DraftVariant{
			OuterCode:   fmt.Sprintf("LINEN-%02d", n),
			Options:     []commerce.Option{{Name: "颜色", Value: d.Options[0].Values[n%2]}, {Name: "尺码", Value: size}},
			Price:       39900 + int64(n)*100,
			Quantity:    n + 1,
			WeightGrams: 300,
		})
	}
	return d
}

func (h Harness) publisher(t testing.TB, shop integrations.Shop) integrations.Publisher {
	t.Helper()
	p, ok := shop.(integrations.Publisher)
	if !ok {
		t.Skip("this shop lacks the ability PUBLISH")
	}
	return p
}

func (h Harness) shipper(t testing.TB, shop integrations.Shop) integrations.Shipper {
	t.Helper()
	s, ok := shop.(integrations.Shipper)
	if !ok {
		t.Skip("this shop lacks the ability SHIP")
	}
	return s
}

func parcel(o integrations.Order, tracking string) integrations.Shipment {
	s := integrations.Shipment{Order: o.ExternalID, Carrier: "SF", TrackingNumber: tracking, Last: true}
	for _, l := range o.Lines {
		s.Lines = append(s.Lines, integrations.ShipmentLine{ExternalID: l.ExternalID, Quantity: l.Quantity})
	}
	return s
}

func requireKind(t testing.TB, err error, want ...integrations.ErrorKind) {
	t.Helper()
	require.Error(t, err)
	require.Contains(t, want, integrations.AsError(err).Kind, err.Error())
	require.NotEqual(t, "UNEXPECTED", integrations.AsError(err).Code, "the adapter classifies its errors: %v", err)
}

// first is the error of a call with one push.
func first(errs []error, err error) error {
	if err != nil {
		return err
	}
	return errs[0]
}

var noSleep = func(context.Context, time.Duration) error { return nil }
