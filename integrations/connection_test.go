package integrations_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/integrations"
)

// bare is a shop with nothing but what every marketplace can do; each call pops the next answer.
type bare struct {
	answers []error
	calls   int
	pushes  [][]integrations.StockPush
	results [][]error
	http    *http.Client
}

func (b *bare) next() error {
	b.calls++
	if len(b.answers) == 0 {
		return nil
	}
	err := b.answers[0]
	b.answers = b.answers[1:]
	return err
}

func (b *bare) Orders(_ context.Context, _, _ time.Time, yield func([]integrations.Order) error) error {
	if err := yield([]integrations.Order{{ExternalID: "1"}}); err != nil {
		b.calls++
		return err
	}
	return b.next()
}

func (b *bare) Listings(ctx context.Context, yield func([]integrations.RemoteListing) error) error {
	if b.http != nil {
		req, err := http.NewRequestWithContext(ctx, "GET", "http://shop.invalid/", nil)
		if err != nil {
			return err
		}
		resp, err := b.http.Do(req)
		if err != nil {
			return &integrations.Error{Kind: integrations.Temporary, Err: err}
		}
		return resp.Body.Close()
	}
	return b.next()
}

func (b *bare) PushStock(_ context.Context, pushes []integrations.StockPush) ([]error, error) {
	if err := b.next(); err != nil {
		return nil, err
	}
	b.pushes = append(b.pushes, slices.Clone(pushes))
	if len(b.results) == 0 {
		return make([]error, len(pushes)), nil
	}
	r := b.results[0]
	b.results = b.results[1:]
	return r, nil
}

func (b *bare) Close() error { return nil }

// full adds the abilities.
type full struct{ *bare }

func (f full) Publish(context.Context, integrations.Draft) (integrations.Published, error) {
	return integrations.Published{ExternalID: "9"}, f.next()
}
func (f full) Unpublish(context.Context, integrations.Unpublication) error { return f.next() }
func (f full) Ship(context.Context, integrations.Shipment) error           { return f.next() }
func (f full) Order(context.Context, string) (integrations.Order, error) {
	return integrations.Order{ExternalID: "1"}, f.next()
}

// naps is a sleep that takes no time and remembers.
type naps struct {
	mu   sync.Mutex
	list []time.Duration
}

func (n *naps) sleep(ctx context.Context, d time.Duration) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, d)
	return ctx.Err()
}

func connect(t *testing.T, shop integrations.Shop, opts ...integrations.Option) (*integrations.Connection, *naps) {
	t.Helper()
	n := &naps{}
	a := integrations.Adapter{Kind: "TEST", Open: func(integrations.Config) (integrations.Shop, error) { return shop, nil }}
	c, err := integrations.Connect(a, integrations.Config{}, append([]integrations.Option{integrations.Sleep(n.sleep)}, opts...)...)
	require.NoError(t, err)
	return c, n
}

func upstream(kind integrations.ErrorKind, after time.Duration) error {
	return &integrations.Error{Kind: kind, Code: "X", RetryAfter: after}
}

func TestAPassingFaultIsTriedAgainWithGrowingPauses(t *testing.T) {
	t.Parallel()
	shop := &bare{answers: []error{upstream(integrations.Temporary, 0), upstream(integrations.Temporary, 0)}}
	c, naps := connect(t, full{shop})
	require.NoError(t, c.Ship(t.Context(), integrations.Shipment{}))
	require.Equal(t, 3, shop.calls)
	require.Len(t, naps.list, 2)
	require.Less(t, naps.list[0], 200*time.Millisecond)
	require.Less(t, naps.list[1], 400*time.Millisecond)
}

// slow is a publisher that shows what it was given only at its third look.
type slow struct {
	full
	drafts []integrations.Draft
}

