//go:build linux

package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	for _, row := range []struct {
		values []int
		q      float64
		want   int
	}{
		{nil, 0.5, 0},
		{[]int{7}, 0, 7},
		{[]int{7}, 1, 7},
		{[]int{3, 1, 2}, 0.5, 2},
		{[]int{4, 3, 2, 1}, 0.5, 2},
		{[]int{4, 3, 2, 1}, 1, 4},
		{[]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 0.9, 9},
		{[]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 0.91, 10},
	} {
		if got := quantile(row.values, row.q); got != row.want {
			t.Errorf("quantile(%v, %v) = %d, want %d", row.values, row.q, got, row.want)
		}
	}
}

func TestFormats(t *testing.T) {
	for _, row := range []struct{ got, want string }{
		{formatRatio(1.0 / 3), "0.33"},
		{formatRatio(1), "1.00"},
		{formatRatio(12.5), "12.5"},
		{formatTime(999), "0 us"},
		{formatTime(9999 * time.Microsecond), "9999 us"},
		{formatTime(10 * time.Millisecond), "10 ms"},
		{formatBytes(0), "0 kB"},
		{formatBytes(1), "1 kB"},
		{formatBytes(mib - 1), "1024 kB"},
		{formatBytes(mib + mib/2), "1.5 MB"},
		{formatBytes(10 * mib), "10 MB"},
		{formatBytes(24 << 30), "24 GB"},
	} {
		if row.got != row.want {
			t.Errorf("%q, want %q", row.got, row.want)
		}
	}
}

// A failed peer's row has the error.
func TestPrintCosts(t *testing.T) {
	defer func(p []process, q []peer) { processes, peers = p, q }(processes, peers)
	processes, peers = []process{{name: "small"}, {name: "large"}}, []peer{{name: "bare"}, {name: "twice"}, {name: "gone"}}
	of := func(scale int) []result {
		cpu := time.Duration(2*scale) * time.Millisecond
		return []result{
			{cost: cost{CPU: cpu, Ratio: 1}},
			{cost: cost{CPU: 2 * cpu, Ratio: 2, Alloc: uint64(2 * scale << 10), Peak: mib}},
			{err: errors.New("not there")},
		}
	}
	var out strings.Builder
	printCosts(&out, [][]result{of(1), of(10)})
	const want = `
| CPU time, relative to a bare read | small | large |
|---                                |---    |---    |
| bare                              | 1.00  | 1.00  |
| twice                             | 2.00  | 2.00  |
| gone: not there                   | -     | -     |

| CPU time        | small   | large |
|---              |---      |---    |
| bare            | 2000 us | 20 ms |
| twice           | 4000 us | 40 ms |
| gone: not there | -       | -     |

| Go heap allocated | small | large |
|---                |---    |---    |
| bare              | -     | -     |
| twice             | 2 kB  | 20 kB |
| gone: not there   | -     | -     |

| Peak memory     | small  | large  |
|---              |---     |---     |
| bare            | 0 kB   | 0 kB   |
| twice           | 1.0 MB | 1.0 MB |
| gone: not there | -      | -      |

`
	if got := "\n" + out.String(); got != want {
		t.Errorf("%s\nwant%s", got, want)
	}
}

func TestPrintFelt(t *testing.T) {
	all := make([]comparison, len(phases))
	for i := range all {
		mapping := work{1000 * (i + 1), time.Second, time.Duration(i) * time.Millisecond}
		faulting := work{500, time.Second, time.Second}
		all[i] = comparison{felt{Mapping: mapping, Faulting: faulting, Polls: i}, felt{Mapping: faulting, Faulting: mapping}}
		for n := range 100 {
			all[i].phase.Late = append(all[i].phase.Late, time.Duration(n+1)*time.Millisecond)
		}
	}
	var out strings.Builder
	printFelt(&out, all)
	lines := strings.Split(out.String(), "\n")
	if strings.Count(lines[0], "|") != strings.Count(lines[2], "|") {
		t.Errorf("%s\nis not the head of\n%s", lines[0], lines[2])
	}
	for i, p := range phases {
		cells := strings.Split(lines[i+2], "|")
		for j := range cells {
			cells[j] = strings.TrimSpace(cells[j])
		}
		times := float64(2 * (i + 1))
		want := fmt.Sprintf("|%s|%d|%s|%d us|%.2f|1000 ms|50 ms|99 ms|100 ms|", p.Name, i, formatRatio(times), i*1000, 1/times)
		if got := strings.Join(cells, "|"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
