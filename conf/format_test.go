package conf

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// configs draws configurations without mistakes.
var configs = rapid.Custom(func(t *rapid.T) *Config {
	c := Default()
	c.Strict = rapid.Bool().Draw(t, "strict")
	c.DPDK.EAL = rapid.OneOf(rapid.Just[[]string](nil), rapid.SliceOfN(rapid.StringMatching(`[ -~ä\n\t]*`), 1, 3)).Draw(t, "eal")
	c.DPDK.Hugepages = rapid.SampledFrom([]string{"auto", "require", "off"}).Draw(t, "hugepages")
	if rapid.Bool().Draw(t, "lcores named") {
		c.Workers.Lcores = rapid.SliceOfNDistinct(rapid.IntRange(0, 63), 1, 4, rapid.ID[int]).Draw(t, "lcores")
	} else {
		c.Workers.Count = rapid.IntRange(1, 4).Draw(t, "count")
	}
	c.Workers.IdleSleep = Duration(rapid.IntRange(1, 100_000).Draw(t, "us")) * time.Microsecond
	c.Network.Forward = rapid.Bool().Draw(t, "forward")
	c.Scheduling.Scope = rapid.SampledFrom([]string{"worker", "service"}).Draw(t, "scope")
	c.Network.VIPs = rapid.SampledFrom([][]netip.Prefix{nil, {netip.MustParsePrefix("10.7.0.0/16"), netip.MustParsePrefix("fd07::1/128")}}).Draw(t, "vips")
	c.Timeouts.UDP = drawSeconds(t)
	for i := range Sysctls {
		_ = Sysctls[i].Set(&c.IPVS, rapid.SampledFrom([]string{"0", "1", "3", "100", "1 2", "9 0"}).Draw(t, Sysctls[i].Name)) // what does not fit is refused
	}
	c.IPVS.FTPPorts = rapid.SliceOfN(rapid.IntRange(1, 65535), 0, 8).Draw(t, "ftp ports")
	c.Persistence.Timeout = drawSeconds(t)
	c.Persistence.RestoreTimeout = rapid.Bool().Draw(t, "restore")
	c.Metrics.Listen = rapid.SampledFrom([]string{"", ":9469", "[::1]:1"}).Draw(t, "metrics")
	for i := range rapid.IntRange(1, 3).Draw(t, "ports") {
		c.Ports = append(c.Ports, drawPort(t, i))
	}
	if rapid.Bool().Draw(t, "route") {
		c.Network.Routes = []Route{{netip.MustParsePrefix("172.16.0.0/12"), address(8, 0, 7)}}
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "services") {
		c.Services = append(c.Services, drawService(t, c, i))
	}
	c.complete()
	return c
})

func drawSeconds(t *rapid.T) Duration {
	return Duration(rapid.IntRange(1, 2678400).Draw(t, "seconds")) * time.Second
}

// address returns 10.a.b.c.
func address(a, b, c int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(a), byte(b), byte(c)}) }

func drawPort(t *rapid.T, i int) Port {
	p := elements[reflect.TypeFor[Port]()].(Port)
	p.Name, p.Device = fmt.Sprintf("p%d", i), fmt.Sprintf("net_null%d", i)
	p.Vdev = rapid.SampledFrom([]string{"", `a="b\c"`}).Draw(t, "vdev")
	p.Addresses = []netip.Prefix{netip.PrefixFrom(address(8+i, 0, 1), rapid.IntRange(16, 29).Draw(t, "bits"))}
	if i == 0 && rapid.Bool().Draw(t, "gateway") {
		p.Gateway = address(8, 0, 2)
	}
	if i == 0 {
		p.Addresses = append(p.Addresses, netip.MustParsePrefix("fd08::1/64"))
		if rapid.Bool().Draw(t, "gateway6") {
			p.Gateway6 = netip.MustParseAddr("fd08::2")
		}
	}
	p.MTU = rapid.SampledFrom([]int{0, 1500}).Draw(t, "mtu")
	return p
}

