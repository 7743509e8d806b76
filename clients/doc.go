// Package clients holds what clients and their tools do with the API, as tests: the audits of GraphQL over HTTP, a browser on the page
// at /, Relay's compiler, graphql-codegen, and the frontend of docs/examples. They run in Node, which scripts/nodeenv brings with all they
// need; the program itself needs none of it. The page at / is bundled here too, out of page/ into server/page/assets.
package clients
