package httpx

import (
	"net/netip"
	"strings"
)

// closed lists what must not be reached although it looks like a public address. IPv6 is judged the other way round, see public.
// Sources: the IANA special-purpose address registries (RFC 6890 and its updates); 168.63.129.16 is Azure's host service.
var closed = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", // Teredo, benchmarks and the like; documentation; 6to4; documentation
)

var (
	globalUnicast = netip.MustParsePrefix("2000::/3")
	nat64         = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052: the last 4 bytes are the IPv4 address that is reached
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, p := range list {
		out[i] = netip.MustParsePrefix(p)
	}
	return out
}

// public tells whether an address belongs to the open internet. IPv6 is refused unless it is in the one block given to it, so
// unspecified, loopback, IPv4-compatible, site-local, unique-local, link-local, multicast and future ranges are all out.
func public(a netip.Addr) bool {
	if !a.IsValid() || a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	if a.Is6() && !globalUnicast.Contains(a) {
		return false
	}
	for _, p := range closed {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// allows is public, and loopback where the guard lets it pass.
func (g *Guard) allows(a netip.Addr) bool {
	return public(a) || g.allowLoopback && a.Zone() == "" && a.Unmap().IsLoopback()
}

// numeric tells whether a resolver could read the host as an IPv4 address in one of its old forms: 2130706433, 0x7f.1, 0177.0.0.1.
// As in the WHATWG URL standard ("ends in a number"), the last label decides; no top-level domain looks like one.
func numeric(host string) bool {
	last := strings.ToLower(host[strings.LastIndexByte(host, '.')+1:])
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}
