package server

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/graph/generated"
)

func TestDocumentsThatAreAskedAreKept(t *testing.T) {
	e := newEngine(generated.NewExecutableSchema(generated.Config{}), nil, nil, DefaultLimits)
	ask := func(query string) any {
		doc, errs := e.document(query)
		require.Empty(t, errs)
		return doc
	}
	const often = "{ viewer { subject } }"
	first := ask(often)
	for i := range 300 {
		query := fmt.Sprintf("{ viewer { subject } } #%d%s", i, strings.Repeat(" ", 8000))
		require.Same(t, ask(query), ask(query))
		require.Same(t, first, ask(often), "what is asked often stays")
		require.LessOrEqual(t, e.documents.bytes, keptDocuments)
	}
	require.Len(t, e.documents.found, e.documents.last.Len())
	require.Greater(t, e.documents.bytes, keptDocuments-keptDocument-1, "what there is room for is kept")
	require.Nil(t, e.documents.find("{ viewer { subject } } #0"+strings.Repeat(" ", 8000)), "what was asked first is gone")
}
