package demo

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/ent/fulfillmentorder"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// paper is written on by one and read by another.
type paper struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (p *paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.buf.Write(b)
}

func (p *paper) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.buf.String()
}

func TestTickerTellsWhatHappens(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := deps(t, k)
		require.NoError(t, Seed(k.Ctx, d))
		var out paper
		ticker := Ticker{Store: k.Store, Out: &out, Quiet: time.Second}
		ctx, stop := context.WithCancel(k.Ctx)
		ended := make(chan error, 1)
		go func() { ended <- ticker.Run(ctx) }()
		says := func(what string) {
			t.Helper()
			require.Eventually(t, func() bool { return bytes.Contains([]byte(out.String()), []byte(what)) }, 20*time.Second, 10*time.Millisecond, what)
		}
		require.Eventually(t, func() bool { return k.Store.Bell().Waiting() > 0 }, 20*time.Second, time.Millisecond)

		shop := &ownShop{Deps: d}
		id, err := shop.place(k.Ctx, 5, []line{{"HZL-101-NVY-M", 2}}, false)
		require.NoError(t, err)
		says(" placed, 1198.00 CNY\n")
		k.Clock.Advance(time.Second)
		require.NoError(t, shop.settle(k.Ctx, id, paid))
		says(" paid, 1198.00 CNY\n")
		k.Clock.Advance(time.Second)
		require.NoError(t, shop.settle(k.Ctx, id, closed))
		says(" canceled, 1198.00 CNY\n")
		k.Clock.Advance(time.Second)
		id, err = shop.place(k.Ctx, 5, []line{{"HZL-101-NVY-M", 1}}, false)
		require.NoError(t, err)
		says(" placed, 599.00 CNY")
		work, err := k.Store.Ent.FulfillmentOrder.Query().Where(fulfillmentorder.State("OPEN")).Only(k.Ctx)
		require.NoError(t, err)
		hands := &staff{Deps: d}
		for _, step := range []struct {
			does func() error
			says string
		}{
			{func() error { return shop.settle(k.Ctx, id, paid) }, " paid, 599.00 CNY"},
			{func() error { return hands.accept(k.Ctx, work) }, " being packed, 599.00 CNY"},
			{func() error { return hands.ship(k.Ctx, work) }, " shipped, 599.00 CNY"}, // though the newest is that it is complete
		} {
			k.Clock.Advance(time.Second)
			require.NoError(t, step.does())
			says(step.says)
		}
		stop()
		require.ErrorIs(t, <-ended, context.Canceled)
	})
}

func TestTickerTellsNoMoreThanCanBeRead(t *testing.T) {
	k := testkit.SQLite(t)
	d := deps(t, k)
	require.NoError(t, Seed(k.Ctx, d))
	var out paper
	ticker := Ticker{Store: k.Store, Out: &out, Quiet: 5 * time.Second, Columns: 60}
	shop := &ownShop{Deps: d}
	for range 3 {
		_, err := shop.place(k.Ctx, 5, []line{{"HZL-101-NVY-M", 1}}, false)
		require.NoError(t, err)
	}
	log, err := k.Store.Ent.Event.Query().All(k.Ctx)
	require.NoError(t, err)
	for _, e := range log {
		require.NoError(t, ticker.hear(k.Ctx, e))
	}
	lines := bytes.Split([]byte(out.String()), []byte("\r\x1b[K"))
	require.Empty(t, lines[0])
	told := 0
	for _, l := range lines[1:] {
		require.LessOrEqual(t, len(l), 59)
		if bytes.Contains(l, []byte(" placed")) {
			told++
		}
	}
	require.Equal(t, 1, told)
}

func TestFitCountsWideCharactersTwice(t *testing.T) {
	require.Equal(t, "轻羽", fit("轻羽防风", 5))
	require.Equal(t, "abc", fit("abc", 3))
	require.Equal(t, "ab", fit("abc", 2))
}
