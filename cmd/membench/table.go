//go:build linux

package main

// Statistics, and tables in Markdown with aligned columns.

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// quantile returns the least value that is not below a share q of all values, 0 if there are none.
func quantile[T cmp.Ordered](values []T, q float64) (v T) {
	if len(values) == 0 {
		return v
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// printCosts prints a table for each figure, with a column for each process and a row for each peer.
func printCosts(w io.Writer, results [][]result) {
	head := func(title string) []string {
		for _, p := range processes {
			title += "\t" + p.name
		}
		return strings.Split(title, "\t")
	}
	for _, table := range []struct {
		title string
		cell  func(c cost) string
	}{
		{"CPU time, relative to a bare read", func(c cost) string { return formatRatio(c.Ratio) }},
		{"CPU time", func(c cost) string { return formatTime(c.CPU) }},
		{"Go heap allocated", func(c cost) string {
			if c.Alloc == 0 {
				return "-"
			}
			return formatBytes(c.Alloc)
		}},
		{"Peak memory", func(c cost) string { return formatBytes(c.Peak) }},
	} {
		rows := [][]string{head(table.title)}
		for i, p := range peers {
			row := []string{p.name}
			for _, of := range results {
				cell := "-"
				if of[i].err == nil {
					cell = table.cell(of[i].cost)
				} else if row[0] == p.name {
					row[0] += ": " + of[i].err.Error()
				}
				row = append(row, cell)
			}
			rows = append(rows, row)
		}
		printTable(w, rows)
	}
}

// printBuilds prints the median of the pairs of processes, the least and the most, for each process.
func printBuilds(w io.Writer, of [][]cost) {
	rows := [][]string{{"CPU time of Read without cgo / with"}, {"median of the pairs"}, {"from"}, {"to"}}
	for i, costs := range of {
		var ratios []float64
		for _, c := range costs {
			ratios = append(ratios, c.Ratio)
		}
		rows[0] = append(rows[0], processes[i].name)
		for row, q := range []float64{0.5, 0, 1} {
			rows[row+1] = append(rows[row+1], formatRatio(quantile(ratios, q)))
		}
	}
	printTable(w, rows)
}

// printFelt prints a row for each phase.
func printFelt(w io.Writer, all []comparison) {
	rows := [][]string{{"A daemon of " + daemon.name + ", relative to undisturbed times", "polls", "mmap, munmap", "longest", "256 page faults", "longest",
		"1 ms ticker late, p50", "p99", "max"}}
	for i, c := range all {
		f := c.phase
		rows = append(rows, []string{
			phases[i].Name, fmt.Sprint(f.Polls),
			formatRatio(f.Mapping.speed() / c.before.Mapping.speed()), formatTime(f.Mapping.Longest),
			formatRatio(f.Faulting.speed() / c.before.Faulting.speed()), formatTime(f.Faulting.Longest),
			formatTime(quantile(f.Late, 0.5)), formatTime(quantile(f.Late, 0.99)), formatTime(quantile(f.Late, 1)),
		})
	}
	printTable(w, rows)
}

// printTable prints rows; the first is the head.
func printTable(w io.Writer, rows [][]string) {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	for i, row := range rows {
		fmt.Fprintf(t, "| %s\t|\n", strings.Join(row, "\t| "))
		if i == 0 {
			fmt.Fprintf(t, "|%s\n", strings.Repeat("---\t|", len(row)))
		}
	}
	t.Flush()
	fmt.Fprintln(w)
}

func formatRatio(ratio float64) string {
	if ratio < 10 {
		return fmt.Sprintf("%.2f", ratio)
	}
	return fmt.Sprintf("%.1f", ratio)
}

func formatTime(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%d us", d.Microseconds())
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}

func formatBytes(n uint64) string {
	switch {
	case n < 1<<20:
		return fmt.Sprintf("%d kB", (n+1023)>>10)
	case n < 10<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n < 10<<30:
		return fmt.Sprintf("%d MB", n>>20)
	default:
		return fmt.Sprintf("%d GB", n>>30)
	}
}
