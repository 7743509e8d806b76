package sandbox

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	kit "github.com/oneshelf/oneshelf/integrations/sandbox"
)

// Requests name these members in the singular.
var itemMembers = map[string]string{"sku": "skus", "item_img": "item_imgs", "prop_img": "prop_imgs", "video": "videos"}

// What the list calls know of an item: no SKUs and no description.
var listed = strings.Fields(`approve_status num_iid title nick type cid pic_url num props valid_thru list_time price has_discount
	has_invoice has_warranty has_showcase modified delist_time postage_id seller_cids outer_id sold_quantity`)

func itemOf(it *kit.Item) obj {
	status, price, pic := "instock", int64(0), ""
	if it.OnSale {
		status = "onsale"
	}
	if len(it.SKUs) > 0 {
		price = slices.MinFunc(it.SKUs, func(a, b kit.SKU) int { return cmp.Compare(a.Price, b.Price) }).Price
	}
	if len(it.Images) > 0 {
		pic = it.Images[0]
	}
	out := obj{
		"num_iid": number(it.ID), "title": it.Title, "nick": "素野旗舰店", "type": "fixed", "cid": cid(it), "pic_url": pic, "num": it.Quantity(),
		"price": kit.Yuan(price), "outer_id": it.OuterCode, "approve_status": status, "list_time": stamp(it.Created), "valid_thru": 7,
		"created": stamp(it.Created), "modified": stamp(it.Modified), "sub_stock": 1, "desc": it.Description, "stuff_status": "new",
	}
	skus, images := list{of: "sku"}, list{of: "item_img"}
	for n := range it.SKUs {
		skus.items = append(skus.items, skuOf(it, n))
	}
	for n, url := range it.Images {
		images.items = append(images.items, obj{"id": n, "position": n, "url": url})
	}
	out["skus"], out["item_imgs"] = skus, images
	return out
}

func cid(it *kit.Item) int64 {
	n, err := strconv.ParseInt(it.Category, 10, 64)
	if err != nil {
		return 50010850 // goods that were seeded have no category of their own
	}
	return n
}

func skuOf(it *kit.Item, n int) obj {
	sku := it.SKUs[n]
	var props, names []string
	for i, o := range sku.Options {
		pair := strconv.Itoa(1627207+i) + ":" + strconv.Itoa(valueID(it, i, o.Value))
		props = append(props, pair)
		names = append(names, pair+":"+escape(o.Name)+":"+escape(o.Value))
	}
	return obj{
		"sku_id": number(sku.ID), "num_iid": number(it.ID), "iid": it.ID, "properties": strings.Join(props, ";"),
		"properties_name": strings.Join(names, ";"), "quantity": sku.Quantity, "price": kit.Yuan(sku.Price), "outer_id": sku.OuterCode,
		"barcode": sku.Barcode, "created": stamp(it.Created), "modified": stamp(it.Modified), "status": "normal",
	}
}

// valueID numbers a property's values in the order they are met on the item.
func valueID(it *kit.Item, option int, value string) int {
	for n, sku := range it.SKUs {
		if option < len(sku.Options) && sku.Options[option].Value == value {
			return 28320 + n
		}
	}
	return 28320
}

// escape writes the two separators as the platform does.
func escape(s string) string {
	return strings.NewReplacer(":", "#cln#", ";", "#scln#").Replace(s)
}

func (c *call) itemsOnsale() (obj, *failure) {
	return c.itemPage(1000000, func(it *kit.Item) bool { return it.OnSale })
}

func (c *call) itemsInventory() (obj, *failure) {
	banner := cmp.Or(c.params["banner"], "for_shelved")
	if !slices.Contains([]string{"regular_shelved", "never_on_shelf", "off_shelf", "for_shelved", "sold_out", "violation_off_shelf"}, banner) {
		return nil, invalid("banner")
	}
	return c.itemPage(101, func(it *kit.Item) bool {
		own := cmp.Or(it.Extra["banner"], "off_shelf")
		return !it.OnSale && (own == banner || banner == "for_shelved" && own != "sold_out" && own != "violation_off_shelf")
	})
}

