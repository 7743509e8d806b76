package sandbox_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func search(states, more string) string {
	return fmt.Sprintf(`{"dateType":0,"end_date":"2026-03-18 13:00:00","optional_fields":"orderId,orderState","order_state":"%s","page":"1","page_size":"2","sortType":0,"start_date":"2026-03-18 11:00:00"%s}`,
		states, more)
}

func TestOrderSearch(t *testing.T) {
	g := start(t, "")
	g.seed(t, "TEE", 100)
	var ids []string
	for range 3 {
		ids = append(ids, g.place(t, "TEE", 1, true))
		g.now = g.now.Add(time.Second)
	}
	unpaid := g.place(t, "TEE", 1, false)
	const method = "jingdong.pop.order.enSearch"
	rows := func(out object) []any {
		require.Equal(t, true, dig(out, "searchorderinfo_result", "apiResult", "success"), "%v", out)
		return dig(out, "searchorderinfo_result", "orderInfoList").([]any)
	}
	out := g.call(t, method, search("WAIT_SELLER_STOCK_OUT", ""))
	require.Equal(t, json.Number("3"), dig(out, "searchorderinfo_result", "orderTotal"))
	require.Equal(t, []any{object{"orderId": ids[0], "orderState": "WAIT_SELLER_STOCK_OUT"}, object{"orderId": ids[1], "orderState": "WAIT_SELLER_STOCK_OUT"}}, rows(out))
	newest := strings.Replace(search("ALL", ""), `"sortType":0`, `"sortType":1`, 1)
	require.Equal(t, ids[2], dig(rows(g.call(t, method, newest))[0], "orderId"))
	require.Equal(t, unpaid, dig(rows(g.call(t, method, search("NOT_PAY", "")))[0], "orderId"))
	require.Empty(t, rows(g.call(t, method, search("LOCKED", ""))))
	require.Len(t, rows(g.call(t, method, search("ALL", `,"pageNo":"2","nonsense":1`))), 2, "unknown names are ignored in silence")

	for why, business := range map[string]string{
		"digits":       search("2", ""),
		"no state":     search("", ""),
		"no fields":    strings.Replace(search("ALL", ""), "orderId,orderState", "", 1),
		"large page":   strings.Replace(search("ALL", ""), `"page_size":"2"`, `"page_size":"101"`, 1),
		"page 0":       strings.Replace(search("ALL", ""), `"page":"1"`, `"page":"0"`, 1),
		"long window":  strings.Replace(search("ALL", ""), "2026-03-18 11", "2026-02-10 11", 1),
		"no dates":     `{"optional_fields":"orderId","order_state":"LOCKED","page":"1","page_size":"1"}`,
		"broken dates": strings.Replace(search("ALL", ""), "2026-03-18 11", "2026-3-18T11", 1),
	} {
		out := g.call(t, method, business)
		require.Equal(t, "0", out["code"], why)
		require.Equal(t, false, dig(out, "searchorderinfo_result", "apiResult", "success"), why)
	}
	bad := params(method, strings.Replace(search("ALL", ""), "orderState", "orderStatus", 1))
	require.Equal(t, "68", dig(g.send(t, bad), "error_response", "code"))
	last := `{"optional_fields":"orderId","order_state":"WAIT_SELLER_STOCK_OUT","page":"1","page_size":"100"}`
	require.Len(t, rows(g.call(t, method, last)), 3, "without dates it is the last month")
}

func TestSearchByModificationReachesBackThreeMonths(t *testing.T) {
	g := start(t, "")
	g.seed(t, "TEE", 5)
	g.place(t, "TEE", 1, true)
	g.now = g.now.Add(100 * 24 * time.Hour)
	for dateType, want := range map[string]string{"0": "0", "1": "1"} {
		out := g.call(t, "jingdong.pop.order.enSearch", strings.Replace(search("ALL", ""), `"dateType":0`, `"dateType":`+dateType, 1))
		require.Equal(t, json.Number(want), dig(out, "searchorderinfo_result", "orderTotal"), dateType)
	}
}

