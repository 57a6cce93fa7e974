//go:build linux

package main

// The command line: flags from the table of kinds, their values, and the help.

import (
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"strconv"
	"strings"
	"text/tabwriter"
)

const (
	kb = 1 << 10
	mb = 1 << 20
	gb = 1 << 30

	maxSize = min(1024*gb, math.MaxInt/2+1) // half of an int, so that rounding up cannot overflow
	maxName = 255                           // bytes, as in memanalyzer.Label
)

// A config has the values of all flags.
type config struct {
	addr    string
	amounts map[string][]amount // by flag; several for a repeatable flag
}

// An amount is one value of a flag.
type amount struct {
	name string // of NAME=SIZE, otherwise empty
	n    int    // bytes, or a count
}

// one returns the value of a flag that is not repeatable.
func (c config) one(flag string) int {
	return c.amounts[flag][0].n
}

// A value is the type of a flag's value.
type value int

const (
	size     value = iota // bytes
	number                // a count
	nameSize              // NAME=SIZE, repeatable
)

func (v value) String() string {
	return [...]string{"SIZE", "N", "NAME=SIZE"}[v]
}

// parseFlags reads the command line. The error is flag.ErrHelp for -h; any other has the flag, its
// value and what it wants.
func parseFlags(args []string) (config, error) {
	flags := flag.NewFlagSet("memdemo", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	c := config{amounts: map[string][]amount{}}
	flags.StringVar(&c.addr, "addr", "127.0.0.1:6060", "")
	// Values are parsed below, because package flag would wrap an error in its own words.
	texts := map[string][]string{}
	for _, k := range kinds {
		flags.Func(k.flag, "", func(text string) error {
			if k.takes != nameSize {
				texts[k.flag] = nil
			}
			texts[k.flag] = append(texts[k.flag], text)
			return nil
		})
	}
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("wants flags only (-h lists them); not %q", flags.Arg(0))
	}
	if !validAddr(c.addr) {
		return c, fmt.Errorf("-addr wants HOST:PORT with a port from 0 to 65535, such as 127.0.0.1:6060; not %q", c.addr)
	}
	for _, k := range kinds {
		if texts[k.flag] == nil {
			texts[k.flag] = []string{k.standard}
		}
		for _, text := range texts[k.flag] {
			a, ok := k.parse(text)
			if !ok {
				return c, fmt.Errorf("-%s wants %s; not %q", k.flag, k.wanted(), text)
			}
			c.amounts[k.flag] = append(c.amounts[k.flag], a)
		}
	}
	return c, nil
}

func validAddr(addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// parse parses a value of the kind's flag.
func (k kind) parse(text string) (amount, bool) {
	switch k.takes {
	case number:
		n, err := strconv.ParseUint(text, 10, 64)
		return amount{n: int(n)}, err == nil && n <= uint64(k.most)
	case nameSize:
		return parseNamed(text, k.most)
	default:
		n, ok := parseSize(text, k.most)
		return amount{n: n}, ok
	}
}

// wanted describes the values of the kind's flag, for an error.
func (k kind) wanted() string {
	switch k.takes {
	case number:
		return fmt.Sprintf("a number from 0 to %d", k.most)
	case nameSize:
		return fmt.Sprintf("NAME=SIZE, such as %s, or 0 for none (NAME: 1 to %d bytes without control characters; SIZE: up to %s)",
			k.standard, maxName, formatSize(k.most))
	default:
		return fmt.Sprintf("a size such as 64MB, 512KB, 1GB or 4096 (bytes), up to %s, or 0 for none", formatSize(k.most))
	}
}

// parseNamed parses NAME=SIZE, or 0 for nothing. A NAME may contain a =.
func parseNamed(text string, most int) (amount, bool) {
	if text == "0" {
		return amount{}, true
	}
	cut := strings.LastIndexByte(text, '=')
	if cut < 1 || cut > maxName {
		return amount{}, false
	}
	name := text[:cut]
	for i := range len(name) {
		if name[i] < ' ' || name[i] == 0x7f {
			return amount{}, false
		}
	}
	n, ok := parseSize(text[cut+1:], most)
	return amount{name, n}, ok
}

var units = []struct {
	suffix string
	bytes  int
}{{"GB", gb}, {"MB", mb}, {"KB", kb}}

// parseSize parses a size of 0 to most bytes: digits, then KB, MB or GB (powers of 1024, in any
// case), or nothing for bytes.
func parseSize(text string, most int) (int, bool) {
	digits, unit := strings.ToUpper(text), 1
	for _, u := range units {
		if before, found := strings.CutSuffix(digits, u.suffix); found {
			digits, unit = before, u.bytes
			break
		}
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || n > uint64(most/unit) {
		return 0, false
	}
	return int(n) * unit, true
}

// formatSize returns the shortest text that parseSize parses as n.
func formatSize(n int) string {
	for _, u := range units {
		if n != 0 && n%u.bytes == 0 {
			return strconv.Itoa(n/u.bytes) + u.suffix
		}
	}
	return strconv.Itoa(n)
}

func printUsage(w io.Writer) {
	fmt.Fprint(w, `Usage: memdemo [flags]

Makes known amounts of each kind of memory, prints them, and serves
/debug/memory and /debug/pprof/ until SIGINT or SIGTERM.

`)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "  -addr HOST:PORT\twhere to listen; port 0 takes a free one (127.0.0.1:6060)\n")
	for _, k := range kinds {
		fmt.Fprintf(t, "  -%s %s\t%s", k.flag, k.takes, k.help)
		if k.standard != "0" {
			fmt.Fprintf(t, " (%s)", k.standard)
		}
		fmt.Fprintln(t)
	}
	t.Flush()
	fmt.Fprint(w, `
SIZE is 64MB, 512KB, 1GB, 4096 (bytes) or 0 for none; mappings are rounded up
to pages. Defaults are in parentheses; all others are 0.
`)
}
