package testkit

import (
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Seed is what chance begins with: ONESHELF_SEED repeats a run that failed, as far as what else is going on lets it be repeated.
func Seed(t testing.TB) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if n, err := strconv.ParseUint(os.Getenv("ONESHELF_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("ONESHELF_SEED=%d", seed)
	return seed
}

// AtOnce runs fn n times, a bounded number of them at once.
func AtOnce(once, n int, fn func(i int)) {
	var all sync.WaitGroup
	free := make(chan struct{}, once)
	for i := range n {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			fn(i)
		})
	}
	all.Wait()
}
