package orders_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// Everybody does anything: each call is answered as a simple model says, everything is then as the model has it, and each call made
// again, later or at once, answers the same and changes nothing.
func TestWhateverHappensTheBooksAreRight(t *testing.T) { // MQ-01, MQ-02, MQ-03, ID-01, ID-03, ID-04
	t.Parallel()
	seed := testkit.Seed(t)
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		w := newWorld(t, k)
		r := rand.New(rand.NewPCG(seed, 1))
		refused := map[string]int{}
		for step := 0; step < 500 || step < 4000 && w.least() < everyAct; step++ {
			w.seconds(1)
			a := w.anything(r)
			if a == nil {
				continue
			}
			before, err := w.everything()
			require.NoError(t, err)
			twin := a.keyed && chance(r, 4)
			answer, err := w.do(a, twin, true)
			require.Equal(t, a.refusal, commerce.CodeOf(err), "step %d: %s: %v", step, a.name, err)
			if err != nil {
				after, err := w.everything()
				require.NoError(t, err)
				require.Equal(t, before, after, "step %d: %s: what is refused changes nothing", step, a.name)
				w.agrees(t)
				refused[a.name]++
				continue
			}
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
		t.Logf("done %v, refused %v, twins that did it and that were refused %v", w.done, refused, w.twins)
		require.GreaterOrEqual(t, w.least(), everyAct, "everything was done")
		require.True(t, w.twins[0] >= 20 && w.twins[1] >= 5, "twins were tried: %v", w.twins)
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
		t.Logf("%d calls were answered, twins that did it and that were refused %v", len(w.calls), w.twins)
		require.True(t, w.twins[0] >= 20 && w.twins[1] >= 5, "twins were tried: %v", w.twins)
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
	answer, err := w.do(a, a.keyed && chance(r, 5), false)
	if err != nil {
		if slices.Contains(refusals, commerce.CodeOf(err)) {
			return nil
		}
		return fmt.Errorf("%s: %w", a.name, err)
	}
	w.mu.Lock()
	if w.done[a.name]++; a.keyed {
		w.calls = append(w.calls, deed{a.name, a.call, answer})
	}
	w.mu.Unlock()
	return a.then(answer)
}

// refusals are what somebody may be told whose call was well meant.
var refusals = []commerce.Code{
	commerce.InvalidInput, commerce.Conflict, commerce.InsufficientStock, commerce.StockConflict, commerce.IllegalTransition, commerce.DispatchRevoked,
	commerce.AlreadyUsed, commerce.Expired,
}

// do makes a call, or with twin the same call twice at once: then one does it and the other is told what it did, or both are refused.
// Only when they are not alone one may be refused although the other then does it: somebody made it possible in between.
func (w *world) do(a *act, twin, alone bool) (any, error) {
	if !twin {
		answer, replayed, err := a.call(w.ctx)
		if replayed {
			return nil, errors.New("a call that was never made was made before")
		}
		return answer, err
	}
	var told [2]struct {
		answer   any
		replayed bool
		err      error
	}
	testkit.AtOnce(2, 2, func(i int) { told[i].answer, told[i].replayed, told[i].err = a.call(w.ctx) })
	for _, t := range told {
		if t.err != nil && !slices.Contains(refusals, commerce.CodeOf(t.err)) {
			return nil, fmt.Errorf("a twin: %w", t.err)
		}
	}
	won, other := told[0], told[1]
	if won.err != nil || won.replayed {
		won, other = other, won
	}
	w.mu.Lock()
	if won.err == nil {
		w.twins[0]++
	} else {
		w.twins[1]++
	}
	w.mu.Unlock()
	switch {
	case alone && commerce.CodeOf(won.err) != commerce.CodeOf(other.err):
		return nil, fmt.Errorf("of twins one is told %v, the other %v", won.err, other.err)
	case won.err != nil && other.err != nil:
		return nil, won.err
	case won.err != nil || won.replayed || other.err == nil && !other.replayed:
		return nil, errors.New("of twins not exactly one does it")
	case other.err == nil && !reflect.DeepEqual(won.answer, other.answer):
		return nil, fmt.Errorf("twins are told two things, %v and %v", won.answer, other.answer)
	}
	answer, replayed, err := a.call(w.ctx)
	if err != nil || !replayed || !reflect.DeepEqual(won.answer, answer) {
		return nil, fmt.Errorf("what twins were told is told again as %v (%v, %v)", answer, replayed, err)
	}
	return won.answer, nil
}
