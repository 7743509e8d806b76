package sandbox

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"sort"
	"strings"
)

// verify tells whether sign is right for the parameters under the secret. Empty values do not count.
// Source: article 101617; there, md5 wraps the secret around the text and the others use it as key.
func verify(params map[string]string, secret, sign string) bool {
	names := make([]string, 0, len(params))
	for name, value := range params {
		if name != "sign" && name != "" && value != "" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	var text strings.Builder
	for _, name := range names {
		text.WriteString(name)
		text.WriteString(params[name])
	}
	var digest hash.Hash
	switch params["sign_method"] {
	case "md5":
		digest = md5.New()
		digest.Write([]byte(secret + text.String() + secret))
	case "hmac":
		digest = hmac.New(md5.New, []byte(secret))
		digest.Write([]byte(text.String()))
	case "hmac-sha256":
		digest = hmac.New(sha256.New, []byte(secret))
		digest.Write([]byte(text.String()))
	default:
		return false
	}
	return hmac.Equal([]byte(strings.ToUpper(hex.EncodeToString(digest.Sum(nil)))), []byte(sign))
}
