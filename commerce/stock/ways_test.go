package stock

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
)

func TestWaysAreJudgedByPlaceStockAndDistance(t *testing.T) {
	shanghai := &commerce.Point{Latitude: 31.2304, Longitude: 121.4737}
	hangzhou := &commerce.Point{Latitude: 30.2741, Longitude: 120.1551}
	own := func(code, kind string, at *commerce.Point) Spot {
		return Spot{Code: code, Kind: kind, Ownership: "OWN", Active: true, ShipFrom: true, Point: at, Available: 1}
	}
	near := own("near", "STORE", shanghai)
	near.Pickup = true
	far := own("far", "WAREHOUSE", hangzhou)
	closed := own("closed", "STORE", shanghai)
	closed.Active = false
	empty := own("empty", "STORE", shanghai)
	empty.Available = 0
	franchise := own("franchise", "VIRTUAL", shanghai)
	franchise.Ownership = "FRANCHISE"
	idle := own("idle", "WAREHOUSE", shanghai)
	idle.ShipFrom = false
	nowhere := own("nowhere", "STORE", nil)

	left := own("left out", "WAREHOUSE", shanghai)
	left.LeftOut = true
	shelf := near
	shelf.LeftOut = true

	var got []string
	for _, o := range Ways([]Spot{far, closed, empty, franchise, idle, left, nowhere, near}, shanghai, 0) {
		got = append(got, o.Code+":"+o.Excluded)
	}
	require.Equal(t, []string{"near:", "far:", "nowhere:", "closed:INACTIVE", "empty:NO_STOCK", "franchise:NOT_LENT", "idle:NO_WAY", "left out:NOT_ENABLED"}, got)

	offers := Ways([]Spot{far, near, nowhere}, shanghai, 50)
	require.Equal(t, []Way{TakeNow, PickUp, ShipFromStore}, offers[0].Ways)
	require.Zero(t, *offers[0].DistanceKm)
	require.Equal(t, TooFar, offers[1].Excluded)
	require.InDelta(t, 164.5, *offers[1].DistanceKm, 1)
	require.Equal(t, UnknownPlace, offers[2].Excluded)
	require.Equal(t, []Way{TakeNow, PickUp}, Ways([]Spot{shelf}, nil, 0)[0].Ways, "who is left out by the policy sends nothing")
	require.Equal(t, []Way{ShipFromWarehouse}, Ways([]Spot{far}, nil, 0)[0].Ways)
}
