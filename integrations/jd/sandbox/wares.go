package sandbox

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/oneshelf/oneshelf/integrations/sandbox"
)

var (
	wareFields = strings.Fields(`wareId title categoryId multiCategoryId categorySecId brandId brandName templateId transportId wareStatus outerId itemNum
barCode wareLocation delivery modified created offlineTime onlineTime colType adWords wrap packListing weight width height length props
multiCateProps features images shopCategorys mobileDesc introduction afterSales logo marketPrice costPrice jdPrice stockNum shopId promiseId
sellPoint wareTax parentId wareGroupId businessType isArchival templateIds spuId`)
	skuFields = strings.Fields(`wareId skuId status saleAttrs features jdPrice outerId barCode categoryId imgTag logo skuName stockNum wareTitle
fixedDeliveryTime relativeDeliveryTime parentId modified created multiCateProps props capacity promiseId saleAttrTemplateId enable currencySpuId
weight pluCodes`)
)

const (
	maxRows     = 50
	maxWareIDs  = 20
	lastPage    = 100
	maxNewTitle = 50
	maxTitle    = 45
	maxRich     = 100_000
	maxAlias    = 25
	mainColor   = "0000000000"
)

func (s *Server) wareSearch(p params) (map[string]any, *fault) {
	page, okPage := p.number("pageNo", 1)
	size, okSize := p.number("pageSize", 10)
	ids := p.list("wareId")
	from, okFrom := p.moment("startCreatedTime")
	to, okTo := p.moment("endCreatedTime")
	since, okSince := p.moment("startModifiedTime")
	until, okUntil := p.moment("endModifiedTime")
	if !okPage || !okSize || page < 1 || size < 1 || size > maxRows || len(ids) > maxWareIDs || !okFrom || !okTo || !okSince || !okUntil {
		return nil, service("400", "参数错误")
	}
	status := p.list("wareStatusValue")
	var rows []map[string]any
	s.state.View(func(v sandbox.View) {
		booked := bookings(v)
		for _, it := range v.Items() {
			if len(ids) > 0 && !slices.Contains(ids, it.ID) || len(status) > 0 && !slices.Contains(status, strconv.Itoa(wareStatus(it))) ||
				!within(it.Created, from, to) || !within(it.Modified, since, until) || !strings.Contains(it.Title, p.text("searchKey")) {
				continue
			}
			rows = append(rows, ware(it, booked))
		}
	})
	if strings.Join(p.list("orderType"), "") == "desc" { // kept in the order of their ids
		slices.Reverse(rows)
	}
	total := len(rows)
	if page > lastPage {
		rows = nil
	}
	rows = cut(rows, page, size)
	if f := pick(rows, p.list("field"), wareFields, "wareId"); f != nil {
		return nil, f
	}
	return onePage(rows, page, size, total), nil
}

// onePage leaves data out when there is none, as JD does.
func onePage(rows []map[string]any, page, size, total int) map[string]any {
	out := map[string]any{"pageNo": page, "pageSize": size, "totalItem": total}
	if len(rows) > 0 {
		out["data"] = rows
	}
	return map[string]any{"page": out}
}

func within(at, from, to time.Time) bool {
	at = at.Truncate(time.Second)
	return (from.IsZero() || !at.Before(from)) && (to.IsZero() || !at.After(to))
}

func wareStatus(it *sandbox.Item) int {
	if it.OnSale {
		return 8
	}
	return 2
}

func ware(it *sandbox.Item, booked map[string]booking) map[string]any {
	price, stock := int64(0), 0
	for n, sku := range it.SKUs {
		if n == 0 || sku.Price < price {
			price = sku.Price
		}
		stock += sku.Quantity + booked[sku.ID].all()
	}
	images := []map[string]any{}
	for n, url := range it.Images {
		images = append(images, map[string]any{"colorId": mainColor, "imgId": 0, "imgIndex": n + 1, "imgUrl": url, "imgZoneId": ""})
	}
	return map[string]any{
		"wareId": whole(it.ID), "title": it.Title, "categoryId": number(it.Category), "wareStatus": wareStatus(it), "outerId": it.OuterCode,
		"itemNum": it.OuterCode, "jdPrice": json.Number(sandbox.Yuan(price)), "stockNum": stock, "images": images,
		"introduction": it.Description, "mobileDesc": it.Description, "transportId": number(it.Extra["transportId"]),
		"brandId": number(it.Extra["brandId"]), "modified": it.Modified.UnixMilli(), "created": it.Created.UnixMilli(), "isArchival": false,
	}
}

