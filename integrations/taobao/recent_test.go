package taobao

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/integrations"
)

func TestATradeIsReadAgainUntilItsSecondIsOver(t *testing.T) {
	t.Parallel()
	var r recent
	at := time.Now()
	read := func(modified string, state integrations.OrderState, after time.Duration) (integrations.OrderState, bool) {
		at = at.Add(after)
		o, known := r.find("1", modified, at)
		if !known {
			r.keep("1", modified, integrations.Order{State: state}, at)
			return state, false
		}
		return o.State, true
	}
	_, known := read("10:00:00", integrations.Unpaid, 0)
	require.False(t, known)
	_, known = read("10:00:00", integrations.ToShip, 1900*time.Millisecond)
	require.False(t, known, "much can happen within a second")
	_, known = read("10:00:00", integrations.ToShip, time.Second)
	require.False(t, known, "what was read too early does not count")
	state, known := read("10:00:00", integrations.Closed, time.Hour)
	require.True(t, known)
	require.Equal(t, integrations.ToShip, state)
	_, known = read("10:00:07", integrations.Closed, time.Second)
	require.False(t, known, "it changed")
	_, known = read("", integrations.Closed, time.Second)
	require.False(t, known)
	_, known = read("", integrations.Closed, time.Hour)
	require.False(t, known, "a time that is not told is no time")
	_, known = read("", integrations.Closed, time.Hour)
	require.False(t, known)
	for n := range 3 * mostRecent {
		r.find(strconv.Itoa(n), "10:00:00", at)
		require.LessOrEqual(t, len(r.trades), mostRecent)
	}
}
