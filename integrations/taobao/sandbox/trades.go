package sandbox

import (
	"slices"
	"strings"
	"time"

	kit "github.com/oneshelf/oneshelf/integrations/sandbox"
)

// neutral maps the platform's trade states to the control API's words.
var neutral = map[string]string{
	"WAIT_BUYER_PAY": kit.Unpaid, "WAIT_SELLER_SEND_GOODS": kit.Paid, "SELLER_CONSIGNED_PART": kit.PartlyShipped,
	"WAIT_BUYER_CONFIRM_GOODS": kit.Shipped, "TRADE_FINISHED": kit.Completed, "TRADE_CLOSED": kit.Closed, "TRADE_CLOSED_BY_TAOBAO": kit.Closed,
}

// status is a trade's own name for its state; names that are already the platform's stay.
func status(o *kit.Order) string {
	switch o.State {
	case kit.Unpaid:
		return "WAIT_BUYER_PAY"
	case kit.Paid:
		return "WAIT_SELLER_SEND_GOODS"
	case kit.PartlyShipped:
		return "SELLER_CONSIGNED_PART"
	case kit.Shipped:
		return "WAIT_BUYER_CONFIRM_GOODS"
	case kit.Completed:
		return "TRADE_FINISHED"
	case kit.Closed:
		if o.PaidAt.IsZero() {
			return "TRADE_CLOSED_BY_TAOBAO"
		}
		return "TRADE_CLOSED"
	}
	return o.State
}

// finish gives a trade of one line that line's id as its own, as the platform does.
func finish(o *kit.Order) {
	if len(o.Lines) == 1 {
		o.Lines[0].ID = o.ID
	}
}

func tradeOf(o *kit.Order) obj {
	var total int64
	for _, l := range o.Lines {
		total += l.Price * int64(l.Quantity)
	}
	out := obj{
		"tid": number(o.ID), "tid_str": o.ID, "type": "fixed", "status": status(o), "title": "素野旗舰店", "seller_nick": "素野旗舰店",
		"buyer_nick": mask(o.Buyer), "buyer_open_uid": "AAH-" + o.Buyer, "trade_from": "WAP,WAP", "seller_flag": 0, "top_hold": 0,
		"shipping_type": "express", "has_buyer_message": o.Message != "", "buyer_message": o.Message, "cod_status": "NEW_CREATED",
		"created": stamp(o.Created), "modified": stamp(o.Modified), "total_fee": kit.Yuan(total), "payment": kit.Yuan(total),
		"post_fee": "0.00", "discount_fee": "0.00", "adjust_fee": "0.00", "received_payment": "0.00", "has_post_fee": false, "num": 0,
		"is_part_consign": o.State == kit.PartlyShipped,
		"receiver_name":   mask(o.Receiver.Name), "receiver_state": o.Receiver.Province, "receiver_city": o.Receiver.City,
		"receiver_district": o.Receiver.District, "receiver_town": "", "receiver_address": mask(o.Receiver.Address),
		"receiver_zip": "000000", "receiver_mobile": "*******" + last(o.Receiver.Phone, 4), "receiver_phone": "",
		"oaid": "1sandbox" + o.ID + "Oaid",
	}
	if !o.PaidAt.IsZero() {
		out["pay_time"] = stamp(o.PaidAt)
	}
	if len(o.Shipments) > 0 {
		out["consign_time"] = stamp(o.Shipments[len(o.Shipments)-1].At)
	}
	if o.State == kit.Closed || o.State == kit.Completed {
		out["end_time"] = stamp(o.Modified)
	}
	orders := list{of: "order"}
	for _, l := range o.Lines {
		orders.items = append(orders.items, orderOf(o, l))
	}
	out["orders"] = orders
	for name, value := range o.Extra {
		out[name] = value
	}
	return out
}

func orderOf(o *kit.Order, l kit.Line) obj {
	fee := kit.Yuan(l.Price * int64(l.Quantity))
	var names []string
	for _, opt := range l.Options {
		names = append(names, opt.Name+":"+opt.Value)
	}
	out := obj{
		"oid": number(l.ID), "oid_str": l.ID, "title": l.Title, "num_iid": number(l.ItemID), "sku_id": l.SKUID, "outer_iid": l.OuterCode,
		"outer_sku_id": l.OuterCode, "sku_properties_name": strings.Join(names, ";"), "price": kit.Yuan(l.Price), "num": l.Quantity,
		"adjust_fee": "0.00", "discount_fee": "0.00", "part_mjz_discount": "0.00", "total_fee": fee, "payment": fee, "divide_order_fee": fee,
		"status": lineStatus(o, l), "refund_status": "NO_REFUND", "seller_type": "C", "is_oversold": false,
	}
	for _, s := range o.Shipments {
		if slices.ContainsFunc(s.Lines, func(sl kit.ShipmentLine) bool { return sl.ID == l.ID }) {
			out["invoice_no"], out["logistics_company"], out["consign_time"] = s.TrackingNumber, companyName(s.Carrier), stamp(s.At)
		}
	}
	for name, value := range l.Extra {
		out[name] = value
	}
	return out
}

