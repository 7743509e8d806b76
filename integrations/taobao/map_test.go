package taobao

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/taobao/api"
)

// trade reads a recorded answer's trade.
func trade(t *testing.T, name string) json.RawMessage {
	t.Helper()
	text, err := os.ReadFile("testdata/trade_" + name + ".json")
	require.NoError(t, err)
	var out struct {
		Response struct{ Trade json.RawMessage } `json:"trade_fullinfo_get_response"`
	}
	require.NoError(t, json.Unmarshal(text, &out))
	return out.Response.Trade
}

func read(t *testing.T, raw json.RawMessage) integrations.Order {
	t.Helper()
	o, err := orderFrom(raw)
	require.NoError(t, err)
	return o
}

func TestTradesAreReadByTheirOwnRules(t *testing.T) {
	t.Parallel()
	type line struct {
		id, outer, tracking string
		quantity            int
		price, total        int64
		closed, shipped     bool
	}
	for _, c := range []struct {
		name, id              string
		state                 integrations.OrderState
		blocked               string
		total, postage, paid  int64
		placed, paidAt, moved string // GMT+8
		lines                 []line
	}{
		{name: "multi_order_promotions", id: "3917420156608812345", state: integrations.ToShip, total: 56700, postage: 1000, paid: 56700,
			placed: "2025-06-18 00:03:12", paidAt: "2025-06-18 00:03:58", moved: "2025-06-18 00:21:40", lines: []line{
				{id: "3917420156609812345", outer: "SY25SD001-WH-M", quantity: 1, price: 39900, total: 32409},
				{id: "3917420156610812345", outer: "SY25ST014-BK-L", quantity: 2, price: 12900, total: 23291}}},
		{name: "single_order_oaid", id: "3917431277005998877", state: integrations.Shipped, total: 27700, postage: 800, paid: 27700,
			placed: "2025-06-19 09:12:30", paidAt: "2025-06-19 09:12:52", moved: "2025-06-19 15:20:11", lines: []line{
				{id: "3917431277005998877", outer: "SY25SH020-BL-M", tracking: "78550012345678", quantity: 1, price: 29900, total: 26900, shipped: true}}},
		{name: "presale_step", id: "3920015577410223344", state: integrations.Unpaid, total: 119900, paid: 10000,
			placed: "2025-10-20 20:00:31", moved: "2025-10-20 20:01:02", lines: []line{
				{id: "3920015577410223344", outer: "SY25WC007-CM-M", quantity: 1, price: 129900, total: 119900}}},
		{name: "partly_shipped_refunding", id: "3917455500123450099", state: integrations.ToShip, blocked: "a refund is open", total: 47800, paid: 47800,
			placed: "2025-06-19 21:40:00", paidAt: "2025-06-19 21:40:41", moved: "2025-06-20 12:30:00", lines: []line{
				{id: "3917455500124450099", outer: "SY25SD001-WH-L", tracking: "SF1400011122233", quantity: 1, price: 39900, total: 36120, shipped: true},
				{id: "3917455500125450099", outer: "SY25ST014-BK-M", quantity: 1, price: 12900, total: 11680},
				{id: "3917455500126450099", outer: "SYGIFT003", tracking: "SF1400011122233", quantity: 1, shipped: true}}},
		{name: "closed_after_refund", id: "3917380045671889922", state: integrations.Closed, total: 49800, paid: 49800,
			placed: "2025-06-17 11:20:00", paidAt: "2025-06-17 11:20:30", moved: "2025-06-18 16:05:44", lines: []line{
				{id: "3917380045672889922", outer: "SY25SD001-BL-M", quantity: 1, price: 39900, total: 37633, closed: true},
				{id: "3917380045673889922", outer: "SY25ST014-WH-M", quantity: 1, price: 12900, total: 12167, closed: true}}},
	} {
		o := read(t, trade(t, c.name))
		require.Equal(t, c.id, o.ExternalID, c.name)
		require.Equal(t, c.state, o.State, c.name)
		require.Equal(t, c.blocked, o.Blocked, c.name)
		require.Equal(t, []int64{c.total, c.postage, c.paid}, []int64{o.Total, o.Shipping, o.Paid}, c.name)
		for i, at := range []time.Time{o.Placed, o.PaidAt, o.Modified} {
			want := []string{c.placed, c.paidAt, c.moved}[i]
			if want == "" {
				require.True(t, at.IsZero(), c.name)
				continue
			}
			require.Equal(t, want, at.In(china).Format(layout), c.name)
		}
		var lines []line
		sum := o.Shipping
		for _, l := range o.Lines {
			lines = append(lines, line{l.ExternalID, l.OuterCode, l.TrackingNumber, l.Quantity, l.UnitPrice, l.Total, l.Closed, l.Shipped})
			sum += l.Total
		}
		require.Equal(t, c.lines, lines, c.name)
		require.Equal(t, o.Total, sum, "%s: the lines and the postage make the payment", c.name)
	}
}

