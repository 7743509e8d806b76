package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
)

// The media types of answers. Source: GraphQL over HTTP, working draft.
const (
	typeResponse = "application/graphql-response+json"
	typeJSON     = "application/json"
)

// graphql answers POST and GET on /graphql as GraphQL over HTTP has it. For a subscription it gives back what follows it: streams are
// counted apart.
func (s *Server) graphql(w http.ResponseWriter, r *http.Request) (follow func()) {
	answer := accepted(r.Header.Values("Accept"))
	if !s.inHand.TryAcquire(1) {
		w.Header().Set("Retry-After", "1")
		s.refuse(w, r, cmp.Or(answer, typeJSON), http.StatusServiceUnavailable, commerce.Errorf(commerce.RateLimited, "too many requests at once"))
		return nil
	}
	defer s.inHand.Release(1)
	if answer == "" {
		s.refuse(w, r, typeJSON, http.StatusNotAcceptable, commerce.Errorf(commerce.BadRequest, "answers are %s or %s", typeResponse, typeJSON))
		return nil
	}
	if r.Method != http.MethodPost && r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET, POST")
		s.refuse(w, r, answer, http.StatusMethodNotAllowed, commerce.Errorf(commerce.BadRequest, "use POST, or GET for queries"))
		return nil
	}
	viewer, err := s.caller(r)
	if err != nil {
		s.refuse(w, r, answer, statusOf(err), err)
		return nil
	}
	ctx := auth.With(r.Context(), viewer)
	params, status, err := s.params(w, r, viewer)
	if err != nil {
		s.refuse(w, r.WithContext(ctx), answer, status, err)
		return nil
	}
	ctx = graphql.StartOperationTrace(ctx)
	oc, errs := s.engine.prepare(ctx, params)
	switch {
	case len(errs) > 0:
	case r.Method == http.MethodGet && oc.Operation.Operation != ast.Query:
		w.Header().Set("Allow", "POST")
		s.refuse(w, r.WithContext(ctx), answer, http.StatusMethodNotAllowed, commerce.Errorf(commerce.BadRequest, "GET is for queries only"))
		return nil
	case oc.Operation.Operation == ast.Subscription && takesStream(r):
		return func() { s.follow(w, r, viewer, params) }
	case oc.Operation.Operation == ast.Subscription:
		errs = refused(commerce.Errorf(commerce.BadRequest, "subscriptions need a WebSocket with the subprotocol graphql-transport-ws, or Accept: text/event-stream"))
	}
	if len(errs) > 0 {
		s.write(w, answer, requestStatus(answer), s.requestErrors(ctx, oc, errs))
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, s.RequestTimeout)
	defer stop()
	resp := s.engine.run(ctx, oc)
	s.write(w, answer, http.StatusOK, response{Data: resp.Data, Errors: resp.Errors, Extensions: s.engine.costOf(oc)})
	return nil
}

