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

// heartbeat is how often a silent stream says that it lives.
const heartbeat = 15 * time.Second

// stream answers an operation as server-sent events. Each event of a subscription carries its cursor as id, so a browser resumes by
// itself: its Last-Event-ID goes before the operation's own after. The stream ends with the token.
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

// follow runs an operation and pours out its answers.
func (s *Server) follow(w http.ResponseWriter, r *http.Request, viewer *auth.Viewer, params *graphql.RawParams) {
	if !s.sockets.TryAcquire(1) {
		w.Header().Set("Retry-After", "5")
		s.refuse(w, r, typeJSON, http.StatusServiceUnavailable, commerce.Errorf(commerce.RateLimited, "too many streams"))
		return
	}
	defer s.sockets.Release(1)
	ctx, stop := context.WithCancel(auth.With(r.Context(), viewer))
	defer stop()
	defer context.AfterFunc(s.live, stop)()
	if !viewer.Expires.IsZero() {
		var end context.CancelFunc
		ctx, end = context.WithDeadline(ctx, viewer.Expires)
		defer end()
	}
	resume := &graphs.Resumption{After: r.Header.Get("Last-Event-ID")}
	ctx = graphql.StartOperationTrace(graphs.WithResumption(ctx, resume))
	oc, errs := s.engine.prepare(ctx, params)
	if len(errs) == 0 && r.Method == http.MethodGet && oc.Operation.Operation == ast.Mutation {
		errs = refused(commerce.Errorf(commerce.BadRequest, "GET is for queries and subscriptions only"))
	}
	if len(errs) > 0 {
		s.write(w, typeJSON, http.StatusBadRequest, s.requestErrors(ctx, oc, errs))
		return
	}
	s.pour(ctx, w, oc, resume)
}

// pour writes an operation's answers as they come, until it ends or the reader is too slow.
func (s *Server) pour(ctx context.Context, w http.ResponseWriter, oc *graphql.OperationContext, resume *graphs.Resumption) {
	out := sse{w: w, control: http.NewResponseController(w)}
	if out.control.SetReadDeadline(time.Time{}) != nil { // the request is read; its time limit must not end the answer
		return
	}
	h := w.Header()
	h.Set("Content-Type", typeStream+"; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
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
			if oc.Operation.Operation != ast.Subscription {
				return
			}
		}
	}()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			out.send("event: complete\ndata:\n\n")
			return
		case <-beat.C:
			if out.send(":\n\n") != nil {
				return
			}
		case resp, ok := <-answers:
			if !ok {
				out.send("event: complete\ndata:\n\n")
				return
			}
			payload, err := json.Marshal(response{Data: resp.Data, Errors: resp.Errors})
			if err != nil {
				return
			}
			id := ""
			if cursor := resume.Next(); cursor != "" && oc.Operation.Operation == ast.Subscription {
				id = "id: " + cursor + "\n"
			}
			if out.send(fmt.Sprintf("%sevent: next\ndata: %s\n\n", id, payload)) != nil {
				return
			}
		}
	}
}

// sse writes to one reader; each write must be taken within a bounded time.
type sse struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

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