func number(s string) json.Number {
	if s == "" {
		return "0"
	}
	return json.Number(s)
}

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
		for _, it := range v.Items() {
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

// change runs a write; a fault that fn answers undoes it.
func (s *Server) change(fn func(*sandbox.Tx) *fault) *fault {
	var f *fault
	err := s.state.Update(func(tx *sandbox.Tx) error {
		if f = fn(tx); f != nil {
			return errRefused
		}
		return nil
	})
	if err != nil && !errors.Is(err, errRefused) {
		return gateway("43")
	}
	return f
}

func (s *Server) done(f *fault) (map[string]any, *fault) {
	if f != nil {
		return nil, f
	}
	return map[string]any{"success": true}, nil
}

func (s *Server) wareAdd(p params) (map[string]any, *fault) {
	w := p.object("ware")
	price, okPrice := w.fen("jdPrice")
	status := w.text("wareStatus")
	title, intro := w.text("title"), w.text("introduction")
	switch {
	case w == nil:
		return nil, service("11000019", "ware不能为空")
	case title == "" || utf8.RuneCountInString(title) > maxNewTitle:
		return nil, service("11000003", "商品标题长度为1到50")
	case !positive(w.text("categoryId")):
		return nil, service("11000019", "categoryId不能为空")
	case !positive(w.text("transportId")):
		return nil, service("11000019", "transportId不能为空")
	case intro == "" || w.text("mobileDesc") == "" || utf8.RuneCountInString(intro) > maxRich || utf8.RuneCountInString(w.text("mobileDesc")) > maxRich:
		return nil, service("11000019", "introduction和mobileDesc不能为空且不能过长")
	case !okPrice || price == 0:
		return nil, service("11000019", "jdPrice不合法")
	case status != "1" && status != "8":
		return nil, service("11000019", "wareStatus只能为1或8")
	}
	it := &sandbox.Item{OuterCode: w.text("outerId"), Title: title, Description: intro, Category: w.text("categoryId"), OnSale: status == "8",
		Extra: map[string]string{"transportId": w.text("transportId"), "brandId": w.text("brandId")}}
	main := false
	for _, image := range w.objects("images") {
		if image.text("imgUrl") == "" {
			return nil, service("11000019", "imgUrl不能为空")
		}
		main = main || image.text("colorId") == mainColor && image.text("imgIndex") == "1"
		it.Images = append(it.Images, image.text("imgUrl"))
	}
	if !main {
		return nil, service("11000019", "缺少主图")
	}
	skus := p.objects("skus")
	if len(skus) == 0 {
		return nil, service("11000019", "skus不能为空")
	}
	f := s.change(func(tx *sandbox.Tx) *fault {
		it.ID = tx.NewID(sandbox.ItemID)
		for _, one := range skus {
			if f := addSKU(tx, it, one); f != nil {
				return f
			}
		}
		tx.PutItem(it)
		return nil
	})
	if f != nil {
		return nil, f
	}
	return map[string]any{"ware": map[string]any{"wareId": whole(it.ID), "title": title, "wareStatus": number(status)}}, nil
}

func positive(s string) bool {
	n, err := strconv.ParseInt(s, 10, 64)
	return err == nil && n > 0
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

func (s *Server) wareUpdate(p params) (map[string]any, *fault) {
	w := p.object("ware")
	if utf8.RuneCountInString(w.text("title")) > maxTitle {
		return nil, service("11000003", "商品标题长度不能超过45")
	}
	return s.done(s.change(func(tx *sandbox.Tx) *fault {
		it := tx.Item(w.text("wareId"))
		if it == nil {
			return service("11000019", "商品不存在")
		}
		for name, into := range map[string]*string{"title": &it.Title, "outerId": &it.OuterCode, "introduction": &it.Description} {
			if w.has(name) { // absent is unchanged, empty is cleared
				*into = w.text(name)
			}
		}
		tx.PutItem(it)
		return nil
	}))
}

func (s *Server) upOrDown(p params) (map[string]any, *fault) {
	op := p.text("opType")
	if op != "1" && op != "2" {
		return nil, service("400", "opType只能为1或2")
	}
	return s.done(s.change(func(tx *sandbox.Tx) *fault {
		it := tx.Item(p.text("wareId"))
		if it == nil {
			return service("11000019", "商品不存在")
		}
		it.OnSale = op == "1"
		tx.PutItem(it)
		return nil
	}))
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
