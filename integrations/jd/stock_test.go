package jd_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/shoptest"
)

func stock(u shoptest.Unit, n int) integrations.StockPush {
	return integrations.StockPush{ExternalID: u.ID, ExternalSKUID: u.SKUID, OuterCode: u.OuterCode, Quantity: n, Key: fmt.Sprint(u.SKUID, n)}
}

const closed = `{"error_response":{"code":"24","zh_desc":"应用没有权限"}}`

func (m *market) closeAPI(method string) {
	m.instead = func(c call) string {
		if c.method == method {
			return closed
		}
		return ""
	}
}

func TestOpenOrdersAreNotTakenOffTheStockTwice(t *testing.T) {
	m := newMarket(t)
	tee := m.seed(t, "TEE", 10)
	m.place(t, "TEE", 3, true)
	m.place(t, "TEE", 2, false)
	errs, err := m.shop.PushStock(t.Context(), []integrations.StockPush{stock(tee, 5)})
	require.NoError(t, err)
	require.Equal(t, []error{nil}, errs)
	require.Equal(t, 5, m.sellable(t, "TEE"), "stockNum is ten, five of them are booked")
}

func TestWithoutTheBookingsTooLittleIsSoldNeverTooMuch(t *testing.T) {
	m := newMarket(t)
	tee := m.seed(t, "TEE", 10)
	m.place(t, "TEE", 3, true)
	m.closeAPI("jingdong.ware.stock.sku.query")
	errs, err := m.shop.PushStock(t.Context(), []integrations.StockPush{stock(tee, 7)})
	require.NoError(t, err)
	require.Equal(t, []error{nil}, errs)
	require.Equal(t, 4, m.sellable(t, "TEE"))
}

func TestManyPushesAskOnlyForBookingsThatThereAre(t *testing.T) {
	m := newMarket(t)
	var pushes []integrations.StockPush
	for n := range 65 {
		pushes = append(pushes, stock(m.seed(t, fmt.Sprintf("TEE-%02d", n), 10), 8))
	}
	m.place(t, "TEE-07", 2, true)
	m.place(t, "TEE-64", 1, false)
	errs, err := m.shop.PushStock(t.Context(), pushes)
	require.NoError(t, err)
	require.Equal(t, make([]error, 65), errs)
	for n := range 65 {
		require.Equal(t, 8, m.sellable(t, fmt.Sprintf("TEE-%02d", n)))
	}
	require.Equal(t, 2, m.count("jingdong.ware.stock.sku.query"))
	require.Equal(t, 3, m.count("jingdong.ware.stock.sku.set"), "thirty at a time")
}

func TestBookingsAreAskedForOneByOneWhenOpenOrdersAreTooMany(t *testing.T) {
	m := newMarket(t)
	var pushes []integrations.StockPush
	for n := range 9 {
		pushes = append(pushes, stock(m.seed(t, fmt.Sprintf("TEE-%02d", n), 10), 8))
	}
	m.instead = func(c call) string {
		if c.method == "jingdong.pop.order.enSearch" {
			return `{"jingdong_pop_order_enSearch_responce":{"code":"0","searchorderinfo_result":{"apiResult":{"success":true},"orderTotal":"900"}}}`
		}
		return ""
	}
	_, err := m.shop.PushStock(t.Context(), pushes)
	require.NoError(t, err)
	require.Equal(t, 1, m.count("jingdong.pop.order.enSearch"))
	require.Equal(t, 9, m.count("jingdong.ware.stock.sku.query"))
}

func TestTheSameSKUTwiceEndsWithTheLaterFigure(t *testing.T) {
	m := newMarket(t)
	tee := m.seed(t, "TEE", 1)
	errs, err := m.shop.PushStock(t.Context(), []integrations.StockPush{stock(tee, 9), stock(tee, 4), {OuterCode: "TEE", Quantity: 3}})
	require.NoError(t, err)
	require.NoError(t, errs[0])
	require.NoError(t, errs[1])
	require.Equal(t, integrations.Rejected, integrations.AsError(errs[2]).Kind, "a push without a SKU id")
	require.Equal(t, 4, m.sellable(t, "TEE"))
}

