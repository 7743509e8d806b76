package api

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func read[T any](t *testing.T, text string) T {
	t.Helper()
	var v struct{ X T }
	require.NoError(t, json.Unmarshal([]byte(`{"X":`+text+`}`), &v), text)
	return v.X
}

func refused[T any](t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		var v struct{ X T }
		require.Error(t, json.Unmarshal([]byte(`{"X":`+text+`}`), &v), text)
	}
}

func TestScalarsTakeEveryFormSeen(t *testing.T) {
	for text, want := range map[string]Text{`"12"`: "12", `12`: "12", `9223372036854775807`: "9223372036854775807", `null`: "", `{}`: "", `[]`: "",
		`""`: "", `true`: "true"} {
		require.Equal(t, want, read[Text](t, text), text)
	}
	for text, want := range map[string]Int{`"12"`: 12, `12`: 12, `9007199254740993`: 9007199254740993, `"9007199254740993"`: 9007199254740993,
		`12.0`: 12, `1.0E7`: 10_000_000, `""`: 0, `null`: 0, `{}`: 0, `-1`: -1} {
		require.Equal(t, want, read[Int](t, text), text)
	}
	refused[Int](t, `"twelve"`, `1.5`, `1e400`, `"1/3"`, `99999999999999999999`)
	for text, want := range map[string]Bool{`true`: true, `"true"`: true, `"TRUE"`: true, `1`: true, `"1"`: true, `false`: false, `"false"`: false,
		`0`: false, `null`: false, `""`: false} {
		require.Equal(t, want, read[Bool](t, text), text)
	}
}

func TestAmountsAreExact(t *testing.T) {
	for text, fen := range map[string]int64{`"599.00"`: 59900, `599`: 59900, `599.0`: 59900, `259.5`: 25950, `0.07`: 7, `"0.10"`: 10, `"-3.57"`: -357,
		`1.299E3`: 129900, `1.0E7`: 1_000_000_000, `9007199254740.93`: 900719925474093, `"1.2300"`: 123} {
		require.Equal(t, Yuan{Fen: fen, Set: true}, read[Yuan](t, text), text)
	}
	for _, text := range []string{`""`, `null`, `{}`, `[]`} {
		require.Equal(t, Yuan{}, read[Yuan](t, text), text)
	}
	refused[Yuan](t, `"1.005"`, `"about ten"`, `1e99`, `1.0001E0`, `"1,000.00"`)
	out, err := json.Marshal(Yuan{Fen: 25905})
	require.NoError(t, err)
	require.Equal(t, "259.05", string(out))
}

func TestTimes(t *testing.T) {
	at := time.Date(2026, 3, 18, 1, 41, 7, 0, time.UTC)
	for _, text := range []string{`"2026-03-18 09:41:07"`, `1773798067000`, `"1773798067000"`} {
		require.True(t, at.Equal(read[Time](t, text).Time), text)
	}
	for _, text := range []string{`"0001-01-01 00:00:00"`, `"1970-01-01 00:00:00"`, `"1970-01-01 08:00:00"`, `0`, `""`, `null`, `{}`} {
		require.True(t, read[Time](t, text).IsZero(), text)
	}
	refused[Time](t, `"yesterday"`, `"2026-13-01 00:00:00"`)
}

func TestEmptyObjectsAndLists(t *testing.T) {
	for _, text := range []string{`{}`, `[]`, `null`, `""`} {
		require.Empty(t, read[Object[Consignee]](t, text).V, text)
		require.Empty(t, read[List[Coupon]](t, text), text)
	}
	require.EqualValues(t, "宁波市", read[Object[Consignee]](t, `{"city":"宁波市"}`).V.City)
	require.Len(t, read[List[Coupon]](t, `[{},{}]`), 2)
	require.Len(t, read[List[Coupon]](t, `{"skuId":"1"}`), 1)
}

// JD's guide wants the keys of the business JSON in alphabetical order, at every level.
func TestRequestsHaveSortedKeys(t *testing.T) {
	price := &Yuan{Fen: 1}
	sku := SKUWrite{BarCode: "1", SKUID: 1, SaleAttrs: []SaleAttr{{}}}
	ware := WareWrite{BrandID: 1, CategoryID: 1, Images: []Image{{}}, Introduction: "x", JDPrice: price, MobileDesc: "x", OuterID: "x", Title: "x",
		TransportID: 1, WareID: 1, WareStatus: 8, Weight: "0.500"}
	for _, in := range []any{OrderSearch{}, OrderGet{}, UnpaidSearch{}, Shipment{OrderID: "1"}, WareAdd{SKUs: []SKUWrite{sku}, Ware: ware}, WareUpdate{Ware: ware},
		WareSearch{EndCreatedTime: "x", StartCreatedTime: "x", WareID: []int64{1}}, SKUSearch{OutID: []string{"x"}, SKUID: []int64{1}, WareID: []int64{1}},
		SKUsUpdate{SKUs: []SKUWrite{sku}}, UpOrDown{}, SKUDelete{}, AttrSearch{}, StockSet{Req: StockReq{SKUStocks: []SKUStock{{}}}}, StockQuery{}} {
		text, err := json.Marshal(in)
		require.NoError(t, err)
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.UseNumber()
		var v any
		require.NoError(t, d.Decode(&v))
		sorted, err := json.Marshal(v) // maps are written in the order of their keys
		require.NoError(t, err)
		require.Equal(t, string(sorted), string(text), reflect.TypeOf(in).Name())
	}
}
