package jd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/bits"
	"strings"
	"time"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/jd/api"
)

// meaning is what a state of JD's is for us.
type meaning struct {
	state   integrations.OrderState
	blocked string
}

// meanings holds every state we know; any other is Unknown. RECEIPTS_… (receipt steps of other trade modes) are left out on purpose.
// The pinyin names are met in newer data. Source: JD's order documents.
var meanings = map[string]meaning{
	"NOT_PAY":                    {state: integrations.Unpaid},
	"WAIT_SELLER_STOCK_OUT":      {state: integrations.ToShip},
	"DengDaiChuKu":               {state: integrations.ToShip},
	"WAIT_SELLER_DELIVERY":       {integrations.ToShip, "waits for its leg inside China"},
	"DengDaiFaHuo":               {integrations.ToShip, "waits for its leg inside China"},
	"LOCKED":                     {integrations.ToShip, "locked: a cancellation or refund is under review"},
	"PAUSE":                      {integrations.ToShip, "paused by JD"},
	"ZanTing":                    {integrations.ToShip, "paused by JD"},
	"POP_ORDER_PAUSE":            {integrations.ToShip, "paused by JD for its kind of business"},
	"WAIT_SEND_CODE":             {integrations.ToShip, "waits for a code, not for a parcel"},
	"WAIT_GOODS_RECEIVE_CONFIRM": {state: integrations.Shipped},
	"DengDaiQueRenShouHuo":       {state: integrations.Shipped},
	"DELIVERY_RETURN":            {state: integrations.Shipped}, // refused at the door: it has left, a refund may follow
	"PeiSongTuiHuo":              {state: integrations.Shipped},
	"FINISHED_L":                 {state: integrations.Completed},
	"WanCheng":                   {state: integrations.Completed},
	"TRADE_CANCELED":             {state: integrations.Closed},
	"PARENT_TRADE_CANCELED":      {state: integrations.Closed}, // split: its children are orders of their own
}

// order reads orderInfo. One with a field that cannot be read comes unread; only one without an id is an error.
func order(raw json.RawMessage) (integrations.Order, error) {
	var w api.Order
	err := json.Unmarshal(raw, &w)
	if err == nil && w.OrderID != "" {
		if o, ok := orderOf(w); ok {
			o.Raw = withoutContacts(raw)
			return o, nil
		}
	}
	return unreadable(raw)
}

// unreadable is an order that cannot be read in full: Unknown, with its id and those of its times that can be read, and without lines.
func unreadable(raw json.RawMessage) (integrations.Order, error) {
	var w struct {
		OrderID  api.Text        `json:"orderId"`
		Start    json.RawMessage `json:"orderStartTime"`
		Created  json.RawMessage `json:"orderCreated"` // of an unpaid order
		Modified json.RawMessage `json:"modified"`
	}
	if err := json.Unmarshal(raw, &w); err != nil || w.OrderID == "" {
		return integrations.Order{}, made(integrations.Temporary, "SHAPE", "an order without an id")
	}
	placed := moment(w.Start)
	if placed.IsZero() {
		placed = moment(w.Created)
	}
	return integrations.Order{ExternalID: string(w.OrderID), State: integrations.Unknown, Placed: placed, Modified: moment(w.Modified),
		Raw: withoutContacts(raw)}, nil
}

// moment reads a time in whole seconds; one that is missing or cannot be read is zero.
func moment(raw json.RawMessage) time.Time {
	var t api.Time
	if len(raw) == 0 || json.Unmarshal(raw, &t) != nil {
		return time.Time{}
	}
	return t.Time.Truncate(time.Second)
}

// orderOf translates an order; ok is false when its amounts do not fit.
func orderOf(w api.Order) (o integrations.Order, ok bool) {
	means, known := meanings[string(w.OrderState)]
	if !known {
		means.state = integrations.Unknown
	}
	if means.state == integrations.ToShip && means.blocked == "" && w.StoreOrder != "" {
		means.blocked = "leaves from a warehouse of JD's (" + clip(string(w.StoreOrder), 40) + ")"
	}
	to := w.Consignee.V
	o = integrations.Order{
		ExternalID: string(w.OrderID), State: means.state, Blocked: means.blocked, Buyer: string(first(w.OpenIDBuyer, w.XIDBuyer)),
		Placed: w.OrderStartTime.Time, PaidAt: w.PaymentConfirmTime.Time, Modified: w.Modified.Time,
		Address: commerce.Address{
			Recipient: string(to.Fullname), Phone: string(first(to.Mobile, to.Telephone)), Country: "CN", Province: string(to.Province),
			City: string(to.City), District: string(to.County), Line1: string(to.FullAddress), Line2: string(to.Town),
		},
	}
	o.Lines, ok = lines(w, means.state)
	if !ok {
		return o, false
	}
	amounts(w, &o)
	spread(o.Lines, w.Coupons, o.Total-o.Shipping)
	return o, true
}

