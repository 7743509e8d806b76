package jd

import (
	"context"
	"slices"
	"time"

	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/jd/api"
)

// reachable is how many wares can be paged: 100 pages of 50, then the pages are empty.
const reachable = 5000

// opened is before the first ware there can be.
var opened = time.Date(2004, 1, 1, 0, 0, 0, 0, api.China)

// Listings implements integrations.Shop: wares page by page, oldest first, with their SKUs.
func (s *shop) Listings(ctx context.Context, yield func([]integrations.RemoteListing) error) error {
	return plain(s.listings(ctx, time.Time{}, time.Time{}, yield))
}

// listings reads the wares made in a span of time, halving it when there are more than can be paged. The zero span is all time, asked
// without dates: how the search wants them written is not certain, so only shops that need them depend on it.
func (s *shop) listings(ctx context.Context, from, to time.Time, yield func([]integrations.RemoteListing) error) error {
	for page := 1; ; page++ {
		in := api.WareSearch{PageNo: page}
		if !from.IsZero() {
			in.StartCreatedTime, in.EndCreatedTime = floor(from), ceil(to)
		}
		wares, total, err := s.wares(ctx, in)
		if err != nil {
			return err
		}
		if page == 1 && total > reachable && from.IsZero() {
			return s.listings(ctx, opened, s.now().Add(24*time.Hour), yield)
		}
		if page == 1 && total > reachable && to.Sub(from) > narrowest {
			half := from.Add(to.Sub(from) / 2).Truncate(time.Second)
			if err := s.listings(ctx, from, half, yield); err != nil {
				return err
			}
			return s.listings(ctx, half, to, yield)
		}
		for chunk := range slices.Chunk(wares, listIDs) {
			ids, byID := make([]int64, len(chunk)), map[api.Int]api.Ware{}
			for n, w := range chunk {
				ids[n], byID[w.WareID] = int64(w.WareID), w
			}
			skus, err := s.skus(ctx, api.SKUSearch{WareID: ids})
			if err != nil {
				return err
			}
			var out []integrations.RemoteListing
			for _, sku := range skus {
				if w, ok := byID[sku.WareID]; ok {
					out = append(out, listing(w, sku))
				}
			}
			if len(out) == 0 {
				continue
			}
			if err := yield(out); err != nil {
				return errYield{err}
			}
		}
		if len(wares) < listPage || page*listPage >= total {
			return nil
		}
	}
}

// wares reads one page of wares, oldest id first.
func (s *shop) wares(ctx context.Context, in api.WareSearch) (rows []api.Ware, total int, err error) {
	in.Field, in.PageSize, in.OrderField, in.OrderType = wareFields, listPage, []string{"wareId"}, []string{"asc"}
	var answer api.Page[api.Ware]
	if err := s.call(ctx, "jingdong.ware.read.searchWare4Valid", in, &answer); err != nil {
		return nil, 0, err
	}
	return answer.Page.V.Data, int(answer.Page.V.Total), nil
}

// skus reads all SKUs that a search finds, on sale or off, deleted ones left out.
func (s *shop) skus(ctx context.Context, in api.SKUSearch) ([]api.SKU, error) {
	in.Field, in.PageSize = skuFields, listPage
	var out []api.SKU
	for in.PageNo = 1; ; in.PageNo++ {
		var answer api.Page[api.SKU]
		if err := s.call(ctx, "jingdong.sku.read.searchSkuList", in, &answer); err != nil {
			return nil, err
		}
		rows := answer.Page.V.Data
		for _, sku := range rows {
			if sku.Status != 4 {
				out = append(out, sku)
			}
		}
		if len(rows) < listPage || in.PageNo*listPage >= int(answer.Page.V.Total) {
			return out, nil
		}
	}
}
