package api

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func parse(t *testing.T, query string) (Filter, error) {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return ParseFilter(values)
}

func TestParseFilter(t *testing.T) {
	vip := netip.MustParseAddr("10.0.0.1")
	for query, want := range map[string]Filter{
		"":                          {},
		"client=172.16.0.1":         {Client: netip.MustParsePrefix("172.16.0.1/32")},
		"client=172.16.3.4/16":      {Client: netip.MustParsePrefix("172.16.0.0/16")},
		"client=2001:db8::1":        {Client: netip.MustParsePrefix("2001:db8::1/128")},
		"client=::ffff:172.16.0.1":  {Client: netip.MustParsePrefix("172.16.0.1/32")},
		"virtual=10.0.0.1":          {Virtual: Endpoint{Address: vip, AnyPort: true}},
		"virtual=10.0.0.1:0":        {Virtual: Endpoint{Address: vip}},
		"server=[2001:db8::1]:80":   {Server: Endpoint{Address: netip.MustParseAddr("2001:db8::1"), Port: 80}},
		"server=[::ffff:1.2.3.4]:8": {Server: Endpoint{Address: netip.MustParseAddr("1.2.3.4"), Port: 8}},
		"mark=4294967295":           {Mark: 1<<32 - 1},
		"protocol=TCP":              {Protocol: "tcp"},
		"state=syn_recv&limit=10":   {State: "SYN_RECV", Limit: 10},
	} {
		got, err := parse(t, query)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", query, got, err, want)
		}
	}
}

func TestParseFilterRefuses(t *testing.T) {
	for query, want := range map[string]string{
		"client=":                  `client: "" is neither an address (172.16.0.1) nor a prefix`,
		"client=10.0.0.1:80":       `client: "10.0.0.1:80" is neither`,
		"client=10.0.0.0/33":       `client: "10.0.0.0/33" is neither`,
		"client=fe80::1%25eth0":    `client: "fe80::1%eth0" is neither`,
		"client=::ffff:1.2.3.4/99": `write it as IPv4`,
		"virtual=10.0.0.1:65536":   `virtual: "10.0.0.1:65536" is neither an address (10.0.0.1) nor address:port`,
		"virtual=localhost:80":     `virtual: "localhost:80" is neither`,
		"server=[fe80::1%25e]:80":  `server: "[fe80::1%e]:80" is neither`,
		"server=10.0.0.1:":         `server: "10.0.0.1:" is neither`,
		"mark=0":                   `mark: "0" is not a number from 1 to 4294967295`,
		"mark=4294967296":          `mark: "4294967296" is not a number from 1 to 4294967295`,
		"mark=0x3":                 `mark: "0x3" is not a number`,
		"protocol=icmp":            `protocol: "icmp" is none of tcp, udp, sctp, ip`,
		"state=UP":                 `state: "UP" is none of NONE, ASSURED, ESTABLISHED`,
		"limit=0":                  `limit: "0" is not a number from 1 to 18446744073709551615`,
		"limit=1&limit=1":          `limit: given 2 times`,
		"Limit=1":                  `"Limit": no such key, there are client, virtual,`,
	} {
		got, err := parse(t, query)
		if err == nil || !strings.Contains(err.Error(), want) || got != (Filter{}) {
			t.Errorf("%q: %+v, %v; want %s", query, got, err, want)
		}
	}
}

func TestMatch(t *testing.T) {
	conn := Entry{
		Protocol: "tcp", Client: netip.MustParseAddr("172.16.0.1"), Virtual: netip.MustParseAddrPort("10.0.0.1:80"),
		Server: netip.MustParseAddrPort("10.9.0.11:8080"), Mark: 3, State: "ESTABLISHED",
	}
	marked := Entry{Protocol: "ip", Client: conn.Client, Server: netip.MustParseAddrPort("10.9.0.11:0"), Mark: 3, State: "NONE"}
	for _, tt := range []struct {
		query        string
		conn, marked bool
	}{
		{"", true, true},
		{"client=172.16.0.0/24", true, true},
		{"client=172.16.0.2", false, false},
		{"client=0.0.0.0/0", true, true},
		{"client=::/0", false, false},
		{"virtual=10.0.0.1", true, false},
		{"virtual=10.0.0.1:81", false, false},
		{"server=10.9.0.11", true, true},
		{"server=10.9.0.11:0", false, true},
		{"mark=3", true, true},
		{"mark=4", false, false},
		{"protocol=ip", false, true},
		{"state=established", true, false},
		{"client=172.16.0.1&virtual=10.0.0.1:80&server=10.9.0.11:8080&mark=3&protocol=tcp&state=ESTABLISHED&limit=1", true, false},
	} {
		f, err := parse(t, tt.query)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Match(conn); got != tt.conn {
			t.Errorf("%q picks the connection: %v", tt.query, got)
		}
		if got := f.Match(marked); got != tt.marked {
			t.Errorf("%q picks the template: %v", tt.query, got)
		}
	}
}

// FuzzParseFilter: what is accepted means the same when it is written out and read again.
func FuzzParseFilter(f *testing.F) {
	f.Add("client=172.16.0.0/16&virtual=10.0.0.1:80&server=[2001:db8::1]:0&mark=3&protocol=tcp&state=NONE&limit=7")
	f.Add("client=::ffff:1.2.3.4&virtual=10.0.0.1")
	f.Add("client=fe80::1%25eth0&nothing=1")
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		first, err := ParseFilter(values)
		if err != nil {
			if first != (Filter{}) || len(err.(*Problem).Detail) == 0 {
				t.Errorf("refused with %+v and %v", first, err)
			}
			return
		}
		second, err := ParseFilter(first.Query())
		if err != nil {
			t.Fatalf("%s: %v", first.Query().Encode(), err)
		}
		if first != second {
			t.Error(cmp.Diff(first.Query(), second.Query()))
		}
	})
}