func (s *slow) Publish(_ context.Context, d integrations.Draft) (integrations.Published, error) {
	s.drafts = append(s.drafts, d)
	late := upstream(integrations.Temporary, 0)
	switch len(s.drafts) {
	case 1:
		return integrations.Published{ExternalID: "9", SKUs: map[string]string{"A": "91"}}, late
	case 2:
		return integrations.Published{}, late
	}
	return integrations.Published{ExternalID: "9", SKUs: map[string]string{"A": "91", "B": "92"}}, s.next()
}

func TestWhatOneTryAnsweredTheNextRemembers(t *testing.T) {
	t.Parallel()
	draft := integrations.Draft{Variants: []integrations.DraftVariant{{OuterCode: "A"}, {OuterCode: "B"}}}
	for _, last := range []error{nil, upstream(integrations.Rejected, 0)} {
		shop := &slow{full: full{&bare{answers: []error{last}}}}
		c, _ := connect(t, shop)
		out, err := c.Publish(t.Context(), draft)
		require.Equal(t, last, err)
		require.Equal(t, map[string]string{"A": "91", "B": "92"}, out.SKUs)
		require.Len(t, shop.drafts, 3)
		for _, again := range shop.drafts[1:] {
			require.Equal(t, integrations.Draft{ExternalID: "9", Variants: []integrations.DraftVariant{
				{OuterCode: "A", ExternalSKUID: "91"}, {OuterCode: "B", Unseen: true}}}, again)
			codes, whole := again.Unseen()
			require.Equal(t, []any{[]string{"B"}, false}, []any{codes, whole})
		}
	}
	require.Equal(t, []integrations.DraftVariant{{OuterCode: "A"}, {OuterCode: "B"}}, draft.Variants, "the caller's draft stays as it is")
}

func TestPatienceEndsAfterThreeTries(t *testing.T) {
	t.Parallel()
	shop := &bare{answers: slices.Repeat([]error{upstream(integrations.Temporary, 0)}, 9)}
	c, _ := connect(t, full{shop})
	_, err := c.Publish(t.Context(), integrations.Draft{})
	require.Equal(t, integrations.Temporary, integrations.AsError(err).Kind)
	require.Equal(t, 3, shop.calls)
}

func TestOnlyShortLimitsAreWaitedFor(t *testing.T) {
	t.Parallel()
	shop := &bare{answers: []error{upstream(integrations.Limited, 2*time.Second)}}
	c, naps := connect(t, full{shop})
	_, err := c.Order(t.Context(), "1")
	require.NoError(t, err)
	require.GreaterOrEqual(t, naps.list[0], 2*time.Second)

	shop.answers, shop.calls = []error{upstream(integrations.Limited, time.Hour)}, 0
	_, err = c.Order(t.Context(), "1")
	require.Equal(t, time.Hour, integrations.AsError(err).RetryAfter)
	require.Equal(t, 1, shop.calls)
}

func TestWhatAPersonMustMendIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	for _, kind := range []integrations.ErrorKind{integrations.Unauthorized, integrations.Rejected, integrations.Missing, integrations.Misconfigured} {
		shop := &bare{answers: []error{upstream(kind, 0)}}
		c, naps := connect(t, full{shop})
		err := c.Unpublish(t.Context(), integrations.Unpublication{})
		require.Equal(t, kind, integrations.AsError(err).Kind)
		require.Equal(t, 1, shop.calls)
		require.Empty(t, naps.list)
	}
}

func TestAnErrorNobodyClassifiedCountsAsPassing(t *testing.T) {
	t.Parallel()
	shop := &bare{answers: []error{errors.New("surprise")}}
	c, _ := connect(t, shop)
	require.NoError(t, c.Listings(t.Context(), nil))
	require.Equal(t, 2, shop.calls)
}

