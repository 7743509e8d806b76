package jd

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/jd/api"
)

// JD's limits on wares. Source: the documents of ware.write.add and ware.write.updateWare.
const (
	newTitle  = 50
	editTitle = 45
	richText  = 100_000
	mainColor = "0000000000"
	maxImages = 10
	listPage  = 50
	listIDs   = 20
)

// The fields asked of wares and SKUs; none comes that is not named.
const (
	wareFields = "wareId,title,wareStatus,outerId"
	skuFields  = "wareId,skuId,status,saleAttrs,jdPrice,outerId,skuName,wareTitle,stockNum"
)

// Publish implements integrations.Publisher. A ware that carries one of the draft's codes on a SKU already is brought up to date;
// codes found on several wares are for a person to sort out. What JD is known to have is waited for, and not added again.
func (s *shop) Publish(ctx context.Context, d integrations.Draft) (integrations.Published, error) {
	var none integrations.Published
	if len(d.Variants) == 0 {
		return none, rejected("VARIANTS", "the draft has no variants")
	}
	unseen, whole := d.Unseen()
	ware, err := s.findWare(ctx, d)
	if whole && err != nil && integrations.AsError(err).Kind == integrations.Missing {
		err = unshown("the ware " + clip(d.ExternalID, 20))
	}
	if err == nil && ware != nil && len(unseen) > 0 {
		_, err = s.shown(ctx, int64(ware.WareID), d, unseen)
	}
	if err != nil {
		return none, err
	}
	if ware == nil {
		if ware, err = s.addWare(ctx, d); err != nil {
			return none, err
		}
	} else if err := s.updateWare(ctx, *ware, d); err != nil {
		return none, err
	}
	codes := make([]string, len(d.Variants))
	for n, v := range d.Variants {
		codes[n] = v.OuterCode
	}
	out := integrations.Published{ExternalID: strconv.FormatInt(int64(ware.WareID), 10)}
	out.SKUs, err = s.shown(ctx, int64(ware.WareID), d, codes)
	return out, err
}

// shown reads which of the draft's SKUs a ware shows, by their codes; that it does not show one of those that are awaited is an error.
func (s *shop) shown(ctx context.Context, ware int64, d integrations.Draft, awaited []string) (map[string]string, error) {
	out := map[string]string{}
	skus, err := s.skus(ctx, api.SKUSearch{WareID: []int64{ware}})
	if err != nil {
		return out, err
	}
	for _, v := range d.Variants {
		if sku := match(v, skus); sku != nil {
			out[v.OuterCode] = strconv.FormatInt(int64(sku.SKUID), 10)
		} else if slices.Contains(awaited, v.OuterCode) {
			err = unshown("the SKU " + clip(v.OuterCode, 64))
		}
	}
	return out, err
}

// unshown is that JD has something and does not show it yet: it may take a moment.
func unshown(what string) error {
	return made(integrations.Temporary, "NOT_SHOWN", "JD does not show "+what+" yet")
}

// findWare finds the draft's ware, by its id or else by its variants' codes; nil when there is none.
func (s *shop) findWare(ctx context.Context, d integrations.Draft) (*api.Ware, error) {
	var id int64
	if d.ExternalID != "" {
		if !digits(d.ExternalID) {
			return nil, rejected("WARE", "the listing has no JD ware id")
		}
		id, _ = strconv.ParseInt(d.ExternalID, 10, 64)
	} else {
		var codes []string
		for _, v := range d.Variants {
			codes = append(codes, v.OuterCode)
		}
		for chunk := range slices.Chunk(codes, listIDs) {
			found, err := s.skus(ctx, api.SKUSearch{OutID: chunk})
			if err != nil {
				return nil, err
			}
			for _, sku := range found {
				if !slices.Contains(codes, string(sku.OuterID)) {
					continue // JD may compare loosely
				}
				if id != 0 && id != int64(sku.WareID) {
					return nil, rejected("AMBIGUOUS", fmt.Sprintf("the codes stand on the wares %d and %d; keep one", id, int64(sku.WareID)))
				}
				id = int64(sku.WareID)
			}
		}
		if id == 0 {
			return nil, nil
		}
	}
	wares, _, err := s.wares(ctx, api.WareSearch{WareID: []int64{id}, PageNo: 1})
	if err != nil {
		return nil, err
	}
	for _, w := range wares {
		if int64(w.WareID) == id {
			return &w, nil
		}
	}
	return nil, made(integrations.Missing, "WARE", fmt.Sprintf("JD no longer has the ware %d", id))
}