// requestStatus is the status of an answer to a request that was not run.
func requestStatus(answer string) int {
	if answer == typeResponse {
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// response is an answer; a request that was not run has no data at all.
type response struct {
	Errors     gqlerror.List   `json:"errors,omitempty"`
	Data       json.RawMessage `json:"data,omitempty"`
	Extensions map[string]any  `json:"extensions,omitempty"`
}

func (s *Server) requestErrors(ctx context.Context, oc *graphql.OperationContext, errs gqlerror.List) response {
	s.Metrics.Answer("none", codeOf(errs)) // it never became an operation
	for _, e := range errs {
		if e.Extensions == nil {
			e.Extensions = map[string]any{"code": commerce.BadRequest}
		}
		if v := auth.From(ctx); v != nil {
			e.Extensions["requestId"] = v.Request
		}
	}
	return response{Errors: errs, Extensions: s.engine.costOf(oc)}
}

func (s *Server) write(w http.ResponseWriter, answer string, status int, out response) {
	w.Header().Set("Content-Type", answer+"; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if len(out.Errors) == 0 && out.Data != nil && len(out.Extensions) > 0 {
		// The data is JSON already: it goes out as it is.
		tail, err := json.Marshal(out.Extensions)
		if err != nil {
			return
		}
		io.WriteString(w, `{"data":`)
		w.Write(out.Data)
		io.WriteString(w, `,"extensions":`)
		w.Write(tail)
		io.WriteString(w, "}")
		return
	}
	json.NewEncoder(w).Encode(out)
}

// refuse answers a request that never became an operation.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, answer string, status int, err error) {
	id, code, message := s.requestID(r), commerce.CodeOf(err), "the server could not answer this"
	if e, ok := errors.AsType[*commerce.Error](err); ok {
		message = e.Message
	} else {
		s.Log.Error("a request failed", "requestId", id, "error", told(err))
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	ext := map[string]any{"code": code, "requestId": id}
	s.write(w, answer, status, response{Errors: gqlerror.List{{Message: message, Extensions: ext}}})
}

func (s *Server) requestID(r *http.Request) string {
	if v := auth.From(r.Context()); v != nil {
		return v.Request
	}
	return requestIDOf(r.Context())
}

func statusOf(err error) int {
	switch commerce.CodeOf(err) {
	case commerce.Unauthenticated:
		return http.StatusUnauthorized
	case commerce.Internal:
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// caller is the viewer of a request's bearer token.
func (s *Server) caller(r *http.Request) (*auth.Viewer, error) {
	token, ok := auth.Bearer(r.Header.Get("Authorization"))
	if !ok {
		return nil, commerce.Errorf(commerce.Unauthenticated, "a bearer token is needed")
	}
	v, err := s.identify(r.Context(), token)
	if err != nil {
		return nil, err
	}
	v.Request = requestIDOf(r.Context())
	return v, nil
}

// accepted chooses the media type of the answer, "" when the caller takes neither. Without a wish it is application/json.
func accepted(headers []string) string {
	best, quality := "", 0.0
	seen := false
	for _, part := range strings.Split(strings.Join(headers, ","), ",") {
		media, params, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err != nil {
			continue
		}
		seen = true
		q := 1.0
		if text, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(text, 64); err != nil {
				continue
			}
		}
		if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
			continue
		}
		offer := ""
		switch media {
		case typeResponse:
			offer = typeResponse
		case typeJSON, "*/*", "application/*":
			offer = typeJSON
		}
		if offer != "" && q > quality {
			best, quality = offer, q
		}
	}
	if !seen {
		return typeJSON
	}
	return best
}

// mediaTypes are the media types of an Accept header, without their parameters.
func mediaTypes(headers []string) []string {
	var out []string
	for _, part := range strings.Split(strings.Join(headers, ","), ",") {
		if media, _, err := mime.ParseMediaType(strings.TrimSpace(part)); err == nil {
			out = append(out, media)
		}
	}
	return out
}

// params reads what is to be run. Its errors say what is wrong without repeating what was sent.
func (s *Server) params(w http.ResponseWriter, r *http.Request, v *auth.Viewer) (*graphql.RawParams, int, error) {
	bad := func(status int, format string, args ...any) (*graphql.RawParams, int, error) {
		return nil, status, commerce.Errorf(commerce.BadRequest, format, args...)
	}
	p := &graphql.RawParams{Headers: http.Header{}}
	if r.Method == http.MethodGet {
		q, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return bad(http.StatusBadRequest, "the address cannot be read")
		}
		p.Query, p.OperationName = q.Get("query"), q.Get("operationName")
		for name, into := range map[string]*map[string]any{"variables": &p.Variables, "extensions": &p.Extensions} {
			if text := q.Get(name); text != "" {
				if err := decode(strings.NewReader(text), into); err != nil {
					return bad(http.StatusBadRequest, "%s is not a JSON object", name)
				}
			}
		}
	} else {
		media, mediaParams, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || media != typeJSON || (mediaParams["charset"] != "" && !strings.EqualFold(mediaParams["charset"], "utf-8")) {
			return bad(http.StatusUnsupportedMediaType, "send %s in UTF-8", typeJSON)
		}
		if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
			return bad(http.StatusUnsupportedMediaType, "send the body uncompressed")
		}
		limit := s.engine.limits.Body
		if v.Can(auth.StockWrite) || v.Can(auth.ProductsWrite) {
			limit = s.engine.limits.LargeBody
		}
		var body struct {
			Query         *string        `json:"query"`
			OperationName *string        `json:"operationName"`
			Variables     map[string]any `json:"variables"`
			Extensions    map[string]any `json:"extensions"`
		}
		err = decode(http.MaxBytesReader(w, r.Body, limit), &body)
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return bad(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", limit)
		}
		if err != nil {
			return bad(http.StatusBadRequest, "the body is not a JSON object with query, operationName, variables and extensions")
		}
		if body.Query != nil {
			p.Query = *body.Query
		}
		if body.OperationName != nil {
			p.OperationName = *body.OperationName
		}
		p.Variables, p.Extensions = body.Variables, body.Extensions
	}
	if strings.TrimSpace(p.Query) == "" {
		return bad(http.StatusBadRequest, "there is no query")
	}
	return p, 0, nil
}

// decode reads exactly one JSON value; numbers keep their digits.
func decode(r io.Reader, into any) error {
	d := json.NewDecoder(r)
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		if err == nil {
			err = errors.New("more than one value")
		}
		return err
	}
	return nil
}
