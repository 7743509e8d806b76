package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"path"
	"strings"
	"time"
)

//go:embed assets index.html
var files embed.FS

// policy lets the page load what came with it and talk to its own origin. Styles may stand in elements since the editor places its
// lines and cursors so; images may be data since its style sheet holds some.
const policy = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Options is what the page is made of.
type Options struct {
	// Token is filled in, so that its calls are allowed at once. Whoever can load the page can read it: it is for demos, and absent
	// anywhere else. A browser that was led here by a foreign name does not get it.
	Token string
}

// Handler answers GET / and GET /assets/…, and 404 to any other path. It may be called by many at once.
func Handler(o Options) http.Handler {
	index := template.Must(template.ParseFS(files, "index.html"))
	plain, demo := render(index, ""), render(index, o.Token)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		if own, _ := OwnName(r.Host); own && o.Token != "" {
			w.Header().Set("Cache-Control", "no-store") // the token is a new one after each start
			serve(w, r, "index.html", demo)
			return
		}
		w.Header().Set("Cache-Control", "no-cache")
		serve(w, r, "index.html", plain)
	})
	mux.HandleFunc("GET /assets/{name}", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		contents, err := files.ReadFile(path.Join("assets", name))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-cache") // kept, but asked for again: another build may answer next
		serve(w, r, name, contents)
	})
	return mux
}

func render(index *template.Template, token string) []byte {
	var out bytes.Buffer
	if err := index.Execute(&out, token); err != nil {
		panic(err) // a template of ours and a string
	}
	return out.Bytes()
}

// serve answers with a file, or with 304 to whoever has it already.
func serve(w http.ResponseWriter, r *http.Request, name string, contents []byte) {
	sum := sha256.Sum256(contents)
	h := w.Header()
	h.Set("ETag", `"`+hex.EncodeToString(sum[:12])+`"`)
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(contents))
}

// OwnName reports whether the caller asked for this machine by address or as localhost, and whether that name is one of loopback, which
// only the machine itself can mean by it. Any other name may have been pointed here by whoever owns it, to let a page of theirs read
// ours (DNS rebinding).
func OwnName(host string) (own, loopback bool) {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil || host == "localhost", addr.IsLoopback() || host == "localhost"
}
