// Command bench measures the server beside a hand-written program that does the same reads and writes, each a process of its own over
// one PostgreSQL: see docs/performance.md. Its figures are ratios within one run; absolute ones tell about the machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// options say how much is measured.
type options struct {
	server, write, profile string
	dir                    string // a folder of our own, gone afterwards
	short, statements      bool
	only                   string
	products, rounds       int
	warm, length           time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.server, "server", "bin/oneshelf", "the server's binary")
	flag.StringVar(&o.write, "write", "", "the page that keeps the report; a short run is never written")
	flag.StringVar(&o.profile, "profile", "", "a folder for the server's profiles: nothing else is measured then")
	flag.BoolVar(&o.short, "short", false, "a glance: few products, one short round")
	flag.BoolVar(&o.statements, "statements", false, "print the server's statements too")
	flag.StringVar(&o.only, "only", "", "only these workloads, as in W1,W5")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := bench(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// bench fills a fresh database and measures there.
func bench(ctx context.Context, o options) (err error) {
	admin := os.Getenv("ONESHELF_TEST_DATABASE_URL")
	if admin == "" {
		return errors.New("ONESHELF_TEST_DATABASE_URL must name a PostgreSQL: run it under scripts/testenv --durable")
	}
	o.products, o.rounds, o.warm, o.length = 10_000, 3, 2*time.Second, 6*time.Second
	if o.short {
		o.products, o.rounds, o.warm, o.length = 2_000, 1, 500*time.Millisecond, 2*time.Second
	}
	if o.dir, err = os.MkdirTemp("", "oneshelf-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(o.dir)
	own, drop, err := freshDatabase(ctx, admin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	b := &benchmark{options: o, url: own}
	return b.all(ctx)
}

// freshDatabase makes a database, and answers its address and how it goes away.
func freshDatabase(ctx context.Context, admin string) (string, func() error, error) {
	u, err := url.Parse(admin)
	if err != nil {
		return "", nil, errors.New("ONESHELF_TEST_DATABASE_URL cannot be read")
	}
	name := fmt.Sprintf("bench_%d", os.Getpid())
	exec := func(ctx context.Context, statement string) error {
		db, err := pgx.Connect(ctx, admin)
		if err != nil {
			return err
		}
		defer db.Close(ctx)
		_, err = db.Exec(ctx, statement)
		return err
	}
	if err := exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", nil, err
	}
	u.Path = "/" + name
	return u.String(), func() error { return exec(context.WithoutCancel(ctx), "DROP DATABASE "+name+" WITH (FORCE)") }, nil
}

// all fills, starts both programs, measures and reports.
func (b *benchmark) all(ctx context.Context) (err error) {
	if err := b.open(ctx); err != nil {
		return err
	}
	db, err := pgx.Connect(ctx, b.url)
	if err != nil {
		return err
	}
	defer db.Close(context.WithoutCancel(ctx))
	b.say("filling %d products", b.options.products)
	if b.shop, err = fill(ctx, db, b.options.products); err != nil {
		return err
	}
	var backend int
	if err := db.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		return err
	}
	b.postmaster = parentOf(backend)
	if b.plain, err = startPlain(ctx, b.options, b.url); err != nil {
		return err
	}
	defer b.plain.stop()
	if b.profile != "" {
		return b.profiles(ctx)
	}
	if b.server, err = startServer(ctx, b.options, b.url); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.server.stop()) }()
	if err := b.collectCursors(); err != nil {
		return err
	}
	if err := b.compareReads(20); err != nil {
		return fmt.Errorf("the two programs do not say the same: %w", err)
	}
	results, err := b.measureRounds(ctx)
	if err != nil {
		return err
	}
	if err := b.countStatements(ctx, results); err != nil {
		return err
	}
	sold, err := b.sellOut(ctx, 64, scarce*3/2)
	if err != nil {
		return err
	}
	b.acknowledged[0] += sold
	if err := b.audit(ctx, db); err != nil {
		return err
	}
	if sold != scarce {
		return fmt.Errorf("of %d units %d were sold", scarce, sold)
	}
	text, err := b.report(ctx, db, results, fmt.Sprintf("After all runs %d orders of the server and %d of the plain program were in the books, no level differed from its ledger, and of %d units that %d buyers asked for %d were sold.",
		b.acknowledged[0], b.acknowledged[1], scarce, scarce*3/2, sold))
	if err != nil {
		return err
	}
	if b.wants("W6") {
		counts, orders, err := b.measureSync(ctx)
		if err != nil {
			return err
		}
		text += placedTable(orders) + syncTable(counts)
	}
	fmt.Print(text)
	if b.write == "" || b.short || b.only != "" {
		return nil
	}
	return write(b.write, text)
}

