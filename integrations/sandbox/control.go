package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ItemRow is one unit as GET /_sandbox/items tells it.
type ItemRow struct {
	ID        string `json:"id"`
	SKUID     string `json:"skuId"`
	OuterCode string `json:"outerCode"`
	Title     string `json:"title"`
	Price     string `json:"price"` // yuan
	Quantity  int    `json:"quantity"`
	OnSale    bool   `json:"onSale"`
}

// OrderRow is one order as GET /_sandbox/orders tells it.
type OrderRow struct {
	ID         string        `json:"id"`
	State      string        `json:"state"`
	Paid       bool          `json:"paid"`
	Lines      []LineRow     `json:"lines"`
	Shipments  []ShipmentRow `json:"shipments"`
	CreatedAt  time.Time     `json:"createdAt"`
	ModifiedAt time.Time     `json:"modifiedAt"`
}

// LineRow is one line of an OrderRow.
type LineRow struct {
	ID        string `json:"id"`
	OuterCode string `json:"outerCode"`
	Title     string `json:"title"`
	Quantity  int    `json:"quantity"`
	Price     string `json:"price"`
}

// ShipmentRow is one parcel of an OrderRow.
type ShipmentRow struct {
	TrackingNumber string         `json:"trackingNumber"`
	Carrier        string         `json:"carrier"`
	Lines          []ShipmentLine `json:"lines"`
}

// Control is the API under /_sandbox/ by which tests and people play the buyers, the platform and its bad days. Only this machine may
// call it, and no web page: a request from another address or with an Origin is refused. All bodies are JSON; an error is
// {"error": "…"} with 400, 403, 404 or 409.
func (s *State) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /_sandbox/items", s.postItem)
	mux.HandleFunc("GET /_sandbox/items", s.getItems)
	mux.HandleFunc("POST /_sandbox/orders", s.postOrder)
	mux.HandleFunc("GET /_sandbox/orders", s.getOrders)
	mux.HandleFunc("POST /_sandbox/orders/{id}/state", s.postState)
	mux.HandleFunc("GET /_sandbox/calls", func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, orEmpty(s.Calls.All())) })
	mux.HandleFunc("POST /_sandbox/faults", s.postFault)
	mux.HandleFunc("POST /_sandbox/late", s.postLate)
	mux.HandleFunc("/_sandbox/", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 404, "no such door") })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !loopback(r.RemoteAddr) {
			refuse(w, 403, "only this machine may call the control API")
			return
		}
		// A page may reach this address under a name of its own, and then sends no Origin.
		if r.Header.Get("Origin") != "" || !loopback(r.Host) {
			refuse(w, 403, "web pages may not call the control API")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// loopback tells whether an address, with or without port, is this machine's.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.Trim(address, "[]")
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (s *State) postItem(w http.ResponseWriter, r *http.Request) {
	var in struct {
		OuterCode, Title string
		Price            json.RawMessage
		Quantity         *int
	}
	if !read(w, r, &in) {
		return
	}
	price, err := ParseYuan(strings.Trim(string(in.Price), `"`))
	switch {
	case in.OuterCode == "" || len(in.OuterCode) > 64:
		refuse(w, 400, "outerCode must have 1 to 64 characters")
	case in.Title == "":
		refuse(w, 400, "title must not be empty")
	case err != nil:
		refuse(w, 400, "price must be decimal text in yuan, as in 129.00")
	case in.Quantity == nil || *in.Quantity < 0 || *in.Quantity > maxQuantity:
		refuse(w, 400, "quantity must be 0 to 1000000000")
	default:
		var row ItemRow
		status := 200
		err := s.Update(func(tx *Tx) error {
			it, n := tx.unit(in.OuterCode)
			if it == nil {
				status = 201
				it, n = &Item{ID: tx.NewID(ItemID), OuterCode: in.OuterCode, OnSale: true,
					SKUs: []SKU{{ID: tx.NewID(SKUID), OuterCode: in.OuterCode}}}, 0
			}
			it.Title, it.SKUs[n].Price, it.SKUs[n].Quantity = in.Title, price, *in.Quantity
			tx.PutItem(it)
			row = rowOf(it, &it.SKUs[n])
			return nil
		})
		s.reply(w, status, row, err)
	}
}

// unit finds the first unit with an outer code.
func (tx *Tx) unit(outer string) (*Item, int) {
	for _, seen := range tx.WithCode(outer) {
		if n := slices.IndexFunc(seen.SKUs, func(u SKU) bool { return u.OuterCode == outer }); n >= 0 {
			return tx.Item(seen.ID), n
		}
	}
	return nil, 0
}

func (s *State) getItems(w http.ResponseWriter, _ *http.Request) {
	rows := []ItemRow{}
	s.View(func(v View) {
		for _, it := range v.Items() {
			for n := range it.SKUs {
				rows = append(rows, rowOf(it, &it.SKUs[n]))
			}
		}
	})
	answer(w, 200, rows)
}

func (s *State) postOrder(w http.ResponseWriter, r *http.Request) {
	var in Purchase
	if !read(w, r, &in) {
		return
	}
	if len(in.Lines) == 0 || len(in.Lines) > 50 {
		refuse(w, 400, "an order has 1 to 50 lines")
		return
	}
	for _, l := range in.Lines {
		if l.OuterCode == "" || l.Quantity < 1 || l.Quantity > maxQuantity {
			refuse(w, 400, "each line needs an outerCode and a quantity of 1 or more")
			return
		}
	}
	var row OrderRow
	err := s.Update(func(tx *Tx) error {
		o, err := tx.Place(in)
		if err == nil {
			row = s.orderRow(o)
		}
		return err
	})
	s.reply(w, 201, row, err)
}

func (s *State) getOrders(w http.ResponseWriter, _ *http.Request) {
	rows := []OrderRow{}
	s.View(func(v View) {
		for _, o := range v.Orders() {
			rows = append(rows, s.orderRow(o))
		}
	})
	answer(w, 200, rows)
}

func (s *State) postState(w http.ResponseWriter, r *http.Request) {
	var in struct{ State string }
	if !read(w, r, &in) {
		return
	}
	if in.State == "" || len(in.State) > 64 {
		refuse(w, 400, "state must be PAID, CLOSED, COMPLETED or a name of the marketplace's own")
		return
	}
	var row OrderRow
	err := s.Update(func(tx *Tx) error {
		o, err := tx.SetState(r.PathValue("id"), in.State)
		if err == nil {
			row = s.orderRow(o)
		}
		return err
	})
	s.reply(w, 200, row, err)
}

func (s *State) postFault(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Method string
		Kind   Fault
		Times  *int
	}
	if !read(w, r, &in) {
		return
	}
	times := 1
	if in.Times != nil {
		times = *in.Times
	}
	if !slices.Contains(AllFaults(), in.Kind) {
		refuse(w, 400, fmt.Sprintf("kind must be one of %v", AllFaults()))
		return
	}
	if times < 1 || times > 10000 {
		refuse(w, 400, "times must be 1 to 10000")
		return
	}
	s.Faults.Add(in.Method, in.Kind, times)
	answer(w, 201, map[string]any{"method": in.Method, "kind": in.Kind, "times": times})
}

