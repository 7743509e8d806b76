package sandbox

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/oneshelf/oneshelf/integrations/sandbox"
)

func sku(it *sandbox.Item, u *sandbox.SKU, booked map[string]booking) map[string]any {
	status := 1
	if u.OffSale {
		status = 2
	}
	var attrs json.RawMessage = []byte("[]")
	if kept := u.Extra["saleAttrs"]; kept != "" {
		attrs = json.RawMessage(kept)
	}
	return map[string]any{
		"wareId": whole(it.ID), "skuId": whole(u.ID), "status": status, "saleAttrs": attrs, "features": []any{},
		"jdPrice": json.Number(strings.TrimSuffix(sandbox.Yuan(u.Price), "0")), "outerId": u.OuterCode, "barCode": u.Barcode,
		"categoryId": number(it.Category), "imgTag": 1, "skuName": nameOf(it.Title, u.Options), "wareTitle": it.Title,
		"stockNum": u.Quantity + booked[u.ID].all(), "parentId": 0, "modified": it.Modified.UnixMilli(), "created": it.Created.UnixMilli(), "capacity": "",
	}
}

func (s *Server) skuSearch(p params) (map[string]any, *fault) {
	page, okPage := p.number("pageNo", 1)
	size, okSize := p.number("page_size", 10)
	if !okPage || !okSize || page < 1 || size < 1 || size > maxRows {
		return nil, service("400", "参数错误")
	}
	wares, skus, outer, status := p.list("wareId"), p.list("skuId"), p.list("outId"), p.list("skuStatuValue")
	var rows []map[string]any
	s.state.View(func(v sandbox.View) {
		booked := bookings(v)
		for _, it := range v.Shown() {
			if len(wares) > 0 && !slices.Contains(wares, it.ID) {
				continue
			}
			for n := range it.SKUs {
				u := &it.SKUs[n]
				kind := "1"
				if u.OffSale {
					kind = "2"
				}
				if len(skus) > 0 && !slices.Contains(skus, u.ID) || len(outer) > 0 && !slices.Contains(outer, u.OuterCode) ||
					len(status) > 0 && !slices.Contains(status, kind) {
					continue
				}
				rows = append(rows, sku(it, u, booked))
			}
		}
	})
	total := len(rows)
	rows = cut(rows, page, size)
	if f := pick(rows, p.list("field"), skuFields, "wareId", "skuId"); f != nil {
		return nil, f
	}
	return onePage(rows, page, size, total), nil
}

func (s *Server) skuFind(p params) (map[string]any, *fault) {
	var rows []map[string]any
	s.state.View(func(v sandbox.View) {
		if it, u := find(v, p.text("skuId")); u != nil {
			rows = []map[string]any{sku(it, u, bookings(v))}
		}
	})
	if rows == nil {
		return nil, service("11200025", "SKU不存在或已删除")
	}
	if f := pick(rows, p.list("field"), skuFields, "wareId", "skuId"); f != nil {
		return nil, f
	}
	return map[string]any{"sku": rows[0]}, nil
}

// find looks a SKU up by its id.
func find(v sandbox.View, id string) (*sandbox.Item, *sandbox.SKU) {
	for _, it := range v.Items() {
		if u := it.SKU(id); u != nil {
			return it, u
		}
	}
	return nil, nil
}

// addSKU puts a new SKU on a ware; two SKUs with the same attribute values cannot be told apart and are refused.
func addSKU(tx *sandbox.Tx, it *sandbox.Item, in params) *fault {
	u := sandbox.SKU{ID: tx.NewID(sandbox.SKUID), Extra: map[string]string{}}
	if f := fill(&u, in, booking{}); f != nil {
		return f
	}
	for _, other := range it.SKUs {
		if slices.Equal(other.Options, u.Options) {
			return service("11000019", "销售属性重复")
		}
	}
	it.SKUs = append(it.SKUs, u)
	return nil
}

// fill writes a SKU as it was sent.
func fill(u *sandbox.SKU, in params, booked booking) *fault {
	price, ok := in.fen("jdPrice")
	if !ok || price == 0 {
		return service("11000019", "sku的jdPrice不合法")
	}
	stock, ok := in.number("stockNum", -1)
	if !ok || stock < 0 {
		return service("11000019", "sku的stockNum不合法")
	}
	attrs := in.objects("saleAttrs")
	if len(attrs) == 0 && u.Extra["saleAttrs"] == "" && !in.has("skuId") {
		return service("11000019", "saleAttrs不能为空")
	}
	var options []sandbox.Option
	for _, a := range attrs {
		values, aliases := a.list("attrValues"), a.list("attrValueAlias")
		attr, known := saleAttributes[a.text("attrId")]
		switch {
		case !known || len(values) != 1 || !attr.has(values[0]):
			return service("11000019", "销售属性不属于该类目")
		case len(aliases) == 0:
			aliases = values
		case utf8.RuneCountInString(aliases[0]) > maxAlias:
			return service("11000003", "销售属性别名过长")
		case strings.ContainsAny(aliases[0], ",，"):
			return service("11000012", "销售属性别名含有非法字符")
		}
		options = append(options, sandbox.Option{Name: attr.name, Value: aliases[0]})
	}
	if len(attrs) > 0 {
		u.Options = options
		u.Extra = map[string]string{"saleAttrs": string(in["saleAttrs"])}
	}
	u.Price, u.Quantity = price, stock-booked.all()
	if in.has("outerId") {
		u.OuterCode = in.text("outerId")
	}
	if in.has("barCode") {
		u.Barcode = in.text("barCode")
	}
	return nil
}

// skusUpdate changes the SKUs named and adds those without an id; the others stay.
func (s *Server) skusUpdate(p params) (map[string]any, *fault) {
	return s.done(s.change(func(tx *sandbox.Tx) *fault {
		it := tx.Item(p.text("wareId"))
		if it == nil {
			return service("11000019", "商品不存在")
		}
		booked := bookings(tx.View)
		for _, in := range p.objects("skus") {
			if !in.has("skuId") {
				if f := addSKU(tx, it, in); f != nil {
					return f
				}
				continue
			}
			u := it.SKU(in.text("skuId"))
			if u == nil {
				return service("11200025", "SKU不存在或已删除")
			}
			if f := fill(u, in, booked[u.ID]); f != nil {
				return f
			}
		}
		tx.PutItem(it)
		return nil
	}))
}

func (s *Server) skuDelete(p params) (map[string]any, *fault) {
	return s.done(s.change(func(tx *sandbox.Tx) *fault {
		seen, u := find(tx.View, p.text("skuId"))
		switch {
		case u == nil:
			return service("11200025", "SKU不存在或已删除")
		case len(seen.SKUs) == 1:
			return service("11000019", "商品至少保留一个SKU")
		}
		it := tx.Item(seen.ID)
		it.SKUs = slices.DeleteFunc(it.SKUs, func(one sandbox.SKU) bool { return one.ID == u.ID })
		tx.PutItem(it)
		return nil
	}))
}
