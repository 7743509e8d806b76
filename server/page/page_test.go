package page

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func get(h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestThePageLoadsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	h := Handler(Options{})
	for _, target := range []string{"/", "/assets/app.js", "/assets/app.css", "/assets/icon.svg", "/assets/THIRD_PARTY.txt"} {
		w := get(h, "GET", target)
		require.Equal(t, http.StatusOK, w.Code, target)
		policy := w.Header().Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'self'", target)
		require.Contains(t, policy, "frame-ancestors 'none'", target)
		require.NotContains(t, policy, "http", target)
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"), target)
	}
	require.Contains(t, get(h, "GET", "/").Body.String(), "<title>oneshelf</title>")
	require.Contains(t, get(h, "GET", "/").Header().Get("Content-Type"), "text/html")
	require.Contains(t, get(h, "GET", "/assets/app.js").Header().Get("Content-Type"), "javascript")
}

func TestATokenIsInTheDemosPageAlone(t *testing.T) {
	t.Parallel()
	demo := Handler(Options{Token: `to"ken`})
	for _, own := range []string{"http://127.0.0.1:8080/", "http://localhost:8080/", "http://[::1]:8080/", "http://10.1.2.3/"} {
		w := get(demo, "GET", own)
		require.Contains(t, w.Body.String(), `content="to&#34;ken"`, own)
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"), own)
	}
	for _, foreign := range []string{"http://rebound.example/", "http://localhost.example:8080/", "http://127.0.0.1.example/"} {
		require.NotContains(t, get(demo, "GET", foreign).Body.String(), "oneshelf-token", foreign)
	}
	require.NotContains(t, get(Handler(Options{}), "GET", "http://127.0.0.1:8080/").Body.String(), "oneshelf-token")
}

func TestWhatABrowserHasIsNotSentAgain(t *testing.T) {
	t.Parallel()
	h := Handler(Options{})
	tag := get(h, "GET", "/assets/app.js").Header().Get("ETag")
	require.NotEmpty(t, tag)
	w := get(h, "GET", "/assets/app.js", "If-None-Match", tag)
	require.Equal(t, http.StatusNotModified, w.Code)
	require.Empty(t, w.Body.Bytes())
}

func TestOnlyThePageIsThere(t *testing.T) {
	t.Parallel()
	h := Handler(Options{Token: "token"})
	for _, target := range []string{"/index.html", "/assets/", "/assets/none.js", "/assets/..%2fpage.go", "/other"} {
		require.Equal(t, http.StatusNotFound, get(h, "GET", target).Code, target)
	}
	require.Equal(t, http.StatusMethodNotAllowed, get(h, "POST", "/").Code)
	require.Equal(t, http.StatusOK, get(h, "HEAD", "/").Code)
}
