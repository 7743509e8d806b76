package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/oneshelf/oneshelf/internal/db"
)

// Reading the figures is bounded in time, and what was read is shown again for a while, however often somebody asks.
const (
	figuresTime  = 3 * time.Second
	figuresFresh = 5 * time.Second
)

// figure is a gauge that the database knows: rows of a label's value, when there is a label, and a number.
type figure struct {
	desc  *prometheus.Desc
	label bool
	query string // the present moment, in microseconds, stands for each ?
	times int    // how many there are
}

func newFigure(name, help, label, query string, times int) figure {
	var labels []string
	if label != "" {
		labels = []string{label}
	}
	return figure{prometheus.NewDesc(name, help, labels, nil), label != "", query, times}
}

// figures reads the gauges of the database. Kinds of channels, consumers and states are words of the program.
type figures struct {
	db  *db.DB
	now func() time.Time
	all []figure
	up  *prometheus.Desc

	mu   sync.Mutex
	at   time.Time
	last []prometheus.Metric
}

func newFigures(d *db.DB, now func() time.Time) *figures {
	return &figures{
		db: d, now: now,
		up: prometheus.NewDesc("oneshelf_figures_up", "Whether the figures of the database could be read; they are left out when not.", nil, nil),
		all: []figure{
			newFigure("oneshelf_events_head", "The number of the newest event.", "", "SELECT COALESCE(MAX(seq), 0) FROM events", 0),
			newFigure("oneshelf_events_unnumbered", "Events that are not numbered yet.", "", "SELECT COUNT(*) FROM events WHERE seq IS NULL", 0),
			newFigure("oneshelf_events_behind", "How far a consumer of our own is behind the newest event.", "consumer",
				"SELECT id, (SELECT COALESCE(MAX(seq), 0) FROM events) - seq FROM event_cursors", 0),
			newFigure("oneshelf_channels", "Channels by state.", "state", "SELECT state, COUNT(*) FROM channels GROUP BY state", 0),
			newFigure("oneshelf_channel_orders_lag_seconds", "How far back the channel lies whose orders were read longest ago, by kind, among the active ones that were ever read.", "kind",
				"SELECT kind, MAX(? - orders_until) / 1e6 FROM channels WHERE state = 'ACTIVE' AND orders_until > 0 GROUP BY kind", 1),
			newFigure("oneshelf_listings_due", "Listings whose difference to the marketplace is to be settled now.", "",
				"SELECT COUNT(*) FROM listings WHERE due_at > 0 AND due_at <= ?", 1),
			newFigure("oneshelf_outbox_items", "What marketplaces are still owed besides listings, by state.", "state",
				"SELECT state, COUNT(*) FROM outbox_items WHERE state <> 'DONE' GROUP BY state", 0),
			newFigure("oneshelf_channel_orders_held", "Orders of marketplaces that are held until something changes.", "",
				"SELECT COUNT(*) FROM channel_orders WHERE held", 0),
		},
	}
}

// Describe tells what there is.
func (f *figures) Describe(out chan<- *prometheus.Desc) {
	out <- f.up
	for _, one := range f.all {
		out <- one.desc
	}
}

// Collect shows what was read last, reading it again when that is not fresh.
func (f *figures) Collect(out chan<- prometheus.Metric) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last == nil || time.Since(f.at) >= figuresFresh {
		f.last, f.at = f.read(), time.Now()
	}
	for _, m := range f.last {
		out <- m
	}
}

// read answers every figure as of one moment, or only that they could not be read.
func (f *figures) read() []prometheus.Metric {
	ctx, stop := context.WithTimeout(context.Background(), figuresTime)
	defer stop()
	var out []prometheus.Metric
	err := f.db.Snapshot(ctx, func(c db.Conn) error {
		for _, one := range f.all {
			some, err := one.read(ctx, c, f.now().UnixMicro())
			if err != nil {
				return err
			}
			out = append(out, some...)
		}
		return nil
	})
	if err != nil {
		return []prometheus.Metric{prometheus.MustNewConstMetric(f.up, prometheus.GaugeValue, 0)}
	}
	return append(out, prometheus.MustNewConstMetric(f.up, prometheus.GaugeValue, 1))
}

func (one figure) read(ctx context.Context, c db.Conn, now int64) ([]prometheus.Metric, error) {
	args := make([]any, one.times)
	for i := range args {
		args[i] = now
	}
	rows, err := c.Query(ctx, one.query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []prometheus.Metric
	for rows.Next() {
		var value float64
		var labels []string
		into := []any{&value}
		if one.label {
			labels = []string{""}
			into = []any{&labels[0], &value}
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		out = append(out, prometheus.MustNewConstMetric(one.desc, prometheus.GaugeValue, value, labels...))
	}
	return out, rows.Err()
}
