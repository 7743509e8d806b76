package taobao

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/taobao/api"
)

const (
	itemsPerPage = 200   // the most a list call takes
	itemsPerCall = 20    // the most items.seller.list.get takes
	deepest      = 20000 // page_no*page_size; the documents differ, this is the lower figure
	skusPerCall  = 20    // the most one stock call takes, and of one item only
)

// shelves are the places where items are, with what asks for them. Sold-out and violating items are not in the default warehouse list.
var shelves = []struct{ method, banner string }{
	{"taobao.items.onsale.get", ""},
	{"taobao.items.inventory.get", "for_shelved"},
	{"taobao.items.inventory.get", "sold_out"},
	{"taobao.items.inventory.get", "violation_off_shelf"},
}

// Listings reads what is on sale first and the warehouse afterwards, so that an item taken down meanwhile is met there.
func (s *shop) Listings(ctx context.Context, yield func([]integrations.RemoteListing) error) error {
	seen := map[string]bool{}
	for _, shelf := range shelves {
		for page := 1; ; page++ {
			if page*itemsPerPage > deepest {
				return rejected("TOO_MANY_ITEMS", fmt.Sprintf("the marketplace lists no more than %d items in one state", deepest))
			}
			params := map[string]string{"fields": "num_iid", "page_no": strconv.Itoa(page), "page_size": strconv.Itoa(itemsPerPage), "banner": shelf.banner}
			var out struct {
				Items api.List[api.Item] `json:"items"`
			}
			if err := s.call(ctx, shelf.method, params, &out); err != nil {
				return err
			}
			var fresh []string
			for _, it := range out.Items {
				if id := string(it.NumIID); !seen[id] {
					seen[id] = true
					fresh = append(fresh, id)
				}
			}
			for ids := range slices.Chunk(fresh, itemsPerCall) {
				if err := s.yieldItems(ctx, ids, yield); err != nil {
					return err
				}
			}
			if len(out.Items) < itemsPerPage {
				break
			}
		}
	}
	return nil
}

const itemFields = "num_iid,title,outer_id,price,num,approve_status,sku"

func (s *shop) yieldItems(ctx context.Context, ids []string, yield func([]integrations.RemoteListing) error) error {
	var out struct {
		Items api.List[api.Item] `json:"items"`
	}
	if err := s.call(ctx, "taobao.items.seller.list.get", map[string]string{"fields": itemFields, "num_iids": strings.Join(ids, ",")}, &out); err != nil {
		return err
	}
	var batch []integrations.RemoteListing
	for _, it := range out.Items {
		units, err := listingsFrom(it)
		if err != nil {
			return err
		}
		batch = append(batch, units...)
	}
	if len(batch) == 0 {
		return nil
	}
	return yield(batch)
}

// PushStock sets figures item by item, since a call takes the SKUs of one item only. A call that is refused for one of its SKUs is made
// again for each alone, so that the fault stays with its push.
func (s *shop) PushStock(ctx context.Context, pushes []integrations.StockPush) ([]error, error) {
	results := make([]error, len(pushes))
	var order []string
	byItem := map[string][]int{}
	for i, p := range pushes {
		if !digits(p.ExternalID) || p.ExternalSKUID != "" && !digits(p.ExternalSKUID) {
			results[i] = rejected("NOT_LISTED", "this is not a listing of the marketplace")
			continue
		}
		if byItem[p.ExternalID] == nil {
			order = append(order, p.ExternalID)
		}
		byItem[p.ExternalID] = append(byItem[p.ExternalID], i)
	}
	var stop error // a fault that the other calls would meet too
	for _, item := range order {
		for chunk := range slices.Chunk(byItem[item], skusPerCall) {
			if stop == nil {
				stop = s.pushItem(ctx, item, pushes, chunk, results)
				continue
			}
			for _, i := range chunk {
				results[i] = stop
			}
		}
	}
	if is(stop, integrations.Unauthorized) || is(stop, integrations.Misconfigured) {
		return nil, stop
	}
	return results, nil
}

// pushItem sets up to a call's worth of figures of one item and notes the results; it returns a fault that is nobody's own.
func (s *shop) pushItem(ctx context.Context, item string, pushes []integrations.StockPush, which []int, results []error) error {
	var pairs []string
	var skus []int
	for _, i := range which {
		p := pushes[i]
		if p.ExternalSKUID != "" {
			pairs, skus = append(pairs, p.ExternalSKUID+":"+strconv.Itoa(p.Quantity)), append(skus, i)
			continue
		}
		results[i] = s.call(ctx, "taobao.item.quantity.update", map[string]string{"num_iid": item, "quantity": strconv.Itoa(p.Quantity), "type": "1"}, nil)
		if general(results[i]) {
			return s.rest(which, results, results[i])
		}
	}
	if len(skus) == 0 {
		return nil
	}
	err := s.call(ctx, "taobao.skus.quantity.update", map[string]string{"num_iid": item, "skuid_quantities": strings.Join(pairs, ";"), "type": "1"}, nil)
	if general(err) {
		return s.rest(skus, results, err)
	}
	if err == nil || len(skus) == 1 {
		for _, i := range skus {
			results[i] = err
		}
		return nil
	}
	for n, i := range skus {
		results[i] = s.call(ctx, "taobao.skus.quantity.update", map[string]string{"num_iid": item, "skuid_quantities": pairs[n], "type": "1"}, nil)
		if general(results[i]) {
			return s.rest(skus[n:], results, results[i])
		}
	}
	return nil
}

// rest gives the pushes that were not tried the fault that kept them.
func (s *shop) rest(which []int, results []error, err error) error {
	for _, i := range which {
		results[i] = err
	}
	return err
}

// general tells faults that are not one push's own.
func general(err error) bool {
	return err != nil && !is(err, integrations.Missing) && !is(err, integrations.Rejected)
}
