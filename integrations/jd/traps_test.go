package jd_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/jd"
	"github.com/oneshelf/oneshelf/integrations/jd/sandbox"
	"github.com/oneshelf/oneshelf/integrations/shoptest"
)

// market is a shop on a sandbox. It listens to what the shop sends, and may answer in JD's place.
type market struct {
	shop   integrations.Shop
	remote shoptest.Remote
	clock  *shoptest.Clock
	calls  []call
	// instead, when it gives an answer, keeps the call from the sandbox.
	instead func(call) string
}

type call struct {
	method string
	in     map[string]any
}

func newMarket(t *testing.T) *market {
	t.Helper()
	m := &market{clock: shoptest.NewClock(time.Date(2026, 3, 18, 10, 0, 0, 0, time.UTC)), instead: func(call) string { return "" }}
	gateway, err := sandbox.New(sandbox.Config{AppKey: "key", AppSecret: "secret", AccessToken: "token", Now: m.clock.Now})
	require.NoError(t, err)
	server := httptest.NewServer(gateway)
	t.Cleanup(server.Close)
	m.remote = shoptest.Control(server.URL)
	m.shop, err = jd.Adapter.Open(integrations.Config{HTTP: &http.Client{Transport: m}, Now: m.clock.Now, Settings: map[string]string{
		"gatewayUrl": server.URL, "appKey": "key", "appSecret": "secret", "accessToken": "token", "categoryId": "9719", "freightTemplateId": "7"}})
	require.NoError(t, err)
	return m
}

// RoundTrip implements http.RoundTripper.
func (m *market) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	c := call{method: form.Get("method")}
	if err := json.Unmarshal([]byte(form.Get("360buy_param_json")), &c.in); err != nil {
		return nil, err
	}
	m.calls = append(m.calls, c)
	if answer := m.instead(c); answer != "" {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
	}
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(strings.NewReader(string(body)))
	return http.DefaultTransport.RoundTrip(again)
}

func (m *market) count(method string) (n int) {
	for _, c := range m.calls {
		if c.method == method {
			n++
		}
	}
	return n
}

func (m *market) seed(t *testing.T, code string, quantity int) shoptest.Unit {
	t.Helper()
	m.remote.Seed(t, shoptest.Unit{OuterCode: code, Title: "沙箱 " + code, Price: "129.00", Quantity: quantity})
	for _, u := range m.remote.Units(t) {
		if u.OuterCode == code {
			return u
		}
	}
	require.Fail(t, "not seeded")
	return shoptest.Unit{}
}

func (m *market) place(t *testing.T, code string, quantity int, pay bool) shoptest.Order {
	t.Helper()
	return m.remote.Place(t, shoptest.Purchase{Lines: []shoptest.PurchaseLine{{OuterCode: code, Quantity: quantity}}, Pay: pay})
}

func (m *market) sellable(t *testing.T, code string) int {
	t.Helper()
	for _, u := range m.remote.Units(t) {
		if u.OuterCode == code {
			return u.Quantity
		}
	}
	require.Fail(t, "gone")
	return 0
}

func (m *market) orders(t *testing.T, since, until time.Time) map[string]integrations.Order {
	t.Helper()
	out := map[string]integrations.Order{}
	require.NoError(t, m.shop.Orders(t.Context(), since, until, func(batch []integrations.Order) error {
		for _, o := range batch {
			out[o.ExternalID] = o
		}
		return nil
	}))
	return out
}

func TestALockedOrderIsShownAndNotShipped(t *testing.T) {
	m := newMarket(t)
	m.seed(t, "TEE", 10)
	o := m.place(t, "TEE", 1, true)
	m.remote.SetState(t, o.ID, "LOCKED")
	seen := m.orders(t, m.clock.Now().Add(-time.Hour), m.clock.Now().Add(time.Second))[o.ID]
	require.Equal(t, integrations.ToShip, seen.State)
	require.NotEmpty(t, seen.Blocked)
	parcel := integrations.Shipment{Order: o.ID, Carrier: "SF", TrackingNumber: "SF1", Last: true}
	err := m.shop.(integrations.Shipper).Ship(t.Context(), parcel)
	require.Equal(t, "BLOCKED", integrations.AsError(err).Code)
	require.Zero(t, m.count("jingdong.pop.order.shipment"))

	m.remote.SetState(t, o.ID, "WAIT_SELLER_STOCK_OUT") // the refund was refused
	require.NoError(t, m.shop.(integrations.Shipper).Ship(t.Context(), parcel))
}