func lines(w api.Order, state integrations.OrderState) ([]integrations.OrderLine, bool) {
	out := make([]integrations.OrderLine, 0, len(w.Items))
	gone := state == integrations.Shipped || state == integrations.Completed
	ids := lineIDs{}
	var goods int64
	for _, item := range w.Items {
		total, ok := commerce.Times(item.JDPrice.Fen, int64(item.ItemTotal))
		if goods += total; !ok || goods > commerce.MaxAmount {
			return nil, false
		}
		l := integrations.OrderLine{
			ExternalID: ids.next(item.SKUID), ExternalItem: string(item.WareID), ExternalSKU: string(item.SKUID),
			OuterCode: string(item.OuterSKUID), Title: string(item.SKUName), Quantity: int(item.ItemTotal), UnitPrice: item.JDPrice.Fen,
			Total: total, Closed: state == integrations.Closed, Shipped: gone,
		}
		// Of an order with several waybills JD tells which parcel a SKU left in only here.
		left := 0
		for _, p := range w.Parcels {
			for _, in := range p.SKUs {
				if in.SKUID == item.SKUID {
					left += int(in.Num)
					l.TrackingNumber = string(p.WaybillID)
				}
			}
		}
		l.Shipped = gone || left >= l.Quantity && left > 0
		if l.TrackingNumber == "" && l.Shipped && !strings.ContainsAny(string(w.Waybill), ",|") {
			l.TrackingNumber = string(w.Waybill)
		}
		out = append(out, l)
	}
	return out, true
}

// lineIDs names lines by their SKU, with a number behind it when a SKU comes twice (bought and as a gift). JD's own skuUuid is no
// name for us: an order does not have it while it is unpaid, and a line must keep its name.
type lineIDs map[api.Text]int

func (l lineIDs) next(sku api.Text) string {
	l[sku]++
	if l[sku] == 1 {
		return string(sku)
	}
	return fmt.Sprintf("%s-%d", sku, l[sku])
}

// amounts fills in what the buyer pays. actualPay is what was really paid; orderPayment is no longer kept up. Credit the buyer had
// with JD (balanceUsed) is not in them, but it is money.
func amounts(w api.Order, o *integrations.Order) {
	onDelivery := strings.HasPrefix(string(w.PayType), "1-") || w.PayType == "1"
	paid := !o.PaidAt.IsZero() || !onDelivery &&
		(o.State == integrations.ToShip || o.State == integrations.Shipped || o.State == integrations.Completed)
	due := firstSet(w.ShouldPay, w.ActualPay, w.OrderPayment, api.Yuan{Fen: w.OrderSellerPrice.Fen + w.FreightPrice.Fen, Set: true})
	if paid && w.ActualPay.Set && (w.ActualPay.Fen > 0 || w.ShouldPay.Fen == 0) {
		due = w.ActualPay.Fen
	}
	o.Total = max(due+w.BalanceUsed.Fen, 0)
	o.Shipping = min(max(w.FreightPrice.Fen, 0), o.Total)
	if paid {
		o.Paid = o.Total
		if o.PaidAt.IsZero() {
			o.PaidAt = o.Placed
		}
	}
}

func firstSet(amounts ...api.Yuan) int64 {
	for _, a := range amounts {
		if a.Set {
			return a.Fen
		}
	}
	return 0
}