// open makes the brand, which brings the database to the server's version, and a token that may do everything.
func (b *benchmark) open(ctx context.Context) error {
	token, err := newShelf(ctx, b.options, b.url)
	b.token = token
	return err
}

// newShelf makes the brand in a database, SQLite in the folder without an address, and answers a token that may do everything.
func newShelf(ctx context.Context, o options, url string) (string, error) {
	cmd := exec.CommandContext(ctx, o.server, append([]string{"token", "--data-dir", o.dir, "--brand", brandCode, "--create-brand", "--currency", currency,
		"--ttl", "8h", "--scope", "products:read stock:read stock:write orders:read orders:write channels:read"}, at(url)...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("oneshelf token: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// at is how a program is told of a database.
func at(url string) []string {
	if url == "" {
		return nil
	}
	return []string{"--database-url", url}
}

// chosen are the workloads that are to be run.
func (b *benchmark) chosen() []sides {
	var out []sides
	for _, s := range b.sides() {
		if b.wants(s.id) {
			out = append(out, s)
		}
	}
	return out
}

func (b *benchmark) wants(id string) bool {
	return b.only == "" || strings.Contains(","+b.only+",", ","+id+",")
}

// measureRounds runs every workload on both programs in turn, and all of that again.
func (b *benchmark) measureRounds(ctx context.Context) ([]result, error) {
	var results []result
	for _, s := range b.chosen() {
		results = append(results, result{sides: s})
	}
	for round := range b.rounds {
		for i := range results {
			r := &results[i]
			for side, w := range []workload{r.server, r.plain} {
				p, into := b.server, &r.ours
				if side == 1 {
					p, into = b.plain, &r.theirs
				}
				m, sent, err := measure(ctx, w, p.cmd.Process.Pid, b.postmaster, r.clients, b.warm, b.length)
				if r.writes {
					b.acknowledged[side] += sent
				}
				if err != nil {
					return nil, fmt.Errorf("%s: %w", r.id, err)
				}
				*into = append(*into, m)
				b.say("round %d, %s, %d clients, %s: %.0f/s, p99 %.0f ms", round+1, r.id, r.clients, filepath.Base(p.cmd.Path), m.rate, m.p99)
			}
		}
	}
	return results, nil
}

// counted is how many requests the statements of one are the mean of.
const counted = 40

// countStatements asks each program a few times, one request after the other, with the relay between it and the database.
func (b *benchmark) countStatements(ctx context.Context, results []result) error {
	relay, through, err := newRelay(b.url)
	if err != nil {
		return err
	}
	defer relay.listener.Close()
	server, err := startServer(ctx, b.options, through, "--roles", "api")
	if err != nil {
		return err
	}
	defer server.stop()
	plain, err := startPlain(ctx, b.options, through)
	if err != nil {
		return err
	}
	defer plain.stop()
	for i := range results {
		r := &results[i]
		for side, w := range []workload{r.server, r.plain} {
			w.addr = []*process{server, plain}[side].addr
			relay.take()
			if err := repeat(w, counted); err != nil {
				return err
			}
			if r.writes {
				b.acknowledged[side] += counted
			}
			statements := relay.take()
			sum := 0
			for _, n := range statements {
				sum += n
			}
			r.statements[side] = float64(sum) / counted
			if side == 0 && b.statements {
				fmt.Fprint(os.Stderr, statementList(r.id, statements, counted))
			}
		}
	}
	return nil
}

func repeat(w workload, times int) error {
	c, err := dial(w.target)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	for range times {
		answer, err := c.send(w.request())
		if err == nil {
			err = w.judge(answer)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// profiles runs each workload on a server of its own, which writes where its time went.
func (b *benchmark) profiles(ctx context.Context) error {
	if err := os.MkdirAll(b.profile, 0o755); err != nil {
		return err
	}
	p, err := startServer(ctx, b.options, b.url)
	if err != nil {
		return err
	}
	b.server = p
	if err := errors.Join(b.collectCursors(), p.stop()); err != nil {
		return err
	}
	for i, s := range b.chosen() {
		file := filepath.Join(b.profile, fmt.Sprintf("%s-%d.pprof", s.id, s.clients))
		if b.server, err = startServer(ctx, b.options, b.url, "--cpuprofile", file); err != nil {
			return err
		}
		pid := b.server.cmd.Process.Pid
		m, _, err := measure(ctx, b.chosen()[i].server, pid, b.postmaster, s.clients, b.warm, 3*b.length)
		if err := errors.Join(err, b.server.stop()); err != nil {
			return err
		}
		fmt.Printf("%s, %d clients: %.0f/s; go tool pprof -top %s %s\n", s.id, s.clients, m.rate, b.options.server, file)
	}
	return nil
}

func (b *benchmark) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
}
