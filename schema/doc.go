// Package schema is what a partner may say: the GraphQL schema, one file per noun, written by hand. The code that answers is generated from
// it into graph.
package schema
