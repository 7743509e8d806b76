package sandbox

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/oneshelf/oneshelf/integrations/sandbox"
)

// words are JD's states in the neutral words; LOCKED and the like stay what they are.
var words = map[string]string{
	"NOT_PAY": sandbox.Unpaid, "WAIT_SELLER_STOCK_OUT": sandbox.Paid, "WAIT_GOODS_RECEIVE_CONFIRM": sandbox.Shipped,
	"FINISHED_L": sandbox.Completed, "TRADE_CANCELED": sandbox.Closed,
}

// stateOf is an order's state as JD names it. Partly shipped orders have no state of their own.
func stateOf(o *sandbox.Order) string {
	for name, word := range words {
		if o.State == word {
			return name
		}
	}
	if o.State == sandbox.PartlyShipped {
		return "WAIT_SELLER_STOCK_OUT"
	}
	return o.State
}

const (
	maxOrders     = 100
	farthest      = 31 * 24 * time.Hour
	modifiedReach = 92 * 24 * time.Hour
	createdReach  = 731 * 24 * time.Hour
)

// refusedSearch is a search JD does not want; the code is still "0".
func refusedSearch(result, code, why string) (map[string]any, *fault) {
	return map[string]any{result: map[string]any{"apiResult": map[string]any{
		"success": false, "englishErrCode": "param error", "chineseErrCode": why, "numberCode": code,
	}}}, nil
}

func apiResult() map[string]any {
	return map[string]any{"success": true, "englishErrCode": "success", "chineseErrCode": "成功", "numberCode": 0}
}

func (s *Server) orderSearch(p params) (map[string]any, *fault) {
	const result = "searchorderinfo_result"
	states := p.text("order_state")
	if states == "" || strings.ContainsAny(states, "0123456789") {
		return refusedSearch(result, "1100", "order_state必须为英文状态")
	}
	fields := p.text("optional_fields")
	if fields == "" {
		return refusedSearch(result, "1100", "optional_fields不能为空")
	}
	page, okPage := p.number("page", 0)
	size, okSize := p.number("page_size", 0)
	if !okPage || !okSize || page < 1 || size < 1 || size > maxOrders {
		return refusedSearch(result, "1100", "page或page_size不合法")
	}
	from, okFrom := p.moment("start_date")
	to, okTo := p.moment("end_date")
	now := s.state.Now()
	if from.IsZero() && to.IsZero() && states == "WAIT_SELLER_STOCK_OUT" {
		from, to = now.Add(-farthest), now
	}
	if !okFrom || !okTo || from.IsZero() || to.IsZero() || to.Before(from) || to.Sub(from) > farthest {
		return refusedSearch(result, "1100", "时间范围不能超过一个月")
	}
	byCreation := p.text("dateType") == "1"
	date := func(o *sandbox.Order) time.Time {
		if byCreation {
			return o.Created
		}
		return o.Modified
	}
	reach := now.Add(-modifiedReach)
	if byCreation {
		reach = now.Add(-createdReach)
	}
	wanted := strings.Split(states, ",")
	var found []*sandbox.Order
	s.state.View(func(v sandbox.View) {
		for _, o := range v.Orders() {
			at, state := date(o).Truncate(time.Second), stateOf(o)
			// ALL covers whatever has been paid or has ended; unpaid orders are asked for by name or by an API of their own.
			if (slices.Contains(wanted, state) || slices.Contains(wanted, "ALL") && state != "NOT_PAY") &&
				!at.Before(from) && !at.After(to) && at.After(reach) {
				found = append(found, o)
			}
		}
	})
	slices.SortStableFunc(found, func(a, b *sandbox.Order) int { return date(a).Compare(date(b)) })
	if p.text("sortType") == "1" {
		slices.Reverse(found)
	}
	rows := []map[string]any{}
	for _, o := range cut(found, page, size) {
		rows = append(rows, s.order(o))
	}
	if f := pick(rows, strings.Split(fields, ","), orderFields); f != nil {
		return nil, f
	}
	return map[string]any{result: map[string]any{"apiResult": apiResult(), "orderTotal": len(found), "orderInfoList": rows}}, nil
}

