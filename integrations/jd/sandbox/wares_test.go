package sandbox_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

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
