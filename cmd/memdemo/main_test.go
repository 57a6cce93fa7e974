//go:build linux

package main

import (
	"strings"
	"testing"
)

func TestParseSize(t *testing.T) {
	const most = gb
	for _, c := range []struct {
		text string
		want int // -1: refused
	}{
		{"0", 0},
		{"0MB", 0},
		{"4096", 4096},
		{"512KB", 512 << 10},
		{"512kB", 512 << 10},
		{"64MB", 64 << 20},
		{"64mb", 64 << 20},
		{"1GB", 1 << 30},
		{"1073741824", 1 << 30},
		{"1073741825", -1},
		{"1025MB", -1},
		{"2GB", -1},
		{"18446744073709551616", -1},
		{"17179869184GB", -1}, // 2^64
		{"", -1},
		{"MB", -1},
		{"64 MB", -1},
		{"64M", -1},
		{"64TB", -1},
		{"1.5GB", -1},
		{"-1", -1},
		{"+1", -1},
		{"0x10", -1},
		{"1_000", -1},
		{"abc", -1},
	} {
		got, ok := parseSize(c.text, most)
		if !ok {
			got = -1
		}
		if got != c.want {
			t.Errorf("parseSize(%q) = %d, want %d", c.text, got, c.want)
		}
	}
}

func TestFormatSizeIsReadBack(t *testing.T) {
	for n, want := range map[int]string{
		0: "0", 1: "1", 1023: "1023", kb: "1KB", kb + 1: "1025", 1536 * kb: "1536KB", 64 * mb: "64MB", gb: "1GB",
	} {
		text := formatSize(n)
		if text != want {
			t.Errorf("formatSize(%d) = %q, want %q", n, text, want)
		}
		if back, ok := parseSize(text, gb); !ok || back != n {
			t.Errorf("parseSize(%q) = %d, %t, want %d", text, back, ok, n)
		}
	}
}

func TestParseNamed(t *testing.T) {
	for _, c := range []struct {
		text string
		want amount
		ok   bool
	}{
		{"TXMetaCache=128MB", amount{"TXMetaCache", 128 * mb}, true},
		{"utxo store=4096", amount{"utxo store", 4096}, true},
		{"a=b=1KB", amount{"a=b", kb}, true},
		{strings.Repeat("n", 255) + "=1KB", amount{strings.Repeat("n", 255), kb}, true},
		{strings.Repeat("n", 256) + "=1KB", amount{}, false},
		{"x=0", amount{"x", 0}, true},
		{"0", amount{}, true},
		{"", amount{}, false},
		{"=1KB", amount{}, false},
		{"x", amount{}, false},
		{"x=", amount{}, false},
		{"x=lots", amount{}, false},
		{"a[b]=1KB", amount{"a[b]", kb}, true},
		{"caf\u00e9=1KB", amount{"caf\u00e9", kb}, true},
		{"a\nb=1KB", amount{}, false},
	} {
		got, ok := parseNamed(c.text, gb)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("parseNamed(%q) = %v, %t, want %v, %t", c.text, got, ok, c.want, c.ok)
		}
	}
}

func TestKindsAreSane(t *testing.T) {
	seen := map[string]bool{"addr": true, "h": true, "help": true}
	for _, k := range kinds {
		if seen[k.flag] {
			t.Errorf("two flags are -%s", k.flag)
		}
		seen[k.flag] = true
		if k.help == "" {
			t.Errorf("-%s has no help", k.flag)
		}
		if _, ok := k.parse(k.standard); !ok {
			t.Errorf("-%s does not take its own default %q", k.flag, k.standard)
		}
	}
}

func TestFlags(t *testing.T) {
	c, err := parseFlags([]string{"-heap", "1MB", "-heap", "2MB", "-named", "a=1KB", "-named", "b=2KB"})
	if err != nil {
		t.Fatal(err)
	}
	if c.one("heap") != 2*mb || c.one("goroutines") != 2000 {
		t.Errorf("heap %d, goroutines %d, want 2MB and the default", c.one("heap"), c.one("goroutines"))
	}
	named := c.amounts["named"]
	if len(named) != 2 || named[0] != (amount{"a", kb}) || named[1] != (amount{"b", 2 * kb}) {
		t.Errorf("named %v, want a and b without the default", named)
	}
}

func TestWrongFlagsAreNamed(t *testing.T) {
	for _, c := range []struct {
		args []string
		want []string // parts of the error
	}{
		{[]string{"-heap", "lots"}, []string{"-heap", `"lots"`, "64MB, 512KB, 1GB or 4096"}},
		{[]string{"-goroutine-stack", "1GB"}, []string{"-goroutine-stack", `"1GB"`, "up to 64MB"}},
		{[]string{"-threads", "-1"}, []string{"-threads", `"-1"`, "from 0 to 10000"}},
		{[]string{"-named", "x"}, []string{"-named", `"x"`, "NAME=SIZE"}},
		{[]string{"-addr", "here"}, []string{"-addr", `"here"`, "HOST:PORT"}},
		{[]string{"-addr", "127.0.0.1:70000"}, []string{"-addr", "65535"}},
		{[]string{"-nothing", "1"}, []string{"-nothing"}},
		{[]string{"more"}, []string{`"more"`, "flags"}},
	} {
		_, err := parseFlags(c.args)
		if err == nil {
			t.Errorf("%q is taken", c.args)
			continue
		}
		for _, part := range c.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q: the error %q does not say %q", c.args, err, part)
			}
		}
	}
}
