package orders

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func TestWhatIsForgivenInACode(t *testing.T) {
	for typed, read := range map[string]string{
		"7KQ2M-9X01A":             "7KQ2M 9X01A",
		"7kq2m9x01a":              "7KQ2M 9X01A",
		"  7kq2m - 9xoia\t\n":     "7KQ2M 9X01A",
		"7KQ2M–9XOLA":             "7KQ2M 9X01A",
		"７ＫＱ２Ｍ－９ｘ０１ａ":             "7KQ2M 9X01A",
		"7 K Q 2 M　9 X 0 1 A":     "7KQ2M 9X01A",
		"":                        "",
		"-":                       "",
		"7KQ2M-9X01":              "",
		"7KQ2M-9X01AA":            "",
		"7KQ2M-9X01U":             "", // no letter of the alphabet
		"7KQ2M-9X01\x00":          "",
		"7KQ2M-9X0\xff\xfe":       "",
		"7KQ2M-9X01é":             "",
		"%KQ2M-9X01_":             "",
		strings.Repeat(" ", 1000): "",
		"7KQ2M-9X01A" + strings.Repeat(" ", maxTyped): "",
	} {
		nonce, signature, ok := readCode(typed)
		require.Equal(t, read, strings.TrimSpace(nonce+" "+signature), "%q", typed)
		require.Equal(t, read != "", ok, "%q", typed)
	}
}

func FuzzReadCode(f *testing.F) {
	f.Add("7KQ2M-9X01A")
	f.Add("７ＫＱ２Ｍ－９ｘ０１ａ")
	f.Fuzz(func(t *testing.T, typed string) {
		nonce, signature, ok := readCode(typed)
		if !ok {
			require.Empty(t, nonce+signature)
			return
		}
		require.Len(t, nonce, codeHalf)
		require.Len(t, signature, codeHalf)
		require.Empty(t, strings.Trim(nonce+signature, numberAlphabet))
		again, sign, ok := readCode(strings.ToLower(nonce) + " " + signature)
		require.True(t, ok)
		require.Equal(t, nonce+signature, again+sign, "what was read is read as itself")
	})
}

// A signature is of one key, brand, order, counter and nonce.
func TestACodeIsSignedForOneOrderAtOneCounter(t *testing.T) {
	tokens := NewDispatch([]byte("a key"))
	codes := tokens.pickup()
	fixed := func(b byte) (u commerce.UUID) { u[0] = b; return }
	one := ent.PickupCode{BrandID: fixed(1), OrderID: fixed(2), LocationID: fixed(3), Nonce: "7KQ2M"}
	require.Equal(t, codes.text(&one), codes.text(&one))
	require.Regexp(t, `^7KQ2M-[0-9A-HJKMNP-TV-Z]{5}$`, codes.text(&one))
	require.True(t, codes.signs(&one, codes.signature(&one)))
	require.False(t, codes.signs(&one, ""))
	require.False(t, codes.signs(&one, codes.signature(&one)[1:]))
	for name, change := range map[string]func(*ent.PickupCode){
		"brand": func(c *ent.PickupCode) { c.BrandID = fixed(9) }, "order": func(c *ent.PickupCode) { c.OrderID = fixed(9) },
		"counter": func(c *ent.PickupCode) { c.LocationID = fixed(9) }, "nonce": func(c *ent.PickupCode) { c.Nonce = "7KQ2N" },
	} {
		other := one
		change(&other)
		require.False(t, codes.signs(&other, codes.signature(&one)), name)
	}
	require.False(t, NewDispatch([]byte("another key")).pickup().signs(&one, codes.signature(&one)))
	require.NotEqual(t, codes.key, tokens.key, "tokens and codes are signed with keys of their own")
	require.NotContains(t, fmt.Sprintf("%x", codes.digest("7KQ2M9X01A")), fmt.Sprintf("%x", "7KQ2M9X01A"))
}

// A nonce that is taken is drawn again, for those alone whose it is, and the orders' transaction goes on.
func TestATakenNonceIsDrawnAgain(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		wanted, err := events.Do(k.Ctx, k.Store, func(tx *events.Tx) ([]pickup, error) {
			at := tx.Ent.Location.Create().SetCode("ST").SetCodeFolded("st").SetName("ST").SetKind("STORE").SetOwnership("OWN").
				SetCreatedAt(1).SetUpdatedAt(1).SaveX(k.Ctx)
			channel := tx.Ent.Channel.Create().SetCode("shop").SetCodeFolded("shop").SetName("shop").SetKind("STOREFRONT").SetState("ACTIVE").
				SetCurrency("CNY").SetSettings(map[string]string{}).SetCreatedAt(1).SetUpdatedAt(1).SaveX(k.Ctx)
			var out []pickup
			for i := range 4 {
				o := tx.Ent.Order.Create().SetNumber(strconv.Itoa(i)).SetState(string(Open)).SetPaymentState(string(Pending)).
					SetFulfillmentState(string(Unfulfilled)).SetChannelID(channel.ID).SetCurrency("CNY").SetSubtotal(0).SetTotal(0).SetPlacedAt(1).
					SetCreatedAt(1).SetUpdatedAt(1).SaveX(k.Ctx)
				out = append(out, pickup{o.ID, at.ID})
			}
			return out, nil
		})
		require.NoError(t, err)
		give := func(wanted []pickup, nonces ...string) (drawn int, err error) {
			_, err = events.Do(k.Ctx, k.Store, func(tx *events.Tx) (struct{}, error) {
				drawn = 0
				return struct{}{}, issue(k.Ctx, tx, wanted, func() string { drawn++; return nonces[min(drawn, len(nonces))-1] })
			})
			return
		}
		drawn, err := give(wanted[:3], "AAAAA", "AAAAA", "BBBBB", "BBBBB", "CCCCC")
		require.NoError(t, err)
		require.Equal(t, 5, drawn)
		require.Equal(t, 3, k.Count(t, "pickup_codes", "nonce IN ('AAAAA', 'BBBBB', 'CCCCC')"))
		_, err = give(wanted[3:], "AAAAA")
		require.ErrorContains(t, err, "no pick-up code is free")
		require.Equal(t, 3, k.Count(t, "pickup_codes", ""))
		_, err = give(wanted[2:3], "DDDDD")
		require.Error(t, err, "an order has one code")
	})
}
