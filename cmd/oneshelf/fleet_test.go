package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/db"
)

// fleet is servers over one database, each a process of its own that may be killed and started again.
type fleet struct {
	servers  []*shelf
	token    string
	database string   // for looking
	where    []string // what tells the program where the data are

	mu   sync.Mutex
	up   *sync.Cond // a server has come up
	turn int
}

// shelf is one server of a fleet. What changes is guarded by the fleet's mutex.
type shelf struct {
	addr   string
	args   []string
	ready  bool
	deaths int

	cmd    *exec.Cmd
	errors *bytes.Buffer
}

// newFleet starts servers over the data folder alone, or over a database with folders of their own and one secret key.
func newFleet(t testing.TB, processes int, databaseURL, redisURL string) *fleet {
	t.Helper()
	f := &fleet{database: databaseURL}
	f.up = sync.NewCond(&f.mu)
	dir := t.TempDir()
	if databaseURL == "" {
		f.database = filepath.Join(dir, "0", "oneshelf.db")
	}
	shared := []string{"--secret-key-file", filepath.Join(dir, "secret.key")}
	if databaseURL != "" {
		shared = append(shared, "--database-url", databaseURL)
	}
	f.where = append([]string{"--data-dir", filepath.Join(dir, "0")}, shared...)
	token := exec.Command("oneshelf", append([]string{"token", "--data-dir", filepath.Join(dir, "0"), "--brand", "acme", "--create-brand",
		"--scope", "products:read products:write prices:write stock:read stock:write orders:read orders:write channels:write events:read"}, shared...)...)
	said, err := token.Output()
	require.NoError(t, err)
	f.token = strings.TrimSpace(string(said))
	if redisURL != "" {
		shared = append(shared, "--redis-url", redisURL)
	}
	for i := range processes {
		m := &shelf{addr: freeAddr(t)}
		m.args = append([]string{"serve", "--addr", m.addr, "--data-dir", filepath.Join(dir, fmt.Sprint(i))}, shared...)
		f.servers = append(f.servers, m)
		t.Cleanup(func() { f.end(t, m, os.Kill) })
		f.start(t, m)
	}
	return f
}

// freeAddr is an address on loopback that nobody listens on.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

// start starts a server and waits until it is ready.
func (f *fleet) start(t testing.TB, m *shelf) {
	t.Helper()
	f.launch(t, m)
	within(t, "the server is ready", 20*time.Second, func() bool {
		resp, err := client.Get("http://" + m.addr + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	m.ready = true
	f.up.Broadcast()
}

// launch starts a server and does not wait.
func (f *fleet) launch(t testing.TB, m *shelf) {
	t.Helper()
	m.cmd, m.errors = exec.Command("oneshelf", m.args...), &bytes.Buffer{}
	m.cmd.Stderr = m.errors
	require.NoError(t, m.cmd.Start())
}

// end ends a server: as a power cut would when the signal is os.Kill, and else as one who asks it to stop, which it then does by itself.
func (f *fleet) end(t testing.TB, m *shelf, signal os.Signal) {
	f.mu.Lock()
	m.ready = false
	m.deaths++
	f.mu.Unlock()
	if m.cmd == nil || m.cmd.Process == nil {
		return
	}
	if err := m.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("ending a server: %v", err)
	}
	if err := m.cmd.Wait(); err != nil && signal != os.Kill {
		t.Errorf("a server that was asked to stop: %v", err)
	}
	m.cmd = nil
	for line := range strings.Lines(m.errors.String()) {
		if strings.Contains(line, "panic") || strings.Contains(line, `"level":"ERROR"`) {
			t.Errorf("a server said: %s", line)
		}
	}
}

// next is a server that is up, each in its turn, and how often it has died; it waits until there is one.
func (f *fleet) next(ctx context.Context) (*shelf, int, error) {
	defer context.AfterFunc(ctx, f.up.Broadcast)()
	f.mu.Lock()
	defer f.mu.Unlock()
	for ctx.Err() == nil {
		for range f.servers {
			f.turn++
			if m := f.servers[f.turn%len(f.servers)]; m.ready {
				return m, m.deaths, nil
			}
		}
		f.up.Wait()
	}
	return nil, 0, ctx.Err()
}

// died tells whether a server was ended since it was handed out.
func (f *fleet) died(m *shelf, deaths int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return m.deaths > deaths
}

// newPostgres makes a database that only the servers of a test work on.
func newPostgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv("ONESHELF_TEST_DATABASE_URL")
	if server == "" {
		t.Fatal("there is no PostgreSQL to test against: run the tests through scripts/testenv (make test)")
	}
	run := func(statement string) {
		d, err := db.Open(context.Background(), server, db.Options{MaxConns: 1})
		require.NoError(t, err)
		_, err = d.Write().Exec(context.Background(), statement)
		require.NoError(t, errors.Join(err, d.Close()))
	}
	name := "oneshelf_live_" + strings.ReplaceAll(commerce.NewUUID().String(), "-", "")
	run("CREATE DATABASE " + name)
	t.Cleanup(func() { run("DROP DATABASE " + name + " WITH (FORCE)") })
	u, err := url.Parse(server)
	require.NoError(t, err)
	u.Path = "/" + name
	return u.String()
}

// newRedis starts a Redis of the test's own; stop kills it.
func newRedis(t testing.TB) (asked *redis.Client, redisURL string, stop func()) {
	t.Helper()
	addr := freeAddr(t)
	_, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	cmd := exec.Command("redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", t.TempDir(), "--save", "", "--appendonly", "no")
	require.NoError(t, cmd.Start(), "run the tests through scripts/testenv (make test)")
	stop = sync.OnceFunc(func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Errorf("killing Redis: %v", err)
		}
		cmd.Wait() // it says that it was killed
	})
	t.Cleanup(stop)
	asked = redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { require.NoError(t, asked.Close()) })
	within(t, "Redis answers", 10*time.Second, func() bool { return asked.Ping(context.Background()).Err() == nil })
	return asked, "redis://" + addr + "/0", stop
}
