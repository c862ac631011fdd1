package ipvsadm

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cleat/appliance/api"
)

// drawNumber draws a number of any size up to so many bits.
func drawNumber(t *rapid.T, bits int) uint64 {
	return rapid.Uint64Range(0, 1<<bits-1).Draw(t, "number") >> rapid.IntRange(0, bits-1).Draw(t, "shift")
}

// drawCounters draws counters and rates, and the same as testdata/kernel.c reads them.
func drawCounters(t *rapid.T) (c api.Counters, r api.Rates, text string) {
	n := func(bits int) (n uint64) {
		n = drawNumber(t, bits)
		text += fmt.Sprintf(" %d", n)
		return n
	}
	c = api.Counters{Connections: n(32), InPackets: n(32), OutPackets: n(32), InBytes: n(60), OutBytes: n(60)}
	r = api.Rates{Connections: n(31), InPackets: n(31), OutPackets: n(31), InBytes: n(32), OutBytes: n(32)}
	return c, r, text + "\n"
}

// Addresses whose order does not depend on where one starts: all differences have 31 bits.
var someAddresses = []string{"10.0.0.1", "10.0.0.2", "172.16.0.1", "192.168.1.1", "224.0.0.1", "198.51.100.200"}

// drawTable draws IPv4 services with servers, as both kernels can have them.
func drawTable(t *rapid.T) (services []api.Service, text string) {
	type key struct{ at, port any }
	seen := map[key]bool{}
	for range rapid.IntRange(0, 5).Draw(t, "services") {
		var s api.Service
		at, port := "0.0.0.0", 0
		s.Protocol = rapid.SampledFrom([]string{"tcp", "udp", "sctp", "mark"}).Draw(t, "protocol")
		if s.Protocol == "mark" {
			s.Mark = uint32(rapid.SampledFrom([]int{1, 7, 4294967295}).Draw(t, "mark"))
		} else {
			at = rapid.SampledFrom(someAddresses).Draw(t, "address")
			port = rapid.SampledFrom([]int{0, 53, 80, 5060, 65535}).Draw(t, "port")
			s.Address = fmt.Sprintf("%s:%d", at, port)
		}
		if k := (key{s.Protocol + at, port + int(s.Mark)}); seen[k] {
			continue
		} else {
			seen[k] = true
		}
		s.Scheduler = rapid.SampledFrom([]string{"rr", "wlc", "sh", "mh"}).Draw(t, "scheduler")
		bits := rapid.IntRange(0, 7).Draw(t, "flags")
		s.Flags = nameFlags(uint8(bits), s.Scheduler)
		flags, mask := bits<<3, "255.255.255.255"
		if s.OnePacket = rapid.Bool().Draw(t, "ops"); s.OnePacket {
			flags |= 4
		}
		if rapid.Bool().Draw(t, "persistent") {
			s.Persistent = rapid.SampledFrom([]int{1, 300, 2678400}).Draw(t, "timeout")
			flags |= 1
			mask = rapid.SampledFrom([]string{mask, "255.255.255.0", "0.0.0.0"}).Draw(t, "mask")
		}
		s.Netmask = mask
		var counters string
		s.Stats, s.Rates, counters = drawCounters(t)
		protocol := protocolNumbers[s.Protocol]
		if s.Protocol == "mark" {
			protocol = 0 // as netlink has it
		}
		text += fmt.Sprintf("s %d %s %d %d %s %d %d %s%s", protocol, at, port, s.Mark, s.Scheduler, flags, s.Persistent, mask, counters)
		s.Servers, counters = drawServers(t)
		services, text = append(services, s), text+counters
	}
	return services, text
}

