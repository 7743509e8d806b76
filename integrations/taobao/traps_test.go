package taobao_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/integrations"
	kit "github.com/oneshelf/oneshelf/integrations/sandbox"
	"github.com/oneshelf/oneshelf/integrations/shoptest"
	"github.com/oneshelf/oneshelf/integrations/taobao"
	"github.com/oneshelf/oneshelf/integrations/taobao/sandbox"
)

func TestConformanceWhateverTheFieldsIDsAre(t *testing.T) {
	t.Parallel()
	shoptest.Run(t, func(t testing.TB) shoptest.Harness {
		return harness(t, sandbox.Config{RenameField: func(id string) string { return fmt.Sprintf("f%x", id) }})
	})
}

func variant(code string, options ...string) integrations.DraftVariant {
	v := integrations.DraftVariant{OuterCode: code, Price: 9900, Quantity: 3}
	for i := 0; i < len(options); i += 2 {
		v.Options = append(v.Options, commerce.Option{Name: options[i], Value: options[i+1]})
	}
	return v
}

func draft(variants ...integrations.DraftVariant) integrations.Draft {
	return integrations.Draft{Code: "TOTE", Title: "帆布托特包", Vendor: "素野", Images: []string{"https://img.example.com/1.jpg"}, Variants: variants}
}

func publisher(t *testing.T, h shoptest.Harness) integrations.Publisher {
	return h.Open(t, nil).(integrations.Publisher)
}

func TestAnAttributeTheProductLacksIsNamed(t *testing.T) {
	t.Parallel()
	h := harness(t, sandbox.Config{Demands: []string{"面料工艺"}})
	_, err := publisher(t, h).Publish(t.Context(), draft(variant("A", "颜色", "白")))
	require.Equal(t, integrations.Rejected, integrations.AsError(err).Kind)
	require.ErrorContains(t, err, "面料工艺")

	d := draft(variant("A", "颜色", "白"))
	d.Options = []commerce.OptionSet{{Name: "面料工艺", Values: []string{"水洗"}}}
	_, err = publisher(t, h).Publish(t.Context(), d)
	require.NoError(t, err, "an option with one value says it")
}

func TestOptionsOfAnyNameFindAPlace(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]integrations.Draft{
		"none":       draft(variant("A")),
		"english":    draft(variant("A", "Color", "Navy", "Size", "M"), variant("B", "Color", "Navy", "Size", "L")),
		"unheard of": draft(variant("A", "Title", "Default Title")),
		"three": draft(variant("A", "Size", "M", "Metal", "gold", "Stone", "ruby"), variant("B", "Size", "M", "Metal", "gold", "Stone", "opal"),
			variant("C", "Size", "L", "Metal", "gold", "Stone", "opal")),
	} {
		h := harness(t, sandbox.Config{})
		done, err := publisher(t, h).Publish(t.Context(), d)
		require.NoError(t, err, name)
		require.Len(t, done.SKUs, len(d.Variants), name)
	}
}

func TestVariantsThatLookTheSameAreRejectedBeforeTheyAreSent(t *testing.T) {
	t.Parallel()
	h := harness(t, sandbox.Config{})
	_, err := publisher(t, h).Publish(t.Context(), draft(variant("A", "颜色", "白"), variant("B", "颜色", "白")))
	require.Equal(t, "SAME_OPTIONS", integrations.AsError(err).Code)
	require.Empty(t, h.Remote.Units(t))
}

func TestCodesOnSeveralItemsAreForAPersonToSortOut(t *testing.T) {
	t.Parallel()
	h := harness(t, sandbox.Config{})
	for _, code := range []string{"A", "B"} {
		h.Remote.Seed(t, shoptest.Unit{OuterCode: code, Title: "沙箱测试", Price: "9.90", Quantity: 1})
	}
	_, err := publisher(t, h).Publish(t.Context(), draft(variant("A", "颜色", "白"), variant("B", "颜色", "黑")))
	require.Equal(t, "DUPLICATE_CODES", integrations.AsError(err).Code)
}

