package schema_test

import (
	"os"
	"path/filepath"
	"regexp"
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

// untold lists the fields whose description and directive do not say the same scope. Introspection shows descriptions alone.
func untold(schema *ast.Schema) (found []string) {
	for _, d := range schema.Types {
		if d.Kind == ast.InputObject {
			continue // directives are on what is read; an input's own check is in its use case
		}
		for _, f := range d.Fields {
			told := ""
			if m := needs.FindStringSubmatch(f.Description); m != nil {
				told = m[1]
			}
			wanted := ""
			if scope := f.Directives.ForName("hasScope"); scope != nil {
				wanted = scope.Arguments.ForName("scope").Value.Raw
			}
			root := d == schema.Query || d == schema.Mutation || d == schema.Subscription
			free := wanted == "" && (!root || strings.HasPrefix(f.Name, "__") || strings.Contains(f.Description, "Needs "))
			if told != wanted || wanted == "" && !free {
				found = append(found, d.Name+"."+f.Name)
			}
		}
	}
	return found
}

var needs = regexp.MustCompile(`Needs ([a-z]+:[a-z]+)\.$`)

func TestFieldsSayTheScopeTheyNeed(t *testing.T) {
	t.Parallel()
	for _, name := range untold(load(t)) {
		t.Errorf("the description of %s does not say the scope it needs", name)
	}
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `directive @hasScope(scope: String!) on FIELD_DEFINITION
		type Query { "It. Needs a:read." told: T @hasScope(scope: "a:read") "It. Needs a:read." other: Int @hasScope(scope: "b:read") "It." silent: Int @hasScope(scope: "a:read")
			"It. Needs a:read." open: Int "It." nothing: Int "It. Needs no scope." free: Int } type T { "It." fine: Int "It." not: Int @hasScope(scope: "a:read") }`})
	require.ElementsMatch(t, []string{"Query.other", "Query.silent", "Query.open", "Query.nothing", "T.not"}, untold(schema))
}

// "A Order in a page" was written by a machine.
func TestTypesAreCalledByTheRightArticle(t *testing.T) {
	t.Parallel()
	schema := load(t)
	for name := range schema.Types {
		if !strings.Contains("AEIO", name[:1]) {
			continue
		}
		for _, d := range schema.Types {
			require.NotRegexp(t, `\b[Aa] `+name+`\b`, d.Description)
			for _, f := range d.Fields {
				require.NotRegexp(t, `\b[Aa] `+name+`\b`, f.Description)
			}
		}
	}
}