func TestAnAbilityTheShopLacksIsUnsupported(t *testing.T) {
	t.Parallel()
	c, _ := connect(t, &bare{})
	_, err := c.Publish(t.Context(), integrations.Draft{})
	_, err2 := c.Order(t.Context(), "1")
	for _, err := range []error{err, err2, c.Unpublish(t.Context(), integrations.Unpublication{}), c.Ship(t.Context(), integrations.Shipment{})} {
		require.Equal(t, integrations.Unsupported, integrations.AsError(err).Kind)
	}
	require.Len(t, c.Abilities(), 3)
	able, _ := connect(t, full{&bare{}})
	require.Len(t, able.Abilities(), 6)
	require.NoError(t, able.Close())
}

func TestTheReadersOwnErrorEndsReadingAndComesBackUnchanged(t *testing.T) {
	t.Parallel()
	shop := &bare{}
	c, _ := connect(t, shop)
	enough := errors.New("enough")
	require.Equal(t, enough, c.Orders(t.Context(), time.Time{}, time.Time{}, func([]integrations.Order) error { return enough }))
	require.Equal(t, 1, shop.calls)
	shop.answers = []error{upstream(integrations.Temporary, 0)}
	yields := 0
	require.NoError(t, c.Orders(t.Context(), time.Time{}, time.Time{}, func([]integrations.Order) error { yields++; return nil }))
	require.Equal(t, 2, yields)
}

func TestOnlyThePushesThatMetAPassingFaultAreSentAgain(t *testing.T) {
	t.Parallel()
	limited, rejected := upstream(integrations.Limited, time.Second), upstream(integrations.Rejected, 0)
	shop := &bare{results: [][]error{{nil, limited, rejected, upstream(integrations.Temporary, 0)}, {nil, limited}, {limited}}}
	c, naps := connect(t, shop)
	pushes := []integrations.StockPush{{OuterCode: "A"}, {OuterCode: "B"}, {OuterCode: "C"}, {OuterCode: "D"}}
	errs, err := c.PushStock(t.Context(), pushes)
	require.NoError(t, err)
	require.Equal(t, []error{nil, nil, rejected, limited}, errs)
	require.Equal(t, [][]integrations.StockPush{pushes, {pushes[1], pushes[3]}, {pushes[3]}}, shop.pushes)
	require.GreaterOrEqual(t, naps.list[0], time.Second)

	shop.answers = []error{rejected}
	errs, err = c.PushStock(t.Context(), pushes)
	require.Equal(t, rejected, err)
	require.Nil(t, errs)
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	shop := &bare{answers: []error{upstream(integrations.Temporary, 0), upstream(integrations.Temporary, 0)}}
	c, _ := connect(t, shop, integrations.Sleep(func(ctx context.Context, _ time.Duration) error {
		cancel()
		return ctx.Err()
	}))
	require.ErrorIs(t, c.Listings(ctx, nil), context.Canceled)
	require.Equal(t, 1, shop.calls)
}

func TestSettingsAreCheckedBeforeAnythingOpens(t *testing.T) {
	t.Parallel()
	a := integrations.Adapter{Kind: "TEST", Settings: []integrations.Setting{{Name: "appKey", Required: true}}}
	for _, settings := range []map[string]string{{}, {"appKey": "k", "colour": "red"}} {
		_, err := integrations.Connect(a, integrations.Config{Settings: settings})
		require.Equal(t, integrations.Misconfigured, integrations.AsError(err).Kind)
	}
}

