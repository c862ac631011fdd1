package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/appliance/api"
)

var templates = []api.Template{
	{Kind: "ppc", Protocol: "tcp", Client: "172.16.0.1", Virtual: "10.0.0.1:80", Server: "10.9.0.11:80", State: "ASSURED"},
	{Kind: "pcc", Protocol: "udp", Client: "172.16.0.2", Virtual: "10.0.0.1:0", Server: "10.9.0.12:0", State: "NONE"},
	{Kind: "pfmc", Protocol: "ip", Client: "172.17.0.1", Virtual: "mark 3", Server: "10.9.0.11:0", State: "ASSURED"},
}

// bodies are what endpoints want to be sent, by path.
var bodies = map[string]string{
	"POST /v1/clock": `{"advance_seconds":1.5}`, "POST /v1/ipvs": `{"do":"clear"}`, "PUT /v1/sysctl/drop_entry": `{"value":"3"}`,
	"POST /v1/marks": `{"do":"flush"}`,
}

func TestEndpoints(t *testing.T) {
	path, _ := start(t, &fake{})
	for _, tt := range []struct{ method, url, want string }{
		{"GET", "/v1/status", `"version":"1.2.3","pid":7,`},
		{"GET", "/v1/services", `[]`},
		{"GET", "/v1/workers", `"drops":{"no_service":2}`},
		{"GET", "/v1/ports", `"addresses":["10.0.0.1/24"]`},
		{"GET", "/v1/neighbors", `"address":"10.0.0.254"`},
		{"GET", "/v1/templates", ``},
		{"GET", "/v1/connections", ``},
		{"POST", "/v1/reload", `{"generation":4,"changes":["service tcp 10.0.0.1:80 added"]}`},
		{"POST", "/v1/reload?replace=true", `{"generation":4,"changes":["service tcp 10.0.0.1:80 removed"]}`},
		{"POST", "/v1/reload?replace=false", `{"generation":4,"changes":["service tcp 10.0.0.1:80 added"]}`},
		{"GET", "/v1/config", `{"toml":"strict = true\n"}`},
		{"GET", "/v1/config?running=true", `{"toml":"strict = false\n"}`},
		{"GET", "/v1/ipvs", `{"table_size":4096,"timeouts":{"tcp":900,"tcp_fin":0,"udp":0}`},
		{"POST", "/v1/ipvs", `{}`},
		{"GET", "/v1/marks", `{"ipv4":[{"mark":3,"mask":255}],"ipv6":null}`},
		{"POST", "/v1/marks", `{}`},
		{"GET", "/v1/sysctl", `[{"name":"sync_threshold","value":"3\t50","kept":true}]`},
		{"PUT", "/v1/sysctl/drop_entry", `{}`},
		{"POST", "/v1/clock", `{"now_seconds":0,"ahead_seconds":1.5}`},
		{"GET", "/metrics", "cleat_up 1"},
		{"GET", "/metrics?name[]=x", "cleat_up 1"},
	} {
		status, body := request(t, path, tt.method, tt.url, bodies[tt.method+" "+tt.url])
		if status != 200 || !strings.Contains(body, tt.want) {
			t.Errorf("%s %s: %d %s, want %s", tt.method, tt.url, status, body, tt.want)
		}
	}
}

func TestFilters(t *testing.T) {
	path, _ := start(t, &fake{templates: templates})
	for query, want := range map[string][]int{
		"":                           {0, 1, 2},
		"client=172.16.0.0/16":       {0, 1},
		"client=172.16.0.2":          {1},
		"virtual=10.0.0.1":           {0, 1},
		"virtual=10.0.0.1:80":        {0},
		"virtual=10.0.0.1:0":         {1},
		"server=10.9.0.11":           {0, 2},
		"mark=3":                     {2},
		"protocol=UDP":               {1},
		"state=assured":              {0, 2},
		"state=ASSURED&protocol=tcp": {0},
		"limit=2":                    {0, 1},
		"limit=3":                    {0, 1, 2},
		"client=::/0":                nil,
	} {
		status, body := request(t, path, "GET", "/v1/templates?"+query, "")
		var got []api.Template
		for line := range strings.Lines(body) {
			got = append(got, decode[api.Template](t, line))
		}
		var rows []api.Template
		for _, i := range want {
			rows = append(rows, templates[i])
		}
		if diff := cmp.Diff(rows, got); status != 200 || diff != "" {
			t.Errorf("%q: %d\n%s", query, status, diff)
		}
	}
}

