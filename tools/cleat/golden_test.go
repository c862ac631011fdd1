package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/*.golden anew")

// TestGolden compares what every command prints for testdata/answers, and what it asked for.
func TestGolden(t *testing.T) {
	for _, tt := range []struct{ golden, args, asked string }{
		{"status", "status", "GET /v1/status"},
		{"status-json", "status -o json", "GET /v1/status"},
		{"services", "services", "GET /v1/services"},
		{"services-stats", "services --stats", "GET /v1/services"},
		{"workers", "workers", "GET /v1/workers"},
		{"heavy", "heavy", "GET /v1/heavy?limit=20"},
		{"heavy-json", "heavy --n 3 -o json", "GET /v1/heavy?limit=3"},
		{"ports", "ports", "GET /v1/ports"},
		{"neighbors", "neighbors", "GET /v1/neighbors"},
		{"neighbors-json", "neighbors -o json", "GET /v1/neighbors"},
		{"reload", "reload", "POST /v1/reload"},
		{"reload", "reload --replace", "POST /v1/reload?replace=true"},
		{"config", "config show", "GET /v1/config"},
		{"config", "config show --running", "GET /v1/config?running=true"},
		{"sysctl", "sysctl", "GET /v1/sysctl"},
		{"sysctl-some", "sysctl -w net.ipv4.vs.sync_threshold net.ipv4.vs.drop_entry", "GET /v1/sysctl"},
		{"sysctl-values", "sysctl -n net.ipv4.vs.sync_threshold", "GET /v1/sysctl"},
		{"clock", "clock advance 300.5", `POST /v1/clock {"advance_seconds":300.5}`},
		{"templates", "templates", "GET /v1/templates"},
		{
			"templates-json", "templates -o json --client 172.16.9.9/16 --virtual 10.0.0.1:80 --server 10.9.0.11 --mark 3 --protocol TCP --state assured --limit 9",
			"GET /v1/templates?client=172.16.0.0%2F16&limit=9&mark=3&protocol=tcp&server=10.9.0.11&state=ASSURED&virtual=10.0.0.1%3A80",
		},
		{"templates-count", "templates --count", "GET /v1/templates"},
		{"connections", "connections --state ESTABLISHED", "GET /v1/connections?state=ESTABLISHED"},
	} {
		t.Run(tt.golden, func(t *testing.T) {
			socket, asked := recorded(t)
			stdout, stderr, code := cleat(append([]string{"--socket", socket}, strings.Fields(tt.args)...)...)
			if code != exitOK || stderr != "" {
				t.Fatalf("exit code %d, %s", code, stderr)
			}
			if *asked != tt.asked {
				t.Errorf("asked for %s, want %s", *asked, tt.asked)
			}
			file := filepath.Join("testdata", tt.golden+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(stdout), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), stdout); diff != "" {
				t.Error(diff)
			}
		})
	}
}
