package orders_test

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// Everybody does anything: each call is answered as a simple model says, everything is then as the model has it, and each call made
// again answers the same and changes nothing.
func TestWhateverHappensTheBooksAreRight(t *testing.T) { // MQ-01, MQ-02, MQ-03, ID-01, ID-03
	t.Parallel()
	seed := testkit.Seed(t)
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		w := newWorld(t, k)
		r := rand.New(rand.NewPCG(seed, 1))
		refused := map[string]int{}
		for step := 0; step < 500 || step < 2000 && w.least() < everyAct; step++ {
			w.seconds(1)
			a := w.anything(r)
			if a == nil {
				continue
			}
			before, err := w.everything()
			require.NoError(t, err)
			answer, replayed, err := a.call(w.ctx)
			require.Equal(t, a.refusal, commerce.CodeOf(err), "step %d: %s: %v", step, a.name, err)
			if err != nil {
				after, err := w.everything()
				require.NoError(t, err)
				require.Equal(t, before, after, "step %d: %s: what is refused changes nothing", step, a.name)
				refused[a.name]++
				continue
			}
			require.False(t, replayed, "step %d: %s", step, a.name)
			w.done[a.name]++
			require.NoError(t, a.then(answer), "step %d: %s", step, a.name)
			w.agrees(t)
			if a.keyed {
				w.calls = append(w.calls, deed{a.name, a.call, answer})
				w.again(t, w.calls[len(w.calls)-1])
			}
			if step%100 == 99 {
				w.audited(t)
			}
		}
		w.again(t, w.calls...)
		w.audited(t)
		t.Logf("done %v, refused %v", w.done, refused)
		require.GreaterOrEqual(t, w.least(), everyAct, "everything was done")
	})
}

// The same by many at once: nobody can say what will be refused, but whoever is refused is told why, and the books are right.
func TestWhateverHappensAtOnceTheBooksAreRight(t *testing.T) { // CC-01, CC-02, CC-06, ID-04
	t.Parallel()
	seed := testkit.Seed(t)
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		w := newWorld(t, k)
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				r := rand.New(rand.NewPCG(seed, uint64(10+i)))
				for range 150 {
					w.seconds(1)
					if err := w.doAnything(r); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		require.False(t, t.Failed())
		w.audited(t)
		w.again(t, w.calls...)
		t.Logf("%d calls were answered", len(w.calls))
	})
}

// doAnything does one thing among others who do. Now and then two make the same call at once.
func (w *world) doAnything(r *rand.Rand) error {
	w.mu.Lock()
	a := w.anything(r)
	w.mu.Unlock()
	if a == nil {
		return nil
	}
	var twin sync.WaitGroup
	var other any
	var otherErr error
	if a.keyed && r.IntN(5) == 0 {
		twin.Go(func() { other, _, otherErr = a.call(w.ctx) })
	}
	answer, _, err := a.call(w.ctx)
	twin.Wait()
	if err == nil && other != nil && otherErr == nil && !reflect.DeepEqual(other, answer) {
		return errors.New(a.name + " at once with itself answers two things")
	}
	if err != nil {
		if code := commerce.CodeOf(err); code == commerce.Internal {
			return errors.Join(errors.New(a.name), err)
		}
		return nil
	}
	w.mu.Lock()
	if w.done[a.name]++; a.keyed {
		w.calls = append(w.calls, deed{a.name, a.call, answer})
	}
	w.mu.Unlock()
	return a.then(answer)
}
