package main

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestSetSysctl: every switch is set before any is printed; one that is refused ends it.
func TestSetSysctl(t *testing.T) {
	for _, tt := range []struct {
		args   string
		asked  []string
		out    string
		err    string
		status int
	}{
		{
			"-w net.ipv4.vs.drop_entry=3 cleat.ftp=1",
			[]string{`PUT /v1/sysctl/drop_entry {"value":"3"}`, `PUT /v1/sysctl/ftp {"value":"1"}`, "GET /v1/sysctl "},
			"net.ipv4.vs.drop_entry = 3\ncleat.ftp = 1\n", "", exitOK,
		},
		{"net.ipv4.vs.drop_entry=4 cleat.ftp=1", []string{`PUT /v1/sysctl/drop_entry {"value":"4"}`}, "", "cleat: drop_entry: 4 is out of range (0…3)\n", exitFailed},
		{"net.ipv4.ip_forward=1", nil, "", "cleat: \"net.ipv4.ip_forward\" is no switch: net.ipv4.vs.NAME, or cleat.ftp\n", exitUsage},
		{"net.ipv4.vs.nosuch", []string{"GET /v1/sysctl "}, "", "cleat: there is no net.ipv4.vs.nosuch to be read\n", exitFailed},
	} {
		var asked []string
		socket := serve(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			asked = append(asked, r.Method+" "+r.URL.Path+" "+string(body))
			switch {
			case r.Method == http.MethodGet:
				io.WriteString(w, `[{"name":"drop_entry","value":"3"}]`)
			case strings.Contains(string(body), "4"):
				w.WriteHeader(http.StatusConflict)
				io.WriteString(w, `{"title":"drop_entry: 4 is out of range (0…3)","errno":"EINVAL"}`)
			default:
				io.WriteString(w, "{}")
			}
		})
		out, stderr, status := cleat(append([]string{"sysctl", "--socket", socket}, strings.Fields(tt.args)...)...)
		if !slices.Equal(asked, tt.asked) || out != tt.out || stderr != tt.err || status != tt.status {
			t.Errorf("%s: asked %q, %q, %q, %d; want %q, %q, %q, %d", tt.args, asked, out, stderr, status, tt.asked, tt.out, tt.err, tt.status)
		}
	}
}
