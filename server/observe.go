package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/server/page"
)

// seen is what a request's log line tells besides what the middleware knows by itself.
type seen struct{ id, subject, brand string }

type seenKey struct{}

// requestIDOf is the id of the request that ctx belongs to; a new one outside of any.
func requestIDOf(ctx context.Context) string {
	if s, ok := ctx.Value(seenKey{}).(*seen); ok {
		return s.id
	}
	return newRequestID()
}

// recognized notes for the log who calls.
func recognized(ctx context.Context, v *auth.Viewer) {
	if s, ok := ctx.Value(seenKey{}).(*seen); ok {
		s.subject, s.brand = v.Subject, v.Code
	}
}

// observe counts each request and logs it: its id, door, status and time, and who called. Neither what was asked nor headers nor
// addresses are logged: tokens and contact data stand there. Operators' own doors are logged at level debug, since they are asked
// all the time.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		who := &seen{id: newRequestID()}
		r = r.WithContext(context.WithValue(r.Context(), seenKey{}, who))
		status := &statusWriter{ResponseWriter: w, status: http.StatusOK, control: http.NewResponseController(w), timeout: s.AnswerTimeout}
		status.control.SetWriteDeadline(time.Time{}) // the connection may have the one of the request before
		transport := transportOf(r)
		if transport != "http" {
			defer s.Metrics.Stream(transport)()
		}
		next.ServeHTTP(status, r)
		status.begin()
		route := r.Pattern // the mux has set it; what it does not know has none, so that callers cannot make up routes
		if route == "" {
			route = "none"
		}
		took := time.Since(start)
		if transport == "http" {
			s.Metrics.Request(route, status.status, took)
		}
		level := slog.LevelInfo
		if route != "/graphql" {
			level = slog.LevelDebug
		}
		s.Log.LogAttrs(r.Context(), level, "request", slog.String("requestId", who.id), slog.String("route", route), slog.String("transport", transport),
			slog.Int("status", status.status), slog.Float64("ms", float64(took.Microseconds())/1000), slog.String("subject", who.subject), slog.String("brand", who.brand))
	})
}

func transportOf(r *http.Request) string {
	switch {
	case strings.EqualFold(r.Header.Get("Upgrade"), "websocket"):
		return "websocket"
	case wantsStream(r):
		return "sse"
	}
	return "http"
}

// statusWriter remembers the status of an answer, and gives its reader a bounded time from when it begins.
type statusWriter struct {
	http.ResponseWriter
	status  int
	wrote   bool
	control *http.ResponseController
	timeout time.Duration
}

func (w *statusWriter) WriteHeader(status int) {
	if !w.wrote && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		w.status = status
		w.begin()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	w.begin()
	return w.ResponseWriter.Write(p)
}

// begin starts the time in which an answer must be read. A stream sets its own before each write.
func (w *statusWriter) begin() {
	if !w.wrote {
		w.wrote = true
		w.control.SetWriteDeadline(time.Now().Add(w.timeout))
	}
}

// Unwrap lets streams flush and sockets take over the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// measured counts an answer by the type of its operation and the code of its first error.
func (s *Server) measured(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	resp := next(ctx)
	if resp != nil {
		s.Metrics.Answer(string(graphql.GetOperationContext(ctx).Operation.Operation), codeOf(resp.Errors))
	}
	return resp
}

// codeOf is the code of the first error, OK without one.
func codeOf(errs gqlerror.List) string {
	if len(errs) == 0 {
		return "OK"
	}
	switch code := fmt.Sprint(errs[0].Extensions["code"]); commerce.Code(code) {
	case commerce.Unauthenticated, commerce.Forbidden, commerce.RateLimited, commerce.CostLimit, commerce.BadRequest, commerce.Internal:
		return code
	}
	return "OTHER"
}

// metrics shows what the server counts. It tells of all brands together, so it is for operators: for who asks on the machine itself,
// and from elsewhere for a token with audit:read that is not narrowed. What a proxy on the machine passes on comes from elsewhere.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	if !local(r) {
		v, err := s.caller(r)
		if err == nil && (!v.Can(auth.AuditRead) || v.NarrowedByChannel() || v.NarrowedByLocation()) {
			err = commerce.Errorf(commerce.Forbidden, "the scope %s is needed, not narrowed", auth.AuditRead)
		}
		if err != nil {
			status := statusOf(err)
			if commerce.CodeOf(err) == commerce.Forbidden {
				status = http.StatusForbidden
			}
			s.refuse(w, r, typeJSON, status, err)
			return
		}
	}
	s.Metrics.Handler().ServeHTTP(w, r)
}

// local tells whether a request comes from the machine itself, which it asked for by a name of loopback, and was not passed on by a
// proxy. Not every proxy says that it is one: nginx does so only when it is told to, but what it passes on by itself is HTTP/1.0, at
// least in its older versions.
// Source: nginx, "proxy_http_version".
func local(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil || !net.ParseIP(host).IsLoopback() || !r.ProtoAtLeast(1, 1) {
		return false
	}
	if _, loopback := page.OwnName(r.Host); !loopback {
		return false
	}
	for _, passed := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via", "Origin"} {
		if r.Header.Get(passed) != "" {
			return false
		}
	}
	return true
}

// panicked is what a log may have of a panic: where it was, and what only if the runtime says it, which knows no values but numbers.
func panicked(p any) (what, stack string) {
	what = fmt.Sprintf("%T", p)
	if e, ok := p.(runtime.Error); ok {
		what = e.Error()
	}
	return what, string(debug.Stack())
}

// writable tells whether the database takes writes: one that changes no row needs the same rights as one that does.
func (s *Server) writable(ctx context.Context) error {
	_, err := s.Store.DB.Write().Exec(ctx, "UPDATE event_cursors SET seq = seq WHERE id = ''")
	return err
}

// told is the text of an error as a log may have it.
func told(err error) string {
	if e, ok := errors.AsType[*commerce.Error](err); ok && e.Err == nil {
		return string(e.Code)
	}
	return db.Told(err)
}
