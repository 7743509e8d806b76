package arch

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The guard is guarded: each line of the house rules, and what breaks it.
func TestTheRulesSayWhatTheyMean(t *testing.T) {
	t.Parallel()
	const code, test = false, true
	for _, c := range []struct {
		from, to string
		inTest   bool
		may      bool
	}{
		// Down the line, never up.
		{"cmd/oneshelf", "server", code, true},
		{"server", "cmd/oneshelf", code, false},
		{"server", "graph", code, true},
		{"graph/generated", "graph/model", code, true},
		{"graph", "commerce/stock", code, true},
		{"graph", "ent/product", code, true},
		{"graph", "internal/keyset", code, true},
		{"graph", "internal/db", code, false},
		{"graph", "jobs", code, false},
		{"jobs", "commerce/channels", code, true},
		{"jobs", "graph", code, false},
		{"commerce/stock", "graph", code, false},
		{"commerce/stock", "events", code, true},
		{"commerce/stock", "read", code, false},
		{"events", "commerce/stock", code, false},
		{"events", "ent/event", code, true},
		{"ent/schema", "events", code, false},
		{"ent/schema", "ent/privacy", code, true},
		{"ent/rule", "auth", code, true},
		{"auth", "ent", code, false},
		{"auth", "commerce", code, true},
		{"commerce", "auth", code, false},
		{"commerce", "internal/cache", code, false},
		{"read", "internal/db", code, true},
		{"read", "commerce/stock", code, false},
		{"demo", "commerce/orders", code, true},
		{"server", "demo", code, false},
		{"importer", "commerce/catalog", code, true},
		{"commerce/catalog", "importer", code, false},

		// catalog ← stock ← orders ← channels; members ← orders.
		{"commerce/stock", "commerce/catalog", code, true},
		{"commerce/catalog", "commerce/stock", code, false},
		{"commerce/orders", "commerce/members", code, true},
		{"commerce/members", "commerce/orders", code, false},
		{"commerce/channels", "commerce/orders", code, true},
		{"commerce/orders", "commerce/channels", code, false},

		// Only channels knows the border; neighbours never meet.
		{"commerce/channels", "integrations", code, true},
		{"commerce/channels", "integrations/jd", code, false},
		{"commerce/orders", "integrations", code, false},
		{"integrations", "commerce", code, true},
		{"integrations", "commerce/orders", code, false},
		{"integrations/jd", "integrations", code, true},
		{"integrations/jd", "integrations/jd/api", code, true},
		{"integrations/jd", "integrations/taobao", code, false},
		{"integrations/jd", "integrations/taobao/api", code, false},
		{"integrations/jd", "internal/httpx", code, true},
		{"integrations/jd", "internal/seal", code, false},
		{"integrations/jd", "ent", code, false},
		{"integrations/all", "integrations/jd", code, true},
		{"commerce/channels", "integrations/all", code, false},
		{"cmd/oneshelf", "integrations/all", code, true},

		// A sandbox and its adapter meet in the adapter's tests alone.
		{"integrations/jd", "integrations/jd/sandbox", code, false},
		{"integrations/jd", "integrations/jd/sandbox", test, true},
		{"integrations/jd", "integrations/taobao/sandbox", test, false},
		{"integrations/jd/sandbox", "integrations/jd", code, false},
		{"integrations/jd/sandbox", "integrations/jd/api", test, false},
		{"integrations/jd/sandbox", "integrations/taobao/sandbox", code, false},
		{"integrations/jd/sandbox", "integrations/sandbox", code, true},
		{"integrations/jd", "integrations/sandbox", code, false},
		{"cmd/oneshelf", "integrations/jd/sandbox", code, true},

		// Tools know no commerce, and test tools stay in tests.
		{"internal/seal", "internal/cache", code, true},
		{"internal/seal", "commerce", code, true},
		{"internal/seal", "auth", code, false},
		{"internal/db", "ent", code, false},
		{"cmd/oneshelf", "internal/testkit", code, false},
		{"cmd/oneshelf", "internal/testkit", test, true},
		{"commerce", "internal/testkit", test, true},
		{"internal/testkit", "server", code, true},
		{"integrations/jd", "integrations/shoptest", test, true},
		{"integrations/jd", "integrations/shoptest", code, false},
		{"integrations/all", "integrations/shoptest", code, false},
		{"cmd/oneshelf", "internal/arch", code, false},
	} {
		why := refuse(c.from, c.to, c.inTest)
		require.Equal(t, c.may, why == "", "%s → %s (in a test: %t): %q", c.from, c.to, c.inTest, why)
	}
}

func TestAPackageWithoutARoomIsToldWhereToGetOne(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"utils", "commerce/pricing", "internal"} {
		require.Contains(t, refuse(folder, "commerce", false), folder+" belongs to no room")
		require.Contains(t, refuse("cmd/oneshelf", folder, false), "internal/arch/rules.go")
	}
}

// A misspelt name in the table would forbid silently.
func TestTheTableNamesRoomsThatItHas(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range rooms {
		require.False(t, seen[r.path], "%s has two rows", r.path)
		seen[r.path] = true
		require.NotEmpty(t, r.stays, "%s does not say what its rule protects", r.path)
		for _, entry := range strings.Fields(r.may + " " + r.tests) {
			if entry == anything {
				continue
			}
			require.True(t, !strings.Contains(entry, "$") || strings.Contains(r.path, "*"), "%s has no name for %s", r.path, entry)
			name := strings.NewReplacer("$", "any", "*", "any").Replace(entry)
			at, ok := find(name)
			require.True(t, ok, "%s may import %s, which is no room", r.path, entry)
			require.True(t, allows(place{&r, "any"}, entry, at), "%s: %s names a folder inside the room %s", r.path, entry, at.room.path)
		}
	}
}

func TestInitFunctionsAreFound(t *testing.T) {
	t.Parallel()
	const body = "package p\n\nfunc init() {}\n\nfunc (x T) init() {}\n\ntype T int\n"
	found, err := initFuncs("hand.go", []byte(body))
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "hand.go:3:1", found[0].String())

	found, err = initFuncs("generated.go", []byte("// Code generated by ent, DO NOT EDIT.\n\n"+body))
	require.NoError(t, err)
	require.Empty(t, found)
}

func TestTestToolsAreRecognised(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"testing":                             true,
		"testing/fstest":                      true,
		"github.com/stretchr/testify/require": true,
		"testingworld":                        false,
		"net/http/httptest":                   false,
		"net/http":                            false,
	} {
		require.Equal(t, want, forTests(path), path)
	}
}