func TestTheBuyerIsAPseudonymAndTheAddressIsAsShown(t *testing.T) {
	t.Parallel()
	o := read(t, trade(t, "single_order_oaid"))
	require.Equal(t, "AAHd5d-EAAeGwJedwSExample8877", o.Buyer)
	require.Equal(t, "陈*", o.Address.Recipient)
	require.Equal(t, "138****0021", o.Address.Phone)
	require.Equal(t, "湖北省", o.Address.Province)
	require.Empty(t, o.Address.City, "county-level cities come as districts alone")
	require.Equal(t, "仙桃市", o.Address.District)
}

func TestRawKeepsTheTradeWithoutContactData(t *testing.T) {
	t.Parallel()
	o := read(t, trade(t, "multi_order_promotions"))
	raw := string(o.Raw)
	for _, kept := range []string{`"tid":3917420156608812345`, `"oid":3917420156609812345`, "ExampleOaid", "SY25SD001-WH-M", "buyer_open_uid", "店铺满减"} {
		require.Contains(t, raw, kept)
	}
	for _, gone := range []string{"receiver", "林**", "6612", "仓前", "buyer_nick", "t**8", "周末有人在家", "618会员", "alipay"} {
		require.NotContains(t, raw, gone)
	}
}

func TestRevenueFallsBackWhereTheShareIsMissing(t *testing.T) {
	t.Parallel()
	for fields, want := range map[string]int64{
		`"divide_order_fee":"1.80","total_fee":"4.80","payment":"1.80"`:  180,
		`"total_fee":"4.80","part_mjz_discount":"3.00","payment":"9.80"`: 180,
		`"payment":"9.80"`: 180, // one line: the payment holds the postage
	} {
		o := read(t, json.RawMessage(`{"tid":"1","post_fee":"8.00","orders":{"order":[{"oid":1,"num":1,`+fields+`}]}}`))
		require.Equal(t, want, o.Lines[0].Total, fields)
	}
	two := read(t, json.RawMessage(`{"tid":1,"post_fee":"8.00","orders":[{"oid":2,"num":"1","payment":"5.00","part_mjz_discount":"1.00"},{"oid":"3","num":1,"payment":"2.00"}]}`))
	require.Equal(t, int64(400), two.Lines[0].Total)
	require.Equal(t, int64(200), two.Lines[1].Total)
}

func TestEveryStatusHasItsMeaning(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]integrations.OrderState{
		"TRADE_NO_CREATE_PAY": integrations.Unpaid, "WAIT_BUYER_PAY": integrations.Unpaid, "PAY_PENDING": integrations.Unpaid, "WAIT_PRE_AUTH_CONFIRM": integrations.Unpaid,
		"PAID_FORBID_CONSIGN": integrations.ToShip, "WAIT_SELLER_SEND_GOODS": integrations.ToShip, "SELLER_CONSIGNED_PART": integrations.ToShip,
		"WAIT_BUYER_CONFIRM_GOODS": integrations.Shipped, "TRADE_BUYER_SIGNED": integrations.Shipped, "TRADE_FINISHED": integrations.Completed,
		"TRADE_CLOSED": integrations.Closed, "TRADE_CLOSED_BY_TAOBAO": integrations.Closed, "SOMETHING_NEW": integrations.Unknown, "": integrations.Unknown,
	} {
		require.Equal(t, want, stateOf(status), status)
	}
}

func TestBrakesBlockShipping(t *testing.T) {
	t.Parallel()
	for fields, blocked := range map[string]bool{
		`"top_hold":1`: true, `"ofp_hold":"1"`: true, `"team_buy_hold":true`: true, `"share_group_hold":"true"`: true, `"forbid_consign":1`: true, `"is_sh_ship":true`: true,
		`"top_hold":0`: false, `"team_buy_hold":false`: false, `"forbid_consign":null`: false, `"new_member":1`: false,
		`"orders":{"order":[{"oid":1,"status":"WAIT_SELLER_SEND_GOODS","refund_status":"WAIT_SELLER_AGREE"}]}`:   true,
		`"orders":{"order":[{"oid":1,"status":"WAIT_SELLER_SEND_GOODS","refund_status":"SELLER_REFUSE_BUYER"}]}`: true,
		`"orders":{"order":[{"oid":1,"status":"WAIT_SELLER_SEND_GOODS","is_sh_ship":true}]}`:                     true,
		`"orders":{"order":[{"oid":1,"status":"WAIT_SELLER_SEND_GOODS","refund_status":"CLOSED"}]}`:              false, // it ended without money
		`"orders":{"order":[{"oid":1,"status":"WAIT_BUYER_CONFIRM_GOODS","refund_status":"WAIT_SELLER_AGREE"}]}`: false, // it has left already
	} {
		o := read(t, json.RawMessage(`{"tid":1,"status":"WAIT_SELLER_SEND_GOODS",`+fields+`}`))
		require.Equal(t, integrations.ToShip, o.State)
		require.Equal(t, blocked, o.Blocked != "", fields)
	}
	require.NotEmpty(t, read(t, json.RawMessage(`{"tid":1,"status":"PAID_FORBID_CONSIGN"}`)).Blocked)
	require.Empty(t, read(t, json.RawMessage(`{"tid":1,"status":"TRADE_FINISHED","top_hold":1}`)).Blocked)
}

