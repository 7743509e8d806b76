// Package rule keeps every query and mutation inside the viewer's brand and narrowing. It fails closed: without a viewer nothing is
// read and nothing is written. It is the one layer under all of ent's paths; hand-written SQL takes the same conditions from Where.
package rule

import (
	"context"
	"slices"
	"strings"

	"entgo.io/ent"
	"entgo.io/ent/dialect/sql"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
)

// Narrowing says by which of its columns a table follows the viewer's channels and locations.
type Narrowing int

// How tables are narrowed. A row of a kind that is not listed by the contract as narrowed belongs to the whole brand.
const (
	Brandwide     Narrowing = iota
	Location                // the row is a location
	AtLocation              // location_id
	Channel                 // the row is a channel
	OfChannel               // channel_id
	PerhapsOf               // channel_id, which may be null: then the brand's
	Order                   // the row is an order: its channel, and work or pick-up at a location
	OfOrder                 // order_id
	OrderAt                 // order_id and location_id
	Member                  // the row is a member: through a visible order
	OfMember                // member_id
	OfFulfillment           // fulfillment_id
	Event                   // the row is an event: it follows its subject
)

// column writes a column of the table in question.
type column func(name string) string

// Where writes the condition that keeps rows to the viewer, with ? for its arguments; alias is the table's name or alias.
func Where(n Narrowing, v *auth.Viewer, alias string) (string, []any) {
	return where(n, v, func(name string) string { return alias + "." + name })
}

func where(n Narrowing, v *auth.Viewer, col column) (string, []any) {
	c := conditions{v: v}
	c.add(col("brand_id")+" = ?", v.Brand)
	switch n {
	case Location:
		c.in(col("id"), v.Locations)
	case AtLocation:
		c.in(col("location_id"), v.Locations)
	case Channel:
		c.in(col("id"), v.Channels)
	case OfChannel:
		c.in(col("channel_id"), v.Channels)
	case PerhapsOf:
		if v.NarrowedByChannel() {
			inner := conditions{v: v}
			inner.in(col("channel_id"), v.Channels)
			c.add("("+col("channel_id")+" IS NULL OR "+inner.String()+")", inner.args...)
		}
	case Order:
		c.order(col)
	case OfOrder:
		c.ofOrder(col("order_id"))
	case OrderAt:
		c.in(col("location_id"), v.Locations)
		c.ofOrder(col("order_id"))
	case Member:
		c.ofMember(col("id"))
	case OfMember:
		c.ofMember(col("member_id"))
	case OfFulfillment:
		if v.NarrowedByLocation() || v.NarrowedByChannel() {
			text, args := where(OrderAt, v, func(name string) string { return "nf." + name })
			c.add("EXISTS (SELECT 1 FROM fulfillments nf WHERE nf.id = "+col("fulfillment_id")+" AND "+text+")", args...)
		}
	case Event:
		c.event(col)
	}
	return c.String(), c.args
}

type conditions struct {
	v     *auth.Viewer
	texts []string
	args  []any
}

func (c *conditions) String() string { return strings.Join(c.texts, " AND ") }

func (c *conditions) add(text string, args ...any) {
	c.texts = append(c.texts, text)
	c.args = append(c.args, args...)
}

