package topology_test

import (
	"strings"
	"testing"

	"cleat/tools/lab/topology"
)

// TestIPv6: kernels on both sides, which find cleatd by neighbour discovery and nothing else; every client's /64 has one server, a large
// answer passes whole, and a port where nobody listens refuses.
func TestIPv6(t *testing.T) {
	lab := up(t, topology.Options{})
	d := direct(t, lab, example(t, "ipv6.toml"))
	home := map[int]string{}
	servers := map[string]int{}
	for n := range 300 {
		client := n % 30
		rs, err := lab.Ask(t.Context(), topology.Client6(client), "http://[fd00::1]/")
		if err != nil {
			t.Fatal(err)
		}
		if home[client] == "" {
			home[client] = rs
			servers[rs]++
		} else if home[client] != rs {
			t.Fatalf("request %d: client %d moved from %s to %s", n, client, home[client], rs)
		}
	}
	for _, rs := range lab.Servers() {
		if servers[rs] != 10 {
			t.Errorf("rr gives each server 10 of 30 clients: %v", servers)
		}
	}
	templates, err := d.Templates(t.Context())
	if err != nil || len(templates) != 30 {
		t.Fatalf("%d templates of 30 clients, %v", len(templates), err)
	}
	for _, x := range templates {
		if x.Kind != "ppc" || x.State != "ASSURED" || x.Virtual != "[fd00::1]:80" || !strings.HasSuffix(x.Client, "::") || !strings.HasPrefix(x.Server, "[fd09::1") {
			t.Errorf("template %+v", x)
		}
	}
	if rs, err := lab.Ask(t.Context(), topology.Client6(1), "http://[fd00::1]/?pad=1000000"); err != nil || rs != home[1] {
		t.Errorf("a megabyte from %s, %v; the client's server is %s", rs, err, home[1])
	}
	if _, err := lab.Ask(t.Context(), topology.Client6(1), "http://[fd00::1]:81/"); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("a port where nobody listens: %v", err)
	}
	if rs, err := lab.Ask(t.Context(), topology.Client(1), "http://10.0.0.1/"); err != nil || rs == "" {
		t.Errorf("over IPv4: %s, %v", rs, err)
	}
}
