// Package sandbox is a Taobao that runs here: an http.Handler that speaks the Taobao Open Platform's protocol at /router/rest, from its
// documents and never from our adapter's code, so that the two are honest second opinions on each other. Signature, clock,
// session, limits, paging, field selection, masked receivers, shipping rules and the shapes of answers are the platform's
// (source: "API invocation method", article 101617; the API pages of the methods served; article 108953 for the schema grammar).
//
// What the documents leave open is decided here and proves nothing about Taobao: the order of the gateway's checks, empty values being
// left out of the signature, how receivers are masked, some isv codes of the stock calls, and above all the one category's schema.
// Its grammar (itemRule, field types, rules, complex-values) is the documented one, its fields and their ids are our invention.
// Field ids can be renamed with Config.RenameField, since on the real platform they differ from category to category.
package sandbox
