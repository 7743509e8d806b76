// Package keyset pages through lists by the values of the last row seen, never by counting rows: pages are stable under inserts and
// cost the same wherever they are. Its cursors are opaque: encrypted, signed and bound to what they were made for.
package keyset

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
)

// ErrCursor says that a cursor was not made for this list, this order or this brand.
var ErrCursor = errors.New("the cursor does not belong to this list")

// Codec makes cursors. It may be used by many at once.
type Codec struct {
	mac   []byte
	block cipher.Block
}

// NewCodec takes a key of its own, 32 bytes.
func NewCodec(key []byte) (*Codec, error) {
	derive := func(purpose string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(purpose))
		return h.Sum(nil)
	}
	block, err := aes.NewCipher(derive("cursor encryption"))
	if err != nil {
		return nil, err
	}
	return &Codec{mac: derive("cursor authentication"), block: block}, nil
}

// Seal writes a cursor. The tag over binding and payload is also the counter that encrypts, so equal places have equal cursors and
// nothing else can be read from one. (The construction is that of SIV, RFC 5297, with HMAC for the tag.)
func (c *Codec) Seal(binding string, payload []byte) string {
	tag := c.tag(binding, payload)
	out := make([]byte, 16+len(payload))
	copy(out, tag)
	cipher.NewCTR(c.block, tag).XORKeyStream(out[16:], payload)
	return base64.RawURLEncoding.EncodeToString(out)
}

// Open reads a cursor that was made for the same binding; anything else is ErrCursor.
func (c *Codec) Open(binding, cursor string) ([]byte, error) {
	if len(cursor) > 4096 {
		return nil, ErrCursor
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) < 16 {
		return nil, ErrCursor
	}
	payload := make([]byte, len(raw)-16)
	cipher.NewCTR(c.block, raw[:16]).XORKeyStream(payload, raw[16:])
	if !hmac.Equal(raw[:16], c.tag(binding, payload)) {
		return nil, ErrCursor
	}
	return payload, nil
}

func (c *Codec) tag(binding string, payload []byte) []byte {
	h := hmac.New(sha256.New, c.mac)
	h.Write([]byte(binding))
	h.Write([]byte{0})
	h.Write(payload)
	return h.Sum(nil)[:16]
}
