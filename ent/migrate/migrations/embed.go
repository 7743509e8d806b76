// Package migrations carries the migrations of both engines. They are written by go run ./ent/migrate/diff NAME, read over by a
// person, and never changed once released.
package migrations

import "embed"

// Files holds sqlite/*.sql and postgres/*.sql.
//
//go:embed sqlite/*.sql postgres/*.sql
var Files embed.FS
