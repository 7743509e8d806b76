package server_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
	"github.com/oneshelf/oneshelf/server"
)

const (
	graphqlResponse = "application/graphql-response+json"
	plainJSON       = "application/json"
	ask             = `{"query":"{ viewer { subject } }"}`
)

func get(t *testing.T, c *apitest.Client, values url.Values, header http.Header) apitest.Response {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, c.API.URL+"/graphql?"+values.Encode(), nil)
	require.NoError(t, err)
	for name, v := range header {
		r.Header[name] = v
	}
	return c.Send(t, r)
}

func TestAnswersComeInTheMediaTypeThatIsAccepted(t *testing.T) {
	c := apitest.New(t, testkit.SQLite(t)).Client(t)
	for accept, want := range map[string]string{
		"": plainJSON, "*/*": plainJSON, "application/*": plainJSON, plainJSON: plainJSON, graphqlResponse: graphqlResponse,
		graphqlResponse + ", " + plainJSON + ";q=0.9": graphqlResponse, graphqlResponse + ";q=0.1, " + plainJSON: plainJSON,
		"text/html, " + graphqlResponse + "; charset=utf-8": graphqlResponse,
	} {
		r := c.Post(t, []byte(ask), http.Header{"Accept": {accept}})
		require.Equal(t, 200, r.Status, accept)
		require.Equal(t, want+"; charset=utf-8", r.Header.Get("Content-Type"), accept)
		require.Equal(t, "no-store", r.Header.Get("Cache-Control"))
		require.Equal(t, "tester", r.Text("viewer.subject"))
	}
	for _, accept := range []string{"text/html", graphqlResponse + "; charset=latin1", plainJSON + ";q=0"} {
		require.Equal(t, 406, c.Post(t, []byte(ask), http.Header{"Accept": {accept}}).Status, accept)
	}
}

// Source: GraphQL over HTTP, working draft: what is not run is 400 in the new media type, 200 in the old one when the body could be read.
func TestRequestsThatAreNotRunAreRefusedWithTheStatusOfTheMediaType(t *testing.T) {
	c := apitest.New(t, testkit.SQLite(t)).Client(t)
	for name, body := range map[string]string{
		"syntax": `{"query":"{"}`, "validation": `{"query":"{ nothing }"}`, "no such operation": `{"query":"{ viewer { subject } }","operationName":"X"}`,
		"a variable is missing": `{"query":"query($id: ID!) { node(id: $id) { id } }"}`, "a variable of another type": `{"query":"query($id: ID!) { node(id: $id) { id } }","variables":{"id":[]}}`,
		"a subscription": `{"query":"subscription { events { id } }"}`,
	} {
		for accept, status := range map[string]int{graphqlResponse: 400, plainJSON: 200} {
			r := c.Post(t, []byte(body), http.Header{"Accept": {accept}})
			require.Equal(t, status, r.Status, "%s %s: %s", name, accept, r.Body)
			require.NotContains(t, string(r.Body), `"data"`, name)
			require.Equal(t, "BAD_REQUEST", r.Errors[0].Extensions.Code, name)
			require.NotEmpty(t, r.Errors[0].Extensions.RequestID, name)
		}
	}
	for name, body := range map[string]string{
		"no JSON": `{"query":`, "no body": ``, "a list": `[` + ask + `]`, "two in a list": `[` + ask + `,` + ask + `]`, "text": `"{ viewer { subject } }"`, "more than one value": ask + ask, // GQ-05
		"no query": `{}`, "a query of nothing": `{"query":" "}`, "a query that is null": `{"query":null}`, "a query that is no text": `{"query":1}`,
		"variables that are a list": `{"query":"{ viewer { subject } }","variables":[]}`, "variables that are text": `{"query":"{ viewer { subject } }","variables":"{}"}`,
		"an operation name that is no text": `{"query":"{ viewer { subject } }","operationName":1}`, "extensions that are text": `{"query":"{ viewer { subject } }","extensions":""}`,
	} {
		for _, accept := range []string{graphqlResponse, plainJSON} {
			r := c.Post(t, []byte(body), http.Header{"Accept": {accept}})
			require.Equal(t, 400, r.Status, "%s: %s", name, r.Body)
			require.Equal(t, []string{"BAD_REQUEST"}, r.Said(), name)
			require.NotEmpty(t, r.Errors[0].Extensions.RequestID, name)
			require.NotContains(t, string(r.Body), "subject", "what was sent does not come back")
		}
	}
	for _, body := range []string{`{"query":"{ viewer { subject } }","variables":null,"operationName":null,"extensions":null}`, `{"query":"{ viewer { subject } }","variables":{},"operationName":""}`,
		`{"query":"query A { viewer { subject } } query B { nothing: viewer { kind } }","operationName":"A"}`} {
		require.Empty(t, c.Post(t, []byte(body), nil).Errors, body)
	}
}

