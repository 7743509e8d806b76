// Package server opens the doors: /graphql over HTTP, WebSocket and server-sent events, the keys at /.well-known/jwks.json, and what operators ask. It
// finds out who calls, bounds what may be asked, and hands on to graph.
package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/graph"
	"github.com/oneshelf/oneshelf/graph/generated"
	"github.com/oneshelf/oneshelf/internal/cache"
	"github.com/oneshelf/oneshelf/internal/metrics"
	"github.com/oneshelf/oneshelf/server/page"
)

// Server answers requests. Make it with New.
type Server struct {
	Options
	engine  *engine
	recents recents
	origins origins
	sockets *semaphore.Weighted
	inHand  *semaphore.Weighted
	live    context.Context // ends when nothing new may begin and streams must go
	stop    context.CancelFunc
	work    context.Context // ends when what is in hand on sockets must be given up
	giveUp  context.CancelFunc
}

// Options is what a Server is made of.
type Options struct {
	Resolver *graph.Resolver
	Store    *events.Store
	Verifier *auth.Verifier
	Cache    *cache.Cache
	Metrics  *metrics.Metrics // counts nothing when nil
	Log      *slog.Logger
	Limits   Limits
	// Origins are the browser origins that may call; none closes the door to browsers of other sites.
	Origins []string
	// RequestTimeout bounds one query or mutation.
	RequestTimeout time.Duration
	// AnswerTimeout bounds how long a caller may take to read an answer: 30 s when zero. Streams bound each of their writes.
	AnswerTimeout time.Duration
	// Requests bounds how many requests to /graphql that are no streams are in hand at once: 1,000 when zero.
	Requests int64
	// OperatorsOnly closes /graphql: the process works in the background.
	OperatorsOnly bool
	// Sockets bounds how many WebSockets are open at once.
	Sockets int64
	// SocketInit bounds how long a WebSocket may take to introduce itself: 10 s when zero.
	SocketInit time.Duration
	// Heartbeat is how often a silent stream of server-sent events says that it lives: every 15 s when zero.
	Heartbeat time.Duration
	// Page is what browsers see at /.
	Page page.Options
}

// New makes a Server.
func New(o Options) *Server {
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits
	}
	if o.RequestTimeout == 0 {
		o.RequestTimeout = 30 * time.Second
	}
	if o.AnswerTimeout == 0 {
		o.AnswerTimeout = 30 * time.Second
	}
	if o.Requests == 0 {
		o.Requests = 1000
	}
	if o.Sockets == 0 {
		o.Sockets = 10_000
	}
	if o.SocketInit == 0 {
		o.SocketInit = 10 * time.Second
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = 15 * time.Second
	}
	s := &Server{Options: o, origins: o.Origins, sockets: semaphore.NewWeighted(o.Sockets), inHand: semaphore.NewWeighted(o.Requests)}
	s.live, s.stop = context.WithCancel(context.Background())
	s.work, s.giveUp = context.WithCancel(context.Background())
	config := generated.Config{Resolvers: o.Resolver}
	config.Directives.HasScope = graph.HasScope
	s.engine = newEngine(generated.NewExecutableSchema(config), graph.Present(s.report), s.recovered, o.Limits)
	s.engine.executor.AroundResponses(s.measured)
	s.engine.executor.AroundResponses(s.engine.bounded) // within the other: what is measured is what is told
	return s
}

// report logs a fault that callers are not told about, under the request's id.
func (s *Server) report(ctx context.Context, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	id := ""
	if v := auth.From(ctx); v != nil {
		id = v.Request
	}
	s.Log.Error("a request failed", "requestId", id, "error", told(err))
}

// recovered turns a panic into a fault; what it says stays inside.
func (s *Server) recovered(ctx context.Context, p any) error {
	what, stack := panicked(p)
	s.Log.Error("a resolver panicked", "requestId", requestIDOf(ctx), "panic", what, "stack", stack)
	return errors.New("panic")
}

// Handler is all doors.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	if !s.OperatorsOnly {
		mux.HandleFunc("/graphql", s.doors)
		browsers := page.Handler(s.Page)
		mux.Handle("GET /{$}", browsers)
		mux.Handle("GET /assets/", browsers)
	}
	mux.Handle("GET /.well-known/jwks.json", s.Verifier.JWKS())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", s.ready)
	if s.Metrics != nil {
		mux.HandleFunc("GET /metrics", s.metrics)
	}
	return s.observe(s.cors(mux))
}

func (s *Server) doors(w http.ResponseWriter, r *http.Request) {
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		s.websocket(w, r)
		return
	}
	if wantsStream(r) {
		s.stream(w, r)
		return
	}
	if follow := s.graphql(w, r); follow != nil {
		follow()
	}
}

// ready tells whether requests can be answered: the database answers and takes writes, and the server does not stop.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, stop := context.WithTimeout(r.Context(), 2*time.Second)
	defer stop()
	if s.live.Err() != nil || s.Store.DB.Ping(ctx) != nil || s.writable(ctx) != nil {
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "ready\n")
}

// cors lets the configured origins call from browsers, and nobody else.
func (s *Server) cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if origin != "" {
			w.Header().Add("Vary", "Origin")
		}
		if s.origins.allow(origin) {
			w.Header().Set("Access-Control-Allow-Origin", origin)
			if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
				w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
				w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Last-Event-ID")
				w.Header().Set("Access-Control-Max-Age", "600")
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// HTTP is the server that listens: headers, bodies and idle connections are bounded in time and size.
func (s *Server) HTTP() *http.Server {
	return &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
}

// Drain ends streams, and sockets with their close code as soon as their queries and mutations have answered; nothing new begins on
// them. Requests under way are left to http.Server.Shutdown.
func (s *Server) Drain() { s.stop() }

// Wait waits after Drain until sockets and streams have gone, which http.Server.Shutdown knows nothing of. What they have in hand when ctx
// ends is given up.
func (s *Server) Wait(ctx context.Context) {
	defer s.giveUp()
	if s.sockets.Acquire(ctx, s.Sockets) == nil {
		return
	}
	s.giveUp()
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer stop()
	s.sockets.Acquire(last, s.Sockets) // what is closed by then is closed with its code
}

func newReader(b []byte) io.Reader { return bytes.NewReader(b) }

// origins are the browser origins that may call.
type origins []string

func (o origins) hosts() []string { return []string(o) }

func (o origins) allow(origin string) bool { return slices.Contains(o, origin) }
