// Package httpx is the only way out: one guard for every address that is called, whoever named it (a webhook, an import, an image,
// a token issuer, a marketplace's gateway), and bounded reading of what comes back.
package httpx

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrNotPublic says that an address leads to this machine, a private network or a reserved range. It names no address, so whoever
// gave a host name does not learn what it resolves to here.
var ErrNotPublic = errors.New("the address is not on the public internet")

// maxURL bounds addresses that people give us; what adapters build themselves may be longer.
const maxURL = 2048

// Guard judges outgoing addresses. It may be used by many at once; its clients share one pool of connections.
type Guard struct {
	allowLoopback bool
	transport     *http.Transport
}

// NewGuard makes a guard that lets only public addresses pass, and with allowLoopback those of this machine's loopback too.
func NewGuard(allowLoopback bool) *Guard {
	g := &Guard{allowLoopback: allowLoopback}
	g.transport = &http.Transport{
		Proxy:                  nil, // a proxy from the environment would do the dialing, and nobody would check it
		DialContext:            g.dialer(nil).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           64,
		MaxIdleConnsPerHost:    8,
		MaxConnsPerHost:        64,
		IdleConnTimeout:        60 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
	return g
}

// dialer connects to nothing the guard does not allow. A nil resolver is the machine's own.
func (g *Guard) dialer(resolver *net.Resolver) *net.Dialer {
	return &net.Dialer{
		Timeout:   10 * time.Second,
		KeepAlive: 30 * time.Second,
		Resolver:  resolver,
		// Control sees the address that is being connected to, after every resolver: no name can change between check and use.
		ControlContext: func(_ context.Context, network, address string, _ syscall.RawConn) error {
			return g.control(network, address)
		},
	}
}

func (g *Guard) control(network, address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || (network != "tcp4" && network != "tcp6") || !g.allows(at.Addr()) {
		return ErrNotPublic
	}
	return nil
}

// Client makes a client whose every connection the guard has judged. It follows no redirects (the 3xx answer is returned), uses no
// proxy, keeps no cookies and wants TLS 1.2 or newer. The timeout covers the whole call, reading the body included.
// A refused address is ErrNotPublic or another error of CheckURL, wrapped in http.Client's own.
func (g *Guard) Client(timeout time.Duration) *http.Client {
	return &http.Client{
		Transport:     guarded{g},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       timeout,
	}
}

// guarded is the transport of every client: it checks the address as text and hides where a name led to when that was refused.
type guarded struct{ g *Guard }

func (t guarded) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := t.g.check(req.URL); err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	resp, err := t.g.transport.RoundTrip(req)
	if errors.Is(err, ErrNotPublic) {
		return nil, ErrNotPublic
	}
	return resp, err
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the pool.
func (t guarded) CloseIdleConnections() { t.g.transport.CloseIdleConnections() }

// CheckURL judges an address as it is written, without resolving it: http or https, no user and password, a host in plain ASCII, a
// port between 1 and 65535, and if the host is an address, a plainly written one that may be reached. The error's text is for people
// and does not repeat the address. What a name resolves to is judged when a client connects.
func (g *Guard) CheckURL(raw string) error {
	if len(raw) > maxURL {
		return errors.New("the address is longer than 2048 characters")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return errors.New("the address is not a valid URL")
	}
	return g.check(u)
}

func (g *Guard) check(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("the address must begin with http:// or https://")
	}
	if u.User != nil {
		return errors.New("the address must not hold a user name or password")
	}
	if u.Opaque != "" || u.Hostname() == "" {
		return errors.New("the address has no host")
	}
	if !portFits(u) {
		return errors.New("the port of the address must be between 1 and 65535")
	}
	return g.checkHost(u.Hostname(), strings.HasPrefix(u.Host, "["))
}

func portFits(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && n > 0
}

func (g *Guard) checkHost(host string, bracketed bool) error {
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.Is6() != bracketed || !g.allows(addr) {
			return ErrNotPublic
		}
		return nil
	}
	// Letters outside ASCII could turn into digits and dots when the host is brought to its ASCII form later.
	if bracketed || len(host) > 253 || strings.ContainsFunc(host, notInName) {
		return errors.New("the host of the address must be a name in its ASCII form or an address")
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if name == "" || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.Contains(name, "..") {
		return errors.New("the host of the address has an empty part")
	}
	if numeric(name) {
		return ErrNotPublic
	}
	if (name == "localhost" || strings.HasSuffix(name, ".localhost")) && !g.allowLoopback { // RFC 6761, 6.3
		return ErrNotPublic
	}
	return nil
}

func notInName(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_')
}
