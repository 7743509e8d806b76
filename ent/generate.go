// Package ent is what is remembered. By hand: schema, rule, migrate/migrations, migrate/diff, entc.go; all the rest is generated.
package ent

//go:generate go run entc.go
