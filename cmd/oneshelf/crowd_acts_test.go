package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// seen is an order as whoever acts on it sees it. It may be another one when they act.
type seen struct {
	ID          string
	NextActions []string
	Totals      struct{ Total, Paid, Refunded struct{ Amount string } }
	Lines       []struct {
		ID                                                              string
		SKU                                                             string
		Quantity, FulfilledQuantity, CanceledQuantity, ReturnedQuantity int
	}
	Delivery struct {
		Location struct{ Code string }
		Code     struct{ Value string }
	}
	FulfillmentOrders []struct{ ID, State string }
	Returns           []struct {
		ID, State string
		Lines     []struct {
			SKU         string
			Quantity    int
			Disposition *string
		}
	}
}

const seeOrder = `query($by: OrderRef!) { order(by: $by) { id nextActions totals { total { amount } paid { amount } refunded { amount } }
	lines { id sku quantity fulfilledQuantity canceledQuantity returnedQuantity } delivery { ... on PickupDelivery { location { code } code { value } } }
	fulfillmentOrders { id state } returns { id state lines { sku quantity disposition } } } }`

// fen reads an amount in the smallest unit, yuan writes one.
func fen(amount string) int {
	n, _ := strconv.Atoi(strings.Replace(amount, ".", "", 1))
	return n
}

func yuan(n int) map[string]any {
	return map[string]any{"amount": fmt.Sprintf("%d.%02d", n/100, n%100), "currency": "CNY"}
}

func upTo(chance *rand.Rand, n int) int { return 1 + chance.IntN(max(1, n)) }

// anything does one thing that somebody does.
func (c *crowd) anything(ctx context.Context, chance *rand.Rand) error {
	switch n := chance.IntN(10); {
	case n < 3:
		return c.buy(ctx, chance)
	case n < 5:
		return c.stock(ctx, chance)
	default:
		return c.goOn(ctx, chance)
	}
}

// one picks one of the last of some, "" when there are none.
func (c *crowd) one(chance *rand.Rand, of *[]string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(*of) == 0 {
		return ""
	}
	return (*of)[max(0, len(*of)-1-chance.IntN(25))]
}

// buy places an order: by parcel, to be fetched, or with what is kept.
func (c *crowd) buy(ctx context.Context, chance *rand.Rand) error {
	var lines []any
	total := 0
	for range upTo(chance, 3) {
		n := upTo(chance, 2)
		line := map[string]any{"variant": sku(chance.IntN(crowdVariants)), "quantity": n}
		if total += n * 100_00; chance.IntN(3) == 0 {
			off := upTo(chance, 999)
			line["discountShares"] = []any{map[string]any{"payer": "BRAND", "amount": yuan(off)}}
			total -= off
		}
		lines = append(lines, line)
	}
	in := map[string]any{"channel": code("shop"), "lines": lines, "expectedTotal": yuan(total),
		"delivery": map[string]any{"ship": map[string]any{"address": map[string]any{"city": "Hangzhou"}}}}
	if chance.IntN(3) == 0 {
		in["delivery"] = map[string]any{"pickup": map[string]any{"location": code("ST")}}
	}
	if id := c.one(chance, &c.reservations); id != "" && chance.IntN(4) == 0 {
		in["reservation"] = id
	}
	return c.do(ctx, "orderPlace", in, func(a answer) { c.orders = append(c.orders, a.It.ID) })
}

// goOn does with an order what may be done next.
func (c *crowd) goOn(ctx context.Context, chance *rand.Rand) error {
	id := c.one(chance, &c.orders)
	if id == "" {
		return nil
	}
	m, deaths, err := c.next(ctx)
	if err != nil {
		return err
	}
	var data struct{ Order seen }
	err = c.send(context.WithoutCancel(ctx), m, map[string]any{"query": seeOrder, "variables": map[string]any{"by": map[string]any{"id": id}}}, &data)
	o := data.Order
	switch {
	case err != nil && c.died(m, deaths):
		return nil // a look is not worth being repeated
	case err != nil:
		return err
	case len(o.NextActions) == 0:
		return nil
	}
	name := o.NextActions[chance.IntN(len(o.NextActions))]
	for _, usual := range []string{"fulfillmentShip", "fulfillmentAccept"} { // most orders go their way
		if slices.Contains(o.NextActions, usual) && chance.IntN(2) == 0 {
			name = usual
			break
		}
	}
	input := c.input(chance, name, o)
	if input == nil {
		return nil
	}
	return c.do(ctx, name, input, func(a answer) {
		if name == "fulfillmentAccept" {
			c.tokens[a.It.ID] = a.DispatchToken
		}
	})
}

