package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a program that was started to be measured.
type process struct {
	cmd  *exec.Cmd
	addr string
	done chan struct{} // closed when its output has ended
}

// start runs a program and reads its output until find answers the address it listens on.
func start(ctx context.Context, find func(line string) string, output func(*exec.Cmd) (io.Reader, error), name string, args ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, name, args...), done: make(chan struct{})}
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = 20 * time.Second
	out, err := output(p.cmd)
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	found := make(chan string, 1)
	var last string
	go func() {
		defer close(p.done)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			last = lines.Text()
			if addr := find(last); addr != "" {
				select {
				case found <- addr:
				default:
				}
			}
		}
	}()
	select {
	case p.addr = <-found:
		return p, nil
	case <-p.done:
		return nil, fmt.Errorf("%s ended: %s: %w", name, last, p.cmd.Wait())
	case <-time.After(30 * time.Second):
		return nil, errors.Join(fmt.Errorf("%s did not tell where it listens", name), p.stop())
	}
}

// startServer starts the server under test. Its log says where it listens.
func startServer(ctx context.Context, o options, url string, args ...string) (*process, error) {
	said := func(line string) string {
		var entry struct{ Msg, Addr string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "serving" {
			return entry.Addr
		}
		return ""
	}
	all := append([]string{"serve", "--addr", "127.0.0.1:0", "--data-dir", o.dir}, at(url)...)
	return start(ctx, said, func(c *exec.Cmd) (io.Reader, error) { return c.StderrPipe() }, o.server, append(all, args...)...)
}

// startPlain builds and starts the hand-written program.
func startPlain(ctx context.Context, o options, url string) (*process, error) {
	binary := filepath.Join(o.dir, "plain")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/oneshelf/oneshelf/bench/plain").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building plain: %s: %w", out, err)
	}
	whole := func(line string) string { return line }
	return start(ctx, whole, func(c *exec.Cmd) (io.Reader, error) {
		c.Stderr = os.Stderr
		return c.StdoutPipe()
	}, binary, "--database-url", url, "--brand", brandCode)
}

// stop ends the program as an operator would.
func (p *process) stop() error {
	p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	<-p.done
	return p.cmd.Wait()
}

// ticks is how many of the kernel's ticks a second has, on every Linux that Go runs on.
const ticks = 100

// cpu is the processor time that a process has used, in user and kernel mode; and, with its children that have ended, when asked.
func cpu(pid int, children bool) time.Duration {
	fields := stat(pid)
	if len(fields) < 15 {
		return 0
	}
	var sum int64
	upto := 13
	if children {
		upto = 15
	}
	for _, text := range fields[11:upto] {
		n, _ := strconv.ParseInt(text, 10, 64)
		sum += n
	}
	return time.Duration(sum) * time.Second / ticks
}

// stat is what /proc/PID/stat tells behind the program's name, beginning with the state.
func stat(pid int) []string {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	_, after, _ := strings.Cut(string(raw), ") ")
	return strings.Fields(after)
}

// family is the processor time of a process and of all its children, whether they still run or not: PostgreSQL has one for each
// connection.
func family(parent int) time.Duration {
	sum := cpu(parent, true)
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if f := stat(pid); len(f) > 1 && f[1] == strconv.Itoa(parent) {
			sum += cpu(pid, true)
		}
	}
	return sum
}

// parentOf is the process that started another, 0 when it is not on this machine.
func parentOf(pid int) int {
	f := stat(pid)
	if len(f) < 2 {
		return 0
	}
	n, _ := strconv.Atoi(f[1])
	return n
}

// memory is what a process holds in memory now and what it held at most, in MiB.
func memory(pid int) (now, most int) {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(raw)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		kib, _ := strconv.Atoi(fields[1])
		switch fields[0] {
		case "VmRSS:":
			now = kib / 1024
		case "VmHWM:":
			most = kib / 1024
		}
	}
	return now, most
}
