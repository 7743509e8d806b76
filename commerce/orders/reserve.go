package orders

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/members"
	"github.com/oneshelf/oneshelf/commerce/routing"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// maxTTL is for how many seconds stock may be kept: a day.
const maxTTL = 86_400

// ReserveInput is stock to be kept for a while.
type ReserveInput struct {
	Key       string `json:"-"`
	Lines     []ReserveLine
	TTL       int // seconds
	Member    *commerce.MemberRef
	Reference commerce.Reference
}

// ReserveLine is so many of a variant to be kept, at a location or wherever routing finds them.
type ReserveLine struct {
	Variant  commerce.VariantRef
	Quantity int64
	Location *commerce.LocationRef
}

// Reserve keeps stock until somebody orders or releases it, or its time is over, and answers the reservation's id. A line that names
// a location gets it there, whether or not online orders could; for the others routing chooses, all of them together.
// Errors: FORBIDDEN without stock:write; NOT_FOUND; INVALID_INPUT; LIMIT_EXCEEDED beyond the service's Caps; INSUFFICIENT_STOCK with
// what is available.
func (s *Service) Reserve(ctx context.Context, in ReserveInput) (commerce.UUID, bool, error) {
	if err := auth.Need(ctx, auth.StockWrite); err != nil {
		return commerce.UUID{}, false, err
	}
	if err := in.clean(); err != nil {
		return commerce.UUID{}, false, err
	}
	end, err := s.turn(ctx, in.Member)
	if err != nil {
		return commerce.UUID{}, false, err
	}
	defer end()
	return events.Once(ctx, s.Store, events.Call{Operation: "stockReserve", Key: in.Key, Input: in}, func(tx *events.Tx) (commerce.UUID, error) {
		member, wishes, err := in.resolve(ctx, tx)
		if err != nil {
			return commerce.UUID{}, err
		}
		if err := s.Caps.cap(ctx, tx, member, wishes); err != nil {
			return commerce.UUID{}, err
		}
		shares, err := reservePlaces(ctx, tx, wishes)
		if err != nil {
			return commerce.UUID{}, err
		}
		return writeReservation(ctx, tx, in, member, wishes, shares)
	})
}

func (in *ReserveInput) clean() error {
	var errs fields
	if len(in.Lines) == 0 || len(in.Lines) > maxLines {
		errs.Invalid([]string{"lines"}, "a reservation has 1 to %d lines", maxLines)
	}
	for i, l := range in.Lines {
		errs.Quantity(l.Quantity, 1, "lines", strconv.Itoa(i), "quantity")
	}
	errs.Between(int64(in.TTL), 1, maxTTL, "ttlSeconds")
	in.Reference = errs.ReferenceIfAny(in.Reference, "reference")
	return errs.Err()
}

// resolve looks everything up that the input names.
func (in *ReserveInput) resolve(ctx context.Context, tx *events.Tx) (member *commerce.UUID, wishes []wish, err error) {
	var variants []commerce.VariantRef
	var locations []commerce.LocationRef
	for _, l := range in.Lines {
		variants = append(variants, l.Variant)
		if l.Location != nil {
			locations = append(locations, *l.Location)
		}
	}
	foundVariants, err := catalog.FindVariants(ctx, tx.Ent, variants)
	if err != nil {
		return nil, nil, err
	}
	foundLocations, err := stock.FindLocations(ctx, tx.Ent, locations)
	if err != nil {
		return nil, nil, err
	}
	var errs fields
	if in.Member != nil {
		found, err := members.FindOne(ctx, tx.Ent, *in.Member)
		if err != nil {
			return nil, nil, err
		}
		if found == nil {
			errs.Add(commerce.Errorf(commerce.NotFound, "there is no such member").At("member"))
		} else {
			member = &found.ID
		}
	}
	wishes = make([]wish, len(in.Lines))
	for i, l := range in.Lines {
		w := &wishes[i]
		w.quantity = l.Quantity
		if v := foundVariants[i]; v == nil {
			errs.Add(commerce.Errorf(commerce.NotFound, "there is no such variant").At("lines", strconv.Itoa(i), "variant"))
		} else {
			w.variant, w.sku = v.ID, v.Sku
		}
		if l.Location == nil {
			continue
		}
		at := foundLocations[0]
		foundLocations = foundLocations[1:]
		switch {
		case at == nil:
			errs.Add(commerce.Errorf(commerce.NotFound, "there is no such location").At("lines", strconv.Itoa(i), "location"))
		case !at.Active:
			errs.Invalid([]string{"lines", strconv.Itoa(i), "location"}, "is not active")
		default:
			w.location = &at.ID
		}
	}
	return member, wishes, errs.Err()
}

