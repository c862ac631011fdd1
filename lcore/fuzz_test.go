package lcore

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/service"
	"cleat/lcore/wheel"
	"cleat/lcore/wire"
)

// A script is what a fuzzer writes: frames one after the other, each behind two bytes, whose lowest 11 bits are its length
// and whose others are these.
const (
	scriptLength = 1<<11 - 1
	scriptInside = 1 << 11 // it comes from inside
	scriptMended = 1 << 12 // it is given the MAC address and, if it is one, the ICMP checksum that a random one has not
	scriptLater  = 1 << 13 // 7 s go by before it
	scriptBurst  = 1 << 14 // it waits for the next one, and they are one burst
)

func scripted(what uint16, frame []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, what|uint16(len(frame))), frame...)
}

// FuzzWorker has workers receive whatever frames on both ports, in segments of whatever size, with header checksums that the port
// says are good where flags has IPCsumGood: nothing panics, no packet is lost or given back twice (lcoretest.Pool), all are counted, and what
// leaves is whole.
func FuzzWorker(f *testing.F) {
	for _, segment := range []byte{0, 20, 34, 42, 60, 255} {
		f.Add(fuzzStory(), segment, burst.IPCsumGood)
		f.Add(fuzzStory6(), segment, burst.IPCsumGood)
	}
	f.Add(fuzzStory(), byte(0), burst.VLANStripped|burst.HashValid|burst.L4CsumBad)
	f.Fuzz(func(t *testing.T, script []byte, segment byte, flags uint16) {
		r := newRig(t, bothFamilies(wishes{settings: fuzzSettings, services: fuzzServices, marks: fuzzMarks, size: 8, workers: 2}))
		for i := range r.ports {
			r.ports[i].Segment = int(segment)
			r.ports[i].OnReceive = func(p *burst.Packet) { p.Flags = flags & 0xff }
		}
		for n := 0; len(script) >= 2; n++ {
			what := binary.BigEndian.Uint16(script)
			frame := script[2:min(2+int(what&scriptLength), len(script))]
			script = script[2+len(frame):]
			port := int(what & scriptInside / scriptInside)
			if what&scriptMended != 0 {
				frame = mend(frame, port)
			}
			if what&scriptLater != 0 {
				r.now += 7 * time.Second
			}
			r.ports[port].Inject(n%2, frame)
			if what&scriptBurst == 0 {
				r.turn()
			}
		}
		r.turn()
		r.now += 11 * time.Second // templates, connections that were reset, packets that wait for next hops
		r.turn()
		for i := range r.ports {
			for _, frame := range r.ports[i].Sent() {
				lcoretest.Describe(frame)
			}
		}
		r.conserve()
	})
}

var (
	fuzzSettings = Settings{
		Extend: 60 * wheel.Second, RestoreTimeout: true, ConnReuseMode: 1, ExpireNodestConn: true, ExpireQuiescentTemplate: true,
		SloppyTCP: true, Forward: true,
	}
	fuzzServices = []wish{
		{proto: flow.TCP, vip: vip80, persist: 10 * time.Second, servers: []string{"10.9.0.11:8080 1 2 1", "10.9.0.12:80", "10.9.0.13:80 0"}},
		{proto: flow.TCP, vip: "10.0.0.1:0", persist: 10 * time.Second, mask: 24, scheduler: "sh", servers: []string{"10.9.0.11:0", "10.9.0.77:0"}},
		{proto: flow.TCP, vip: "10.0.0.1:21", servers: []string{"10.9.0.11:21"}},
		{proto: flow.UDP, vip: "10.0.0.1:53", scheduler: "wlc", servers: []string{"10.9.0.12:5353", "10.9.0.12:54 1 gone"}},
		{mark: 7, persist: 10 * time.Second, scheduler: "wrr", servers: []string{"10.9.0.12:0 3", "10.9.0.13:0"}},
		{proto: flow.UDP, vip: "10.0.0.1:500", servers: []string{"10.9.0.11:500 gue"}},
	}
	fuzzMarks = []service.Rule{{Mark: 7, Dst: addr("10.0.0.2"), DstMask: flow.MaskOf(32, true)}}
)