func TestProblems(t *testing.T) {
	f := &fake{
		realClock: true,
		services:  func(context.Context) ([]api.Service, error) { return nil, errors.New("the table is being built") },
		reload: func(context.Context) (api.Reloaded, error) {
			return api.Reloaded{}, fmt.Errorf("wrapped: %w", &Refused{Lines: []string{"cleat.toml:3: a", "cleat.toml:9: b"}})
		},
		connections: func(context.Context, func(api.Connection) error) error { return errors.New("worker 2 is gone") },
		status:      func(context.Context) (api.Status, error) { return api.Status{}, context.DeadlineExceeded },
	}
	path, _ := start(t, f)
	for _, tt := range []struct {
		method, url, body string
		status            int
		title             string
		detail            []string
	}{
		{"POST", "/v1/reload", "", 422, "reload refused, nothing has changed", []string{"cleat.toml:3: a", "cleat.toml:9: b"}},
		{"GET", "/v1/services", "", 500, "the table is being built", nil},
		{"GET", "/v1/connections", "", 500, "worker 2 is gone", nil},
		{"GET", "/v1/status", "", 503, "cleatd is too busy to answer, try again", nil},
		{"GET", "/v1/reload", "", 405, "/v1/reload takes POST, not GET", nil},
		{"HEAD", "/v1/workers", "", 405, "", nil},
		{"DELETE", "/v1/templates", "", 405, "/v1/templates takes GET, not DELETE", nil},
		{"POST", "/v1/reload", "{}", 400, "/v1/reload takes no body", nil},
		{"POST", "/v1/reload?replace=yes", "", 400, "bad query", []string{`replace: ["yes"] is not true or false`}},
		{"GET", "/v1/config?running=true&running=true", "", 400, "bad query", []string{`running: ["true" "true"] is not true or false`}},
		{"GET", "/v1/config?all=true", "", 400, "bad query", []string{`"all": no such key, there are running`}},
		{"DELETE", "/v1/ipvs", "", 405, "/v1/ipvs takes GET, POST, not DELETE", nil},
		{"POST", "/v1/ipvs", `{"do":"zero","server":{"adress":""}}`, 400, "bad body", []string{`json: unknown field "adress"`}},
		{"GET", "/v1/sysctl/drop_entry", "", 405, "/v1/sysctl/drop_entry takes PUT, not GET", nil},
		{"POST", "/v1/clock", `{"advance":3}`, 400, "bad body", []string{`json: unknown field "advance"`}},
		{"POST", "/v1/clock", `{"advance_seconds":-1}`, 400, "bad body", []string{"advance_seconds: -1 is not between 0 and 2678400"}},
		{"POST", "/v1/clock", `{"advance_seconds":1}{}`, 400, "bad body", []string{"there is more behind the object"}},
		{"POST", "/v1/clock", "", 400, "bad body", []string{"there is none"}},
		{"POST", "/v1/clock", `{"advance_seconds":1}`, 404, ErrRealClock.Error(), nil},
		{"GET", "/v1/workers?a=%zz", "", 400, "bad query", []string{`invalid URL escape "%zz"`}},
		{"GET", "/v1/workers?limit=1", "", 400, "bad query", []string{`"limit": no such key, there is none here`}},
		{"GET", "/v1/heavy?n=1", "", 400, "bad query", []string{`"n": no such key, there are limit`}},
		{"GET", "/v1/heavy?limit=0", "", 400, "bad filter", []string{`limit: "0" is not a number from 1 to 18446744073709551615`}},
		{"GET", "/v1/templates?client=x&limit=-1&vip=1&mark=1&mark=2", "", 400, "bad filter", []string{
			`"vip": no such key, there are client, virtual, server, mark, protocol, state, limit`,
			`client: "x" is neither an address (172.16.0.1) nor a prefix (172.16.0.0/16)`,
			`mark: given 2 times, once is right`,
			`limit: "-1" is not a number from 1 to 18446744073709551615`,
		}},
		{"GET", "/v1/nothing", "", 404, `no endpoint "/v1/nothing", there are`, []string{
			"GET /metrics", "POST /v1/clock", "GET /v1/config", "GET /v1/connections", "GET /v1/heavy", "GET /v1/ipvs", "POST /v1/ipvs", "GET /v1/marks", "POST /v1/marks", "GET /v1/neighbors", "GET /v1/ports",
			"POST /v1/reload", "GET /v1/services", "GET /v1/status", "GET /v1/sysctl", "PUT /v1/sysctl/NAME", "GET /v1/templates", "GET /v1/workers",
		}},
	} {
		status, body := request(t, path, tt.method, tt.url, tt.body)
		if status != tt.status {
			t.Errorf("%s %s: status %d, want %d", tt.method, tt.url, status, tt.status)
		}
		if tt.method == http.MethodHead {
			continue // has no body
		}
		if diff := cmp.Diff(api.Problem{Title: tt.title, Detail: tt.detail}, decode[api.Problem](t, body)); diff != "" {
			t.Errorf("%s %s:\n%s", tt.method, tt.url, diff)
		}
	}
}