func (s *Server) orderGet(p params) (map[string]any, *fault) {
	const result = "orderDetailInfo"
	fields := p.text("optional_fields")
	if fields == "" {
		return refusedSearch(result, "1100", "optional_fields不能为空")
	}
	var rows []map[string]any
	s.state.View(func(v sandbox.View) {
		if o := v.Order(p.text("order_id")); o != nil {
			rows = []map[string]any{s.order(o)}
		}
	})
	if rows == nil {
		return refusedSearch(result, "1101", "订单不存在")
	}
	if f := pick(rows, strings.Split(fields, ","), orderFields); f != nil {
		return nil, f
	}
	return map[string]any{result: map[string]any{"apiResult": apiResult(), "orderInfo": rows[0]}}, nil
}

func (s *Server) unpaid(p params) (map[string]any, *fault) {
	from, okFrom := p.moment("startDate")
	to, okTo := p.moment("endDate")
	page, okPage := p.number("page", 1)
	size, okSize := p.number("pageSize", 10)
	if !okFrom || !okTo || from.IsZero() || to.IsZero() || !okPage || !okSize || page < 1 || size < 1 || size > maxOrders {
		return nil, service("1100", "参数错误")
	}
	var found []*sandbox.Order
	s.state.View(func(v sandbox.View) {
		for _, o := range v.Orders() {
			at := o.Created.Truncate(time.Second)
			if o.State == sandbox.Unpaid && !at.Before(from) && !at.After(to) {
				found = append(found, o)
			}
		}
	})
	rows := []map[string]any{}
	for _, o := range cut(found, page, size) {
		rows = append(rows, s.unpaidOrder(o))
	}
	return map[string]any{"paginatedInfo": map[string]any{
		"pageSize": size, "index": page, "totalItem": len(found), "totalPage": (len(found) + size - 1) / size, "pageList": rows,
	}}, nil
}

// ownDelivery is the carrier whose waybills are not kept.
const ownDelivery = "1274"

// errRefused carries a service's "no" out of a change.
var errRefused = errors.New("refused")

func (s *Server) ship(p params) (map[string]any, *fault) {
	answer := func(code, why string) (map[string]any, *fault) {
		return map[string]any{"sopjosshipment_result": map[string]any{
			"success": code == "0", "errorCode": code, "chineseErrCode": why, "englishErrCode": "",
		}}, nil
	}
	carriers := strings.Split(p.text("logiCoprId"), "|")
	waybills := strings.Split(p.text("logiNo"), "|")
	if len(carriers) != len(waybills) {
		return answer("10400001", "物流公司与运单号数量不一致")
	}
	for n, carrier := range carriers {
		if contracted[carrier] == "" {
			return answer("10400002", "物流公司不在商家签约范围内")
		}
		if waybills[n] == "" && carrier != ownDelivery {
			return answer("10400003", "运单号不能为空")
		}
	}
	code, why := "0", ""
	err := s.state.Update(func(tx *sandbox.Tx) error {
		o := tx.Order(p.text("orderId"))
		switch {
		case o == nil:
			code, why = "10400004", "订单不存在"
		case o.State == "LOCKED":
			code, why = "10400010", "订单已锁定，不能出库"
		case o.State == sandbox.Shipped || o.State == sandbox.Completed:
			code, why = "10400011", "订单已出库，不能重复出库"
		case o.State != sandbox.Paid:
			code, why = "10400012", "订单状态不允许出库"
		}
		if code != "0" {
			return errRefused
		}
		// The whole order leaves; which line is in which of several parcels is not told.
		var lines []sandbox.ShipmentLine
		for _, l := range o.Lines {
			lines = append(lines, sandbox.ShipmentLine{ID: l.ID, Quantity: l.Quantity})
		}
		for n, carrier := range carriers {
			for _, waybill := range strings.Split(waybills[n], ",") {
				if carrier == ownDelivery {
					waybill = ""
				}
				o.Shipments = append(o.Shipments, sandbox.Shipment{TrackingNumber: waybill, Carrier: carrier, Lines: lines, At: s.state.Now()})
				lines = nil
			}
		}
		o.State = sandbox.Shipped
		tx.PutOrder(o)
		return nil
	})
	if err != nil && !errors.Is(err, errRefused) {
		return nil, gateway("43")
	}
	return answer(code, why)
}
