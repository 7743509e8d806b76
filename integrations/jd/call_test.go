package jd

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/jd/api"
)

func TestAnswersInEveryShape(t *testing.T) {
	const method = "jingdong.pop.order.shipment"
	for name, body := range map[string]string{
		"as documented":             `{"jingdong_pop_order_shipment_responce":{"code":"0","sopjosshipment_result":{"success":true}}}`,
		"spelt right":               `{"jingdong_pop_order_shipment_response":{"code":"0","sopjosshipment_result":{"success":"true"}}}`,
		"numeric code, other order": `{"jingdong_pop_order_shipment_responce":{"sopjosshipment_result":{"errorCode":0,"success":true},"code":0}}`,
		"control characters":        "{\"jingdong_pop_order_shipment_responce\":{\"code\":\"0\",\"sopjosshipment_result\":{\"success\":true,\"chineseErrCode\":\"a\nb\x01\tc\"}}}\r\n",
		"new fields":                `{"jingdong_pop_order_shipment_responce":{"code":"0","requestId":[1],"sopjosshipment_result":{"success":true,"x":{}}},"trace":1}`,
	} {
		var done api.ShipmentDone
		require.NoError(t, unwrap(method, []byte(body), &done), name)
		require.NoError(t, checked(done.Result.V), name)
	}
	for body, want := range map[string]integrations.Error{
		`{"error_response":{"code":"12","zh_desc":"无效签名","en_desc":"Invalid Signature"}}`:         {Kind: integrations.Misconfigured, Code: "12", Message: "无效签名"},
		`{"error_response":{"en_desc":"Invalid access_token","code":19}}`:                         {Kind: integrations.Unauthorized, Code: "19", Message: "Invalid access_token"},
		`{"jingdong_pop_order_shipment_responce":{"code":"67","zh_desc":"后端异常"}}`:                 {Kind: integrations.Temporary, Code: "67", Message: "后端异常"},
		`{"jingdong_pop_order_shipment_responce":{"code":"11000012","error_description":"非法字符"}}`: {Kind: integrations.Rejected, Code: "11000012", Message: "非法字符"},
		`{"code":"2","zh_desc":"限制"}`:                                                             {Kind: integrations.Limited, Code: "2", Message: "限制", RetryAfter: pause},
		`{"error_response":{"code":"98","zh_desc":"新的错误"}}`:                                       {Kind: integrations.Temporary, Code: "98", Message: "新的错误"},
		`<html>busy</html>`: {Kind: integrations.Temporary, Code: "NOT_JSON", Message: "the answer to " + method + " is no JSON"},
		``:                  {Kind: integrations.Temporary, Code: "NOT_JSON", Message: "the answer to " + method + " is no JSON"},
		`{"jingdong_pop_order_shipment_responce":{"code":"0","sopj`: {Kind: integrations.Temporary, Code: "NOT_JSON", Message: "the answer to " + method + " is no JSON"},
		`{"jingdong_pop_order_get_responce":{"code":"0"}}`:          {Kind: integrations.Temporary, Code: "NO_WRAPPER", Message: "the answer to " + method + " has an unknown shape"},
		`{"error_response":"no"}`:                                   {Kind: integrations.Temporary, Code: "SHAPE", Message: "the refusal of " + method + " has an unknown shape"},
	} {
		require.Equal(t, &want, unwrap(method, []byte(body), &api.ShipmentDone{}), body)
	}
}

func TestRefusalsUnderCodeZero(t *testing.T) {
	for body, want := range map[string]string{
		`{"success":false,"errorCode":"10400010","chineseErrCode":"订单已锁定"}`:            "订单已锁定",
		`{"success":"false","error_code":10400010,"chinese_err_code":"订单已锁定"}`:         "订单已锁定",
		`{"success":false,"numberCode":"10400010","englishErrCode":"order is locked"}`: "order is locked",
	} {
		var done api.ShipmentDone
		require.NoError(t, unwrap("m", []byte(`{"m_responce":{"code":"0","sopjosshipment_result":`+body+`}}`), &done))
		e := integrations.AsError(checked(done.Result.V))
		require.Equal(t, integrations.Rejected, e.Kind)
		require.Equal(t, "10400010", e.Code)
		require.Equal(t, want, e.Message)
	}
}