func (s *State) postLate(w http.ResponseWriter, r *http.Request) {
	var in struct{ Seconds *int }
	if !read(w, r, &in) {
		return
	}
	if in.Seconds == nil || *in.Seconds < 0 || *in.Seconds > 24*3600 {
		refuse(w, 400, "seconds must be 0 to 86400")
		return
	}
	s.Late(time.Duration(*in.Seconds) * time.Second)
	answer(w, 200, map[string]any{"seconds": *in.Seconds})
}

func (s *State) reply(w http.ResponseWriter, status int, v any, err error) {
	switch {
	case err == nil:
		answer(w, status, v)
	case errors.Is(err, ErrUnknownCode), errors.Is(err, ErrNoOrder):
		refuse(w, 404, err.Error())
	case errors.Is(err, ErrShort), errors.Is(err, ErrOffSale), errors.Is(err, ErrClosed):
		refuse(w, 409, err.Error())
	default:
		refuse(w, 500, "the change could not be put on disk")
	}
}

func rowOf(it *Item, sku *SKU) ItemRow {
	return ItemRow{it.ID, sku.ID, sku.OuterCode, it.Title, Yuan(sku.Price), sku.Quantity, it.OnSale && !sku.OffSale}
}

func (s *State) orderRow(o *Order) OrderRow {
	row := OrderRow{ID: o.ID, State: s.Neutral(o.State), Paid: !o.PaidAt.IsZero(), Lines: []LineRow{}, Shipments: []ShipmentRow{},
		CreatedAt: o.Created, ModifiedAt: o.Modified}
	for _, l := range o.Lines {
		row.Lines = append(row.Lines, LineRow{l.ID, l.OuterCode, l.Title, l.Quantity, Yuan(l.Price)})
	}
	for _, p := range o.Shipments {
		row.Shipments = append(row.Shipments, ShipmentRow{p.TrackingNumber, p.Carrier, slices.Clone(p.Lines)})
	}
	return row
}

const maxQuantity = 1_000_000_000

// Yuan writes fen as decimal text.
func Yuan(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	return fmt.Sprintf("%s%d.%02d", sign, fen/100, fen%100)
}

// ParseYuan reads decimal text of at most two digits after the point into fen; negative amounts are refused.
func ParseYuan(s string) (int64, error) {
	whole, frac, _ := strings.Cut(s, ".")
	if len(frac) > 2 || len(whole) > 12 || whole == "" {
		return 0, errors.New("not an amount in yuan")
	}
	n, err := strconv.ParseUint(whole+(frac + "00")[:2], 10, 63)
	if err != nil {
		return 0, errors.New("not an amount in yuan")
	}
	return int64(n), nil
}

func read(w http.ResponseWriter, r *http.Request, into any) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		refuse(w, 400, "the body is not the JSON that is wanted here")
		return false
	}
	return true
}

func refuse(w http.ResponseWriter, status int, why string) {
	answer(w, status, map[string]string{"error": why})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller may be gone
}

func orEmpty(calls []Call) []Call {
	if calls == nil {
		return []Call{}
	}
	return calls
}
