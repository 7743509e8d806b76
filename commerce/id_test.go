package commerce_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/oneshelf/oneshelf/commerce"
)

// The pairs of the TypeID specification, spec/valid.json.
func TestIDsAreWrittenAsTypeIDHasIt(t *testing.T) {
	for text, id := range map[string]string{
		"prefix_00000000000000000000000000": "00000000-0000-0000-0000-000000000000",
		"prefix_00000000000000000000000001": "00000000-0000-0000-0000-000000000001",
		"prefix_0000000000000000000000000a": "00000000-0000-0000-0000-00000000000a",
		"prefix_0000000000000000000000000g": "00000000-0000-0000-0000-000000000010",
		"prefix_00000000000000000000000010": "00000000-0000-0000-0000-000000000020",
		"prefix_7zzzzzzzzzzzzzzzzzzzzzzzzz": "ffffffff-ffff-ffff-ffff-ffffffffffff",
		"prefix_0123456789abcdefghjkmnpqrs": "0110c853-1d09-52d8-d73e-1194e95b5f19",
		"prefix_01h455vb4pex5vsknk084sn02q": "01890a5d-ac96-774b-bcce-b302099a8057",
	} {
		u := uuid.MustParse(id)
		require.Equal(t, text, commerce.ID{Kind: "prefix", UUID: u}.String())
		back, err := commerce.ParseAnyID(text)
		require.NoError(t, err)
		require.Equal(t, commerce.ID{Kind: "prefix", UUID: u}, back)
	}
}

// What spec/invalid.json lists, and ids of another kind.
func TestWhatIsNoIDIsRefused(t *testing.T) {
	const good = "ord_01h455vb4pex5vsknk084sn02q"
	_, err := commerce.ParseID(commerce.OrderID, good)
	require.NoError(t, err)
	for _, text := range []string{
		"", "ord", "ord_", "_", good[4:], good[3:], "ord-" + good[4:], good + "0", good[:len(good)-1], good + " ", " " + good, good + "\n",
		"ord_8zzzzzzzzzzzzzzzzzzzzzzzzz", "ord_ooooooooooooooooooooooooo0", "ord_i123456789lu1234567890abcd", "ord_0123456789-abcdefghjkmnpqr",
		strings.ToUpper(good), "ORD_" + good[4:], "prod_" + good[4:], "ord__" + good[4:], "ord_é" + good[6:],
		strings.Repeat("x", 100) + good, "ord_" + strings.Repeat("0", 1<<16), "01890a5d-ac96-774b-bcce-b302099a8057",
	} {
		_, err := commerce.ParseID(commerce.OrderID, text)
		require.ErrorIs(t, err, commerce.ErrID, "%q", text)
	}
}

func TestIDsComeBackAndSortAsTheyAreStored(t *testing.T) {
	id := rapid.Custom(func(t *rapid.T) (u commerce.UUID) {
		copy(u[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes"))
		return u
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := id.Draw(t, "a"), id.Draw(t, "b")
		x, y := commerce.ID{Kind: commerce.OrderID, UUID: a}, commerce.ID{Kind: commerce.OrderID, UUID: b}
		back, err := commerce.ParseID(commerce.OrderID, x.String())
		require.NoError(t, err)
		require.Equal(t, a, back)
		require.Equal(t, strings.Compare(string(a[:]), string(b[:])), strings.Compare(x.String(), y.String()))
	})
}

func TestWhatParsesIsWrittenTheSameAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z_]{0,12}_[0-9a-z]{25,27}`).Draw(t, "text")
		if id, err := commerce.ParseAnyID(text); err == nil {
			require.Equal(t, text, id.String())
		}
	})
}

func TestNewIDsRise(t *testing.T) {
	before := commerce.NewUUID()
	for range 1000 {
		next := commerce.NewUUID()
		require.Less(t, before.String(), next.String())
		before = next
	}
}