// addWare makes a new ware, on sale at once.
func (s *shop) addWare(ctx context.Context, d integrations.Draft) (*api.Ware, error) {
	switch {
	case s.category == 0:
		return nil, rejected("SETTING", "the channel needs the setting categoryId to make a ware on JD")
	case s.freight == 0:
		return nil, rejected("SETTING", "the channel needs the setting freightTemplateId to make a ware on JD")
	case len(d.Images) == 0:
		return nil, rejected("IMAGE", "JD wants at least one image")
	case utf8.RuneCountInString(d.Title) > newTitle:
		return nil, rejected("TITLE", fmt.Sprintf("the title has more than the %d characters JD takes", newTitle))
	}
	description, err := describe(d)
	if err != nil {
		return nil, err
	}
	attrs, err := s.saleAttrs(ctx, d)
	if err != nil {
		return nil, err
	}
	in := api.WareAdd{Ware: api.WareWrite{
		BrandID: s.brand, CategoryID: s.category, Introduction: description, MobileDesc: description, OuterID: d.Code, Title: d.Title,
		TransportID: s.freight, WareStatus: 8,
	}}
	for n, url := range d.Images[:min(len(d.Images), maxImages)] {
		in.Ware.Images = append(in.Ware.Images, api.Image{ColorID: mainColor, ImgIndex: n + 1, ImgURL: url})
	}
	lowest, grams := d.Variants[0].Price, 0
	for n, v := range d.Variants {
		in.SKUs = append(in.SKUs, write(v, attrs[n], v.Quantity))
		lowest, grams = min(lowest, v.Price), max(grams, v.WeightGrams)
	}
	in.Ware.JDPrice = &api.Yuan{Fen: lowest}
	if grams > 0 {
		in.Ware.Weight = json.Number(fmt.Sprintf("%d.%03d", grams/1000, grams%1000))
	}
	var answer api.WareAdded
	if err := s.call(ctx, "jingdong.ware.write.add", in, &answer); err != nil {
		return nil, err
	}
	if answer.Ware.V.WareID == 0 {
		return nil, made(integrations.Temporary, "WARE", "JD does not tell the new ware's id")
	}
	return &answer.Ware.V, nil
}

// updateWare brings a ware up to date: its text, its SKUs (those without one are added, foreign ones stay), and on sale.
func (s *shop) updateWare(ctx context.Context, w api.Ware, d integrations.Draft) error {
	id := int64(w.WareID)
	description, err := describe(d)
	if err != nil {
		return err
	}
	change := api.WareWrite{WareID: id, Introduction: description, MobileDesc: description, OuterID: d.Code}
	if d.Title != string(w.Title) {
		// The limit here is tighter than for new wares; an unchanged title is simply left out.
		if utf8.RuneCountInString(d.Title) > editTitle {
			return rejected("TITLE", fmt.Sprintf("the title has more than the %d characters JD takes for a ware that is there", editTitle))
		}
		change.Title = d.Title
	}
	skus, err := s.skus(ctx, api.SKUSearch{WareID: []int64{id}})
	if err != nil {
		return err
	}
	in := api.SKUsUpdate{WareID: id}
	var attrs [][]api.SaleAttr
	for n, v := range d.Variants {
		sku := match(v, skus)
		if sku == nil {
			if attrs == nil {
				if attrs, err = s.saleAttrs(ctx, d); err != nil {
					return err
				}
			}
			in.SKUs = append(in.SKUs, write(v, attrs[n], v.Quantity))
			continue
		}
		// updateSkus wants a stock figure with every SKU, so it must mean the same as when it is pushed.
		onHand, err := s.onHand(ctx, int64(sku.SKUID), v.Quantity, nil)
		if err != nil {
			return err
		}
		one := write(v, sku.SaleAttrs, onHand)
		one.SKUID = int64(sku.SKUID)
		in.SKUs = append(in.SKUs, one)
	}
	if err := s.done(ctx, "jingdong.ware.write.updateWare", api.WareUpdate{Ware: change}); err != nil {
		return err
	}
	if err := s.done(ctx, "jingdong.sku.write.updateSkus", in); err != nil {
		return err
	}
	if onSale(w) {
		return nil
	}
	return s.done(ctx, "jingdong.ware.write.upOrDown", api.UpOrDown{WareID: id, OpType: 1, Note: "oneshelf"})
}

