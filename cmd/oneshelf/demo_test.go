package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/internal/db"
)

// process is a demo server in a process of its own, and what its callers need. It may be killed and started again on the same data.
type process struct {
	dir, addr string
	db        *db.DB // the same file, for looking only

	mu      sync.Mutex
	cmd     *exec.Cmd
	errors  *bytes.Buffer
	token   string
	boxes   sandboxes
	exited  chan error
	started time.Time
}

// newProcess picks a folder and a port; nothing runs yet.
func newProcess(t testing.TB) *process {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	p := &process{dir: t.TempDir(), addr: l.Addr().String()}
	t.Cleanup(func() { p.kill(t) })
	return p
}

// start starts the server and waits until it is ready; it answers how long that took.
func (p *process) start(t testing.TB) time.Duration {
	t.Helper()
	p.launch(t)
	within(t, "the server is ready", 10*time.Second, func() bool {
		resp, err := client.Get("http://" + p.addr + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	took := time.Since(p.started)
	text, err := os.ReadFile(filepath.Join(p.dir, "sandboxes.json"))
	require.NoError(t, err)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.boxes = sandboxes{}
	require.NoError(t, json.Unmarshal(text, &p.boxes))
	return took
}

// launch starts the server and does not wait.
func (p *process) launch(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	cmd := exec.Command("oneshelf", "demo", "--quiet-buyers", "--data-dir", p.dir, "--addr", p.addr)
	p.errors = &bytes.Buffer{}
	cmd.Stderr = p.errors
	require.NoError(t, cmd.Start())
	p.cmd, p.exited, p.started = cmd, make(chan error, 1), time.Now()
	go func(exited chan error) { exited <- cmd.Wait() }(p.exited)
}

// kill ends the process as a power cut would.
func (p *process) kill(t testing.TB) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("killing the server: %v", err)
	}
	<-p.exited
	p.cmd = nil
	for line := range strings.Lines(p.errors.String()) {
		if strings.Contains(line, "panic") || strings.Contains(line, `"level":"ERROR"`) {
			t.Errorf("the server said: %s", line)
		}
	}
}

// stop asks the process to end and waits until it has.
func (p *process) stop(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	require.NoError(t, p.cmd.Process.Signal(os.Interrupt))
	select {
	case err := <-p.exited:
		require.NoError(t, err, p.errors.String())
	case <-time.After(20 * time.Second):
		require.Fail(t, "the server did not end within 20 s")
	}
	p.cmd = nil
}

// look opens the database for looking beside the server.
func (p *process) look(t testing.TB) {
	t.Helper()
	opened, err := db.Open(context.Background(), filepath.Join(p.dir, "oneshelf.db"), db.Options{})
	require.NoError(t, err)
	p.db = opened
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
}

// count tells one number of the database.
func (p *process) count(t testing.TB, query string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, p.db.Read().QueryRow(context.Background(), query, args...).Scan(&n), query)
	return n
}

// control is where a marketplace's sandbox is driven.
func (p *process) control(channel string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if channel == "jd" {
		return p.boxes.JD.Control
	}
	return p.boxes.Taobao.Control
}

var client = &http.Client{Timeout: 10 * time.Second}

// errRefused is an answer that the same call would get again.
type errRefused struct{ text string }

func (e errRefused) Error() string { return e.text }

// call sends JSON and reads JSON; an answer below 500 that is no success is refused for good.
func call(ctx context.Context, method, url, token string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 500 {
		return fmt.Errorf("%s: %s", resp.Status, text)
	}
	if resp.StatusCode >= 300 {
		return errRefused{resp.Status + ": " + string(text)}
	}
	return json.Unmarshal(text, out)
}

// item is what a sandbox shows of a unit.
type item struct {
	OuterCode string
	Quantity  int
	OnSale    bool
}

// sale is what a sandbox tells of an order.
type sale struct {
	ID, State string
	Lines     []struct{ OuterCode string }
	Shipments []struct{ TrackingNumber string }
}

// shown is what a marketplace shows of what is on sale there.
func (p *process) shown(t testing.TB, channel string) map[string]int {
	t.Helper()
	var items []item
	require.NoError(t, call(t.Context(), http.MethodGet, p.control(channel)+"/_sandbox/items", "", nil, &items))
	out := map[string]int{}
	for _, i := range items {
		if i.OnSale {
			out[i.OuterCode] = i.Quantity
		}
	}
	return out
}

func (p *process) sales(t testing.TB, channel string) (out []sale) {
	t.Helper()
	require.NoError(t, call(t.Context(), http.MethodGet, p.control(channel)+"/_sandbox/orders", "", nil, &out))
	return out
}

// purchase is an order of one piece, as the control API takes it.
func purchase(sku string, pay bool) map[string]any {
	return map[string]any{"lines": []any{map[string]any{"outerCode": sku, "quantity": 1}}, "pay": pay}
}

// graphql asks the API; userErrors and errors are refusals.
func (p *process) graphql(ctx context.Context, document string, input, out any) error {
	var answer struct {
		Data   map[string]json.RawMessage
		Errors []struct{ Message string }
	}
	err := call(ctx, http.MethodPost, "http://"+p.addr+"/graphql", p.token, map[string]any{"query": document, "variables": map[string]any{"input": input}}, &answer)
	if err != nil {
		return err
	}
	if len(answer.Errors) > 0 {
		return errRefused{answer.Errors[0].Message}
	}
	for _, field := range answer.Data {
		var said struct {
			UserErrors []struct{ Code, Message string }
		}
		if err := json.Unmarshal(field, &said); err != nil {
			return err
		}
		if len(said.UserErrors) > 0 {
			return errRefused{said.UserErrors[0].Code + ": " + said.UserErrors[0].Message}
		}
		return json.Unmarshal(field, out)
	}
	return errors.New("an answer without data")
}

// within waits for something that must come true in time.
func within(t testing.TB, what string, d time.Duration, done func() bool) time.Duration {
	t.Helper()
	begun := time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		require.Less(t, time.Since(begun), d, what)
		<-tick.C
	}
	return time.Since(begun)
}