func (c *call) itemPage(pages int, keep func(*kit.Item) bool) (obj, *failure) {
	no, fail := c.number("page_no", 1, 1, pages)
	if fail != nil {
		return nil, fail
	}
	size, fail := c.number("page_size", 40, 1, 200)
	if fail != nil {
		return nil, fail
	}
	if no*size > 20000 {
		return nil, invalid("page_no")
	}
	var all []*kit.Item
	c.s.State.View(func(v kit.View) {
		all = slices.DeleteFunc(v.Shown(), func(it *kit.Item) bool { return !keep(it) })
	})
	slices.SortStableFunc(all, func(a, b *kit.Item) int { return b.Created.Compare(a.Created) }) // list_time:desc
	allowed := slices.DeleteFunc(slices.Clone(c.fields), func(f string) bool { return !slices.Contains(listed, f) })
	out := list{of: "item"}
	for _, it := range page(all, no, size) {
		out.items = append(out.items, pick(itemOf(it), allowed, nil))
	}
	return obj{"total_results": len(all), "items": out}, nil
}

func (c *call) itemSeller() (obj, *failure) {
	it := c.item("num_iid")
	if it == nil {
		return nil, isv("isv.item-get-service-error:ITEM_NOT_FOUND", "宝贝不存在")
	}
	return obj{"item": pick(itemOf(it), c.fields, itemMembers)}, nil
}

func (c *call) item(param string) (it *kit.Item) {
	c.s.State.View(func(v kit.View) { it = v.ShownItem(c.params[param]) })
	return it
}

func (c *call) itemsSellerList() (obj, *failure) {
	ids := split(c.params["num_iids"])
	if len(ids) > 20 {
		return nil, invalid("num_iids")
	}
	out := list{of: "item"}
	c.s.State.View(func(v kit.View) {
		for _, id := range ids {
			if it := v.ShownItem(id); it != nil {
				out.items = append(out.items, pick(itemOf(it), c.fields, itemMembers))
			}
		}
	})
	return obj{"items": out}, nil
}

func (c *call) itemSkus() (obj, *failure) {
	ids := split(c.params["num_iids"])
	if len(ids) > 40 {
		return nil, invalid("num_iids")
	}
	out := list{of: "sku"}
	c.s.State.View(func(v kit.View) {
		for _, id := range ids {
			if it := v.ShownItem(id); it != nil {
				for n := range it.SKUs {
					out.items = append(out.items, pick(skuOf(it, n), c.fields, nil))
				}
			}
		}
	})
	return obj{"skus": out}, nil
}

func (c *call) skusCustom() (obj, *failure) {
	code := c.params["outer_id"]
	out := list{of: "sku"}
	c.s.State.View(func(v kit.View) {
		for _, it := range v.ShownWithCode(code) {
			for n := range it.SKUs {
				if it.SKUs[n].OuterCode == code {
					out.items = append(out.items, pick(skuOf(it, n), c.fields, nil))
				}
			}
		}
	})
	return obj{"skus": out}, nil
}

func (c *call) itemsCustom() (obj, *failure) {
	codes := split(c.params["outer_id"])
	if len(codes) > 40 {
		return nil, invalid("outer_id")
	}
	out := list{of: "item"}
	c.s.State.View(func(v kit.View) {
		for _, code := range codes {
			for _, it := range v.ShownWithCode(code) {
				if it.OuterCode == code {
					out.items = append(out.items, pick(itemOf(it), c.fields, itemMembers))
				}
			}
		}
	})
	return obj{"items": out}, nil
}

func (c *call) upshelf() (obj, *failure) {
	return c.shelve(func(it *kit.Item) *failure {
		if it.Quantity() == 0 {
			return isv("isv.item-listing-service-error:ITEM_QUANTITY_IS_ZERO", "宝贝库存为0，不能上架")
		}
		it.OnSale = true
		return nil
	})
}

func (c *call) downshelf() (obj, *failure) {
	return c.shelve(func(it *kit.Item) *failure {
		it.OnSale = false
		return nil
	})
}

func (c *call) shelve(move func(*kit.Item) *failure) (obj, *failure) {
	fail := c.change(func(tx *kit.Tx) *failure {
		it := tx.Item(c.params["item_id"])
		if it == nil {
			return noItem()
		}
		if fail := move(it); fail != nil {
			return fail
		}
		tx.PutItem(it)
		return nil
	})
	return obj{"result": "true"}, fail
}

func noItem() *failure {
	return isv("isv.item-is-delete:invalid-numIid-or-iid", "宝贝已经被删除或者不存在")
}

var errFailed = errors.New("the change failed")

// change runs one change; the platform's failure undoes it, and so does the disk's.
func (c *call) change(fn func(*kit.Tx) *failure) (fail *failure) {
	err := c.s.State.Update(func(tx *kit.Tx) error {
		if fail = fn(tx); fail != nil {
			return errFailed
		}
		return nil
	})
	if err != nil && fail == nil {
		return &failure{code: 10, msg: "Service currently unavailable"}
	}
	return fail
}
