package auth

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
)

func TestAnUnnarrowedViewerSeesItsWholeBrandAndIsElseTheSame(t *testing.T) {
	narrow := System(commerce.NewUUID(), "CNY", "a partner")
	narrow.Channels, narrow.Locations = []commerce.UUID{}, []commerce.UUID{commerce.NewUUID()}
	before := *narrow
	wide := narrow.Unnarrowed()
	require.False(t, wide.NarrowedByChannel())
	require.False(t, wide.NarrowedByLocation())
	require.True(t, wide.SeesChannel(commerce.NewUUID()))
	require.True(t, wide.SeesLocation(commerce.NewUUID()))
	require.Equal(t, before, *narrow) // whoever asks stays narrowed
	wide.Channels, wide.Locations = narrow.Channels, narrow.Locations
	require.Equal(t, narrow, wide)
}
