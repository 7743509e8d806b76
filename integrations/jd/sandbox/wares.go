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
		for _, it := range v.Shown() {
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
