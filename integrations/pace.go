package integrations

import (
	"context"
	"io"
	"net/http"
	"time"

	"golang.org/x/time/rate"
)

// paced returns a client like c whose requests, each of them, keep to the pace. The client's time limit counts from
// when a request is let go, so that waiting in line is not taken for a slow marketplace.
func paced(c *http.Client, p Pace, now func() time.Time, sleep func(context.Context, time.Duration) error) *http.Client {
	next := c.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	out := *c
	out.Timeout = 0
	out.Transport = &pacer{next: next, limit: c.Timeout, now: now, sleep: sleep}
	if p.PerSecond > 0 {
		out.Transport.(*pacer).rate = rate.NewLimiter(rate.Limit(p.PerSecond), max(p.Burst, 1))
	}
	return &out
}

type pacer struct {
	next  http.RoundTripper
	rate  *rate.Limiter // nil: no pace
	limit time.Duration
	now   func() time.Time
	sleep func(context.Context, time.Duration) error
}

func (p *pacer) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := p.wait(r.Context()); err != nil {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, err
	}
	if p.limit == 0 {
		return p.next.RoundTrip(r)
	}
	ctx, cancel := context.WithTimeout(r.Context(), p.limit)
	resp, err := p.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Body = &releasing{resp.Body, cancel}
	return resp, nil
}

func (p *pacer) wait(ctx context.Context) error {
	if p.rate == nil {
		return ctx.Err()
	}
	now := p.now()
	turn := p.rate.ReserveN(now, 1)
	delay := turn.DelayFrom(now)
	if end, ok := ctx.Deadline(); ok && now.Add(delay).After(end) {
		turn.CancelAt(now)
		return context.DeadlineExceeded // its turn comes too late: do not keep the caller until then
	}
	if delay == 0 {
		return ctx.Err()
	}
	if err := p.sleep(ctx, delay); err != nil {
		turn.CancelAt(p.now())
		return err
	}
	return nil
}

// releasing ends the request's time limit when its body is closed.
type releasing struct {
	io.ReadCloser
	release context.CancelFunc
}

func (b *releasing) Close() error {
	defer b.release()
	return b.ReadCloser.Close()
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
