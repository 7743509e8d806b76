package taobao

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/oneshelf/oneshelf/integrations"
)

func FuzzTradesNeverPanicAndKeepNoReceiver(f *testing.F) {
	for _, name := range []string{"multi_order_promotions", "presale_step"} {
		text, err := os.ReadFile("testdata/trade_" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"tid":1,"orders":{"order":null},"receiver_name":"x"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		o, err := orderFrom(json.RawMessage(raw))
		if err == nil && strings.Contains(string(o.Raw), `"receiver_name":`) {
			t.Fatalf("kept: %s", o.Raw)
		}
	})
}

func FuzzSchemasNeverPanicAndFillToXML(f *testing.F) {
	f.Add(`<itemRule><field id="1" name="宝贝标题" type="input"><rules><rule name="maxLengthRule" value="3" unit="byte"/></rules></field></itemRule>`)
	f.Add(`<itemRule><field id="s" name="规格" type="multiComplex"><fields><field id="q" name="数量" type="input"/><field id="c" name="颜色" type="singleCheck">` +
		`<options><option displayName="白" value="1"/></options></field></fields><complex-values><field id="q"><value>3</value></field></complex-values></field></itemRule>`)
	f.Add(`<a><field type="multiInput" name="图片"><rules><rule name="maxInputNumRule" value="-1"/></rules></field>` +
		`<field type="input" name="描述"><rules><rule name="minLengthRule" value="999999999"/></rules></field></a>`)
	f.Add(`<a><field type="complex" name="图片"/><field type="multiInput" name="主图"/></a>`)
	d := integrations.Draft{Title: "亚麻衬衫", Images: []string{"https://img.example.com/1.jpg"}, Variants: []integrations.DraftVariant{{OuterCode: "A", Price: 100, Quantity: 1}}}
	f.Fuzz(func(t *testing.T, rules string) {
		filled, err := fill(rules, d)
		if err != nil {
			return
		}
		if _, err := parseXML(filled); err != nil {
			t.Fatalf("%v in %s", err, filled)
		}
	})
}
