package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/oneshelf/oneshelf/integrations/sandbox"
)

// orderFields are the names of orderInfo that optional_fields may hold.
var orderFields = strings.Fields(`orderId venderId orderType orderSource parentOrderId directParentOrderId pin open_id_buyer xid_buyer open_id_seller
xid_seller returnOrder orderState orderStateRemark specialStatusReasonInfo pauseBizInfo orderStartTime paymentConfirmTime modified orderEndTime
outBoundDate scDT promisePickDate opPickDate opDeliveredDate orderTotalPrice sellerDiscount orderSellerPrice freightPrice balanceUsed orderPayment
actualPay shouldPay payDiscount totalOriginalPrice totalSellerDiscount totalSellerReceivable taxFee serviceFee tuiHuoWuYou paymentDetailList payType
deliveryType waybill logisticsId partialLogisticsInfoModel idSopShipmenttype idShipmenttype storeOrder storeId menDianId mdbStoreId orderSign
sendpayMap popSignMap orderMarkDesc orderExt customs customsModel invoiceInfo invoiceEasyInfo invoiceCode vatInfo orderRemark venderRemark
venderRemarkLevelFlag venderRemarkFlagAlias tradeOrderId tradeVendorId tradeVenderInfo itemInfoList couponDetailList consigneeInfo`)

// never is how JD says that something has not happened.
const never = "0001-01-01 00:00:00"

func written(t time.Time) string {
	if t.IsZero() {
		return never
	}
	return t.In(china).Format(layout)
}

// order is an order as enSearch and enGet tell it: numbers and amounts as text, the receiver as cipher text.
func (s *Server) order(o *sandbox.Order) map[string]any {
	var total int64
	items := []map[string]any{}
	for n, l := range o.Lines {
		total += l.Price * int64(l.Quantity)
		ext, _ := json.Marshal(map[string]string{"skuUuid": strconv.Itoa(n+1) + "_" + l.SKUID + "_" + l.ID, "isVMI": "0", "newStoreId": "0", "cid": "9719"})
		items = append(items, map[string]any{
			"id": whole(l.ID), "skuId": l.SKUID, "outerSkuId": l.OuterCode, "skuName": nameOf(l.Title, l.Options), "jdPrice": sandbox.Yuan(l.Price),
			"giftPoint": "0", "wareId": l.ItemID, "itemTotal": strconv.Itoa(l.Quantity), "productNo": "", "serviceName": "", "newStoreId": "0",
			"invoiceContentId": "1", "itemExt": string(ext),
		})
	}
	var waybills, carriers []string
	var left time.Time
	for n, p := range o.Shipments {
		left = p.At
		if n > 0 && o.Shipments[n-1].Carrier == p.Carrier {
			waybills[len(waybills)-1] += "," + p.TrackingNumber
			continue
		}
		waybills, carriers = append(waybills, p.TrackingNumber), append(carriers, p.Carrier)
	}
	paid, ended := int64(0), time.Time{}
	if !o.PaidAt.IsZero() {
		paid = total
	}
	if o.State == sandbox.Closed || o.State == sandbox.Completed {
		ended = o.Modified
	}
	yuan := sandbox.Yuan(total)
	return map[string]any{
		"orderId": o.ID, "venderId": "10098231", "orderType": "22", "payType": "4-在线支付", "orderTotalPrice": yuan, "orderSellerPrice": yuan,
		"orderPayment": yuan, "freightPrice": "0.00", "sellerDiscount": "0.00", "orderState": stateOf(o), "orderStateRemark": "", "deliveryType": "任意时间",
		"invoiceInfo": "不需要开具发票", "invoiceEasyInfo": map[string]any{"invoiceType": "0"}, "invoiceCode": "", "vatInfo": []any{},
		"orderRemark": o.Message, "orderStartTime": written(o.Created), "paymentConfirmTime": written(o.PaidAt), "modified": written(o.Modified),
		"orderEndTime": written(ended), "outBoundDate": written(left), "consigneeInfo": s.consignee(o), "itemInfoList": items,
		"couponDetailList": []any{}, "venderRemark": "", "balanceUsed": "0.00", "pin": "jd_" + s.opaque("pin", o.Buyer)[:13],
		"open_id_buyer": "oid_" + s.opaque("oid", o.Buyer)[:32], "xid_buyer": "o*AAR" + s.opaque("xid", o.Buyer)[:37], "returnOrder": "0",
		"waybill": strings.Join(waybills, "|"), "logisticsId": strings.Join(carriers, "|"), "directParentOrderId": "0", "parentOrderId": "0",
		"orderSource": "移动端订单", "storeOrder": "", "idSopShipmenttype": 0, "storeId": "0", "menDianId": "", "tuiHuoWuYou": "0.00", "taxFee": "0.00",
		"serviceFee": "", "totalOriginalPrice": yuan, "totalSellerDiscount": "0.00", "totalSellerReceivable": yuan, "shouldPay": yuan,
		"actualPay": sandbox.Yuan(paid), "payDiscount": "0.00",
	}
}

