package graph_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

var update = flag.Bool("update", false, "write the answers that stories get into testdata/stories; read them before you keep them")

// The stories in testdata/stories are told to a fresh brand on each engine. A story is a txtar file: each section named by an
// operation holds its variables, the section "answer" after it the data it must get, in full. In an answer "$name" stands for a text
// that the server chose: it is remembered, and must be the same wherever the name is used again, in variables too. "*" is any text.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/stories/*.txtar")
	require.NoError(t, err)
	all := readOperations(t)
	told := map[string]bool{}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(t, err)
		for _, section := range archive.Files {
			told[section.Name] = true
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			if *update {
				tell(t, apitest.New(t, testkit.SQLite(t)), all, archive, true)
				require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o644))
				return
			}
			testkit.Each(t, func(t *testing.T, k *testkit.Kit) { tell(t, apitest.New(t, k), all, archive, false) })
		})
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		assert.True(t, told[name] || toldElsewhere[name], "no story tells %s", name)
	}
}

// toldElsewhere are operations with tests of their own: what streams say comes when it comes, and marketplaces tell what they need.
var toldElsewhere = map[string]bool{"LiveEvents": true, "LiveStock": true, "LiveOrders": true, "PullFeed": true, "ChannelKinds": true}

func tell(t *testing.T, a *apitest.API, all operations, story *txtar.Archive, learn bool) {
	client := a.Client(t)
	known := names{}
	for i := 0; i+1 < len(story.Files); i += 2 {
		asked, wanted := story.Files[i], &story.Files[i+1]
		step := fmt.Sprintf("step %d, %s", i/2+1, asked.Name)
		require.Contains(t, all, asked.Name, step)
		require.Equal(t, "answer", wanted.Name, step)
		vars, _ := known.fill(parse(t, asked.Data, step)).(map[string]any)
		r := client.Do(t, all[asked.Name], vars)
		require.Empty(t, r.Errors, "%s: %s", step, r.Body)
		require.Positive(t, r.Extensions.Cost.Requested, step)
		got := parse(t, r.Data, step)
		if learn {
			wanted.Data = append(encode(t, known.learn("", got)), '\n')
			continue
		}
		want := parse(t, wanted.Data, step)
		known.bind(want, got)
		require.Equal(t, string(encode(t, known.fill(want))), string(encode(t, known.blur(want, got))), step)
	}
}

func parse(t *testing.T, text []byte, step string) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var out any
	require.NoError(t, d.Decode(&out), "%s: %s", step, text)
	return out
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	require.NoError(t, e.Encode(v))
	return bytes.TrimSpace(narrow(b.Bytes()))
}

// short are innermost objects and lists: they are written on one line.
var short = regexp.MustCompile(`[{\[][^{}\[\]]*[}\]]`)

func narrow(text []byte) []byte {
	for range 2 {
		text = short.ReplaceAllFunc(text, func(part []byte) []byte {
			one := strings.Join(strings.Fields(string(part)), " ")
			if len(one) > 110 {
				return part
			}
			return []byte(one)
		})
	}
	return text
}

// names are the texts that the server chose, by what a story calls them.
type names map[string]string

// each rebuilds a value with its texts changed.
func each(v any, path string, change func(path, s string) string) any {
	switch v := v.(type) {
	case string:
		return change(path, v)
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = each(x, path+"."+strconv.Itoa(i), change)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out[key] = each(v[key], path+"."+key, change)
		}
		return out
	}
	return v
}

// fill puts known texts in the place of their names.
func (n names) fill(v any) any {
	return each(v, "", func(_, s string) string {
		if text, ok := n[s]; ok {
			return text
		}
		return s
	})
}

// bind remembers what stands in an answer where the wanted one has a new name.
func (n names) bind(want, got any) {
	texts := map[string]string{}
	each(got, "", func(path, s string) string { texts[path] = s; return s })
	each(want, "", func(path, s string) string {
		if text, there := texts[path]; there && n[s] == "" && strings.HasPrefix(s, "$") && text != "" {
			n[s] = text
		}
		return s
	})
}

// blur writes "*" wherever any text is wanted.
func (n names) blur(want, got any) any {
	blurred := map[string]bool{}
	each(want, "", func(path, s string) string { blurred[path] = s == "*"; return s })
	return each(got, "", func(path, s string) string {
		if blurred[path] && s != "" {
			return "*"
		}
		return s
	})
}

var (
	idText   = regexp.MustCompile(`^([a-z]{2,5})_[0-9a-hjkmnp-tv-z]{26}$`)
	ofChance = regexp.MustCompile(`(^|\.)(cursor|startCursor|endCursor|number|dispatchToken|cause|expiresAt|code.value)$`)
)

// learn puts names in the place of what the server chose.
func (n names) learn(path string, v any) any {
	return each(v, path, func(path, s string) string {
		for name, text := range n {
			if text == s {
				return name
			}
		}
		kind := ""
		if m := idText.FindStringSubmatch(s); m != nil {
			kind = m[1]
		} else if m := ofChance.FindStringSubmatch(path); m != nil {
			kind = m[2]
		} else {
			return s
		}
		if kind == "cause" || kind == "expiresAt" {
			return "*"
		}
		if kind == "startCursor" || kind == "endCursor" {
			kind = "cursor"
		}
		kind = strings.TrimSuffix(kind, ".value")
		for i := 1; ; i++ {
			if name := "$" + kind + strconv.Itoa(i); n[name] == "" {
				n[name] = s
				return name
			}
		}
	})
}
