package taobao

import (
	"context"
	"fmt"
	"slices"

	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/taobao/api"
)

// Publish fills the category's schema from the draft and submits it: as a new item, or as an edit of the one that is there. The
// marketplace may have taken a submission whose answer was lost, so the draft's codes are looked for before anything is made. What it
// is known to have is waited for.
func (s *shop) Publish(ctx context.Context, d integrations.Draft) (integrations.Published, error) {
	var none integrations.Published
	if s.categoryID == "" {
		return none, rejected("SETTING_MISSING", `the setting "categoryId" is missing: new items need the marketplace's leaf category`)
	}
	if len(d.Images) == 0 {
		return none, rejected("IMAGE_MISSING", "the product has no image: the marketplace wants at least one")
	}
	if len(d.Variants) == 0 {
		return none, rejected("VARIANT_MISSING", "the product has no variant")
	}
	id := d.ExternalID
	if id == "" {
		var err error
		if id, err = s.find(ctx, d); err != nil {
			return none, err
		}
	} else if unseen, whole := d.Unseen(); len(unseen) > 0 {
		_, err := s.look(ctx, id, unseen)
		if whole && is(err, integrations.Missing) {
			err = unshown("the item")
		}
		if err != nil {
			return none, err
		}
	}
	var err error
	if id == "" {
		id, err = s.create(ctx, d)
	} else {
		err = s.edit(ctx, id, d)
	}
	if err != nil {
		return none, err
	}
	return s.settle(ctx, id, d)
}

// find looks for an item that carries the draft's codes, by its own or by any variant's. Outer codes are not unique on the platform:
// two items are for a person to sort out.
func (s *shop) find(ctx context.Context, d integrations.Draft) (string, error) {
	var ids []string
	note := func(id api.Text) {
		if id != "" && !slices.Contains(ids, string(id)) {
			ids = append(ids, string(id))
		}
	}
	for _, v := range d.Variants {
		var out struct {
			SKUs api.List[api.SKU] `json:"skus"`
		}
		// iid carries the item's id in this call.
		if err := s.call(ctx, "taobao.skus.custom.get", map[string]string{"fields": "sku_id,iid,num_iid,outer_id,status", "outer_id": v.OuterCode}, &out); err != nil {
			return "", err
		}
		for _, sku := range out.SKUs {
			if sku.Status != "delete" {
				note(api.Text(firstOf(string(sku.NumIID), string(sku.IID))))
			}
		}
	}
	if len(ids) == 0 && d.Code != "" {
		var out struct {
			Items api.List[api.Item] `json:"items"`
		}
		if err := s.call(ctx, "taobao.items.custom.get", map[string]string{"fields": "num_iid,outer_id", "outer_id": d.Code}, &out); err != nil {
			return "", err
		}
		for _, it := range out.Items {
			note(it.NumIID)
		}
	}
	switch len(ids) {
	case 0:
		return "", nil
	case 1:
		return ids[0], nil
	}
	return "", rejected("DUPLICATE_CODES", fmt.Sprintf("the product's codes are on several items of the marketplace already: %v", ids))
}

func (s *shop) create(ctx context.Context, d integrations.Draft) (string, error) {
	where := map[string]string{"market": s.market, "cat_id": s.categoryID}
	var rules struct{ Result string }
	if err := s.call(ctx, "alibaba.item.publish.schema.get", where, &rules); err != nil {
		return "", err
	}
	schema, err := fill(rules.Result, d)
	if err != nil {
		return "", err
	}
	var out struct {
		ItemID api.Text `json:"item_id"`
	}
	if err := s.call(ctx, "alibaba.item.publish.submit", map[string]string{"market": s.market, "cat_id": s.categoryID, "schema": schema}, &out); err != nil {
		return "", err
	}
	if out.ItemID == "" {
		return "", garbled("the new item's id is missing")
	}
	return string(out.ItemID), nil
}

