package orders

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

const (
	// atOnce is how many orders share a transaction at most.
	atOnce = 64
	// inLine is how many orders may wait at one desk; more are turned away at once, for they would wait too long.
	inLine = 5_000
	// gathering bounds how long the next transaction waits, after one that several shared, for as many to come again.
	gathering = 8 * time.Millisecond
	// deskTime is how long a transaction may take, whatever becomes of those who wait for it.
	deskTime = 20 * time.Second
	// ownTime is how long each may take that is tried by itself after that, while the others wait: by itself it is a matter of milliseconds.
	ownTime = 5 * time.Second
)

// placing is an orderPlace that waits for its turn.
type placing struct {
	caller  events.Caller
	viewer  *auth.Viewer
	in      PlaceInput
	member  *ent.Member
	command Command
	wrong   fields

	verdict events.Verdict[Placed]
	done    chan struct{} // closed when verdict is told
}

// desk lets calls that come at the same time share a transaction. While one transaction runs, those that come gather for the next;
// after one that several shared, the next waits a little for as many. Who comes alone never waits. Its zero value is ready.
type desk struct {
	mu    sync.Mutex
	lines map[string]*waiting

	most, own time.Duration // deskTime and ownTime when 0
}

// waiting are those who see the same and can share a transaction.
type waiting struct {
	all     []*placing
	serving bool
	came    chan struct{} // receives when somebody has come
}

// place waits in line and answers the verdict. A caller that goes away leaves its order to be placed all the same.
func (d *desk) place(ctx context.Context, s *Service, p *placing) (Placed, bool, error) {
	key := sees(p.viewer)
	d.mu.Lock()
	if d.lines == nil {
		d.lines = map[string]*waiting{}
	}
	w := d.lines[key]
	if w == nil {
		w = &waiting{came: make(chan struct{}, 1)}
		d.lines[key] = w
	}
	if len(w.all) >= inLine {
		d.mu.Unlock()
		return Placed{}, false, commerce.Errorf(commerce.RateLimited, "too many orders wait to be placed; try again in a second")
	}
	w.all = append(w.all, p)
	if !w.serving {
		w.serving = true
		go d.serve(context.WithoutCancel(ctx), s, key, w)
	}
	d.mu.Unlock()
	select {
	case w.came <- struct{}{}:
	default:
	}
	select {
	case <-p.done:
		return p.verdict.Answer, p.verdict.Replayed, p.verdict.Err
	case <-ctx.Done():
		return Placed{}, false, ctx.Err()
	}
}

// sees tells apart viewers that do not see the same.
func sees(v *auth.Viewer) string {
	return fmt.Sprint(v.Brand, v.Channels == nil, v.Channels, v.Locations == nil, v.Locations)
}

// serve places those in line until nobody is.
func (d *desk) serve(ctx context.Context, s *Service, key string, w *waiting) {
	for {
		d.mu.Lock()
		next := w.take()
		if len(next) == 0 {
			delete(d.lines, key)
			d.mu.Unlock()
			return
		}
		d.mu.Unlock()
		began := time.Now()
		s.placeTogether(ctx, next)
		if len(next) > 1 {
			d.gather(w, len(next), min(time.Since(began), gathering))
		}
	}
}

// gather waits until as many are in line as shared the last transaction, at most as long as it took: those who were just told their
// verdicts come again together, and the first of them alone would make all others wait for a whole transaction.
func (d *desk) gather(w *waiting, many int, most time.Duration) {
	moment := time.NewTimer(most)
	defer moment.Stop()
	for {
		d.mu.Lock()
		enough := len(w.all) >= many
		d.mu.Unlock()
		if enough {
			return
		}
		select {
		case <-w.came:
		case <-moment.C:
			return
		}
	}
}

// names are what no two orders of a transaction may have: the second is to find what the first has done.
func (p *placing) names() []any {
	type key struct{ caller, key string }
	out := []any{key{p.viewer.Subject, p.caller.Key}}
	if p.in.External != nil {
		out = append(out, *p.in.External)
	}
	return out
}

// take takes those who are next: as many as share a transaction, leaving out who has a name that another has, and whoever takes a
// reservation alone.
func (w *waiting) take() []*placing {
	taken := map[any]bool{}
	var next, rest []*placing
	for _, p := range w.all {
		full := len(next) == atOnce || (len(next) > 0 && (p.in.Reservation != nil || next[0].in.Reservation != nil))
		if full || slices.ContainsFunc(p.names(), func(n any) bool { return taken[n] }) {
			rest = append(rest, p)
			continue
		}
		for _, n := range p.names() {
			taken[n] = true
		}
		next = append(next, p)
	}
	w.all = rest
	return next
}

// placeTogether places orders in one transaction and tells each its verdict. When something goes wrong that is nobody's verdict, as a
// key that another process has bound meanwhile, a panic or a wait that took all its time, each is tried by itself.
func (s *Service) placeTogether(ctx context.Context, all []*placing) {
	most := cmp.Or(s.desk.most, deskTime)
	if len(all) > 1 {
		if s.try(ctx, most, all) == nil {
			for _, p := range all {
				close(p.done)
			}
			return
		}
		most = cmp.Or(s.desk.own, ownTime)
	}
	for _, p := range all {
		s.placeAlone(ctx, most, p)
		close(p.done)
	}
}

