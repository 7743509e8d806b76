package orders

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// pickupTime is how long goods wait at a counter, from when the order was placed or last let go on.
const pickupTime = 7 * 24 * time.Hour

// A code is as many characters of chance and as many of signature: 25 bits each.
const codeHalf = 5

// maxTyped bounds the bytes that are looked at for a code.
const maxTyped = 128

// pickupCodes makes and reads the codes that buyers show. A code is a nonce, by which it is found, and a signature over brand, order,
// counter and nonce. Only the nonce is stored, so the database, its copies and its logs make no code.
type pickupCodes struct{ key []byte }

// pickup gives codes a key of their own: what is signed here is no message that a token signs, and the other way round.
func (d Dispatch) pickup() pickupCodes {
	mac := hmac.New(sha256.New, d.key)
	mac.Write([]byte("pickup codes"))
	return pickupCodes{mac.Sum(nil)}
}

// text is the code as it is shown: nonce, hyphen, signature.
func (p pickupCodes) text(c *ent.PickupCode) string {
	return c.Nonce + "-" + p.signature(c)
}

// signs tells whether a signature is the one of the code.
func (p pickupCodes) signs(c *ent.PickupCode, signature string) bool {
	return subtle.ConstantTimeCompare([]byte(signature), []byte(p.signature(c))) == 1
}

func (p pickupCodes) signature(c *ent.PickupCode) string {
	mac := hmac.New(sha256.New, p.key)
	mac.Write(slices.Concat([]byte("code"), c.BrandID[:], c.OrderID[:], c.LocationID[:], []byte(c.Nonce)))
	return letters(mac.Sum(nil)[:codeHalf])
}

// digest stands for what was typed where it is compared but must not be kept.
func (p pickupCodes) digest(typed string) []byte {
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte("typed"))
	mac.Write([]byte(typed))
	return mac.Sum(nil)
}

// letters writes each byte's lower five bits as a character without look-alikes.
func letters(chance []byte) string {
	out := make([]byte, len(chance))
	for i, b := range chance {
		out[i] = numberAlphabet[b&31]
	}
	return string(out)
}

// readCode forgives what eyes and keyboards do to a code (case, full width, spaces, hyphens, O for 0, I and L for 1) and parts it into
// nonce and signature. What cannot be a code is not ok.
func readCode(typed string) (nonce, signature string, ok bool) {
	if len(typed) > maxTyped {
		return "", "", false
	}
	plain := strings.Map(func(r rune) rune {
		switch {
		case r == 'O':
			return '0'
		case r == 'I' || r == 'L':
			return '1'
		case unicode.IsSpace(r) || unicode.Is(unicode.Dash, r):
			return -1
		}
		return r
	}, strings.ToUpper(commerce.Fold(typed)))
	if len(plain) != 2*codeHalf || strings.Trim(plain, numberAlphabet) != "" {
		return "", "", false
	}
	return plain[:codeHalf], plain[codeHalf:], true
}

// pickup is an order that is fetched at a counter.
type pickup struct{ order, location commerce.UUID }

// issueCodes writes the codes of new orders, all of them in one statement as long as chance gives no nonce that is taken.
func issueCodes(ctx context.Context, tx *events.Tx, wanted []pickup) error {
	return issue(ctx, tx, wanted, func() string {
		var chance [codeHalf]byte
		rand.Read(chance[:])
		return letters(chance[:])
	})
}

// issue draws again for those whose nonce is taken: giving the whole transaction up for it would cost the more the more codes there are.
func issue(ctx context.Context, tx *events.Tx, wanted []pickup, draw func() string) error {
	for range 32 { // with half of all nonces taken, so many draws in vain are one chance in 2^32
		if len(wanted) == 0 {
			return nil
		}
		args := make([]any, 0, 5*len(wanted))
		for _, w := range wanted {
			args = append(args, commerce.NewUUID(), tx.Viewer.Brand, w.order, w.location, draw())
		}
		rows, err := tx.Query(ctx, `INSERT INTO pickup_codes (id, brand_id, order_id, location_id, nonce) VALUES `+db.Groups(len(wanted), 5)+`
			ON CONFLICT (brand_id, nonce) DO NOTHING RETURNING order_id`, args...)
		written, err := db.Collect(rows, err, db.ScanUUID)
		if err != nil {
			return err
		}
		wanted = slices.DeleteFunc(slices.Clone(wanted), func(w pickup) bool { return slices.Contains(written, w.order) })
	}
	return errors.New("no pick-up code is free")
}
