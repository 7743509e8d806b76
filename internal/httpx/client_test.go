package httpx

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const patience = 5 * time.Second

func counting(t *testing.T, h http.HandlerFunc) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	var calls atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s, &calls
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }

// names answers DNS queries on loopback; answer gives the IPv4 address for each A query in turn.
func names(t *testing.T, answer func(query int32) [4]byte) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	var queries atomic.Int32
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(reply(buf[:n], answer, &queries), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp4", conn.LocalAddr().String())
	}}
}

// reply writes a DNS message (RFC 1035, 4.1): the question again, and one A record for an A question.
func reply(query []byte, answer func(int32) [4]byte, queries *atomic.Int32) []byte {
	end := 12
	for query[end] != 0 {
		end += int(query[end]) + 1
	}
	end += 5
	out := append([]byte{}, query[:end]...)
	out[2], out[3] = 0x81, 0x80
	copy(out[6:12], make([]byte, 6)) // no answer, authority or additional records yet
	if binary.BigEndian.Uint16(query[end-4:]) != 1 {
		return out
	}
	out[7] = 1
	ip := answer(queries.Add(1))
	return append(append(out, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4), ip[:]...)
}

// resolving makes a guard's client ask another resolver; everything else of its dialer stays.
func resolving(g *Guard, r *net.Resolver) *Guard {
	g.transport.DialContext = g.dialer(r).DialContext
	return g
}

func TestWH01AClientDoesNotReachWhatANameResolvesTo(t *testing.T) {
	s, calls := counting(t, ok)
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	require.NoError(t, err)
	for _, ip := range [][4]byte{{127, 0, 0, 1}, {10, 0, 0, 1}, {169, 254, 169, 254}, {100, 100, 100, 200}, {0, 0, 0, 0}, {192, 168, 1, 1}} {
		g := resolving(NewGuard(false), names(t, func(int32) [4]byte { return ip }))
		_, err := g.Client(patience).Get("http://harmless.example:" + port + "/")
		require.ErrorIs(t, err, ErrNotPublic, "%v", ip)
		require.NotContains(t, err.Error(), net.IP(ip[:]).String(), "what a name resolves to here is told to nobody")
	}
	require.Zero(t, calls.Load())
}

func TestWH01ANameThatChangesItsMindIsJudgedEachTime(t *testing.T) {
	s, calls := counting(t, ok)
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	require.NoError(t, err)
	rebinding := func(n int32) [4]byte {
		if n == 1 {
			return [4]byte{127, 0, 0, 1} // allowed by the guard below
		}
		return [4]byte{169, 254, 169, 254}
	}
	client := resolving(NewGuard(true), names(t, rebinding)).Client(patience)

	resp, err := client.Get("http://changing.example:" + port + "/")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	client.CloseIdleConnections()
	_, err = client.Get("http://changing.example:" + port + "/")
	require.ErrorIs(t, err, ErrNotPublic)
	require.EqualValues(t, 1, calls.Load())
}

func TestWH01LoopbackLiteralsAreRefusedByTheClientToo(t *testing.T) {
	s, calls := counting(t, ok)
	_, err := NewGuard(false).Client(patience).Post(s.URL, "text/plain", strings.NewReader("x"))
	require.ErrorIs(t, err, ErrNotPublic)
	require.Zero(t, calls.Load())

	resp, err := NewGuard(true).Client(patience).Get(s.URL)
	require.NoError(t, err)
	body, err := ReadAll(resp, 2)
	require.NoError(t, err)
	require.Equal(t, "ok", string(body))
}

func TestTheClientRefusesWhatCheckURLRefuses(t *testing.T) {
	s, calls := counting(t, ok)
	at := s.Listener.Addr().String()
	for _, raw := range []string{"http://user:pw@" + at + "/", "ftp://" + at + "/", "http://[::ffff:8.8.8.8%25lo]/"} {
		_, err := NewGuard(true).Client(patience).Get(raw)
		require.Error(t, err, raw)
		require.EqualError(t, WithoutURL(err), NewGuard(true).CheckURL(raw).Error())
	}
	require.Zero(t, calls.Load())
}

