// Package metrics counts what a server does and shows it in the text format of Prometheus. Every label has few values that we choose
// ourselves: no operation's, brand's or person's name becomes one.
package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/oneshelf/oneshelf/internal/db"
)

// Metrics is a registry of its own with what a server counts in it. It may be used by many at once; a nil one counts nothing.
type Metrics struct {
	registry   *prometheus.Registry
	requests   *prometheus.HistogramVec
	streams    *prometheus.GaugeVec
	operations *prometheus.CounterVec
	levels     prometheus.Gauge
	different  prometheus.Gauge
	audited    prometheus.Gauge
}

// New makes a registry for a program of the given version on d, whose figures are read when they are asked for.
func New(version string, d *db.DB, now func() time.Time) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "oneshelf_http_request_duration_seconds", Help: "How long requests took, by door and class of status. Streams are not among them.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"route", "status"}),
		streams: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "oneshelf_streams_open", Help: "Open WebSockets and streams of server-sent events."},
			[]string{"transport"}),
		operations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "oneshelf_graphql_answers_total", Help: "Answers to GraphQL operations by type and the code of the first error, OK without one; each event of a subscription is one.",
		}, []string{"type", "code"}),
		levels:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "oneshelf_stock_audit_levels", Help: "Stock levels that this process's last audit compared with the ledger."}),
		different: prometheus.NewGauge(prometheus.GaugeOpts{Name: "oneshelf_stock_audit_differences", Help: "Stock levels that this process's last audit found different from the ledger: anything but 0 is an alarm."}),
		audited:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "oneshelf_stock_audit_timestamp_seconds", Help: "When this process's last audit of the stock ended; 0 before the first."}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "oneshelf_build_info", Help: "Always 1; what runs stands in the labels.", ConstLabels: prometheus.Labels{"version": version, "engine": string(d.Engine)},
	})
	build.Set(1)
	m.registry.MustRegister(
		build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.requests, m.streams, m.operations, m.levels, m.different, m.audited, newFigures(d, now), pools{d},
	)
	return m
}

// Handler shows everything.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// Request counts one request to a door.
func (m *Metrics) Request(route string, status int, took time.Duration) {
	if m != nil {
		m.requests.WithLabelValues(route, strconv.Itoa(status/100)+"xx").Observe(took.Seconds())
	}
}

// Stream counts a stream as open until the function it answers is called.
func (m *Metrics) Stream(transport string) (closed func()) {
	if m == nil {
		return func() {}
	}
	g := m.streams.WithLabelValues(transport)
	g.Inc()
	return g.Dec
}

// Answer counts one answer to an operation. kind and code must be of sets that the program chooses.
func (m *Metrics) Answer(kind, code string) {
	if m != nil {
		m.operations.WithLabelValues(kind, code).Inc()
	}
}

// Audited shows what an audit of the stock found.
func (m *Metrics) Audited(levels, different int, at time.Time) {
	if m != nil {
		m.levels.Set(float64(levels))
		m.different.Set(float64(different))
		m.audited.Set(float64(at.Unix()))
	}
}

// pools shows the connections to the database.
type pools struct{ db *db.DB }

func poolFigures() []*prometheus.Desc {
	return []*prometheus.Desc{
		prometheus.NewDesc("oneshelf_db_connections_open", "Open connections to the database.", []string{"pool"}, nil),
		prometheus.NewDesc("oneshelf_db_connections_in_use", "Connections to the database that are in use.", []string{"pool"}, nil),
		prometheus.NewDesc("oneshelf_db_waits_total", "How often work waited for a connection.", []string{"pool"}, nil),
		prometheus.NewDesc("oneshelf_db_wait_seconds_total", "How long work waited for connections.", []string{"pool"}, nil),
	}
}

func (pools) Describe(out chan<- *prometheus.Desc) {
	for _, d := range poolFigures() {
		out <- d
	}
}

func (p pools) Collect(out chan<- prometheus.Metric) {
	d := poolFigures()
	for pool, s := range p.db.Stats() {
		out <- prometheus.MustNewConstMetric(d[0], prometheus.GaugeValue, float64(s.OpenConnections), pool)
		out <- prometheus.MustNewConstMetric(d[1], prometheus.GaugeValue, float64(s.InUse), pool)
		out <- prometheus.MustNewConstMetric(d[2], prometheus.CounterValue, float64(s.WaitCount), pool)
		out <- prometheus.MustNewConstMetric(d[3], prometheus.CounterValue, s.WaitDuration.Seconds(), pool)
	}
}
