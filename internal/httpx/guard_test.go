package httpx

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// inside are hosts that must not be reached, in every way to write them (WH-01).
var inside = []string{
	// loopback and unspecified
	"127.0.0.1", "127.1.2.3", "127.255.255.255", "0.0.0.0", "0.1.2.3", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::0001]",
	"localhost", "LOCALHOST", "localhost.", "shop.localhost", "127.0.0.1.",
	// old forms of IPv4: decimal, octal, hexadecimal, short
	"2130706433", "017700000001", "0x7f000001", "0X7F000001", "0x7f.1", "127.1", "127.0.1", "0177.0.0.1", "0177.1", "0x7f.0x0.0x0.0x1",
	"127.0.0.0x1", "00000177.0.0.1", "127.0.0.01", "127.0.0.1..", "3232235521", "0", "0x0", "0x", "256.256.256.256", "4294967296",
	"1.2.3.4.5", "2852039166", "0xa9fea9fe", "0xA9.254.169.254", "134744072", "008.8.8.8",
	// private, carrier-grade, link-local, metadata
	"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "100.127.255.255", "100.100.100.200",
	"169.254.0.1", "169.254.169.254", "169.254.170.2", "168.63.129.16", "192.0.0.192", "[fd00:ec2::254]", "[fe80::1]", "[febf::1]",
	"[fc00::1]", "[fdff::1]", "[fec0::1]",
	// reserved, documentation, benchmark, multicast, broadcast
	"192.0.0.8", "192.0.2.1", "198.51.100.7", "203.0.113.9", "198.18.0.1", "198.19.255.255", "192.88.99.1", "224.0.0.1",
	"239.255.255.250", "240.0.0.1", "255.255.255.255", "[ff02::1]", "[ff0e::1]", "[2001:db8::1]", "[3fff::1]", "[3fff:fff::1]", "[100::1]",
	"[2001::1]", "[2001:10::1]", "[2001:2::1]", "[5f00::1]", "[4000::1]", "[1::1]",
	// IPv4 inside IPv6: mapped, compatible, NAT64, 6to4, Teredo, ISATAP-like link-local
	"[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::127.0.0.1]",
	"[::8.8.8.8]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a00:1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]",
	"[64:ff9b:1::8.8.8.8]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2002:808:808::1]", "[2001:0:7f00:1::1]", "[fe80::5efe:7f00:1]",
	// zones
	"[fe80::1%25eth0]", "[::1%25lo]", "[2606:4700::1111%25eth0]", "[::ffff:8.8.8.8%25eth0]",
}

func TestWH01NoInnerAddressPassesInAnyForm(t *testing.T) {
	g := NewGuard(false)
	for _, host := range inside {
		for _, form := range []string{"http://%s/", "https://%s/hook?x=1", "http://%s:8080"} {
			require.Error(t, g.CheckURL(fmt.Sprintf(form, host)), form, host)
		}
	}
}

func TestWH01LoopbackIsAllAnOpenedGuardAdds(t *testing.T) {
	g := NewGuard(true)
	loopback := []string{"127.0.0.1", "127.1.2.3", "127.255.255.255", "[::1]", "[0:0:0:0:0:0:0:1]", "[::0001]", "localhost", "LOCALHOST",
		"localhost.", "shop.localhost", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"}
	for _, host := range loopback {
		require.NoError(t, g.CheckURL("http://"+host+":9101/router/rest"), host)
	}
	for _, host := range inside {
		if !slices.Contains(loopback, host) {
			require.Error(t, g.CheckURL("http://"+host+"/"), host)
		}
	}
}

func TestPublicAddressesPass(t *testing.T) {
	g := NewGuard(false)
	for _, raw := range []string{
		"https://example.com", "http://example.com:1/", "https://example.com:65535/a?b=c#d", "HTTPS://Example.COM./x", "https://a_b.example.com/",
		"https://xn--fiqs8s.example/", "https://8.8.8.8/", "https://1.1.1.1:8443/", "http://100.63.255.255/", "http://172.32.0.1/",
		"https://[2606:4700:4700::1111]/", "https://[2a00:1450::1]:443/", "https://[64:ff9b::8.8.8.8]/", "https://[::ffff:8.8.8.8]/",
		"https://1.example.com/", "https://127.0.0.1.example.com/", "https://0x7f.example/",
	} {
		require.NoError(t, g.CheckURL(raw), raw)
	}
}

func TestWH01OddAddressesAreRefused(t *testing.T) {
	for _, g := range []*Guard{NewGuard(false), NewGuard(true)} {
		for _, raw := range []string{
			"", "/", "example.com", "//example.com/", "http:", "http://", "http:///x", "https:example.com", "http://:80/", "http://?q", "http://#f",
			"ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "javascript:alert(1)", "unix:///run/x.sock", "data:,x", "httpx://e.com",
			"http://user@example.com/", "http://user:pw@example.com/", "http://@example.com/", "http://127.0.0.1@example.com/",
			"http://example.com:0/", "http://example.com:65536/", "http://example.com:-1/", "http://example.com:+80/", "http://example.com:80x/",
			"http://example.com:/", "http://example.com:99999999999999999999/", "http://[::1/", "http://::1/", "http://[example.com]/", "http://[]/",
			"http://[127.0.0.1]/", "http://exa mple.com/", "http://example.com\\@127.0.0.1/", "http://exam\tple.com/", "http://example.com\r\nHost: x/",
			"http://%31%32%37.0.0.1/", "http://①②⑦.0.0.1/", "http://127。0。0。1/", "http://\uff11\uff12\uff17.0.0.1/", "http://ⓛocalhost/", "http://пример.рф/",
			"http://%E2%91%A0/", "http://.example.com/", "http://example..com/", "http://./", "http://../", "http://a,b/", "http://a;b/", "http://*/",
			" http://example.com/", "http://" + strings.Repeat("a", 254) + "/", "http://example.com/" + strings.Repeat("a", 2048),
		} {
			require.Error(t, g.CheckURL(raw), raw)
		}
	}
}

func TestErrorsDoNotRepeatTheAddress(t *testing.T) {
	for _, raw := range []string{"http://user:sesame@example.com/", "http://10.1.2.3/sesame", "ftp://sesame/", "http://[sesame", "http://sesame:0/"} {
		err := NewGuard(false).CheckURL(raw)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "sesame")
		require.NotContains(t, err.Error(), "10.1.2.3")
	}
}

// Whatever is not IPv4 or in the block of global unicast addresses is out, and what an address embeds decides.
func FuzzEmbeddedAddressesAreJudged(f *testing.F) {
	f.Add([]byte{127, 0, 0, 1})
	f.Add([]byte{169, 254, 169, 254})
	f.Add([]byte{8, 8, 8, 8})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != 4 {
			return
		}
		v4 := netip.AddrFrom4([4]byte(b))
		mapped := netip.AddrFrom16(v4.As16())
		translated := netip.MustParseAddr("64:ff9b::").As16()
		copy(translated[12:], b)
		if public(v4) != public(mapped) || public(v4) != public(netip.AddrFrom16(translated)) {
			t.Fatalf("%v is judged differently in its forms", v4)
		}
		if public(v4) && (v4.IsLoopback() || v4.IsPrivate() || v4.IsLinkLocalUnicast() || v4.IsMulticast() || v4.IsUnspecified()) {
			t.Fatalf("%v is called public", v4)
		}
	})
}
