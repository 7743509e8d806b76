package arch

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// listed is what we read of `go list -json`.
type listed struct {
	ImportPath, Dir                                              string
	Imports, TestImports, XTestImports                           []string
	GoFiles, CgoFiles, IgnoredGoFiles, TestGoFiles, XTestGoFiles []string
}

// folder is the package's place in the module: "." or "commerce/stock".
func folder(importPath string) (string, bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

// packages lists the whole module. Packages that do not compile are listed too:
// the compiler has its own words for them.
func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-buildvcs=false",
		"-json=ImportPath,Dir,Imports,TestImports,XTestImports,GoFiles,CgoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles", module+"/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		all = append(all, p)
	}
	require.NotEmpty(t, all)
	return all
}

func TestEveryArrowPointsDown(t *testing.T) {
	t.Parallel()
	found := false
	for _, p := range packages(t) {
		from, ok := folder(p.ImportPath)
		require.True(t, ok, p.ImportPath)
		found = found || from == "internal/arch"
		if _, ok := find(from); !ok {
			t.Error(homeless(from))
			continue
		}
		for i, imports := range [][]string{p.Imports, p.TestImports, p.XTestImports} {
			for _, path := range imports {
				if to, ours := folder(path); ours {
					if why := refuse(from, to, i > 0); why != "" {
						t.Error(why)
					}
				}
			}
		}
	}
	require.True(t, found, "go list did not even list this package")
}

func TestTheBinaryHoldsNoTestTools(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		from, _ := folder(p.ImportPath)
		if at, ok := find(from); ok && at.room.forTests {
			continue
		}
		for _, path := range p.Imports {
			if forTests(path) {
				t.Errorf("%s imports %s outside its _test.go files", from, path)
			}
		}
	}
}

// forTests reports whether a package of somebody else is only good for tests.
func forTests(importPath string) bool {
	for _, root := range []string{"testing", "github.com/stretchr/testify", "pgregory.net/rapid", "github.com/rogpeppe/go-internal/testscript"} {
		if importPath == root || strings.HasPrefix(importPath, root+"/") {
			return true
		}
	}
	return false
}

// Whatever runs before main runs in every test and every command, in an order
// nobody wrote down. Generated code (ent/runtime) is exempt.
func TestNothingRunsBeforeMain(t *testing.T) {
	t.Parallel()
	read := 0
	for _, p := range packages(t) {
		for _, names := range [][]string{p.GoFiles, p.CgoFiles, p.IgnoredGoFiles, p.TestGoFiles, p.XTestGoFiles} {
			for _, name := range names {
				path := filepath.Join(p.Dir, name)
				source, err := os.ReadFile(path)
				require.NoError(t, err)
				inits, err := initFuncs(path, source)
				require.NoError(t, err)
				for _, at := range inits {
					t.Errorf("%s: func init: do it in main, or where the value is made", at)
				}
				read++
			}
		}
	}
	require.Positive(t, read)
}

// A room says at its door what it is for.
func TestEveryPackageHasAComment(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		byHand, commented := false, false
		for _, name := range append(p.GoFiles, p.CgoFiles...) {
			path := filepath.Join(p.Dir, name)
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.PackageClauseOnly|parser.ParseComments)
			require.NoError(t, err)
			byHand = byHand || !ast.IsGenerated(file)
			commented = commented || file.Doc != nil
		}
		if byHand && !commented {
			t.Errorf("%s has no package comment: say in its doc.go what it is for", p.ImportPath)
		}
	}
}

// initFuncs returns where a hand-written file declares init functions.
func initFuncs(path string, source []byte) (found []token.Position, err error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil || ast.IsGenerated(file) {
		return nil, err
	}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			found = append(found, files.Position(f.Pos()))
		}
	}
	return found, nil
}
