package graph_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

// operations are the documents that clients send: each operation with the fragments it uses, as written, by its name.
type operations map[string]string

var (
	definitionStart = regexp.MustCompile(`(?m)^(fragment|query|mutation|subscription) (\w+)`)
	spread          = regexp.MustCompile(`\.\.\.\s*([A-Z]\w+)`)
)

// readOperations reads testdata/operations. A definition begins a line and ends before the next one.
func readOperations(t testing.TB) operations {
	t.Helper()
	files, err := filepath.Glob("testdata/operations/*.graphql")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	out := operations{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		text := string(source)
		starts := definitionStart.FindAllStringSubmatchIndex(text, -1)
		fragments, own := map[string]string{}, map[string]string{}
		for i, at := range starts {
			end := len(text)
			if i+1 < len(starts) {
				end = starts[i+1][0]
			}
			definition, name := text[at[0]:end], text[at[4]:at[5]]
			if text[at[2]:at[3]] == "fragment" {
				fragments[name] = definition
			} else {
				own[name] = definition
			}
		}
		for name, definition := range own {
			require.NotContains(t, out, name)
			out[name] = withFragments(definition, fragments)
		}
	}
	return out
}

// withFragments adds the fragments that a definition uses, and those that they use.
func withFragments(definition string, fragments map[string]string) string {
	var used []string
	for todo := []string{definition}; len(todo) > 0; todo = todo[1:] {
		for _, m := range spread.FindAllStringSubmatch(todo[0], -1) {
			if text, ok := fragments[m[1]]; ok && !slices.Contains(used, text) {
				used, todo = append(used, text), append(todo, text)
			}
		}
	}
	return definition + strings.Join(used, "")
}

// What an operation needs of its variables, whatever it finds by them.
var anyVariables = map[string]apitest.Vars{
	"ProductDetail": {"by": apitest.Vars{"handle": "x"}},
	"VariantByCode": {"by": apitest.Vars{"sku": "x"}},
	"ProductSearch": {"query": "x", "first": 100},
	"AnyNode":       {"id": "x"},
	"AnyNodes":      {"ids": slices.Repeat([]string{"x"}, 100)},
	"StockLevels":   {"first": 100, "where": apitest.Vars{}}, "StockMovements": {"first": 100, "where": apitest.Vars{}},
	"OrderDetail": {"by": apitest.Vars{"number": "x"}}, "MemberDetail": {"by": apitest.Vars{"phone": "x"}, "first": 100},
	"OrderInsight": {"by": apitest.Vars{"number": "x"}}, "Freshness": {"location": apitest.Vars{"code": "x"}},
	"ReservationDetail": {"id": "x"},
	"RoutingSimulate":   {"input": apitest.Vars{"lines": slices.Repeat([]any{apitest.Vars{"variant": apitest.Vars{"sku": "x"}, "quantity": 1}}, 100)}},
	"StockAsOf":         {"variant": apitest.Vars{"sku": "x"}, "location": apitest.Vars{"code": "x"}, "at": "2026-01-31T09:30:00+08:00"},
	"Availability":      {"variant": apitest.Vars{"sku": "x"}, "near": apitest.Vars{"latitude": 31.2, "longitude": 121.5}, "limit": 100},
	"StoreTasks":        {"location": apitest.Vars{"code": "x"}, "first": 100}, "JobStatus": {"id": "x"},
}

func TestEveryOperationPassesTheDefaultCostAtPagesOf100(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	all := readOperations(t)
	require.NotEmpty(t, all)
	dearest := 0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !strings.HasPrefix(all[name], "query") {
			continue
		}
		vars := anyVariables[name]
		if vars == nil {
			vars = apitest.Vars{"first": 100}
		}
		r := a.Client(t).Do(t, all[name], vars)
		require.Empty(t, r.Errors, "%s: %s", name, r.Body)
		require.Equal(t, 10_000, r.Extensions.Cost.Limit, name)
		require.LessOrEqual(t, r.Extensions.Cost.Requested, 10_000, name)
		dearest = max(dearest, r.Extensions.Cost.Requested)
	}
	require.Greater(t, dearest, 1000, "pages count in what a request costs")
}

// Code generators and some clients send a whole file and name the operation.
func TestAWholeFileIsTakenWithTheNameOfAnOperation(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	for file, name := range map[string]string{"catalog": "ProductCount", "stock": "Locations", "channels": "ChannelKinds", "partners": "Viewer"} {
		source, err := os.ReadFile("testdata/operations/" + file + ".graphql")
		require.NoError(t, err)
		send := func(operation string) apitest.Response {
			body, err := json.Marshal(apitest.Vars{"query": string(source), "operationName": operation, "variables": apitest.Vars{"first": 1}})
			require.NoError(t, err)
			return a.Client(t).Post(t, body, nil)
		}
		require.Empty(t, send(name).Errors, name)
		require.Equal(t, []string{"BAD_REQUEST"}, send("Unknown").Said(), file)
		require.Equal(t, []string{"BAD_REQUEST"}, send("").Said(), file)
	}
}
