// Package arch keeps the arrows pointing down: its tests read every import in
// the module and hold it against the table in this file.
//
//	cmd → server → graph, jobs → commerce/<noun> → events → ent → auth → commerce (the words) → standard library
//	commerce/channels → integrations ← integrations/<name>
//
// When the test refuses an import, the import is usually what should change:
// something below has to be handed in by a constructor instead of reaching up.
// A new folder needs a row of its own here, which says what it is for.
package arch

// module is the prefix of every package of ours.
const module = "github.com/oneshelf/oneshelf"

// A room is a folder with one purpose. It takes in the folders below it, save
// those with a row of their own: the row that names more of the path decides.
type room struct {
	// path is the folder. A * stands for any one name: "integrations/*" is
	// every marketplace, and each of them is a room by itself.
	path string

	// may names the rooms its code may import besides itself: by the path of
	// the row, "integrations/*" for every marketplace, or with one name in the
	// place of the *, "internal/httpx". A $ there is the importer's own name, so
	// that "integrations/$/sandbox" is an adapter's own sandbox.
	may string

	// tests names what only its _test.go files may import on top of that.
	// Every test may import internal/testkit.
	tests string

	// stays says what the rule protects.
	stays string

	// alone: the folders below it are no part of it and need rows of their own.
	alone bool

	// forTests: only _test.go files may import it, and it may use package testing.
	forTests bool
}

// anything, in the column may, is every room that is not for tests only.
const anything = "anything"

// nouns are the rooms where the rules of commerce live.
const nouns = "commerce/catalog commerce/stock commerce/members commerce/routing commerce/orders commerce/channels"

// below is what every noun stands on. internal/* are the tools without commerce.
const below = "events ent ent/rule auth commerce internal/db internal/*"

var rooms = []room{
	// The line, from the top.
	{path: "cmd", may: anything, stays: "where it is put together"},
	{path: "server", may: "graph jobs " + nouns + " read internal/metrics " + below, stays: "the doors, without rules"},
	{path: "graph", may: "schema " + nouns + " read events ent auth commerce internal/keyset", tests: "server internal/db internal/*", stays: "a translator without opinions"},
	{path: "schema", stays: "the contract, which depends on nobody"},
	{path: "jobs", may: nouns + " internal/metrics " + below, stays: "callers of the use cases, like any other"},
	{path: "importer", may: nouns + " events ent auth commerce internal/*", stays: "files in, through the same doors"},
	{path: "archive", may: "ent/migrate commerce internal/db", tests: "ent events", stays: "everything out and in, of whatever table"},
	{path: "clients", forTests: true, tests: "internal/*", stays: "programs of other people that call the API"},
	{path: "demo", may: nouns + " events ent auth commerce integrations internal/*", stays: "out of every shop but the demo one"},

	// commerce/<noun>: catalog ← stock ← orders ← channels; members ← orders.
	{path: "commerce/channels", may: "commerce/orders commerce/members commerce/stock commerce/catalog integrations " + below,
		tests: "integrations/*", stays: "the only rules that know integrations"},
	{path: "commerce/routing", may: "commerce", stays: "a decision without a database"},
	{path: "commerce/orders", may: "commerce/routing commerce/members commerce/stock commerce/catalog " + below, stays: "all writes of orders"},
	{path: "commerce/members", may: below, stays: "all writes of members"},
	{path: "commerce/stock", may: "commerce/catalog " + below, stays: "all writes of stock"},
	{path: "commerce/catalog", may: below, stays: "all writes of products"},

	{path: "read", may: "ent ent/rule auth commerce internal/db internal/*", stays: "hand-written SQL in one place"},
	{path: "events", may: "ent ent/rule auth commerce internal/db internal/*", stays: "facts, whoever they are about"},

	// What is remembered. Generated code imports the hand-written and the other
	// way round, as ent has it; the compiler keeps that free of cycles.
	{path: "ent", may: "ent/schema ent/rule ent/migrate auth commerce commerce/routing", stays: "generated"},
	{path: "ent/schema", may: "ent ent/rule auth commerce commerce/routing", stays: "storage, without use cases"},
	{path: "ent/rule", may: "ent auth commerce", tests: "internal/db ent/migrate", stays: "isolation, without use cases"},
	{path: "ent/migrate", may: "ent commerce internal/db", stays: "the shape of the tables"},

	{path: "auth", may: "commerce internal/*", stays: "who is asking, before anything is stored"},
	{path: "commerce", alone: true, stays: "the language everybody speaks"},

	// The side line. Neighbours never meet, and a sandbox never meets its adapter
	// except in the adapter's tests: it is a second opinion on the protocol.
	{path: "integrations", alone: true, may: "commerce", tests: "integrations/* integrations/shoptest",
		stays: "a border: neither side's tables cross it"},
	{path: "integrations/*", may: "integrations commerce internal/httpx",
		tests: "integrations/$/sandbox integrations/sandbox integrations/shoptest internal/*", stays: "replaceable"},
	{path: "integrations/*/sandbox", may: "integrations/sandbox commerce internal/httpx", stays: "an honest second opinion"},
	{path: "integrations/sandbox", may: "commerce internal/*", stays: "what all sandboxes share: durable state, a control API"},
	{path: "integrations/all", may: "integrations integrations/*", stays: "the list of adapters, and only cmd reads it"},
	{path: "integrations/shoptest", forTests: true, may: "integrations commerce internal/*", tests: "integrations/*", stays: "out of the binary"},

	// Measured beside what a careful hand would write: both are programs of their own and know the server from outside.
	{path: "bench", may: "commerce", stays: "a client like any other"},
	{path: "bench/plain", may: "commerce", stays: "the hand-written other side, in the server's own words alone"},

	// Tools.
	{path: "internal/*", may: "internal/* commerce", stays: "useful to a program that sells nothing"},
	{path: "internal/db", may: "internal/* commerce", stays: "the only room that knows the engine"},
	{path: "internal/metrics", may: "internal/db", stays: "counting, without knowing what for"},
	{path: "internal/testkit", forTests: true, may: anything, stays: "out of the binary"},
	{path: "internal/arch", forTests: true, stays: "this table"},
}
