package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cleat/appliance/api"
)

// TestIpvsadm: commands reach cleatd, listings come from it, and its refusals are worded as the kernel's are.
func TestIpvsadm(t *testing.T) {
	var got api.Command
	socket := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.Method + " " + r.URL.Path {
		case "POST /v1/ipvs":
			got = api.Command{}
			if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
				t.Error(err)
			}
			if got.Service.Address == "10.0.0.9:80" {
				w.WriteHeader(http.StatusConflict)
				io.WriteString(w, `{"title":"service tcp 10.0.0.9:80 exists","errno":"EEXIST"}`)
				return
			}
			io.WriteString(w, "{}")
		case "GET /v1/ipvs":
			io.WriteString(w, `{"table_size":65536,"timeouts":{"tcp":900,"tcp_fin":120,"udp":300}}`)
		case "GET /v1/templates", "GET /v1/connections":
			http.ServeFile(w, r, filepath.Join("testdata", "answers", strings.TrimPrefix(r.URL.Path, "/v1/")+".json"))
		default:
			io.WriteString(w, "[]")
		}
	})
	for _, tt := range []struct {
		args, stdout, stderr string
		code                 int
	}{
		{"ipvsadm -A -t 10.0.0.1:http -s rr -p", "", "", 0},
		{"ipvsadm -A -t 10.0.0.9:80", "", "Service already exists\n", 255},
		{"ipvsadm -A", "", "You need to supply the 'service-address' option for the 'add-service' command\n", 2},
		{"ipvsadm -L --socket /s", "", "--socket: unknown option\n", 255},
		{"ipvsadm -L --timeout", "Timeout (tcp tcpfin udp): 900 120 300\n", "", 0},
		{"ipvsadm -Ln", "IP Virtual Server version 1.2.1 (size=65536)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n", "", 0},
		{"ipvsadm-save -n", "", "", 0},
		{"ipvsadm-save -x", "", "ipvsadm-save: Script to save the IPVS table to stdout.\n   With the -n option, prints out the table in numeric format.\n", 1},
		{"proc ip_vs", "IP Virtual Server version 1.2.1 (size=65536)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n", "", 0},
		{"proc ip_vs_app", "", "cleat: cleat proc takes one of ip_vs, ip_vs_conn, ip_vs_conn_sync, ip_vs_stats\n", 2},
	} {
		stdout, stderr, code := cleat(append([]string{"--socket", socket}, strings.Fields(tt.args)...)...)
		if stdout != tt.stdout || stderr != tt.stderr || code != tt.code {
			t.Errorf("%s: exit code %d, %q, %q", tt.args, code, stdout, stderr)
		}
		if strings.HasSuffix(tt.args, "-p") && (got.Do != "add-service" || got.Options.Persistent != 360) {
			t.Errorf("%s: asked %+v", tt.args, got)
		}
	}
	stdout, stderr, code := cleat("--socket", socket, "ipvsadm", "-Lnc")
	if code != 0 || !strings.Contains(stdout, "\nTCP 14:59  ESTABLISHED 172.16.0.1:20001   10.0.0.1:80        10.9.0.11:80\n") ||
		!strings.Contains(stdout, "\nIP  00:00  ASSURED     172.16.0.3:0       0.0.0.3:65535      10.9.0.13:0\n") {
		t.Errorf("exit code %d, %s\n%s", code, stdout, stderr)
	}
}

// TestLinks starts cleat by the name of a symbolic link.
func TestLinks(t *testing.T) {
	socket := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			body, _ := io.ReadAll(r.Body)
			if !bytes.Contains(body, []byte(`"clear"`)) && !bytes.Contains(body, []byte(`"add-service"`)) {
				t.Errorf("%s", body)
			}
		}
		io.WriteString(w, "{}")
	})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, args, stdin, stderr string }{
		{"ipvsadm", "-n", "", "Try `LINK -h' or 'LINK --help' for more information.\n"},
		{"ipvsadm-restore", "", "# rules\n-A -t 10.0.0.1:80 -s rr\n", ""},
		{"ipvsadm-restore", "", "-A -t 10.0.0.1 -s rr", "Zero port specified for non-persistent service\n"},
	} {
		link := filepath.Join(t.TempDir(), tt.name)
		if err := os.Symlink(self, link); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(link, strings.Fields(tt.args)...)
		cmd.Env = append(os.Environ(), "CLEAT_TEST_IS_CLEAT=1", "CLEAT_SOCKET="+socket)
		cmd.Stdin = strings.NewReader(tt.stdin)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Run(); (err != nil) != (tt.stderr != "") {
			t.Errorf("%s %s: %v", tt.name, tt.args, err)
		}
		if strings.ReplaceAll(stderr.String(), link, "LINK") != tt.stderr {
			t.Errorf("%s %s: %q, want %q", tt.name, tt.args, stderr.String(), tt.stderr)
		}
	}
}

// TestWithoutCleatd: the command line is looked at first; then the tool says what it says where the kernel has no IPVS.
func TestWithoutCleatd(t *testing.T) {
	for args, want := range map[string]int{"-v": 0, "-A": 2, "-L": 2, "-C": 2, "--stop-daemon master": 255} {
		_, stderr, code := cleat(append([]string{"--socket", "/nowhere", "ipvsadm"}, strings.Fields(args)...)...)
		if asks := args == "-L" || args == "-C"; code != want || asks != strings.HasPrefix(stderr, "Can't initialize ipvs: cleatd is not reachable on /nowhere") {
			t.Errorf("%s: exit code %d, %s", args, code, stderr)
		}
	}
}
