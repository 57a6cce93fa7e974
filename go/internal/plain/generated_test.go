package plain

import (
	"crypto/sha256"
	"encoding/hex"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

const root = "../../../"

// TestTheGeneratedFilesAreUpToDate needs none of the tools that make them.
func TestTheGeneratedFilesAreUpToDate(t *testing.T) {
	sums, err := os.ReadFile("sources.sum")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for line := range strings.Lines(string(sums)) {
		want, file, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			t.Fatalf("sources.sum: %q is no checksum of a file", line)
		}
		text, err := os.ReadFile(root + file)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s has changed since the sum was made: run make generate", file)
		}
		count++
	}
	if count < 80 {
		t.Errorf("sources.sum has only %d files", count)
	}
}

// TestTheModuleImportsWhatItsListSays keeps new calls of the system, or of libc, from coming
// unnoticed.
func TestTheModuleImportsWhatItsListSays(t *testing.T) {
	list, err := os.ReadFile(root + "csrc/wasm/imports.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Fields(string(list))
	var got []string
	for file, names := range map[string]func(ast.Node) []string{"module/module.go": systemCalls, "module/libc.go": libcFunctions} {
		syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(syntax, func(n ast.Node) bool {
			got = append(got, names(n)...)
			return n != nil
		})
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the module imports %q, csrc/wasm/imports.txt has %q", got, want)
	}
}

// systemCalls are the methods of the interface that system has.
func systemCalls(n ast.Node) (names []string) {
	spec, ok := n.(*ast.TypeSpec)
	if !ok || spec.Name.Name != "Xenv" {
		return nil
	}
	for _, method := range spec.Type.(*ast.InterfaceType).Methods.List {
		if name := method.Names[0].Name; name != "Xmemory" {
			names = append(names, name[1:])
		}
	}
	return names
}

// libcFunctions are those of libc that libc-gen has in Go; others are helpers of these.
func libcFunctions(n ast.Node) []string {
	if f, ok := n.(*ast.FuncDecl); ok && f.Recv != nil && !strings.HasSuffix(f.Name.Name, "_helper") && f.Name.Name != "_strchrnul" {
		return []string{f.Name.Name[1:]}
	}
	return nil
}