// GQ-08
func TestOnlyJSONIsTakenByPost(t *testing.T) {
	c := apitest.New(t, testkit.SQLite(t)).Client(t)
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/graphql", "application/json; charset=latin1", "json", "application/jsonx"} {
		r := c.Post(t, []byte(ask), http.Header{"Content-Type": {kind}})
		require.Equal(t, 415, r.Status, kind)
		require.Equal(t, []string{"BAD_REQUEST"}, r.Said(), kind)
	}
	for _, kind := range []string{"application/json", "application/json; charset=utf-8", "APPLICATION/JSON; charset=UTF-8"} {
		require.Equal(t, 200, c.Post(t, []byte(ask), http.Header{"Content-Type": {kind}}).Status, kind)
	}
}

// GQ-06
func TestBodiesAreBoundedBeforeTheyAreRead(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	body := func(size int) []byte {
		return []byte(`{"query":"{ viewer { subject } }","variables":{"x":"` + strings.Repeat("x", size-60) + `"}}`)
	}
	writer, reader := a.Client(t, auth.StockWrite), a.Without(t, auth.StockWrite, auth.ProductsWrite)
	require.Equal(t, 413, reader.Post(t, body(1<<20+100), nil).Status)
	require.Equal(t, 200, reader.Post(t, body(1<<20-100), nil).Status)
	require.Equal(t, 200, writer.Post(t, body(1<<20+100), nil).Status)
	require.Equal(t, 200, a.Client(t, auth.ProductsWrite).Post(t, body(4<<20-100), nil).Status)
	large := writer.Post(t, body(4<<20+100), nil)
	require.Equal(t, 413, large.Status)
	require.Equal(t, []string{"BAD_REQUEST"}, large.Said())

	unread := &countingReader{Reader: bytes.NewReader(bytes.Repeat([]byte(" "), 64<<20))}
	r, err := http.NewRequest(http.MethodPost, a.URL+"/graphql", unread)
	require.NoError(t, err)
	r.Header.Set("Content-Type", plainJSON)
	require.Equal(t, 401, a.Nobody().Send(t, r).Status, "a stranger's body is not read at all")
	require.Less(t, unread.n.Load(), int64(16<<20))

	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err = z.Write([]byte(ask))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	for _, encoding := range []string{"gzip", "deflate", "br", "gzip, identity"} {
		require.Equal(t, 415, writer.Post(t, packed.Bytes(), http.Header{"Content-Encoding": {encoding}}).Status, encoding)
	}
	require.Equal(t, 200, writer.Post(t, []byte(ask), http.Header{"Content-Encoding": {"identity"}}).Status)
}

type countingReader struct {
	io.Reader
	n atomic.Int64 // the transport may go on reading after the answer
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.n.Add(int64(n))
	return n, err
}

