package server

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
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
	inbox  chan incoming
	ctx    context.Context // ends with the socket

	mu     sync.Mutex
	active map[string]*operation
	done   sync.WaitGroup
}

// incoming is a message, or why there is none.
type incoming struct {
	message
	code   websocket.StatusCode // 0 for a message
	reason string
}

// operation is one that runs on a socket. Nothing is told of it once it has left.
type operation struct {
	id   string
	stop context.CancelFunc

	mu   sync.Mutex // held while something is told of it
	left bool
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
	ctx, stop := context.WithCancel(s.work)
	defer stop()
	k := &socket{s: s, conn: conn, inbox: make(chan incoming), ctx: ctx, active: map[string]*operation{}}
	go k.listen()
	code, reason := k.serve(r.Header.Get("Authorization"))
	if code != websocket.StatusGoingAway { // a server that stops lets its queries and mutations answer
		stop()
	}
	k.done.Wait()
	stop()
	if k.viewer != nil {
		recognized(r.Context(), k.viewer)
	}
	conn.Close(code, reason)
}

// listen hands on what comes until the socket ends or nothing comes any more. It reads without a deadline: to give up a read is to break the
// connection off, and then nobody can be told why.
func (k *socket) listen() {
	for {
		in := k.read()
		select {
		case k.inbox <- in:
		case <-k.ctx.Done():
			return
		}
		if in.code != 0 {
			return
		}
	}
}

// serve talks the protocol until something ends it, and answers why.
func (k *socket) serve(header string) (websocket.StatusCode, string) {
	code, reason := k.init(header)
	if code != 0 {
		return code, reason
	}
	var expired <-chan time.Time
	if !k.viewer.Expires.IsZero() {
		timer := time.NewTimer(time.Until(k.viewer.Expires))
		defer timer.Stop()
		expired = timer.C
	}
	for {
		var m incoming
		select {
		case m = <-k.inbox:
		case <-expired:
			return closeForbidden, "Forbidden: the token has ended"
		case <-k.s.live.Done():
			return websocket.StatusGoingAway, "the server stops"
		}
		if m.code != 0 {
			return m.code, m.reason
		}
		if k.s.live.Err() != nil { // nothing new begins; who is not answered asks again elsewhere
			return websocket.StatusGoingAway, "the server stops"
		}
		switch m.Type {
		case "connection_init":
			return closeTooManyInits, "Too many initialisation requests"
		case "ping":
			if err := k.write(message{Type: "pong", Payload: m.Payload}); err != nil {
				return websocket.StatusNormalClosure, ""
			}
		case "pong":
		case "subscribe":
			if code, reason := k.subscribe(m.message); code != 0 {
				return code, reason
			}
		case "complete":
			if m.ID == "" {
				return closeInvalid, "Invalid message received"
			}
			k.mu.Lock()
			op := k.active[m.ID]
			k.mu.Unlock()
			if op != nil {
				k.leave(op)
			}
		default:
			return closeInvalid, "Invalid message type"
		}
	}
}

// init waits for connection_init and finds out who calls: by its payload, or by the header of the upgrade.
func (k *socket) init(header string) (websocket.StatusCode, string) {
	timeout := time.NewTimer(k.s.SocketInit)
	defer timeout.Stop()
	for {
		var m incoming
		select {
		case m = <-k.inbox:
		case <-timeout.C:
			return closeInitTimeout, "Connection initialisation timeout"
		case <-k.s.live.Done():
			return websocket.StatusGoingAway, "the server stops"
		}
		if m.code != 0 {
			return m.code, m.reason
		}
		switch m.Type {
		case "ping":
			if err := k.write(message{Type: "pong", Payload: m.Payload}); err != nil {
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
		return k.introduce(m.Payload, header)
	}
}

// introduce finds out who calls and says that it is known.
func (k *socket) introduce(said json.RawMessage, header string) (websocket.StatusCode, string) {
	var payload struct {
		Authorization string `json:"Authorization"`
	}
	if len(said) > 0 && json.Unmarshal(said, &payload) != nil {
		return closeInvalid, "Invalid payload of connection_init"
	}
	if payload.Authorization != "" {
		header = payload.Authorization
	}
	token, ok := auth.Bearer(header)
	if !ok {
		return closeForbidden, "Forbidden"
	}
	v, err := k.s.identify(k.ctx, token)
	if err != nil {
		return closeForbidden, "Forbidden"
	}
	v.Request = newRequestID()
	k.viewer = v
	if err := k.write(message{Type: "connection_ack"}); err != nil {
		return websocket.StatusNormalClosure, ""
	}
	return 0, ""
}

func (k *socket) read() incoming {
	kind, data, err := k.conn.Read(context.Background())
	if err != nil {
		if code := websocket.CloseStatus(err); code > 0 {
			return incoming{code: websocket.StatusNormalClosure}
		}
		return incoming{code: websocket.StatusPolicyViolation, reason: "the message cannot be read"}
	}
	var m message
	if kind != websocket.MessageText || json.Unmarshal(data, &m) != nil || m.Type == "" {
		return incoming{code: closeInvalid, reason: "Invalid message received"}
	}
	return incoming{message: m}
}

// write sends a message whole, whatever has become of the operation that it is about: to give up a write is to break the connection off.
func (k *socket) write(m message) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), socketWrite)
	defer stop()
	return k.conn.Write(ctx, websocket.MessageText, text)
}

