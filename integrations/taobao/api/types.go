// Package api is Taobao's wire: the members of answers the adapter reads, with the shapes the platform mixes freely made plain.
package api

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Text is a value that comes as text, number or boolean, as ids and switches do. Ids have up to 19 digits, more than a float holds, so
// digits are kept as they came. null and absence are "".
type Text string

// UnmarshalJSON takes any scalar.
func (t *Text) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(t))
	}
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	*t = Text(b)
	return nil
}

// True tells whether a switch is on: true or 1, in any notation.
func (t Text) True() bool { return strings.EqualFold(string(t), "true") || t == "1" }

// List is a list, whatever it is wrapped in: an object with one array of any name, an empty object, a bare array or null.
type List[T any] []T

// UnmarshalJSON unwraps the list.
func (l *List[T]) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]T)(l))
	}
	var wrapped map[string]json.RawMessage
	if err := json.Unmarshal(b, &wrapped); err != nil {
		return err
	}
	for _, inner := range wrapped {
		if inner = bytes.TrimSpace(inner); len(inner) > 0 && inner[0] == '[' {
			return json.Unmarshal(inner, (*[]T)(l))
		}
	}
	return nil
}

// Error is an error_response.
type Error struct {
	Code    Text   `json:"code"`
	Msg     string `json:"msg"`
	SubCode string `json:"sub_code"`
	SubMsg  string `json:"sub_msg"`
}

// Trade is a main order.
type Trade struct {
	TID             Text        `json:"tid"`
	TIDStr          string      `json:"tid_str"`
	Type            string      `json:"type"`
	Status          string      `json:"status"`
	StepTradeStatus string      `json:"step_trade_status"`
	StepPaidFee     Text        `json:"step_paid_fee"`
	BuyerOpenUID    string      `json:"buyer_open_uid"`
	Created         string      `json:"created"`
	PayTime         string      `json:"pay_time"`
	Modified        string      `json:"modified"`
	Payment         Text        `json:"payment"`
	PostFee         Text        `json:"post_fee"`
	TopHold         Text        `json:"top_hold"`
	OFPHold         Text        `json:"ofp_hold"`
	TeamBuyHold     Text        `json:"team_buy_hold"`
	ShareGroupHold  Text        `json:"share_group_hold"`
	ForbidConsign   Text        `json:"forbid_consign"`
	IsSHShip        Text        `json:"is_sh_ship"`
	ReceiverName    string      `json:"receiver_name"`
	ReceiverCountry string      `json:"receiver_country"`
	ReceiverState   string      `json:"receiver_state"`
	ReceiverCity    string      `json:"receiver_city"`
	ReceiverArea    string      `json:"receiver_district"`
	ReceiverTown    string      `json:"receiver_town"`
	ReceiverAddress string      `json:"receiver_address"`
	ReceiverZip     string      `json:"receiver_zip"`
	ReceiverMobile  string      `json:"receiver_mobile"`
	ReceiverPhone   string      `json:"receiver_phone"`
	Orders          List[Order] `json:"orders"`
}

// ID is the trade's id, from whichever member has it.
func (t Trade) ID() string {
	if t.TIDStr != "" {
		return t.TIDStr
	}
	return string(t.TID)
}

// Order is a sub-order: one line of a Trade.
type Order struct {
	OID             Text   `json:"oid"`
	OIDStr          string `json:"oid_str"`
	NumIID          Text   `json:"num_iid"`
	SKUID           Text   `json:"sku_id"`
	OuterIID        string `json:"outer_iid"`
	OuterSKUID      string `json:"outer_sku_id"`
	Title           string `json:"title"`
	Num             Text   `json:"num"`
	Price           Text   `json:"price"`
	TotalFee        Text   `json:"total_fee"`
	Payment         Text   `json:"payment"`
	PartMJZDiscount Text   `json:"part_mjz_discount"`
	DivideOrderFee  Text   `json:"divide_order_fee"`
	Status          string `json:"status"`
	RefundStatus    string `json:"refund_status"`
	InvoiceNo       string `json:"invoice_no"`
	IsSHShip        Text   `json:"is_sh_ship"`
}

// ID is the line's id, from whichever member has it.
func (o Order) ID() string {
	if o.OIDStr != "" {
		return o.OIDStr
	}
	return string(o.OID)
}

// Item is a listing.
type Item struct {
	NumIID        Text      `json:"num_iid"`
	Title         string    `json:"title"`
	OuterID       string    `json:"outer_id"`
	Price         Text      `json:"price"`
	Num           Text      `json:"num"`
	ApproveStatus string    `json:"approve_status"`
	SKUs          List[SKU] `json:"skus"`
}

// SKU is a unit of an Item. IID carries the item's id where a SKU was looked up by its outer code.
type SKU struct {
	SKUID    Text   `json:"sku_id"`
	IID      Text   `json:"iid"`
	NumIID   Text   `json:"num_iid"`
	OuterID  string `json:"outer_id"`
	Price    Text   `json:"price"`
	Quantity Text   `json:"quantity"`
	Status   string `json:"status"`
}

// Company is a carrier.
type Company struct {
	Code string `json:"code"`
	Name string `json:"name"`
}
