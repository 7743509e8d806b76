package graph

import (
	"context"

	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/event"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/graph/model"
	"github.com/oneshelf/oneshelf/internal/keyset"
)

func eventTypes(in []model.EventType) []events.Type {
	return each(in, func(t model.EventType) events.Type { return events.Type(t) })
}

// ofNone tells whether a request names no type at all: as in any filter an absent list keeps everything, an empty one nothing.
func ofNone(types []model.EventType) bool { return types != nil && len(types) == 0 }

// notOne chooses nothing.
func notOne(*ent.Event) (bool, error) { return false, nil }

// eventConnection is the pull feed: without after it begins at the oldest event kept, and an empty page repeats after.
func (r *Resolver) eventConnection(ctx context.Context, first *int, after *string, types []model.EventType) (*model.EventConnection, error) {
	size := keyset.DefaultSize
	if first != nil {
		size = *first
	}
	if size < 1 || size > keyset.MaxSize {
		return nil, pageError(keyset.ErrSize)
	}
	q := events.Query{Types: eventTypes(types), Limit: size + 1}
	if after != nil {
		var err error
		if q.After, err = r.place(ctx, *after); err != nil {
			return nil, err
		}
	}
	var rows []*ent.Event
	if !ofNone(types) {
		var err error
		if rows, err = r.Store.Read(ctx, q); err != nil {
			return nil, err
		}
	}
	out := &model.EventConnection{Edges: []*model.EventEdge{}, PageInfo: &model.PageInfo{HasNextPage: len(rows) > size, HasPreviousPage: after != nil, EndCursor: after}}
	rows = rows[:min(size, len(rows))]
	s := selected(ctx)
	models, err := r.eventModels(ctx, rows, s.nodes("EventConnection", "EventEdge"))
	if err != nil {
		return nil, err
	}
	for i, e := range rows {
		cursor := r.cursorOf(ctx, *e.Seq)
		out.Edges = append(out.Edges, &model.EventEdge{Cursor: cursor, Node: models[i]})
	}
	if n := len(out.Edges); n > 0 {
		out.PageInfo.StartCursor, out.PageInfo.EndCursor = &out.Edges[0].Cursor, &out.Edges[n-1].Cursor
	}
	if s.has("totalCount", "EventConnection") && !ofNone(types) {
		count := r.Store.Ent.Event.Query().Where(event.SeqNotNil())
		if len(types) > 0 {
			count = count.Where(event.TypeIn(each(types, func(t model.EventType) string { return string(t) })...))
		}
		out.TotalCount, err = count.Count(ctx)
	}
	return out, err
}
