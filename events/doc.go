// Package events answers what has happened: facts are written in the transaction of their change, numbered after commit, and read by
// cursor. It also owns that transaction, so that a fact, an idempotency key and the change they speak of commit together or not at all.
package events
