package schema_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// load reads the schema as it is written.
func load(t *testing.T) *ast.Schema {
	t.Helper()
	names, err := filepath.Glob("*.graphql")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	var sources []*ast.Source
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		sources = append(sources, &ast.Source{Name: name, Input: string(text)})
	}
	schema, err := gqlparser.LoadSchema(sources...)
	require.NoError(t, err)
	return schema
}

// silent lists whatever has no description, and tells how much it looked at.
func silent(schema *ast.Schema) (found []string, looked int) {
	look := func(name, description string) {
		looked++
		if strings.TrimSpace(description) == "" {
			found = append(found, name)
		}
	}
	for _, d := range schema.Types {
		if d.BuiltIn {
			continue
		}
		look(d.Name, d.Description)
		for _, f := range d.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue // every schema's own
			}
			look(d.Name+"."+f.Name, f.Description)
			if len(f.Arguments) == 1 {
				continue // told by its field
			}
			for _, a := range f.Arguments {
				look(d.Name+"."+f.Name+"("+a.Name+")", a.Description)
			}
		}
		for _, v := range d.EnumValues {
			look(d.Name+"."+v.Name, v.Description)
		}
	}
	return found, looked
}

// What a partner reads in an editor or at / is the descriptions: none may be missing.
func TestEverythingIsDescribed(t *testing.T) {
	t.Parallel()
	found, looked := silent(load(t))
	require.Greater(t, looked, 500)
	for _, name := range found {
		t.Errorf("%s has no description", name)
	}
}

func TestWhatIsNotDescribedIsFound(t *testing.T) {
	t.Parallel()
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `"a" type Query { "b" told: E "c" asked(x: Int, "y" y: Int): Int "f" alone(z: Int): Int silent: Int } "d" enum E { "e" ONE TWO }`})
	found, _ := silent(schema)
	require.ElementsMatch(t, []string{"Query.silent", "Query.asked(x)", "E.TWO"}, found)
}
