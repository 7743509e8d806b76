package orders

import (
	"context"
	"time"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/events"
)

// PlaceTogether places orders as if they had come at the same time, within these times for all of them and for each by itself.
func (s *Service) PlaceTogether(ctx context.Context, most, own time.Duration, in ...PlaceInput) []events.Verdict[Placed] {
	s.desk.most, s.desk.own = most, own
	all := make([]*placing, len(in))
	for i := range in {
		v := auth.From(ctx)
		all[i] = &placing{in: in[i], viewer: v, done: make(chan struct{}),
			caller: events.Caller{Call: events.Call{Operation: "orderPlace", Key: in[i].Key, Input: in[i]}, Viewer: v}}
	}
	s.placeTogether(ctx, all)
	out := make([]events.Verdict[Placed], len(all))
	for i, p := range all {
		<-p.done
		out[i] = p.verdict
	}
	return out
}
