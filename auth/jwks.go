package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/MicahParks/keyfunc/v3"
)

// Bounds of what we take from an issuer: enough for anyone, too little to make verifying costly.
const (
	maxKeys    = 100
	minRSABits = 2048
	maxRSABits = 8192
)

// decodeJWKS reads a key set. Keys we have no use for (other types, curves, algorithms, encryption) are passed over, as RFC 7517
// section 5 wants, and so are those without a kid and those that share one: nobody could tell which is meant. keyfunc reads the
// single keys and not the set, since it gives a whole set up for one key it does not know; and it never fetches, so that the
// bounds on asking are ours.
func decodeJWKS(ctx context.Context, body []byte) (map[string]verifyKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil || set.Keys == nil {
		return nil, errors.New("the issuer's answer is not a key set")
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("the issuer has more than %d keys", maxKeys)
	}
	out, shared := map[string]verifyKey{}, map[string]bool{}
	for _, raw := range set.Keys {
		kid, key, err := decodeJWK(ctx, raw)
		if err != nil {
			continue
		}
		if _, taken := out[kid]; taken {
			shared[kid] = true
		}
		out[kid] = key
	}
	maps.DeleteFunc(out, func(kid string, _ verifyKey) bool { return shared[kid] })
	return out, nil
}

func decodeJWK(ctx context.Context, raw json.RawMessage) (string, verifyKey, error) {
	var meta struct {
		KID string   `json:"kid"`
		Use string   `json:"use"`
		Alg string   `json:"alg"`
		Ops []string `json:"key_ops"`
	}
	if err := json.Unmarshal(raw, &meta); err != nil {
		return "", verifyKey{}, err
	}
	if meta.KID == "" || len(meta.KID) > maxKID || meta.Use != "" && meta.Use != "sig" || meta.Ops != nil && !slices.Contains(meta.Ops, "verify") {
		return "", verifyKey{}, errors.New("not a key to verify with")
	}
	parsed, err := keyfunc.NewJWKJSON(raw)
	if err != nil {
		return "", verifyKey{}, err
	}
	set, err := parsed.VerificationKeySet(ctx)
	if err != nil || len(set.Keys) != 1 {
		return "", verifyKey{}, errors.New("not one key")
	}
	key, err := pin(set.Keys[0])
	if err != nil || meta.Alg != "" && meta.Alg != key.alg {
		return "", verifyKey{}, errors.New("not a key of an algorithm we use")
	}
	return meta.KID, key, nil
}

// pin gives a public key its one algorithm, by its type. Symmetric keys have none.
func pin(key any) (verifyKey, error) {
	switch k := key.(type) {
	case ed25519.PublicKey:
		if len(k) == ed25519.PublicKeySize {
			return verifyKey{alg: "EdDSA", key: k}, nil
		}
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return verifyKey{alg: "ES256", key: k}, nil
		}
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits >= minRSABits && bits <= maxRSABits && k.E >= 3 && k.E%2 == 1 && int64(k.E) < 1<<31 {
			return verifyKey{alg: "RS256", key: k}, nil
		}
	}
	return verifyKey{}, errors.New("not a key of a type we use")
}

// jwk is one of our own public keys as RFC 8037 writes it.
type jwk struct {
	Type  string `json:"kty"`
	Curve string `json:"crv"`
	X     string `json:"x"`
	ID    string `json:"kid"`
	Use   string `json:"use"`
	Alg   string `json:"alg"`
}

func encodeJWKS(keys map[string]verifyKey) ([]byte, error) {
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	for _, kid := range slices.Sorted(maps.Keys(keys)) {
		if public, ok := keys[kid].key.(ed25519.PublicKey); ok {
			set.Keys = append(set.Keys, jwk{"OKP", "Ed25519", base64.RawURLEncoding.EncodeToString(public), kid, "sig", "EdDSA"})
		}
	}
	return json.Marshal(set)
}