// reservePlaces finds a place for every wish: the one it names, or what routing chooses for those that name none, from what the others leave.
// The levels are kept from others until the transaction ends. The answer names each variant once at each place.
func reservePlaces(ctx context.Context, tx *events.Tx, wishes []wish) ([]routing.Share, error) {
	var shares []routing.Share
	var open []routing.Line
	named := map[stock.Place]int64{}
	for _, w := range wishes {
		if w.location != nil {
			named[stock.Place{Variant: w.variant, Location: *w.location}] += w.quantity
			shares = addShare(shares, *w.location, w.variant, w.quantity)
			continue
		}
		i := slices.IndexFunc(open, func(l routing.Line) bool { return l.Variant == w.variant })
		if i < 0 {
			i = len(open)
			open = append(open, routing.Line{Variant: w.variant})
		}
		open[i].Quantity += w.quantity
	}
	if len(open) == 0 {
		return shares, nil
	}
	variants := make([]commerce.UUID, len(wishes)) // all of them, since stock.Move takes their levels in one order
	for i, w := range wishes {
		variants[i] = w.variant
	}
	from, err := sources(ctx, tx, variants, true)
	if err != nil {
		return nil, err
	}
	for _, s := range from {
		for v, n := range s.Available {
			s.Available[v] = max(0, n-named[stock.Place{Variant: v, Location: s.Location}])
		}
	}
	policy, err := policyOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	decision := routing.Decide(policy, routing.Request{Lines: open}, from)
	if short := decision.Short; short != nil {
		return nil, notEnoughToKeep(wishes, short.Variant, nil, short.Available)
	}
	for _, p := range decision.Plan {
		shares = addShare(shares, p.Location, p.Variant, p.Quantity)
	}
	return shares, nil
}

func addShare(shares []routing.Share, location, variant commerce.UUID, n int64) []routing.Share {
	for i := range shares {
		if s := &shares[i]; s.Location == location && s.Variant == variant {
			s.Quantity += n
			return shares
		}
	}
	return append(shares, routing.Share{Location: location, Line: routing.Line{Variant: variant, Quantity: n}})
}

// notEnoughToKeep tells the first wish that goes beyond what is available of a variant, at a location or, with nil, wherever it is.
func notEnoughToKeep(wishes []wish, variant commerce.UUID, location *commerce.UUID, available int64) error {
	var sum int64
	at, sku := -1, ""
	for i, w := range wishes {
		if w.variant != variant || (location == nil) != (w.location == nil) || (location != nil && *location != *w.location) {
			continue
		}
		at, sku = i, w.sku
		if sum += w.quantity; sum > available {
			break
		}
	}
	return &commerce.Error{
		Code: commerce.InsufficientStock, Message: "not enough of " + sku + " can be kept", Retryable: true,
		Field: []string{"lines", strconv.Itoa(at), "quantity"}, Details: commerce.Shortage{Available: int(available)},
	}
}

// writeReservation reserves the shares and writes the reservation.
func writeReservation(ctx context.Context, tx *events.Tx, in ReserveInput, member *commerce.UUID, wishes []wish, shares []routing.Share) (commerce.UUID, error) {
	id, brand := commerce.NewUUID(), tx.Viewer.Brand
	movements := make([]stock.Movement, len(shares))
	lines := make([]any, 0, 6*len(shares))
	for i, s := range shares {
		movements[i] = stock.Movement{
			Place: stock.Place{Variant: s.Variant, Location: s.Location}, Kind: stock.Reserve, Reserved: s.Quantity,
			Reason: "reserved", Reference: reservationReference(id),
		}
		lines = append(lines, commerce.NewUUID(), brand, id, s.Variant, s.Location, s.Quantity)
	}
	_, err := stock.Move(ctx, tx, movements)
	if short, ok := errors.AsType[*stock.Shortfall](err); ok { // of a place that a wish named: what routing chose is there
		return id, notEnoughToKeep(wishes, short.Variant, &short.Location, short.Available())
	}
	if err != nil {
		return id, err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO reservations (id, brand_id, state, expires_at, holder, member_id, reference_system, reference_value,
		version, created_at, updated_at) VALUES `+db.Groups(1, 11), id, brand, ReservationActive,
		tx.Now.Add(time.Duration(in.TTL)*time.Second), tx.Viewer.Subject, member, in.Reference.System, in.Reference.Value, 1, tx.Now, tx.Now); err != nil {
		return id, err
	}
	return id, reservationLines.Insert(ctx, tx.Conn, lines)
}

var reservationLines = db.Into("reservation_lines", "id uuid, brand_id uuid, reservation_id uuid, variant_id uuid, location_id uuid, quantity bigint")

// ReleaseReservationInput gives back what was kept.
type ReleaseReservationInput struct {
	Key         string `json:"-"`
	Reservation commerce.UUID
}

// ReleaseReservation gives back what a reservation keeps, before its time is over, and answers its id.
// Errors: FORBIDDEN without stock:write; at reservation NOT_FOUND, ALREADY_USED when an order took it, EXPIRED when its time is over,
// and ILLEGAL_TRANSITION when it was given back before with another key.
func (s *Service) ReleaseReservation(ctx context.Context, in ReleaseReservationInput) (commerce.UUID, bool, error) {
	if err := auth.Need(ctx, auth.StockWrite); err != nil {
		return commerce.UUID{}, false, err
	}
	return events.Once(ctx, s.Store, events.Call{Operation: "stockRelease", Key: in.Key, Input: in}, func(tx *events.Tx) (commerce.UUID, error) {
		lines, stood, err := endReservation(ctx, tx, in.Reservation, ReservationReleased, nil)
		if err == nil {
			err = hadEnded(stood)
		}
		if err == nil {
			_, err = stock.Move(ctx, tx, freedBy(lines, "reservation released"))
		}
		return in.Reservation, err
	})
}