// TestErrno: what IPVS has an error for is told with its name.
func TestErrno(t *testing.T) {
	path, _ := start(t, &fake{})
	for _, tt := range []struct {
		method, url, body string
		want              api.Problem
	}{
		{"POST", "/v1/ipvs", `{"do":"zero"}`, api.Problem{Title: "there is no service tcp 10.0.0.9:80", Errno: "ESRCH"}},
		{"POST", "/v1/marks", `{"do":"delete","number":7}`, api.Problem{Title: "there is no rule 7", Errno: "ENOENT"}},
		{"PUT", "/v1/sysctl/drop_entry", `{"value":"4"}`, api.Problem{Title: `drop_entry: "4"`, Errno: "EINVAL"}},
	} {
		status, body := request(t, path, tt.method, tt.url, tt.body)
		if diff := cmp.Diff(tt.want, decode[api.Problem](t, body)); diff != "" || status != http.StatusConflict {
			t.Errorf("%s %s: %d\n%s", tt.method, tt.url, status, diff)
		}
	}
}

func TestPanic(t *testing.T) {
	f := &fake{
		services: func(context.Context) ([]api.Service, error) { panic("a bug") },
		connections: func(_ context.Context, yield func(api.Connection) error) error {
			for range 2 * flushRows {
				if err := yield(api.Connection{}); err != nil {
					return err
				}
			}
			panic("a late bug")
		},
	}
	path, logged := start(t, f)
	if status, body := request(t, path, "GET", "/v1/services", ""); status != 500 || !strings.Contains(body, "cleatd's log") {
		t.Errorf("%d %s", status, body)
	}
	if _, _, err := readStream(path, "/v1/connections"); err == nil {
		t.Error("a stream that a panic cut off looks whole")
	}
	for _, want := range []string{"a bug", "a late bug", "fake_test.go"} {
		if !strings.Contains(logged.String(), want) {
			t.Errorf("%q is not in the log: %s", want, logged)
		}
	}
	if status, _ := request(t, path, "GET", "/v1/status", ""); status != 200 {
		t.Errorf("after the panics: %d", status)
	}
}
