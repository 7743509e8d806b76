package events_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// A refusal that is kept commits what was written and what was said, and binds no key; any other leaves nothing behind.
func TestAKeptRefusalLeavesItsTrace(t *testing.T) { // ID-02
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		refusal := commerce.Errorf(commerce.NotFound, "no").At("code")
		var answer error
		try := func() error {
			_, replayed, err := events.Once(k.Ctx, k.Store, events.Call{Operation: "test", Key: "k", Input: 1}, func(tx *events.Tx) (int, error) {
				tx.Record(events.Fact{Type: events.MemberChanged, Aggregate: commerce.NewUUID(), Sequence: 1})
				_, err := tx.Exec(k.Ctx, "UPDATE brands SET generation = generation + 1 WHERE id = ?", k.Brand.ID)
				if err != nil {
					return 0, err
				}
				return 1, answer
			})
			require.False(t, replayed)
			return err
		}
		left := func() []int {
			var generation int
			require.NoError(t, k.Store.DB.Read().QueryRow(k.Ctx, "SELECT generation FROM brands WHERE id = ?", k.Brand.ID).Scan(&generation))
			return []int{generation, k.Count(t, "events", "type = 'MEMBER_CHANGED'"), k.Count(t, "idempotency_keys", "")}
		}
		before := left()
		for _, c := range []struct {
			answer error
			more   []int
		}{{refusal, []int{0, 0, 0}}, {events.Kept(refusal), []int{1, 1, 0}}, {events.Kept(refusal), []int{2, 2, 0}}, {nil, []int{3, 3, 1}}} {
			answer = c.answer
			err := try()
			if c.answer == nil {
				require.NoError(t, err)
			} else {
				require.Same(t, refusal, err, "the refusal itself is answered")
			}
			require.Equal(t, []int{before[0] + c.more[0], before[1] + c.more[1], before[2] + c.more[2]}, left())
		}
	})
}
