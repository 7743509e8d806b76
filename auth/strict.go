package auth

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/oneshelf/oneshelf/commerce"
)

// maxDepth is how deep objects and lists of a token may nest; the outermost is the first.
const maxDepth = 8

// The members we know. One that is written otherwise but folds to one of these refuses the token, since other readers of the same
// token (encoding/json among them) would take it for the member itself.
var (
	headerMembers = []string{"alg", "kid", "typ", "cty", "crit", "b64", "zip", "enc", "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"}
	claimMembers  = []string{"iss", "aud", "sub", "brand", "scope", "channels", "locations", "iat", "nbf", "exp", "jti"}
)

// parts is a token taken apart, each part read once: what is judged is what is used.
type parts struct {
	header, claims map[string]any
	signed         string // header and payload as they were signed
	signature      []byte
}

// split takes a token apart in memory bounded by its size, which is judged first.
func split(raw string) (parts, error) {
	var p parts
	if len(raw) > maxToken {
		return p, errors.New("longer than 8 KB")
	}
	if strings.Count(raw, ".") != 2 {
		return p, errors.New("not three parts")
	}
	end := strings.LastIndexByte(raw, '.')
	header, payload, _ := strings.Cut(raw[:end], ".")
	p.signed = raw[:end]

	var err error
	if p.signature, err = decode(raw[end+1:]); err != nil {
		return p, err
	}
	if p.header, err = readPart(header, headerMembers); err != nil {
		return p, err
	}
	p.claims, err = readPart(payload, claimMembers)
	return p, err
}

func readPart(s string, known []string) (map[string]any, error) {
	data, err := decode(s)
	if err != nil {
		return nil, err
	}
	return readObject(data, known)
}

// decode reads base64url as RFC 7515 wants it: no padding, no line breaks (which encoding/base64 skips), no stray bits at the end.
func decode(s string) ([]byte, error) {
	if s == "" || strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("a part is empty or broken over lines")
	}
	out, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, errors.New("a part is not base64url")
	}
	return out, nil
}

// readObject reads one JSON object. Unlike encoding/json alone it refuses a member given twice or in two spellings, invalid UTF-8
// and deep nesting. Numbers stay text.
func readObject(data []byte, known []string) (map[string]any, error) {
	if !utf8.Valid(data) || !json.Valid(data) {
		return nil, errors.New("a part is not JSON")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	value, err := readValue(dec, 0)
	if err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, errors.New("a part is not a JSON object")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows a part's JSON object")
	}
	for name := range object {
		if !slices.Contains(known, name) && slices.ContainsFunc(known, func(k string) bool { return sameFolded(k, name) }) {
			return nil, errors.New("a known member is spelled in another way")
		}
	}
	return object, nil
}

func readValue(dec *json.Decoder, depth int) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, errors.New("a part is not JSON")
	}
	delim, nested := token.(json.Delim)
	if !nested {
		return token, nil
	}
	if depth++; depth > maxDepth {
		return nil, errors.New("nested too deep")
	}
	if delim == '{' {
		return readMembers(dec, depth)
	}
	list := []any{}
	for dec.More() {
		value, err := readValue(dec, depth)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err = dec.Token() // the closing bracket
	return list, err
}

func readMembers(dec *json.Decoder, depth int) (any, error) {
	object, seen := map[string]any{}, map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, errors.New("a part is not JSON")
		}
		name, ok := token.(string)
		if !ok {
			return nil, errors.New("a member has no name")
		}
		folded := fold(name)
		if seen[folded] {
			return nil, errors.New("a member is given twice")
		}
		seen[folded] = true
		if object[name], err = readValue(dec, depth); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token() // the closing brace
	return object, err
}

// fold brings names to one form when they differ by case, width or compatibility characters alone: exp, EXP, ｅｘｐ, eₓp.
func fold(name string) string {
	if strings.IndexFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return strings.ToLower(name) // the same, at once
	}
	return commerce.Fold(name)
}

func sameFolded(a, b string) bool { return strings.EqualFold(a, b) || fold(a) == fold(b) }
