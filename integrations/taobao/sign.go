package taobao

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// The ways of signing that the platform takes. The adapter signs with hmac-sha256, the others stand for its own vectors.
const (
	signMD5        = "md5"
	signHMAC       = "hmac"
	signHMACSHA256 = "hmac-sha256"
)

// base is the text that is signed: all parameters that have a value, but sign, by name in byte order, nothing in between and nothing
// encoded. Source: "API invocation method", article 101617.
func base(params map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if value := params[name]; name != "" && name != "sign" && value != "" {
			b.WriteString(name + value)
		}
	}
	return b.String()
}

// sign is the upper-case hex digest of the parameters under the app's secret; md5 wraps the secret around the text, the others key with it.
// An unknown way gives "".
func sign(way, secret string, params map[string]string) string {
	text := base(params)
	var sum []byte
	switch way {
	case signMD5:
		d := md5.Sum([]byte(secret + text + secret))
		sum = d[:]
	case signHMAC:
		d := hmac.New(md5.New, []byte(secret))
		d.Write([]byte(text))
		sum = d.Sum(nil)
	case signHMACSHA256:
		d := hmac.New(sha256.New, []byte(secret))
		d.Write([]byte(text))
		sum = d.Sum(nil)
	}
	return strings.ToUpper(hex.EncodeToString(sum))
}
