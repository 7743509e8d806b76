package memory_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/memory"
	"github.com/oneshelf/oneshelf/integrations/shoptest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	shoptest.Run(t, func(testing.TB) shoptest.Harness {
		clock := shoptest.NewClock(time.Date(2025, 6, 18, 1, 0, 0, 0, time.UTC))
		market := memory.New(clock.Now)
		all := []integrations.Ability{integrations.ReadOrders, integrations.ReadListings, integrations.PushStock, integrations.Publish, integrations.Ship, integrations.FetchOrder}
		methods := map[integrations.Ability]string{}
		for _, a := range all {
			methods[a] = string(a)
		}
		return shoptest.Harness{Adapter: memory.Adapter(market), Remote: remote{market}, Clock: clock, Abilities: all, Methods: methods}
	})
}

func TestAPurchaseIsTakenWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	market := memory.New(time.Now)
	market.Seed(integrations.RemoteListing{OuterCode: "A", Quantity: 3})
	_, err := market.Buy([]string{"A", "A"}, []int{2, 2}, remoteAddress)
	require.ErrorIs(t, err, memory.ErrNotSold)
	require.Equal(t, 3, market.Units()[0].Quantity)
	require.ErrorIs(t, market.Move("none", "PAID"), memory.ErrNoOrder)
}