// fuzzStory is a script in which much happens, for the fuzzer to change.
func fuzzStory() (script []byte) {
	add := func(what uint16, frame []byte) { script = append(script, scripted(what|scriptMended, frame)...) }
	client, vip, server := netip.MustParseAddrPort("172.16.0.1:20001"), netip.MustParseAddrPort(vip80), netip.MustParseAddrPort("10.9.0.12:80")
	dns, marked := netip.MustParseAddrPort("10.0.0.1:53"), netip.MustParseAddrPort("10.0.0.2:443")
	add(0, lcoretest.TCP(client, vip, "S", lcoretest.MSS(1460)))
	add(scriptInside, lcoretest.TCP(server, client, "SA", lcoretest.MSS(1460)))
	add(scriptBurst, lcoretest.TCP(client, vip, "A"))
	add(scriptBurst, lcoretest.TCP(client, vip, "PA", lcoretest.Payload(make([]byte, 100))))
	add(0, lcoretest.TCP(client, vip, "FA", lcoretest.RouterAlert()))
	add(scriptInside, lcoretest.ICMPError(server.Addr(), client.Addr(), 3, 4, 1400, lcoretest.TCP(client, server, "PA")))
	add(0, lcoretest.ICMPError(client.Addr(), vip.Addr(), 11, 0, 0, lcoretest.TCP(vip, client, "SA")))
	add(scriptLater, lcoretest.TCP(client, vip, "S"))
	add(0, lcoretest.UDP(client, dns, lcoretest.Payload([]byte("who is it?"))))
	add(scriptInside, lcoretest.UDP(netip.MustParseAddrPort("10.9.0.12:5353"), client, lcoretest.Payload([]byte("me"))))
	add(scriptBurst, lcoretest.TCP(client, marked, "S"))
	add(0, lcoretest.TCP(client, marked, "R"))
	add(scriptInside, lcoretest.TCP(server, vip, "S"))
	add(0, lcoretest.TCP(client, netip.MustParseAddrPort("10.9.0.99:80"), "S"))
	add(0, lcoretest.TCP(client, netip.MustParseAddrPort("10.9.0.99:80"), "S", lcoretest.TTL(1)))
	add(0, lcoretest.TCP(client, netip.MustParseAddrPort("192.0.2.1:80"), "S"))
	add(0, lcoretest.Echo(client.Addr(), vip.Addr(), 1, 1, lcoretest.Payload(make([]byte, 56))))
	add(0, lcoretest.Fragments(lcoretest.UDP(client, dns, lcoretest.Payload(make([]byte, 64))), 24)[1])
	add(0, lcoretest.UDP(client, dns, lcoretest.VLAN(5)))
	keys, peer := netip.MustParseAddrPort("10.0.0.1:500"), netip.AddrPortFrom(client.Addr(), 500)
	add(0, lcoretest.UDP(peer, keys, lcoretest.DF()))
	add(0, sealed("172.16.0.1", "10.0.0.1"))
	add(scriptInside, told(3, 4, 1400, sentThrough("gue", "10.9.0.1", "10.9.0.11", lcoretest.UDP(peer, keys, lcoretest.DF()))))
	add(scriptInside, told(11, 0, 0, sentThrough("gue", "10.9.0.1", "10.9.0.11", sealed("172.16.0.1", "10.0.0.1"))))
	add(0, lcoretest.UDP(client, netip.MustParseAddrPort("10.8.0.1:9")))
	add(0, lcoretest.UDP(client, server, lcoretest.DF(), lcoretest.Payload(make([]byte, 1600))))
	add(scriptInside, lcoretest.ARPRequest(lcoretest.ClientMAC, server.Addr(), netip.MustParseAddr("10.9.0.1")))
	return script
}

