package jd

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSignaturesAreTheDocumentedOnes(t *testing.T) {
	raw, err := os.ReadFile("testdata/signatures.json")
	require.NoError(t, err)
	var file struct {
		Vectors []struct {
			ID, Secret, Sign string
			Params           map[string]string
		}
	}
	require.NoError(t, json.Unmarshal(raw, &file))
	require.NotEmpty(t, file.Vectors)
	for _, v := range file.Vectors {
		require.Equal(t, v.Sign, sign(v.Secret, v.Params), v.ID)
		v.Params["sign"] = v.Sign
		require.Equal(t, v.Sign, sign(v.Secret, v.Params), "%s: sign itself is not signed", v.ID)
		v.Params["v"] += "0"
		require.NotEqual(t, v.Sign, sign(v.Secret, v.Params), v.ID)
	}
}
