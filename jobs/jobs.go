// Package jobs is what is done later: following the log for the marketplaces, keeping each channel as it should be, giving back what
// reservations kept, rerouting what nobody accepted, and sweeping up. What is to be done stands in rows of ours; what runs here only
// wakes up, claims and does it, so a process may die at any moment.
package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/metrics"
)

// The schedule.
const (
	look     = time.Second           // how often everybody looks without being woken
	discover = 2 * time.Second       // how often new channels are looked for
	sweep    = 10 * time.Minute      // how often what has had its time is swept up
	keptKeys = 48 * time.Hour        // idempotency keys; the promise is 24 hours
	retry    = 2 * time.Second       // after a fault of our own
	gather   = 20 * time.Millisecond // what comes together is heard together
	ageing   = 30 * time.Second      // how often counts are judged by their age
	again    = 10 * time.Second      // how often orders are tried again that nobody could give
	audit    = time.Hour             // how often the stock is compared with its ledger, which reads all of both
)

// Runner does background work until it is told to stop.
type Runner struct {
	Store    *events.Store
	Orders   *orders.Service
	Channels *channels.Service
	Log      *slog.Logger
	Metrics  *metrics.Metrics // shows nothing when nil
}

// Run works until ctx ends and then waits for what is in hand.
func (r *Runner) Run(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { r.loop(ctx, "following events", r.hear) })
	all.Go(func() { r.keepChannels(ctx) })
	all.Go(func() { r.every(ctx, look, "giving back what reservations kept", r.expire) })
	all.Go(func() { r.every(ctx, look, "rerouting what nobody accepted", r.reroute) })
	all.Go(func() { r.every(ctx, again, "trying held orders again", r.retryHeld()) })
	all.Go(func() { r.every(ctx, ageing, "judging the age of counts", r.age) })
	all.Go(func() { r.every(ctx, look, "analyzing tables that grew", r.analyze) })
	all.Go(func() { r.every(ctx, sweep, "sweeping", r.sweep) })
	all.Go(func() {
		if sleep(ctx, audit) { // a start has other things to do
			r.every(ctx, audit, "auditing the stock", r.audit)
		}
	})
	all.Wait()
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	if err := r.Store.LetGo(ctx, r.Channels.Holder); err != nil {
		r.Log.Warn("letting go of the log failed", "error", err)
	}
}

// loop runs work again and again: at once while it answers that there is more, else after the next ring or look.
func (r *Runner) loop(ctx context.Context, name string, work func(context.Context) (bool, error)) {
	rings, end := r.Store.Bell().Wait()
	defer end()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		more, err := work(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			r.Log.Error(name+" failed; it is tried again", "error", err)
			if !sleep(ctx, retry) {
				return
			}
			continue
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-rings:
			if !sleep(ctx, gather) {
				return
			}
		case <-tick.C:
		}
	}
}

func (r *Runner) hear(ctx context.Context) (bool, error) {
	n, err := r.Channels.Hear(ctx)
	return n == channels.HeardAtOnce, err
}

// keepChannels runs the work of every channel there is, each by itself: one shop's fault does not delay another's.
func (r *Runner) keepChannels(ctx context.Context) {
	running := map[commerce.UUID]bool{}
	var mu sync.Mutex
	var all sync.WaitGroup
	defer all.Wait()
	r.every(ctx, discover, "looking for channels", func(ctx context.Context) error {
		tasks, err := r.Channels.Tasks(ctx)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for _, t := range tasks {
			if running[t.Channel] {
				continue
			}
			running[t.Channel] = true
			all.Go(func() {
				rings, end := r.Store.Bell().Wait()
				defer end()
				if err := r.Channels.Work(ctx, t, rings); err != nil && ctx.Err() == nil {
					r.Log.Error("work on a channel broke off; it is taken up again", "channel", t.Code, "error", err)
				}
				mu.Lock()
				delete(running, t.Channel)
				mu.Unlock()
			})
		}
		return nil
	})
}

// every runs work now and then on a schedule until ctx ends.
func (r *Runner) every(ctx context.Context, d time.Duration, name string, work func(context.Context) error) {
	for {
		if err := work(ctx); err != nil && ctx.Err() == nil {
			r.Log.Error(name+" failed; it is tried again", "error", err)
		}
		if !sleep(ctx, d) {
			return
		}
	}
}

// expire gives back the stock of reservations whose time is over, until there is none left that it can give back.
func (r *Runner) expire(ctx context.Context) error {
	for {
		if n, err := r.Orders.Expire(ctx); err != nil || n == 0 {
			return err
		}
	}
}

// reroute gives work that nobody accepted in time to others, until there is none left.
func (r *Runner) reroute(ctx context.Context) error {
	for {
		if n, err := r.Orders.TimeOut(ctx); err != nil || n == 0 {
			return err
		}
	}
}

// retryHeld tries orders again that are held for want of stock, one round at a time.
func (r *Runner) retryHeld() func(context.Context) error {
	retrier := &orders.Retrier{Orders: r.Orders}
	return func(ctx context.Context) error {
		_, err := retrier.Round(ctx)
		return err
	}
}

// age marks stock whose count has become too old.
func (r *Runner) age(ctx context.Context) error {
	_, err := (&stock.Service{Store: r.Store}).Age(ctx)
	return err
}

// analyze keeps the database's plans good while tables grow.
func (r *Runner) analyze(ctx context.Context) error {
	_, err := r.Store.DB.Analyze(ctx)
	return err
}

// sweep drops idempotency keys that have had their time.
func (r *Runner) sweep(ctx context.Context) error {
	_, err := r.Store.DB.Write().Exec(ctx, "DELETE FROM idempotency_keys WHERE created_at < ?", r.Store.Instant().Add(-keptKeys))
	return err
}

// audit compares the stock with its ledger and tells what it found; in-stock flags that a race made wrong are set.
func (r *Runner) audit(ctx context.Context) error {
	a, err := stock.Audit(ctx, r.Store.DB, 1)
	if err != nil {
		return err
	}
	r.Metrics.Audited(a.Levels, a.Different, time.Now())
	if a.Different > 0 {
		r.Log.Error("stock levels are not what stands behind them: see oneshelf audit", "levels", a.Levels, "different", a.Different)
	}
	set, err := (&stock.Service{Store: r.Store}).RefreshFlags(ctx)
	if set > 0 {
		r.Log.Warn("in-stock flags of products were wrong and are set", "products", set)
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