func TestCarriers(t *testing.T) {
	m := newMarket(t)
	m.seed(t, "TEE", 10)
	shipper := m.shop.(integrations.Shipper)
	ship := func(carrier, tracking string) (string, error) {
		o := m.place(t, "TEE", 1, true)
		p := integrations.Shipment{Order: o.ID, Carrier: carrier, TrackingNumber: tracking, Last: true}
		if err := shipper.Ship(t.Context(), p); err != nil {
			return "", err
		}
		require.NoError(t, shipper.Ship(t.Context(), p), "told twice")
		for _, kept := range m.remote.Orders(t) {
			if kept.ID == o.ID {
				require.Len(t, kept.Shipments, 1)
				return kept.Shipments[0].Carrier, nil
			}
		}
		return "", nil
	}
	for word, id := range map[string]string{"sf": "467", "YTO": "463", "2087": "2087", "SELF": "1274"} {
		got, err := ship(word, "T1")
		require.NoError(t, err, word)
		require.Equal(t, id, got)
	}
	_, err := ship("PIGEON", "T1")
	require.ErrorContains(t, err, "PIGEON")
	require.Equal(t, integrations.Rejected, integrations.AsError(err).Kind)
	_, err = ship("9999", "T1") // no contract
	require.Equal(t, integrations.Rejected, integrations.AsError(err).Kind)
	require.ErrorContains(t, err, "签约")
}

func TestOrdersDoWithoutTheAPIsThatAreClosed(t *testing.T) {
	m := newMarket(t)
	m.seed(t, "TEE", 10)
	unpaid, paid := m.place(t, "TEE", 1, false), m.place(t, "TEE", 1, true)
	m.instead = func(c call) string {
		switch {
		case c.method == "jingdong.pop.order.notPayOrderInfo":
			return closed
		case c.in["order_state"] == "ALL":
			return `{"jingdong_pop_order_enSearch_responce":{"code":"0","searchorderinfo_result":{"apiResult":{"success":false,"chineseErrCode":"状态不合法","numberCode":1100}}}}`
		}
		return ""
	}
	seen := m.orders(t, m.clock.Now().Add(-72*time.Hour), m.clock.Now().Add(time.Second))
	require.Contains(t, seen, paid.ID)
	require.NotContains(t, seen, unpaid.ID)
	require.Equal(t, 1, m.count("jingdong.pop.order.notPayOrderInfo"), "asked once, not for every window")
}

func TestAFaultOfTheSecondSearchCountsOnceItHasWorked(t *testing.T) {
	m := newMarket(t)
	broken := true
	m.instead = func(c call) string {
		if broken && c.in["order_state"] == "ALL" {
			return `{"error_response":{"code":"67","zh_desc":"未知异常"}}`
		}
		return ""
	}
	read := func() error {
		return m.shop.Orders(t.Context(), m.clock.Now().Add(-time.Hour), m.clock.Now(), func([]integrations.Order) error { return nil })
	}
	require.NoError(t, read(), "perhaps JD's way to say that it does not know ALL")
	broken = false
	require.NoError(t, read())
	broken = true
	require.Equal(t, integrations.Temporary, integrations.AsError(read()).Kind)
}

func TestWhatIsLongAgoIsFoundByItsCreation(t *testing.T) {
	m := newMarket(t)
	m.seed(t, "TEE", 10)
	old := m.place(t, "TEE", 1, true)
	m.clock.Advance(120 * 24 * time.Hour)
	require.Contains(t, m.orders(t, m.clock.Now().Add(-125*24*time.Hour), m.clock.Now()), old.ID)
	for _, c := range m.calls {
		if c.method == "jingdong.pop.order.enSearch" {
			require.Contains(t, c.in, "dateType")
			from, err := time.Parse("2006-01-02 15:04:05", c.in["start_date"].(string))
			require.NoError(t, err)
			to, err := time.Parse("2006-01-02 15:04:05", c.in["end_date"].(string))
			require.NoError(t, err)
			require.LessOrEqual(t, to.Sub(from), 24*time.Hour)
			require.NotEmpty(t, c.in["optional_fields"])
			for _, personal := range []string{"pin", "invoiceInfo", "orderRemark", "vatInfo"} {
				require.NotContains(t, strings.Split(c.in["optional_fields"].(string), ","), personal)
			}
		}
	}
	before := len(m.calls)
	m.orders(t, time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), m.clock.Now().Add(-1000*24*time.Hour))
	require.Len(t, m.calls, before, "nothing is kept that long")
}

func TestAWindowThatIsTooFullIsHalved(t *testing.T) {
	m := newMarket(t)
	longest := time.Duration(0)
	m.instead = func(c call) string {
		if c.method != "jingdong.pop.order.enSearch" {
			return ""
		}
		from, _ := time.Parse("2006-01-02 15:04:05", c.in["start_date"].(string))
		to, _ := time.Parse("2006-01-02 15:04:05", c.in["end_date"].(string))
		total := 5000
		if to.Sub(from) <= 4*time.Hour {
			total, longest = 0, max(longest, to.Sub(from))
		}
		return fmt.Sprintf(`{"jingdong_pop_order_enSearch_responce":{"code":"0","searchorderinfo_result":{"apiResult":{"success":true},"orderTotal":"%d"}}}`, total)
	}
	m.orders(t, m.clock.Now().Add(-24*time.Hour), m.clock.Now().Add(-time.Minute))
	require.Greater(t, longest, 2*time.Hour)
}

