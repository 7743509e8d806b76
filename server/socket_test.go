package server_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
	"github.com/oneshelf/oneshelf/server"
)

const protocol = "graphql-transport-ws"

func say(kind string) apitest.Message { return apitest.Message{Type: kind} }

// GQ-12
func TestASocketThatBreaksTheProtocolIsClosedWithItsCode(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t), func(o *server.Options) { o.SocketInit = 50 * time.Millisecond })
	patient := apitest.New(t, testkit.SQLite(t))
	follow := func(id string) apitest.Message {
		return apitest.Message{ID: id, Type: "subscribe", Payload: []byte(`{"query":"subscription { events { id } }"}`)}
	}
	token := func(text string) apitest.Message {
		return apitest.Message{Type: "connection_init", Payload: []byte(fmt.Sprintf(`{"Authorization":%q}`, text))}
	}
	for _, c := range []struct {
		name string
		code websocket.StatusCode
		run  func(t *testing.T) *apitest.Socket
	}{
		{"no subprotocol", 4406, func(t *testing.T) *apitest.Socket { return patient.Dial(t) }},
		{"another subprotocol", 4406, func(t *testing.T) *apitest.Socket { return patient.Dial(t, "graphql-ws") }},
		{"nothing is said", 4408, func(t *testing.T) *apitest.Socket { return a.Dial(t, protocol) }},
		{"introduced twice", 4429, func(t *testing.T) *apitest.Socket {
			s := patient.Client(t).Socket(t)
			s.Say(token("Bearer " + patient.Client(t).Token))
			return s
		}},
		{"asked before it was introduced", 4401, func(t *testing.T) *apitest.Socket {
			s := patient.Dial(t, protocol)
			s.Say(follow("1"))
			return s
		}},
		{"no token", 4403, func(t *testing.T) *apitest.Socket {
			s := patient.Dial(t, protocol)
			s.Say(say("connection_init"))
			return s
		}},
		{"a forged token", 4403, func(t *testing.T) *apitest.Socket { // AU-10
			s := patient.Dial(t, protocol)
			s.Say(token("Bearer " + patient.Client(t).Token + "x"))
			return s
		}},
		{"a token without its scheme", 4403, func(t *testing.T) *apitest.Socket {
			s := patient.Dial(t, protocol)
			s.Say(token(patient.Client(t).Token))
			return s
		}},
		{"a token that has ended", 4403, func(t *testing.T) *apitest.Socket { // within the leeway of clocks, so it is let in first
			c := patient.With(t, auth.Claims{Scopes: auth.Scopes(), IssuedAt: time.Now().Add(-time.Minute), Expires: time.Now().Add(-time.Second)})
			s := c.Socket(t)
			return s
		}},
		{"a token that ends while a stream runs", 4403, func(t *testing.T) *apitest.Socket {
			c := patient.With(t, auth.Claims{Scopes: auth.Scopes(), IssuedAt: time.Now().Add(-time.Minute), Expires: time.Now().Add(time.Second)})
			s := c.Socket(t)
			s.Say(follow("1"))
			return s
		}},
		{"an id that is taken", 4409, func(t *testing.T) *apitest.Socket {
			s := patient.Client(t).Socket(t)
			s.Say(follow("1"))
			s.Say(follow("1"))
			return s
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.code, c.run(t).Closed())
		})
	}
	for name, text := range map[string]string{
		"no JSON": `{`, "no object": `[]`, "no type": `{"id":"1"}`, "an unknown type": `{"type":"start"}`, "the server's word": `{"id":"1","type":"next"}`,
		"no id": `{"type":"subscribe","payload":{"query":"{viewer{subject}}"}}`, "an id that is no text": `{"id":1,"type":"subscribe"}`,
		"no payload": `{"id":"1","type":"subscribe"}`, "a payload that is no object": `{"id":"1","type":"subscribe","payload":null}`,
		"no query": `{"id":"1","type":"subscribe","payload":{}}`, "variables that are no object": `{"id":"1","type":"subscribe","payload":{"query":"{viewer{subject}}","variables":[]}}`,
		"nothing to complete": `{"type":"complete"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := patient.Client(t).Socket(t)
			s.SayText(text)
			require.EqualValues(t, 4400, s.Closed())
		})
	}
	t.Run("a message that is too large", func(t *testing.T) {
		t.Parallel()
		s := patient.Client(t).Socket(t)
		s.SayText(`{"type":"ping","payload":{"x":"` + strings.Repeat("x", 256<<10) + `"}}`)
		require.Equal(t, websocket.StatusMessageTooBig, s.Closed())
	})
	t.Run("bytes", func(t *testing.T) {
		t.Parallel()
		s := patient.Client(t).Socket(t)
		require.NoError(t, s.Conn.Write(context.Background(), websocket.MessageBinary, []byte(`{"type":"ping"}`)))
		require.EqualValues(t, 4400, s.Closed())
	})
}

func TestASocketMayIntroduceItselfByTheHeader(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	c := a.Client(t)
	conn, _, err := websocket.Dial(context.Background(), "ws"+strings.TrimPrefix(a.URL, "http")+"/graphql", &websocket.DialOptions{
		Subprotocols: []string{protocol}, HTTPHeader: map[string][]string{"Authorization": {"Bearer " + c.Token}},
	})
	require.NoError(t, err)
	defer conn.CloseNow()
	require.NoError(t, conn.Write(context.Background(), websocket.MessageText, []byte(`{"type":"connection_init"}`)))
	_, text, err := conn.Read(context.Background())
	require.NoError(t, err)
	require.JSONEq(t, `{"type":"connection_ack"}`, string(text))
}

func TestASocketAnswersPingsBeforeAndAfterItIsIntroduced(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	s := a.Dial(t, protocol)
	s.SayText(`{"type":"ping","payload":{"n":1}}`)
	pong := s.Hear()
	require.Equal(t, "pong", pong.Type)
	require.JSONEq(t, `{"n":1}`, string(pong.Payload))
	s = a.Client(t).Socket(t)
	s.Say(say("pong")) // nobody asked, nobody minds
	s.Say(say("ping"))
	require.Equal(t, say("pong"), s.Hear())
}

func TestOperationsOnASocketAnswerAndEnd(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	s := a.Client(t).Socket(t)
	for range 3 { // an id is free as soon as its operation has ended
		s.Subscribe("q", "{ viewer { subject } }", nil)
		require.Equal(t, "tester", s.Next("q").Text("viewer.subject"))
		require.Equal(t, apitest.Message{ID: "q", Type: "complete"}, s.Hear())
		s.Subscribe("q", "{ nothing }", nil)
		bad := s.Hear()
		require.Equal(t, "error", bad.Type)
		require.Contains(t, string(bad.Payload), `"BAD_REQUEST"`)
		require.Contains(t, string(bad.Payload), `"requestId"`)
	}
	s.Subscribe("m", `mutation { locationUpsert(input: {code: "A", name: "A"}) { created } }`, nil)
	require.Equal(t, true, s.Next("m").Get("locationUpsert.created"))
	require.Equal(t, "complete", s.Hear().Type)
}

const live = `subscription($after: String, $types: [EventType!]) { events(after: $after, types: $types) { cursor type aggregateId } }`

// makeProduct makes a product, or changes it, and gives its id.
func makeProduct(t *testing.T, c *apitest.Client, handle, title string) string {
	t.Helper()
	r := c.Must(t, `mutation($h: String!, $t: String!) { productUpsert(input: {handle: $h, title: $t}) { product { id } userErrors { code } } }`, apitest.Vars{"h": handle, "t": title})
	return r.Text("productUpsert.product.id")
}

// here makes a product and gives the cursor of that: a place in the log to follow it from.
func here(t *testing.T, c *apitest.Client) string {
	t.Helper()
	id := makeProduct(t, c, "here", "Here")
	cursor := ""
	require.Eventually(t, func() bool { // events are numbered in the background
		r := c.Must(t, `{ events(first: 100) { edges { cursor node { aggregateId } } } }`, nil)
		for i := range 100 {
			at := fmt.Sprintf("events.edges.%d.", i)
			if r.Text(at+"node.aggregateId") == id {
				cursor = r.Text(at + "cursor")
			}
		}
		return cursor != ""
	}, 20*time.Second, time.Millisecond)
	return cursor
}

func TestCompleteEndsAStreamAndFreesItsID(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	c := a.Client(t)
	start := here(t, c)
	s := c.Socket(t)
	for i := range 20 {
		s.Subscribe("s", live, apitest.Vars{"after": start, "types": []string{"MEMBER_CHANGED"}})
		s.Say(apitest.Message{ID: "s", Type: "complete"})
		if i%2 == 0 { // what nobody knows is passed over
			s.Say(apitest.Message{ID: "unknown", Type: "complete"})
		}
	}
	s.Subscribe("s", live, apitest.Vars{"after": start, "types": []string{"PRODUCT_CHANGED"}})
	s.Say(say("ping"))
	require.Equal(t, "pong", s.Hear().Type, "the server has read all of this")
	c.Must(t, `mutation { memberUpsert(input: {name: "A"}) { created } }`, nil)
	id := makeProduct(t, c, "h", "H")
	got := s.Next("s")
	require.Equal(t, id, got.Text("events.aggregateId"), "nothing comes of the streams that were ended")
}

// SU-01
func TestAStreamThatResumesGivesEachEventOnceAndInOrder(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := apitest.New(t, k)
		c := a.Client(t)
		cursor := here(t, c)
		var made, seen []string
		for i := range 60 {
			made = append(made, makeProduct(t, c, fmt.Sprintf("p%d", i), "P"))
		}
		for len(seen) < len(made) {
			s := c.Socket(t)
			s.Subscribe("s", live, apitest.Vars{"after": cursor})
			for range 7 { // then the line is cut
				if len(seen) == len(made) {
					break
				}
				r := s.Next("s")
				cursor = r.Text("events.cursor")
				seen = append(seen, r.Text("events.aggregateId"))
			}
			require.NoError(t, s.Conn.CloseNow())
		}
		require.Equal(t, made, seen)
		s := c.Socket(t)
		s.Subscribe("s", live, apitest.Vars{"after": cursor})
		last := makeProduct(t, c, "last", "Last")
		require.Equal(t, last, s.Next("s").Text("events.aggregateId"), "nothing comes twice")
	})
}

func TestAStreamFromAForeignCursorNeverBegins(t *testing.T) { // TN-04
	a := apitest.New(t, testkit.SQLite(t))
	foreign := here(t, a.Other(t))
	c := a.Client(t)
	page := c.Must(t, `{ products(first: 1) { edges { cursor } } }`, nil).Text("products.edges.0.cursor")
	s := c.Socket(t)
	for _, cursor := range []string{foreign, page, "", "x"} {
		s.Subscribe("s", live, apitest.Vars{"after": cursor})
		m := s.Hear()
		require.Equal(t, "error", m.Type)
		require.Contains(t, string(m.Payload), `"code":"BAD_REQUEST"`)
	}
}

func TestAStreamWithoutItsScopeIsForbidden(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	for field, scope := range map[string]auth.Scope{"events": auth.EventsRead, "stockChanged": auth.StockRead, "orderChanged": auth.OrdersRead} {
		s := a.Without(t, scope).Socket(t)
		s.Subscribe("s", "subscription { "+field+" { id } }", nil)
		m := s.Hear()
		require.Equal(t, "error", m.Type)
		require.Contains(t, string(m.Payload), `"code":"FORBIDDEN"`)
		require.Contains(t, string(m.Payload), `"path":["`+field+`"]`)
	}
}

func TestSocketsAndTheirOperationsAreBounded(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t), func(o *server.Options) { o.Sockets = 1 })
	s := a.Client(t).Socket(t)
	for i := range 100 {
		s.Subscribe(fmt.Sprint(i), live, nil)
	}
	s.Subscribe("one too many", live, nil)
	m := s.Hear()
	require.Equal(t, "error", m.Type)
	require.Equal(t, "one too many", m.ID)
	require.Contains(t, string(m.Payload), `"code":"RATE_LIMITED"`)

	_, refusal, err := websocket.Dial(context.Background(), "ws"+strings.TrimPrefix(a.URL, "http")+"/graphql", &websocket.DialOptions{Subprotocols: []string{protocol}})
	require.Error(t, err)
	require.Equal(t, 503, refusal.StatusCode)
	require.NotEmpty(t, refusal.Header.Get("Retry-After"))
}

// CR-03
func TestAStoppingServerClosesItsSockets(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	idle, busy, silent := a.Client(t).Socket(t), a.Client(t).Socket(t), a.Dial(t, protocol)
	busy.Subscribe("s", live, nil)
	busy.Say(say("ping"))
	require.Equal(t, "pong", busy.Hear().Type)
	a.Server.Drain()
	for _, s := range []*apitest.Socket{idle, busy, silent} {
		require.Equal(t, websocket.StatusGoingAway, s.Closed())
	}
}

// CR-03: over HTTP and on sockets alike, what is in hand is finished.
func TestAStoppingServerFinishesWhatItsSocketsHaveInHand(t *testing.T) {
	const change, noted = `mutation { locationUpsert(input: {code: "A", name: "A"}) { created } }`, `mutation { locationUpsert(input: {code: "B", name: "B"}) { created } }`
	k := testkit.SQLite(t)
	a := apitest.New(t, k)
	s := a.Client(t).Socket(t)
	s.Subscribe("stream", live, nil)
	release := hold(t, k)
	s.Subscribe("m", change, nil)
	s.Say(say("ping"))
	require.Equal(t, "pong", s.Hear().Type, "the server has read all of this")
	a.Server.Drain()
	s.Subscribe("late", noted, nil)
	waited := make(chan struct{})
	go func() {
		defer close(waited)
		a.Server.Wait(t.Context())
	}()
	release()
	require.Equal(t, true, s.Next("m").Get("locationUpsert.created"))
	require.Equal(t, apitest.Message{ID: "m", Type: "complete"}, s.Hear())
	_, text, err := s.Conn.Read(t.Context())
	require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(err), "streams are not complete and nothing new begins: %s", text)
	<-waited
	require.Equal(t, 1, k.Count(t, "locations", ""))
}

func TestAStoppingServerGivesUpWhatTakesTooLong(t *testing.T) {
	k := testkit.SQLite(t)
	a := apitest.New(t, k)
	s := a.Client(t).Socket(t)
	release := hold(t, k)
	defer release()
	s.Subscribe("m", `mutation { locationUpsert(input: {code: "A", name: "A"}) { created } }`, nil)
	s.Say(say("ping"))
	require.Equal(t, "pong", s.Hear().Type)
	a.Server.Drain()
	past, stop := context.WithCancel(t.Context())
	stop()
	waited := make(chan struct{})
	go func() {
		defer close(waited)
		a.Server.Wait(past)
	}()
	require.Equal(t, websocket.StatusGoingAway, s.Closed())
	<-waited
}

// hold keeps every other writer waiting until it is released.
func hold(t *testing.T, k *testkit.Kit) (release func()) {
	t.Helper()
	held, free, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- k.Store.DB.InTx(context.WithoutCancel(t.Context()), func(*db.Tx) error {
			close(held)
			<-free
			return nil
		})
	}()
	<-held
	return func() {
		close(free)
		require.NoError(t, <-done)
	}
}

// GQ-05: a socket has the limits that a request has.
func TestASocketHasTheLimitsOfARequest(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	s := a.Client(t).Socket(t)
	for name, query := range map[string]string{
		"COST_LIMIT":  `{ products(first: 100) { edges { node { variants { stockLevels(first: 100) { edges { node { id } } } } } } } }`,
		"BAD_REQUEST": strings.Repeat("{ viewer ", 20) + strings.Repeat("}", 20),
	} {
		s.Subscribe("s", query, nil)
		m := s.Hear()
		require.Equal(t, "error", m.Type)
		require.Contains(t, string(m.Payload), `"code":"`+name+`"`)
	}
}
