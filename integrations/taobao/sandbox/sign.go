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

// verify tells whether sign is right for the parameters under the secret.
func verify(params map[string]string, secret, sign string) bool {
	want := digest(params["sign_method"], secret, params)
	return want != "" && hmac.Equal([]byte(want), []byte(sign))
}

// digest is the upper-case hex digest of the parameters, "" for a way of signing that the gateway does not take. Empty values do not count.
// Source: article 101617; there, md5 wraps the secret around the text and the others use it as key.
func digest(way, secret string, params map[string]string) string {
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
	var sum hash.Hash
	switch way {
	case "md5":
		sum = md5.New()
		sum.Write([]byte(secret + text.String() + secret))
	case "hmac":
		sum = hmac.New(md5.New, []byte(secret))
		sum.Write([]byte(text.String()))
	case "hmac-sha256":
		sum = hmac.New(sha256.New, []byte(secret))
		sum.Write([]byte(text.String()))
	default:
		return ""
	}
	return strings.ToUpper(hex.EncodeToString(sum.Sum(nil)))
}
