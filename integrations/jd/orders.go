package jd

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/jd/api"
)

// JD's limits. Source: the documents of enSearch and notPayOrderInfo.
const (
	window    = 24 * time.Hour      // the platform allows a month; it asks to move a window rather than to page deeply
	pageSize  = 100                 // the most enSearch and notPayOrderInfo give
	deep      = 20                  // pages beyond which a window is halved instead
	recent    = 89 * 24 * time.Hour // searches by modification reach back three months
	longAgo   = 2 * 365 * 24 * time.Hour
	narrowest = 2 * time.Second
	maxRounds = 5 // over the end of a window that is still growing
)

// documented are the states that order_state may name. NOT_PAY is not among them: unpaid orders have an API of their own.
const documented = "WAIT_SELLER_STOCK_OUT,WAIT_SELLER_DELIVERY,WAIT_GOODS_RECEIVE_CONFIRM,FINISHED_L,TRADE_CANCELED,PARENT_TRADE_CANCELED," +
	"LOCKED,PAUSE,POP_ORDER_PAUSE,WAIT_SEND_CODE,DELIVERY_RETURN"

// fields is what is asked of an order: nothing comes that is not named. Invoices, remarks and accounts are never named,
// so they never come.
const fields = "orderId,venderId,orderType,payType,orderTotalPrice,orderSellerPrice,orderPayment,freightPrice,sellerDiscount,orderState," +
	"orderStateRemark,deliveryType,orderStartTime,orderEndTime,modified,consigneeInfo,itemInfoList,couponDetailList,balanceUsed,open_id_buyer," +
	"xid_buyer,returnOrder,paymentConfirmTime,waybill,logisticsId,directParentOrderId,parentOrderId,orderSource,storeOrder,idSopShipmenttype," +
	"taxFee,totalOriginalPrice,totalSellerDiscount,totalSellerReceivable,shouldPay,actualPay,payDiscount,outBoundDate," +
	"partialLogisticsInfoModel,specialStatusReasonInfo"

// yield is what takes batches of orders.
type yield = func([]integrations.Order) error

// errYield carries an error of yield through the retries and special cases here untouched.
type errYield struct{ error }

// Orders implements integrations.Shop. Windows of a day go by from the oldest; in each, unpaid orders come first, so that an order
// paid meanwhile is told as paid last.
//
// A search must name states, and a list of the known ones would hide an order in a state that is new. So a second search asks for ALL,
// which connectors use but no document explains: it only adds what the first one did not show, and is done without when JD refuses it.
func (s *shop) Orders(ctx context.Context, since, until time.Time, give func([]integrations.Order) error) error {
	since = later(since, s.now().Add(-longAgo))
	r := &reader{shop: s, give: give, seen: map[string]mark{}}
	for from := since; from.Before(until); from = from.Add(window) {
		to := from.Add(window)
		if to.After(until) {
			to = until
		}
		if err := r.window(ctx, from, to); err != nil {
			return plain(err)
		}
	}
	return nil
}

// reader is one run of Orders.
type reader struct {
	*shop
	give            yield
	seen            map[string]mark // what was told of each order in this window
	told            int             // how many orders this round gave
	noUnpaid, noAll bool            // JD does not want these questions
}

// mark tells whether an order is the same as when it was read before: times have whole seconds, in which much can happen.
type mark [sha256.Size]byte

// window reads one window whole. When it reaches into the present, orders that change meanwhile move within it, behind what was read;
// so its end is read again until nothing new is there.
func (r *reader) window(ctx context.Context, from, to time.Time) error {
	clear(r.seen)
	for range maxRounds {
		began := r.now()
		r.told = 0
		if err := r.once(ctx, from, to); err != nil {
			return err
		}
		if to.Before(began) || r.told == 0 {
			return nil
		}
		from = later(from, began.Add(-time.Second))
	}
	return nil
}

func (r *reader) once(ctx context.Context, from, to time.Time) error {
	// Searches by modification do not reach further back; there, orders are found by their creation.
	dateType := 0
	if from.Before(r.now().Add(-recent)) {
		dateType = 1
	}
	if !r.noUnpaid {
		err := r.unpaid(ctx, from, to, r.fresh)
		if r.noUnpaid = absent(err); err != nil && !r.noUnpaid {
			return err
		}
	}
	if err := r.search(ctx, documented, dateType, from, to, r.fresh); err != nil || r.noAll {
		return err
	}
	err := r.search(ctx, "ALL", dateType, from, to, r.fresh)
	if err == nil {
		r.allWorks.Store(true)
		return nil
	}
	if r.noAll = r.unwanted(err); r.noAll {
		return nil
	}
	return err
}

