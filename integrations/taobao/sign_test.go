package taobao

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// vector is one signature whose value is known; testdata/vectors.json tells where from.
type vector struct {
	Name, Way, Secret, SecretHex, Base, Sign string
	Params                                   map[string]string
}

func TestSignaturesAreTheDocumentedOnes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/vectors.json")
	require.NoError(t, err)
	var vectors []vector
	require.NoError(t, json.Unmarshal(text, &vectors))
	require.Len(t, vectors, 7)
	for _, v := range vectors {
		require.Equal(t, v.Base, base(v.Params), v.Name)
		key, err := hex.DecodeString(v.SecretHex)
		require.NoError(t, err)
		secret := v.Secret + string(key)
		switch v.Way {
		case "": // only the order of names is published
		case "legacy-md5-prefix": // a published value that is not today's md5
			require.NotEqual(t, v.Sign, sign(signMD5, secret, v.Params))
			require.Equal(t, "8EE2A00D8949D5A22579DA12A64D4B71", sign(signMD5, secret, v.Params))
		default:
			require.Equal(t, v.Sign, sign(v.Way, secret, v.Params), v.Name)
		}
	}
}

func TestTheSignatureAndEmptyValuesAreNotSigned(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a1b2", base(map[string]string{"b": "2", "sign": "XX", "a": "1", "empty": ""}))
}
