package importer

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"unicode"

	"github.com/oneshelf/oneshelf/commerce"
)

// maxSKU is how many characters a SKU may have.
const maxSKU = 64

// plainSKU writes a handle and the values chosen as one word, OCEAN-BLUE-SHIRT-SMALL-RED. It answers false when that would be too long or
// would leave a sign out that tells two choices apart.
func plainSKU(handle string, values []string) (string, bool) {
	var b strings.Builder
	whole := true
	for _, part := range append([]string{handle}, values...) {
		gap := true // a part begins behind a hyphen
		before := b.Len()
		for _, c := range commerce.Fold(part) {
			switch {
			case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
				if gap && b.Len() > 0 {
					b.WriteByte('-')
				}
				gap = false
				b.WriteByte(byte(unicode.ToUpper(c)))
			case strings.ContainsRune(" -_/.'", c):
				gap = true
			default:
				gap, whole = true, false
			}
		}
		whole = whole && b.Len() > before
	}
	return b.String(), whole && b.Len() <= maxSKU
}

// hashedSKU is a SKU for those that plainSKU cannot tell apart: as much of it as there is room for, and 65 bits of a hash, so that a
// brand with a million of them does not see two alike.
func hashedSKU(handle string, values []string) string {
	plain, _ := plainSKU(handle, values)
	sum := sha256.Sum256([]byte(strings.Join(append([]string{handle}, values...), "\x1f"))) // no cleaned text holds this sign
	hash := base32.StdEncoding.EncodeToString(sum[:10])[:13]
	plain = strings.TrimRight(plain[:min(len(plain), maxSKU-len(hash)-1)], "-")
	if plain == "" {
		return hash
	}
	return plain + "-" + hash
}
