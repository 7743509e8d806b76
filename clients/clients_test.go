package clients_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long one client may take, its packages not yet installed.
const patience = 5 * time.Minute

func TestClients(t *testing.T) {
	t.Parallel()
	lookAtSources(t)
	binary := filepath.Join(t.TempDir(), "oneshelf")
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "../cmd/oneshelf").CombinedOutput()
	require.NoError(t, err, "%s", out)

	t.Run("every audit of GraphQL over HTTP passes", func(t *testing.T) {
		t.Parallel()
		shop := open(t, binary)
		said := run(t, "clients", "node", "audit.mjs", shop.url+"/graphql", shop.token)
		require.Contains(t, said, "61 of 61 audits pass")
	})
	t.Run("a browser uses the page and asks nobody else", func(t *testing.T) {
		t.Parallel()
		shop := open(t, binary)
		said := run(t, "--chromium", "clients", "node", "page.mjs", shop.url+"/", shop.token)
		require.Contains(t, said, "requests, all to "+strings.TrimPrefix(shop.url, "http://"))
	})
	t.Run("the page is what its sources say", func(t *testing.T) {
		t.Parallel()
		run(t, "clients", "node", "page/build.mjs", "--check")
	})
	t.Run("codegen makes types of it", func(t *testing.T) {
		t.Parallel()
		require.Regexp(t, `types for [1-9]\d+ operations`, run(t, "clients", "node", "codegen.mjs", t.TempDir()))
	})
	t.Run("relay compiles it", func(t *testing.T) {
		t.Parallel()
		require.Regexp(t, `artifacts for [1-9]\d+ operations`, run(t, "clients", "node", "relay.mjs", t.TempDir()))
	})
	t.Run("the example of a frontend works as its README says", func(t *testing.T) {
		t.Parallel()
		const example = "docs/examples/brand-frontend"
		run(t, example, "node", "codegen.mjs", "--check")
		shop := open(t, binary)
		as := []string{example, "env", "ONESHELF_URL=" + shop.url + "/graphql", "TOKEN=" + shop.token, "npm", "run", "--silent"}
		require.Regexp(t, `HZL-101-NVY-M +599\.00 CNY +\d+ available`, run(t, append(as, "products")...))
		said := run(t, append(as, "demonstrate")...)
		require.Equal(t, 3, strings.Count(said, "cut (the socket closed: 1006), going on after "), said)
		require.Contains(t, said, "3 cuts: 0 lost, 0 twice, in order")
	})
	t.Run("lock files name no place to fetch from", func(t *testing.T) {
		t.Parallel()
		locks, err := filepath.Glob("../docs/examples/*/package-lock.json")
		require.NoError(t, err)
		require.NotEmpty(t, locks)
		for _, lock := range append(locks, "package-lock.json") {
			text, err := os.ReadFile(lock)
			require.NoError(t, err)
			require.Contains(t, string(text), `"integrity"`, lock)
			require.NotContains(t, string(text), `"resolved"`, lock)
		}
	})
}

// lookAtSources looks at every source there is. The go command keeps a test's verdict until something changes that the test itself has
// looked at; here only the programs it starts do so.
func lookAtSources(t *testing.T) {
	t.Helper()
	seen := 0
	require.NoError(t, filepath.WalkDir("..", func(path string, d os.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && (name == "node_modules" || name == "data" || name == "dist" || name == "bin" || name == ".git"):
			return filepath.SkipDir
		case d.IsDir():
			return nil
		}
		seen++
		_, err = os.Stat(path)
		return err
	}))
	require.Greater(t, seen, 500)
}

// run runs a command by scripts/nodeenv and hands back what it printed. The test fails when the command does, and when Node or a browser
// is not to be had.
func run(t *testing.T, args ...string) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	cmd := exec.CommandContext(ctx, "scripts/nodeenv", args...)
	cmd.Dir = ".."
	// A browser has children: all of them go when the time is over.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "scripts/nodeenv %s\n%s", strings.Join(args, " "), out)
	t.Logf("%s", bytes.TrimSpace(out))
	return string(out)
}

// shop is a demo that runs.
type shop struct{ url, token string }

// open starts a demo where nobody buys by himself, in a folder of its own, until the test ends.
func open(t *testing.T, binary string) shop {
	t.Helper()
	cmd := exec.Command(binary, "demo", "--quiet-buyers", "--data-dir", t.TempDir(), "--addr", "127.0.0.1:0")
	var faults bytes.Buffer
	cmd.Stderr = &faults
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	said := make(chan shop, 1)
	read := make(chan struct{})
	go func() {
		defer close(read)
		listen(out, said)
	}()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		<-read // Wait closes the pipe, so what is in it comes first
		require.NoError(t, cmd.Wait(), "%s", &faults)
	})
	select {
	case s := <-said:
		return s
	case <-read:
		require.FailNow(t, "the demo ended before it was up")
	case <-time.After(time.Minute):
		require.FailNow(t, "the demo was not up within a minute")
	}
	return shop{}
}

var endpoint = regexp.MustCompile(`(http://\S+)/graphql`)

// listen reads the banner for the address and the token, and then on, so that the demo never waits for a reader.
func listen(out io.Reader, said chan<- shop) {
	var s shop
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if m := endpoint.FindStringSubmatch(lines.Text()); m != nil && s.url == "" {
			s.url = m[1]
		}
		if token, ok := strings.CutPrefix(lines.Text(), "TOKEN="); ok && s.token == "" {
			s.token = token
			said <- s
		}
	}
}