// spread takes discounts off the lines until they come to net. A coupon for one SKU (type 30) goes to its line, the rest to all in
// proportion, so that not a fen is lost in rounding.
func spread(lines []integrations.OrderLine, coupons []api.Coupon, net int64) {
	var goods int64
	for _, l := range lines {
		goods += l.Total
	}
	off := min(max(goods-net, 0), goods)
	for _, c := range coupons {
		for n := range lines {
			if strings.HasPrefix(string(c.Type), "30-") && c.SKUID != "" && lines[n].ExternalSKU == string(c.SKUID) {
				take := min(max(c.Amount.Fen, 0), lines[n].Total, off)
				lines[n].Total -= take
				goods, off = goods-take, off-take
				break
			}
		}
	}
	if goods == 0 {
		return
	}
	var upto, taken int64
	for n := range lines {
		upto += lines[n].Total
		hi, lo := bits.Mul64(uint64(off), uint64(upto))
		share, _ := bits.Div64(hi, lo, uint64(goods)) // off ≤ goods, so it fits
		lines[n].Total -= int64(share) - taken
		taken = int64(share)
	}
}

// unpaidOrder reads an order of notPayOrderInfo. Freight and discounts are not told there; they come with the payment. Its times have
// milliseconds where those of paid orders have seconds: they are cut, so that an order paid in the second it was placed is not older then.
func unpaidOrder(raw json.RawMessage) (integrations.Order, error) {
	var w api.UnpaidOrder
	if err := json.Unmarshal(raw, &w); err != nil || w.OrderID == "" {
		return unreadable(raw)
	}
	o := integrations.Order{
		ExternalID: string(w.OrderID), State: integrations.Unpaid, Buyer: string(first(w.OpenIDBuyer, w.XIDBuyer)),
		Placed: w.OrderCreated.Time.Truncate(time.Second), Modified: w.Modified.Time.Truncate(time.Second), Raw: withoutContacts(raw),
		Address: commerce.Address{Recipient: string(w.UserName), Phone: string(first(w.Mobile, w.Phone)), Country: "CN", Line1: string(w.Address)},
	}
	ids := lineIDs{}
	for _, item := range w.Items {
		total, ok := commerce.Times(item.JDPrice.Fen, int64(item.Num))
		if !ok || total > commerce.MaxAmount-o.Total {
			return unreadable(raw)
		}
		o.Total += total
		o.Lines = append(o.Lines, integrations.OrderLine{
			ExternalID: ids.next(item.SKUID), ExternalItem: string(item.WareID), ExternalSKU: string(item.SKUID),
			OuterCode: string(item.OuterSKUID), Title: string(item.SKUName), Quantity: int(item.Num), UnitPrice: item.JDPrice.Fen, Total: total,
		})
	}
	return o, nil
}

// contacts are parts of the names of fields that lead to a person. oaid stays: it is the handle that waybills are printed with, and
// tells nothing by itself.
var contacts = []string{"name", "phone", "mobile", "address", "email", "desen_", "invoice", "vat", "orderremark", "venderremark"}

// harmless are fields whose names only look like that.
var harmless = map[string]bool{"skuname": true, "servicename": true}

// withoutContacts is an order as received, with the buyer's contact data cut out at every depth.
func withoutContacts(raw json.RawMessage) json.RawMessage {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil
	}
	out, err := json.Marshal(cut(v))
	if err != nil {
		return nil
	}
	return out
}

func cut(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if personal(strings.ToLower(name)) {
				delete(v, name)
			} else {
				v[name] = cut(inner)
			}
		}
	case []any:
		for n := range v {
			v[n] = cut(v[n])
		}
	}
	return v
}

func personal(name string) bool {
	if name == "pin" || name == "town" {
		return true
	}
	for _, part := range contacts {
		if strings.Contains(name, part) {
			return !harmless[name]
		}
	}
	return false
}

// listing translates a SKU with its ware's status.
func listing(w api.Ware, sku api.SKU) integrations.RemoteListing {
	return integrations.RemoteListing{
		ExternalID: fmt.Sprint(int64(w.WareID)), ExternalSKUID: fmt.Sprint(int64(sku.SKUID)), OuterCode: string(sku.OuterID),
		Title: string(first(sku.SKUName, sku.WareTitle, w.Title)), Price: sku.JDPrice.Fen, Quantity: int(sku.StockNum),
		Live: onSale(w) && sku.Status == 1,
	}
}

// onSale tells whether a ware is listed: 8, whatever review flag (512 under review, 1024 failed) is added to it.
func onSale(w api.Ware) bool { return w.WareStatus > 0 && w.WareStatus&^(512|1024) == 8 }
