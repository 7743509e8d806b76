package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
	"github.com/oneshelf/oneshelf/server"
)

const eventStream = "text/event-stream"

// eventSource reads server-sent events, as a browser does. Source: the WHATWG's HTML standard, "Server-sent events".
type eventSource struct {
	t      *testing.T
	header http.Header
	lines  *bufio.Reader
}

// sent is what one of them says.
type sent struct{ comment, id, event, data string }

// watch asks an operation for server-sent events; lastID is the id that a browser saw last, "" when it saw none.
func watch(t *testing.T, c *apitest.Client, query string, vars apitest.Vars, lastID string) *eventSource {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	require.NoError(t, err)
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(stop)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.API.URL+"/graphql", strings.NewReader(string(body)))
	require.NoError(t, err)
	r.Header = http.Header{"Content-Type": {plainJSON}, "Accept": {eventStream}, "Authorization": {"Bearer " + c.Token}}
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { answer.Body.Close() })
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, eventStream+"; charset=utf-8", answer.Header.Get("Content-Type"))
	s := &eventSource{t: t, header: answer.Header, lines: bufio.NewReader(answer.Body)}
	require.Equal(t, sent{}, s.next(), "a comment opens the stream, so that whoever passes it on passes on its head at once")
	return s
}

// next is what comes next: an event, or a comment.
func (s *eventSource) next() sent {
	s.t.Helper()
	var out sent
	for {
		line, err := s.lines.ReadString('\n')
		require.NoError(s.t, err)
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			return out
		}
		name, value, found := strings.Cut(line, ":")
		require.True(s.t, found, line)
		value = strings.TrimPrefix(value, " ")
		into := map[string]*string{"": &out.comment, "id": &out.id, "event": &out.event, "data": &out.data}[name]
		require.NotNil(s.t, into, line)
		*into = value
	}
}

// answer is the next event, which must be an answer.
func (s *eventSource) answer() (apitest.Response, string) {
	s.t.Helper()
	e := s.next()
	require.Equal(s.t, "next", e.event)
	var out struct {
		Data   json.RawMessage
		Errors []apitest.Error
	}
	require.NoError(s.t, json.Unmarshal([]byte(e.data), &out))
	return apitest.Response{Body: []byte(e.data), Data: out.Data, Errors: out.Errors}, e.id
}

// over checks that the operation is told to be over, and that nothing follows.
func (s *eventSource) over() {
	s.t.Helper()
	require.Equal(s.t, sent{event: "complete"}, s.next())
	s.cut()
}

// cut checks that the stream ends here and now, without a word.
func (s *eventSource) cut() {
	s.t.Helper()
	rest, err := io.ReadAll(s.lines)
	require.NoError(s.t, err)
	require.Empty(s.t, string(rest))
}

// SU-02: a browser asks the same again with the id it saw last, and that goes before the place it began at.
func TestServerSentEventsCarryIDsThatResumeThem(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		c := apitest.New(t, k).Client(t)
		start := here(t, c)
		vars := apitest.Vars{"after": start, "types": []string{"PRODUCT_CHANGED"}}
		var made, seen []string
		for _, handle := range []string{"a", "b", "c", "d", "e"} {
			made = append(made, makeProduct(t, c, handle, handle))
		}
		last := ""
		for len(seen) < len(made) {
			s := watch(t, c, live, vars, last)
			for range min(2, len(made)-len(seen)) {
				r, id := s.answer()
				require.Equal(t, r.Text("events.cursor"), id)
				seen, last = append(seen, r.Text("events.aggregateId")), id
			}
		}
		require.Equal(t, made, seen)
		r := c.Must(t, `query($a: String) { events(first: 1, after: $a) { edges { cursor } } }`, apitest.Vars{"a": start})
		s := c.Socket(t)
		s.Subscribe("s", live, apitest.Vars{"after": r.Text("events.edges.0.cursor")})
		require.Equal(t, made[1], s.Next("s").Text("events.aggregateId"), "ids, cursors and the pull feed's places are one")
	})
}