// drawMask draws a mask of a family that is not the whole address; only a strict one has no holes.
func drawMask(t *rapid.T, ipv6, strict bool) Netmask {
	if ipv6 {
		return PrefixMask(rapid.IntRange(1, 127).Draw(t, "length"))
	}
	if strict {
		return PrefixMask(rapid.IntRange(0, 31).Draw(t, "length"))
	}
	b := rapid.Uint8Range(1, 254).Draw(t, "byte")
	return IPv4Mask(netip.AddrFrom4([4]byte{255, 0, b, b}))
}

func drawService(t *rapid.T, c *Config, i int) Service {
	s := elements[reflect.TypeFor[Service]()].(Service)
	ipv6 := rapid.Bool().Draw(t, "service of ipv6")
	if rapid.Bool().Draw(t, "persistent") {
		s.Persistent = drawSeconds(t)
		s.Engine = rapid.SampledFrom([]string{"", "sip"}).Draw(t, "engine")
		if c.Workers.Number() == 1 && rapid.Bool().Draw(t, "netmask") {
			s.Netmask = drawMask(t, ipv6, c.Strict)
		}
	}
	vip := netip.AddrPortFrom(address(0, 0, i+1), rapid.Uint16Range(1, 65535).Draw(t, "port"))
	if (s.Persistent != 0 || !c.Strict) && rapid.Bool().Draw(t, "all ports") {
		vip = netip.AddrPortFrom(vip.Addr(), 0)
	}
	if ipv6 {
		vip = netip.AddrPortFrom(address6(0, i+1), vip.Port())
	}
	switch rapid.SampledFrom([]string{"tcp", "udp", "sctp", "mark"}).Draw(t, "kind") {
	case "tcp":
		s.TCP = vip
	case "udp":
		s.UDP = vip
		s.OnePacket = rapid.Bool().Draw(t, "one packet")
	case "sctp":
		s.SCTP = vip
	case "mark":
		s.Mark, s.IPv6 = uint32(i+1), ipv6
		c.Marks = append(c.Marks, drawMark(t, s.Mark))
	}
	if s.Scheduler = rapid.SampledFrom([]string{"rr", "wlc", "sh"}).Draw(t, "scheduler"); s.Scheduler == "sh" {
		s.Flags = rapid.SampledFrom([][]string{nil, {"sh-port"}, {"sh-fallback", "flag-3"}}).Draw(t, "flags")
	}
	if rapid.Bool().Draw(t, "local addresses") {
		for k := range c.Workers.Number() {
			local := address(9, 9+k, i)
			if ipv6 {
				local = address6(9+k, i)
			}
			s.LocalAddresses = append(s.LocalAddresses, local)
		}
		s.ClientAddress = rapid.SampledFrom([]string{"toa", "proxy-v1", "none"}).Draw(t, "client address")
		if s.UDP.IsValid() {
			s.ClientAddress = "none"
		}
	}
	for j := range rapid.IntRange(0, 3).Draw(t, "servers") {
		s.Servers = append(s.Servers, drawServer(t, &s, j))
	}
	return s
}

// address6 returns fda::b.
func address6(a, b int) netip.Addr {
	return netip.AddrFrom16([16]byte{0: 0xfd, 1: byte(a), 14: byte(b >> 8), 15: byte(b)})
}