func (s *Server) consignee(o *sandbox.Order) map[string]any {
	to := o.Receiver
	return map[string]any{
		"fullname": s.cipher(to.Name), "telephone": "", "mobile": masked(to.Phone), "fullAddress": s.cipher(to.Province + to.City + to.District + to.Address),
		"province": to.Province, "city": to.City, "county": to.District, "town": "", "provinceId": "15", "cityId": "1213", "countyId": "3411", "townId": "0",
		"oaid": "oaid_" + s.opaque("oaid", o.ID)[:48], "desen_telephone": "", "desen_mobile": s.opaque("mobile", to.Phone),
	}
}

// unpaidOrder is an order as notPayOrderInfo tells it: other names, and numbers where enSearch has text.
func (s *Server) unpaidOrder(o *sandbox.Order) map[string]any {
	items := []map[string]any{}
	for _, l := range o.Lines {
		items = append(items, map[string]any{"skuId": whole(l.SKUID), "skuName": nameOf(l.Title, l.Options), "num": l.Quantity,
			"jdPrice": json.Number(sandbox.Yuan(l.Price))})
	}
	return map[string]any{
		"id": whole(o.ID), "orderId": whole(o.ID), "venderId": 10098231, "payment": 4, "orderType": 22, "parentId": 0, "status": 1,
		"orderCreated": o.Created.UnixMilli(), "created": o.Created.UnixMilli(), "modified": o.Modified.UnixMilli(),
		"userName": s.cipher(o.Receiver.Name), "address": s.cipher(o.Receiver.Address), "mobile": masked(o.Receiver.Phone), "phone": "",
		"pin": "jd_" + s.opaque("pin", o.Buyer)[:13], "provinceId": 15, "cityId": 1213, "countyId": 3411, "townId": 0,
		"oaid": "oaid_" + s.opaque("oaid", o.ID)[:48], "desen_mobile": s.opaque("mobile", o.Receiver.Phone), "desen_phone": "",
		"open_id_buyer": "oid_" + s.opaque("oid", o.Buyer)[:32], "xid_buyer": "o*AAR" + s.opaque("xid", o.Buyer)[:37],
		"orderMarkDesc": map[string]any{}, "itemList": items,
	}
}

// nameOf is a SKU's name: the ware's title, then its options.
func nameOf(title string, options []sandbox.Option) string {
	for _, o := range options {
		title += " " + o.Value
	}
	return title
}

// opaque is a handle that tells nothing and stays the same within this shop.
func (s *Server) opaque(kind, what string) string {
	h := hmac.New(sha256.New, []byte(s.cfg.AppSecret))
	h.Write([]byte(kind + "\n" + what))
	return hex.EncodeToString(h.Sum(nil))
}

// cipher looks like JD's cipher text and cannot be turned back.
func (s *Server) cipher(plain string) string {
	if plain == "" {
		return ""
	}
	sum, _ := hex.DecodeString(s.opaque("cipher", plain))
	return "AA" + base64.StdEncoding.EncodeToString(sum)
}

// masked shows the first three digits of a phone number and the last.
func masked(phone string) string {
	if len(phone) < 5 {
		return ""
	}
	return phone[:3] + "*******" + phone[len(phone)-1:]
}

// whole writes an id as the JSON number it is in some APIs.
func whole(id string) json.Number { return json.Number(id) }