// drawServers draws servers in the order of adding; in the text they are in the kernel's.
func drawServers(t *rapid.T) (servers []api.Server, text string) {
	seen := map[string]bool{}
	for range rapid.IntRange(0, 4).Draw(t, "servers") {
		at, port := rapid.SampledFrom(someAddresses).Draw(t, "server"), rapid.SampledFrom([]int{0, 80, 8080}).Draw(t, "port")
		s := api.Server{ServerSpec: api.ServerSpec{Address: fmt.Sprintf("%s:%d", at, port)}}
		if seen[s.Address] {
			continue
		}
		seen[s.Address] = true
		method := rapid.SampledFrom([]int{0, 1, 2, 3}).Draw(t, "method")
		s.Forward = []string{"nat", "local", "tun", "dr"}[method]
		s.Weight = int(drawNumber(t, 31))
		s.Upper, s.Lower = uint32(drawNumber(t, 32)), uint32(drawNumber(t, 32))
		s.Active, s.Inactive, s.Persistent = int64(drawNumber(t, 32)), int64(drawNumber(t, 32)), int64(drawNumber(t, 32))
		var counters string
		s.Stats, s.Rates, counters = drawCounters(t)
		servers = append(servers, s)
		text = fmt.Sprintf("d %s %d %d %d %d %d %d %d %d%s", at, port, method, s.Weight, s.Upper, s.Lower, s.Active, s.Inactive, s.Persistent, counters) + text
	}
	return servers, text
}

// TestRealListings: of the same tables both tools print the same; in numbers, since the real one asks name servers.
func TestRealListings(t *testing.T) {
	useMachineNames(t)
	r := newReal(t)
	r.file(t, "log", "")
	rapid.Check(t, func(t *rapid.T) {
		k := newKernel()
		var table, conn string
		k.services, table = drawTable(t)
		conn = k.drawEntries(t)
		r.file(t, "table", table)
		r.file(t, "conn", conn)
		args := rapid.SampledFrom([]string{
			"-Ln", "-Ln --nosort", "-Ln --stats", "-Ln --rate", "-LnX --stats", "-LnX --rate", "-Ln --thresholds", "-Ln --persistent-conn", "-Ln --tun-info",
			"-Ln -f 7", "-Ln -t 10.0.0.1:80 --stats", "-Sn", "-Lnc", "-Lnc --persistent-conn", "-Ln --rate --stats",
		}).Draw(t, "args")
		wantOut, wantErr, wantCode := r.run(t, "", strings.Fields(args)...)
		out, errText, code := k.run(realPath, "", strings.Fields(args)...)
		if diff := cmp.Diff([]any{wantOut, wantErr, wantCode}, []any{out, errText, code}); diff != "" {
			t.Fatalf("%s\n%s(-real +here)\n%s", args, table, diff)
		}
	})
}

// drawEntries draws connections, which have ports, and templates, which have none, and returns the kernel's text of them.
func (k *kernel) drawEntries(t *rapid.T) string {
	for range rapid.IntRange(0, 6).Draw(t, "entries") {
		family := rapid.SampledFrom([][]string{{"172.16.0.1", "10.0.0.1", "127.0.0.1"}, {"[fd16::1]", "[fd00::1]", "[fd09::12]"}}).Draw(t, "family")
		protocol := rapid.SampledFrom([]string{"tcp", "udp", "sctp"}).Draw(t, "protocol")
		port := rapid.SampledFrom([]int{22, 80, 5060, 65535}).Draw(t, "port")
		state := rapid.SampledFrom([]string{"NONE", "ESTABLISHED", "SYN_RECV", "UDP"}).Draw(t, "state")
		virtual, server := fmt.Sprintf("%s:%d", family[1], port), fmt.Sprintf("%s:%d", family[2], port)
		seconds := float64(drawNumber(t, 22))
		if rapid.Bool().Draw(t, "connection") {
			k.connections = append(k.connections, api.Connection{Protocol: protocol, Client: family[0] + ":20001", Virtual: virtual, Server: server, State: state, Expires: seconds})
			continue
		}
		row := api.Template{Protocol: protocol, Client: strings.Trim(family[0], "[]"), Virtual: virtual, Server: server, State: state, Expires: seconds}
		if rapid.Bool().Draw(t, "of a mark") {
			row.Protocol, row.Virtual = "ip", "mark 3"
		} else if rapid.Bool().Draw(t, "engine") {
			row.Engine, row.EngineData = "sip", "a1b2@host"
		}
		k.templates = append(k.templates, row)
	}
	text, _, _ := k.play("cat /proc/net/ip_vs_conn", "")
	return text
}
