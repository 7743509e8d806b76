package sandbox

import (
	"regexp"
	"slices"

	kit "github.com/oneshelf/oneshelf/integrations/sandbox"
)

// company is a carrier with the rule its waybills follow.
type company struct {
	id         int
	code, name string
	waybill    string
}

var carriers = []company{
	{1, "POST", "中国邮政", `^[A-Z0-9]{9,20}$`}, {2, "EMS", "EMS", `^[A-Z]{0,2}[0-9]{9,13}(CN)?$`}, {100, "STO", "申通快递", `^[0-9]{12,15}$`},
	{101, "YTO", "圆通速递", `^(YT)?[0-9A-Z]{10,18}$`}, {102, "YUNDA", "韵达快递", `^[0-9]{13,15}$`}, {103, "ZJS", "宅急送", `^[A-Z0-9]{10,15}$`},
	{500, "ZTO", "中通快递", `^[0-9]{12,15}$`}, {502, "HTKY", "极兔速递", `^[A-Z0-9]{12,18}$`}, {505, "SF", "顺丰速运", `^[A-Za-z0-9-]{4,35}$`},
	{512, "DTW", "大田物流", ``}, {1191, "HOAU", "天地华宇", ``}, {-1, "OTHER", "其他", ``},
}

func companyName(code string) string {
	for _, c := range carriers {
		if c.code == code {
			return c.name
		}
	}
	return code
}

func (c *call) companies() (obj, *failure) {
	out := list{of: "logistics_company"}
	for _, one := range carriers {
		out.items = append(out.items, pick(obj{"id": one.id, "code": one.code, "name": one.name, "reg_mail_no": one.waybill}, c.fields, nil))
	}
	return obj{"logistics_companies": out}, nil
}

func shipping(code, msg string) *failure {
	return isv("isv.logistics-offline-service-error:"+code, msg)
}

// offlineSend ships with the seller's own carrier. Lines leave whole; is_split and sub_tid come together or not at all.
func (c *call) offlineSend() (obj, *failure) {
	subs := split(c.params["sub_tid"])
	splitting := c.params["is_split"] == "1"
	if len(subs) > 50 || c.params["is_split"] != "" && c.params["is_split"] != "0" && !splitting {
		return nil, invalid("sub_tid")
	}
	if splitting != (len(subs) > 0) {
		return nil, shipping("CD25", "拆单发货必须同时传入is_split和sub_tid")
	}
	if fail := waybill(c.params["company_code"], c.params["out_sid"]); fail != nil {
		return nil, fail
	}
	fail := c.change(func(tx *kit.Tx) *failure {
		o := tx.Order(c.params["tid"])
		if o == nil {
			return shipping("ORDER_NOT_FOUND_ERROR", "订单不存在")
		}
		lines, fail := parcel(o, subs, splitting)
		if fail != nil {
			return fail
		}
		for _, other := range tx.Orders() {
			if other.ID != o.ID && slices.ContainsFunc(other.Shipments, func(s kit.Shipment) bool { return s.TrackingNumber == c.params["out_sid"] }) {
				return shipping("B60", "运单号不符合规则或已经被使用")
			}
		}
		o.Shipments = append(o.Shipments, kit.Shipment{TrackingNumber: c.params["out_sid"], Carrier: c.params["company_code"], Lines: lines, At: c.s.State.Now()})
		o.State = kit.Shipped
		if len(open(o)) > 0 {
			o.State = kit.PartlyShipped
		}
		tx.PutOrder(o)
		return nil
	})
	return obj{"shipping": obj{"is_success": true}}, fail
}

func waybill(code, number string) *failure {
	n := slices.IndexFunc(carriers, func(c company) bool { return c.code == code })
	if n < 0 {
		return shipping("B57", "该物流公司不支持自己联系物流")
	}
	if !regexp.MustCompile(carriers[n].waybill).MatchString(number) {
		return shipping("B60", "运单号不符合规则或已经被使用")
	}
	return nil
}

// open lists the lines that still have to leave.
func open(o *kit.Order) []kit.Line {
	return slices.DeleteFunc(slices.Clone(o.Lines), func(l kit.Line) bool {
		return o.ShippedOf(l.ID) > 0 || l.State == "TRADE_CLOSED" || l.State == "TRADE_CLOSED_BY_TAOBAO"
	})
}

// parcel checks what shall leave against what may.
func parcel(o *kit.Order, subs []string, splitting bool) ([]kit.ShipmentLine, *failure) {
	switch o.State {
	case kit.Paid, kit.PartlyShipped:
	case kit.Shipped, kit.Completed, kit.Closed:
		return nil, shipping("B04", "该订单已经发货或已关闭")
	default:
		return nil, shipping("B02", "订单状态不正确")
	}
	if o.State == kit.PartlyShipped && !splitting {
		return nil, shipping("CD16", "订单已经部分发货，必须拆单发货")
	}
	left := open(o)
	var lines []kit.ShipmentLine
	for _, l := range left {
		if !splitting || slices.Contains(subs, l.ID) {
			lines = append(lines, kit.ShipmentLine{ID: l.ID, Quantity: l.Quantity})
		}
	}
	if !splitting {
		return lines, nil
	}
	for _, sub := range subs {
		if !slices.ContainsFunc(o.Lines, func(l kit.Line) bool { return l.ID == sub }) {
			return nil, shipping("B06", "子订单与包裹不一致")
		}
		if !slices.ContainsFunc(left, func(l kit.Line) bool { return l.ID == sub }) {
			return nil, shipping("B04", "该订单已经发货或已关闭")
		}
	}
	if o.State == kit.Paid && len(lines) == len(left) {
		return nil, shipping("CD28", "拆单的子订单必须少于待发货的子订单")
	}
	return lines, nil
}
