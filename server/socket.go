package server

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
)

// The close codes of graphql-transport-ws. Source: the protocol's PROTOCOL.md in enisdenjo/graphql-ws.
const (
	closeInvalid      websocket.StatusCode = 4400
	closeUnauthorized websocket.StatusCode = 4401
	closeForbidden    websocket.StatusCode = 4403
	closeSubprotocol  websocket.StatusCode = 4406
	closeInitTimeout  websocket.StatusCode = 4408
	closeDuplicate    websocket.StatusCode = 4409
	closeTooManyInits websocket.StatusCode = 4429
)

// What one socket may use.
const (
	socketMessage       = 256 << 10 // bytes
	socketSubscriptions = 100
	socketWrite         = 10 * time.Second // a reader slower than this is let go
	socketInit          = 10 * time.Second
)

const subprotocol = "graphql-transport-ws"

// message is what goes either way.
type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// socket is one connection. Each operation runs in a goroutine of its own; writes take turns.
type socket struct {
	s      *Server
	conn   *websocket.Conn
	viewer *auth.Viewer

	mu     sync.Mutex
	active map[string]context.CancelFunc
	done   sync.WaitGroup
}

// websocket answers an upgrade on /graphql.
func (s *Server) websocket(w http.ResponseWriter, r *http.Request) {
	if !s.sockets.TryAcquire(1) {
		w.Header().Set("Retry-After", "5")
		http.Error(w, "too many sockets", http.StatusServiceUnavailable)
		return
	}
	defer s.sockets.Release(1)
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{subprotocol}, OriginPatterns: s.origins.hosts()})
	if err != nil {
		return // Accept has answered
	}
	conn.SetReadLimit(socketMessage)
	if conn.Subprotocol() != subprotocol {
		conn.Close(closeSubprotocol, "Subprotocol not acceptable")
		return
	}
	ctx, stop := context.WithCancel(s.live)
	defer stop()
	defer context.AfterFunc(r.Context(), stop)()
	k := &socket{s: s, conn: conn, active: map[string]context.CancelFunc{}}
	code, reason := k.serve(ctx, r.Header.Get("Authorization"))
	stop()
	k.done.Wait()
	if s.live.Err() != nil {
		code, reason = websocket.StatusGoingAway, "the server stops"
	}
	conn.Close(code, reason)
}

// serve talks the protocol until something ends it, and answers why.
func (k *socket) serve(ctx context.Context, header string) (websocket.StatusCode, string) {
	code, reason := k.init(ctx, header)
	if code != 0 {
		return code, reason
	}
	if !k.viewer.Expires.IsZero() {
		var stop context.CancelFunc
		ctx, stop = context.WithDeadline(ctx, k.viewer.Expires)
		defer stop()
	}
	for {
		m, code, reason := k.read(ctx)
		if code != 0 {
			if ctx.Err() == context.DeadlineExceeded {
				return closeForbidden, "Forbidden: the token has ended"
			}
			return code, reason
		}
		switch m.Type {
		case "connection_init":
			return closeTooManyInits, "Too many initialisation requests"
		case "ping":
			if err := k.write(ctx, message{Type: "pong", Payload: m.Payload}); err != nil {
				return websocket.StatusNormalClosure, ""
			}
		case "pong":
		case "subscribe":
			if code, reason := k.subscribe(ctx, m); code != 0 {
				return code, reason
			}
		case "complete":
			k.mu.Lock()
			if stop := k.active[m.ID]; stop != nil {
				stop()
			}
			k.mu.Unlock()
		default:
			return closeInvalid, "Invalid message type"
		}
	}
}

// init waits for connection_init and finds out who calls: by its payload, or by the header of the upgrade.
func (k *socket) init(ctx context.Context, header string) (websocket.StatusCode, string) {
	ctx, stop := context.WithTimeout(ctx, socketInit)
	defer stop()
	for {
		m, code, reason := k.read(ctx)
		if ctx.Err() == context.DeadlineExceeded {
			return closeInitTimeout, "Connection initialisation timeout"
		}
		if code != 0 {
			return code, reason
		}
		switch m.Type {
		case "ping":
			if err := k.write(ctx, message{Type: "pong", Payload: m.Payload}); err != nil {
				return websocket.StatusNormalClosure, ""
			}
			continue
		case "pong":
			continue
		case "subscribe":
			return closeUnauthorized, "Unauthorized"
		case "connection_init":
		default:
			return closeInvalid, "Invalid message type"
		}
		var payload struct {
			Authorization string `json:"Authorization"`
		}
		if len(m.Payload) > 0 && json.Unmarshal(m.Payload, &payload) != nil {
			return closeInvalid, "Invalid payload of connection_init"
		}
		if payload.Authorization != "" {
			header = payload.Authorization
		}
		token, ok := auth.Bearer(header)
		if !ok {
			return closeForbidden, "Forbidden"
		}
		v, err := k.s.identify(ctx, token)
		if err != nil {
			return closeForbidden, "Forbidden"
		}
		v.Request = newRequestID()
		k.viewer = v
		if err := k.write(ctx, message{Type: "connection_ack"}); err != nil {
			return websocket.StatusNormalClosure, ""
		}
		return 0, ""
	}
}

