package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The test binary is oneshelf too: scripts and tests run it as a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"oneshelf": main})
}

// The program as a story, readable as a manual.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{Dir: "testdata", RequireExplicitExec: true, RequireUniqueNames: true})
}
