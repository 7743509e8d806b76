package shoptest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Remote is the marketplace's side, as its buyers and its operator have it. A call that fails ends the test.
type Remote interface {
	// Seed puts a unit on sale that was not made by us.
	Seed(t testing.TB, u Unit)
	Units(t testing.TB) []Unit
	Place(t testing.TB, p Purchase) Order
	// SetState moves an order to PAID, CLOSED or COMPLETED, or to a name of the marketplace's own.
	SetState(t testing.TB, order, state string)
	Orders(t testing.TB) []Order
	// Late makes units that are put on sale from now on show only after d, in whole seconds, to whoever reads goods; Units tells them at once.
	Late(t testing.TB, d time.Duration)
	// Fail makes the next calls of a wire method fail; kind is one of the words below.
	Fail(t testing.TB, method, kind string, times int)
}

// The kinds of failure, as the sandboxes' control API names them.
const (
	Limit        = "limit"         // called too often
	ServerError  = "error"         // the marketplace's own fault
	Session      = "session"       // the shop must be authorised again
	Timeout      = "timeout"       // nothing happens, no answer comes
	TimeoutAfter = "timeout-after" // it happens, the answer is lost
	HTML         = "html"          // a page comes instead
	Truncated    = "truncated"     // it happens, half of the answer comes
)

// Unit is one sellable unit. Prices are decimal text.
type Unit struct {
	ID        string `json:"id"`
	SKUID     string `json:"skuId"`
	OuterCode string `json:"outerCode"`
	Title     string `json:"title"`
	Price     string `json:"price"`
	Quantity  int    `json:"quantity"`
	OnSale    bool   `json:"onSale"`
}

// Order is an order as the marketplace keeps it.
type Order struct {
	ID         string      `json:"id"`
	State      string      `json:"state"`
	Paid       bool        `json:"paid"`
	Lines      []OrderLine `json:"lines"`
	Shipments  []Parcel    `json:"shipments"`
	CreatedAt  time.Time   `json:"createdAt"`
	ModifiedAt time.Time   `json:"modifiedAt"`
}

// OrderLine is one line of an Order.
type OrderLine struct {
	ID        string `json:"id"`
	OuterCode string `json:"outerCode"`
	Quantity  int    `json:"quantity"`
	Price     string `json:"price"`
}

// Parcel is a shipment of an Order.
type Parcel struct {
	TrackingNumber string `json:"trackingNumber"`
	Carrier        string `json:"carrier"`
}

// Purchase is what a buyer does.
type Purchase struct {
	Lines    []PurchaseLine `json:"lines"`
	Pay      bool           `json:"pay"`
	Message  string         `json:"message,omitempty"`
	Receiver *Receiver      `json:"receiver,omitempty"`
}

// PurchaseLine names what is bought by its outer code.
type PurchaseLine struct {
	OuterCode string `json:"outerCode"`
	Quantity  int    `json:"quantity"`
}

// Receiver is where a purchase goes.
type Receiver struct {
	Name     string `json:"name"`
	Phone    string `json:"phone"`
	Province string `json:"province"`
	City     string `json:"city"`
	District string `json:"district"`
	Address  string `json:"address"`
}

// Control is the Remote behind a sandbox's control API; base is its address, as http://127.0.0.1:9101.
func Control(base string) Remote { return control{base} }

type control struct{ base string }

func (c control) Seed(t testing.TB, u Unit) {
	t.Helper()
	c.post(t, "/_sandbox/items", map[string]any{"outerCode": u.OuterCode, "title": u.Title, "price": u.Price, "quantity": u.Quantity}, nil)
}

func (c control) Units(t testing.TB) (out []Unit) {
	t.Helper()
	c.get(t, "/_sandbox/items", &out)
	return out
}

func (c control) Place(t testing.TB, p Purchase) (out Order) {
	t.Helper()
	c.post(t, "/_sandbox/orders", p, &out)
	return out
}

func (c control) SetState(t testing.TB, order, state string) {
	t.Helper()
	c.post(t, "/_sandbox/orders/"+order+"/state", map[string]string{"state": state}, nil)
}

func (c control) Orders(t testing.TB) (out []Order) {
	t.Helper()
	c.get(t, "/_sandbox/orders", &out)
	return out
}

func (c control) Late(t testing.TB, d time.Duration) {
	t.Helper()
	c.post(t, "/_sandbox/late", map[string]any{"seconds": int(d.Seconds())}, nil)
}

func (c control) Fail(t testing.TB, method, kind string, times int) {
	t.Helper()
	c.post(t, "/_sandbox/faults", map[string]any{"method": method, "kind": kind, "times": times}, nil)
}

func (c control) post(t testing.TB, path string, in, out any) {
	t.Helper()
	body, err := json.Marshal(in)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.base+path, bytes.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	c.do(t, req, out)
}

func (c control) get(t testing.TB, path string, out any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.base+path, nil)
	require.NoError(t, err)
	c.do(t, req, out)
}

func (c control) do(t testing.TB, req *http.Request, out any) {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	var answer json.RawMessage
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
	require.Less(t, resp.StatusCode, 300, "%s %s: %s", req.Method, req.URL.Path, answer)
	if out != nil {
		require.NoError(t, json.Unmarshal(answer, out))
	}
}
