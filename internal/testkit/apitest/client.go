package apitest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// Vars are the variables of a request.
type Vars = map[string]any

// Response is an answer.
type Response struct {
	Status     int
	Header     http.Header
	Body       []byte
	Data       json.RawMessage
	Errors     []Error
	Extensions struct {
		Cost struct{ Requested, Limit int }
	}
	Statements int // how many the answer took
}

// Error is a top-level error.
type Error struct {
	Message    string
	Path       []any
	Extensions struct{ Code, RequestID, Reason string }
}

// String is the error as "CODE path.to.it".
func (e Error) String() string {
	parts := make([]string, len(e.Path))
	for i, p := range e.Path {
		parts[i] = fmt.Sprint(p)
	}
	return strings.TrimSpace(e.Extensions.Code + " " + strings.Join(parts, "."))
}

// Said is every top-level error as "CODE path.to.it".
func (r Response) Said() []string {
	out := []string{}
	for _, e := range r.Errors {
		out = append(out, e.String())
	}
	return out
}

// Get is the value at a path of the data, as in "product.variants.0.sku"; nil when it is null or not there.
func (r Response) Get(path string) any {
	var at any
	d := json.NewDecoder(bytes.NewReader(r.Data))
	d.UseNumber()
	if d.Decode(&at) != nil {
		return nil
	}
	for _, step := range strings.Split(path, ".") {
		switch v := at.(type) {
		case map[string]any:
			at = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(v) {
				return nil
			}
			at = v[i]
		default:
			return nil
		}
	}
	return at
}

// Text is the text at a path of the data, "" when there is none.
func (r Response) Text(path string) string {
	s, _ := r.Get(path).(string)
	return s
}

// Int is the whole number at a path of the data, 0 when there is none.
func (r Response) Int(path string) int {
	n, _ := r.Get(path).(json.Number)
	i, _ := strconv.Atoi(string(n))
	return i
}

// Into reads the data into v.
func (r Response) Into(t testing.TB, v any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(r.Data, v), "%s", r.Body)
}

// Do sends an operation and reads the answer, whatever it is.
func (c *Client) Do(t testing.TB, query string, vars Vars) Response {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	require.NoError(t, err)
	return c.Post(t, body, nil)
}

// Must sends an operation that goes well: neither top-level errors nor user errors.
func (c *Client) Must(t testing.TB, query string, vars Vars) Response {
	t.Helper()
	r := c.Do(t, query, vars)
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Body)
	require.Empty(t, r.Errors, "%s", r.Body)
	require.NotContains(t, string(r.Body), `"userErrors":[{`)
	return r
}

// Post sends a body as it is, with headers besides those every caller sends.
func (c *Client) Post(t testing.TB, body []byte, header http.Header) Response {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, c.API.URL+"/graphql", bytes.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	for name, values := range header {
		r.Header[name] = values
	}
	return c.Send(t, r)
}

// Send sends any request with the caller's token.
func (c *Client) Send(t testing.TB, r *http.Request) Response {
	t.Helper()
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	ctx, stop := context.WithTimeout(r.Context(), time.Minute)
	defer stop()
	answer, err := http.DefaultClient.Do(r.WithContext(ctx))
	require.NoError(t, err)
	defer answer.Body.Close()
	out := Response{Status: answer.StatusCode, Header: answer.Header}
	out.Body, err = io.ReadAll(answer.Body)
	require.NoError(t, err)
	if strings.Contains(answer.Header.Get("Content-Type"), "json") {
		var parsed struct {
			Data       json.RawMessage
			Errors     []Error
			Extensions json.RawMessage
		}
		require.NoError(t, json.Unmarshal(out.Body, &parsed), "%s", out.Body)
		out.Data, out.Errors = parsed.Data, parsed.Errors
		if len(parsed.Extensions) > 0 {
			require.NoError(t, json.Unmarshal(parsed.Extensions, &out.Extensions))
		}
	}
	out.Statements, _ = strconv.Atoi(answer.Trailer.Get(statements))
	return out
}

// Message is one message of graphql-transport-ws.
type Message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// Socket is a WebSocket to the API.
type Socket struct {
	t    testing.TB
	Conn *websocket.Conn
}

// Dial opens a WebSocket that has said nothing yet; it is closed when the test ends.
func (a *API) Dial(t testing.TB, subprotocols ...string) *Socket {
	t.Helper()
	ctx, stop := patience()
	defer stop()
	conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(a.URL, "http")+"/graphql", &websocket.DialOptions{Subprotocols: subprotocols})
	require.NoError(t, err)
	conn.SetReadLimit(4 << 20)
	t.Cleanup(func() { conn.CloseNow() })
	return &Socket{t: t, Conn: conn}
}

// Socket opens a WebSocket and introduces the caller.
func (c *Client) Socket(t testing.TB) *Socket {
	t.Helper()
	s := c.API.Dial(t, "graphql-transport-ws")
	s.Say(Message{Type: "connection_init", Payload: raw(t, map[string]string{"Authorization": "Bearer " + c.Token})})
	require.Equal(t, "connection_ack", s.Hear().Type)
	return s
}

// patience is how long a test waits for what must come.
func patience() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 20*time.Second)
}

func raw(t testing.TB, v any) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return text
}

// Say sends a message.
func (s *Socket) Say(m Message) {
	s.t.Helper()
	s.SayText(string(raw(s.t, m)))
}

// SayText sends a text that need not be a message.
func (s *Socket) SayText(text string) {
	s.t.Helper()
	ctx, stop := patience()
	defer stop()
	require.NoError(s.t, s.Conn.Write(ctx, websocket.MessageText, []byte(text)))
}

// Subscribe starts an operation.
func (s *Socket) Subscribe(id, query string, vars Vars) {
	s.t.Helper()
	s.Say(Message{ID: id, Type: "subscribe", Payload: raw(s.t, map[string]any{"query": query, "variables": vars})})
}

// Hear is the next message.
func (s *Socket) Hear() Message {
	s.t.Helper()
	ctx, stop := patience()
	defer stop()
	_, text, err := s.Conn.Read(ctx)
	require.NoError(s.t, err)
	var m Message
	require.NoError(s.t, json.Unmarshal(text, &m))
	return m
}

// Next is the data of the next message, which must be an answer to the operation.
func (s *Socket) Next(id string) Response {
	s.t.Helper()
	m := s.Hear()
	require.Equal(s.t, "next", m.Type, "%s", m.Payload)
	require.Equal(s.t, id, m.ID)
	var out Response
	var parsed struct {
		Data   json.RawMessage
		Errors []Error
	}
	require.NoError(s.t, json.Unmarshal(m.Payload, &parsed))
	out.Body, out.Data, out.Errors = m.Payload, parsed.Data, parsed.Errors
	return out
}

// Closed waits until the server has closed the socket and tells the code; messages before that are passed over.
func (s *Socket) Closed() websocket.StatusCode {
	s.t.Helper()
	ctx, stop := patience()
	defer stop()
	for {
		if _, _, err := s.Conn.Read(ctx); err != nil {
			require.NotEqual(s.t, websocket.StatusCode(-1), websocket.CloseStatus(err), "the connection broke off without a close code: %v", err)
			return websocket.CloseStatus(err)
		}
	}
}