// GQ-08
func TestGetIsForQueriesOnly(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	c := a.Client(t)
	r := get(t, c, url.Values{"query": {"query Q($id: ID!) { node(id: $id) { id } viewer { subject } }"}, "variables": {`{"id":"x"}`}, "operationName": {"Q"}}, nil)
	require.Equal(t, 200, r.Status)
	require.Equal(t, "tester", r.Text("viewer.subject"))
	require.Positive(t, r.Extensions.Cost.Requested)

	r = get(t, c, url.Values{"query": {`mutation { locationUpsert(input: {code: "A", name: "A"}) { created } }`}}, nil)
	require.Equal(t, 405, r.Status)
	require.Equal(t, "POST", r.Header.Get("Allow"))
	require.Equal(t, []string{"BAD_REQUEST"}, r.Said())
	two := `query Q { viewer { subject } } mutation M { locationUpsert(input: {code: "A", name: "A"}) { created } }`
	require.Equal(t, 405, get(t, c, url.Values{"query": {two}, "operationName": {"M"}}, nil).Status)
	require.Equal(t, 200, get(t, c, url.Values{"query": {two}, "operationName": {"Q"}}, nil).Status)
	require.Zero(t, a.Kit.Count(t, "locations", ""))

	for name, values := range map[string]url.Values{
		"no query": {}, "variables that are no object": {"query": {"{ viewer { subject } }"}, "variables": {"[]"}}, "variables that are no JSON": {"query": {"{ viewer { subject } }"}, "variables": {"{"}},
	} {
		require.Equal(t, 400, get(t, c, values, nil).Status, name)
	}
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch} {
		r, err := http.NewRequest(method, a.URL+"/graphql", strings.NewReader(ask))
		require.NoError(t, err)
		require.Equal(t, 405, c.Send(t, r).Status, method)
	}
}

// AU-09, GQ-09
func TestWithoutATokenNothingIsAnswered(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	good := a.Client(t)
	for name, header := range map[string]string{
		"none": "", "another scheme": "Basic " + good.Token, "no scheme": good.Token, "forged": "Bearer " + good.Token[:len(good.Token)-4] + "AAAA",
		"no brand of ours": "Bearer " + a.With(t, auth.Claims{Brand: "nobody", Scopes: auth.Scopes()}).Token, "two": "Bearer " + good.Token + ", Bearer " + good.Token, "empty": "Bearer ",
	} {
		for _, body := range []string{ask, `{"query":"{"}`, `{`, `{"query":"subscription { events { id } }"}`, `{"query":"mutation { locationUpsert(input: {code: \"A\"}) { created } }"}`, `{"query":"{ __schema { types { name } } }"}`} {
			header := http.Header{"Authorization": {header}}
			r := a.Nobody().Post(t, []byte(body), header)
			require.Equal(t, 401, r.Status, name)
			require.Equal(t, "Bearer", r.Header.Get("WWW-Authenticate"), name)
			require.Equal(t, []string{"UNAUTHENTICATED"}, r.Said(), name)
			require.NotEmpty(t, r.Errors[0].Extensions.RequestID, name)
			var all map[string]json.RawMessage
			require.NoError(t, json.Unmarshal(r.Body, &all))
			require.Len(t, all, 1, "%s: nothing but errors", r.Body)
			require.Contains(t, []string{"a bearer token is needed", "the token is not valid"}, r.Errors[0].Message, "which check failed is not told")
		}
		require.Equal(t, 401, get(t, a.Nobody(), url.Values{"query": {"{ viewer { subject } }"}}, http.Header{"Authorization": {header}}).Status, name)
	}
	require.Equal(t, 401, a.Nobody().Post(t, []byte(ask), http.Header{"X-Brand": {"demo"}, "Cookie": {"token=" + good.Token}}).Status) // TN-06
	require.NotContains(t, a.Log.String(), good.Token)
}

// TN-06
func TestTheBrandComesFromTheTokenAlone(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	r := a.Client(t).Post(t, []byte(`{"query":"{ viewer { brand { code } } }","extensions":{"brand":"other"}}`), http.Header{"X-Brand": {"other"}, "X-Tenant": {"other"}, "X-Forwarded-Host": {"other.example"}})
	require.Equal(t, "demo", r.Text("viewer.brand.code"))
}

func TestRequestsHaveIDsOfTheirOwn(t *testing.T) {
	c := apitest.New(t, testkit.SQLite(t)).Client(t)
	seen := map[string]bool{}
	for range 20 {
		r := c.Do(t, "{ a: products(first: 0) { totalCount } b: orders(first: 0) { totalCount } }", nil)
		require.ElementsMatch(t, []string{"BAD_REQUEST a", "BAD_REQUEST b"}, r.Said())
		require.Equal(t, r.Errors[0].Extensions.RequestID, r.Errors[1].Extensions.RequestID)
		seen[r.Errors[0].Extensions.RequestID] = true
	}
	require.Len(t, seen, 20)
}

