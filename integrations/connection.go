package integrations

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"
)

// Connection is a Shop as the rest of the program uses it: every ability is a method, an ability the shop lacks answers Unsupported,
// requests keep to the adapter's pace, passing faults are tried again, what is read has no NULs, and each call leaves a debug line
// without secrets.
// It may be used by many at once. All errors are *Error, but those of the context and of a yield, which come back unchanged.
type Connection struct {
	shop  Shop
	kind  string
	log   *slog.Logger
	now   func() time.Time
	sleep func(context.Context, time.Duration) error
}

// How a passing fault is tried again: at most tries calls, pauses of full jitter below a doubling bound. A marketplace that asks for
// patience gets it up to shortWait; anything longer is the caller's to schedule.
const (
	tries      = 3
	firstPause = 200 * time.Millisecond
	shortWait  = 5 * time.Second

	shortestWindow = 5 * time.Minute // of orders, when a window is read in parts
)

// Option changes how Connect connects.
type Option func(*Connection)

// Sleep replaces the waiting between tries and before requests, for tests that take no time. It must return ctx's error when ctx ends.
func Sleep(f func(ctx context.Context, d time.Duration) error) Option {
	return func(c *Connection) { c.sleep = f }
}

// Connect opens a shop after checking the settings. It sends nothing. A setting that is missing or unknown is a Misconfigured error.
func Connect(a Adapter, cfg Config, opts ...Option) (*Connection, error) {
	if err := a.Check(cfg.Settings); err != nil {
		return nil, &Error{Kind: Misconfigured, Code: "SETTINGS", Message: err.Error()}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{}
	}
	// Pauses and paces go by the machine's own clock: cfg.Now is for what is told to the marketplace.
	c := &Connection{kind: a.Kind, log: cfg.Log, now: time.Now, sleep: sleep}
	for _, o := range opts {
		o(c)
	}
	cfg.HTTP = paced(cfg.HTTP, a.Pace, c.now, c.sleep)
	shop, err := a.Open(cfg)
	if err != nil {
		return nil, err
	}
	c.shop = shop
	return c, nil
}

// Abilities lists what the shop can do.
func (c *Connection) Abilities() []Ability { return Abilities(c.shop) }

// Close closes the shop.
func (c *Connection) Close() error { return c.shop.Close() }

// Orders is Shop.Orders. A window that failed half way is read again from its start, so more orders may be yielded twice. One that keeps
// failing half way, as a long one under a tight limit does, is read in halves, so that what was read is not read for ever.
func (c *Connection) Orders(ctx context.Context, since, until time.Time, yield func([]Order) error) error {
	moved, stopped := false, false
	err := c.reading(ctx, "Orders", func(stop func(error) error) error {
		return c.shop.Orders(ctx, since, until, func(batch []Order) error {
			moved = true
			for i := range batch {
				batch[i].plain()
			}
			err := stop(yield(batch))
			stopped = err != nil
			return err
		})
	})
	half := until.Sub(since) / 2
	if err == nil || stopped || !moved || half < shortestWindow || ctx.Err() != nil || !patient(err) {
		return err
	}
	if err := c.Orders(ctx, since, since.Add(half), yield); err != nil {
		return err
	}
	return c.Orders(ctx, since.Add(half), until, yield)
}

// patient tells whether an error is one to wait for here.
func patient(err error) bool {
	e := AsError(err)
	return e.Retryable() && e.RetryAfter <= shortWait
}

// Listings is Shop.Listings, tried again like Orders.
func (c *Connection) Listings(ctx context.Context, yield func([]RemoteListing) error) error {
	return c.reading(ctx, "Listings", func(stop func(error) error) error {
		return c.shop.Listings(ctx, func(batch []RemoteListing) error {
			for i := range batch {
				batch[i].plain()
			}
			return stop(yield(batch))
		})
	})
}

// reading tries a call again unless it was the reader who stopped it.
func (c *Connection) reading(ctx context.Context, name string, call func(stop func(error) error) error) error {
	var stopped error
	err := c.try(ctx, name, func() error {
		err := call(func(err error) error {
			stopped = err
			return err
		})
		if stopped != nil {
			return nil
		}
		return err
	})
	if stopped != nil {
		return stopped
	}
	return err
}