func TestATradeThatCannotBeReadIsNotHalfRead(t *testing.T) {
	t.Parallel()
	for _, fields := range []string{`"payment":"1.234"`, `"payment":"1e3"`, `"pay_time":"yesterday"`, `"orders":{"order":[{"oid":1,"num":1.5}]}`, `"orders":7`} {
		o := read(t, json.RawMessage(`{"tid":1,"created":"2025-06-18 00:03:12","modified":"2025-06-18 00:21:40","buyer_nick":"canary",`+fields+`}`))
		raw := o.Raw
		o.Raw = nil
		require.Equal(t, integrations.Order{ExternalID: "1", State: integrations.Unknown, Placed: time.Date(2025, 6, 17, 16, 3, 12, 0, time.UTC),
			Modified: time.Date(2025, 6, 17, 16, 21, 40, 0, time.UTC)}, o, fields)
		require.NotContains(t, string(raw), "canary")
		require.Contains(t, string(raw), "modified")
	}
	o := read(t, json.RawMessage(`{"tid":1,"created":"yesterday","modified":7}`))
	require.True(t, o.Placed.IsZero() && o.Modified.IsZero(), "a time that cannot be read is not told")
	for _, raw := range []string{`{}`, `[]`, `"x"`, `{"tid":{}}`, `{"payment":"1.234"}`, ``} {
		_, err := orderFrom(json.RawMessage(raw))
		require.Equal(t, integrations.Temporary, integrations.AsError(err).Kind, raw)
	}
}

func TestListsAndIDsComeInAnyShape(t *testing.T) {
	t.Parallel()
	for _, shape := range []string{`{"trade":[{"tid":9007199254740993}]}`, `[{"tid":"9007199254740993"}]`, `{"any_name":[{"tid":9007199254740993}]}`} {
		var l api.List[api.Trade]
		require.NoError(t, json.Unmarshal([]byte(shape), &l))
		require.Equal(t, "9007199254740993", l[0].ID(), shape)
	}
	for _, empty := range []string{`{}`, `null`, `[]`, `{"trade":[]}`} {
		var l api.List[api.Trade]
		require.NoError(t, json.Unmarshal([]byte(empty), &l))
		require.Empty(t, l, empty)
	}
}

func TestItemsBecomeUnits(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/item_seller_get.json")
	require.NoError(t, err)
	var out struct {
		Response struct{ Item api.Item } `json:"item_seller_get_response"`
	}
	require.NoError(t, json.Unmarshal(text, &out))
	units, err := listingsFrom(out.Response.Item)
	require.NoError(t, err)
	require.Len(t, units, 4)
	require.Equal(t, integrations.RemoteListing{ExternalID: "687412350981", ExternalSKUID: "5021345678904", OuterCode: "SY25SD001-BL-L",
		Title: "素野 亚麻衬衫连衣裙女2025夏季新款收腰显瘦中长款", Price: 41900, Quantity: 22, Live: true}, units[3])
	require.Zero(t, units[1].Quantity, "a SKU without stock is listed too")

	units, err = listingsFrom(api.Item{NumIID: "1", OuterID: "TOTE", Price: "9.90", Num: "3", ApproveStatus: "instock"})
	require.NoError(t, err)
	require.Equal(t, []integrations.RemoteListing{{ExternalID: "1", OuterCode: "TOTE", Price: 990, Quantity: 3}}, units)
}

func TestErrorsAreClassifiedAsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/errors.json")
	require.NoError(t, err)
	var cases []struct {
		Name    string
		Kind    integrations.ErrorKind
		Seconds int
		Body    struct {
			Error api.Error `json:"error_response"`
		}
	}
	require.NoError(t, json.Unmarshal(text, &cases))
	require.Len(t, cases, 16)
	now := time.Date(2025, 6, 18, 10, 0, 0, 0, china)
	for _, c := range cases {
		e := classify(c.Body.Error, now)
		require.Equal(t, c.Kind, e.Kind, c.Name)
		require.Equal(t, time.Duration(c.Seconds)*time.Second, e.RetryAfter, c.Name)
		require.False(t, strings.HasSuffix(e.Code, "-tmall"))
	}
	for code, want := range map[string]integrations.ErrorKind{"8": integrations.Limited, "26": integrations.Unauthorized, "27": integrations.Unauthorized, "42": integrations.Unauthorized, "44": integrations.Unauthorized,
		"30": integrations.Misconfigured, "10": integrations.Temporary, "530": integrations.Rejected} {
		require.Equal(t, want, classify(api.Error{Code: api.Text(code)}, now).Kind, code)
	}
	require.Equal(t, integrations.Temporary, classify(api.Error{Code: "530", SubCode: "isp.system-busy"}, now).Kind, "the sub code decides")
	daily := classify(api.Error{Code: "7", SubCode: "accesscontrol.limited-by-app-access-count"}, now)
	require.Equal(t, 14*time.Hour, daily.RetryAfter, "the day's quota comes back at 24:00 Beijing time")
	require.Equal(t, time.Second, classify(api.Error{Code: "7", SubCode: "accesscontrol.limited-by-api-access-count"}, now).RetryAfter)
}
