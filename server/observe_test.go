package server_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/httpx"
	"github.com/oneshelf/oneshelf/internal/metrics"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
	"github.com/oneshelf/oneshelf/jobs"
	"github.com/oneshelf/oneshelf/server"
)

// measured is the API with metrics.
func measured(t testing.TB, k *testkit.Kit) *apitest.API {
	t.Helper()
	m := metrics.New("v1.2.3", k.Store.DB, k.Clock.Now)
	return apitest.New(t, k, func(o *server.Options) { o.Metrics = m })
}

// look sends a GET with headers and answers status and body.
func look(t testing.TB, url string, header map[string]string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(body)
}

// What must never come out, however things go wrong.
var (
	contact = []string{"金丝雀先生", "13900001234", "canary@example.test", "金丝雀路88号", "1987-03-04"}
	secrets = []string{"canary-app-secret", "canary-session", "canary-access-token"}
)

const (
	memberUpsert   = `mutation($input: MemberUpsertInput!) { memberUpsert(input: $input) { member { id name phone } userErrors { code message } } }`
	channelConnect = `mutation($input: ChannelConnectInput!) { channelConnect(input: $input) { channel { id state } userErrors { code message } } }`
	orderPlace     = `mutation($input: OrderPlaceInput!) { orderPlace(input: $input) { order { id } userErrors { code message } } }`
)

func TestNothingConfidentialIsLoggedOrMeasured(t *testing.T) { // LG-01
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := measured(t, k)
		a.Resolver.Channels.Guard = httpx.NewGuard(true)
		closed, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		gateway := "http://" + closed.Addr().String()
		require.NoError(t, closed.Close())
		c := a.Client(t)
		member := apitest.Vars{"input": apitest.Vars{"name": contact[0], "phone": contact[1], "email": contact[2], "birthday": contact[4]}}
		c.Must(t, memberUpsert, member)
		for _, change := range []string{`"name":1`, `"phone":"` + strings.Repeat(contact[1], 30) + `"`, `"email":"no ` + contact[2] + `"`, `"by":{"phone":"` + contact[1] + `"},"birthday":"1987-13-04 ` + contact[0] + `"`} {
			c.Post(t, []byte(`{"query":"mutation($input: MemberUpsertInput!) { memberUpsert(input: $input) { userErrors { code message } } }","variables":{"input":{`+change+`}}}`), nil)
		}
		c.Do(t, `{ members(first: 10, where: { query: "`+contact[0]+`" }) { edges { node { id } } } nonsense }`, nil)
		c.Do(t, `query `+"Canary"+`($x: `+contact[2]+`) { viewer { subject } }`, nil)
		c.Post(t, []byte(`{"query":`+contact[0]), nil)
		look(t, a.URL+"/graphql?query={"+contact[2]+"}", map[string]string{"Authorization": "Bearer " + c.Token, "X-Canary": secrets[0]})
		look(t, a.URL+"/hooks/"+secrets[1]+"?token="+secrets[2], map[string]string{"Authorization": "Bearer " + secrets[0]})
		(&apitest.Client{API: a, Token: secrets[2]}).Do(t, "{ viewer { subject } }", nil)
		setting := func(pairs ...string) (out []apitest.Vars) {
			for i := 0; i < len(pairs); i += 2 {
				out = append(out, apitest.Vars{"name": pairs[i], "value": pairs[i+1]})
			}
			return out
		}
		c.Must(t, channelConnect, apitest.Vars{"input": apitest.Vars{"kind": "TAOBAO", "code": "taobao", "name": "Taobao",
			"settings": setting("gatewayUrl", gateway, "appKey", "key", "appSecret", secrets[0], "session", secrets[1])}})
		c.Must(t, channelConnect, apitest.Vars{"input": apitest.Vars{"kind": "JD", "code": "jd", "name": "JD",
			"settings": setting("gatewayUrl", gateway, "appKey", "key", "appSecret", secrets[0], "accessToken", secrets[2])}})
		c.Do(t, channelConnect, apitest.Vars{"input": apitest.Vars{"kind": "TAOBAO", "code": "x", "name": "x",
			"settings": setting("gatewayUrl", "http://"+secrets[0]+":99999", "appKey", "key", "appSecret", secrets[0], "session", secrets[1])}})
		c.Do(t, orderPlace, apitest.Vars{"input": apitest.Vars{"idempotencyKey": "k", "channel": apitest.Vars{"code": "taobao"}, "lines": []apitest.Vars{{"variant": apitest.Vars{"sku": "NONE"}, "quantity": 1}},
			"delivery": apitest.Vars{"ship": apitest.Vars{"address": apitest.Vars{"recipient": contact[0], "phone": contact[1], "country": "CN", "line1": contact[3]}}}}})

		// The workers cannot reach the gateways and say so.
		log := a.Resolver.Channels.Log
		ctx, stop := context.WithCancel(context.Background())
		worked := make(chan struct{})
		go func() {
			(&jobs.Runner{Store: k.Store, Orders: a.Resolver.Orders, Channels: a.Resolver.Channels, Log: log}).Run(ctx)
			close(worked)
		}()
		require.Eventually(t, func() bool { return k.Count(t, "channels", "last_error_code <> ''") == 2 }, 20*time.Second, 20*time.Millisecond)
		stop()
		<-worked

		// A fault of our own, on PostgreSQL one whose text repeats the row.
		faults := []string{"ALTER TABLE members RENAME TO gone"}
		if k.Store.DB.Engine == db.Postgres {
			faults = []string{
				`CREATE FUNCTION canary() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'bad row % %', NEW.phone, NEW.name; END $$`,
				`CREATE TRIGGER canary BEFORE INSERT ON members FOR EACH ROW EXECUTE FUNCTION canary()`,
			}
		}
		for _, statement := range faults {
			_, err := k.Store.DB.Write().Exec(context.Background(), statement)
			require.NoError(t, err)
		}
		broken := c.Do(t, memberUpsert, apitest.Vars{"input": apitest.Vars{"name": contact[0], "phone": "13900009999"}})
		require.Equal(t, "INTERNAL", broken.Errors[0].Extensions.Code)
		require.NotEmpty(t, broken.Errors[0].Extensions.RequestID)

		_, shown := look(t, a.URL+"/metrics", nil)
		require.Contains(t, shown, `oneshelf_graphql_answers_total{code="INTERNAL",type="mutation"} 1`)
		written := a.Log.String()
		require.Contains(t, written, broken.Errors[0].Extensions.RequestID, "the fault is found by the id that its caller was told")
		require.Contains(t, written, "route=/graphql")
		require.Contains(t, written, "subject=tester brand=demo")
		if k.Store.DB.Engine == db.Postgres {
			require.Contains(t, written, "PostgreSQL ERROR P0001")
		}
		for _, canary := range append(append([]string{c.Token, "13900009999"}, contact...), secrets...) {
			for where, text := range map[string]string{"the log": written, "the metrics": shown, "the answer to a fault": string(broken.Body)} {
				require.NotContains(t, text, canary, where)
			}
		}
		at := atRest(t, k)
		require.Contains(t, at, "taobao")
		for _, secret := range append([]string{c.Token}, secrets...) {
			require.NotContains(t, at, secret, "in the database")
			require.NotContains(t, at, hex.EncodeToString([]byte(secret)), "in the database")
		}
	})
}