// input is an input to a mutation that may go well; nil when there is none.
func (c *crowd) input(chance *rand.Rand, name string, o seen) map[string]any {
	order := map[string]any{"id": o.ID}
	line := o.Lines[chance.IntN(len(o.Lines))]
	part := func(n int) map[string]any { return map[string]any{"line": line.ID, "quantity": upTo(chance, n)} }
	switch name {
	case "orderPaymentRecord":
		return map[string]any{"order": order, "method": "CARD", "amount": yuan(upTo(chance, fen(o.Totals.Total.Amount)-fen(o.Totals.Paid.Amount))), "reference": "r"}
	case "refundCreate":
		return map[string]any{"order": order, "amount": yuan(upTo(chance, fen(o.Totals.Paid.Amount)-fen(o.Totals.Refunded.Amount))), "reason": "kindness"}
	case "orderCancel":
		in := map[string]any{"order": order, "reason": "changed my mind"}
		if chance.IntN(3) > 0 {
			in["lines"] = []any{part(line.Quantity - line.CanceledQuantity - line.FulfilledQuantity)}
		}
		return in
	case "pickupVerify":
		return map[string]any{"code": o.Delivery.Code.Value, "location": code(o.Delivery.Location.Code)}
	case "returnRequest":
		p := part(line.FulfilledQuantity - line.ReturnedQuantity)
		p["reason"] = "too small"
		return map[string]any{"order": order, "lines": []any{p}}
	case "returnReceive", "returnReject":
		return c.comesBack(chance, name, o)
	}
	return c.staff(chance, name, o)
}

// comesBack is what becomes of a return.
func (c *crowd) comesBack(chance *rand.Rand, name string, o seen) map[string]any {
	for _, r := range o.Returns {
		for _, l := range r.Lines {
			if r.State != "REQUESTED" || l.Disposition != nil {
				continue
			}
			if name == "returnReject" {
				return map[string]any{"return": r.ID, "reason": "worn"}
			}
			return map[string]any{"return": r.ID, "location": code([]string{"WH", "ST"}[chance.IntN(2)]), "lines": []any{map[string]any{
				"sku": l.SKU, "quantity": upTo(chance, l.Quantity), "disposition": []string{"RESTOCK", "DAMAGED"}[chance.IntN(2)]}}}
		}
	}
	return nil
}

// staff is what is done with work.
func (c *crowd) staff(chance *rand.Rand, name string, o seen) map[string]any {
	from := map[string][]string{"fulfillmentAccept": {"OPEN"}, "fulfillmentShip": {"ACCEPTED"}, "fulfillmentHold": {"OPEN", "ACCEPTED"},
		"fulfillmentRelease": {"ON_HOLD"}, "fulfillmentReject": {"OPEN", "ACCEPTED", "ON_HOLD"}}[name]
	for _, w := range o.FulfillmentOrders {
		if !slices.Contains(from, w.State) {
			continue
		}
		in := map[string]any{"fulfillmentOrder": w.ID}
		switch name {
		case "fulfillmentShip":
			c.mu.Lock()
			maps.Copy(in, map[string]any{"dispatchToken": c.tokens[w.ID], "carrier": "SF", "trackingNumber": "SF" + w.ID})
			c.mu.Unlock()
			if chance.IntN(3) == 0 {
				l := o.Lines[chance.IntN(len(o.Lines))]
				in["lines"] = []any{map[string]any{"sku": l.SKU, "quantity": 1}}
			}
		case "fulfillmentReject":
			in["reason"], in["missing"] = "no hands", chance.IntN(3) == 0
		case "fulfillmentHold", "fulfillmentRelease":
			in["reason"] = "no light"
		}
		return in
	}
	return nil
}

// stock is what warehouses and other systems do.
func (c *crowd) stock(ctx context.Context, chance *rand.Rand) error {
	variant, here, there := sku(chance.IntN(crowdVariants)), code("WH"), code("ST")
	if chance.IntN(2) == 0 {
		here, there = there, here
	}
	some := []any{map[string]any{"variant": variant, "quantity": upTo(chance, 4)}}
	nothing := func(answer) {}
	switch chance.IntN(9) {
	case 0, 1:
		n := upTo(chance, 30)
		return c.do(ctx, "stockAdjust", map[string]any{"variant": variant, "location": here, "delta": n, "reason": "found"}, func(answer) { c.added += n })
	case 2:
		return c.do(ctx, "stockSet", map[string]any{"variant": variant, "location": here, "onHand": 20 + chance.IntN(40), "reason": "counted"}, nothing)
	case 3:
		row := map[string]any{"variant": variant, "location": here, "onHand": chance.IntN(60), "asOf": time.Now().UTC().Format(time.RFC3339Nano)}
		return c.do(ctx, "stockSync", map[string]any{"source": "WMS", "rows": []any{row}}, nothing)
	case 4, 5:
		return c.do(ctx, "stockReserve", map[string]any{"lines": some, "ttlSeconds": []int{1, 3, 600}[chance.IntN(3)]},
			func(a answer) { c.reservations = append(c.reservations, a.It.ID) })
	case 6:
		id := c.one(chance, &c.reservations)
		if id == "" {
			return nil
		}
		return c.do(ctx, "stockRelease", map[string]any{"reservation": id}, nothing)
	case 7:
		return c.do(ctx, "stockTransferCreate", map[string]any{"from": here, "to": there, "lines": some},
			func(a answer) { c.transfers = append(c.transfers, a.It.ID) })
	default:
		id := c.one(chance, &c.transfers)
		if id == "" {
			return nil
		}
		if chance.IntN(3) == 0 {
			return c.do(ctx, "stockTransferCancel", map[string]any{"transfer": id, "reason": "not needed"}, nothing)
		}
		return c.do(ctx, "stockTransferReceive", map[string]any{"transfer": id}, nothing)
	}
}
