package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	graphs "github.com/oneshelf/oneshelf/graph"
)

// typeStream is the media type of server-sent events. Source: the WHATWG's HTML standard, and the distinct connections mode of
// enisdenjo/graphql-sse's PROTOCOL.md.
const typeStream = "text/event-stream"

// stream answers an operation as server-sent events. Each event of a subscription carries its cursor as id, so a browser resumes by
// itself: its Last-Event-ID goes before the operation's own after. It breaks off when the token ends.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost && r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET, POST")
		s.refuse(w, r, typeJSON, http.StatusMethodNotAllowed, commerce.Errorf(commerce.BadRequest, "use POST or GET"))
		return
	}
	viewer, err := s.caller(r)
	if err != nil {
		s.refuse(w, r, typeJSON, statusOf(err), err)
		return
	}
	params, status, err := s.params(w, r, viewer)
	if err != nil {
		s.refuse(w, r.WithContext(auth.With(r.Context(), viewer)), typeJSON, status, err)
		return
	}
	s.follow(w, r, viewer, params)
}

// follow runs an operation: a query or mutation as any other request, a subscription for as long as the caller may and wants.
func (s *Server) follow(w http.ResponseWriter, r *http.Request, viewer *auth.Viewer, params *graphql.RawParams) {
	if !s.sockets.TryAcquire(1) {
		w.Header().Set("Retry-After", "5")
		s.refuse(w, r, typeJSON, http.StatusServiceUnavailable, commerce.Errorf(commerce.RateLimited, "too many streams"))
		return
	}
	defer s.sockets.Release(1)
	resume := &graphs.Resumption{After: r.Header.Get("Last-Event-ID")}
	ctx := graphql.StartOperationTrace(graphs.WithResumption(auth.With(r.Context(), viewer), resume))
	oc, errs := s.engine.prepare(ctx, params)
	if len(errs) == 0 && r.Method == http.MethodGet && oc.Operation.Operation == ast.Mutation {
		errs = refused(commerce.Errorf(commerce.BadRequest, "GET is for queries and subscriptions only"))
	}
	if len(errs) > 0 {
		s.write(w, typeJSON, http.StatusBadRequest, s.requestErrors(ctx, oc, errs))
		return
	}
	if oc.Operation.Operation != ast.Subscription {
		ctx, stop := context.WithTimeout(ctx, s.RequestTimeout)
		defer stop()
		if out := open(w); out.send(":\n\n") == nil {
			out.tell(s.engine.run(ctx, oc), "")
			out.complete()
		}
		return
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(s.live, stop)()
	if !viewer.Expires.IsZero() {
		var end context.CancelFunc
		ctx, end = context.WithDeadline(ctx, viewer.Expires)
		defer end()
	}
	s.pour(ctx, open(w), oc, resume)
}

// pour writes a subscription's answers as they come, until it is broken off or the reader is too slow. Who is told that an operation
// is complete does not ask again, so that is said only of one that never began: a stream has no end of its own.
func (s *Server) pour(ctx context.Context, out sse, oc *graphql.OperationContext, resume *graphs.Resumption) {
	if out.send(":\n\n") != nil {
		return
	}
	answers := make(chan *graphql.Response)
	go func() {
		defer close(answers)
		next, ctx := s.engine.executor.DispatchOperation(ctx, oc)
		for {
			resp := next(ctx)
			if resp == nil {
				return
			}
			resp.Data = bytes.Clone(resp.Data) // the next answer is written over this one
			select {
			case answers <- resp:
			case <-ctx.Done():
				return
			}
		}
	}()
	beat := time.NewTicker(s.Heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			if out.send(":\n\n") != nil {
				return
			}
		case resp, ok := <-answers:
			if !ok || out.tell(resp, resume.Next()) != nil {
				return
			}
			if neverBegan(resp) {
				out.complete()
				return
			}
		}
	}
}

// neverBegan tells whether an answer says why there is no stream.
func neverBegan(resp *graphql.Response) bool { return resp.Data == nil && len(resp.Errors) > 0 }

// sse writes to one reader; each write must be taken within a bounded time.
type sse struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// open begins an answer that comes bit by bit.
func open(w http.ResponseWriter) sse {
	h := w.Header()
	h.Set("Content-Type", typeStream+"; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies hold it back otherwise. Source: nginx, "proxy_buffering"
	out := sse{w: w, control: http.NewResponseController(w)}
	out.control.SetReadDeadline(time.Time{}) // the request is read; its time limit must not end the answer
	w.WriteHeader(http.StatusOK)
	return out
}

// tell sends an answer, with the place in the log that it may be resumed from.
func (s sse) tell(resp *graphql.Response, cursor string) error {
	payload, err := json.Marshal(response{Data: resp.Data, Errors: resp.Errors})
	if err != nil {
		return err
	}
	id := ""
	if cursor != "" {
		id = "id: " + cursor + "\n"
	}
	return s.send(fmt.Sprintf("%sevent: next\ndata: %s\n\n", id, payload))
}

// complete says that the operation is over for good.
func (s sse) complete() { s.send("event: complete\ndata:\n\n") }

func (s sse) send(text string) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(socketWrite)); err != nil {
		return err
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.control.Flush()
}

// takesStream tells whether a caller takes server-sent events, and wantsStream whether it takes nothing else: many clients name them
// beside JSON in every request, and mean them for subscriptions.
func takesStream(r *http.Request) bool {
	return slices.Contains(mediaTypes(r.Header.Values("Accept")), typeStream)
}

func wantsStream(r *http.Request) bool {
	return takesStream(r) && accepted(r.Header.Values("Accept")) == ""
}
