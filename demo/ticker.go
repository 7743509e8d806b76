package demo

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/text/width"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/channel"
	"github.com/oneshelf/oneshelf/ent/listing"
	"github.com/oneshelf/oneshelf/ent/order"
	"github.com/oneshelf/oneshelf/ent/orderentry"
	"github.com/oneshelf/oneshelf/events"
)

// Ticker tells in one short line each what happens.
type Ticker struct {
	Store *events.Store
	Out   io.Writer
	// Columns is the width of the terminal, whose last line is written over again and again; 0 writes plain lines below each other.
	Columns int
	// Quiet is the shortest time between two lines about quantities; 2 s by default. Orders are told five times as often at most.
	Quiet time.Duration

	last map[events.Type]time.Time
	told commerce.UUID // the timeline's entry told last
}

// Run follows the log from now on until ctx ends, with the eyes of ctx's viewer. What comes too fast is left out. It answers what
// stopped it: ctx's error, or that of reading or writing.
func (t *Ticker) Run(ctx context.Context) error {
	if t.Quiet <= 0 {
		t.Quiet = 2 * time.Second
	}
	head, err := t.Store.Head(ctx)
	if err != nil {
		return err
	}
	return t.Store.Stream(ctx, events.Query{After: head, Types: []events.Type{events.OrderChanged, events.ListingChanged}},
		func(e *ent.Event) error { return t.hear(ctx, e) })
}

func (t *Ticker) hear(ctx context.Context, e *ent.Event) error {
	kind, gap := events.Type(e.Type), t.Quiet
	if kind == events.OrderChanged {
		gap /= 5
	}
	now := t.Store.Now()
	if now.Sub(t.last[kind]) < gap {
		return nil
	}
	var line string
	var err error
	switch kind {
	case events.OrderChanged:
		line, err = t.order(ctx, e.AggregateID)
	case events.ListingChanged:
		line, err = t.listing(ctx, e.AggregateID)
	}
	if ent.IsNotFound(err) {
		return nil
	}
	if err != nil || line == "" {
		return err
	}
	if t.last == nil {
		t.last = map[events.Type]time.Time{}
	}
	t.last[kind] = now
	return t.write(now.Local().Format(time.TimeOnly) + "  " + line)
}

// deeds are the timeline's entries worth a line.
var deeds = map[string]string{
	"PLACED": "placed", "PAYMENT_RECORDED": "paid", "SHIPPED": "shipped", "CANCELED": "canceled", "WORK_ACCEPTED": "being packed",
	"CANCEL_REQUESTED": "asked to cancel",
}

// order tells the newest entry of an order's timeline, once; not that it is complete, but what made it so.
func (t *Ticker) order(ctx context.Context, id commerce.UUID) (string, error) {
	entry, err := t.Store.Ent.OrderEntry.Query().Where(orderentry.OrderID(id), orderentry.KindNEQ("COMPLETED")).Order(ent.Desc(orderentry.FieldID)).First(ctx)
	if err != nil {
		return "", err
	}
	deed := deeds[entry.Kind]
	if deed == "" || entry.ID == t.told {
		return "", nil
	}
	o, err := t.Store.Ent.Order.Query().Where(order.ID(id)).WithChannel().Only(ctx)
	if err != nil {
		return "", err
	}
	t.told = entry.ID
	line := fmt.Sprintf("%s  order %s %s, %s", o.Edges.Channel.Code, o.Number, deed, commerce.Money{Amount: o.Total, Currency: o.Currency})
	if entry.Kind == "SHIPPED" {
		line += ", " + entry.Note
	}
	if entry.Kind == "PLACED" && o.HoldReason != "" {
		line += " (" + strings.ToLower(strings.ReplaceAll(o.HoldReason, "_", " ")) + ")"
	}
	return line, nil
}

// listing tells what each marketplace shows of a variant that one of them was just told about.
func (t *Ticker) listing(ctx context.Context, id commerce.UUID) (string, error) {
	changed, err := t.Store.Ent.Listing.Query().Where(listing.ID(id)).WithVariant().Only(ctx)
	if err != nil {
		return "", err
	}
	shown, err := t.Store.Ent.Listing.Query().Where(
		listing.VariantID(changed.VariantID), listing.State(channels.Live), listing.PublishedQuantityNotNil(),
		listing.HasChannelWith(channel.KindNEQ(channels.Storefront)),
	).WithChannel().Order(listing.ByID()).All(ctx)
	if err != nil || len(shown) == 0 {
		return "", err
	}
	parts := make([]string, len(shown))
	for i, l := range shown {
		parts[i] = fmt.Sprintf("%s %d", l.Edges.Channel.Code, *l.PublishedQuantity)
	}
	return changed.Edges.Variant.Sku + " shown as " + strings.Join(parts, ", "), nil
}

// write puts a line out: over the one before on a terminal, below it elsewhere.
func (t *Ticker) write(line string) error {
	if t.Columns <= 0 {
		_, err := fmt.Fprintln(t.Out, line)
		return err
	}
	_, err := io.WriteString(t.Out, "\r\x1b[K"+fit(line, t.Columns-1))
	return err
}

// fit cuts a text to so many columns; wide characters take two.
func fit(s string, columns int) string {
	used := 0
	for i, c := range s {
		wide := 1
		if k := width.LookupRune(c).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			wide = 2
		}
		if used += wide; used > columns {
			return s[:i]
		}
	}
	return s
}
