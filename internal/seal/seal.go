// Package seal keeps secrets at rest: it encrypts them under one key from a file and derives the other keys we need from it.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// KeySize is the length of the key file in bytes.
const KeySize = 32

// version1 is AES-256-GCM with a random nonce of 12 bytes before the ciphertext, under a key derived for this use alone.
const version1 = 1

// ErrOpen says that a sealed text was made under another key, for another place, or was altered. It does not tell which.
var ErrOpen = errors.New("the sealed value cannot be opened with this key")

// Key seals, opens and derives. It may be used by many at once and prints as nothing of use.
type Key struct {
	master []byte
	aead   cipher.AEAD
}

func newKey(master []byte) (*Key, error) {
	if len(master) != KeySize {
		return nil, fmt.Errorf("a secret key has %d bytes, this one has %d", KeySize, len(master))
	}
	k := &Key{master: master}
	block, err := aes.NewCipher(k.Derive("seal v1"))
	if err != nil {
		return nil, fmt.Errorf("prepare the secret key: %w", err)
	}
	if k.aead, err = cipher.NewGCMWithRandomNonce(block); err != nil {
		return nil, fmt.Errorf("prepare the secret key: %w", err)
	}
	return k, nil
}

// Seal encrypts plaintext. The additional data says where the value belongs (a row's id, say) and must be given to Open again, so
// that a sealed value cannot be moved to another place. Sealing the same text twice gives two different values.
func (k *Key) Seal(plaintext, additionalData []byte) []byte {
	// Random nonces are safe for 2^32 values under one key (NIST SP 800-38D, 8.3), far more than there will be channels.
	return k.aead.Seal([]byte{version1}, nil, plaintext, additionalData)
}

// Open decrypts what Seal made with the same additional data. Anything else is ErrOpen.
func (k *Key) Open(sealed, additionalData []byte) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != version1 {
		return nil, ErrOpen
	}
	plaintext, err := k.aead.Open(nil, nil, sealed[1:], additionalData)
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}

// Derive gives 32 bytes for one purpose, always the same for the same key file (HKDF-SHA256, RFC 5869). Knowing one tells nothing
// about another or about the key itself.
func (k *Key) Derive(purpose string) []byte {
	out, err := hkdf.Key(sha256.New, k.master, nil, "oneshelf "+purpose, KeySize)
	if err != nil {
		// Only an output longer than 255 hashes can fail, and ours is one.
		panic(fmt.Sprintf("derive a key: %v", err))
	}
	return out
}

// Format hides the key from every verb of fmt.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "seal.Key(hidden)") }