// fuzzStory6 is one over IPv6.
func fuzzStory6() (script []byte) {
	add := func(what uint16, frame []byte) { script = append(script, scripted(what|scriptMended, frame)...) }
	client, vip, server := netip.MustParseAddrPort(alice6), netip.MustParseAddrPort(vip6), netip.MustParseAddrPort("[fd09::12]:80")
	dns, marked := netip.MustParseAddrPort("[fd00::1]:53"), netip.MustParseAddrPort("[fd00::2]:443")
	hop, dest, route, whole := lcoretest.Extension(0), lcoretest.Extension(60), lcoretest.Extension(43), lcoretest.Extension(44)
	add(0, lcoretest.Solicitation(lcoretest.ClientMAC, netip.MustParseAddr("fd08::2"), vip.Addr()))
	add(scriptBurst, lcoretest.Solicitation(lcoretest.ClientMAC, netip.IPv6Unspecified(), vip.Addr()))
	add(0, lcoretest.TCP(client, vip, "S", lcoretest.MSS(1440)))
	add(scriptInside, lcoretest.TCP(server, client, "SA", lcoretest.MSS(1440)))
	add(scriptBurst, lcoretest.TCP(client, vip, "PA", hop, dest, lcoretest.Payload(make([]byte, 100))))
	add(0, lcoretest.TCP(client, vip, "FA", whole))
	add(0, lcoretest.TCP(client, vip, "S", route))
	add(scriptInside, lcoretest.ICMPError(server.Addr(), client.Addr(), 2, 0, 1400, lcoretest.TCP(client, server, "PA")))
	add(scriptBurst, lcoretest.ICMPError(client.Addr(), vip.Addr(), 3, 0, 0, lcoretest.TCP(vip, client, "SA", dest)))
	add(scriptLater, lcoretest.TCP(client, vip, "S"))
	add(0, lcoretest.UDP(client, dns, lcoretest.Payload([]byte("who is it?"))))
	add(scriptInside, lcoretest.UDP(netip.MustParseAddrPort("[fd09::12]:5353"), client, lcoretest.Payload([]byte("me"))))
	add(scriptBurst, lcoretest.TCP(client, marked, "S"))
	add(scriptInside, lcoretest.TCP(server, vip, "S"))
	add(0, lcoretest.TCP(client, netip.MustParseAddrPort("[fd09::99]:80"), "S"))
	add(0, lcoretest.TCP(client, netip.MustParseAddrPort("[2001:db8::1]:80"), "S", lcoretest.TTL(1)))
	add(0, lcoretest.Echo(client.Addr(), vip.Addr(), 1, 1, lcoretest.Payload(make([]byte, 56))))
	for _, fragment := range lcoretest.Fragments6(lcoretest.UDP(client, dns, lcoretest.Payload(make([]byte, 64))), 24) {
		add(scriptBurst, fragment)
	}
	add(0, lcoretest.UDP(client, server, lcoretest.Payload(make([]byte, 1600))))
	add(scriptInside, lcoretest.Advertisement(lcoretest.ClientMAC, netip.MustParseAddr("fd09::99"), insideMAC, netip.MustParseAddr("fd09::1"), 0x60))
	return script
}

// mend returns a copy of frame as a port of ours would get it if nobody had lied about MAC address and ICMP checksum.
func mend(frame []byte, port int) []byte {
	frame = append([]byte(nil), frame...)
	eth, ok := wire.ParseEthernet(frame)
	if !ok {
		return frame
	}
	eth.SetDst([][6]byte{outsideMAC, insideMAC}[port])
	if ip, ok := wire.ParseIPv6(eth.Payload(), len(eth.Payload())); ok {
		if u, ok := ip.Upper(); ok && u.ICMPv6() && len(u.Payload(ip)) >= wire.ICMPLen {
			m := wire.ICMP(u.Payload(ip))
			m.SetChecksum(0)
			m.SetChecksum(wire.Checksum(m, u.Pseudo(ip)))
		}
	}
	if ip, ok := wire.ParseIPv4(eth.Payload(), len(eth.Payload())); ok && ip.Protocol() == flow.ICMP {
		if m, ok := wire.ParseICMP(ip.Payload()); ok {
			m.SetChecksum(0)
			m.SetChecksum(wire.Checksum(m, 0))
		}
	}
	return frame
}