func TestCallsAreTracedWithoutWhatTheySaid(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	shop := &bare{answers: []error{&integrations.Error{Kind: integrations.Rejected, Code: "isv.no", Message: "secret words"}}}
	a := integrations.Adapter{Kind: "TEST", Open: func(integrations.Config) (integrations.Shop, error) { return shop, nil }}
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c, err := integrations.Connect(a, integrations.Config{Log: log})
	require.NoError(t, err)
	require.Error(t, c.Listings(t.Context(), nil))
	require.Contains(t, out.String(), "method=Listings")
	require.Contains(t, out.String(), "code=isv.no")
	require.NotContains(t, out.String(), "secret")
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestEveryRequestKeepsToThePace(t *testing.T) {
	t.Parallel()
	requests := 0
	shop, naps := &bare{}, &naps{}
	a := integrations.Adapter{Kind: "TEST", Pace: integrations.Pace{PerSecond: 0.001, Burst: 2}, Open: func(cfg integrations.Config) (integrations.Shop, error) {
		shop.http = cfg.HTTP
		return shop, nil
	}}
	client := &http.Client{Timeout: time.Minute, Transport: transport(func(r *http.Request) (*http.Response, error) {
		requests++
		_, limited := r.Context().Deadline()
		require.True(t, limited, "the client's time limit holds for the request itself")
		return &http.Response{StatusCode: 200, Body: io.NopCloser(bytes.NewReader(nil)), Request: r}, nil
	})}
	c, err := integrations.Connect(a, integrations.Config{HTTP: client}, integrations.Sleep(naps.sleep))
	require.NoError(t, err)
	for range 4 {
		require.NoError(t, c.Listings(t.Context(), nil))
	}
	require.Equal(t, 4, requests)
	require.Len(t, naps.list, 2, "two go at once, the others wait their turn")
	require.Greater(t, naps.list[1], naps.list[0])

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.ErrorIs(t, c.Listings(ctx, nil), context.DeadlineExceeded)
	require.Equal(t, 4, requests, "a turn that comes after the deadline is not waited for")
}

func TestABodyIsReadWithinTheTimeLimit(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "begun")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	var client *http.Client
	a := integrations.Adapter{Kind: "TEST", Open: func(cfg integrations.Config) (integrations.Shop, error) {
		client = cfg.HTTP
		return &bare{}, nil
	}}
	_, err := integrations.Connect(a, integrations.Config{HTTP: &http.Client{Timeout: 50 * time.Millisecond}})
	require.NoError(t, err)
	resp, err := client.Get(server.URL)
	require.NoError(t, err)
	defer resp.Body.Close()
	_, err = io.ReadAll(resp.Body)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// narrow is a shop whose windows fail after a first batch unless they are short enough.
type narrow struct {
	bare
	longest time.Duration
	read    [][2]time.Time
}

func (n *narrow) Orders(_ context.Context, since, until time.Time, yield func([]integrations.Order) error) error {
	n.calls++
	if err := yield([]integrations.Order{{ExternalID: since.String()}}); err != nil {
		return err
	}
	if until.Sub(since) > n.longest {
		return upstream(integrations.Limited, time.Second)
	}
	n.read = append(n.read, [2]time.Time{since, until})
	return nil
}

func TestAWindowThatKeepsFailingHalfWayIsReadInHalves(t *testing.T) {
	t.Parallel()
	since := time.Date(2025, 6, 18, 0, 0, 0, 0, time.UTC)
	shop := &narrow{longest: time.Hour}
	c, _ := connect(t, shop)
	require.NoError(t, c.Orders(t.Context(), since, since.Add(4*time.Hour), func([]integrations.Order) error { return nil }))
	require.Len(t, shop.read, 4)
	for i, w := range shop.read {
		require.Equal(t, [2]time.Time{since.Add(time.Duration(i) * time.Hour), since.Add(time.Duration(i+1) * time.Hour)}, w)
	}

	shop = &narrow{longest: time.Second} // there is an end to it
	c, _ = connect(t, shop)
	err := c.Orders(t.Context(), since, since.Add(4*time.Hour), func([]integrations.Order) error { return nil })
	require.Equal(t, integrations.Limited, integrations.AsError(err).Kind)
	require.Less(t, shop.calls, 30)

	enough := upstream(integrations.Temporary, 0) // even a reader's error that looks like a marketplace's
	shop = &narrow{longest: time.Hour}
	c, _ = connect(t, shop)
	require.Equal(t, enough, c.Orders(t.Context(), since, since.Add(4*time.Hour), func([]integrations.Order) error { return enough }))
	require.Equal(t, 1, shop.calls)
}
