package channels

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/internal/db"
)

// How the work on a channel is timed.
const (
	// callTimeout bounds one request to a marketplace.
	callTimeout = 20 * time.Second
	// lease is how long a channel is one process's own after the process was last seen; renewal is how often it says so.
	lease   = 6 * time.Second
	renewal = 2 * time.Second
	// pollEvery is how often a marketplace is asked for changed orders. Orders become visible later than they say they were changed:
	// overlap is how far back each time, sweepOverlap with every sweep, since some marketplaces take a call for every order.
	pollEvery    = 2 * time.Second
	overlap      = 10 * time.Second
	sweepOverlap = 90 * time.Second
	// deepOverlap is how far back now and then, at most every deepEvery: our clock may be ahead of the marketplace's by as much as its
	// gateway bears, which is 10 minutes at most, and what changes by its clock then lies that far behind the mark.
	deepOverlap = 15 * time.Minute
	deepEvery   = time.Minute
	// askedOverlap is how far back when somebody asks for orders: further than any clock is wrong that a gateway bears.
	askedOverlap = 6 * time.Hour
	// backfill is how far back a new channel's orders are read.
	backfill = 24 * time.Hour
	// blindAfter is how long reading orders may fail before no quantity is raised any more.
	blindAfter = 5 * pollEvery
	// sweepEvery is how often every desired quantity and every held order is looked at, whatever events said.
	sweepEvery = 15 * time.Second
	// heldAtOnce is how many held orders a sweep tries again.
	heldAtOnce = 200
	// longestRest bounds how long a shop is left alone because its marketplace asks for it: settings may change meanwhile.
	longestRest = time.Minute
)

// Task is a channel that background work may be done on.
type Task struct {
	Brand, Channel commerce.UUID
	Currency       commerce.Currency // of the brand
	Code           string
	Own            bool // it is a shop of the brand's own, which needs nothing but to be swept
}

// Tasks lists every active channel, of every brand.
func (s *Service) Tasks(ctx context.Context) ([]Task, error) {
	rows, err := s.Store.DB.Read().Query(ctx, "SELECT c.brand_id, c.id, b.currency, c.code, c.kind = ? FROM channels c JOIN brands b ON b.id = c.brand_id WHERE c.state = ?",
		Storefront, Active)
	return db.Collect(rows, err, func(r *sql.Rows) (t Task, err error) {
		return t, r.Scan(&t.Brand, &t.Channel, &t.Currency, &t.Code, &t.Own)
	})
}

// system is the context in which work on a task is done.
func (s *Service) system(ctx context.Context, t Task) context.Context {
	return auth.With(ctx, auth.System(t.Brand, t.Currency, "channel:"+t.Code))
}

// Work keeps one channel as it should be until ctx ends or the channel is not active any more: listings and quantities are told,
// the outbox is emptied, jobs are done, orders are read. Another process may hold the lease; then it waits for its turn. wake tells
// that there may be something to do; without it the work looks now and then on its own. Everything it does may be repeated.
func (s *Service) Work(ctx context.Context, t Task, wake <-chan struct{}) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var polled, swept, rested time.Time
	for {
		now := time.Now()
		sweep, poll := now.Sub(swept) >= sweepEvery, now.Sub(polled) >= pollEvery
		if !now.Before(rested) && (sweep || !t.Own) {
			done, err := s.Turn(ctx, t, sweep, poll)
			if err != nil { // stopped in the middle, perhaps with the lease just taken
				return errors.Join(err, s.LetGo(context.WithoutCancel(ctx), t))
			}
			if done.Inactive {
				return s.LetGo(ctx, t)
			}
			if done.Held && sweep {
				swept = now
			}
			if done.Held && poll {
				polled = now
			}
			rested = time.Now().Add(done.Rest)
		}
		select {
		case <-ctx.Done():
			return s.LetGo(context.WithoutCancel(ctx), t)
		case <-wake:
		case <-tick.C:
		}
	}
}

// Turn is what came of one try to work on a channel.
type Turn struct {
	Held     bool          // the lease is this process's, and the work was done as far as the marketplace let it
	Inactive bool          // the channel is not to be worked on
	Rest     time.Duration // the marketplace asks not to be called for so long
}

// Turn works on a channel once if the lease can be had: sweep looks at every listing and held order whatever events said, poll reads
// orders. What goes wrong with the marketplace is noted on the channel; errors are ours.
func (s *Service) Turn(ctx context.Context, t Task, sweep, poll bool) (Turn, error) {
	ctx = s.system(ctx, t)
	held, err := s.lease(ctx, t)
	if err != nil || !held {
		return Turn{}, err
	}
	c, err := s.Store.Ent.Channel.Get(ctx, t.Channel)
	if err != nil {
		return Turn{}, err
	}
	if c.State != Active {
		return Turn{Inactive: true}, nil
	}
	out := Turn{Held: true}
	if c.Kind == Storefront {
		if !sweep {
			return out, nil
		}
		ctx, stop := s.renewing(ctx, t)
		defer stop()
		if err := s.sweepOwn(ctx, c); err != nil && !errors.Is(err, context.Canceled) {
			return Turn{}, err
		}
		return out, nil
	}
	if err := s.round(ctx, t, c, sweep, poll); err != nil && !errors.Is(err, context.Canceled) { // stopped, or the lease was lost
		worst := gravest(err)
		s.failed(ctx, t, c, worst)
		if worst.Kind == integrations.Limited {
			out.Rest = min(worst.RetryAfter, longestRest)
		}
	}
	return out, nil
}