func (k *socket) read(ctx context.Context) (message, websocket.StatusCode, string) {
	kind, data, err := k.conn.Read(ctx)
	if err != nil {
		if code := websocket.CloseStatus(err); code > 0 {
			return message{}, websocket.StatusNormalClosure, ""
		}
		return message{}, websocket.StatusPolicyViolation, "the message cannot be read"
	}
	var m message
	if kind != websocket.MessageText || json.Unmarshal(data, &m) != nil || m.Type == "" {
		return m, closeInvalid, "Invalid message received"
	}
	return m, 0, ""
}

func (k *socket) write(ctx context.Context, m message) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, socketWrite)
	defer stop()
	return k.conn.Write(ctx, websocket.MessageText, text)
}

// subscribe starts an operation; a fault of the operation is told, only a fault of the protocol ends the socket.
func (k *socket) subscribe(ctx context.Context, m message) (websocket.StatusCode, string) {
	var body struct {
		Query         string         `json:"query"`
		OperationName string         `json:"operationName"`
		Variables     map[string]any `json:"variables"`
		Extensions    map[string]any `json:"extensions"`
	}
	if m.ID == "" || decode(newReader(m.Payload), &body) != nil {
		return closeInvalid, "Invalid message received"
	}
	k.mu.Lock()
	if _, taken := k.active[m.ID]; taken {
		k.mu.Unlock()
		return closeDuplicate, "Subscriber for " + clip(m.ID) + " already exists"
	}
	crowded := len(k.active) >= socketSubscriptions
	ctx, stop := context.WithCancel(auth.With(ctx, k.viewer))
	if !crowded {
		k.active[m.ID] = stop
	}
	k.mu.Unlock()
	if crowded {
		stop()
		k.fail(ctx, m.ID, refused(commerce.Errorf(commerce.RateLimited, "at most %d operations on one socket", socketSubscriptions)))
		return 0, ""
	}
	k.done.Add(1)
	go func() {
		defer k.done.Done()
		defer func() {
			k.mu.Lock()
			delete(k.active, m.ID)
			k.mu.Unlock()
			stop()
		}()
		k.operate(ctx, m.ID, &graphql.RawParams{
			Query: body.Query, OperationName: body.OperationName, Variables: body.Variables, Extensions: body.Extensions, Headers: http.Header{},
		})
	}()
	return 0, ""
}

// operate runs one operation and tells its answers.
func (k *socket) operate(ctx context.Context, id string, params *graphql.RawParams) {
	ctx = graphql.StartOperationTrace(ctx)
	oc, errs := k.s.engine.prepare(ctx, params)
	if len(errs) > 0 {
		k.fail(ctx, id, k.s.requestErrors(ctx, oc, errs).Errors)
		return
	}
	once := oc.Operation.Operation != ast.Subscription
	if once {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, k.s.RequestTimeout)
		defer stop()
	}
	next, ctx := k.s.engine.executor.DispatchOperation(ctx, oc)
	for {
		resp := next(ctx)
		if resp == nil {
			break
		}
		if !once && resp.Data == nil && len(resp.Errors) > 0 {
			k.fail(ctx, id, resp.Errors) // the stream never began
			return
		}
		out := response{Data: resp.Data, Errors: resp.Errors}
		if once {
			out.Extensions = k.s.engine.costOf(oc)
		}
		payload, err := json.Marshal(out)
		if err != nil || k.write(ctx, message{ID: id, Type: "next", Payload: payload}) != nil {
			k.conn.CloseNow()
			return
		}
		if once {
			break
		}
	}
	if ctx.Err() == nil {
		k.write(ctx, message{ID: id, Type: "complete"})
	}
}

// fail tells that an operation could not be run.
func (k *socket) fail(ctx context.Context, id string, errs gqlerror.List) {
	payload, err := json.Marshal(errs)
	if err == nil {
		k.write(ctx, message{ID: id, Type: "error", Payload: payload})
	}
}

func clip(s string) string {
	if len(s) > 60 {
		s = s[:60]
	}
	return s
}

// origins are the browser origins that may call.
type origins []string

func (o origins) hosts() []string { return []string(o) }

func (o origins) allow(origin string) bool { return slices.Contains(o, origin) }