func TestWhoPassesAStreamOnIsAskedNotToHoldItBack(t *testing.T) {
	c := apitest.New(t, testkit.SQLite(t)).Client(t)
	s := watch(t, c, live, nil, "")
	require.Equal(t, "no", s.header.Get("X-Accel-Buffering"))
	require.Equal(t, "no-store", s.header.Get("Cache-Control"))
	require.Empty(t, s.header.Get("Content-Length"))
}

func TestASilentStreamSaysThatItLives(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t), func(o *server.Options) { o.Heartbeat = time.Millisecond })
	c := a.Client(t)
	s := watch(t, c, live, apitest.Vars{"after": here(t, c)}, "")
	for range 3 {
		require.Equal(t, sent{}, s.next(), "a comment, which no reader takes for an event")
	}
	id := makeProduct(t, c, "h", "H")
	e := s.next()
	for e == (sent{}) {
		e = s.next()
	}
	require.Contains(t, e.data, id)
}

func TestAnIDThatCannotBeResumedFromIsTold(t *testing.T) { // TN-04
	k := testkit.SQLite(t)
	a := apitest.New(t, k)
	c := a.Client(t)
	old, foreign := here(t, c), here(t, a.Other(t))
	page := c.Must(t, `{ products(first: 1) { edges { cursor } } }`, nil).Text("products.edges.0.cursor")
	makeProduct(t, c, "h", "H")
	_, good := watch(t, c, live, apitest.Vars{"after": old}, "").answer()
	_, err := k.Store.DB.Write().Exec(t.Context(), "DELETE FROM events WHERE seq < (SELECT MAX(seq) FROM events)")
	require.NoError(t, err)
	for name, last := range map[string]struct{ id, reason string }{
		"malformed": {"x", ""}, "of a foreign brand": {foreign, ""}, "of a list": {page, ""}, "changed": {good[:len(good)-1] + "~", ""}, "too old": {old, "CURSOR_TOO_OLD"},
	} {
		s := watch(t, c, live, apitest.Vars{"after": good}, last.id)
		r, id := s.answer()
		require.Empty(t, id, name)
		require.Equal(t, []string{"BAD_REQUEST events"}, r.Said(), name)
		require.Equal(t, last.reason, r.Errors[0].Extensions.Reason, name)
		require.NotEmpty(t, r.Errors[0].Extensions.RequestID, name)
		s.over() // not cut off: a browser would ask again for ever
	}
}

// Who is told that an operation is complete does not ask again. A stream has no end of its own: when it is broken off it says nothing,
// and clients resume.
func TestAStreamThatIsBrokenOffIsNotComplete(t *testing.T) {
	t.Run("the server stops", func(t *testing.T) { // CR-03
		a := apitest.New(t, testkit.SQLite(t))
		s := watch(t, a.Client(t), live, nil, "")
		a.Server.Drain()
		s.cut()
	})
	t.Run("the token ends", func(t *testing.T) {
		a := apitest.New(t, testkit.SQLite(t))
		c := a.With(t, auth.Claims{Scopes: auth.Scopes(), IssuedAt: time.Now().Add(-time.Minute), Expires: time.Now().Add(2 * time.Second)})
		watch(t, c, live, nil, "").cut()
	})
	t.Run("the log cannot be read", func(t *testing.T) {
		k := testkit.SQLite(t)
		c := apitest.New(t, k).Client(t)
		vars := apitest.Vars{"after": here(t, c)}
		sse, socket := watch(t, c, live, vars, ""), c.Socket(t)
		socket.Subscribe("s", live, vars)
		first := makeProduct(t, c, "first", "First")
		r, last := sse.answer()
		require.Equal(t, first, r.Text("events.aggregateId"))
		require.Equal(t, first, socket.Next("s").Text("events.aggregateId"))
		rename := func(from, to string) {
			_, err := k.Store.DB.Write().Exec(t.Context(), "ALTER TABLE "+from+" RENAME TO "+to)
			require.NoError(t, err)
		}
		rename("events", "away")
		k.Store.Bell().Ring()
		sse.cut()
		require.EqualValues(t, 1013, socket.Closed(), "try again later")
		rename("away", "events")
		second := makeProduct(t, c, "second", "Second")
		r, _ = watch(t, c, live, vars, last).answer()
		require.Equal(t, second, r.Text("events.aggregateId"), "nothing is lost and nothing comes twice")
	})
}

