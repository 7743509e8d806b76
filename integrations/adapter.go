package integrations

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/oneshelf/oneshelf/commerce"
)

// Adapter describes one marketplace. It is data: nothing happens before Open.
type Adapter struct {
	Kind     string // TAOBAO, as Channel.kind shows it
	Title    string // for people
	Settings []Setting
	// Currency is the only one the marketplace trades in; empty when it takes the brand's.
	Currency commerce.Currency
	// Parts says how finely shipments can be reported.
	Parts Parts
	// Abilities is what its shops can do, for people who choose; the conformance suite holds it against what Open gives.
	Abilities []Ability
	// Pace is how many requests a second one shop may send, and how many at once after a pause.
	Pace Pace
	// Open makes a Shop from settings that were checked with Check. It sends nothing.
	Open func(Config) (Shop, error)
}

// Setting is one named value that a channel of this kind needs.
type Setting struct {
	Name     string
	Title    string
	Secret   bool // goes in, never out; sealed at rest
	Required bool
	URL      bool // is a gateway address: http(s), checked by the guard before each call
}

// Parts says how finely a marketplace takes shipments.
type Parts int

// WholeOrders is told once, when the last parcel has left; WholeLines takes a parcel of complete order lines; Units takes any part.
const (
	WholeOrders Parts = iota
	WholeLines
	Units
)

// Pace bounds the requests to one shop.
type Pace struct {
	PerSecond float64
	Burst     int
}

// Config is what a Shop is opened with.
type Config struct {
	Settings map[string]string
	Currency commerce.Currency
	// HTTP is the only way out: it goes through the guard against private addresses, paces and times out. It follows no redirects.
	HTTP *http.Client
	Now  func() time.Time
	Log  *slog.Logger // never given a secret, a signature or buyers' data
}

// Check tells what is wrong with settings: a missing required one, an unknown name, an address that is none.
func (a Adapter) Check(settings map[string]string) error {
	known := map[string]bool{}
	for _, s := range a.Settings {
		known[s.Name] = true
		if s.Required && settings[s.Name] == "" {
			return fmt.Errorf("%s needs the setting %q (%s)", a.Kind, s.Name, s.Title)
		}
	}
	for name := range settings {
		if !known[name] {
			return fmt.Errorf("%s has no setting %q", a.Kind, name)
		}
	}
	return nil
}

// Shop is one account on a marketplace, opened from our side: what every marketplace can do. The rest are the optional
// abilities below, found by type assertion. A Shop may be used by many at once.
type Shop interface {
	// Orders yields every order changed in [since, until), each as it is now, in batches. It minds the marketplace's own limits:
	// windows are cut, pages are read in the order that loses nothing. An order may be yielded more than once.
	// One that cannot be read in full is yielded as Order says, and holds up no other. When yield fails, Orders stops and returns that
	// error unchanged.
	Orders(ctx context.Context, since, until time.Time, yield func([]Order) error) error
	// Listings yields what the shop already shows, whatever its state, in batches.
	Listings(ctx context.Context, yield func([]RemoteListing) error) error
	// PushStock sets absolute quantities. The answer has one error or nil for each push, in order; the second result is for a
	// fault of the whole call. Repeating it does no harm.
	PushStock(ctx context.Context, pushes []StockPush) ([]error, error)
	Close() error
}

// Publisher can put goods on the shop and take them off.
type Publisher interface {
	// Publish makes the item or, when draft.ExternalID is set, brings it up to date: all of the draft's variants are on it and on
	// sale afterwards. Something missing or refused is a Rejected error that says what. Repeating it makes no second item:
	// before making one it looks for an item that carries the draft's outer codes already.
	//
	// A marketplace may show late what it was given. Then the error is Temporary, and the answer comes with it: the item's id, and the
	// SKUs that show. The next draft remembers it (Draft.Remember). Until its unseen variants show, Publish writes nothing and answers a
	// Temporary error alone.
	Publish(ctx context.Context, draft Draft) (Published, error)
	// Unpublish takes variants off sale; when it names the last ones on sale, the item itself is delisted. Repeating does no harm.
	Unpublish(ctx context.Context, u Unpublication) error
}

// Shipper can report shipments.
type Shipper interface {
	// Ship reports one parcel. It answers nil too when the marketplace has this parcel already.
	Ship(ctx context.Context, s Shipment) error
}

// Fetcher can read one order by its id, as it is now. An unknown id is a NotFound error.
type Fetcher interface {
	Order(ctx context.Context, externalID string) (Order, error)
}

// Ability names what a shop can do, as Channel.abilities shows it.
type Ability string

// The abilities there are; the first three every shop has.
const (
	ReadOrders   Ability = "READ_ORDERS"
	ReadListings Ability = "READ_LISTINGS"
	PushStock    Ability = "PUSH_STOCK"
	Publish      Ability = "PUBLISH"
	Ship         Ability = "SHIP"
	FetchOrder   Ability = "FETCH_ORDER"
)

// Abilities lists what the shop can do.
func Abilities(s Shop) []Ability {
	out := []Ability{ReadOrders, ReadListings, PushStock}
	if _, ok := s.(Publisher); ok {
		out = append(out, Publish)
	}
	if _, ok := s.(Shipper); ok {
		out = append(out, Ship)
	}
	if _, ok := s.(Fetcher); ok {
		out = append(out, FetchOrder)
	}
	return out
}
