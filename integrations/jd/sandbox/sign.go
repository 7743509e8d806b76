package sandbox

import (
	"bytes"
	"crypto/md5" //nolint:gosec // what the protocol wants
	"crypto/subtle"
	"fmt"
	"sort"
)

// signed checks a signature over the parameters exactly as they were received.
func signed(secret string, sent map[string]string) bool {
	return subtle.ConstantTimeCompare([]byte(digest(secret, sent)), []byte(sent["sign"])) == 1
}

// digest is the gateway's own idea of the signature.
func digest(secret string, sent map[string]string) string {
	names := make([]string, 0, len(sent))
	for name := range sent {
		if name != "sign" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	text := bytes.NewBufferString(secret)
	for _, name := range names {
		fmt.Fprint(text, name, sent[name])
	}
	text.WriteString(secret)
	return fmt.Sprintf("%X", md5.Sum(text.Bytes())) //nolint:gosec // as above
}
