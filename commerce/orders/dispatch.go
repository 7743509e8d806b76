package orders

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"

	"github.com/oneshelf/oneshelf/commerce"
)

// Dispatch makes the tokens that shipping needs. A token is bound to a piece of work and to the count of tokens given out for it, so
// raising the count revokes it; nothing but the count is stored, and a replay makes the same token again.
type Dispatch struct{ key []byte }

// NewDispatch takes a key of its own.
func NewDispatch(key []byte) Dispatch { return Dispatch{key} }

// Token is the one for work at a count.
func (d Dispatch) Token(work commerce.UUID, count int) string {
	mac := hmac.New(sha256.New, d.key)
	mac.Write(work[:])
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(count)))
	return "dt_" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:24])
}

// Valid tells whether the token is the one for work at a count.
func (d Dispatch) Valid(token string, work commerce.UUID, count int) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(d.Token(work, count))) == 1
}