func TestReceiversAreNeverPlain(t *testing.T) {
	g := start(t, "")
	g.seed(t, "TEE", 5)
	id := g.control(t, "/orders", object{"lines": []object{{"outerCode": "TEE", "quantity": 1}}, "pay": true,
		"receiver": object{"name": "欧阳金丝雀", "phone": "13912345678", "province": "浙江", "city": "杭州市", "district": "西湖区", "address": "金丝雀路77号"}})["id"].(string)
	out := g.call(t, "jingdong.pop.order.enGet", `{"order_id":"`+id+`","optional_fields":"consigneeInfo,pin,vatInfo,paymentConfirmTime,orderEndTime,itemInfoList"}`)
	o := dig(out, "orderDetailInfo", "orderInfo")
	require.Equal(t, "139*******8", dig(o, "consigneeInfo", "mobile"))
	require.True(t, strings.HasPrefix(dig(o, "consigneeInfo", "fullname").(string), "AA"))
	text, err := json.Marshal(out)
	require.NoError(t, err)
	for _, secret := range []string{"金丝雀", "12345678"} {
		require.NotContains(t, string(text), secret)
	}
	require.Equal(t, []any{}, dig(o, "vatInfo"))
	require.Equal(t, "2026-03-18 12:00:00", dig(o, "paymentConfirmTime"))
	require.Equal(t, "0001-01-01 00:00:00", dig(o, "orderEndTime"))
	line := dig(o, "itemInfoList").([]any)[0]
	require.Equal(t, []any{"1", "129.00"}, []any{dig(line, "itemTotal"), dig(line, "jdPrice")})
	missing := g.call(t, "jingdong.pop.order.enGet", `{"order_id":"1","optional_fields":"pin"}`)
	require.Equal(t, false, dig(missing, "orderDetailInfo", "apiResult", "success"))
}

func TestShipment(t *testing.T) {
	g := start(t, "")
	g.seed(t, "TEE", 50)
	ship := func(order, carrier, waybill string) any {
		out := g.call(t, "jingdong.pop.order.shipment", fmt.Sprintf(`{"orderId":%s,"logiCoprId":"%s","logiNo":"%s"}`, order, carrier, waybill))
		return dig(out, "sopjosshipment_result", "success")
	}
	two := g.place(t, "TEE", 1, true)
	require.Equal(t, true, ship(two, "467|2087", "SF1,SF2|JD1"))
	require.Equal(t, false, ship(two, "467|2087", "SF1,SF2|JD1"), "what a second telling does is not documented")
	out := g.call(t, "jingdong.pop.order.enGet", `{"order_id":"`+two+`","optional_fields":"waybill,logisticsId,orderState"}`)
	require.Equal(t, object{"waybill": "SF1,SF2|JD1", "logisticsId": "467|2087", "orderState": "WAIT_GOODS_RECEIVE_CONFIRM"}, dig(out, "orderDetailInfo", "orderInfo"))

	own := g.place(t, "TEE", 1, true)
	require.Equal(t, true, ship(own, "1274", "VAN7"))
	out = g.call(t, "jingdong.pop.order.enGet", `{"order_id":"`+own+`","optional_fields":"waybill,logisticsId"}`)
	require.Equal(t, object{"waybill": "", "logisticsId": "1274"}, dig(out, "orderDetailInfo", "orderInfo"), "own delivery keeps no waybill")

	locked := g.place(t, "TEE", 1, true)
	g.control(t, "/orders/"+locked+"/state", object{"state": "LOCKED"})
	for why, got := range map[string]any{
		"locked": ship(locked, "467", "SF3"), "unpaid": ship(g.place(t, "TEE", 1, false), "467", "SF3"), "unknown": ship("77", "467", "SF3"),
		"no contract": ship(g.place(t, "TEE", 1, true), "4", "X"), "no waybill": ship(g.place(t, "TEE", 1, true), "467", ""),
		"counts differ": ship(g.place(t, "TEE", 1, true), "467|463", "SF3"),
	} {
		require.Equal(t, false, got, why)
	}
}
