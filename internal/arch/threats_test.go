package arch

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	told   = regexp.MustCompile(`//.*|^func Test\w+`) // where a test says what it is for
	threat = regexp.MustCompile(`\b(?:Test)?(AU|TN|SC|GQ|IN|MQ|ID|CC|CR|SU|MP|WH|LG|DB)-?(\d\d)`)
	row    = regexp.MustCompile(`(?m)^\| ([A-Z]{2}-\d\d) \| [^|]+\. \| ([^|]+) \|$`)
)

// The page of threats has the ids that tests name and no others, and shows each in tests that do name it.
func TestThePageOfThreatsKnowsItsTests(t *testing.T) {
	t.Parallel()
	found := map[string]map[string]bool{} // the files that name an id
	for _, p := range packages(t) {
		in, ours := folder(p.ImportPath)
		require.True(t, ours)
		for _, name := range slices.Concat(p.TestGoFiles, p.XTestGoFiles) {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			require.NoError(t, err)
			for line := range strings.Lines(string(text)) {
				for _, id := range threat.FindAllStringSubmatch(strings.Join(told.FindAllString(line, -1), " "), -1) {
					files := found[id[1]+"-"+id[2]]
					if files == nil {
						files = map[string]bool{}
						found[id[1]+"-"+id[2]] = files
					}
					files[in+"/"+name] = true
				}
			}
		}
	}
	page, err := os.ReadFile("../../docs/threats.md")
	require.NoError(t, err)
	var shown []string
	for _, r := range row.FindAllStringSubmatch(string(page), -1) {
		shown = append(shown, r[1])
		for file := range strings.SplitSeq(r[2], ", ") {
			require.True(t, found[r[1]][strings.Trim(file, "`")], "%s is not named in %s", r[1], file)
		}
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(found)), shown, "ids that tests name, and those of docs/threats.md")
}
