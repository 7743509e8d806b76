package demo

import (
	"fmt"
	"strings"
)

// Banner is what people are told once the demo is up.
type Banner struct {
	Address string // where the API listens: 127.0.0.1:8080
	Token   string // a token of the demo brand
	DataDir string
	Quiet   bool // nobody buys by himself
	// Sandboxes are the marketplaces that play along, and File where their addresses and keys are written.
	Sandboxes []BannerSandbox
	File      string
}

// BannerSandbox is a marketplace's sandbox.
type BannerSandbox struct {
	Channel string // the code it is connected as
	Gateway string
	Control string // where its control API is: http://127.0.0.1:9101
}

// The things to paste. They are GraphQL without line breaks, quotes or backslashes, so that shells and JSON leave them as they are.
const (
	pasteProducts = `{ products(first: 3) { totalCount edges { node { title variants { sku price { amount { amount currency } } available } } } } }`
	pasteEvents   = `subscription { events { type cursor aggregateId } }`
	pasteOrder    = `mutation($input: OrderPlaceInput!) { orderPlace(input: $input) { order { number state totals { total { amount currency } } } userErrors { code message } } }`
	pasteInput    = `{"input":{"idempotencyKey":"my-first-order","channel":{"code":"shop"},"lines":[{"variant":{"sku":"HZL-101-NVY-M"},"quantity":1}],` +
		`"delivery":{"ship":{"address":{"recipient":"Demo Buyer","country":"CN","city":"Hangzhou","line1":"Example Street 1"}}}}}`
)

// String writes it out. Its commands run in a POSIX shell, one after the other.
func (b Banner) String() string {
	var w strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&w, format+"\n", args...) }
	api := "http://" + b.Address
	say("")
	say("  %s is up.", Name)
	say("")
	say("  Console and GraphiQL   %s/", api)
	say("  GraphQL                %s/graphql", api)
	say("  Data                   %s", b.DataDir)
	for _, s := range b.Sandboxes {
		say("  Sandbox %-14s %s (drive it at %s/_sandbox/)", s.Channel, s.Gateway, s.Control)
	}
	if b.File != "" {
		say("  Their keys             %s", b.File)
	}
	if b.Quiet {
		say("  Nobody buys by himself: --quiet-buyers.")
	}
	say("")
	say("Paste the token:")
	say("TOKEN=%s", b.Token)
	say("")
	say("Products with their stock:")
	say(`curl -s %s/graphql -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
  -d '{"query":"%s"}'`, api, pasteProducts)
	say("")
	say("What happens, live (Ctrl-C ends it):")
	say(`curl -sN %s/graphql -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -H 'Accept: text/event-stream' \
  -d '{"query":"%s"}'`, api, pasteEvents)
	say("")
	say("Place an order; paste it again and it is the same order:")
	say(`curl -s %s/graphql -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
  -d '{"query":"%s","variables":%s}'`, api, pasteOrder, pasteInput)
	say("")
	return w.String()
}
