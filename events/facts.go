package events

import (
	"encoding/json"

	"github.com/oneshelf/oneshelf/commerce"
)

// Type names what happened, as the API shows it.
type Type string

// The types of events. Values may be added, none changes meaning.
const (
	StockChanged   Type = "STOCK_CHANGED"
	OrderChanged   Type = "ORDER_CHANGED"
	ListingChanged Type = "LISTING_CHANGED"
	ProductChanged Type = "PRODUCT_CHANGED"
	MemberChanged  Type = "MEMBER_CHANGED"
)

// Fact is a change that was made. Aggregate is the row it is about and Sequence that row's version after it. Channel and
// Location are set when the subject has one: who may not see those does not see the fact.
type Fact struct {
	Type      Type
	Aggregate commerce.UUID
	Sequence  int64
	Channel   *commerce.UUID
	Location  *commerce.UUID
	Data      any // figures as they were; never contact data
}

// Stock is what a StockChanged fact holds.
type Stock struct {
	Variant   commerce.UUID `json:"variant"`
	OnHand    int64         `json:"onHand"`
	Reserved  int64         `json:"reserved"`
	Available int64         `json:"available"`
}

func encode(data any) ([]byte, error) {
	if data == nil {
		return nil, nil
	}
	return json.Marshal(data)
}
