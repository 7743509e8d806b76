// Package read is what a page needs: the conditions and shapes of hot lists, written by hand. Every piece takes the viewer's brand
// or narrowing itself, since nothing stands between hand-written SQL and the rows.
package read
