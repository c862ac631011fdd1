package eal

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCheckVersion(t *testing.T) {
	for _, c := range []struct {
		compiled, linked string
		ok               bool
	}{
		{"DPDK 22.11.11", "DPDK 22.11.11", true},
		{"DPDK 22.11.11", "DPDK 22.11.1", true}, // stable releases keep the ABI
		{"DPDK 22.11.11", "DPDK 23.07.0", true}, // as do those up to the next November's
		{"DPDK 23.07.0", "DPDK 22.11.11", false},
		{"DPDK 22.11.11", "DPDK 23.11.0", false},
		{"DPDK 22.11.11", "DPDK 21.11.9", false},
		{"DPDK 22.11.11", "DPDK 23.11.0-rc1", false},
		{"DPDK 22.11.11", "something else", false},
	} {
		if err := checkVersion(c.compiled, c.linked); (err == nil) != c.ok {
			t.Errorf("compiled %s, linked %s: %v", c.compiled, c.linked, err)
		}
	}
	if err := checkVersion(compiled, linked()); err != nil {
		t.Errorf("this program: %v", err)
	}
}

func TestHugepagesFree(t *testing.T) {
	dir := t.TempDir()
	for name, free := range map[string]string{"hugepages-2048kB": "17\n", "hugepages-1048576kB": "2\n", "hugepages-64kB": "?\n", "other": "9\n"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "free_hugepages"), []byte(free), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := hugepagesFree(dir), 17*2+2*1024; got != want {
		t.Errorf("%d MiB, want %d", got, want)
	}
	if got := hugepagesFree(filepath.Join(dir, "none")); got != 0 {
		t.Errorf("without hugepages: %d MiB", got)
	}
}

func TestMemoryArgs(t *testing.T) {
	with, without := []string{"--in-memory"}, []string{"--no-huge", "--no-shconf", "-m", "512"}
	for _, c := range []struct {
		hugepages string
		mib, free int
		want      []string
		err       string
	}{
		{"auto", 512, 512, with, ""},
		{"auto", 512, 511, without, ""},
		{"require", 512, 512, with, ""},
		{"require", 512, 501, nil, "reserve 6 pages of 2 MiB more"},
		{"off", 512, 4096, without, ""},
		{"maybe", 512, 4096, nil, "must be auto, require or off"},
		{"auto", 0, 4096, nil, "must be more than 0"},
	} {
		got, err := memoryArgs(c.hugepages, c.mib, c.free)
		if !slices.Equal(got, c.want) || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%+v: %v, %v", c, got, err)
		}
	}
}
