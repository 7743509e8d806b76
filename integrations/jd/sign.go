package jd

import (
	"crypto/md5" //nolint:gosec // the gateway takes no other digest
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// sign is the gateway's signature: secret, every parameter's name and raw value in ascending byte order of the names, secret;
// MD5 over that, in capitals. What is signed is exactly what is sent, sign itself left out.
// Source: JD's developer guide, HTTP call example; its published digest is in testdata.
func sign(secret string, params map[string]string) string {
	var b strings.Builder
	b.WriteString(secret)
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if name != "sign" {
			b.WriteString(name)
			b.WriteString(params[name])
		}
	}
	b.WriteString(secret)
	sum := md5.Sum([]byte(b.String())) //nolint:gosec // as above
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}
