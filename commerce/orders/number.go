package orders

import (
	"crypto/rand"
	"strings"

	"github.com/oneshelf/oneshelf/commerce"
)

// numbers are written without letters that are taken for digits.
const numberAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newNumber makes an order number from the day and chance, as in 261122-7KQ2M9X: no counter, so placing orders never waits for
// another. 35 random bits a day make a collision rare; the unique index finds one and the transaction runs again.
func newNumber(now commerce.Instant) string {
	var chance [7]byte
	rand.Read(chance[:])
	out := now.Time().AppendFormat(make([]byte, 0, 14), "060102-")
	for _, b := range chance {
		out = append(out, numberAlphabet[b&31])
	}
	return string(out)
}

// AsNumber is a text as a number of an order is written, for looking one up: in capitals, of whatever width it was.
func AsNumber(text string) string { return strings.ToUpper(commerce.Fold(text)) }