// A fault inside is told as INTERNAL under the request's id; what it says goes into the log.
func TestFaultsStayInside(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := apitest.New(t, k)
		c := a.Client(t)
		_, err := k.Store.DB.Write().Exec(t.Context(), "ALTER TABLE locations RENAME TO elsewhere")
		require.NoError(t, err)
		r := c.Do(t, `{ viewer { subject } locations { totalCount } }`, nil)
		require.Equal(t, 200, r.Status)
		require.Equal(t, []string{"INTERNAL locations"}, r.Said())
		require.Equal(t, "tester", r.Text("viewer.subject"), "what can be answered is")
		for _, word := range []string{"SELECT", "elsewhere", "no such table", "relation", ".go", "goroutine", "ent:"} {
			require.NotContains(t, string(r.Body), word)
		}
		require.Contains(t, a.Log.String(), r.Errors[0].Extensions.RequestID)

		r = c.Do(t, `mutation { locationUpsert(input: {code: "A", name: "A"}) { created } }`, nil)
		require.Equal(t, []string{"INTERNAL locationUpsert"}, r.Said())
	})
}

func TestAPanicIsAFaultLikeAnyOther(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	a.Resolver.Members = nil
	c := a.Client(t)
	r := c.Do(t, `mutation { memberUpsert(input: {name: "李雷"}) { created } }`, nil)
	require.Equal(t, 200, r.Status)
	require.Equal(t, []string{"INTERNAL memberUpsert"}, r.Said())
	require.NotContains(t, string(r.Body), "nil pointer")
	require.NotContains(t, a.Log.String(), "李雷")
	require.Contains(t, a.Log.String(), r.Errors[0].Extensions.RequestID)
	require.Empty(t, c.Do(t, `{ viewer { subject } }`, nil).Errors)
}

func TestRequestsInHandAreBounded(t *testing.T) {
	k := testkit.SQLite(t)
	a := apitest.New(t, k, func(o *server.Options) { o.Requests = 1 })
	c := a.Client(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL+"/graphql", strings.NewReader(`{"query":"subscription { events { id } }"}`))
	require.NoError(t, err)
	r.Header = http.Header{"Content-Type": {plainJSON}, "Accept": {plainJSON + ", text/event-stream"}, "Authorization": {"Bearer " + c.Token}}
	stream, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer stream.Body.Close()
	require.Equal(t, 200, stream.StatusCode)
	require.Equal(t, 200, c.Post(t, []byte(ask), nil).Status, "streams are counted apart")

	release := hold(t, k)
	first := make(chan apitest.Response, 1)
	go func() {
		first <- c.Do(t, `mutation { locationUpsert(input: {code: "A", name: "A"}) { created } }`, nil)
	}()
	var refused apitest.Response
	require.Eventually(t, func() bool {
		refused = c.Post(t, []byte(ask), nil)
		return refused.Status == 503
	}, 20*time.Second, time.Millisecond)
	require.Equal(t, []string{"RATE_LIMITED"}, refused.Said())
	require.NotEmpty(t, refused.Header.Get("Retry-After"))
	status, _ := look(t, a.URL+"/healthz", nil)
	require.Equal(t, 200, status)
	release()
	require.Empty(t, (<-first).Errors)
	require.Equal(t, 200, c.Post(t, []byte(ask), nil).Status)
}

// Who asks much and reads nothing would keep the answer in memory for ever.
func TestAnAnswerThatNobodyReadsIsGivenUp(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t), func(o *server.Options) { o.AnswerTimeout = 50 * time.Millisecond })
	c := a.Client(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(a.URL, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(4096))
	query, err := json.Marshal(map[string]string{"query": "{ " + times(90, "a#: __schema { types { name description fields { name description args { name description } } } } ") + "}"})
	require.NoError(t, err)
	_, err = fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: shelf\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", c.Token, len(query), query)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return strings.Contains(a.Log.String(), "route=/graphql") }, 20*time.Second, 5*time.Millisecond, "it is over")
}
