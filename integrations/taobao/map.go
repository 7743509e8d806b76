package taobao

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/taobao/api"
)

// orderFrom reads a trade as the platform sent it. One with a figure or a time that cannot be read must not be imported with a wrong
// one, nor passed over, nor hold up the others: it comes unread. Only a trade without an id is an error.
func orderFrom(raw json.RawMessage) (integrations.Order, error) {
	var t api.Trade
	if err := json.Unmarshal(raw, &t); err != nil {
		return unread(raw)
	}
	if t.ID() == "" {
		return integrations.Order{}, garbled("the trade has no id")
	}
	r := &reader{}
	o := integrations.Order{
		ExternalID: t.ID(),
		State:      stateOf(t.Status),
		Buyer:      t.BuyerOpenUID,
		Shipping:   r.fen(t.PostFee),
		Total:      r.fen(t.Payment),
		Placed:     r.time(t.Created),
		PaidAt:     r.time(t.PayTime),
		Modified:   r.time(t.Modified),
		Raw:        withoutContact(raw),
		Address: commerce.Address{Recipient: t.ReceiverName, Phone: firstOf(t.ReceiverMobile, t.ReceiverPhone), Country: t.ReceiverCountry,
			Province: t.ReceiverState, City: t.ReceiverCity, District: t.ReceiverArea, Line1: t.ReceiverAddress, Line2: t.ReceiverTown, Postcode: t.ReceiverZip},
	}
	for _, line := range t.Orders {
		o.Lines = append(o.Lines, r.line(line, len(t.Orders) == 1, o.Shipping))
	}
	o.Paid = r.paid(t, o)
	o.Blocked = brake(t, o.State)
	if r.bad != "" {
		return unread(raw)
	}
	return o, nil
}

// unread is a trade that cannot be read in full: Unknown, with its id and those of its times that can be read, and without lines.
func unread(raw json.RawMessage) (integrations.Order, error) {
	var t struct {
		TID      api.Text `json:"tid"`
		TIDStr   api.Text `json:"tid_str"`
		Created  api.Text `json:"created"`
		Modified api.Text `json:"modified"`
	}
	if err := json.Unmarshal(raw, &t); err != nil {
		return integrations.Order{}, garbled("the trade has another shape than documented")
	}
	id := firstOf(string(t.TIDStr), string(t.TID))
	if !digits(id) {
		return integrations.Order{}, garbled("the trade has no id")
	}
	r := &reader{}
	return integrations.Order{ExternalID: id, State: integrations.Unknown, Placed: r.time(string(t.Created)), Modified: r.time(string(t.Modified)),
		Raw: withoutContact(raw)}, nil
}

// reader reads figures and remembers the first it could not.
type reader struct{ bad string }

// fen reads yuan as text into fen; absence is 0.
func (r *reader) fen(t api.Text) int64 {
	if t == "" {
		return 0
	}
	n, err := commerce.ParseAmount(string(t), "CNY")
	if err != nil && r.bad == "" {
		r.bad = string(t)
	}
	return n
}

func (r *reader) time(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := time.ParseInLocation(layout, s, china)
	if err != nil && r.bad == "" {
		r.bad = s
	}
	return t.UTC()
}

func (r *reader) count(t api.Text) int {
	if t == "" {
		return 0
	}
	n, err := strconv.Atoi(string(t))
	if err != nil && r.bad == "" {
		r.bad = string(t)
	}
	return n
}

func (r *reader) line(l api.Order, single bool, postage int64) integrations.OrderLine {
	out := integrations.OrderLine{
		ExternalID: l.ID(), ExternalItem: string(l.NumIID), ExternalSKU: string(l.SKUID), OuterCode: l.OuterSKUID, Title: l.Title,
		Quantity: r.count(l.Num), UnitPrice: r.fen(l.Price), Total: r.revenue(l, single, postage), TrackingNumber: l.InvoiceNo,
		Closed:  l.Status == "TRADE_CLOSED" || l.Status == "TRADE_CLOSED_BY_TAOBAO" || l.RefundStatus == "SUCCESS",
		Shipped: slices.Contains([]string{"WAIT_BUYER_CONFIRM_GOODS", "TRADE_BUYER_SIGNED", "TRADE_FINISHED"}, l.Status),
	}
	if out.ExternalSKU == "" || out.ExternalSKU == "0" {
		// An item without SKUs is sold by its own code.
		out.ExternalSKU, out.OuterCode = "", firstOf(l.OuterSKUID, l.OuterIID)
	}
	return out
}

// revenue is what a line brings. order.payment is no measure of it: with one line it holds the postage, with several it lacks
// the line's share of the trade's discounts. Source: the platform's money rules, checked against captures of 2018 and 2020.
func (r *reader) revenue(l api.Order, single bool, postage int64) int64 {
	switch {
	case l.DivideOrderFee != "":
		return r.fen(l.DivideOrderFee)
	case l.TotalFee != "":
		return r.fen(l.TotalFee) - r.fen(l.PartMJZDiscount)
	case single:
		return r.fen(l.Payment) - postage
	}
	return r.fen(l.Payment) - r.fen(l.PartMJZDiscount)
}