func TestUnitsThatAreNotOursStayOnTheItem(t *testing.T) {
	t.Parallel()
	h := harness(t, sandbox.Config{})
	done, err := publisher(t, h).Publish(t.Context(), draft(variant("A", "颜色", "白"), variant("B", "颜色", "黑")))
	require.NoError(t, err)
	d := draft(variant("A", "颜色", "白")) // B is no longer the draft's
	d.ExternalID = done.ExternalID
	d.Variants[0].Price, d.Variants[0].Quantity = 12900, 8
	_, err = publisher(t, h).Publish(t.Context(), d)
	require.NoError(t, err)
	units := h.Remote.Units(t)
	require.Len(t, units, 2)
	for _, u := range units {
		want := map[string]string{"A": "129.00 8", "B": "99.00 3"}[u.OuterCode]
		require.Equal(t, want, fmt.Sprint(u.Price, " ", u.Quantity))
	}
}

func TestAVariantWithoutItsIDIsTakenOffAlone(t *testing.T) {
	t.Parallel()
	h := harness(t, sandbox.Config{})
	done, err := publisher(t, h).Publish(t.Context(), draft(variant("A", "颜色", "白"), variant("B", "颜色", "黑")))
	require.NoError(t, err)
	require.NoError(t, publisher(t, h).Unpublish(t.Context(), integrations.Unpublication{ExternalID: done.ExternalID, Remaining: 1,
		Remove: []integrations.RemoteUnit{{OuterCode: "A"}, {OuterCode: "NEVER-THERE"}}}))
	for _, u := range h.Remote.Units(t) {
		require.Equal(t, u.OuterCode == "B", u.Quantity > 0, u.OuterCode)
	}
	gone := integrations.Unpublication{ExternalID: "687412999999"}
	require.NoError(t, publisher(t, h).Unpublish(t.Context(), gone), "what is not there is off sale")
}

func TestAnUnknownItemIsMissingAndNotMadeAnew(t *testing.T) {
	t.Parallel()
	h := harness(t, sandbox.Config{})
	d := draft(variant("A", "颜色", "白"))
	d.ExternalID = "687412999999"
	_, err := publisher(t, h).Publish(t.Context(), d)
	require.Equal(t, integrations.Missing, integrations.AsError(err).Kind)
	require.Empty(t, h.Remote.Units(t))
}

// twoLines places a paid order of two lines.
func twoLines(t *testing.T, h shoptest.Harness) (shoptest.Order, integrations.Shipper) {
	for _, code := range []string{"A", "B"} {
		h.Remote.Seed(t, shoptest.Unit{OuterCode: code, Title: "沙箱测试", Price: "9.90", Quantity: 5})
	}
	o := h.Remote.Place(t, shoptest.Purchase{Pay: true, Lines: []shoptest.PurchaseLine{{OuterCode: "A", Quantity: 1}, {OuterCode: "B", Quantity: 1}}})
	return o, h.Open(t, nil).(integrations.Shipper)
}

func TestSplittingFollowsTheMarketplacesRules(t *testing.T) {
	t.Parallel()
	h := harness(t, sandbox.Config{})
	o, shipper := twoLines(t, h)
	first := integrations.Shipment{Order: o.ID, Carrier: "sf", TrackingNumber: "SF1400011122233", Split: true, Lines: []integrations.ShipmentLine{{ExternalID: o.Lines[0].ID, Quantity: 1}}}
	require.NoError(t, shipper.Ship(t.Context(), first))
	// The rest is not told as a split, but the trade was split before.
	rest := integrations.Shipment{Order: o.ID, Carrier: "ZTO", TrackingNumber: "785500123456", Last: true, Lines: []integrations.ShipmentLine{{ExternalID: o.Lines[1].ID, Quantity: 1}}}
	require.NoError(t, shipper.Ship(t.Context(), rest))
	require.Len(t, h.Remote.Orders(t)[0].Shipments, 2)

	// A parcel told as a split that turns out to be all there is.
	o, shipper = twoLines(t, h)
	whole := integrations.Shipment{Order: o.ID, Carrier: "YTO", TrackingNumber: "YT8800112233446", Split: true, Last: true,
		Lines: []integrations.ShipmentLine{{ExternalID: o.Lines[0].ID, Quantity: 1}, {ExternalID: o.Lines[1].ID, Quantity: 1}}}
	require.NoError(t, shipper.Ship(t.Context(), whole))
	require.Equal(t, "SHIPPED", h.Remote.Orders(t)[1].State)
}

