package sandbox

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	kit "github.com/oneshelf/oneshelf/integrations/sandbox"
)

func refused(what, why string) *failure {
	return isv("isv.item-add-service-error:ITEM_PROPERTIES_ERROR", what+"："+why)
}

// read checks a submission field by field and turns it into an item.
func (s *Server) read(sent document) (*kit.Item, *failure) {
	plain := s.category(nil)
	values, rows, fail := check(plain.Fields, sent.Fields)
	if fail != nil {
		return nil, fail
	}
	at := func(id string) string { return values[s.cfg.RenameField(id)] }
	it := &kit.Item{Title: at("title"), OuterCode: at("outer_id"), Description: at("description"), OnSale: at("start_time_type") == "0", Extra: map[string]string{}}
	for _, f := range s.apparel() {
		if strings.HasPrefix(f.ID, "prop_") && at(f.ID) != "" {
			it.Extra[f.ID] = at(f.ID)
		}
	}
	for _, row := range rows[s.cfg.RenameField("item_images")] {
		for n := range 5 {
			if u := row[s.cfg.RenameField("item_image_"+strconv.Itoa(n))]; u != "" {
				it.Images = append(it.Images, u)
			}
		}
	}
	for _, row := range rows[s.cfg.RenameField("sku")] {
		in := func(id string) string { return row[s.cfg.RenameField(id)] }
		price, err := kit.ParseYuan(in("sku_price"))
		if err != nil {
			return nil, refused("价格（元）", "格式错误")
		}
		quantity, err := strconv.Atoi(in("sku_quantity"))
		if err != nil {
			return nil, refused("数量（件）", "格式错误")
		}
		sku := kit.SKU{OuterCode: in("sku_outerId"), Barcode: in("sku_barcode"), Price: price, Quantity: quantity,
			Options: []kit.Option{{Name: "颜色分类", Value: in("prop_1627207")}, {Name: "尺码", Value: in("prop_20509")}}}
		if slices.ContainsFunc(it.SKUs, func(other kit.SKU) bool { return sameOptions(other, sku) }) {
			return nil, refused("宝贝销售规格", "销售属性组合重复")
		}
		it.SKUs = append(it.SKUs, sku)
	}
	return it, totals(it, at("price"), at("quantity"))
}

// totals holds the item's own price and number against its units'. Source: the rules of the former item.add, which survive.
func totals(it *kit.Item, price, quantity string) *failure {
	own, err := kit.ParseYuan(price)
	most := slices.MaxFunc(it.SKUs, func(a, b kit.SKU) int { return int(a.Price - b.Price) }).Price
	if err != nil || own < lowest(it.SKUs) || own > most {
		return refused("一口价", "必须在SKU价格范围之内")
	}
	if quantity != strconv.Itoa(it.Quantity()) {
		return refused("宝贝数量", "必须等于SKU数量之和")
	}
	return nil
}

// check holds fields against their rules; it tells simple values by id, and the rows of complex ones.
func check(wanted, sent []field) (values map[string]string, rows map[string][]map[string]string, fail *failure) {
	values, rows = map[string]string{}, map[string][]map[string]string{}
	for _, f := range sent {
		n := slices.IndexFunc(wanted, func(w field) bool { return w.ID == f.ID })
		if n < 0 {
			return nil, nil, refused(f.ID, "字段不存在")
		}
		if f.Type != wanted[n].Type {
			return nil, nil, refused(wanted[n].Name, "字段类型错误")
		}
		values[f.ID] = f.Value
		for _, c := range f.Complex {
			row, _, fail := check(wanted[n].Children.Fields, c.Fields)
			if fail != nil {
				return nil, nil, fail
			}
			rows[f.ID] = append(rows[f.ID], row)
		}
		if wanted[n].Type == "complex" && len(f.Complex) > 1 {
			return nil, nil, refused(wanted[n].Name, "只能有一组值")
		}
	}
	for _, w := range wanted {
		if fail := w.holds(values[w.ID], len(rows[w.ID])); fail != nil {
			return nil, nil, fail
		}
	}
	return values, rows, nil
}

// holds tells whether a value keeps the field's rules.
func (f field) holds(value string, rows int) *failure {
	for _, r := range f.Rules.Rule {
		limit, _ := strconv.Atoi(r.Value) // only used where it is a number
		switch {
		case r.Name == "requiredRule" && value == "" && rows == 0:
			return refused(f.Name, "必填")
		case value == "":
		case r.Name == "maxLengthRule" && width(value) > limit:
			return refused(f.Name, "长度不能超过"+r.Value+"字节")
		case r.Name == "minLengthRule" && len([]rune(value)) < limit:
			return refused(f.Name, "长度不能少于"+r.Value)
		case r.Name == "valueTypeRule" && !typed(r.Value, value):
			return refused(f.Name, "格式错误")
		case r.Name == "minValueRule" && r.Value == "0.01" && (value == "0" || value == "0.00"):
			return refused(f.Name, "不能小于0.01")
		}
	}
	if f.Options != nil && value != "" && !slices.ContainsFunc(f.Options.Option, func(o option) bool { return o.Value == value }) {
		return refused(f.Name, "选项不存在")
	}
	return nil
}

// width counts as the platform does: two bytes for a Chinese character.
func width(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0x7f {
			n++
		}
	}
	return n
}

func typed(kind, value string) bool {
	switch kind {
	case "decimal":
		_, err := kit.ParseYuan(value)
		return err == nil
	case "integer":
		_, err := strconv.ParseUint(value, 10, 31)
		return err == nil
	case "url":
		u, err := url.Parse(value)
		return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
	}
	return true
}
