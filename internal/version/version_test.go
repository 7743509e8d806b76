package version

import (
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheBuildInformationNamesTheVersion(t *testing.T) {
	t.Parallel()
	set := func(pairs ...string) (s []debug.BuildSetting) {
		for i := 0; i < len(pairs); i += 2 {
			s = append(s, debug.BuildSetting{Key: pairs[i], Value: pairs[i+1]})
		}
		return s
	}
	const revision = "7e4473f0123456789abcdef0123456789abcdef0"
	for name, c := range map[string]struct {
		info debug.BuildInfo
		want string
	}{
		"nothing known":        {debug.BuildInfo{}, "dev"},
		"built without git":    {debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "dev"},
		"installed by version": {debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "v1.2.3"},
		"built from a commit":  {debug.BuildInfo{Settings: set("vcs.revision", revision, "vcs.modified", "false")}, "7e4473f01234"},
		"built with changes":   {debug.BuildInfo{Settings: set("vcs.modified", "true", "vcs.revision", revision)}, "7e4473f01234-dirty"},
		"a short revision":     {debug.BuildInfo{Settings: set("vcs.revision", "7e44")}, "7e44"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, noted(&c.info))
		})
	}
}

// The linker ignores a -X whose variable does not exist, so only a real build
// shows that the Makefile and this package mean the same one.
func TestTheLinkerSetsTheVersion(t *testing.T) {
	t.Parallel()
	makefile, err := filepath.Abs("../../Makefile")
	require.NoError(t, err)
	out, err := exec.Command("make", "--dry-run", "--file", makefile, "build", "VERSION=v9.8.7").CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "-X github.com/oneshelf/oneshelf/internal/version.version=v9.8.7")

	binary := filepath.Join(t.TempDir(), "printed")
	out, err = exec.Command("go", "build", "-buildvcs=false", "-o", binary,
		"-ldflags", "-X github.com/oneshelf/oneshelf/internal/version.version=v9.8.7", "./testdata/print").CombinedOutput()
	require.NoError(t, err, "%s", out)
	out, err = exec.Command(binary).Output()
	require.NoError(t, err)
	require.Equal(t, "v9.8.7\n", string(out))
}
