package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/integrations/jd/sandbox"
)

var noon = time.Date(2026, 3, 18, 4, 0, 0, 0, time.UTC) // 12:00 in China

// gate is a running sandbox and a caller that signs with the sandbox's own rule.
type gate struct {
	base string
	now  time.Time
}

func start(t *testing.T, dir string) *gate {
	t.Helper()
	g := &gate{now: noon}
	s, err := sandbox.New(sandbox.Config{AppKey: "key", AppSecret: "secret", AccessToken: "token", Dir: dir, Now: func() time.Time { return g.now }})
	require.NoError(t, err)
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, s.Close())
	})
	g.base = server.URL
	return g
}

type object = map[string]any

// dig walks into nested objects.
func dig(v any, path ...string) any {
	for _, name := range path {
		o, ok := v.(object)
		if !ok {
			return nil
		}
		v = o[name]
	}
	return v
}

func decode(t *testing.T, body io.Reader) object {
	t.Helper()
	d := json.NewDecoder(body)
	d.UseNumber()
	var out object
	require.NoError(t, d.Decode(&out))
	return out
}

// send posts parameters as they are.
func (g *gate) send(t *testing.T, params map[string]string) object {
	t.Helper()
	form := url.Values{}
	for name, value := range params {
		form.Set(name, value)
	}
	resp, err := http.PostForm(g.base+"/routerjson", form)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, 200, resp.StatusCode)
	return decode(t, resp.Body)
}

// params is a signed call, changed before signing.
func params(method, business string, changes ...string) map[string]string {
	p := map[string]string{"method": method, "app_key": "key", "access_token": "token", "timestamp": "2026-03-18 12:00:00", "v": "2.0",
		"360buy_param_json": business}
	for n := 0; n < len(changes); n += 2 {
		if changes[n+1] == "(none)" {
			delete(p, changes[n])
		} else {
			p[changes[n]] = changes[n+1]
		}
	}
	p["sign"] = sandbox.Digest("secret", p)
	return p
}

// call makes a call that must reach its service, and unwraps the answer.
func (g *gate) call(t *testing.T, method, business string) object {
	t.Helper()
	out := g.send(t, params(method, business, "timestamp", g.now.In(time.FixedZone("", 8*3600)).Format("2006-01-02 15:04:05")))
	inner, ok := out[strings.ReplaceAll(method, ".", "_")+"_responce"].(object)
	require.True(t, ok, "%v", out)
	return inner
}