func TestAFaultHalfWayIsToldForTheRestOnly(t *testing.T) {
	m := newMarket(t)
	var pushes []integrations.StockPush
	for n := range 40 {
		pushes = append(pushes, stock(m.seed(t, fmt.Sprintf("TEE-%02d", n), 10), 8))
	}
	m.instead = func(c call) string {
		if c.method == "jingdong.ware.stock.sku.set" && m.count(c.method) == 2 {
			return `{"error_response":{"code":"65","zh_desc":"超时"}}`
		}
		return ""
	}
	errs, err := m.shop.PushStock(t.Context(), pushes)
	require.NoError(t, err)
	for n, err := range errs {
		if n < 30 {
			require.NoError(t, err)
		} else {
			require.Equal(t, integrations.Temporary, integrations.AsError(err).Kind)
		}
	}
}

func TestPartialFailuresInEveryForm(t *testing.T) {
	for answer, want := range map[string][]bool{
		`{"success":true,"obj":{"updateStockResult":[{"data":"SKU1","success":"false","message":"促销锁定"}]}}`: {false, true},
		`{"success":"true","obj":{}}`:                                                  {true, true},
		`{"success":true,"obj":{"updateStockResult":""}}`:                              {true, true},
		`{"success":false,"errorMessage":"系统忙","obj":null}`:                            {false, false},
		`{"success":false,"obj":{"updateStockResult":[{"data":SKU1,"success":true}]}}`: {true, false},
	} {
		m := newMarket(t)
		a, b := m.seed(t, "A", 1), m.seed(t, "B", 1)
		m.instead = func(c call) string {
			if c.method != "jingdong.ware.stock.sku.set" {
				return ""
			}
			return `{"jingdong_ware_stock_sku_set_responce":{"code":"0","returnType":` + strings.ReplaceAll(answer, "SKU1", a.SKUID) + `}}`
		}
		errs, err := m.shop.PushStock(t.Context(), []integrations.StockPush{stock(a, 5), stock(b, 6)})
		require.NoError(t, err)
		for n := range want {
			require.Equal(t, want[n], errs[n] == nil, "%s %d", answer, n)
		}
	}
}

func TestARefusalOfAQuantityIsSortedByWhatItSays(t *testing.T) {
	for told, kind := range map[string]integrations.ErrorKind{
		`"message":"促销锁定，不能修改库存"`:                 integrations.Rejected,
		`"message":"库存数量不合法","code":"400"`:        integrations.Rejected,
		`"message":"商品在活动中","code":"11201093"`:    integrations.Rejected,
		`"message":"系统繁忙，请稍后再试"`:                  integrations.Temporary,
		`"message":"系统繁忙","code":"0"`:             integrations.Temporary,
		`"message":"Read timed out"`:              integrations.Temporary,
		`"message":"库存更新失败","code":500`:           integrations.Temporary,
		`"message":"库存更新失败","errorCode":"66"`:     integrations.Temporary,
		`"message":"更新失败","errorCode":"10100046"`: integrations.Temporary,
		`"message":""`:                         integrations.Temporary,
		`"message":"调用过多","code":"503"`:        integrations.Limited,
		`"message":"SKU已删除","code":"11200025"`: integrations.Missing,
		`"message":"商品状态异常，系统不支持修改"`:           integrations.Rejected,
		`"message":"库存更新失败"`:                   integrations.Rejected,
		`"message":"签名错误","code":"12"`:         integrations.Rejected,
	} {
		for _, answer := range []string{
			`{"success":true,"obj":{"updateStockResult":[{"data":SKU1,"success":false,` + told + `}]}}`,
			`{"success":false,` + strings.NewReplacer(`"message"`, `"errorMessage"`, `"code"`, `"errorCode"`).Replace(told) + `}`,
		} {
			m := newMarket(t)
			a := m.seed(t, "A", 1)
			m.instead = func(c call) string {
				if c.method != "jingdong.ware.stock.sku.set" {
					return ""
				}
				return `{"jingdong_ware_stock_sku_set_responce":{"code":"0","returnType":` + strings.ReplaceAll(answer, "SKU1", a.SKUID) + `}}`
			}
			errs, err := m.shop.PushStock(t.Context(), []integrations.StockPush{stock(a, 5)})
			require.NoError(t, err)
			require.Equal(t, kind, integrations.AsError(errs[0]).Kind, answer)
		}
	}
}
