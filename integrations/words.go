package integrations

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/oneshelf/oneshelf/commerce"
)

// Order is an order as a marketplace shows it now. Amounts are in the shop's currency, smallest units. One that cannot be read in full is
// told all the same: Unknown, with its id and its times as far as they can be read, and without lines and amounts.
type Order struct {
	ExternalID string
	State      OrderState
	// Blocked says why the marketplace forbids shipping although State is ToShip ("" when it does not): a group buy that is not
	// complete, a review, an open refund.
	Blocked string
	// Buyer is the marketplace's pseudonym for the buyer, stable within the shop; never a name, phone or nickname.
	Buyer    string
	Lines    []OrderLine
	Shipping int64
	Total    int64 // what the buyer pays, with shipping, after discounts
	Paid     int64
	// Address is as the marketplace shows it, masked as it comes; nothing is decrypted.
	Address  commerce.Address
	Placed   time.Time
	PaidAt   time.Time // zero when unpaid
	Modified time.Time
	// Raw is the order as received, with the buyer's contact data cut out.
	Raw json.RawMessage
}

// OrderLine is one line of an Order.
type OrderLine struct {
	ExternalID     string
	ExternalItem   string // Listing.ExternalID
	ExternalSKU    string // Listing.ExternalSKUID, "" when the item has no SKUs
	OuterCode      string // the merchant's own code: our SKU
	Title          string
	Quantity       int
	UnitPrice      int64 // before discounts
	Total          int64 // what this line brings: after its discounts and its share of the order's
	Closed         bool  // refunded or closed: not to be shipped
	Shipped        bool
	TrackingNumber string // of the parcel the line left in, when the marketplace tells
}

// OrderState is what a marketplace's many states mean for us.
type OrderState string

// The states of an Order at the border.
const (
	Unpaid    OrderState = "UNPAID"    // placed, waits for payment
	ToShip    OrderState = "TO_SHIP"   // paid, nothing or only part has left
	Shipped   OrderState = "SHIPPED"   // all has left
	Completed OrderState = "COMPLETED" // received
	Closed    OrderState = "CLOSED"    // canceled or refunded in full
	Unknown   OrderState = "UNKNOWN"   // a state the adapter has never heard of, or an order it cannot read: kept, held
)

// RemoteListing is a sellable unit that a shop shows already.
type RemoteListing struct {
	ExternalID    string
	ExternalSKUID string
	OuterCode     string
	Title         string
	Price         int64
	Quantity      int
	Live          bool
}

// StockPush sets one unit's sellable quantity.
type StockPush struct {
	ExternalID    string
	ExternalSKUID string
	OuterCode     string
	Quantity      int
	// Key is the same whenever this very figure is pushed again, and differs for another: a marketplace's idempotency key.
	Key string
}

// Draft is a product as it should stand on the marketplace.
type Draft struct {
	ExternalID  string // "" when it is not there yet
	Code        string // the product's handle: the item's own outer code
	Title       string
	Description string
	Vendor      string
	Category    []string // path of names
	Images      []string // absolute URLs
	Options     []commerce.OptionSet
	Variants    []DraftVariant
}

// DraftVariant is one variant of a Draft.
type DraftVariant struct {
	OuterCode     string
	ExternalSKUID string // "" when it is not there yet
	// Unseen is set when the marketplace was given the variant and has not shown it since: it is waited for, and never added again.
	Unseen      bool
	Barcode     string
	Options     []commerce.Option
	Price       int64
	Quantity    int
	WeightGrams int
}

// Remember takes what Publish answered to the draft, with or without an error, so that the next try makes nothing a second time. An
// answer without an id tells nothing.
func (d *Draft) Remember(p Published) {
	if p.ExternalID == "" {
		return
	}
	d.ExternalID, d.Variants = p.ExternalID, slices.Clone(d.Variants)
	for n := range d.Variants {
		v := &d.Variants[n]
		if id := p.SKUs[v.OuterCode]; id != "" {
			v.ExternalSKUID = id
		}
		v.Unseen = v.ExternalSKUID == ""
	}
}

// Unseen are the codes of the variants that the marketplace was given and has not shown since; whole tells that it has not shown
// anything of the item.
func (d Draft) Unseen() (codes []string, whole bool) {
	whole = true
	for _, v := range d.Variants {
		if v.Unseen {
			codes = append(codes, v.OuterCode)
		}
		whole = whole && v.ExternalSKUID == ""
	}
	return codes, whole && len(codes) > 0
}

// Published tells where a Draft stands now: all of its variants were given to the marketplace.
type Published struct {
	ExternalID string
	SKUs       map[string]string // outer code → external SKU id
}

// Unpublication takes variants of one item off sale.
type Unpublication struct {
	ExternalID string
	Remove     []RemoteUnit
	Remaining  int // how many variants of ours stay on sale on the item afterwards
}

// RemoteUnit names a unit on the marketplace.
type RemoteUnit struct {
	ExternalSKUID string
	OuterCode     string
}

// Shipment is one parcel that has left.
type Shipment struct {
	Order          string // external id
	Carrier        string // our word or the marketplace's own code: SF, YTO, ZTO, STO, YUNDA, EMS, JD, …
	TrackingNumber string
	Lines          []ShipmentLine
	// Last is true when nothing of the order remains to be shipped after this parcel.
	Last bool
	// Split is true when the order leaves in more than one parcel.
	Split bool
}

// ShipmentLine is what of an order line is in the parcel.
type ShipmentLine struct {
	ExternalID string
	Quantity   int
}