func drawServer(t *rapid.T, s *Service, j int) Server {
	rs := elements[reflect.TypeFor[Server]()].(Server)
	rs.Forward = rapid.SampledFrom([]string{"nat", "dr", "tun", "fullnat"}).Draw(t, "forward")
	if rs.Forward == "fullnat" && (s.LocalAddresses == nil || s.OnePacket || s.SCTP.IsValid()) {
		rs.Forward = "nat"
	}
	rs.Address = netip.AddrPortFrom(address(8, 0, 3+j), uint16(rapid.SampledFrom([]int{0, 80}).Draw(t, "rs port")))
	if ipv6 := s.Is6() != (rs.Forward == "tun" && rapid.Bool().Draw(t, "other family")); ipv6 {
		rs.Address = netip.AddrPortFrom(address6(8, 3+j), rs.Address.Port())
	}
	if rs.Forward == "tun" {
		rs.TunnelType = rapid.SampledFrom([]string{"ipip", "gue", "gre"}).Draw(t, "tunnel")
		if rs.TunnelType == "gue" {
			rs.TunnelPort = rapid.IntRange(1, 65535).Draw(t, "tunnel port")
			rs.TunnelChecksum = rapid.SampledFrom([]string{"", "remcsum"}).Draw(t, "checksum")
		}
	}
	rs.Weight = rapid.IntRange(0, 3).Draw(t, "weight")
	rs.Upper = rapid.Uint32Range(0, 100).Draw(t, "upper")
	return rs
}

func drawMark(t *rapid.T, mark uint32) Mark {
	m := Mark{Mark: mark, Protocol: rapid.SampledFrom([]string{"", "tcp", "udp", "sctp"}).Draw(t, "protocol")}
	if rapid.Bool().Draw(t, "to") {
		m.Destination = netip.PrefixFrom(address(0, 0, int(mark)), 32)
	}
	if rapid.Bool().Draw(t, "from") {
		m.Source = netip.MustParsePrefix("0.0.0.0/0")
	}
	for range rapid.IntRange(0, 2).Draw(t, "ranges") {
		first := rapid.Uint16Range(1, 60000).Draw(t, "first")
		m.Ports = append(m.Ports, PortRange{first, first + rapid.Uint16Range(0, 9).Draw(t, "more")})
	}
	return m
}

// edited returns a copy of c with at most one thing changed.
func edited(t *rapid.T, c *Config) *Config {
	d, err := Parse("copy", []byte(c.TOML()))
	if err != nil {
		t.Fatal(err)
	}
	switch rapid.IntRange(0, 5).Draw(t, "edit") {
	case 0:
		d.Workers.Lcores, d.Workers.Count = []int{rapid.IntRange(0, 63).Draw(t, "lcore")}, 0
	case 1:
		d.Ports[0].MTU = 1500
	case 2:
		d.Marks = d.Marks[:len(d.Marks)/2]
	case 3:
		d.Services = d.Services[:len(d.Services)/2]
	case 4:
		for i := range d.Services {
			d.Services[i].Servers = nil
		}
	case 5:
		d.DPDK.EAL = nil
	}
	return d
}

// same compares all but the warnings, which name lines.
func same(a, b *Config) bool {
	x, y := *a, *b
	x.Warnings, y.Warnings = nil, nil
	return reflect.DeepEqual(x, y)
}

func TestFormatAndReadAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := configs.Draw(t, "config")
		text := c.TOML()
		again, err := Parse("again", []byte(text))
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if !same(c, again) {
			t.Fatalf("got %+v\nwant %+v\n%s", again, c, text)
		}
	})
}

func TestFormat(t *testing.T) {
	golden(t, "format.golden", parse(t, readText(t, "testdata/base.toml")).TOML())
}

// FuzzParse: whatever the text, there is an error or a Config; a Config is printed so that it is read again.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"examples/all.toml", "examples/pfmc.toml", "testdata/base.toml", "testdata/five.toml", "testdata/syntax.toml"} {
		f.Add([]byte(readText(f, name)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("fuzz", data)
		if err != nil {
			if es, ok := err.(Errors); !ok || len(es) == 0 || es.Error() == "" || c != nil {
				t.Fatalf("%T %v, %v", err, err, c)
			}
			return
		}
		again, err := Parse("again", []byte(c.TOML()))
		if err != nil {
			t.Fatalf("%v\n%s", err, c.TOML())
		}
		if !same(c, again) {
			t.Fatalf("got %+v\nwant %+v", again, c)
		}
	})
}
