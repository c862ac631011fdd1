package ipvsadm

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"

	"cleat/appliance/api"
)

// TestEntries: from what the kernel had in /proc/net/ip_vs_conn the same text is made again, and the tool's listing of the same moment.
func TestEntries(t *testing.T) {
	text, err := os.ReadFile("testdata/oracle/entries.txt")
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(string(text), "# ") {
		name, text, _ := strings.Cut(part, "\n")
		if name == "" {
			continue
		}
		proc, listing, _ := strings.Cut(text, "IPVS connection entries\n")
		k := newKernel()
		for row := range strings.Lines(proc) {
			if fields := strings.Fields(row); fields[0] != "Pro" {
				k.addProcRow(t, fields)
			}
		}
		if got, _, _ := k.play("cat /proc/net/ip_vs_conn", ""); sortLines(got) != sortLines(proc) {
			t.Errorf("%s: /proc/net/ip_vs_conn\n%s\nwant\n%s", name, got, proc)
		}
		if got, _, _ := k.run("ipvsadm", "", "-Lnc"); sortLines(got) != sortLines("IPVS connection entries\n"+listing) {
			t.Errorf("%s: -Lnc\n%s\nwant\n%s", name, got, listing)
		}
	}
}

// addProcRow adds what the kernel's line is in the API's words.
func (k *kernel) addProcRow(t *testing.T, f []string) {
	t.Helper()
	client, virtual, server := fromHex(t, f[1], f[2]), fromHex(t, f[3], f[4]), fromHex(t, f[5], f[6])
	seconds, err := strconv.ParseFloat(f[8], 64)
	if err != nil {
		t.Fatal(err)
	}
	protocol := strings.ToLower(f[0])
	if client.Port() != 0 {
		k.connections = append(k.connections, api.Connection{
			Protocol: protocol, Client: client.String(), Virtual: virtual.String(), Server: server.String(), State: f[7], Expires: seconds,
		})
		return
	}
	row := api.Template{Protocol: protocol, Client: client.Addr().String(), Virtual: virtual.String(), Server: server.String(), State: f[7], Expires: seconds}
	if protocol == "ip" {
		b := virtual.Addr().AsSlice()
		row.Virtual = fmt.Sprintf("mark %d", uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8|uint32(b[3]))
	}
	if len(f) > 9 {
		row.Engine, row.EngineData = f[9], f[10]
	}
	k.templates = append(k.templates, row)
}

func fromHex(t *testing.T, address, port string) netip.AddrPort {
	t.Helper()
	number, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		t.Fatal(err)
	}
	ip, err := netip.ParseAddr(address)
	if err != nil {
		raw, err := hex.DecodeString(address)
		if err != nil || len(raw) != 4 {
			t.Fatal(address, err)
		}
		ip = netip.AddrFrom4([4]byte(raw))
	}
	return netip.AddrPortFrom(ip, uint16(number))
}

// TestInvalidatedMark: an invalidated template of a mark shows the port that no packet has in both places (P5.7), of IPv6 too.
func TestInvalidatedMark(t *testing.T) {
	k := newKernel()
	k.templates = []api.Template{
		{Protocol: "ip", Client: "172.16.0.1", Virtual: "mark 3", Server: "10.9.0.13:65535", State: "ASSURED", Expires: 7, Invalidated: true},
		{Protocol: "ip", Client: "fd16::1", Virtual: "mark 3", Server: "[fd09::13]:0", State: "NONE", Expires: 7800},
	}
	got, _, _ := k.run("ipvsadm", "", "-Lnc")
	want := "IPVS connection entries\npro expire state       source             virtual            destination\n" +
		"IP  00:07  ASSURED     172.16.0.1:0       0.0.0.3:65535      10.9.0.13:65535\n" +
		"IP  130:00 NONE        [fd16::1]:0        [0:3::]:0          [fd09::13]:0\n"
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestSyncedEntries(t *testing.T) {
	k := newKernel()
	k.addProcRow(t, strings.Fields("UDP AC100007 0FA7 0A000004 13C4 0A09000C 13C4 UDP 299"))
	got, _, _ := k.play("cat /proc/net/ip_vs_conn_sync", "")
	want := "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Origin Expires\n" +
		"UDP AC100007 0FA7 0A000004 13C4 0A09000C 13C4 UDP         LOCAL      299\n"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestProcStats: the text of scenario e05.
func TestProcStats(t *testing.T) {
	k := newKernel()
	k.rates = api.IPVS{
		Stats: api.Counters{Connections: 6, InPackets: 24, OutPackets: 12, InBytes: 0x510, OutBytes: 0x36f},
		Rates: api.Rates{Connections: 1, InPackets: 3, OutPackets: 1, InBytes: 0xa2, OutBytes: 0x6e},
	}
	got, _, _ := k.play("cat /proc/net/ip_vs_stats", "")
	want := `   Total Incoming Outgoing         Incoming         Outgoing
   Conns  Packets  Packets            Bytes            Bytes
       6       18        C              510              36F

 Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s
       1        3        1               A2               6E
`
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
