package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	kit "github.com/oneshelf/oneshelf/integrations/sandbox"
)

var noon = time.Date(2025, 6, 18, 12, 0, 0, 0, china)

func server(t *testing.T, dir string) *Server {
	t.Helper()
	s, err := New(Config{AppKey: "key", AppSecret: "secret", Session: "session", Dir: dir, Now: func() time.Time { return noon }})
	require.NoError(t, err)
	return s
}

// ask sends one call as a client would; changes of "" leave a parameter out, and "sign" overrides the right one.
func ask(t *testing.T, s *Server, method string, changes map[string]string) string {
	t.Helper()
	p := map[string]string{"method": method, "app_key": "key", "session": "session", "timestamp": "2025-06-18 12:00:00", "v": "2.0", "sign_method": "md5", "format": "json"}
	maps.Copy(p, changes)
	maps.DeleteFunc(p, func(_, v string) bool { return v == "" })
	if _, own := changes["sign"]; !own {
		p["sign"] = digest(p["sign_method"], "secret", p)
	}
	query, body := url.Values{}, url.Values{}
	for name, value := range p { // common parameters in the address and the others in the body, as official clients do
		if len(name)%2 == 0 {
			query.Set(name, value)
		} else {
			body.Set(name, value)
		}
	}
	r := httptest.NewRequest("POST", "/router/rest?"+query.Encode(), strings.NewReader(body.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=utf-8")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	require.Equal(t, 200, w.Code, "errors come with 200 too")
	return w.Body.String()
}

func codeOf(t *testing.T, answer string) (int, string) {
	t.Helper()
	var out struct {
		Error struct {
			Code    int    `json:"code"`
			SubCode string `json:"sub_code"`
		} `json:"error_response"`
	}
	require.NoError(t, json.Unmarshal([]byte(answer), &out), answer)
	return out.Error.Code, out.Error.SubCode
}

// seed puts items A and B on sale and places n orders of A.
func seed(t *testing.T, s *Server, n int) (ids []string) {
	t.Helper()
	require.NoError(t, s.State.Update(func(tx *kit.Tx) error {
		for _, code := range []string{"A", "B"} {
			tx.PutItem(&kit.Item{ID: tx.NewID(kit.ItemID), OuterCode: code, Title: "沙箱测试", OnSale: true,
				SKUs: []kit.SKU{{ID: tx.NewID(kit.SKUID), OuterCode: code, Price: 990, Quantity: 1000}}})
		}
		return nil
	}))
	for range n {
		require.NoError(t, s.State.Update(func(tx *kit.Tx) error {
			o, err := tx.Place(kit.Purchase{Pay: true, Lines: []kit.PurchaseLine{{OuterCode: "A", Quantity: 1}, {OuterCode: "B", Quantity: 1}}})
			if err == nil {
				ids = append(ids, o.ID)
			}
			return err
		}))
	}
	return ids
}

func TestTheGatewayChecksInOrder(t *testing.T) {
	t.Parallel()
	s := server(t, "")
	for _, c := range []struct {
		want    int
		changes map[string]string
	}{
		{21, map[string]string{"method": ""}},
		{22, map[string]string{"method": "taobao.item.add"}}, // gone from the catalogue since 2023
		{28, map[string]string{"app_key": "", "timestamp": "", "sign": ""}},
		{29, map[string]string{"app_key": "other", "timestamp": ""}},
		{30, map[string]string{"timestamp": "", "sign": ""}},
		{31, map[string]string{"timestamp": "2025-06-18T12:00:00Z"}},
		{31, map[string]string{"timestamp": "2025-06-18 12:10:01"}},
		{31, map[string]string{"timestamp": "2025-06-18 04:00:00"}}, // UTC
		{32, map[string]string{"v": ""}},
		{33, map[string]string{"v": "two"}},
		{34, map[string]string{"v": "3.0"}},
		{24, map[string]string{"sign": "", "session": ""}},
		{25, map[string]string{"sign": "0123", "session": ""}},
		{25, map[string]string{"sign_method": "", "sign": "0123"}},
		{26, map[string]string{"session": ""}},
		{27, map[string]string{"session": "another", "fields": ""}},
		{40, map[string]string{"fields": ""}},
		{41, map[string]string{"fields": "tid", "page_size": "101"}},
	} {
		got, _ := codeOf(t, ask(t, s, "taobao.trades.sold.get", mergeInto(c.changes, "fields", "tid")))
		require.Equal(t, c.want, got, fmt.Sprint(c.changes))
	}
	require.Contains(t, ask(t, s, "taobao.time.get", map[string]string{"format": "yaml"}), "<code>23</code>")
	require.Contains(t, ask(t, s, "taobao.trades.sold.get", map[string]string{"fields": "tid", "timestamp": "2025-06-18 12:10:00"}), "trades_sold_get_response")
	require.Contains(t, ask(t, s, "taobao.time.get", map[string]string{"session": ""}), `"time":"2025-06-18 12:00:00"`)
}

func mergeInto(m map[string]string, name, value string) map[string]string {
	out := maps.Clone(m)
	if _, set := out[name]; !set {
		out[name] = value
	}
	return out
}

func TestAnswersHaveThePlatformsShapes(t *testing.T) {
	t.Parallel()
	s := server(t, "")
	get := func(more map[string]string) string {
		p := map[string]string{"fields": "num_iid,sku"}
		maps.Copy(p, more)
		return ask(t, s, "taobao.items.onsale.get", p)
	}
	require.Contains(t, get(nil), `"items":{}`, "an empty list is an empty object")
	seed(t, s, 0)
	require.Contains(t, get(nil), `{"items_onsale_get_response":{"items":{"item":[{"num_iid":687412`)
	require.NotContains(t, get(nil), "sku", "the list calls know no SKUs")
	require.Contains(t, get(map[string]string{"simplify": "true"}), `{"items":[{"num_iid":`)
	xml := get(map[string]string{"format": ""})
	require.True(t, strings.HasPrefix(xml, `<?xml version="1.0" encoding="utf-8" ?><items_onsale_get_response><items><item><num_iid>687412`), xml)
	require.Contains(t, ask(t, s, "taobao.items.onsale.get", map[string]string{"format": ""}), "<error_response><code>40</code>")
	require.Contains(t, ask(t, s, "taobao.items.seller.list.get", map[string]string{"fields": "sku.sku_id", "num_iids": "687412000001,1"}), `{"item":[{"skus":{"sku":[{"sku_id":5021345`)
	require.Contains(t, ask(t, s, "taobao.skus.custom.get", map[string]string{"fields": "iid,sku_id", "outer_id": "B"}), `"iid":"687412`)
	require.Contains(t, ask(t, s, "taobao.item.skus.get", map[string]string{"fields": "outer_id", "num_iids": "687412000001"}), `"sku":[{"outer_id":"A"}]`)
	require.Contains(t, ask(t, s, "taobao.items.custom.get", map[string]string{"fields": "outer_id", "outer_id": "A,Z"}), `"item":[{"outer_id":"A"}]`)
	require.Contains(t, ask(t, s, "taobao.user.seller.get", map[string]string{"fields": "type"}), `"user":{"type":"C"}`)
}

func TestTradesArePagedNewestFirstWithinTheLimits(t *testing.T) {
	t.Parallel()
	s := server(t, "")
	ids := seed(t, s, 3)
	window := map[string]string{"fields": "tid,status", "type": "fixed", "start_modified": "2025-06-18 11:00:00", "end_modified": "2025-06-18 12:00:00"}
	get := func(more map[string]string) string {
		p := maps.Clone(window)
		maps.Copy(p, more)
		return ask(t, s, "taobao.trades.sold.increment.get", p)
	}
	require.Contains(t, get(nil), `"total_results":3`)
	require.Contains(t, get(map[string]string{"type": ""}), `"total_results":0`, "the usual type has to be named")
	first := get(map[string]string{"page_size": "2", "use_has_next": "true"})
	require.Contains(t, first, `"has_next":true`)
	require.NotContains(t, first, "total_results")
	require.Contains(t, get(map[string]string{"page_size": "2", "page_no": "2", "use_has_next": "true"}), `"has_next":false`)
	require.Contains(t, first, `{"status":"WAIT_SELLER_SEND_GOODS","tid":`+ids[0]+`}`)
	for name, value := range map[string]string{"start_modified": "2025-06-17 11:59:59", "end_modified": "2025-06-18 11:00:00", "page_size": "0", "page_no": "0"} {
		code, _ := codeOf(t, get(map[string]string{name: value}))
		require.Equal(t, 41, code, name)
	}
	code, _ := codeOf(t, get(map[string]string{"start_modified": "2025-03-01 11:00:00", "end_modified": "2025-03-01 12:00:00"}))
	require.Equal(t, 41, code, "only the last three months are told")
}

func TestAnOaidComesOnlyWithAllItIsMadeOf(t *testing.T) {
	t.Parallel()
	s := server(t, "")
	id := seed(t, s, 1)[0]
	all := "receiver_name,receiver_address,receiver_mobile,receiver_phone,created,oaid"
	full := ask(t, s, "taobao.trade.fullinfo.get", map[string]string{"tid": id, "fields": all, "include_oaid": "true"})
	require.Contains(t, full, `"oaid":"1sandbox`)
	require.Contains(t, full, `"receiver_name":"王**"`)
	require.Contains(t, full, `"receiver_mobile":"*******8000"`)
	require.NotContains(t, full, "status", "only the named fields come back")
	require.NotContains(t, ask(t, s, "taobao.trade.fullinfo.get", map[string]string{"tid": id, "fields": "oaid,receiver_name"}), `"oaid"`)
	_, sub := codeOf(t, ask(t, s, "taobao.trade.fullinfo.get", map[string]string{"tid": id, "fields": "oaid", "include_oaid": "true"}))
	require.Equal(t, "isv.oaid-field-miss", sub)
	_, sub = codeOf(t, ask(t, s, "taobao.trade.fullinfo.get", map[string]string{"tid": "1", "fields": "tid"}))
	require.Equal(t, "isv.trade-not-exist", sub)
}

func TestShippingKeepsTheSplitRules(t *testing.T) {
	t.Parallel()
	s := server(t, "")
	ids := seed(t, s, 2)
	var lines []string
	s.State.View(func(v kit.View) {
		for _, l := range v.Order(ids[0]).Lines {
			lines = append(lines, l.ID)
		}
	})
	send := func(tid, sid, company, split, subs string) string {
		answer := ask(t, s, "taobao.logistics.offline.send", map[string]string{"tid": tid, "out_sid": sid, "company_code": company, "is_split": split, "sub_tid": subs})
		if strings.Contains(answer, `"is_success":true`) {
			return "ok"
		}
		_, sub := codeOf(t, answer)
		return strings.TrimPrefix(sub, "isv.logistics-offline-service-error:")
	}
	for _, c := range []struct{ tid, sid, company, split, subs, want string }{
		{ids[0], "SF1400011122233", "SF", "1", "", "CD25"},
		{ids[0], "SF1400011122233", "SF", "", lines[0], "CD25"},
		{ids[0], "SF1400011122233", "DHL", "", "", "B57"},
		{ids[0], "12", "ZTO", "", "", "B60"},
		{"3917420999999012345", "SF1400011122233", "SF", "", "", "ORDER_NOT_FOUND_ERROR"},
		{ids[0], "SF1400011122233", "SF", "1", "77", "B06"},
		{ids[0], "SF1400011122233", "SF", "1", lines[0] + "," + lines[1], "CD28"},
		{ids[0], "SF1400011122233", "SF", "1", lines[0], "ok"},
		{ids[0], "SF1400011122233", "SF", "1", lines[0], "B04"},
		{ids[0], "SF1400011122244", "SF", "", "", "CD16"},
		{ids[1], "SF1400011122233", "SF", "", "", "B60"}, // used on another trade
		{ids[0], "SF1400011122244", "SF", "1", lines[1], "ok"},
		{ids[0], "SF1400011122244", "SF", "", "", "B04"},
	} {
		require.Equal(t, c.want, send(c.tid, c.sid, c.company, c.split, c.subs), fmt.Sprint(c))
	}
	trade := ask(t, s, "taobao.trade.fullinfo.get", map[string]string{"tid": ids[0], "fields": "status,orders.invoice_no"})
	require.Contains(t, trade, "WAIT_BUYER_CONFIRM_GOODS")
	require.Contains(t, trade, `[{"invoice_no":"SF1400011122233"},{"invoice_no":"SF1400011122244"}]`)
}

func TestTheTwoStockCallsTreatTooMuchTakenDifferently(t *testing.T) {
	t.Parallel()
	s := server(t, "")
	seed(t, s, 0)
	var it *kit.Item
	s.State.View(func(v kit.View) { it = v.Items()[0] })
	update := func(method string, p map[string]string) string {
		p["num_iid"] = it.ID
		return ask(t, s, method, p)
	}
	require.Contains(t, update("taobao.skus.quantity.update", map[string]string{"skuid_quantities": it.SKUs[0].ID + ":40"}), `"quantity":40`)
	code, _ := codeOf(t, update("taobao.item.quantity.update", map[string]string{"quantity": "-50", "type": "2"}))
	require.Equal(t, 41, code, "refused")
	require.Contains(t, update("taobao.skus.quantity.update", map[string]string{"outerid_quantities": "A:-50", "type": "2"}), `"quantity":0`, "ends at zero")
	for _, bad := range []string{"", "x", it.SKUs[0].ID + ":-1", it.SKUs[0].ID + ":1;", strings.Repeat("1:1;", 20) + "1:1"} {
		code, _ = codeOf(t, update("taobao.skus.quantity.update", map[string]string{"skuid_quantities": bad}))
		require.Contains(t, []int{40, 41}, code, bad)
	}
	_, sub := codeOf(t, update("taobao.skus.quantity.update", map[string]string{"skuid_quantities": it.SKUs[0].ID + ":9;1:9"}))
	require.Contains(t, sub, "SKU_NOT_FOUND")
	require.Contains(t, ask(t, s, "taobao.item.seller.get", map[string]string{"fields": "num", "num_iid": it.ID}), `"num":0`, "all or nothing")
}

func TestASubmissionIsHeldAgainstTheRules(t *testing.T) {
	t.Parallel()
	s := server(t, "")
	schema := ask(t, s, "alibaba.item.publish.schema.get", map[string]string{"market": "taobao", "cat_id": "50010850"})
	require.Contains(t, schema, "itemRule")
	require.Contains(t, schema, "requiredRule")
	field := func(id, kind, inner string) string {
		return fmt.Sprintf(`<field id="%s" name="" type="%s">%s</field>`, id, kind, inner)
	}
	in := func(id, v string) string { return field(id, "input", "<value>"+v+"</value>") }
	sku := func(colour string) string {
		return "<complex-values>" + in("prop_1627207", colour) + in("prop_20509", "M") + in("sku_price", "99.00") + in("sku_quantity", "2") + in("sku_outerId", "S-"+colour) + "</complex-values>"
	}
	good := in("title", "T") + in("prop_20000", "B") + in("prop_material", "棉") + in("price", "99.00") + in("quantity", "4") + in("description", "long enough") +
		field("stuff_status", "singleCheck", "<value>5</value>") + field("start_time_type", "singleCheck", "<value>0</value>") +
		field("item_images", "complex", "<complex-values>"+in("item_image_0", "https://img.example.com/1.jpg")+"</complex-values>") +
		field("sku", "multiComplex", sku("白")+sku("黑"))
	submit := func(fields string) string {
		return ask(t, s, "alibaba.item.publish.submit", map[string]string{"market": "taobao", "cat_id": "50010850", "schema": "<itemParam>" + fields + "</itemParam>"})
	}
	require.Contains(t, submit(good), `"item_id":687412`)
	for why, change := range map[string][2]string{
		"必填":         {in("prop_20000", "B"), ""},
		"字段不存在":      {in("prop_20000", "B"), in("prop_20000", "B") + in("nonsense", "1")},
		"字段类型错误":     {`name="" type="input"><value>T<`, `name="" type="multiInput"><value>T<`},
		"长度不能超过60字节": {in("title", "T"), in("title", strings.Repeat("长", 31))},
		"格式错误":       {in("price", "99.00"), in("price", "cheap")},
		"选项不存在":      {"<value>5</value>", "<value>9</value>"},
		"销售属性组合重复":   {sku("黑"), sku("白")},
		"SKU价格范围":    {in("price", "99.00"), in("price", "100.00")},
		"SKU数量之和":    {in("quantity", "4"), in("quantity", "5")},
	} {
		require.Contains(t, good, change[0], why)
		require.Contains(t, submit(strings.Replace(good, change[0], change[1], 1)), why)
	}
	code, sub := codeOf(t, ask(t, s, "alibaba.item.publish.schema.get", map[string]string{"market": "tmall", "cat_id": "1"}))
	require.Equal(t, 40, code)
	require.Contains(t, sub, "spu_id")
	s.State.View(func(v kit.View) { require.Len(t, v.Items(), 1, "what is refused leaves nothing behind") })
}

func TestTheShopIsStillThereAfterAKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	id := seed(t, server(t, dir), 1)[0] // never closed
	again := server(t, dir)
	require.Contains(t, ask(t, again, "taobao.trade.fullinfo.get", map[string]string{"tid": id, "fields": "tid_str"}), id)
	require.NoError(t, again.Close())
	require.Contains(t, ask(t, again, "taobao.logistics.offline.send", map[string]string{"tid": id, "out_sid": "SF1400011122233", "company_code": "SF"}),
		"Service currently unavailable", "what is not on disk is not said to be done")
}
