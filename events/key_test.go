package events_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// A key is 1 to 128 characters of any script that can be seen, and each is its own: none is trimmed, folded or cut.
func TestKeysAreOfAnyScript(t *testing.T) { // ID-01
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		n := 0
		call := func(key string) (int, bool, error) {
			return events.Once(k.Ctx, k.Store, events.Call{Operation: "place", Key: key, Input: 1}, func(*events.Tx) (int, error) {
				n++
				return n, nil
			})
		}
		keys := []string{
			"订单-1", "订单-2", "é", "e\u0301", "É", "k", "K", "ｋ", " k", "k ", "k\u00a0", "\u3000", "🛒", "заказ №1", "' OR 1=1 --", "%", "_", "?", `\`, `\x00`,
			strings.Repeat("单", 128), strings.Repeat("单", 127), strings.Repeat("🛒", 128),
		}
		seen := map[string]int{}
		for _, key := range keys {
			first, replayed, err := call(key)
			require.NoError(t, err, "%q", key)
			require.False(t, replayed, "%q was taken for another key", key)
			seen[key] = first
		}
		for key, first := range seen {
			again, replayed, err := call(key)
			require.NoError(t, err)
			require.True(t, replayed, "%q", key)
			require.Equal(t, first, again, "%q", key)
		}
		for _, key := range []string{
			"", strings.Repeat("k", 129), strings.Repeat("单", 129), "a\nb", "\t", "\x00", "\x7f", "\u0085", "\u200b", "\u200d", "\ufeff", "\u202e", "\u2028", "\ue000", "\U0010ffff", "\ufffd", "\xff", "单\xe5",
		} {
			_, _, err := call(key)
			testkit.Refused(t, err, commerce.InvalidInput, "idempotencyKey")
		}
	})
}
