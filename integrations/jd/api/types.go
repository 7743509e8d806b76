package api

import "encoding/json"

// Fault is what any answer may carry instead of a result: the gateway's error_response, and the same words inside the wrapper.
type Fault struct {
	Code        Text `json:"code"`
	Chinese     Text `json:"zh_desc"`
	English     Text `json:"en_desc"`
	Description Text `json:"error_description"`
}

// Text is what the fault says, for the operator.
func (f Fault) Text() string {
	for _, s := range []Text{f.Chinese, f.English, f.Description} {
		if s != "" {
			return string(s)
		}
	}
	return ""
}

// Result is how the order APIs say whether they did it, in the spellings met.
type Result struct {
	Success     *Bool `json:"success"`
	NumberCode  Text  `json:"numberCode"`
	ErrorCode   Text  `json:"errorCode"`
	ErrorCode2  Text  `json:"error_code"`
	ChineseErr  Text  `json:"chineseErrCode"`
	ChineseErr2 Text  `json:"chinese_err_code"`
	EnglishErr  Text  `json:"englishErrCode"`
	EnglishErr2 Text  `json:"english_err_code"`
}

// OrderSearch asks for a page of orders: jingdong.pop.order.enSearch.
type OrderSearch struct {
	DateType       int    `json:"dateType"` // 1 by creation, 0 by modification; the default differs between APIs
	EndDate        string `json:"end_date"`
	OptionalFields string `json:"optional_fields"`
	OrderState     string `json:"order_state"`
	Page           string `json:"page"`
	PageSize       string `json:"page_size"`
	SortType       int    `json:"sortType"` // 1 newest first, anything else oldest first
	StartDate      string `json:"start_date"`
}

// OrderPage answers OrderSearch. Orders are left raw, so that one unreadable order does not hide the others.
type OrderPage struct {
	Result struct {
		API    Object[Result]        `json:"apiResult"`
		Total  Int                   `json:"orderTotal"`
		Orders List[json.RawMessage] `json:"orderInfoList"`
	} `json:"searchorderinfo_result"`
}

// OrderGet asks for one order: jingdong.pop.order.enGet.
type OrderGet struct {
	OptionalFields string `json:"optional_fields"`
	OrderID        string `json:"order_id"`
}

// OrderDetail answers OrderGet.
type OrderDetail struct {
	Result struct {
		API   Object[Result]  `json:"apiResult"`
		Order json.RawMessage `json:"orderInfo"`
	} `json:"orderDetailInfo"`
}

// Order is orderInfo.
type Order struct {
	OrderID            Text                 `json:"orderId"`
	OrderState         Text                 `json:"orderState"`
	PayType            Text                 `json:"payType"` // "4-在线支付"
	OrderTotalPrice    Yuan                 `json:"orderTotalPrice"`
	OrderSellerPrice   Yuan                 `json:"orderSellerPrice"`
	OrderPayment       Yuan                 `json:"orderPayment"` // not maintained since October 2024
	ShouldPay          Yuan                 `json:"shouldPay"`
	ActualPay          Yuan                 `json:"actualPay"`
	FreightPrice       Yuan                 `json:"freightPrice"`
	BalanceUsed        Yuan                 `json:"balanceUsed"`
	OrderStartTime     Time                 `json:"orderStartTime"`
	PaymentConfirmTime Time                 `json:"paymentConfirmTime"`
	Modified           Time                 `json:"modified"`
	OpenIDBuyer        Text                 `json:"open_id_buyer"`
	XIDBuyer           Text                 `json:"xid_buyer"`
	Waybill            Text                 `json:"waybill"`
	LogisticsID        Text                 `json:"logisticsId"`
	StoreOrder         Text                 `json:"storeOrder"`
	Parcels            List[Parcel]         `json:"partialLogisticsInfoModel"`
	SpecialStatus      Object[SpecialState] `json:"specialStatusReasonInfo"`
	Consignee          Object[Consignee]    `json:"consigneeInfo"`
	Items              List[OrderItem]      `json:"itemInfoList"`
	Coupons            List[Coupon]         `json:"couponDetailList"`
}

// SpecialState says why an order is locked or paused.
type SpecialState struct {
	Reason Text `json:"reason"`
}

// Parcel is one parcel of an order that leaves in several.
type Parcel struct {
	WaybillID Text `json:"waybillId"`
	SKUs      List[struct {
		SKUID Text `json:"skuId"`
		Num   Int  `json:"num"`
	}] `json:"skus"`
}

// OrderItem is one line. outerSkuId and wareId may be missing.
type OrderItem struct {
	SKUID      Text `json:"skuId"`
	OuterSKUID Text `json:"outerSkuId"`
	SKUName    Text `json:"skuName"`
	JDPrice    Yuan `json:"jdPrice"`
	WareID     Text `json:"wareId"`
	ItemTotal  Int  `json:"itemTotal"` // the quantity
}

// Coupon is one discount of an order; only those of type 30 name a SKU.
type Coupon struct {
	SKUID  Text `json:"skuId"`
	Type   Text `json:"couponType"` // "30-单品促销优惠"
	Amount Yuan `json:"couponPrice"`
}

// Consignee is the receiver: cipher text, masks and area names.
type Consignee struct {
	Fullname    Text `json:"fullname"`
	Telephone   Text `json:"telephone"`
	Mobile      Text `json:"mobile"`
	FullAddress Text `json:"fullAddress"`
	Province    Text `json:"province"`
	City        Text `json:"city"`
	County      Text `json:"county"`
	Town        Text `json:"town"`
}

// UnpaidSearch asks for a page of unpaid orders: jingdong.pop.order.notPayOrderInfo.
type UnpaidSearch struct {
	EndDate   string `json:"endDate"`
	Page      int    `json:"page"`
	PageSize  int    `json:"pageSize"`
	StartDate string `json:"startDate"`
}

// UnpaidPage answers UnpaidSearch.
type UnpaidPage struct {
	Info Object[struct {
		Total  Int                   `json:"totalItem"`
		Orders List[json.RawMessage] `json:"pageList"`
	}] `json:"paginatedInfo"`
}

// UnpaidOrder is an unpaid order: other names and types than the paid ones.
type UnpaidOrder struct {
	OrderID      Text `json:"orderId"`
	OrderCreated Time `json:"orderCreated"`
	Modified     Time `json:"modified"`
	OpenIDBuyer  Text `json:"open_id_buyer"`
	XIDBuyer     Text `json:"xid_buyer"`
	UserName     Text `json:"userName"`
	Mobile       Text `json:"mobile"`
	Phone        Text `json:"phone"`
	Address      Text `json:"address"`
	Items        List[struct {
		SKUID      Text `json:"skuId"`
		OuterSKUID Text `json:"outerSkuId"`
		SKUName    Text `json:"skuName"`
		WareID     Text `json:"wareId"`
		Num        Int  `json:"num"`
		JDPrice    Yuan `json:"jdPrice"`
	}] `json:"itemList"`
}

// Shipment tells that an order has left: jingdong.pop.order.shipment. LogiCoprId is JD's spelling.
type Shipment struct {
	LogiCoprID string      `json:"logiCoprId"`
	LogiNo     string      `json:"logiNo"`
	OrderID    json.Number `json:"orderId"`
}

// ShipmentDone answers Shipment.
type ShipmentDone struct {
	Result Object[Result] `json:"sopjosshipment_result"`
}