// paid is what has been paid so far. A pre-sale waits for payment with its deposit paid; cash on delivery is shipped before payment.
func (r *reader) paid(t api.Trade, o integrations.Order) int64 {
	switch {
	case t.StepTradeStatus == "FRONT_PAID_FINAL_NOPAID" || t.StepTradeStatus == "FRONT_PAID_FRONT_FORFEITED":
		return r.fen(t.StepPaidFee)
	case o.State == integrations.Unpaid:
		return 0
	case t.PayTime != "" || o.State == integrations.Completed:
		return o.Total
	}
	return 0
}

// stateOf maps a trade's status. Source: the status list of trade.fullinfo.get.
func stateOf(status string) integrations.OrderState {
	switch status {
	case "WAIT_BUYER_PAY", "TRADE_NO_CREATE_PAY", "PAY_PENDING", "WAIT_PRE_AUTH_CONFIRM":
		return integrations.Unpaid
	case "WAIT_SELLER_SEND_GOODS", "SELLER_CONSIGNED_PART", "PAID_FORBID_CONSIGN":
		return integrations.ToShip
	case "WAIT_BUYER_CONFIRM_GOODS", "TRADE_BUYER_SIGNED":
		return integrations.Shipped
	case "TRADE_FINISHED":
		return integrations.Completed
	case "TRADE_CLOSED", "TRADE_CLOSED_BY_TAOBAO":
		return integrations.Closed
	}
	return integrations.Unknown
}

// brake tells why a paid trade may not be shipped now. A refund that is CLOSED ended without money: its line ships again.
func brake(t api.Trade, state integrations.OrderState) string {
	if state != integrations.ToShip {
		return ""
	}
	if t.Status == "PAID_FORBID_CONSIGN" {
		return "the marketplace forbids shipping for now"
	}
	for _, b := range []struct {
		on  api.Text
		why string
	}{
		{t.TeamBuyHold, "a group buy is not complete"}, {t.ShareGroupHold, "a shared group is not complete"}, {t.TopHold, "the marketplace reviews the order"},
		{t.OFPHold, "the marketplace holds the order"}, {t.ForbidConsign, "the marketplace forbids shipping"}, {t.IsSHShip, "the marketplace blocks shipping"},
	} {
		if b.on.True() {
			return b.why
		}
	}
	for _, l := range t.Orders {
		if l.Status != "WAIT_SELLER_SEND_GOODS" {
			continue
		}
		switch l.RefundStatus {
		case "WAIT_SELLER_AGREE", "WAIT_BUYER_RETURN_GOODS", "WAIT_SELLER_CONFIRM_GOODS", "SELLER_REFUSE_BUYER":
			return "a refund is open"
		}
		if l.IsSHShip.True() {
			return "the marketplace blocks shipping of a line"
		}
	}
	return ""
}

// withoutContact cuts whatever may tell who the buyer is or how to reach them. oaid and buyer_open_uid stay: both are pseudonyms.
func withoutContact(raw json.RawMessage) json.RawMessage {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // ids are longer than floats
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil
	}
	out, err := json.Marshal(cut(tree))
	if err != nil {
		return nil
	}
	return out
}

var contact = []string{"receiver", "mobile", "phone", "address", "nick", "message", "memo", "alipay", "email", "hk_", "customization", "extend_info",
	"trade_attr", "mark_desc", "o2o_guide", "buyer_area", "buyer_ip", "identity"}

func cut(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if slices.ContainsFunc(contact, func(word string) bool { return strings.Contains(strings.ToLower(name), word) }) {
				delete(v, name)
				continue
			}
			v[name] = cut(member)
		}
	case []any:
		for i := range v {
			v[i] = cut(v[i])
		}
	}
	return v
}

// listingsFrom turns an item into its sellable units: its SKUs, or itself when it has none.
func listingsFrom(it api.Item) ([]integrations.RemoteListing, error) {
	r := &reader{}
	live := it.ApproveStatus == "onsale"
	var out []integrations.RemoteListing
	for _, sku := range it.SKUs {
		if sku.Status == "delete" {
			continue
		}
		out = append(out, integrations.RemoteListing{ExternalID: string(it.NumIID), ExternalSKUID: string(sku.SKUID), OuterCode: sku.OuterID,
			Title: it.Title, Price: r.fen(sku.Price), Quantity: r.count(sku.Quantity), Live: live})
	}
	if len(it.SKUs) == 0 {
		out = append(out, integrations.RemoteListing{ExternalID: string(it.NumIID), OuterCode: it.OuterID, Title: it.Title, Price: r.fen(it.Price),
			Quantity: r.count(it.Num), Live: live})
	}
	if r.bad != "" {
		return nil, garbled("an item has a figure that cannot be read: " + clip(r.bad))
	}
	return out, nil
}