// placeAlone places one order. A broken unique constraint means that its key or its number was taken meanwhile: the next try finds it.
func (s *Service) placeAlone(ctx context.Context, most time.Duration, p *placing) {
	for range 3 {
		err := s.try(ctx, most, []*placing{p})
		if err == nil {
			return
		}
		p.verdict = events.Verdict[Placed]{Err: err}
		if !db.IsUnique(err) {
			return
		}
	}
}

// try is placeAll, with the eyes of the first, for so long at most: one whose time was up may come again, and is told so. What a request
// may not do, no request may do to the others: a panic is an error of this try. Its text may quote what a log may not have.
func (s *Service) try(ctx context.Context, most time.Duration, all []*placing) (err error) {
	ctx, cancel := context.WithTimeout(auth.With(ctx, all[0].viewer), most)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			what := fmt.Sprintf("%T", r)
			if e, ok := r.(runtime.Error); ok {
				what = e.Error()
			}
			s.Store.Log.Error("placing orders panicked", "orders", len(all), "panic", what, "stack", string(debug.Stack()))
			err = errors.New("placing orders panicked: " + what)
		}
	}()
	err = s.placeAll(ctx, all)
	if err != nil && ctx.Err() != nil {
		err = &commerce.Error{Code: commerce.Conflict, Message: "many change the same at once; try again", Retryable: true, Err: err}
	}
	return err
}

// placeAll runs the transaction. Its error is nobody's verdict.
func (s *Service) placeAll(ctx context.Context, all []*placing) error {
	callers := make([]events.Caller, len(all))
	for i, p := range all {
		callers[i] = p.caller
		p.command, p.wrong = Command{}, fields{}
	}
	if err := s.resolve(ctx, all); err != nil {
		return err
	}
	verdicts, err := events.OnceTogether(ctx, s.Store, callers, func(tx *events.Tx, fresh []int) ([]events.Verdict[Placed], error) {
		return placeFresh(ctx, tx, all, fresh)
	})
	if e, ok := errors.AsType[*commerce.Error](err); ok && len(all) == 1 {
		all[0].verdict, err = events.Verdict[Placed]{Err: e}, nil
		return err
	}
	if err != nil {
		return err
	}
	for i, p := range all {
		p.verdict = verdicts[i]
	}
	return nil
}

// placeFresh places those whose keys are free.
func placeFresh(ctx context.Context, tx *events.Tx, all []*placing, fresh []int) ([]events.Verdict[Placed], error) {
	verdicts := make([]events.Verdict[Placed], len(fresh))
	taken, err := takenRefs(ctx, tx, all, fresh)
	if err != nil {
		return nil, err
	}
	var commands []Command
	var of []int
	for n, i := range fresh {
		p := all[i]
		if verdicts[n].Err = p.err(); verdicts[n].Err != nil {
			continue
		}
		if x := p.command.External; x != nil {
			if existing, ok := taken[externalAt{p.command.Channel.ID, *x}]; ok {
				verdicts[n].Err = alreadyThere(existing)
				continue
			}
		}
		commands, of = append(commands, p.command), append(of, n)
	}
	if len(commands) == 0 {
		return verdicts, nil
	}
	outcomes, err := place(ctx, tx, commands)
	if err != nil {
		return nil, err
	}
	for c, o := range outcomes {
		verdicts[of[c]] = events.Verdict[Placed]{Answer: Placed{o.Order, o.Number}, Err: o.Err}
	}
	return verdicts, nil
}

// externalAt is a name that a channel gave.
type externalAt struct {
	channel commerce.UUID
	name    commerce.Reference
}

// takenRefs finds the orders that have the external references already.
func takenRefs(ctx context.Context, tx *events.Tx, all []*placing, fresh []int) (map[externalAt]commerce.UUID, error) {
	out := map[externalAt]commerce.UUID{}
	var values []string
	for _, i := range fresh {
		if x := all[i].in.External; x != nil {
			values = append(values, x.Value)
		}
	}
	if len(values) == 0 {
		return out, nil
	}
	which, args := db.Any(tx.Conn, "external_value", values)
	rows, err := tx.Query(ctx, "SELECT id, channel_id, external_system, external_value FROM orders WHERE brand_id = ? AND "+which,
		append([]any{tx.Viewer.Brand}, args...)...)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var at externalAt
		var id commerce.UUID
		err := r.Scan(&id, &at.channel, &at.name.System, &at.name.Value)
		out[at] = id
		return struct{}{}, err
	})
	return out, err
}

func alreadyThere(order commerce.UUID) error {
	return &commerce.Error{
		Code: commerce.AlreadyExists, Message: "this channel has an order of this reference", Field: []string{"externalRef"},
		Details: commerce.Existing{ID: commerce.ID{Kind: commerce.OrderID, UUID: order}},
	}
}