// atRest is everything the database keeps: the bytes of the files, or every row as text.
func atRest(t testing.TB, k *testkit.Kit) string {
	t.Helper()
	var all strings.Builder
	if k.Store.DB.Engine == db.SQLite {
		for _, part := range []string{"", "-wal"} {
			text, err := os.ReadFile(k.URL + part)
			require.NoError(t, err)
			all.Write(text)
		}
		return all.String()
	}
	tables, err := k.Store.DB.Read().Tables(context.Background())
	require.NoError(t, err)
	for name := range tables {
		var text string
		require.NoError(t, k.Store.DB.Read().QueryRow(context.Background(), `SELECT COALESCE(string_agg(CAST(r AS text), ' '), '') FROM "`+name+`" r`).Scan(&text))
		all.WriteString(text)
	}
	return all.String()
}

func TestErrorsOfTheDatabaseAreToldWithoutValues(t *testing.T) { // LG-01
	broken := &pgconn.PgError{Severity: "ERROR", Code: "22P02", Message: `invalid input syntax for type uuid: "canary"`, Detail: "canary", TableName: "members"}
	require.Equal(t, "saving: PostgreSQL ERROR 22P02 members", db.Told(errors.Join(errorsf("saving: ", broken))))
	require.NotContains(t, db.Told(errors.New(`failed to encode args[0]: unable to encode "canary" into text format for uuid (OID 2950)`)), "canary")
	require.Equal(t, "disk full", db.Told(errors.New("disk full")))
}

// wrapped says something before an error.
type wrapped struct {
	before string
	error
}

func (w wrapped) Error() string { return w.before + w.error.Error() }
func (w wrapped) Unwrap() error { return w.error }

func errorsf(before string, err error) error { return wrapped{before, err} }

