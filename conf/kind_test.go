package conf

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
)

// TestValues reads values in every way that they can be written.
func TestValues(t *testing.T) {
	for _, tt := range []struct {
		key, text string
		want      any
	}{
		{"timeouts.tcp", `300`, 300 * time.Second},
		{"timeouts.tcp", `"300s"`, 300 * time.Second},
		{"timeouts.tcp", `"10m"`, 10 * time.Minute},
		{"workers.idle_sleep", `"100us"`, 100 * time.Microsecond},
		{"service.persistent", `true`, defaultTimeout},
		{"service.persistent", `false`, Duration(0)},
		{"service.persistent", `600`, 600 * time.Second},
		{"service.netmask", `24`, PrefixMask(24)},
		{"service.netmask", `0`, PrefixMask(0)},
		{"service.netmask", `"255.255.255.0"`, IPv4Mask(netip.MustParseAddr("255.255.255.0"))},
		{"service.netmask", `"24"`, PrefixMask(24)},
		{"service.netmask", `"255.0.255.0"`, IPv4Mask(netip.MustParseAddr("255.0.255.0"))},
		{"service.netmask", `"0.0.0.24"`, IPv4Mask(netip.MustParseAddr("0.0.0.24"))},
		{"network.vips", `"fd00::9"`, netip.MustParsePrefix("fd00::9/128")},
		{"service.tcp", `"[fd00::1]:80"`, netip.MustParseAddrPort("[fd00::1]:80")},
		{"service.server.address", `"fd09::11"`, netip.MustParseAddrPort("[fd09::11]:0")},
		{"service.server.address", `"[fd09::11]"`, netip.MustParseAddrPort("[fd09::11]:0")},
		{"service.server.address", `"[fd09::11]:80"`, netip.MustParseAddrPort("[fd09::11]:80")},
		{"mark.ports", `80`, PortRange{80, 80}},
		{"mark.ports", `"80"`, PortRange{80, 80}},
		{"mark.ports", `"8000-8099"`, PortRange{8000, 8099}},
		{"mark.destination", `"10.0.0.1"`, netip.MustParsePrefix("10.0.0.1/32")},
		{"mark.destination", `"10.0.0.0/8"`, netip.MustParsePrefix("10.0.0.0/8")},
		{"port.addresses", `"10.8.0.1/24"`, netip.MustParsePrefix("10.8.0.1/24")},
		{"port.gateway", `"10.8.0.2"`, netip.MustParseAddr("10.8.0.2")},
		{"service.tcp", `"10.0.0.1:0"`, netip.MustParseAddrPort("10.0.0.1:0")},
		{"service.server.address", `"10.9.0.11"`, netip.MustParseAddrPort("10.9.0.11:0")},
		{"service.server.address", `"10.9.0.11:80"`, netip.MustParseAddrPort("10.9.0.11:80")},
		{"service.mark", `4294967295`, uint32(4294967295)},
	} {
		var tree map[string]any
		if _, err := toml.Decode("v = "+tt.text, &tree); err != nil {
			t.Fatal(err)
		}
		k, ok := kindOf(tt.key, reflect.TypeOf(tt.want))
		if !ok {
			t.Fatalf("%s has no kind", tt.key)
		}
		if got, err := k.read(tree["v"]); err != nil || got != tt.want {
			t.Errorf("%s = %s: %v, %v; want %v", tt.key, tt.text, got, err, tt.want)
		}
	}
}

// TestServerTakesTheServicesPort: as with ipvsadm -r without a port.
func TestServerTakesTheServicesPort(t *testing.T) {
	c := parse(t, readText(t, "testdata/base.toml"))
	for i, want := range []string{"10.9.0.12:80", "10.9.0.11:0", "10.9.0.11:0"} {
		servers := c.Services[i].Servers
		if got := servers[len(servers)-1].Address.String(); got != want {
			t.Errorf("%s: %s, want %s", c.Services[i].Name(), got, want)
		}
	}
	if got := c.Services[2].Persistent; got != c.Persistence.Timeout {
		t.Errorf("persistent = true gives %v, want %v", got, c.Persistence.Timeout)
	}
}