func TestAParcelIsThereOnlyWithAllItsLines(t *testing.T) {
	t.Parallel()
	h := harness(t, sandbox.Config{})
	o, shipper := twoLines(t, h)
	p := integrations.Shipment{Order: o.ID, Carrier: "SF", TrackingNumber: "SF1400011122233", Split: true, Lines: []integrations.ShipmentLine{{ExternalID: o.Lines[0].ID, Quantity: 1}}}
	require.NoError(t, shipper.Ship(t.Context(), p))
	p.Lines = append(p.Lines, integrations.ShipmentLine{ExternalID: o.Lines[1].ID, Quantity: 1})
	err := shipper.Ship(t.Context(), p)
	require.Equal(t, integrations.Rejected, integrations.AsError(err).Kind, "its second line has not left")
}

func TestOneUnknownSKUDoesNotKeepTheItemsOthers(t *testing.T) {
	t.Parallel()
	h := harness(t, sandbox.Config{})
	done, err := publisher(t, h).Publish(t.Context(), draft(variant("A", "颜色", "白"), variant("B", "颜色", "黑")))
	require.NoError(t, err)
	errs, err := h.Open(t, nil).PushStock(t.Context(), []integrations.StockPush{
		{ExternalID: done.ExternalID, ExternalSKUID: done.SKUs["A"], Quantity: 21}, {ExternalID: done.ExternalID, ExternalSKUID: "5021345999999", Quantity: 22},
		{ExternalID: done.ExternalID, ExternalSKUID: done.SKUs["B"], Quantity: 23}, {ExternalID: done.ExternalID, ExternalSKUID: "1:9;2", Quantity: 24}})
	require.NoError(t, err)
	require.NoError(t, errs[0])
	require.Equal(t, integrations.Missing, integrations.AsError(errs[1]).Kind)
	require.NoError(t, errs[2])
	require.Equal(t, integrations.Rejected, integrations.AsError(errs[3]).Kind)
	for _, u := range h.Remote.Units(t) {
		require.Equal(t, map[string]int{"A": 21, "B": 23}[u.OuterCode], u.Quantity)
	}
}

func TestAWaybillThatCannotBeIsRejected(t *testing.T) {
	t.Parallel()
	h := harness(t, sandbox.Config{})
	o, shipper := twoLines(t, h)
	for carrier, tracking := range map[string]string{"ZTO": "not-a-waybill", "YTO": "x"} {
		err := shipper.Ship(t.Context(), integrations.Shipment{Order: o.ID, Carrier: carrier, TrackingNumber: tracking, Last: true})
		require.Equal(t, integrations.Rejected, integrations.AsError(err).Kind)
		require.ErrorContains(t, err, "B60")
	}
	err := shipper.Ship(t.Context(), integrations.Shipment{Order: "3917420000000000001", Carrier: "SF", TrackingNumber: "SF1400011122233"})
	require.Equal(t, integrations.Missing, integrations.AsError(err).Kind)
	require.NoError(t, shipper.Ship(t.Context(), integrations.Shipment{Order: o.ID, Carrier: "a van of our own", TrackingNumber: "VAN-7", Last: true}))
	require.Equal(t, "OTHER", h.Remote.Orders(t)[0].Shipments[0].Carrier)
}