func TestMetricsAreForOperators(t *testing.T) { // LG-03
	k := testkit.SQLite(t)
	a := measured(t, k)
	elsewhere := map[string]string{"X-Forwarded-For": "203.0.113.9"}
	with := func(c *apitest.Client) map[string]string {
		return map[string]string{"X-Forwarded-For": "203.0.113.9", "Authorization": "Bearer " + c.Token}
	}
	for what, try := range map[string]struct {
		header map[string]string
		status int
	}{
		"on the machine itself":   {nil, 200},
		"from elsewhere":          {elsewhere, 401},
		"from a page":             {map[string]string{"Origin": "https://shop.example"}, 401},
		"with audit:read":         {with(a.Client(t, auth.AuditRead)), 200},
		"with other rights":       {with(a.Without(t, auth.AuditRead)), 403},
		"with a narrowed token":   {with(a.With(t, auth.Claims{Scopes: auth.Scopes(), Locations: []string{"L-1"}})), 403},
		"with a token of nobody":  {map[string]string{"X-Forwarded-For": "203.0.113.9", "Authorization": "Bearer x"}, 401},
		"by a proxy's other name": {map[string]string{"Forwarded": "for=203.0.113.9"}, 401},
	} {
		status, body := look(t, a.URL+"/metrics", try.header)
		require.Equal(t, try.status, status, what)
		require.Equal(t, try.status == 200, strings.Contains(body, "oneshelf_build_info"), what)
	}
	request := func(from, host string) int {
		w := new(recorder)
		r, err := http.NewRequest(http.MethodGet, "http://"+host+"/metrics", nil)
		require.NoError(t, err)
		r.RemoteAddr = from
		a.Server.Handler().ServeHTTP(w, r)
		return w.status
	}
	const here = "127.0.0.1:8080"
	require.Equal(t, []int{200, 200, 401, 401}, []int{request("127.0.0.1:9", here), request("[::1]:9", here), request("192.0.2.7:9", here), request("nonsense", here)})
	for host, status := range map[string]int{"localhost": 200, "localhost:8080": 200, "127.0.0.2": 200, "[::1]:8080": 200, "[::1]": 200,
		"shop.example": 401, "192.0.2.7:8080": 401, "localhost.example": 401, "127.0.0.1.example:8080": 401, "": 401} {
		require.Equal(t, status, request("127.0.0.1:9", host), "asked for as %q, as a proxy on the machine passes it on", host)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(a.URL, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "GET /metrics HTTP/1.0\r\nHost: "+here+"\r\nConnection: close\r\n\r\n") // as nginx does by itself
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Contains(t, string(answer), " 401 ")
	bare := apitest.New(t, testkit.SQLite(t))
	status, _ := look(t, bare.URL+"/metrics", nil)
	require.Equal(t, 404, status, "a server that counts nothing has no such door")
}

// recorder keeps the status of an answer.
type recorder struct {
	bytes.Buffer
	header http.Header
	status int
}

func (r *recorder) Header() http.Header {
	if r.header == nil {
		r.header = http.Header{}
	}
	return r.header
}
func (r *recorder) WriteHeader(status int) { r.status = status }
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = 200
	}
	return r.Buffer.Write(p)
}

func TestRequestsAreCountedByDoorAndClass(t *testing.T) {
	k := testkit.SQLite(t)
	a := measured(t, k)
	c := a.Client(t)
	c.Must(t, "{ viewer { subject } }", nil)
	c.Do(t, "{ nothing }", nil)
	a.Without(t, auth.ProductsRead).Do(t, "{ products(first: 1) { edges { node { id } } } }", nil)
	a.Nobody().Do(t, "{ viewer { subject } }", nil)
	for _, made := range []string{"/a", "/b", "/" + commerce.NewUUID().String()} {
		look(t, a.URL+made, nil)
	}
	socket := c.Socket(t)
	socket.Subscribe("1", "{ viewer { subject } }", nil)
	require.Equal(t, "tester", socket.Next("1").Text("viewer.subject"))
	_, shown := look(t, a.URL+"/metrics", nil)
	for _, line := range []string{
		`oneshelf_graphql_answers_total{code="OK",type="query"} 2`, `oneshelf_graphql_answers_total{code="BAD_REQUEST",type="none"} 1`,
		`oneshelf_graphql_answers_total{code="FORBIDDEN",type="query"} 1`, `oneshelf_http_request_duration_seconds_count{route="/graphql",status="4xx"} 1`,
		`oneshelf_http_request_duration_seconds_count{route="none",status="4xx"} 3`, `oneshelf_streams_open{transport="websocket"} 1`,
	} {
		require.Contains(t, shown, "\n"+line+"\n")
	}
	require.Equal(t, 1, strings.Count(a.Log.String(), "status=401"))
}

func TestReadyMeansIt(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := measured(t, k)
		status, _ := look(t, a.URL+"/readyz", nil)
		require.Equal(t, 200, status)
		_, err := k.Store.DB.Write().Exec(context.Background(), "ALTER TABLE event_cursors RENAME TO gone")
		require.NoError(t, err)
		status, _ = look(t, a.URL+"/readyz", nil)
		require.Equal(t, 503, status, "it answers, but takes no writes")
		_, err = k.Store.DB.Write().Exec(context.Background(), "ALTER TABLE gone RENAME TO event_cursors")
		require.NoError(t, err)
		status, _ = look(t, a.URL+"/readyz", nil)
		require.Equal(t, 200, status)
		socket := a.Client(t).Socket(t)
		a.Server.Drain()
		status, _ = look(t, a.URL+"/readyz", nil)
		require.Equal(t, 503, status, "it stops")
		status, _ = look(t, a.URL+"/healthz", nil)
		require.Equal(t, 200, status, "it lives still")
		require.Equal(t, websocket.StatusGoingAway, socket.Closed())
	})
}
