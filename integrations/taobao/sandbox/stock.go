package sandbox

import (
	"strconv"
	"strings"

	kit "github.com/oneshelf/oneshelf/integrations/sandbox"
)

// figure is one new quantity, or a difference.
type figure struct {
	sku, outer string
	quantity   int
}

// skusQuantity is taobao.skus.quantity.update: below zero, a difference ends at zero.
func (c *call) skusQuantity() (obj, *failure) {
	name := "skuid_quantities"
	if c.params[name] == "" {
		name = "outerid_quantities"
	}
	if c.params[name] == "" {
		return nil, missing("skuid_quantities")
	}
	var figures []figure
	for _, pair := range strings.Split(c.params[name], ";") {
		cut := strings.LastIndex(pair, ":")
		if cut < 0 {
			return nil, invalid(name)
		}
		n, err := strconv.Atoi(pair[cut+1:])
		if err != nil || pair[:cut] == "" {
			return nil, invalid(name)
		}
		f := figure{quantity: n, sku: pair[:cut]}
		if name == "outerid_quantities" {
			f.sku, f.outer = "", pair[:cut]
		}
		figures = append(figures, f)
	}
	if len(figures) > 20 {
		return nil, invalid(name)
	}
	return c.setQuantities(figures, name, true)
}

// itemQuantity is taobao.item.quantity.update: below zero, a difference is refused.
func (c *call) itemQuantity() (obj, *failure) {
	n, err := strconv.Atoi(c.params["quantity"])
	if err != nil {
		return nil, invalid("quantity")
	}
	f := figure{sku: c.params["sku_id"], quantity: n}
	if f.sku == "" {
		f.outer = c.params["outer_id"]
	}
	return c.setQuantities([]figure{f}, "quantity", false)
}

func (c *call) setQuantities(figures []figure, name string, clamp bool) (obj, *failure) {
	kind, fail := c.number("type", 1, 1, 2)
	if fail != nil {
		return nil, fail
	}
	var item obj
	fail = c.change(func(tx *kit.Tx) *failure {
		it := tx.Item(c.params["num_iid"])
		if it == nil {
			return noItem()
		}
		touched := map[string]bool{}
		for _, f := range figures {
			found := false
			for n := range it.SKUs {
				sku := &it.SKUs[n]
				if f.sku != "" && sku.ID != f.sku || f.outer != "" && sku.OuterCode != f.outer ||
					f.sku == "" && f.outer == "" && len(it.SKUs) > 1 {
					continue
				}
				next := f.quantity
				if kind == 2 {
					next += sku.Quantity
					if clamp {
						next = max(next, 0)
					}
				}
				if next < 0 || next > 1_000_000_000 {
					return invalid(name)
				}
				sku.Quantity, found, touched[sku.ID] = next, true, true
			}
			if !found {
				return isv("isv.item-update-service-error:IC_CHECKSTEP_SKU_NOT_FOUND", "SKU不存在")
			}
		}
		tx.PutItem(it)
		skus := list{of: "sku"}
		for _, sku := range it.SKUs {
			if touched[sku.ID] {
				skus.items = append(skus.items, obj{"sku_id": number(sku.ID), "quantity": sku.Quantity, "modified": stamp(it.Modified)})
			}
		}
		item = obj{"iid": it.ID, "num_iid": number(it.ID), "num": it.Quantity(), "modified": stamp(it.Modified), "skus": skus}
		return nil
	})
	return obj{"item": item}, fail
}