func TestCodesAreJudged(t *testing.T) {
	for kind, codes := range map[integrations.ErrorKind][]string{
		integrations.Temporary:     {"1", "43", "65", "66", "67", "69", "70", "500", "10100046"},
		integrations.Limited:       {"2", "503"},
		integrations.Unauthorized:  {"18", "19", "22"},
		integrations.Misconfigured: {"3", "8", "11", "12", "20", "21", "24", "73", "80"},
		integrations.Unsupported:   {"15", "23", "64"},
		integrations.Rejected:      {"60", "61", "62", "63", "68", "400", "403", "1100", "11201056"},
		integrations.Missing:       {"71", "11200025"},
	} {
		for _, code := range codes {
			require.Equal(t, kind, gatewayError(api.Fault{Code: api.Text(code)}).Kind, code)
		}
	}
}

// stub opens a shop on a handler of the test's own.
func stub(t *testing.T, answer http.HandlerFunc) *shop {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	s, err := openShop(integrations.Config{Settings: map[string]string{"gatewayUrl": server.URL, "appKey": "key", "appSecret": "s3cret",
		"accessToken": "t0ken", "categoryId": "9719", "freightTemplateId": "1"}, HTTP: server.Client(),
		Now: func() time.Time { return time.Date(2026, 3, 18, 23, 30, 0, 0, time.UTC) }})
	require.NoError(t, err)
	return s.(*shop)
}

func TestARequestShowsNothingInItsAddress(t *testing.T) {
	s := stub(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/routerjson" || r.URL.RawQuery != "" || r.Method != http.MethodPost ||
			r.FormValue("timestamp") != "2026-03-19 07:30:00" || r.FormValue("360buy_param_json") != `{"skuId":10200000000000041}` {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		_, _ = w.Write([]byte(`{"jingdong_sku_write_deleteSku_responce":{"code":"0","success":true}}`))
	})
	require.NoError(t, s.done(t.Context(), "jingdong.sku.write.deleteSku", api.SKUDelete{SKUID: 10200000000000041}))
}

func TestHTTPStatuses(t *testing.T) {
	for status, kind := range map[int]integrations.ErrorKind{429: integrations.Limited, 500: integrations.Temporary, 502: integrations.Temporary,
		503: integrations.Temporary, 403: integrations.Temporary, 404: integrations.Misconfigured, 302: integrations.Misconfigured} {
		s := stub(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(status)
		})
		err := integrations.AsError(s.call(t.Context(), "jingdong.vender.shop.query", struct{}{}, &struct{}{}))
		require.Equal(t, kind, err.Kind, status)
		if status == 429 {
			require.Equal(t, 7*time.Second, err.RetryAfter)
		}
	}
}

func TestErrorsShowNoSecret(t *testing.T) {
	s := stub(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	err := s.call(t.Context(), "jingdong.vender.shop.query", struct{}{}, &struct{}{})
	require.Equal(t, integrations.Temporary, integrations.AsError(err).Kind)
	for _, secret := range []string{"s3cret", "t0ken", "sign"} {
		require.NotContains(t, err.Error(), secret)
	}
}

func TestALateTimestampIsSignedAnewOnce(t *testing.T) {
	calls := 0
	s := stub(t, func(w http.ResponseWriter, _ *http.Request) {
		calls++
		if calls == 1 {
			_, _ = w.Write([]byte(`{"error_response":{"code":"8","zh_desc":"无效时间戳"}}`))
			return
		}
		_, _ = w.Write([]byte(`{"jingdong_vender_shop_query_responce":{"code":"0"}}`))
	})
	require.NoError(t, s.call(t.Context(), "jingdong.vender.shop.query", struct{}{}, &struct{}{}))
	require.Equal(t, 2, calls)
}

func TestSettingsThatAreNoNumbersAreNamed(t *testing.T) {
	_, err := openShop(integrations.Config{Settings: map[string]string{"gatewayUrl": "http://127.0.0.1:1", "categoryId": "shirts"}})
	require.ErrorContains(t, err, "categoryId")
	_, err = openShop(integrations.Config{Settings: map[string]string{"gatewayUrl": "nowhere"}})
	require.ErrorContains(t, err, "gatewayUrl")
}
