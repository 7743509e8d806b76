package main

import (
	"runtime/debug"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce/orders"
)

func TestAnOperatorsGOGCStands(t *testing.T) {
	before := debug.SetGCPercent(50)
	defer debug.SetGCPercent(before)
	t.Setenv("GOGC", "50")
	collectLess()
	require.Equal(t, 50, debug.SetGCPercent(50))
	t.Setenv("GOGC", "")
	collectLess()
	require.Equal(t, 400, debug.SetGCPercent(before))
}

func TestOriginsAreWrittenAsBrowsersSendThem(t *testing.T) {
	t.Parallel()
	check := func(origin string) error { return serving{Addr: ":8080", CORSOrigins: []string{origin}}.check() }
	for _, good := range []string{"https://shop.example", "http://localhost:3000", "https://shop.example:8443", "http://[::1]:3000", "https://xn--fiq228c.example"} {
		require.NoError(t, check(good))
	}
	for bad, said := range map[string]string{
		"https://shop.example/": "browsers send https://shop.example", "https://shop.example/app?x#y": "browsers send https://shop.example",
		"https://Shop.Example": "browsers send https://shop.example", "HTTPS://shop.example": "browsers send https://shop.example",
		"https://shop.example:443": "browsers send https://shop.example", "http://shop.example:80": "browsers send http://shop.example",
		"https://me@shop.example": "browsers send https://shop.example",
		"https://":                "is not an origin", "https://:443": "is not an origin", "shop.example": "is not an origin", "ftp://shop.example": "is not an origin",
		"*": "is not an origin", "null": "is not an origin", "": "is not an origin", "https://shop example": "is not an origin",
	} {
		require.ErrorContains(t, check(bad), said, bad)
	}
}

func TestCapsOfReservationsAreSettings(t *testing.T) {
	t.Setenv("ONESHELF_RESERVE_UNITS_PER_CLIENT", "50000")
	var s serving
	parser, err := kong.New(&s)
	require.NoError(t, err)
	_, err = parser.Parse([]string{"--reserve-per-client", "2000", "--reserve-per-member=8", "--reserve-units-per-member=20"})
	require.NoError(t, err)
	require.Equal(t, orders.Caps{PerClient: 2000, UnitsPerClient: 50_000, PerMember: 8, UnitsPerMember: 20}, orders.Caps(s.Reserve))
	require.NoError(t, s.check())
	s.Reserve.UnitsPerClient = -1
	require.ErrorContains(t, s.check(), "a cap is not below 0")
}
