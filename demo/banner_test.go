package demo

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

func TestBannerTellsWhereToLook(t *testing.T) {
	text := Banner{
		Address: "127.0.0.1:8080", Token: "tok.en", DataDir: "./data", File: "data/sandboxes.json",
		Sandboxes: []BannerSandbox{{Channel: "taobao", Gateway: "http://127.0.0.1:9101/router/rest", Control: "http://127.0.0.1:9101"}},
	}.String()
	for _, what := range []string{
		"http://127.0.0.1:8080/\n", "http://127.0.0.1:8080/graphql", "\nTOKEN=tok.en\n", "./data", "data/sandboxes.json", "taobao",
		"http://127.0.0.1:9101/router/rest", "http://127.0.0.1:9101/_sandbox/",
	} {
		require.Contains(t, text, what)
	}
	require.NotContains(t, text, "quiet")
	require.Contains(t, Banner{Quiet: true}.String(), "--quiet-buyers")
}

// What people are told to paste is what the API takes.
func TestBannerPastesWhatTheSchemaTakes(t *testing.T) {
	files, err := filepath.Glob("../schema/*.graphql")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var sources []*ast.Source
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		sources = append(sources, &ast.Source{Name: f, Input: string(text)})
	}
	schema, err := gqlparser.LoadSchema(sources...)
	require.NoError(t, err)

	bodies := regexp.MustCompile(`(?m)^  -d '(.*)'$`).FindAllStringSubmatch(Banner{Address: "a", Token: "t"}.String(), -1)
	require.Len(t, bodies, 3)
	for _, b := range bodies {
		require.NotContains(t, b[1], "'", "the shell would end the text there")
		var call struct {
			Query     string
			Variables map[string]any
		}
		require.NoError(t, json.Unmarshal([]byte(b[1]), &call), b[1])
		document, errs := gqlparser.LoadQueryWithRules(schema, call.Query, rules.NewDefaultRules())
		require.Empty(t, errs.Error())
		_, err := validator.VariableValues(schema, document.Operations[0], call.Variables)
		require.NoError(t, err)
	}
}
