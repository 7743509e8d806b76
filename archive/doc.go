// Package archive carries data between servers: a whole database as a backup, or one brand as an export. Both are one format that
// knows no engine, so what was written from SQLite can be read into PostgreSQL and the other way round.
//
// An archive is lines of JSON in UTF-8, as they are or in gzip; a reader finds out which. In order:
//
//	{"oneshelf":"backup","format":1,"migration":"20261122000001","at":"2026-01-31T09:30:00.000000Z"}
//	{"table":"products","columns":[{"name":"id","type":"uuid"},{"name":"title","type":"text"}]}
//	{"table":"products","row":{"id":"0195…","title":"Tee"}}
//	{"table":"products","rows":1,"sha256":"…"}
//	{"tables":1,"rows":1,"sha256":"…"}
//
// The first line says what the archive is: a backup, or the export of one brand, which it then names. Each table has a head with its
// columns, a line for each row in the order of its primary key, and an end with the number of its rows and the SHA-256 of their
// lines, line breaks included. A table comes after those it refers to. The last line has the SHA-256 of all lines before it: an
// archive without it was cut short, and one with anything behind it was added to.
//
// Columns are of the types uuid and text (JSON strings), int and float (numbers), bool, json (any value, the names of its objects
// sorted), and bytes (base64); any may be null. A json column that cannot be null holds null as a value.
package archive