func TestQueriesOverAStreamAnswerAndEnd(t *testing.T) {
	k := testkit.SQLite(t)
	a := apitest.New(t, k)
	c := a.Client(t)
	s := watch(t, c, "{ viewer { subject } }", nil, "x") // an id is of streams alone
	r, id := s.answer()
	require.Equal(t, "tester", r.Text("viewer.subject"))
	require.Empty(t, id)
	s.over()
	s = watch(t, c, `mutation { locationUpsert(input: {code: "A", name: "A"}) { created } }`, nil, "")
	r, _ = s.answer()
	require.Equal(t, true, r.Get("locationUpsert.created"))
	s.over()

	const slow = "{ products(first: 1) { totalCount } }"
	hurried := apitest.New(t, k, func(o *server.Options) { o.RequestTimeout, o.Resolver.Cursors = time.Nanosecond, a.Resolver.Cursors }).Client(t)
	s = watch(t, hurried, slow, nil, "")
	r, _ = s.answer()
	require.Equal(t, []string{"INTERNAL"}, r.Said(), "they have the time of any request")
	require.NotEmpty(t, r.Errors[0].Extensions.RequestID)
	s.over()
	require.Equal(t, []string{"INTERNAL"}, hurried.Do(t, slow, nil).Said(), "which is as much without a stream")
	socket := hurried.Socket(t)
	socket.Subscribe("q", slow, nil)
	require.Equal(t, []string{"INTERNAL"}, socket.Next("q").Said(), "and on a socket")
	s = watch(t, hurried, live, apitest.Vars{"after": here(t, c)}, "")
	makeProduct(t, c, "h", "H")
	_, id = s.answer()
	require.NotEmpty(t, id, "a stream may take longer")
}

func TestWhatIsNotRunIsNoStream(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t), func(o *server.Options) { o.Sockets = 1 })
	c := a.Client(t)
	wish := http.Header{"Accept": {eventStream}}
	for status, body := range map[int]string{400: `{"query":"subscription { nothing }"}`, 415: ""} {
		header := wish.Clone()
		if body == "" {
			header.Set("Content-Type", "text/plain")
		}
		r := c.Post(t, []byte(body), header)
		require.Equal(t, status, r.Status)
		require.Equal(t, []string{"BAD_REQUEST"}, r.Said())
	}
	nobody := a.Nobody().Post(t, []byte(ask), wish)
	require.Equal(t, 401, nobody.Status)
	require.Equal(t, []string{"UNAUTHENTICATED"}, nobody.Said())
	put := httptest.NewRequest(http.MethodPut, a.URL+"/graphql", nil)
	put.RequestURI = ""
	put.Header = wish.Clone()
	require.Equal(t, 405, c.Send(t, put).Status)
	mutation := get(t, c, map[string][]string{"query": {`mutation { locationUpsert(input: {code: "A", name: "A"}) { created } }`}}, wish)
	require.Equal(t, 400, mutation.Status)

	watch(t, c, live, nil, "")
	crowded := c.Post(t, []byte(ask), wish)
	require.Equal(t, 503, crowded.Status)
	require.NotEmpty(t, crowded.Header.Get("Retry-After"))
	require.Equal(t, []string{"RATE_LIMITED"}, crowded.Said())
}
