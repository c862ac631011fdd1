package topology_test

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cleat/conf"
	"cleat/tools/lab/topology"
)

// proxied is nginx behind the PROXY protocol: its answer says whom it believes to speak with, and whom its kernel does.
const proxied = `daemon off; user root; pid %[1]s/nginx.pid; error_log stderr warn; events {}
http {
	access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
	client_max_body_size 0;
	server {
		listen 80 proxy_protocol; listen [::]:80 proxy_protocol;
		location / { return 200 "$proxy_protocol_addr $remote_addr"; }
	}
}`

// TestFullNAT: real clients reach a server that has no route to them, which nginx knows from the PROXY protocol; what they upload arrives whole.
func TestFullNAT(t *testing.T) {
	for _, program := range []string{"nginx", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			lack(t, err.Error())
		}
	}
	lab := up(t, topology.Options{Servers: 1, Bare: true})
	for _, family := range []string{"-4", "-6"} {
		if _, err := lab.Output(t.Context(), "rs1", "ip", family, "route", "del", "default"); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, proxied, filepath.Dir(file)), 0o644); err != nil {
		t.Fatal(err)
	}
	nginx := lab.Command(t.Context(), "rs1", "nginx", "-e", "stderr", "-c", file)
	if err := nginx.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = nginx.Process.Kill()
		_ = nginx.Wait()
	})
	config := disguised(t)
	d := direct(t, lab, config)
	for _, what := range []struct{ client, local, url string }{
		{topology.Client(1).String(), "10.9.0.100", "http://10.0.0.1/"},
		{topology.Client(2).String(), "10.9.0.100", "http://10.0.0.1/"},
		{topology.Client6(1).String(), "fd09::100", "http://[fd00::1]/"},
	} {
		if got, want := curl(t, lab, what.client, what.url), what.client+" "+what.local; got != want {
			t.Errorf("%s from %s: nginx says %q, want %q", what.url, what.client, got, want)
		}
	}
	upload := filepath.Join(t.TempDir(), "upload")
	if err := os.WriteFile(upload, make([]byte, 3<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, want := curl(t, lab, topology.Client(3).String(), "http://10.0.0.1/", "--data-binary", "@"+upload), topology.Client(3).String()+" 10.9.0.100"; got != want {
		t.Errorf("3 MiB: nginx says %q, want %q", got, want)
	}
	connections, err := d.Connections(t.Context())
	if err != nil || len(connections) != 4 {
		t.Fatalf("%d connections, %v", len(connections), err)
	}
	for _, c := range connections {
		if local, err := netip.ParseAddrPort(c.Local); err != nil || local.Port() < 1024 || c.Forward != "fullnat" {
			t.Errorf("connection %+v", c)
		}
	}
}

// disguised is the configuration: one FULLNAT server for each family.
func disguised(t *testing.T) *conf.Config {
	config := example(t, "ipv6.toml")
	config.Services = nil
	for _, s := range [][3]string{{"10.0.0.1:80", "10.9.0.100", "10.9.0.11:80"}, {"[fd00::1]:80", "fd09::100", "[fd09::11]:80"}} {
		config.Services = append(config.Services, conf.Service{
			TCP: netip.MustParseAddrPort(s[0]), Scheduler: "rr", LocalAddresses: []netip.Addr{netip.MustParseAddr(s[1])}, ClientAddress: "proxy-v1",
			Servers: []conf.Server{{Address: netip.MustParseAddrPort(s[2]), Weight: 1, Forward: "fullnat"}},
		})
	}
	config.Workers.Lcores = config.Workers.Lcores[:1]
	return config
}

// curl asks for url as a client, until there is an answer: nginx and the way to it have just begun.
func curl(t *testing.T, lab *topology.Lab, client, url string, more ...string) string {
	t.Helper()
	args := append([]string{"-gsS", "--max-time", "10", "--interface", client}, append(more, url)...)
	var err error
	for range 20 {
		var text string
		if text, err = lab.Output(t.Context(), "cl", "curl", args...); err == nil {
			return strings.TrimSpace(text)
		}
		time.Sleep(250 * time.Millisecond)
	}
	t.Fatal(err)
	return ""
}