// subscribe starts an operation; a fault of the operation is told, only a fault of the protocol ends the socket.
func (k *socket) subscribe(m message) (websocket.StatusCode, string) {
	var body struct {
		Query         *string        `json:"query"`
		OperationName string         `json:"operationName"`
		Variables     map[string]any `json:"variables"`
		Extensions    map[string]any `json:"extensions"`
	}
	if m.ID == "" || decode(newReader(m.Payload), &body) != nil || body.Query == nil {
		return closeInvalid, "Invalid message received"
	}
	k.mu.Lock()
	if _, taken := k.active[m.ID]; taken {
		k.mu.Unlock()
		return closeDuplicate, "Subscriber for " + clip(m.ID) + " already exists"
	}
	crowded := len(k.active) >= socketSubscriptions
	ctx, stop := context.WithCancel(auth.With(k.ctx, k.viewer))
	op := &operation{id: m.ID, stop: stop}
	if !crowded {
		k.active[m.ID] = op
	}
	k.mu.Unlock()
	if crowded {
		stop()
		k.fail(m.ID, refused(commerce.Errorf(commerce.RateLimited, "at most %d operations on one socket", socketSubscriptions)))
		return 0, ""
	}
	k.done.Add(1)
	go func() {
		defer k.done.Done()
		defer k.leave(op)
		k.operate(ctx, op, &graphql.RawParams{
			Query: *body.Query, OperationName: body.OperationName, Variables: body.Variables, Extensions: body.Extensions, Headers: http.Header{},
		})
	}()
	return 0, ""
}

// leave ends an operation and frees its id, which may be used again at once. It tells whether the operation was still there.
func (k *socket) leave(op *operation) bool {
	op.stop()
	op.mu.Lock()
	defer op.mu.Unlock()
	if op.left {
		return false
	}
	op.left = true
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.active, op.id)
	return true
}

// operate runs one operation and tells its answers.
func (k *socket) operate(ctx context.Context, op *operation, params *graphql.RawParams) {
	ctx = graphql.StartOperationTrace(ctx)
	oc, errs := k.s.engine.prepare(ctx, params)
	if len(errs) > 0 {
		k.end(op, k.s.requestErrors(ctx, oc, errs).Errors)
		return
	}
	if oc.Operation.Operation != ast.Subscription {
		ctx, stop := context.WithTimeout(ctx, k.s.RequestTimeout)
		defer stop()
		resp := k.s.engine.run(ctx, oc)
		k.tell(op, response{Data: resp.Data, Errors: resp.Errors, Extensions: k.s.engine.costOf(oc)})
		k.end(op, nil)
		return
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(k.s.live, stop)()
	next, ctx := k.s.engine.executor.DispatchOperation(ctx, oc)
	for {
		resp := next(ctx)
		switch {
		case (resp == nil || neverBegan(resp)) && k.s.live.Err() != nil: // not complete: the close of the socket tells to ask again
			return
		case resp == nil && ctx.Err() == nil:
			k.breakOff()
			return
		case resp == nil:
			k.end(op, nil)
			return
		case neverBegan(resp):
			k.end(op, resp.Errors)
			return
		}
		if !k.tell(op, response{Data: resp.Data, Errors: resp.Errors}) {
			return
		}
	}
}

// breakOff ends the socket because a stream could not go on. Who is told that a stream is complete does not ask again; whose socket is
// closed with this code does, and resumes.
func (k *socket) breakOff() {
	select {
	case k.inbox <- incoming{code: websocket.StatusTryAgainLater, reason: "a stream broke off"}:
	case <-k.s.live.Done():
	case <-k.ctx.Done():
	}
}

// tell sends an answer of an operation, and whether more may follow.
func (k *socket) tell(op *operation, out response) bool {
	payload, err := json.Marshal(out)
	op.mu.Lock()
	defer op.mu.Unlock()
	if op.left {
		return false
	}
	if err != nil || k.write(message{ID: op.id, Type: "next", Payload: payload}) != nil {
		k.conn.CloseNow()
		return false
	}
	return true
}

// end tells that an operation is over, because it could not be run or has answered, unless the caller was the one to end it.
func (k *socket) end(op *operation, errs gqlerror.List) {
	if !k.leave(op) || k.ctx.Err() != nil {
		return
	}
	if errs != nil {
		k.fail(op.id, errs)
		return
	}
	k.write(message{ID: op.id, Type: "complete"})
}

// fail tells that an operation could not be run.
func (k *socket) fail(id string, errs gqlerror.List) {
	payload, err := json.Marshal(errs)
	if err == nil {
		k.write(message{ID: id, Type: "error", Payload: payload})
	}
}

func clip(s string) string {
	if len(s) > 60 {
		s = s[:60]
	}
	return strings.ToValidUTF8(s, "")
}
