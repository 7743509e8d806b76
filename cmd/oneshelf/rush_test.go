package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
)

// What everybody wants: five of each variant, three at the warehouse and two at the store.
const (
	rushVariants = 20
	rushUnits    = 100
	rushAtOnce   = 64
)

// Thousands of buyers want a hundred units while servers die: a hundred get one, everybody else is told that there is none, and whoever
// was told to have one has it (CC-01, CR-01).
func TestARushOfBuyersForAHundredUnits(t *testing.T) {
	buyers, kills := 1000, 3
	if soaking() {
		buyers, kills = 10_000, 12
	}
	eachCrowd(t, func(t *testing.T, c *crowd) { c.rush(t, buyers, kills) })
}

// rush lets buyers come, a bounded number of them at once, and kills as they do.
func (c *crowd) rush(t *testing.T, buyers, kills int) {
	c.open(t, rushVariants, 0)
	for i := range rushVariants {
		for location, units := range map[string]int{"WH": 3, "ST": 2} {
			input := map[string]any{"variant": sku(i), "location": code(location), "delta": units, "reason": "found"}
			require.NoError(t, c.do(t.Context(), "stockAdjust", input, func(answer) { c.added += units }))
		}
	}
	chance := rand.New(rand.NewPCG(c.seed, 99))
	incidents := map[int64]bool{1 + chance.Int64N(60): true, 61 + chance.Int64N(100): true} // while there is still something to be had
	for len(incidents) < kills {
		incidents[1+chance.Int64N(int64(buyers))] = true // the first served is number one
	}
	begun := time.Now()
	var served atomic.Int64
	moments := make(chan struct{}, kills)
	ctx, stop := context.WithCancelCause(t.Context())
	defer stop(nil)
	var all sync.WaitGroup
	comes := make(chan int)
	for range rushAtOnce {
		all.Go(func() {
			for i := range comes {
				if err := c.buyOne(ctx, i%rushVariants); err != nil {
					stop(err)
				}
				if incidents[served.Add(1)] {
					moments <- struct{}{}
				}
			}
		})
	}
	killed := make(chan int)
	go func() {
		n := 0
		for range moments {
			m := c.servers[n%len(c.servers)]
			c.end(t, m, os.Kill)
			c.fleet.start(t, m)
			n++
		}
		killed <- n
	}()
	for i := range buyers {
		comes <- i
	}
	close(comes)
	all.Wait()
	close(moments)
	n := <-killed
	require.NoError(t, context.Cause(ctx))
	took := time.Since(begun)
	t.Logf("%d buyers in %v, %d kills: %d have one, %d lost their server, of which %d had bought; refused %v",
		buyers, took.Round(time.Millisecond), n, len(c.orders), c.interrupted, c.recovered, c.refused)
	require.Equal(t, kills, n)
	require.Len(t, c.orders, rushUnits, "neither more nor less than there are")
	require.Equal(t, buyers-rushUnits, c.refused[string(commerce.InsufficientStock)])
	require.Equal(t, rushUnits, c.count(t, "SELECT COUNT(*) FROM orders"))
	require.Equal(t, rushUnits, c.count(t, "SELECT CAST(SUM(reserved) AS bigint) FROM stock_levels"))
	require.Zero(t, c.count(t, "SELECT COUNT(*) FROM stock_levels WHERE on_hand <> reserved"), "nothing is left and nothing is sold twice")
	c.judge(t)
}

// buyOne is a buyer of one unit.
func (c *crowd) buyOne(ctx context.Context, variant int) error {
	err := c.do(ctx, "orderPlace", map[string]any{
		"channel": code("shop"), "lines": []any{map[string]any{"variant": sku(variant), "quantity": 1}},
		"delivery": map[string]any{"ship": map[string]any{"address": map[string]any{"city": "Hangzhou"}}},
	}, func(a answer) { c.orders = append(c.orders, a.It.ID) })
	return errors.Join(err, context.Cause(ctx))
}