// PushStock is Shop.PushStock; only the pushes that met a passing fault are sent again.
func (c *Connection) PushStock(ctx context.Context, pushes []StockPush) ([]error, error) {
	results := make([]error, len(pushes))
	answered := false
	open := make([]int, len(pushes)) // the pushes without a final answer
	for i := range open {
		open[i] = i
	}
	err := c.try(ctx, "PushStock", func() error {
		batch := make([]StockPush, len(open))
		for n, i := range open {
			batch[n] = pushes[i]
		}
		errs, err := c.shop.PushStock(ctx, batch)
		if err != nil {
			return err
		}
		answered = true
		var worst error
		var left []int
		for n, i := range open {
			results[i] = errs[n]
			if errs[n] != nil && AsError(errs[n]).Retryable() {
				left = append(left, i)
				worst = longer(worst, errs[n])
			}
		}
		open = left
		return worst
	})
	if !answered {
		return nil, err
	}
	return results, nil // what is left over in open has its last error there
}

// longer is the error that asks for more patience.
func longer(a, b error) error {
	if a != nil && AsError(a).RetryAfter >= AsError(b).RetryAfter {
		return a
	}
	return b
}

// Publish is Publisher.Publish. What one try answered is remembered by the next, and answered with the error when none succeeds.
func (c *Connection) Publish(ctx context.Context, draft Draft) (out Published, err error) {
	shop, ok := c.shop.(Publisher)
	if !ok {
		return out, c.lacks(Publish)
	}
	err = c.try(ctx, "Publish", func() error {
		now, err := shop.Publish(ctx, draft)
		if draft.Remember(now); now.ExternalID != "" {
			out = now
		}
		return err
	})
	return out, err
}

// Unpublish is Publisher.Unpublish.
func (c *Connection) Unpublish(ctx context.Context, u Unpublication) error {
	shop, ok := c.shop.(Publisher)
	if !ok {
		return c.lacks(Publish)
	}
	return c.try(ctx, "Unpublish", func() error { return shop.Unpublish(ctx, u) })
}

// Ship is Shipper.Ship.
func (c *Connection) Ship(ctx context.Context, s Shipment) error {
	shop, ok := c.shop.(Shipper)
	if !ok {
		return c.lacks(Ship)
	}
	return c.try(ctx, "Ship", func() error { return shop.Ship(ctx, s) })
}

// Order is Fetcher.Order.
func (c *Connection) Order(ctx context.Context, externalID string) (out Order, err error) {
	shop, ok := c.shop.(Fetcher)
	if !ok {
		return out, c.lacks(FetchOrder)
	}
	err = c.try(ctx, "Order", func() error {
		out, err = shop.Order(ctx, externalID)
		out.plain()
		return err
	})
	return out, err
}

func (c *Connection) lacks(a Ability) error {
	return &Error{Kind: Unsupported, Code: string(a), Message: c.kind + " cannot do this"}
}

// try calls until it works, a person is needed, or patience ends.
func (c *Connection) try(ctx context.Context, method string, call func() error) error {
	for n := 1; ; n++ {
		start := c.now()
		err := call()
		c.trace(ctx, method, n, c.now().Sub(start), err)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		e := AsError(err)
		pause, again := pauseFor(e, n)
		if !again {
			return e
		}
		if err := c.sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// pauseFor tells how long to wait after the nth try failed, and whether to try again at all.
func pauseFor(e *Error, n int) (time.Duration, bool) {
	if n >= tries || !patient(e) {
		return 0, false
	}
	jitter := time.Duration(rand.Int64N(int64(firstPause << (n - 1))))
	return e.RetryAfter + jitter, true
}

func (c *Connection) trace(ctx context.Context, method string, n int, took time.Duration, err error) {
	if !c.log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	outcome, code := "OK", ""
	if err != nil {
		e := AsError(err)
		outcome, code = string(e.Kind), e.Code
	}
	c.log.DebugContext(ctx, "shop call", "kind", c.kind, "method", method, "try", n, "took", took, "outcome", outcome, "code", code)
}