// fresh passes on what was not told yet in this window.
func (r *reader) fresh(batch []integrations.Order) error {
	batch = slices.DeleteFunc(batch, func(o integrations.Order) bool {
		now := mark(sha256.Sum256([]byte(o.Raw)))
		same := r.seen[o.ExternalID] == now
		r.seen[o.ExternalID] = now
		return same
	})
	r.told += len(batch)
	return hand(batch, r.give)
}

// search reads one window, halving it when it is too full.
func (s *shop) search(ctx context.Context, states string, dateType int, from, to time.Time, give yield) error {
	ask := func(page int) ([]json.RawMessage, int, error) {
		return s.page(ctx, states, dateType, from, to, page, pageSize)
	}
	return pages(ask, from, to, func(from, to time.Time) error {
		return s.search(ctx, states, dateType, from, to, give)
	}, func(raws []json.RawMessage) error {
		var out []integrations.Order
		for _, raw := range raws {
			o, err := order(raw)
			if err != nil {
				return err
			}
			out = append(out, o)
		}
		return give(out)
	})
}

// page reads one page of a search, oldest first, and tells how many orders there are on all of them.
func (s *shop) page(ctx context.Context, states string, dateType int, from, to time.Time, page, size int) ([]json.RawMessage, int, error) {
	var answer api.OrderPage
	err := s.call(ctx, "jingdong.pop.order.enSearch", api.OrderSearch{
		DateType: dateType, StartDate: floor(from), EndDate: ceil(to), OrderState: states, OptionalFields: fields,
		Page: strconv.Itoa(page), PageSize: strconv.Itoa(size), SortType: 0,
	}, &answer)
	if err == nil {
		err = checked(answer.Result.API.V)
	}
	return answer.Result.Orders, int(answer.Result.Total), err
}

// unpaid reads the unpaid orders of one window.
func (s *shop) unpaid(ctx context.Context, from, to time.Time, give yield) error {
	ask := func(page int) ([]json.RawMessage, int, error) {
		var answer api.UnpaidPage
		err := s.call(ctx, "jingdong.pop.order.notPayOrderInfo", api.UnpaidSearch{
			StartDate: floor(from), EndDate: ceil(to), Page: page, PageSize: pageSize,
		}, &answer)
		return answer.Info.V.Orders, int(answer.Info.V.Total), err
	}
	return pages(ask, from, to, func(from, to time.Time) error { return s.unpaid(ctx, from, to, give) },
		func(raws []json.RawMessage) error {
			var out []integrations.Order
			for _, raw := range raws {
				o, err := unpaidOrder(raw)
				if err != nil {
					return err
				}
				out = append(out, o)
			}
			return give(out)
		})
}

// pages reads all pages of a window, from the last to the first: an order that changes meanwhile leaves the window, and those behind
// it move towards the pages still to be read, never past them.
func pages(ask func(page int) ([]json.RawMessage, int, error), from, to time.Time, again func(from, to time.Time) error,
	take func([]json.RawMessage) error) error {
	rows, total, err := ask(1)
	if err != nil {
		return err
	}
	last := (total + pageSize - 1) / pageSize
	if last > deep && to.Sub(from) > narrowest {
		half := from.Add(to.Sub(from) / 2).Truncate(time.Second)
		if err := again(from, half); err != nil {
			return err
		}
		return again(half, to)
	}
	if last <= 1 {
		if len(rows) == pageSize { // the total may not be told
			last = 2
		} else {
			return take(rows)
		}
	}
	// The total may be stale: go on behind it until a page is not full.
	var ahead [][]json.RawMessage
	for n := last; n < last+deep; n++ { // bounded, should the page be ignored
		rows, _, err := ask(n)
		if err != nil {
			return err
		}
		ahead = append(ahead, rows)
		if len(rows) < pageSize {
			break
		}
	}
	for _, rows := range slices.Backward(ahead) {
		if err := take(rows); err != nil {
			return err
		}
	}
	for n := last - 1; n >= 1; n-- {
		rows, _, err := ask(n)
		if err != nil {
			return err
		}
		if err := take(rows); err != nil {
			return err
		}
	}
	return nil
}

// Order implements integrations.Fetcher.
func (s *shop) Order(ctx context.Context, externalID string) (integrations.Order, error) {
	raw, err := s.detail(ctx, externalID)
	if err != nil {
		return integrations.Order{}, err
	}
	return order(raw)
}

