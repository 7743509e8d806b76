package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Item is an item on the marketplace with the units it is sold in. Prices are in fen.
type Item struct {
	ID          string    `json:"id"`
	OuterCode   string    `json:"outerCode"` // the item's own, apart from its SKUs'
	Title       string    `json:"title"`
	Description string    `json:"description,omitempty"`
	Category    string    `json:"category,omitempty"`
	Images      []string  `json:"images,omitempty"`
	OnSale      bool      `json:"onSale"`
	SKUs        []SKU     `json:"skus"`
	Created     time.Time `json:"created"`
	Modified    time.Time `json:"modified"`
	// Extra is whatever a protocol keeps beyond this.
	Extra map[string]string `json:"extra,omitempty"`
}

// SKU is a unit of an Item.
type SKU struct {
	ID        string            `json:"id"`
	OuterCode string            `json:"outerCode"`
	Barcode   string            `json:"barcode,omitempty"`
	Options   []Option          `json:"options,omitempty"`
	Price     int64             `json:"price"`
	Quantity  int               `json:"quantity"`
	OffSale   bool              `json:"offSale,omitempty"`
	ShownFrom time.Time         `json:"shownFrom,omitzero"` // until then what reads goods does not find it
	Extra     map[string]string `json:"extra,omitempty"`
}

// Option is one property of a SKU.
type Option struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Order is an order as the marketplace keeps it. State is one of the neutral words below or any name of the protocol's own.
type Order struct {
	ID        string            `json:"id"`
	State     string            `json:"state"`
	Buyer     string            `json:"buyer"`
	Receiver  Receiver          `json:"receiver"`
	Message   string            `json:"message,omitempty"`
	Lines     []Line            `json:"lines"`
	Shipments []Shipment        `json:"shipments,omitempty"`
	Created   time.Time         `json:"created"`
	PaidAt    time.Time         `json:"paidAt,omitzero"`
	Modified  time.Time         `json:"modified"`
	Extra     map[string]string `json:"extra,omitempty"`
}

// The neutral words for an order's state.
const (
	Unpaid        = "UNPAID"
	Paid          = "PAID"
	PartlyShipped = "PARTLY_SHIPPED"
	Shipped       = "SHIPPED"
	Completed     = "COMPLETED"
	Closed        = "CLOSED"
)

// Receiver is where an order goes: plain text, as the marketplace knows it. What a protocol shows of it is for the protocol to mask.
type Receiver struct {
	Name     string `json:"name"`
	Phone    string `json:"phone"`
	Province string `json:"province"`
	City     string `json:"city"`
	District string `json:"district"`
	Address  string `json:"address"`
}

// Line is one line of an Order. Its own state is "" while it goes with the order.
type Line struct {
	ID        string            `json:"id"`
	ItemID    string            `json:"itemId"`
	SKUID     string            `json:"skuId"`
	OuterCode string            `json:"outerCode"`
	Title     string            `json:"title"`
	Options   []Option          `json:"options,omitempty"`
	Quantity  int               `json:"quantity"`
	Price     int64             `json:"price"`
	State     string            `json:"state,omitempty"`
	Extra     map[string]string `json:"extra,omitempty"`
}

// Shipment is a parcel that left.
type Shipment struct {
	TrackingNumber string         `json:"trackingNumber"`
	Carrier        string         `json:"carrier"`
	Lines          []ShipmentLine `json:"lines"`
	At             time.Time      `json:"at"`
}

// ShipmentLine is what of a line is in a parcel.
type ShipmentLine struct {
	ID       string `json:"id"`
	Quantity int    `json:"quantity"`
}

// ShippedOf is how many units of a line have left.
func (o *Order) ShippedOf(line string) int {
	n := 0
	for _, s := range o.Shipments {
		for _, l := range s.Lines {
			if l.ID == line {
				n += l.Quantity
			}
		}
	}
	return n
}

// Quantity is the sum over the item's units.
func (i *Item) Quantity() int {
	n := 0
	for _, s := range i.SKUs {
		n += s.Quantity
	}
	return n
}

// SKU finds a unit by its id; nil when there is none.
func (i *Item) SKU(id string) *SKU {
	for n := range i.SKUs {
		if i.SKUs[n].ID == id {
			return &i.SKUs[n]
		}
	}
	return nil
}

func (i *Item) clone() *Item {
	out := *i
	out.Images, out.Extra = slices.Clone(i.Images), maps.Clone(i.Extra)
	out.SKUs = slices.Clone(i.SKUs)
	for n := range out.SKUs {
		out.SKUs[n].Options, out.SKUs[n].Extra = slices.Clone(out.SKUs[n].Options), maps.Clone(out.SKUs[n].Extra)
	}
	return &out
}

func (o *Order) clone() *Order {
	out := *o
	out.Extra = maps.Clone(o.Extra)
	out.Lines = slices.Clone(o.Lines)
	for n := range out.Lines {
		out.Lines[n].Options, out.Lines[n].Extra = slices.Clone(out.Lines[n].Options), maps.Clone(out.Lines[n].Extra)
	}
	out.Shipments = slices.Clone(o.Shipments)
	for n := range out.Shipments {
		out.Shipments[n].Lines = slices.Clone(out.Shipments[n].Lines)
	}
	return &out
}

// record is one line of the journal: everything one change touched, as it stands afterwards.
type record struct {
	Counter uint64   `json:"n"`
	Items   []*Item  `json:"items,omitempty"`
	Orders  []*Order `json:"orders,omitempty"`
}

func (r record) line() ([]byte, error) {
	b, err := json.Marshal(r)
	return append(b, '\n'), err
}
