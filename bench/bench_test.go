package main

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnswersAreTheSameInAllButCursors(t *testing.T) {
	t.Parallel()
	ours := `{"data":{"products":{"edges":[{"cursor":"a","node":{"title":"t","tags":["x","y"],"vendor":null}}]}},"extensions":{"cost":1}}`
	require.NoError(t, same([]byte(ours), []byte(`{"data":{"products":{"edges":[{"node":{"vendor":null,"tags":["x","y"],"title":"t"},"cursor":"b"}]}}}`)))
	for what, theirs := range map[string]string{
		"data.products.edges.0.node.title":           `{"data":{"products":{"edges":[{"cursor":"a","node":{"title":"u","tags":["x","y"],"vendor":null}}]}}}`,
		"data.products.edges.0.node.tags":            `{"data":{"products":{"edges":[{"cursor":"a","node":{"title":"t","tags":["x"],"vendor":null}}]}}}`,
		"data.products.edges.0.node.tags.1":          `{"data":{"products":{"edges":[{"cursor":"a","node":{"title":"t","tags":["x","z"],"vendor":null}}]}}}`,
		"data.products.edges.0.node.vendor is there": `{"data":{"products":{"edges":[{"cursor":"a","node":{"title":"t","tags":["x","y"],"seller":null}}]}}}`,
		"data.products.edges":                        `{"data":{"products":{"edges":[]}}}`,
	} {
		require.ErrorContains(t, same([]byte(ours), []byte(theirs)), what)
	}
	require.Error(t, same([]byte(`{"errors":[]}`), []byte(`{"errors":[]}`)), "nothing equals nothing, and proves nothing")
}

// say writes a message of PostgreSQL's protocol.
func say(kind string, parts ...string) []byte {
	var body []byte
	for _, p := range parts {
		body = append(append(body, p...), 0)
	}
	return append(binary.BigEndian.AppendUint32([]byte(kind), uint32(len(body)+4)), body...)
}

func TestTheRelayCountsWhatRuns(t *testing.T) {
	t.Parallel()
	heard := bytes.Join([][]byte{
		say("", "startup"),
		say("P", "one", "SELECT  1"), say("B", "", "one"), say("E", ""), say("S"),
		say("B", "", "one"), say("E", ""), // prepared once, run again
		say("Q", "-- ping"),
		say("Q", "begin"), say("Q", "UPDATE a"), say("Q", "commit"),
		// the sequencer's, sent as one
		say("Q", "SELECT pg_advisory_xact_lock(1);\n\tWITH fresh AS (SELECT id FROM events WHERE seq IS NULL) UPDATE events SET seq = 1 FROM fresh"),
		say("Q", "begin"), say("Q", "UPDATE b"), // not yet known whose it is
	}, nil)
	r := &relay{statements: map[string]int{}}
	r.listen(bytes.NewReader(heard))
	require.Equal(t, map[string]int{"SELECT 1": 2, "begin": 1, "UPDATE a": 1, "commit": 1}, r.take())
	require.Empty(t, r.take())
}

func TestFiguresComeFromTheMiddle(t *testing.T) {
	t.Parallel()
	r := result{ours: []run{{rate: 10}, {rate: 30}, {rate: 20}}, theirs: []run{{rate: 100}, {rate: 100}, {rate: 50}}}
	require.Equal(t, 20.0, median(r.ours, func(r run) float64 { return r.rate }))
	require.InDelta(t, 0.3, r.ratio(), 1e-9, "the middle of 0.1, 0.3 and 0.4")
	sorted := make([]time.Duration, 100)
	for i := range sorted {
		sorted[i] = time.Duration(i+1) * time.Millisecond
	}
	require.Equal(t, 51.0, quantile(sorted, 0.5))
	require.Equal(t, 100.0, quantile(sorted, 0.99))
	require.Equal(t, 7.0, quantile([]time.Duration{7 * time.Millisecond}, 0.99))
}

func TestThePageKeepsWhatStandsAroundTheReport(t *testing.T) {
	t.Parallel()
	page := "# Title\n" + beginMark + "old\n" + endMark + "after\n"
	next, err := between([]byte(page), "new\n")
	require.NoError(t, err)
	require.Equal(t, "# Title\n"+beginMark+"new\n"+endMark+"after\n", string(next))
	again, err := between(next, "new\n")
	require.NoError(t, err)
	require.Equal(t, string(next), string(again))
	_, err = between([]byte("# Title\n"+endMark+beginMark), "new\n")
	require.Error(t, err)
}
