package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// result is one workload's rounds on both sides.
type result struct {
	sides
	ours, theirs []run
	statements   [2]float64 // a request, on either side
}

// aim is a figure to be reached.
type aim struct {
	id         string
	clients    int
	ratio      float64 // at least
	statements int     // at most, where that is wanted
}

var aims = []aim{{"W1", 16, 0.15, 8}, {"W2", 16, 0.2, 0}, {"W4", 16, 0.5, 0}, {"W5", 64, 5, 0}}

// median is the middle of what the rounds measured.
func median(runs []run, of func(run) float64) float64 {
	values := make([]float64, len(runs))
	for i, r := range runs {
		values[i] = of(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// ratio is ours to theirs: the median of the rounds' own ratios, since the two of a round ran side by side.
func (r result) ratio() float64 {
	var pairs []run
	for i := range r.ours {
		pairs = append(pairs, run{rate: r.ours[i].rate / r.theirs[i].rate})
	}
	return median(pairs, func(r run) float64 { return r.rate })
}

// effort is how many times the processor time of the plain program, its database's included, one request of ours takes. Where the
// machine is busy with other things it says more than the rates do.
func (r result) effort() float64 {
	total := func(r run) float64 { return r.program + r.db }
	return median(r.ours, total) / median(r.theirs, total)
}

func (r result) rows() string {
	var out strings.Builder
	for i, side := range [][]run{r.ours, r.theirs} {
		name, ratio, effort := "oneshelf", fmt.Sprintf("**%.2f**", r.ratio()), fmt.Sprintf("%.1f", r.effort())
		if i == 1 {
			name, ratio, effort = "plain", "1", "1"
		}
		m := func(of func(run) float64) float64 { return median(side, of) }
		rate := func(r run) float64 { return r.rate }
		lowest, highest := slices.MinFunc(side, byRate).rate, slices.MaxFunc(side, byRate).rate
		fmt.Fprintf(&out, "| %s, %d clients | %s | %.0f (%.0f-%.0f) | %s | %.1f | %.1f | %.2f | %.2f | %s | %.1f | %.0f |\n", r.id, r.clients, name,
			m(rate), lowest, highest, ratio, m(func(r run) float64 { return r.p50 }), m(func(r run) float64 { return r.p99 }),
			m(func(r run) float64 { return r.program }), m(func(r run) float64 { return r.db }), effort, r.statements[i], m(func(r run) float64 { return float64(r.rss) }))
	}
	return out.String()
}

func byRate(a, b run) int { return cmp.Compare(a.rate, b.rate) }

// report is the tables, as Markdown.
func (b *benchmark) report(ctx context.Context, db *pgx.Conn, results []result, sold string) (string, error) {
	var version string
	if err := db.QueryRow(ctx, "SHOW server_version").Scan(&version); err != nil {
		return "", err
	}
	var out strings.Builder
	fmt.Fprintf(&out, "Machine: %d cores for client, program and database together; %s %s/%s; PostgreSQL %s.\n", runtime.NumCPU(), runtime.Version(),
		runtime.GOOS, runtime.GOARCH, version)
	fmt.Fprintf(&out, "%d products, %d variants, %d levels; %d rounds of %s, medians, with the range of the rate.\n\n",
		b.products, b.products*4, b.products*12-2, b.rounds, b.length)
	out.WriteString("| workload | program | requests/s | ratio | p50 ms | p99 ms | program CPU ms | database CPU ms | CPU ratio | SQL statements | memory MiB |\n|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range results {
		out.WriteString(r.rows())
	}
	out.WriteString("\n| figure | wanted | measured | |\n|---|---|---|---|\n")
	for _, a := range aims {
		for _, r := range results {
			if r.id == a.id && r.clients == a.clients {
				fmt.Fprintf(&out, "| %s, %d clients, to plain | %.2f | %.2f | %s |\n", r.id, r.clients, a.ratio, r.ratio(), reached(r.ratio() >= a.ratio))
				if a.statements > 0 {
					fmt.Fprintf(&out, "| %s, statements a page | at most %d | %.0f | %s |\n", r.id, a.statements, r.statements[0],
						reached(r.statements[0] <= float64(a.statements)))
				}
			}
		}
	}
	out.WriteString("\n" + sold + "\n")
	return out.String(), nil
}

func reached(yes bool) string {
	if yes {
		return "reached"
	}
	return "not reached"
}

// statementList is what one request asks of the database, most often first.
func statementList(id string, counted map[string]int, requests int) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s:\n", id)
	texts := slices.SortedFunc(maps.Keys(counted), func(a, b string) int { return cmp.Or(cmp.Compare(counted[b], counted[a]), cmp.Compare(a, b)) })
	for _, t := range texts {
		short := []rune(t)
		fmt.Fprintf(&out, "  %5.2f  %s\n", float64(counted[t])/float64(requests), string(short[:min(len(short), 150)]))
	}
	return out.String()
}

// The marks between which the page keeps what was measured last.
const (
	beginMark = "<!-- bench: begin -->\n"
	endMark   = "<!-- bench: end -->\n"
)

// write puts a report into a page, between its marks.
func write(path, report string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	next, err := between(page, report)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, next, 0o644)
}

func between(page []byte, report string) ([]byte, error) {
	before, rest, ok := bytes.Cut(page, []byte(beginMark))
	_, after, closed := bytes.Cut(rest, []byte(endMark))
	if !ok || !closed {
		return nil, fmt.Errorf("the marks %q and %q are not there", strings.TrimSpace(beginMark), strings.TrimSpace(endMark))
	}
	return slices.Concat(before, []byte(beginMark), []byte(report), []byte(endMark), after), nil
}