func TestWH01TheDialerJudgesTheVeryAddress(t *testing.T) {
	open, shut := NewGuard(true), NewGuard(false)
	require.NoError(t, shut.control("tcp4", "8.8.8.8:443"))
	require.NoError(t, open.control("tcp6", "[::1]:443"))
	for _, at := range []string{"127.0.0.1:80", "[::1]:80", "[fe80::1%eth0]:80", "[::ffff:10.0.0.1]:80", "nonsense", "", "/run/x.sock"} {
		require.ErrorIs(t, shut.control("tcp4", at), ErrNotPublic, at)
	}
	require.ErrorIs(t, open.control("unix", "127.0.0.1:80"), ErrNotPublic)
	require.ErrorIs(t, open.control("udp4", "127.0.0.1:80"), ErrNotPublic)
}

func TestWH01RedirectsAreNotFollowed(t *testing.T) {
	inner, calls := counting(t, ok)
	for _, code := range []int{301, 302, 303, 307, 308} {
		outer, _ := counting(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inner.URL, code) })
		resp, err := NewGuard(true).Client(patience).Get(outer.URL)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, code, resp.StatusCode)
	}
	require.Zero(t, calls.Load())
}

func TestNoProxyFromTheEnvironment(t *testing.T) {
	proxy, calls := counting(t, ok)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("HTTPS_PROXY", proxy.URL)
	require.Nil(t, NewGuard(false).transport.Proxy)
	_, err := NewGuard(false).Client(patience).Get("http://10.0.0.1/")
	require.ErrorIs(t, err, ErrNotPublic)
	require.Zero(t, calls.Load())
}

func TestHugeHeadersAreRefused(t *testing.T) {
	s, _ := counting(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("a", 128<<10))
		ok(w, r)
	})
	_, err := NewGuard(true).Client(patience).Get(s.URL)
	require.ErrorContains(t, err, "header")
}

func TestASilentServerIsLeft(t *testing.T) {
	gone := make(chan struct{})
	s, _ := counting(t, func(_ http.ResponseWriter, r *http.Request) { <-gone })
	defer close(gone)
	_, err := NewGuard(true).Client(20 * time.Millisecond).Get(s.URL)
	require.ErrorContains(t, err, "exceeded")
}

func TestOldTLSIsRefused(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(ok))
	s.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	g := NewGuard(true)
	g.transport.TLSClientConfig.InsecureSkipVerify = true // only the version is in question
	_, err := g.Client(patience).Get(s.URL)
	require.ErrorContains(t, err, "protocol version")
}

func TestBodiesAreReadUpToALimit(t *testing.T) {
	answers := map[string]http.HandlerFunc{
		"told": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 101)) },
		"chunked": func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			_, _ = w.Write(make([]byte, 101))
		},
		"packed": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(make([]byte, 1<<20))
			_ = z.Close()
		},
	}
	for name, h := range answers {
		s, _ := counting(t, h)
		resp, err := NewGuard(true).Client(patience).Get(s.URL)
		require.NoError(t, err, name)
		_, err = ReadAll(resp, 100)
		require.ErrorIs(t, err, ErrTooLarge, name)
	}
	s, _ := counting(t, answers["told"])
	resp, err := NewGuard(true).Client(patience).Get(s.URL)
	require.NoError(t, err)
	body, err := ReadAll(resp, 101)
	require.NoError(t, err)
	require.Len(t, body, 101)
}

func TestErrorsCanBeShownWithoutTheURL(t *testing.T) {
	_, err := NewGuard(false).Client(patience).Get("http://10.0.0.1/?session=sesame")
	require.ErrorContains(t, err, "sesame", "http.Client tells the URL")
	require.NotContains(t, WithoutURL(err).Error(), "sesame")
	require.ErrorIs(t, WithoutURL(err), ErrNotPublic)
	require.NoError(t, WithoutURL(nil))
}
