//go:build linux && cgo

package engines

// The table of docs/engines.md. This writes it again:
//
//	UPDATE_ENGINES=1 go test -run Table

import (
	"os"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	memanalyzer "example.com/memanalyzer/go"
)

const document = "../../docs/engines.md"

func TestTableOfEngines(t *testing.T) {
	report, err := memanalyzer.Read(t.Context(), memanalyzer.Top(0))
	if err != nil {
		t.Fatal(err)
	}
	table := "| engine | what is large | row | what to do |\n|---|---|---|---|\n"
	for _, e := range engines {
		name := e.name + " " + version(t, e.module)
		for _, p := range e.parts {
			table += "| " + strings.Join([]string{name, p.large, rowNames(t, report, p.rows), p.todo}, " | ") + " |\n"
			name = ""
		}
	}
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)(^\|.*\n)+`)
	if n := len(lines.FindAllIndex(text, -1)); n != 1 {
		t.Fatalf("%s has %d tables, and has to have one", document, n)
	}
	want := lines.ReplaceAllLiteralString(string(text), table)
	switch {
	case string(text) == want:
	case os.Getenv("UPDATE_ENGINES") == "":
		t.Errorf("%s is not up to date: run UPDATE_ENGINES=1 go test -run Table", document)
	default:
		if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// version returns the version of a module in go.mod. If this binary has the module, it has that
// version.
func version(t *testing.T, module string) string {
	t.Helper()
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^\t` + regexp.QuoteMeta(module) + ` v(\S+)$`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("go.mod does not require %s", module)
	}
	v := string(found[1])
	info, ok := debug.ReadBuildInfo()
	if !ok {
		t.Fatal("no build information")
	}
	for _, m := range info.Deps {
		if m.Path == module && m.Version != "v"+v {
			t.Errorf("go.mod requires %s v%s, and this binary has %s", module, v, m.Version)
		}
	}
	return v
}

// rowNames returns the names of categories, each group's after its name.
func rowNames(t *testing.T, report *memanalyzer.Report, ids []string) string {
	t.Helper()
	var groups []string
	for _, g := range report.Groups {
		var names []string
		for _, c := range g.Categories {
			if slices.Contains(ids, c.ID) {
				names = append(names, c.Name)
			}
		}
		if len(names) > 0 {
			groups = append(groups, g.Name+": "+strings.Join(names, ", "))
		}
	}
	if len(groups) == 0 {
		t.Fatalf("the report has no categories %v", ids)
	}
	return strings.Join(groups, "; ")
}