// Unpublish implements integrations.Publisher. The last variants take the ware off the shelf and stay on it for another day. Others
// are deleted from the ware: no call is documented that takes a single SKU off sale and leaves it.
func (s *shop) Unpublish(ctx context.Context, u integrations.Unpublication) error {
	if !digits(u.ExternalID) {
		return rejected("WARE", "the listing has no JD ware id")
	}
	id, _ := strconv.ParseInt(u.ExternalID, 10, 64)
	wares, _, err := s.wares(ctx, api.WareSearch{WareID: []int64{id}, PageNo: 1})
	if err != nil {
		return err
	}
	at := slices.IndexFunc(wares, func(w api.Ware) bool { return int64(w.WareID) == id })
	if at < 0 {
		return nil // gone altogether
	}
	if u.Remaining == 0 {
		if !onSale(wares[at]) {
			return nil
		}
		return s.done(ctx, "jingdong.ware.write.upOrDown", api.UpOrDown{WareID: id, OpType: 2, Note: "oneshelf"})
	}
	skus, err := s.skus(ctx, api.SKUSearch{WareID: []int64{id}})
	if err != nil {
		return err
	}
	for _, r := range u.Remove {
		sku := match(integrations.DraftVariant{OuterCode: r.OuterCode, ExternalSKUID: r.ExternalSKUID}, skus)
		if sku == nil {
			continue // deleted before
		}
		err := s.done(ctx, "jingdong.sku.write.deleteSku", api.SKUDelete{SKUID: int64(sku.SKUID)})
		if err != nil && integrations.AsError(err).Kind != integrations.Missing {
			return err
		}
	}
	return nil
}

// done makes a write that answers nothing but success.
func (s *shop) done(ctx context.Context, method string, in any) error {
	var answer api.Done
	if err := s.call(ctx, method, in, &answer); err != nil {
		return err
	}
	if !answer.Success {
		return rejected("REFUSED", "JD refused "+method+" without a reason")
	}
	return nil
}

// match finds a variant's SKU, by its id or else by its code.
func match(v integrations.DraftVariant, skus []api.SKU) *api.SKU {
	for n := range skus {
		if v.ExternalSKUID != "" && strconv.FormatInt(int64(skus[n].SKUID), 10) == v.ExternalSKUID {
			return &skus[n]
		}
	}
	for n := range skus {
		if v.OuterCode != "" && string(skus[n].OuterID) == v.OuterCode {
			return &skus[n]
		}
	}
	return nil
}

func write(v integrations.DraftVariant, attrs []api.SaleAttr, onHand int) api.SKUWrite {
	if attrs == nil {
		attrs = []api.SaleAttr{}
	}
	return api.SKUWrite{BarCode: v.Barcode, JDPrice: api.Yuan{Fen: v.Price}, OuterID: v.OuterCode, SaleAttrs: attrs, StockNum: max(onHand, 0)}
}

// describe is the ware's text; JD wants one, so the title stands in.
func describe(d integrations.Draft) (string, error) {
	text := d.Description
	if strings.TrimSpace(text) == "" {
		text = html.EscapeString(d.Title)
	}
	if utf8.RuneCountInString(text) > richText {
		return "", rejected("DESCRIPTION", fmt.Sprintf("the description has more than the %d characters JD takes", richText))
	}
	return text, nil
}
