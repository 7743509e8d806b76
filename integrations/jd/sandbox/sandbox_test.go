package sandbox_test

import (
	"bytes"
	"encoding/json"
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