// lineStatus is a line's state: a trade may be partly shipped, a line is not.
func lineStatus(o *kit.Order, l kit.Line) string {
	switch {
	case l.State != "":
		return l.State
	case o.State == kit.PartlyShipped && o.ShippedOf(l.ID) > 0:
		return "WAIT_BUYER_CONFIRM_GOODS"
	case o.State == kit.PartlyShipped:
		return "WAIT_SELLER_SEND_GOODS"
	}
	return status(o)
}

// mask shows the first character only.
func mask(s string) string {
	for _, r := range s {
		return string(r) + "**"
	}
	return ""
}

func last(s string, n int) string { return s[max(0, len(s)-n):] }

// oaidNeeds are the fields an oaid is built from; unless all are asked for there is none.
var oaidNeeds = []string{"receiver_name", "receiver_address", "receiver_mobile", "receiver_phone", "created"}

func hasAll(fields, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(f string) bool { return !slices.Contains(fields, f) })
}

func (c *call) tradeFullinfo() (obj, *failure) {
	var o *kit.Order
	c.s.State.View(func(v kit.View) { o = v.Order(c.params["tid"]) })
	if o == nil || o.Created.Before(c.s.State.Now().AddDate(0, -3, 0)) {
		return nil, isv("isv.trade-not-exist", "交易订单不存在")
	}
	trade := tradeOf(o)
	if !hasAll(c.fields, oaidNeeds) {
		if c.params["include_oaid"] == "true" {
			return nil, isv("isv.oaid-field-miss", "生成oaid缺少字段")
		}
		delete(trade, "oaid")
	} else if c.params["include_oaid"] == "true" && !slices.Contains(c.fields, "oaid") {
		c.fields = append(c.fields, "oaid")
	}
	return obj{"trade": pick(trade, c.fields, nil)}, nil
}

// defaultTypes are the trades a list call tells when it names no type.
const defaultTypes = "guarantee_trade,auto_delivery,ec,cod,step"

func (c *call) tradesSold() (obj, *failure) {
	since, until := c.s.State.Now().AddDate(0, -3, 0), c.s.State.Now().Add(time.Hour)
	for name, at := range map[string]*time.Time{"start_created": &since, "end_created": &until} {
		if c.params[name] == "" {
			continue
		}
		t, err := time.ParseInLocation(layout, c.params[name], china)
		if err != nil {
			return nil, invalid(name)
		}
		*at = t
	}
	return c.trades(since, until, func(o *kit.Order) time.Time { return o.Created })
}

func (c *call) tradesIncrement() (obj, *failure) {
	since, err := time.ParseInLocation(layout, c.params["start_modified"], china)
	if err != nil {
		return nil, invalid("start_modified")
	}
	until, err := time.ParseInLocation(layout, c.params["end_modified"], china)
	if err != nil || !until.After(since) || until.Sub(since) > 24*time.Hour {
		return nil, invalid("end_modified")
	}
	if since.Before(c.s.State.Now().AddDate(0, -3, 0)) {
		return nil, invalid("start_modified")
	}
	return c.trades(since, until, func(o *kit.Order) time.Time { return o.Modified })
}

// trades tells one page, newest first by the given time.
func (c *call) trades(since, until time.Time, by func(*kit.Order) time.Time) (obj, *failure) {
	no, fail := c.number("page_no", 1, 1, 1000000)
	if fail != nil {
		return nil, fail
	}
	size, fail := c.number("page_size", 40, 1, 100)
	if fail != nil {
		return nil, fail
	}
	types := split(c.params["type"])
	if len(types) == 0 {
		types = split(defaultTypes)
	}
	var all []*kit.Order
	c.s.State.View(func(v kit.View) {
		all = slices.DeleteFunc(v.Orders(), func(o *kit.Order) bool {
			at := by(o).Truncate(time.Second) // as the wire shows it
			return at.Before(since) || at.After(until) || c.params["status"] != "" && c.params["status"] != status(o) || !slices.Contains(types, tradeType(o))
		})
	})
	slices.SortStableFunc(all, func(a, b *kit.Order) int { return by(b).Compare(by(a)) })
	out := list{of: "trade"}
	for _, o := range page(all, no, size) {
		trade := tradeOf(o)
		for _, hidden := range []string{"buyer_message", "seller_memo", "promotion_details", "service_tags"} {
			delete(trade, hidden)
		}
		if !hasAll(c.fields, oaidNeeds) {
			delete(trade, "oaid")
		}
		out.items = append(out.items, pick(trade, c.fields, nil))
	}
	result := obj{"trades": out}
	if c.params["use_has_next"] == "true" {
		result["has_next"] = no*size < len(all)
	} else {
		result["total_results"] = len(all)
	}
	return result, nil
}

func tradeType(o *kit.Order) string {
	if t := o.Extra["type"]; t != "" {
		return t
	}
	return "fixed"
}
