package server

import (
	"container/list"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
)

// documents keeps the documents that were asked last, as many as have limit bytes of text together. Parsed, they take up to sixty times
// that. It may be used by many at once.
type documents struct {
	limit int

	mu    sync.Mutex
	bytes int
	last  *list.List // the one asked last is in front
	found map[string]*list.Element
}

type document struct {
	query string
	doc   *ast.QueryDocument
}

func newDocuments(limit int) *documents {
	return &documents{limit: limit, last: list.New(), found: map[string]*list.Element{}}
}

// find is the document of a query, nil when it is not kept.
func (d *documents) find(query string) *ast.QueryDocument {
	d.mu.Lock()
	defer d.mu.Unlock()
	e, ok := d.found[query]
	if !ok {
		return nil
	}
	d.last.MoveToFront(e)
	return e.Value.(document).doc
}

// keep keeps a document, and forgets those that nobody has asked for longest.
func (d *documents) keep(query string, doc *ast.QueryDocument) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.found[query]; ok {
		return // another request was faster
	}
	d.found[query] = d.last.PushFront(document{query, doc})
	d.bytes += len(query)
	for d.bytes > d.limit {
		oldest := d.last.Remove(d.last.Back()).(document).query
		delete(d.found, oldest)
		d.bytes -= len(oldest)
	}
}