func (s *shop) edit(ctx context.Context, id string, d integrations.Draft) error {
	var rules struct{ Result string }
	if err := s.call(ctx, "alibaba.item.edit.schema.get", map[string]string{"item_id": id}, &rules); err != nil {
		return err
	}
	schema, err := fill(rules.Result, d)
	if err != nil {
		return err
	}
	return s.call(ctx, "alibaba.item.edit.submit", map[string]string{"item_id": id, "schema": schema}, nil)
}

// settle reads the item back: its SKUs' ids, and whether it is on sale. What was just given to the marketplace may not show yet.
func (s *shop) settle(ctx context.Context, id string, d integrations.Draft) (integrations.Published, error) {
	out := integrations.Published{ExternalID: id, SKUs: map[string]string{}}
	codes := make([]string, len(d.Variants))
	for i, v := range d.Variants {
		codes[i] = v.OuterCode
	}
	it, err := s.look(ctx, id, codes)
	for _, sku := range it.SKUs {
		if sku.Status != "delete" && slices.Contains(codes, sku.OuterID) {
			out.SKUs[sku.OuterID] = string(sku.SKUID)
		}
	}
	if is(err, integrations.Missing) {
		err = unshown("the item")
	}
	if err != nil {
		return out, err
	}
	if it.ApproveStatus != "onsale" && slices.ContainsFunc(d.Variants, func(v integrations.DraftVariant) bool { return v.Quantity > 0 }) {
		return out, s.call(ctx, "alibaba.item.operate.upshelf", map[string]string{"item_id": id}, nil)
	}
	return out, nil
}

// look reads an item that must show some codes; it is answered even when it does not.
func (s *shop) look(ctx context.Context, id string, codes []string) (api.Item, error) {
	it, err := s.item(ctx, id)
	if err != nil {
		return it, err
	}
	for _, code := range codes {
		if !slices.ContainsFunc(it.SKUs, func(sku api.SKU) bool { return sku.OuterID == code && sku.Status != "delete" }) {
			return it, unshown("the variant " + clip(code))
		}
	}
	return it, nil
}

// unshown is that the marketplace has something and does not show it yet.
func unshown(what string) error {
	return &integrations.Error{Kind: integrations.Temporary, Code: "NOT_SHOWN", Message: "the marketplace does not show " + what + " yet"}
}

func (s *shop) item(ctx context.Context, id string) (api.Item, error) {
	var out struct{ Item api.Item }
	err := s.call(ctx, "taobao.item.seller.get", map[string]string{"fields": itemFields, "num_iid": id}, &out)
	return out.Item, err
}

// Unpublish delists the item with its last variants. While others stay, the platform has no way to take one variant off an item but to
// have none of it: its quantity goes to zero. What is gone already is off sale.
func (s *shop) Unpublish(ctx context.Context, u integrations.Unpublication) error {
	if u.Remaining == 0 {
		err := s.call(ctx, "alibaba.item.operate.downshelf", map[string]string{"item_id": u.ExternalID}, nil)
		if is(err, integrations.Missing) {
			return nil
		}
		return err
	}
	var pushes []integrations.StockPush
	for _, unit := range u.Remove {
		if unit.ExternalSKUID == "" { // a push without it would mean the whole item
			it, err := s.item(ctx, u.ExternalID)
			if err != nil && !is(err, integrations.Missing) {
				return err
			}
			n := slices.IndexFunc(it.SKUs, func(sku api.SKU) bool { return sku.OuterID == unit.OuterCode })
			if n < 0 {
				continue
			}
			unit.ExternalSKUID = string(it.SKUs[n].SKUID)
		}
		pushes = append(pushes, integrations.StockPush{ExternalID: u.ExternalID, ExternalSKUID: unit.ExternalSKUID, OuterCode: unit.OuterCode})
	}
	results, err := s.PushStock(ctx, pushes)
	if err != nil {
		return err
	}
	for _, err := range results {
		if err != nil && !is(err, integrations.Missing) {
			return err
		}
	}
	return nil
}