func (g *gate) control(t *testing.T, path string, in object) object {
	t.Helper()
	body, err := json.Marshal(in)
	require.NoError(t, err)
	resp, err := http.Post(g.base+"/_sandbox"+path, "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Less(t, resp.StatusCode, 300)
	return decode(t, resp.Body)
}

func (g *gate) seed(t *testing.T, code string, quantity int) (ware, sku string) {
	t.Helper()
	out := g.control(t, "/items", object{"outerCode": code, "title": "沙箱", "price": "129.00", "quantity": quantity})
	return out["id"].(string), out["skuId"].(string)
}

func (g *gate) place(t *testing.T, code string, quantity int, pay bool) string {
	t.Helper()
	return g.control(t, "/orders", object{"lines": []object{{"outerCode": code, "quantity": quantity}}, "pay": pay})["id"].(string)
}

func TestSignaturesAreTheDocumentedOnes(t *testing.T) {
	raw, err := os.ReadFile("../testdata/signatures.json")
	require.NoError(t, err)
	var file struct {
		Vectors []struct {
			ID, Secret, Sign, Form string
			Published              bool
			Params                 map[string]string
		}
	}
	require.NoError(t, json.Unmarshal(raw, &file))
	published := 0
	for _, v := range file.Vectors {
		require.Equal(t, v.Sign, sandbox.Digest(v.Secret, v.Params), v.ID)
		if v.Published {
			published++
		}
		if v.Form == "" {
			continue
		}
		for _, wire := range []string{v.Form, strings.ReplaceAll(v.Form, "+", "%20")} {
			sent, err := sandbox.Merge("", wire)
			require.NoError(t, err)
			require.True(t, sandbox.Signed(v.Secret, sent), v.ID)
			sent["360buy_param_json"] += " "
			require.False(t, sandbox.Signed(v.Secret, sent), v.ID)
		}
	}
	require.Equal(t, 1, published)
}

func TestTheGateRefusesInTheDocumentedCodes(t *testing.T) {
	g := start(t, "")
	const shop = "jingdong.vender.shop.query"
	for want, p := range map[string]map[string]string{
		"14": params(shop, "{}", "method", "(none)"), "15": params("jingdong.vender.shop.Query", "{}"),
		"20": params(shop, "{}", "app_key", "(none)"), "21": params(shop, "{}", "app_key", "other"),
		"7": params(shop, "{}", "timestamp", "(none)"), "8": params(shop, "{}", "timestamp", "2026-03-18 04:00:00"), // UTC, eight hours off
		"4": params(shop, "{}", "v", "(none)"), "5": params(shop, "{}", "v", "1.0"), "13": params(shop, "{}", "format", "xml"),
		"18": params(shop, "{}", "access_token", "(none)"), "19": params(shop, "{}", "access_token", "other"),
		"60": params(shop, "", "360buy_param_json", "(none)"), "63": params(shop, "{"), "12": params(shop, "{}", "access_token", ""),
	} {
		require.Equal(t, want, dig(g.send(t, p), "error_response", "code"), want)
	}
	unsigned := params(shop, "{}")
	unsigned["sign"] = ""
	require.Equal(t, "11", dig(g.send(t, unsigned), "error_response", "code"))
	for _, wrong := range []string{strings.ToLower(params(shop, "{}")["sign"]), strings.Repeat("0", 32)} {
		p := params(shop, "{}")
		p["sign"] = wrong
		require.Equal(t, "12", dig(g.send(t, p), "error_response", "code"))
	}
	late := params(shop, "{}", "timestamp", "2026-03-18 11:53:59")
	require.Equal(t, "8", dig(g.send(t, late), "error_response", "code"))
	for _, p := range []map[string]string{params(shop, "{}"), params(shop, "{}", "timestamp", "2026-03-18 12:05:59.683+0800"),
		params(shop, "{}", "timestamp", "2026-03-18 11:54:00"), params(shop, "{}", "format", "json")} {
		require.Equal(t, "0", dig(g.send(t, p), "jingdong_vender_shop_query_responce", "code"))
	}
}

func TestQueryAndFormAreOneSet(t *testing.T) {
	g := start(t, "")
	p := params("jingdong.vender.shop.query", "{}")
	query := url.Values{}
	for _, name := range []string{"method", "app_key", "access_token", "timestamp", "v", "sign"} {
		query.Set(name, p[name])
	}
	ask := func(query, form string) object {
		resp, err := http.Post(g.base+"/routerjson?"+query, "application/x-www-form-urlencoded", strings.NewReader(form))
		require.NoError(t, err)
		defer resp.Body.Close()
		return decode(t, resp.Body)
	}
	require.Contains(t, ask(query.Encode(), "360buy_param_json=%7B%7D"), "jingdong_vender_shop_query_responce")
	require.Equal(t, "61", dig(ask(query.Encode(), "360buy_param_json=%7B%7D&v=2.0"), "error_response", "code"), "a parameter twice")
}

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

func TestStockIsWhatLiesOnTheShelf(t *testing.T) {
	g := start(t, "")
	_, sku := g.seed(t, "TEE", 10)
	g.place(t, "TEE", 3, true)
	shipped := g.place(t, "TEE", 2, true)
	g.place(t, "TEE", 1, false)
	info := func() any {
		out := g.call(t, "jingdong.ware.stock.sku.query", `{"skuId":`+sku+`}`)
		i := dig(out, "returnType", "obj", "skuStockInfos").([]any)[0]
		return []any{dig(i, "stockNum"), dig(i, "orderBookingNum"), dig(i, "appBookingNum")}
	}
	require.Equal(t, []any{json.Number("10"), json.Number("5"), json.Number("1")}, info())
	g.call(t, "jingdong.pop.order.shipment", `{"orderId":`+shipped+`,"logiCoprId":"467","logiNo":"SF1"}`)
	require.Equal(t, []any{json.Number("8"), json.Number("3"), json.Number("1")}, info())

	set := func(id, model, stocks string) any {
		return dig(g.call(t, "jingdong.ware.stock.sku.set", `{"req":{"updateModel":"`+model+`","stockRfId":"`+id+`","skuStocks":`+stocks+`}}`), "returnType")
	}
	done := set("r1", "fullStockIn", `[{"skuId":`+sku+`,"stockNum":20,"storeId":0},{"skuId":5,"stockNum":1}]`)
	require.Equal(t, true, dig(done, "success"), "one refused SKU does not make the call fail")
	results := dig(done, "obj", "updateStockResult").([]any)
	require.Equal(t, []any{true, false}, []any{dig(results[0], "success"), dig(results[1], "success")})
	require.Equal(t, json.Number(sku), dig(results[0], "data"))
	require.Equal(t, json.Number("20"), info().([]any)[0])
	require.Equal(t, true, dig(set("r2", "incrStockIn", `[{"skuId":"`+sku+`","incrStockNum":-5}]`), "success"))
	require.Equal(t, json.Number("15"), info().([]any)[0])

	require.Equal(t, false, dig(set("r2", "fullStockIn", `[{"skuId":`+sku+`,"stockNum":1}]`), "success"), "a stockRfId told twice")
	require.Equal(t, false, dig(set("", "fullStockIn", `[{"skuId":`+sku+`,"stockNum":1}]`), "success"))
	require.Equal(t, false, dig(set("r3", "fullStockIn", `[`+strings.TrimSuffix(strings.Repeat(`{"skuId":1,"stockNum":1},`, 31), ",")+`]`), "success"))
	require.Equal(t, json.Number("15"), info().([]any)[0])
}

func TestPagingNamesDiffer(t *testing.T) {
	g := start(t, "")
	var wares []string
	for n := range 12 {
		ware, _ := g.seed(t, fmt.Sprintf("TEE-%02d", n), n)
		wares = append(wares, ware)
	}
	skus := func(business string) []any {
		data, _ := dig(g.call(t, "jingdong.sku.read.searchSkuList", business), "page", "data").([]any)
		return data
	}
	require.Len(t, skus(`{"pageNo":1,"page_size":50,"field":"outerId"}`), 12)
	require.Len(t, skus(`{"pageNo":1,"pageSize":50,"field":"outerId"}`), 10, "a wrong name is ignored")
	require.Equal(t, "TEE-00", dig(skus(`{"page":2,"page_size":10,"field":"outerId"}`)[0], "outerId"), "so this is page 1 for ever")
	require.Equal(t, object{"wareId": json.Number(wares[3]), "skuId": dig(skus(`{"outId":["TEE-03"],"field":""}`)[0], "skuId"), "stockNum": json.Number("3")},
		skus(`{"outId":"TEE-03","field":"stockNum"}`)[0], "text joined by commas does as well as an array")
	out := g.call(t, "jingdong.ware.read.searchWare4Valid", `{"pageNo":2,"pageSize":5,"field":["title","wareStatus"]}`)
	require.Len(t, dig(out, "page", "data"), 5)
	require.Equal(t, json.Number("12"), dig(out, "page", "totalItem"))
	for _, beyond := range []string{`{"pageNo":101,"pageSize":1}`, `{"wareId":[77]}`} {
		require.NotContains(t, dig(g.call(t, "jingdong.ware.read.searchWare4Valid", beyond), "page"), "data")
	}
	require.Equal(t, "400", g.call(t, "jingdong.ware.read.searchWare4Valid", `{"pageSize":51}`)["code"])
	require.Equal(t, "400", g.call(t, "jingdong.sku.read.searchSkuList", `{"page_size":51}`)["code"])
}

const newWare = `{"ware":{"title":"衬衫","categoryId":9719,"transportId":7,"images":[{"colorId":"0000000000","imgIndex":1,"imgUrl":"https://img.example.com/1.jpg"}],
"mobileDesc":"x","introduction":"x","jdPrice":99.00,"wareStatus":8,"outerId":"SHIRT"},
"skus":[{"saleAttrs":[{"attrId":"1000016142","attrValues":["1600002"],"attrValueAlias":["S"]}],"jdPrice":99.00,"stockNum":4,"outerId":"SHIRT-S"}]}`

func TestWares(t *testing.T) {
	g := start(t, "")
	out := g.call(t, "jingdong.ware.write.add", newWare)
	require.Equal(t, "0", out["code"], "%v", out)
	ware := dig(out, "ware", "wareId").(json.Number).String()
	found := dig(g.call(t, "jingdong.sku.read.searchSkuList", `{"wareId":`+ware+`,"field":"status,jdPrice,skuName,outerId,saleAttrs"}`), "page", "data").([]any)
	sku := dig(found[0], "skuId").(json.Number).String()
	require.Equal(t, []any{json.Number("1"), "衬衫 S", "SHIRT-S"}, []any{dig(found[0], "status"), dig(found[0], "skuName"), dig(found[0], "outerId")})
	require.Equal(t, "衬衫", dig(g.call(t, "jingdong.sku.read.findSkuById", `{"skuId":`+sku+`,"field":"wareTitle"}`), "sku", "wareTitle"))

	require.Equal(t, true, g.call(t, "jingdong.ware.write.updateWare", `{"ware":{"wareId":`+ware+`,"title":"新衬衫"}}`)["success"])
	require.Equal(t, true, g.call(t, "jingdong.ware.write.upOrDown", `{"wareId":`+ware+`,"opType":2,"note":""}`)["success"])
	got := dig(g.call(t, "jingdong.ware.read.searchWare4Valid", `{"wareId":["`+ware+`"],"field":"title,wareStatus,outerId"}`), "page", "data").([]any)
	require.Equal(t, object{"wareId": json.Number(ware), "title": "新衬衫", "wareStatus": json.Number("2"), "outerId": "SHIRT"}, got[0])
	require.Equal(t, "11000019", g.call(t, "jingdong.sku.write.deleteSku", `{"skuId":`+sku+`}`)["code"], "the last SKU stays")

	for why, change := range map[string][2]string{
		"no title":          {`"title":"衬衫"`, `"title":""`},
		"long title":        {`"title":"衬衫"`, `"title":"` + strings.Repeat("衫", 51) + `"`},
		"no category":       {`"categoryId":9719,`, ``},
		"no freight":        {`"transportId":7,`, ``},
		"no main picture":   {`"imgIndex":1`, `"imgIndex":2`},
		"no description":    {`"introduction":"x",`, ``},
		"no price":          {`"jdPrice":99.00,"wareStatus"`, `"wareStatus"`},
		"status":            {`"wareStatus":8`, `"wareStatus":2`},
		"attribute":         {`1000016142`, `1`},
		"value":             {`1600002`, `1500002`},
		"comma":             {`["S"]`, `["S,M"]`},
		"long alias":        {`["S"]`, `["` + strings.Repeat("S", 26) + `"]`},
		"no stock":          {`"stockNum":4,`, ``},
		"no attributes":     {`{"attrId":"1000016142","attrValues":["1600002"],"attrValueAlias":["S"]}`, ``},
		"SKUs indistinct":   {`"skus":[`, `"skus":[{"saleAttrs":[{"attrId":"1000016142","attrValues":["1600003"],"attrValueAlias":["S"]}],"jdPrice":1,"stockNum":1},`},
		"fractions of fen":  {`"jdPrice":99.00,"stockNum"`, `"jdPrice":99.001,"stockNum"`},
		"negative quantity": {`"stockNum":4`, `"stockNum":-4`},
	} {
		business := strings.Replace(newWare, change[0], change[1], 1)
		require.NotEqual(t, newWare, business, why)
		require.NotEqual(t, "0", g.call(t, "jingdong.ware.write.add", business)["code"], why)
	}
	require.Equal(t, json.Number("1"), dig(g.call(t, "jingdong.ware.read.searchWare4Valid", `{}`), "page", "totalItem"), "a refused ware leaves nothing behind")
}

func TestCarriersAndAttributes(t *testing.T) {
	g := start(t, "")
	list := dig(g.call(t, "jingdong.fce.alpha.getVenderCarrier", `{}`), "StandardGenericResponse", "result", "carrierList").([]any)
	require.Contains(t, list, any(object{"id": json.Number("467"), "name": "顺丰快递"}))
	attrs := g.call(t, "jingdong.category.read.findAttrsByCategoryIdUnlimitCate", `{"cid":9719,"attributeType":4,"field":"attrValueList"}`)["findattrsbycategoryidunlimitcate_result"].([]any)
	require.Len(t, attrs, 2)
	require.NotEmpty(t, dig(attrs[0], "attrValueList"))
}

func TestTheShopIsAsItWasLeft(t *testing.T) {
	dir := t.TempDir()
	var order, ware string
	t.Run("before", func(t *testing.T) {
		g := start(t, dir)
		ware = dig(g.call(t, "jingdong.ware.write.add", newWare), "ware", "wareId").(json.Number).String()
		order = g.place(t, "SHIRT-S", 1, true)
		g.call(t, "jingdong.pop.order.shipment", `{"orderId":`+order+`,"logiCoprId":"467","logiNo":"SF1"}`)
	})
	t.Run("after", func(t *testing.T) {
		g := start(t, dir)
		out := g.call(t, "jingdong.pop.order.enGet", `{"order_id":"`+order+`","optional_fields":"waybill"}`)
		require.Equal(t, "SF1", dig(out, "orderDetailInfo", "orderInfo", "waybill"))
		again := dig(g.call(t, "jingdong.ware.write.add", newWare), "ware", "wareId").(json.Number).String()
		require.NotEqual(t, ware, again)
	})
}

func TestTheControlAPIIsNotTheGateway(t *testing.T) {
	g := start(t, "")
	resp, err := http.Get(g.base + "/routerjson/")
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, 404, resp.StatusCode)
}
