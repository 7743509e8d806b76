package memory_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/memory"
	"github.com/oneshelf/oneshelf/integrations/shoptest"
)

var remoteAddress = commerce.Address{Province: "浙江省", City: "杭州市"}

// remote lets the suite play the market.
type remote struct{ m *memory.Market }

func (r remote) Seed(t testing.TB, u shoptest.Unit) {
	price, err := commerce.ParseAmount(u.Price, "CNY")
	require.Nil(t, err)
	r.m.Seed(integrations.RemoteListing{OuterCode: u.OuterCode, Title: u.Title, Price: price, Quantity: u.Quantity})
}

func (r remote) Units(testing.TB) (out []shoptest.Unit) {
	for _, l := range r.m.Units() {
		out = append(out, shoptest.Unit{ID: l.ExternalID, SKUID: l.ExternalSKUID, OuterCode: l.OuterCode, Title: l.Title,
			Price: commerce.Money{Amount: l.Price, Currency: "CNY"}.Text(), Quantity: l.Quantity, OnSale: l.Live})
	}
	return out
}

func (r remote) Place(t testing.TB, p shoptest.Purchase) shoptest.Order {
	var codes []string
	var quantities []int
	for _, l := range p.Lines {
		codes, quantities = append(codes, l.OuterCode), append(quantities, l.Quantity)
	}
	to := remoteAddress
	if p.Receiver != nil {
		to = commerce.Address{Recipient: p.Receiver.Name, Phone: p.Receiver.Phone, Province: p.Receiver.Province, Line1: p.Receiver.Address}
	}
	id, err := r.m.Buy(codes, quantities, to)
	require.NoError(t, err)
	if p.Pay {
		r.SetState(t, id, "PAID")
	}
	for _, o := range r.Orders(t) {
		if o.ID == id {
			return o
		}
	}
	require.Fail(t, "the order is gone")
	return shoptest.Order{}
}

func (r remote) SetState(t testing.TB, order, state string) {
	require.NoError(t, r.m.Move(order, state))
}

func (r remote) Orders(testing.TB) (out []shoptest.Order) {
	for _, s := range r.m.Sales() {
		o := shoptest.Order{ID: s.ExternalID, State: string(s.State), Paid: s.Paid > 0, CreatedAt: s.Placed, ModifiedAt: s.Modified}
		for _, l := range s.Lines {
			o.Lines = append(o.Lines, shoptest.OrderLine{ID: l.ExternalID, OuterCode: l.OuterCode, Quantity: l.Quantity})
		}
		for _, p := range s.Parcels {
			o.Shipments = append(o.Shipments, shoptest.Parcel{TrackingNumber: p.TrackingNumber, Carrier: p.Carrier})
		}
		out = append(out, o)
	}
	return out
}

func (r remote) Late(_ testing.TB, d time.Duration) { r.m.Late(d) }

func (r remote) Fail(_ testing.TB, method, kind string, times int) {
	f := memory.Fault{Kind: integrations.Temporary}
	switch kind {
	case shoptest.Limit:
		f.Kind = integrations.Limited
	case shoptest.Session:
		f.Kind = integrations.Unauthorized
	case shoptest.TimeoutAfter, shoptest.Truncated:
		f.After = true
	}
	for range times {
		r.m.Fail(integrations.Ability(method), f)
	}
}
