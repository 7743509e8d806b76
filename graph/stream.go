package graph

import (
	"context"
	"slices"
	"sync"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/graph/model"
)

// Resumption ties a stream to a transport that resumes by itself: it may say where the stream goes on, and is told the cursor of each
// event in the order in which answers are made of them.
type Resumption struct {
	After string // "" leaves it to the request

	mu      sync.Mutex
	cursors []string
}

type resumptionKey struct{}

// WithResumption returns a context whose stream is tied to r.
func WithResumption(ctx context.Context, r *Resumption) context.Context {
	return context.WithValue(ctx, resumptionKey{}, r)
}

// Next is the cursor of the next answer, "" when it is of no event.
func (r *Resumption) Next() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.cursors) == 0 {
		return ""
	}
	c := r.cursors[0]
	r.cursors = r.cursors[1:]
	return c
}

func (r *Resumption) told(cursor string) {
	if r != nil {
		r.mu.Lock()
		r.cursors = append(r.cursors, cursor)
		r.mu.Unlock()
	}
}

// stream follows the log from after on, or from now, until ctx ends. The channel holds nothing: a slow reader holds up itself alone.
// wanted chooses among the events of the types, nil takes all.
func stream[E model.Event](ctx context.Context, r *Resolver, after *string, types []events.Type, wanted func(*ent.Event) (bool, error)) (<-chan E, error) {
	tied, _ := ctx.Value(resumptionKey{}).(*Resumption)
	if tied != nil && tied.After != "" {
		after = &tied.After
	}
	q := events.Query{Types: types}
	var err error
	if after != nil {
		q.After, err = r.place(ctx, *after)
	} else {
		q.After, err = r.Store.Head(ctx)
	}
	if err != nil {
		return nil, err
	}
	s := selected(ctx)
	out := make(chan E)
	go func() {
		defer close(out)
		err := r.Store.Stream(ctx, q, func(e *ent.Event) error {
			if wanted != nil {
				if ok, err := wanted(e); err != nil || !ok {
					return err
				}
			}
			models, err := r.eventModels(ctx, []*ent.Event{e}, s)
			if err != nil {
				return err
			}
			one, ok := models[0].(E)
			if !ok {
				return nil
			}
			tied.told(r.cursorOf(ctx, *e.Seq))
			select {
			case out <- one:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if err != nil && ctx.Err() == nil {
			r.Store.Log.Error("a stream broke off", "error", err)
		}
	}()
	return out, nil
}

// ofStock chooses changes of some variants at some locations. What is named but does not exist for the viewer chooses nothing.
func (r *Resolver) ofStock(ctx context.Context, variants []*model.VariantRef, locations []*model.LocationRef) (func(*ent.Event) (bool, error), error) {
	vs, err := refs(variants, variantRef)
	if err != nil {
		return nil, err
	}
	ls, err := refs(locations, locationRef)
	if err != nil {
		return nil, err
	}
	foundVariants, err := catalog.FindVariants(ctx, r.Store.Ent, vs)
	if err != nil {
		return nil, err
	}
	foundLocations, err := stock.FindLocations(ctx, r.Store.Ent, ls)
	if err != nil {
		return nil, err
	}
	return func(e *ent.Event) (bool, error) {
		if locations != nil && !slices.ContainsFunc(foundLocations, func(l *ent.Location) bool { return l != nil && e.LocationID != nil && l.ID == *e.LocationID }) {
			return false, nil
		}
		if variants == nil {
			return true, nil
		}
		data, err := stockData(e)
		return slices.ContainsFunc(foundVariants, func(v *ent.Variant) bool { return v != nil && v.ID == data.Variant }), err
	}, nil
}

// ofChannels chooses changes of orders of some channels.
func (r *Resolver) ofChannels(ctx context.Context, named []*model.ChannelRef) (func(*ent.Event) (bool, error), error) {
	if named == nil {
		return nil, nil
	}
	asked, err := refs(named, channelRef)
	if err != nil {
		return nil, err
	}
	found, err := channels.Find(ctx, r.Store.Ent, asked)
	if err != nil {
		return nil, err
	}
	var ids []commerce.UUID
	for _, c := range found {
		if c != nil {
			ids = append(ids, c.ID)
		}
	}
	return func(e *ent.Event) (bool, error) { return e.ChannelID != nil && slices.Contains(ids, *e.ChannelID), nil }, nil
}
