package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// counter is where buyers buy: a marketplace's sandbox, or the brand's own shop.
type counter interface {
	// shelf tells what is on sale.
	shelf(ctx context.Context) ([]good, error)
	// place orders lines for a buyer and answers the order's id.
	place(ctx context.Context, b buyer, lines []line, pay bool) (string, error)
	// settle pays or closes an order.
	settle(ctx context.Context, order, state string) error
	// unpaid are the ids of simulated orders that nobody has paid or closed.
	unpaid(ctx context.Context) ([]string, error)
}

// What settle can do, in the words of the control API.
const (
	paid   = "PAID"
	closed = "CLOSED"
)

// good is something on sale.
type good struct {
	SKU      string `json:"outerCode"`
	Quantity int    `json:"quantity"`
	OnSale   bool   `json:"onSale"`
}

// line is so many of a good.
type line struct {
	SKU      string `json:"outerCode"`
	Quantity int    `json:"quantity"`
}

// answerLimit bounds what is read of a sandbox's answer: it tells all its orders at once.
const answerLimit = 64 << 20

// sandbox is a marketplace's sandbox, driven through its control API.
type sandbox struct {
	base string
	http *http.Client
}

func (s sandbox) shelf(ctx context.Context) ([]good, error) {
	var goods []good
	return goods, s.call(ctx, http.MethodGet, "/_sandbox/items", nil, &goods)
}

func (s sandbox) place(ctx context.Context, b buyer, lines []line, pay bool) (string, error) {
	type receiver struct {
		Name     string `json:"name"`
		Phone    string `json:"phone"`
		Province string `json:"province"`
		City     string `json:"city"`
		District string `json:"district"`
		Address  string `json:"address"`
	}
	a := b.address()
	var order struct{ ID string }
	err := s.call(ctx, http.MethodPost, "/_sandbox/orders", map[string]any{
		"lines": lines, "pay": pay, "buyer": b.name(),
		"receiver": receiver{a.Recipient, a.Phone, a.Province, a.City, a.District, a.Line1},
	}, &order)
	return order.ID, err
}

func (s sandbox) settle(ctx context.Context, order, state string) error {
	return s.call(ctx, http.MethodPost, "/_sandbox/orders/"+order+"/state", map[string]string{"state": state}, nil)
}

func (s sandbox) unpaid(ctx context.Context) ([]string, error) {
	var orders []struct {
		ID, State string
	}
	if err := s.call(ctx, http.MethodGet, "/_sandbox/orders", nil, &orders); err != nil {
		return nil, err
	}
	var out []string
	for _, o := range orders {
		if o.State == "UNPAID" {
			out = append(out, o.ID)
		}
	}
	return out, nil
}

func (s sandbox) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.base+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("the sandbox answered %s to %s %s", res.Status, method, path)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}