// round does everything there is to do on a channel once, renewing the lease meanwhile. Each kind of work is tried even when the
// one before failed; the first error is answered.
func (s *Service) round(ctx context.Context, t Task, c *ent.Channel, sweep, poll bool) error {
	ctx, stop := s.renewing(ctx, t)
	defer stop()
	shop, adapter, err := s.open(c)
	if err != nil {
		return err
	}
	var errs []error
	if sweep {
		errs = append(errs, s.sweep(ctx, c), s.replayHeld(ctx, c), s.readAgain(ctx, c, shop, s.Store.Instant().Add(-readAgainFor)))
	}
	if poll { // before quantities are told: an order not yet known here still counts as on the shelf
		if err := s.poll(ctx, c, shop, s.reach(c, sweep)); err != nil {
			errs = append(errs, err)
		} else if err := s.succeeded(ctx, c); err != nil {
			errs = append(errs, err)
		}
	}
	m := s.recall(c.ID)
	m.blind = s.Store.Now().Sub(max(c.LastSuccessAt, m.read).Time()).Abs() > blindAfter
	errs = append(errs, s.settleListings(ctx, c, shop), s.emptyOutbox(ctx, c, shop, adapter.Parts), s.doJobs(ctx, c, shop))
	return errors.Join(errs...)
}

// reach is how far back orders are read this time.
func (s *Service) reach(c *ent.Channel, sweep bool) time.Duration {
	if !sweep {
		return overlap
	}
	m, now := s.recall(c.ID), s.Store.Instant()
	if now.Time().Sub(m.deep.Time()).Abs() < deepEvery {
		return sweepOverlap
	}
	m.deep = now
	return deepOverlap
}

// lease takes or renews this process's lease on a channel.
func (s *Service) lease(ctx context.Context, t Task) (bool, error) {
	now := s.Store.Instant()
	n, err := s.Store.DB.Write().Exec(ctx, "UPDATE channels SET lease_holder = ?, lease_until = ? WHERE brand_id = ? AND id = ? AND (lease_holder = ? OR lease_until <= ?)",
		s.Holder, now.Add(lease), t.Brand, t.Channel, s.Holder, now)
	return n == 1, err
}

// LetGo gives up the lease, so that another process need not wait for its end.
func (s *Service) LetGo(ctx context.Context, t Task) error {
	ctx, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	_, err := s.Store.DB.Write().Exec(ctx, "UPDATE channels SET lease_until = 0 WHERE brand_id = ? AND id = ? AND lease_holder = ?", t.Brand, t.Channel, s.Holder)
	return err
}

// renewing gives a context that ends when the lease could not be renewed, and renews it until stop is called.
func (s *Service) renewing(ctx context.Context, t Task) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(renewal)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if held, err := s.lease(ctx, t); err != nil || !held {
				cancel()
				return
			}
		}
	}()
	return ctx, func() { cancel(); <-done }
}

// succeeded notes that the marketplace answered.
func (s *Service) succeeded(ctx context.Context, c *ent.Channel) error {
	c.LastSuccessAt = s.Store.Instant()
	_, err := s.Store.DB.Write().Exec(ctx, "UPDATE channels SET last_success_at = ?, last_error_code = '', last_error_message = '' WHERE brand_id = ? AND id = ?",
		c.LastSuccessAt, c.BrandID, c.ID)
	return err
}

// gravest is the one of several errors that says most about the shop: that only a person can mend it, else that it wants to be left alone.
func gravest(err error) *integrations.Error {
	many, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return integrations.AsError(err)
	}
	var worst *integrations.Error
	for _, one := range many.Unwrap() {
		if e := gravest(one); worst == nil || gravity(e) > gravity(worst) {
			worst = e
		}
	}
	return worst
}

func gravity(e *integrations.Error) int {
	switch {
	case broken(e):
		return 2
	case e.Kind == integrations.Limited:
		return 1
	}
	return 0
}

// broken tells whether an error is one that only a person can mend.
func broken(e *integrations.Error) bool {
	return e.Kind == integrations.Unauthorized || e.Kind == integrations.Misconfigured
}

// failed notes what went wrong. What only a person can mend takes the channel out of work until it is connected anew.
func (s *Service) failed(ctx context.Context, t Task, c *ent.Channel, e *integrations.Error) {
	state := c.State
	if broken(e) {
		state = Broken
	}
	s.Log.Warn("work on a channel failed", "channel", t.Code, "kind", e.Kind, "code", e.Code, "error", e)
	if _, err := s.Store.DB.Write().Exec(ctx, "UPDATE channels SET state = ?, last_error_code = ?, last_error_message = ? WHERE brand_id = ? AND id = ? AND state = ?",
		state, codeOf(e), e.Message, c.BrandID, c.ID, c.State); err != nil && ctx.Err() == nil {
		s.Log.Error("noting a channel's fault failed", "channel", t.Code, "error", err)
	}
}

func codeOf(e *integrations.Error) string {
	if e.Code != "" {
		return e.Code
	}
	return string(e.Kind)
}

// backoff is how long to wait before the nth try.
func backoff(n int, e *integrations.Error) time.Duration {
	d := growing(n)
	return max(d/2+rand.N(d), e.RetryAfter)
}

// growing is a pause that doubles with each try, up to a bound.
func growing(n int) time.Duration { return min(time.Second<<min(n, 10), 10*time.Minute) }
