package intent

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"cleat/appliance/api"
	"cleat/conf"
)

func TestMain(m *testing.M) {
	flag.Set("rapid.nofailfile", "true") // a test leaves nothing behind, also when it fails
	os.Exit(m.Run())
}

// base is a director with two ports and one service of the file's.
const base = `
workers.lcores = [1]
[[port]]
name = "outside"
device = "net_null0"
addresses = ["10.8.0.1/24", "fd08::1/64"]
[[port]]
name = "inside"
device = "net_null1"
addresses = ["10.9.0.1/24", "fd09::1/64"]
[[service]]
udp = "10.0.0.1:53"
scheduler = "rr"
[[service.server]]
address = "10.9.0.11"
[[service.server]]
address = "10.9.0.12"
`

func parse(t testing.TB, text string) *conf.Config {
	t.Helper()
	c, err := conf.Parse("test.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// errno returns the name of the error that IPVS has, "" for none, "bad" for what is no command.
func errno(err error) string {
	var p *api.Problem
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &p):
		return err.Error()
	case p.Errno == "":
		return "bad"
	}
	return p.Errno
}

// TestErrors plays testdata/errors.txt: commands one after the other, each with the error that the kernel gave (oracle d01, services.md S5).
func TestErrors(t *testing.T) {
	text, err := os.ReadFile("testdata/errors.txt")
	if err != nil {
		t.Fatal(err)
	}
	i := New(parse(t, base))
	for line := range strings.Lines(string(text)) {
		want, command, found := strings.Cut(strings.TrimSpace(line), " ")
		if !found || want == "#" {
			continue
		}
		var c api.Command
		d := json.NewDecoder(strings.NewReader(command))
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		next, err := i.Command(&c)
		if got := errno(err); got != strings.TrimPrefix(want, "ok") {
			t.Errorf("%s\n%s: %v, want %s", command, got, err, want)
		}
		if err == nil {
			i = next
		}
	}
	again, err := conf.Parse("again.toml", []byte(i.TOML()))
	if err != nil {
		t.Fatalf("what is in force cannot be loaded: %v", err)
	}
	if a, b := again.TOML(), i.TOML(); a != b {
		t.Errorf("what is in force is loaded as something else:\n%s\nwant\n%s", a, b)
	}
}

// TestFullNATNeedsAWayBack: a service with local addresses takes FULLNAT servers as long as its datagrams are not scheduled alone.
func TestFullNATNeedsAWayBack(t *testing.T) {
	i := New(parse(t, strings.Replace(base, "[[service]]", "[[service]]\nudp = \"10.0.0.9:53\"\nlocal_addresses = [\"10.9.0.100\"]\n[[service]]", 1)))
	do := func(want, command string) {
		t.Helper()
		var c api.Command
		if err := json.Unmarshal([]byte(command), &c); err != nil {
			t.Fatal(err)
		}
		next, err := i.Command(&c)
		if got := errno(err); got != want {
			t.Errorf("%s: %v, want %q", command, err, want)
		}
		if err == nil {
			i = next
		}
	}
	service := `"service":{"protocol":"udp","address":"10.0.0.9:53"}`
	server := service + `,"server":{"address":"10.9.0.21:53","forward":"fullnat","weight":1}`
	do("", `{"do":"edit-service",`+service+`,"options":{"scheduler":"rr","one_packet":true}}`)
	do("EINVAL", `{"do":"add-server",`+server+`}`)
	do("", `{"do":"edit-service",`+service+`,"options":{"scheduler":"rr"}}`)
	do("", `{"do":"add-server",`+server+`}`)
	do("EINVAL", `{"do":"edit-service",`+service+`,"options":{"scheduler":"rr","one_packet":true}}`)
}