func TestAHeldTradeIsToldBlockedAndNotShipped(t *testing.T) {
	t.Parallel()
	h := harness(t, sandbox.Config{})
	o, shipper := twoLines(t, h)
	h.Remote.SetState(t, o.ID, "PAID_FORBID_CONSIGN")
	got, err := shipper.(integrations.Fetcher).Order(t.Context(), o.ID)
	require.NoError(t, err)
	require.Equal(t, integrations.ToShip, got.State)
	require.NotEmpty(t, got.Blocked)
	err = shipper.Ship(t.Context(), integrations.Shipment{Order: o.ID, Carrier: "SF", TrackingNumber: "SF1400011122233", Last: true})
	require.Equal(t, integrations.Rejected, integrations.AsError(err).Kind)
}

func TestOneOuterCodeOnTwoItemsIsListedTwice(t *testing.T) {
	t.Parallel()
	server, err := sandbox.New(sandbox.Config{AppKey: "k", AppSecret: "s", Session: "t"})
	require.NoError(t, err)
	web := httptest.NewServer(server)
	defer web.Close()
	banners := []string{"", "off_shelf", "sold_out", "violation_off_shelf"}
	require.NoError(t, server.State.Update(func(tx *kit.Tx) error {
		for _, banner := range banners {
			tx.PutItem(&kit.Item{ID: tx.NewID(kit.ItemID), Title: "x", OnSale: banner == "", Extra: map[string]string{"banner": banner},
				SKUs: []kit.SKU{{ID: tx.NewID(kit.SKUID), OuterCode: "SAME", Price: 100}}})
		}
		return nil
	}))
	shop, err := taobao.Adapter.Open(integrations.Config{Settings: map[string]string{"gatewayUrl": web.URL + "/router/rest", "appKey": "k", "appSecret": "s", "session": "t"}})
	require.NoError(t, err)
	var live, off int
	require.NoError(t, shop.Listings(t.Context(), func(batch []integrations.RemoteListing) error {
		for _, l := range batch {
			if l.Live {
				live++
			} else {
				off++
			}
		}
		return nil
	}))
	require.Equal(t, []int{1, 3}, []int{live, off}, "items sold out or in violation are told too")
}

func TestWhateverAGatewayAnswersIsClassifiedAndLeaksNothing(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{"appKey": "k", "appSecret": "app-secret-0001", "session": "session-0002"}
	for _, c := range []struct {
		name, body string
		code       int
		kind       integrations.ErrorKind
	}{
		{"empty", "", 200, integrations.Temporary}, {"array", "[]", 200, integrations.Temporary}, {"xml", "<error_response/>", 200, integrations.Temporary},
		{"another call's", `{"time_get_response":{}}`, 200, integrations.Temporary}, {"bad shape", `{"trade_fullinfo_get_response":{"trade":5}}`, 200, integrations.Temporary},
		{"bad error", `{"error_response":7}`, 200, integrations.Temporary}, {"bad gateway", "<html>", 502, integrations.Temporary},
		{"too many", "slow down", 429, integrations.Limited}, {"redirect", "", 302, integrations.Temporary},
		{"echo", `{"error_response":{"code":41,"msg":"bad session session-0002 or app-secret-0001"}}`, 200, integrations.Rejected},
	} {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(c.code)
			_, _ = w.Write([]byte(c.body))
		}))
		secrets["gatewayUrl"] = web.URL
		shop, err := taobao.Adapter.Open(integrations.Config{Settings: secrets, HTTP: &http.Client{
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}})
		require.NoError(t, err)
		_, err = shop.(integrations.Fetcher).Order(t.Context(), "1")
		require.Equal(t, c.kind, integrations.AsError(err).Kind, c.name)
		require.NotEqual(t, "UNEXPECTED", integrations.AsError(err).Code, c.name)
		if c.kind == integrations.Limited {
			require.Equal(t, 7*time.Second, integrations.AsError(err).RetryAfter)
		}
		for _, secret := range []string{"app-secret-0001", "session-0002"} {
			require.NotContains(t, err.Error(), secret, c.name)
		}
		web.Close()
		_, err = shop.(integrations.Fetcher).Order(t.Context(), "1")
		require.Equal(t, "NO_ANSWER", integrations.AsError(err).Code)
		require.NotContains(t, err.Error(), "session-0002")
	}
}
