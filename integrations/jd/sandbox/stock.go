package sandbox

import (
	"strconv"

	"github.com/oneshelf/oneshelf/integrations/sandbox"
)

// booking is what orders that have not left hold of a SKU. The shared state counts what may still be sold; JD's stockNum is what lies
// on the shelf, so it is that figure and the bookings together.
type booking struct{ paid, unpaid int }

func (b booking) all() int { return b.paid + b.unpaid }

// bookings counts them for all SKUs.
func bookings(v sandbox.View) map[string]booking {
	out := map[string]booking{}
	for _, o := range v.Orders() {
		if o.State == sandbox.Closed || o.State == sandbox.Shipped || o.State == sandbox.Completed {
			continue
		}
		for _, l := range o.Lines {
			b := out[l.SKUID]
			if n := l.Quantity - o.ShippedOf(l.ID); o.State == sandbox.Unpaid {
				b.unpaid += n
			} else {
				b.paid += n
			}
			out[l.SKUID] = b
		}
	}
	return out
}

const (
	maxStocks = 30
	maxStock  = 1_000_000_000
)

func refusedStock(why string) (map[string]any, *fault) {
	return map[string]any{"returnType": map[string]any{"success": false, "errorMessage": why}}, nil
}

// stockSet sets or changes the national stock. SKUs fail one by one under an outer success.
func (s *Server) stockSet(p params) (map[string]any, *fault) {
	req := p.object("req")
	stocks, id, model := req.objects("skuStocks"), req.text("stockRfId"), req.text("updateModel")
	switch {
	case len(stocks) == 0 || len(stocks) > maxStocks:
		return refusedStock("skuStocks数量为1到30")
	case id == "":
		return refusedStock("stockRfId不能为空")
	case model != "fullStockIn" && model != "incrStockIn":
		return refusedStock("updateModel不合法")
	}
	s.mu.Lock()
	again := s.told[id]
	s.told[id] = true
	s.mu.Unlock()
	if again {
		return refusedStock("stockRfId重复")
	}
	var results []map[string]any
	f := s.change(func(tx *sandbox.Tx) *fault {
		booked := bookings(tx.View)
		for _, in := range stocks {
			why := setOne(tx, in, model, booked)
			results = append(results, map[string]any{"data": number(in.text("skuId")), "success": why == "", "storeId": 0, "message": why})
		}
		return nil
	})
	if f != nil {
		return nil, f
	}
	return map[string]any{"returnType": map[string]any{"success": true, "errorMessage": "", "obj": map[string]any{"updateStockResult": results}}}, nil
}

func setOne(tx *sandbox.Tx, in params, model string, booked map[string]booking) (why string) {
	seen, u := find(tx.View, in.text("skuId"))
	if u == nil {
		return "SKU不存在或不属于当前商家"
	}
	if store := in.text("storeId"); store != "" && store != "0" {
		return "仓库不存在"
	}
	it := tx.Item(seen.ID)
	u = it.SKU(u.ID)
	field := "stockNum"
	if model == "incrStockIn" {
		field = "incrStockNum"
	}
	n, ok := in.number(field, maxStock+1)
	if model == "incrStockIn" {
		n += u.Quantity + booked[u.ID].all()
	}
	if !ok || n < 0 || n > maxStock {
		return "库存数量不合法"
	}
	u.Quantity = n - booked[u.ID].all()
	tx.PutItem(it)
	return ""
}

func (s *Server) stockQuery(p params) (map[string]any, *fault) {
	var out map[string]any
	s.state.View(func(v sandbox.View) {
		_, u := find(v, p.text("skuId"))
		if u == nil {
			return
		}
		b := bookings(v)[u.ID]
		out = map[string]any{"returnType": map[string]any{"success": true, "errorMessage": "", "obj": map[string]any{
			"skuId": whole(u.ID), "stockModel": 0, "skuStockInfos": []map[string]any{{"skuId": whole(u.ID), "storeId": 0,
				"stockNum": u.Quantity + b.all(), "orderBookingNum": b.paid, "appBookingNum": b.unpaid, "orderTransferNum": 0}},
		}}}
	})
	if out == nil {
		return refusedStock("SKU不存在或不属于当前商家")
	}
	return out, nil
}

// attribute is a sale attribute of the sandbox's one kind of category.
type attribute struct {
	name   string
	first  int // ids of its values rise from here
	values []string
}

func (a attribute) has(id string) bool {
	n, err := strconv.Atoi(id)
	return err == nil && n >= a.first && n < a.first+len(a.values)
}

// saleAttributes are what tells SKUs apart; values beyond the named ones are there to be given an alias.
var saleAttributes = map[string]attribute{
	"1000016141": {"颜色", 1_500_001, withSpares("白色", "黑色", "红色", "藏青色", "米白色", "灰色", "雾蓝")},
	"1000016142": {"尺码", 1_600_001, withSpares("XS", "S", "M", "L", "XL", "XXL")},
}

func withSpares(names ...string) []string {
	for n := len(names); n < 100; n++ {
		names = append(names, "自定义"+strconv.Itoa(n+1))
	}
	return names
}

func (s *Server) attributes(p params) (map[string]any, *fault) {
	if !positive(p.text("cid")) {
		return nil, service("400", "cid不能为空")
	}
	rows := []map[string]any{}
	if kind := p.text("attributeType"); kind == "" || kind == "4" {
		for _, id := range []string{"1000016141", "1000016142"} {
			a := saleAttributes[id]
			values := []map[string]any{}
			for n, name := range a.values {
				values = append(values, map[string]any{"id": a.first + n, "attId": whole(id), "name": name, "orderSort": n + 1})
			}
			rows = append(rows, map[string]any{"id": whole(id), "name": a.name, "catId": number(p.text("cid")), "orderSort": len(rows) + 1,
				"attributeType": 4, "inputType": 1, "attrValueList": values})
		}
	}
	if f := pick(rows, p.list("field"), []string{"attrValueList", "attrGroup"}, "id", "name", "catId", "orderSort", "attributeType", "inputType"); f != nil {
		return nil, f
	}
	return map[string]any{"findattrsbycategoryidunlimitcate_result": rows}, nil
}