func TestMoreWaresThanCanBePagedAreReadBySpansOfTime(t *testing.T) {
	m := newMarket(t)
	wares := map[string]bool{}
	m.instead = func(c call) string {
		if c.method != "jingdong.ware.read.searchWare4Valid" {
			return ""
		}
		start, dated := c.in["startCreatedTime"].(string)
		if !dated {
			return `{"jingdong_ware_read_searchWare4Valid_responce":{"code":"0","page":{"totalItem":"6000"}}}`
		}
		from, err := time.Parse("2006-01-02 15:04:05", start)
		require.NoError(t, err)
		to, err := time.Parse("2006-01-02 15:04:05", c.in["endCreatedTime"].(string))
		require.NoError(t, err)
		if to.Sub(from) > 4000*24*time.Hour {
			return `{"jingdong_ware_read_searchWare4Valid_responce":{"code":"0","page":{"totalItem":5001}}}`
		}
		wares[start] = true
		return `{"jingdong_ware_read_searchWare4Valid_responce":{"code":"0","page":{"totalItem":0}}}`
	}
	require.NoError(t, m.shop.Listings(t.Context(), func([]integrations.RemoteListing) error { return nil }))
	require.Len(t, wares, 4)
}

func draft(codes ...string) integrations.Draft {
	d := integrations.Draft{Code: "SHIRT", Title: "衬衫", Images: []string{"https://img.example.com/1.jpg"}, Options: []commerce.OptionSet{{Name: "Size"}, {Name: "Color"}}}
	for n, code := range codes {
		d.Variants = append(d.Variants, integrations.DraftVariant{OuterCode: code, Price: 9900, Quantity: 1,
			Options: []commerce.Option{{Name: "Size", Value: fmt.Sprintf("S%d", n)}, {Name: "Color", Value: "白色"}}})
	}
	return d
}

func TestCodesOnTwoWaresAreForAPerson(t *testing.T) {
	m := newMarket(t)
	a, b := m.seed(t, "A", 1), m.seed(t, "B", 1)
	_, err := m.shop.(integrations.Publisher).Publish(t.Context(), draft("A", "B"))
	require.Equal(t, integrations.Rejected, integrations.AsError(err).Kind)
	require.ErrorContains(t, err, a.ID)
	require.ErrorContains(t, err, b.ID)
}

func TestTitlesHaveTwoLimits(t *testing.T) {
	m := newMarket(t)
	publisher := m.shop.(integrations.Publisher)
	long := draft("A")
	long.Title = strings.Repeat("衫", 51)
	_, err := publisher.Publish(t.Context(), long)
	require.ErrorContains(t, err, "50")

	long.Title = strings.Repeat("衫", 50)
	done, err := publisher.Publish(t.Context(), long)
	require.NoError(t, err)
	long.ExternalID = done.ExternalID
	_, err = publisher.Publish(t.Context(), long)
	require.NoError(t, err, "a title that stays is not sent")

	long.Title = strings.Repeat("裙", 46)
	_, err = publisher.Publish(t.Context(), long)
	require.ErrorContains(t, err, "45")
	require.Equal(t, integrations.Rejected, integrations.AsError(err).Kind)
}

func TestJDsOwnWordsReachTheOperator(t *testing.T) {
	m := newMarket(t)
	d := draft("A")
	d.Variants[0].Options[0].Value = "大,小"
	_, err := m.shop.(integrations.Publisher).Publish(t.Context(), d)
	e := integrations.AsError(err)
	require.Equal(t, integrations.Rejected, e.Kind)
	require.Equal(t, "11000012", e.Code)
	require.Contains(t, e.Message, "非法字符")
}

func TestARepublishedWareKeepsItsBookings(t *testing.T) {
	m := newMarket(t)
	publisher := m.shop.(integrations.Publisher)
	d := draft("A")
	d.Variants[0].Quantity = 10
	done, err := publisher.Publish(t.Context(), d)
	require.NoError(t, err)
	m.place(t, "A", 4, true)
	d.ExternalID, d.Variants[0].Quantity = done.ExternalID, 6
	_, err = publisher.Publish(t.Context(), d)
	require.NoError(t, err)
	require.Equal(t, 6, m.sellable(t, "A"))
}

func TestAWareThatIsGoneIsToldAsMissing(t *testing.T) {
	m := newMarket(t)
	d := draft("A")
	d.ExternalID = "10100000000000999"
	_, err := m.shop.(integrations.Publisher).Publish(t.Context(), d)
	require.Equal(t, integrations.Missing, integrations.AsError(err).Kind)
	require.NoError(t, m.shop.(integrations.Publisher).Unpublish(t.Context(), integrations.Unpublication{ExternalID: d.ExternalID}))
}
