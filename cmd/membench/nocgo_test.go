//go:build linux

package main

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
)

func TestBuildsAreCompared(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	costs, err := compareBuilds(process{memory: "mappings 10"}, program, 0) // with itself
	if err != nil || len(costs) != pairs {
		t.Fatalf("%v, %v", costs, err)
	}
	for _, c := range costs {
		if c.CPU == 0 || c.Ratio < 0.2 || c.Ratio > 5 {
			t.Errorf("%+v", c)
		}
	}
	if _, err := compareBuilds(process{memory: "mappings 10"}, noCgo()+"-missing", 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want that the program is not there", err)
	}
}

func TestPrintBuilds(t *testing.T) {
	defer func(p []process) { processes = p }(processes)
	processes = []process{{name: "small"}, {name: "large"}}
	var out strings.Builder
	printBuilds(&out, [][]cost{{{Ratio: 1.5}, {Ratio: 1}, {Ratio: 12}}, {{Ratio: 2}}})
	const want = `
| CPU time of Read without cgo / with | small | large |
|---                                  |---    |---    |
| median of the pairs                 | 1.50  | 2.00  |
| from                                | 1.00  | 2.00  |
| to                                  | 12.0  | 2.00  |

`
	if got := "\n" + out.String(); got != want {
		t.Errorf("%s\nwant%s", got, want)
	}
}
