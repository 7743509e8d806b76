package jd

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/jd/api"
)

// stockBatch is how many SKUs one call of jingdong.ware.stock.sku.set takes.
const stockBatch = 30

// PushStock implements integrations.Shop, for the national stock (store 0), with absolute figures.
//
// JD's stockNum is what lies on the shelf: it sells stockNum less what is booked by orders that have not left (documented for the
// stock of stores, taken to hold for the national one). A push is what may still be sold, so the bookings are read and added; written
// bare, every open order would be taken off twice and a busy SKU would sell out with goods on the shelf. Where the bookings cannot be
// read because that API is closed to the application, the bare figure goes out: too little at times, never too much.
func (s *shop) PushStock(ctx context.Context, pushes []integrations.StockPush) ([]error, error) {
	out := make([]error, len(pushes))
	done := 0
	open, err := s.openSKUs(ctx, len(pushes))
	if err != nil {
		return nil, err
	}
	for _, batch := range batches(pushes) {
		if err := s.setStock(ctx, batch, open, out); err != nil {
			if done == 0 {
				return nil, err
			}
			// What went before has been done; only the rest shares the fault.
			for _, p := range batch.and(pushes) {
				out[p.at] = err
			}
			return out, nil
		}
		done++
	}
	return out, nil
}

// numbered is a push with its place in the call.
type numbered struct {
	integrations.StockPush
	at  int
	sku int64
}

type batch []numbered

// batches cuts pushes into what one call takes. A SKU comes once in a batch: of two figures for it the later one must win.
func batches(pushes []integrations.StockPush) []batch {
	var out []batch
	seen := map[string]bool{}
	for n, p := range pushes {
		if len(out) == 0 || len(out[len(out)-1]) == stockBatch || seen[p.ExternalSKUID] {
			out = append(out, nil)
			clear(seen)
		}
		seen[p.ExternalSKUID] = true
		sku, _ := strconv.ParseInt(p.ExternalSKUID, 10, 64) // 0 when it is none of JD's numbers
		out[len(out)-1] = append(out[len(out)-1], numbered{p, n, sku})
	}
	return out
}

// and lists the pushes of a batch and all behind it.
func (b batch) and(pushes []integrations.StockPush) batch {
	out := slices.Clone(b)
	for n := b[len(b)-1].at + 1; n < len(pushes); n++ {
		out = append(out, numbered{pushes[n], n, 0})
	}
	return out
}

func (s *shop) setStock(ctx context.Context, b batch, open map[string]bool, out []error) error {
	var stocks []api.SKUStock
	places := map[int64]int{}
	keys := sha256.New()
	for _, p := range b {
		if p.sku <= 0 {
			out[p.at] = rejected("SKU", "the listing has no JD SKU id")
			continue
		}
		onHand, err := s.onHand(ctx, p.sku, max(p.Quantity, 0), open)
		if err != nil {
			return err
		}
		stocks = append(stocks, api.SKUStock{SKUID: p.sku, StockNum: onHand})
		places[p.sku] = p.at
		keys.Write([]byte(p.Key + "\n"))
	}
	if len(stocks) == 0 {
		return nil
	}
	// What JD does with a stockRfId it has seen is not documented, and figures are absolute. So the pushes' keys make the part an
	// operator can recognise and chance makes the rest: no attempt depends on the fate of another.
	id := "os-" + hex.EncodeToString(keys.Sum(nil)[:8]) + "-" + strings.ToLower(rand.Text()[:10])
	var answer api.StockSetDone
	if err := s.call(ctx, "jingdong.ware.stock.sku.set", api.StockSet{
		Req: api.StockReq{SKUStocks: stocks, StockRfID: id, UpdateModel: "fullStockIn"},
	}, &answer); err != nil {
		return err
	}
	result := answer.Return.V
	if result.Success == nil {
		return made(integrations.Temporary, "SHAPE", "JD does not tell whether it took the stock")
	}
	took := bool(*result.Success)
	accepted := map[int]bool{}
	for _, r := range result.Obj.V.Results {
		at, ours := places[int64(r.SKUID)]
		switch {
		case !ours:
		case bool(r.Success):
			accepted[at] = true
		default:
			out[at] = refusedStock(first(r.Code, r.ErrorCode), r.Message)
		}
	}
	// Under success the list may name only the refused ones, or be missing: the others are accepted. Without it, only those it names.
	for _, at := range places {
		if !took && !accepted[at] && out[at] == nil {
			out[at] = refusedStock(result.Code, result.Message)
		}
	}
	return nil
}

// onHand turns a sellable figure into JD's stockNum. Of a SKU that no open order names nothing is booked; a nil open is not known.
func (s *shop) onHand(ctx context.Context, sku int64, sellable int, open map[string]bool) (int, error) {
	if open != nil && !open[strconv.FormatInt(sku, 10)] {
		return sellable, nil
	}
	var answer api.StockTold
	err := s.call(ctx, "jingdong.ware.stock.sku.query", api.StockQuery{SKUID: sku}, &answer)
	if err != nil {
		kind := integrations.AsError(err).Kind
		if absent(err) || kind == integrations.Rejected || kind == integrations.Missing {
			return sellable, nil // the write will tell what is wrong with the SKU, if anything is
		}
		return 0, err
	}
	for _, info := range answer.Return.V.Obj.V.Infos {
		if info.StoreID == 0 {
			sellable += int(max(info.OrderBookingNum, 0) + max(info.AppBookingNum, 0))
		}
	}
	return sellable, nil
}

// The states and the time in which open orders are looked for. One that is older only makes its SKU's figure the bare one.
const (
	openStates = "WAIT_SELLER_STOCK_OUT,WAIT_SELLER_DELIVERY,LOCKED,PAUSE,POP_ORDER_PAUSE"
	openFor    = 28 * 24 * time.Hour
	unpaidFor  = 48 * time.Hour
	// fewSKUs is up to where asking for each SKU's bookings is cheaper than reading the open orders first.
	fewSKUs = 8
)

// openSKUs lists the SKUs that open orders name, since bookings can only be asked for SKU by SKU. Where that would take more calls than
// asking for each of the SKUs does, it is nil.
func (s *shop) openSKUs(ctx context.Context, skus int) (map[string]bool, error) {
	now := s.now()
	if skus <= fewSKUs {
		return nil, nil
	}
	_, total, err := s.page(ctx, openStates, 1, now.Add(-openFor), now, 1, 1)
	if err != nil || total/pageSize >= skus {
		return nil, err
	}
	out := map[string]bool{}
	note := func(orders []integrations.Order) error {
		for _, o := range orders {
			for _, l := range o.Lines {
				out[l.ExternalSKU] = true
			}
		}
		return nil
	}
	if err := s.search(ctx, openStates, 1, now.Add(-openFor), now, note); err != nil {
		return nil, err
	}
	if err := s.unpaid(ctx, now.Add(-unpaidFor), now, note); err != nil && !absent(err) {
		return nil, err
	}
	return out, nil
}
