// Package model is the API's picture of what there is. models_gen.go is generated; the types by hand are those with fields that take
// arguments: the loader fills in an answer for each combination of arguments that the request asks, and the fields look it up.
package model