// in keeps col to ids; a nil list does not narrow, an empty one lets nothing through.
func (c *conditions) in(col string, ids []commerce.UUID) {
	if ids == nil {
		return
	}
	if len(ids) == 0 {
		c.add("1 = 0")
		return
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	c.add(col+" IN ("+strings.TrimSuffix(strings.Repeat("?,", len(ids)), ",")+")", args...)
}

// order keeps orders to visible channels and, when narrowed by location, to those with work at a visible location or fetched there: the
// counter also sees an order that has no work yet.
func (c *conditions) order(col column) {
	c.in(col("channel_id"), c.v.Channels)
	if c.v.NarrowedByLocation() {
		work, pickup := conditions{v: c.v}, conditions{v: c.v}
		work.in("nfo.location_id", c.v.Locations)
		pickup.in(col("pickup_location_id"), c.v.Locations)
		c.add("("+pickup.String()+" OR EXISTS (SELECT 1 FROM fulfillment_orders nfo WHERE nfo.brand_id = ? AND nfo.order_id = "+col("id")+" AND "+work.String()+"))",
			slices.Concat(pickup.args, []any{c.v.Brand}, work.args)...)
	}
}

func (c *conditions) ofOrder(order string) {
	if !c.v.NarrowedByLocation() && !c.v.NarrowedByChannel() {
		return
	}
	text, args := where(Order, c.v, func(name string) string { return "no." + name })
	c.add("EXISTS (SELECT 1 FROM orders no WHERE no.id = "+order+" AND "+text+")", args...)
}

func (c *conditions) ofMember(member string) {
	if !c.v.NarrowedByLocation() && !c.v.NarrowedByChannel() {
		return
	}
	text, args := where(Order, c.v, func(name string) string { return "nm." + name })
	c.add("EXISTS (SELECT 1 FROM orders nm WHERE nm.member_id = "+member+" AND "+text+")", args...)
}

// event keeps events to visible subjects: what names a channel or location follows that, orders and members follow visible orders.
func (c *conditions) event(col column) {
	either := func(other string, fill func(*conditions)) {
		inner := conditions{v: c.v}
		fill(&inner)
		c.add("("+other+" OR ("+inner.String()+"))", inner.args...)
	}
	if c.v.NarrowedByChannel() {
		either(col("channel_id")+" IS NULL", func(in *conditions) { in.in(col("channel_id"), c.v.Channels) })
	}
	if c.v.NarrowedByLocation() {
		either(col("location_id")+" IS NULL", func(in *conditions) { in.in(col("location_id"), c.v.Locations) })
		either(col("type")+" <> 'ORDER_CHANGED'", func(in *conditions) { in.ofOrder(col("aggregate_id")) })
	}
	if c.v.NarrowedByChannel() || c.v.NarrowedByLocation() {
		either(col("type")+" <> 'MEMBER_CHANGED'", func(in *conditions) { in.ofMember(col("aggregate_id")) })
	}
}

// viewer is the context's, or the error that closes the door.
func viewer(ctx context.Context) (*auth.Viewer, error) {
	v := auth.From(ctx)
	if v == nil {
		return nil, commerce.Errorf(commerce.Unauthenticated, "no viewer")
	}
	return v, nil
}

// Predicate is the same condition for ent's statements.
func Predicate(n Narrowing, v *auth.Viewer) func(*sql.Selector) {
	return func(s *sql.Selector) {
		text, args := where(n, v, s.C)
		s.Where(sql.P(func(b *sql.Builder) {
			for i, part := range strings.Split(text, "?") {
				if i > 0 {
					b.Arg(args[i-1])
				}
				b.WriteString(part)
			}
		}))
	}
}

// Narrow keeps the queries of a type to the viewer. narrowed adds the predicate to a generated query.
func Narrow(n Narrowing, narrowed func(ent.Query, ...func(*sql.Selector)) error) ent.Interceptor {
	return ent.TraverseFunc(func(ctx context.Context, q ent.Query) error {
		v, err := viewer(ctx)
		if err != nil {
			return err
		}
		return narrowed(q, Predicate(n, v))
	})
}

// Own stamps new rows with the viewer's brand and keeps updates and deletes to the viewer. A row created for a channel or location
// that the viewer does not see is NOT_FOUND, like the channel or location itself.
func Own(n Narrowing) ent.Hook {
	return func(next ent.Mutator) ent.Mutator {
		return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
			v, err := viewer(ctx)
			if err != nil {
				return nil, err
			}
			if m.Op().Is(ent.OpCreate) {
				if err := m.SetField("brand_id", v.Brand); err != nil {
					return nil, err
				}
				if !sees(v, m) {
					return nil, commerce.Errorf(commerce.NotFound, "there is no such place or channel")
				}
			} else {
				m.(interface{ WhereP(...func(*sql.Selector)) }).WhereP(Predicate(n, v))
			}
			return next.Mutate(ctx, m)
		})
	}
}

func sees(v *auth.Viewer, m ent.Mutation) bool {
	if id, ok := value(m, "location_id"); ok && !v.SeesLocation(id) {
		return false
	}
	if id, ok := value(m, "channel_id"); ok && !v.SeesChannel(id) {
		return false
	}
	return true
}

func value(m ent.Mutation, field string) (commerce.UUID, bool) {
	f, ok := m.Field(field)
	if !ok {
		return commerce.UUID{}, false
	}
	switch id := f.(type) {
	case commerce.UUID:
		return id, true
	case *commerce.UUID:
		if id != nil {
			return *id, true
		}
	}
	return commerce.UUID{}, false
}
