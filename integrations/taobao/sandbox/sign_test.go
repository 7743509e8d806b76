package sandbox

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheGatewayTakesTheDocumentedSignaturesAndNoOthers(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../testdata/vectors.json")
	require.NoError(t, err)
	var vectors []struct {
		Name, Way, Secret, SecretHex, Sign string
		Params                             map[string]string
	}
	require.NoError(t, json.Unmarshal(text, &vectors))
	for _, v := range vectors {
		key, err := hex.DecodeString(v.SecretHex)
		require.NoError(t, err)
		secret := v.Secret + string(key)
		switch v.Way {
		case "": // only the order of names is published
		case "legacy-md5-prefix": // a way of before 2011, which is not md5
			require.Empty(t, digest(v.Way, secret, v.Params))
			require.NotEqual(t, v.Sign, digest("md5", secret, v.Params))
		default:
			require.Equal(t, v.Sign, digest(v.Way, secret, v.Params), v.Name)
		}
	}
}

func TestASignatureHoldsForItsParametersAlone(t *testing.T) {
	t.Parallel()
	params := map[string]string{"method": "taobao.time.get", "v": "2.0", "sign_method": "hmac"}
	sign := digest("hmac", "secret", params)
	require.True(t, verify(params, "secret", sign))
	require.False(t, verify(params, "other", sign))
	require.False(t, verify(params, "secret", ""))
	more := maps.Clone(params)
	more["empty"] = ""
	require.True(t, verify(more, "secret", sign), "empty values do not count")
	more["page_no"] = "1"
	require.False(t, verify(more, "secret", sign))
	more["sign_method"] = "rot13"
	require.False(t, verify(more, "secret", ""), "an unknown way is never right")
}