// detail reads one order as it comes.
func (s *shop) detail(ctx context.Context, id string) (json.RawMessage, error) {
	missing := made(integrations.Missing, "NO_ORDER", "JD knows no order "+clip(id, 40))
	if !digits(id) {
		return nil, missing
	}
	var answer api.OrderDetail
	if err := s.call(ctx, "jingdong.pop.order.enGet", api.OrderGet{OptionalFields: fields, OrderID: id}, &answer); err != nil {
		return nil, err
	}
	if err := checked(answer.Result.API.V); err != nil {
		// Which code says that there is no such order is not documented; its words do.
		if e := integrations.AsError(err); strings.Contains(e.Message, "不存在") || strings.Contains(strings.ToLower(e.Message), "not exist") {
			return nil, missing
		}
		return nil, err
	}
	if raw := answer.Result.Order; len(raw) > 2 && raw[0] == '{' {
		return raw, nil
	}
	return nil, missing
}

// carriers are JD's ids for our words. Source: ids met in connectors; a merchant must have contracted the carrier.
var carriers = map[string]string{
	"ZTO": "1499", "YUNDA": "1327", "STO": "470", "YTO": "463", "SF": "467", "EMS": "465", "DBL": "3046", "DEPPON": "3046",
	"JD": "2087", "SELF": ownDelivery,
}

// ownDelivery is the merchant's own van; JD stores no waybill for it.
const ownDelivery = "1274"

// Ship implements integrations.Shipper. The order is read first: what JD answers to a shipment it has already is not documented.
func (s *shop) Ship(ctx context.Context, p integrations.Shipment) error {
	carrier := carriers[strings.ToUpper(p.Carrier)]
	if carrier == "" {
		if carrier = p.Carrier; !digits(carrier) {
			return rejected("CARRIER", "JD knows no carrier "+clip(p.Carrier, 40)+"; use one of its numbers")
		}
	}
	raw, err := s.detail(ctx, p.Order)
	if err != nil {
		return err
	}
	o, err := order(raw)
	if err != nil {
		return err
	}
	var wire api.Order
	if err := json.Unmarshal(raw, &wire); err != nil {
		return made(integrations.Temporary, "SHAPE", "the order cannot be read")
	}
	switch {
	case has(wire, carrier, p.TrackingNumber):
		return nil
	case o.State == integrations.Shipped || o.State == integrations.Completed:
		return rejected("SHIPPED", "the order has left with another parcel already")
	case o.State != integrations.ToShip:
		return rejected("STATE", "the order is "+string(wire.OrderState))
	case o.Blocked != "":
		return rejected("BLOCKED", o.Blocked)
	}
	var done api.ShipmentDone
	err = s.call(ctx, "jingdong.pop.order.shipment", api.Shipment{
		OrderID: json.Number(p.Order), LogiCoprID: carrier, LogiNo: p.TrackingNumber,
	}, &done)
	if err != nil {
		return err
	}
	return checked(done.Result.V)
}

// has tells whether a parcel is on the order: carriers are joined by |, their waybills by | and each one's by commas.
func has(o api.Order, carrier, waybill string) bool {
	for _, p := range o.Parcels {
		if string(p.WaybillID) == waybill && waybill != "" {
			return true
		}
	}
	waybills := strings.Split(string(o.Waybill), "|")
	for n, id := range strings.Split(string(o.LogisticsID), "|") {
		switch {
		case id != carrier:
		case carrier == ownDelivery:
			return true
		case n < len(waybills) && slices.Contains(strings.Split(waybills[n], ","), waybill):
			return true
		}
	}
	return false
}

func hand(out []integrations.Order, give yield) error {
	if len(out) == 0 {
		return nil
	}
	if err := give(out); err != nil {
		return errYield{err}
	}
	return nil
}

// plain gives an error of yield back unchanged.
func plain(err error) error {
	if e, ok := errors.AsType[errYield](err); ok {
		return e.error
	}
	return err
}

// unwanted tells whether JD just does not want to be asked for ALL. As nobody knows how it would say so, a fault counts too as long as
// the question was never answered: it must not keep the other orders from coming.
func (s *shop) unwanted(err error) bool {
	if _, ours := errors.AsType[errYield](err); ours {
		return false
	}
	kind := integrations.AsError(err).Kind
	return absent(err) || kind == integrations.Rejected || kind == integrations.Temporary && !s.allWorks.Load()
}

// floor and ceil write a time in whole seconds, so that a window loses nothing at its ends.
func floor(t time.Time) string { return t.In(api.China).Format(api.Layout) }

func ceil(t time.Time) string {
	return t.Add(time.Second - time.Nanosecond).In(api.China).Format(api.Layout)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func digits(s string) bool {
	return s != "" && len(s) <= 19 && strings.Trim(s, "0123456789") == ""
}
