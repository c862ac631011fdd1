package service

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"cleat/lcore/flow"
)

var (
	vip  = flow.V4(0x0a000001) // 10.0.0.1
	vip2 = flow.V4(0x0a000002)
	vip6 = flow.Addr{Hi: 0xfd00_0000_0000_0000, Lo: 1}
)

func tcp(id uint32, addr flow.Addr, port uint16) *Virtual {
	return &Virtual{ID: id, Proto: flow.TCP, Addr: addr, Port: port}
}

// TestLookup goes through services.md S2.
func TestLookup(t *testing.T) {
	web, ftp, all := tcp(1, vip, 80), tcp(2, vip, 21), tcp(3, vip, 0)
	dns := &Virtual{ID: 4, Proto: flow.UDP, Addr: vip, Port: 53}
	mark4, mark6 := &Virtual{ID: 5, Mark: 3, Addr: flow.V4(0)}, &Virtual{ID: 6, Mark: 3}
	// A mark may be the number of an address.
	markVIP := &Virtual{ID: 7, Mark: 0x0a000001, Addr: flow.V4(0)}
	web6 := tcp(8, vip6, 80)
	full := NewTable([]*Virtual{web, ftp, all, dns, mark4, mark6, markVIP, web6}, nil, nil)
	noAll := NewTable([]*Virtual{web, ftp}, nil, nil)

	for _, c := range []struct {
		name  string
		table *Table
		mark  uint32
		proto uint8
		dst   flow.Addr
		port  uint16
		want  *Virtual
	}{
		{"S2 1: mark goes before address", full, 3, flow.TCP, vip, 80, mark4},
		{"S2 1: mark of the family", full, 3, flow.TCP, vip6, 80, mark6},
		{"S2 1: mark for an address that nobody serves", full, 3, flow.UDP, vip2, 9, mark4},
		{"S2.1: a mark without service", full, 4, flow.TCP, vip, 80, web},
		{"S2.1: nor of the family", full, 0x0a000001, flow.TCP, vip6, 80, web6},
		{"S2.1: no mark services at all", noAll, 3, flow.TCP, vip, 80, web},
		{"S2 2: exact", full, 0, flow.TCP, vip, 80, web},
		{"S2 2: IPv6", full, 0, flow.TCP, vip6, 80, web6},
		{"S2 2: the protocol counts", full, 0, flow.UDP, vip, 80, nil},
		{"S2 2: UDP", full, 0, flow.UDP, vip, 53, dns},
		{"S2 3: FTP data", full, 0, flow.TCP, vip, 20, ftp},
		{"S2 3: FTP passive, first unprivileged", full, 0, flow.TCP, vip, 1024, ftp},
		{"S2 3: FTP passive, last", full, 0, flow.TCP, vip, 65535, ftp},
		{"S2 3: not below 1024", noAll, 0, flow.TCP, vip, 1023, nil},
		{"S2 3: not for UDP", noAll, 0, flow.UDP, vip, 1024, nil},
		{"S2 3: not for another VIP", noAll, 0, flow.TCP, vip2, 1024, nil},
		{"S2 4: port 0", full, 0, flow.TCP, vip, 443, all},
		{"S2 4: port 0 takes TCP only here", full, 0, flow.UDP, vip, 443, nil},
		{"S2 5: none", full, 0, flow.TCP, vip2, 80, nil},
		{"a mark's key is no address", full, 0, 0, vip, 0, nil},
		{"empty", NewTable(nil, nil, nil), 3, flow.TCP, vip, 80, nil},
	} {
		if got := c.table.Lookup(c.mark, c.proto, c.dst, c.port); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

// spelledOut is services.md S2 over a plain list.
func spelledOut(list []*Virtual, mark uint32, proto uint8, dst flow.Addr, port uint16) *Virtual {
	for _, v := range list {
		if mark != 0 && v.Mark == mark && v.Addr.Is4() == dst.Is4() {
			return v
		}
	}
	at := func(port uint16) *Virtual {
		for _, v := range list {
			if v.Mark == 0 && v.Proto == proto && v.Addr == dst && v.Port == port {
				return v
			}
		}
		return nil
	}
	v := at(port)
	if v == nil && proto == flow.TCP && (port == 20 || port >= 1024) {
		v = at(21)
	}
	if v == nil {
		v = at(0)
	}
	return v
}

func TestLookupIsTheListWalked(t *testing.T) {
	addrs := rapid.SampledFrom([]flow.Addr{vip, vip2, vip6, flow.V4(3)})
	ports := rapid.SampledFrom([]uint16{0, 20, 21, 80, 1023, 1024, 8080})
	protos := rapid.SampledFrom([]uint8{flow.TCP, flow.UDP, flow.SCTP})
	marks := rapid.Uint32Range(0, 3)
	rapid.Check(t, func(t *rapid.T) {
		var list []*Virtual
		seen := map[[4]any]bool{}
		for i := range rapid.Uint32Range(0, 30).Draw(t, "n") {
			v := &Virtual{ID: i, Mark: marks.Draw(t, "mark"), Addr: addrs.Draw(t, "addr")}
			id := [4]any{v.Mark, v.Addr.Is4()}
			if v.Mark == 0 {
				v.Proto, v.Port = protos.Draw(t, "proto"), ports.Draw(t, "port")
				id = [4]any{0, v.Proto, v.Addr, v.Port}
			}
			if !seen[id] {
				seen[id] = true
				list = append(list, v)
			}
		}
		table := NewTable(list, nil, nil)
		for range 50 {
			mark, proto, dst, port := marks.Draw(t, "mark"), protos.Draw(t, "proto"), addrs.Draw(t, "dst"), ports.Draw(t, "port")
			got, want := table.Lookup(mark, proto, dst, port), spelledOut(list, mark, proto, dst, port)
			if got != want {
				t.Fatalf("Lookup(%d, %d, %v, %d) = %+v, want %+v", mark, proto, dst.Netip(), port, got, want)
			}
		}
	})
}

func TestByNumber(t *testing.T) {
	a, b := tcp(7, vip, 80), tcp(2, vip, 81)
	rs := Real{Slot: 1, Addr: vip2, Weight: 1}
	table := NewTable([]*Virtual{a, b}, []Real{{}, rs, {}}, nil)
	for id, want := range map[uint32]*Virtual{7: a, 2: b, 0: nil, 3: nil, 8: nil, 1 << 31: nil} {
		if got := table.Virtual(id); got != want {
			t.Errorf("Virtual(%d) = %v, want %v", id, got, want)
		}
	}
	for slot, want := range map[uint32]Real{0: {}, 1: rs, 2: {}, 3: {}, 1 << 31: {}} {
		if got := *table.Real(slot); got != want {
			t.Errorf("Real(%d) = %+v, want %+v", slot, got, want)
		}
	}
	if table.Empty() || len(table.Virtuals()) != 2 {
		t.Errorf("Empty() = %v, Virtuals() = %v", table.Empty(), table.Virtuals())
	}
	if empty := NewTable(nil, nil, nil); !empty.Empty() || empty.Virtual(0) != nil || *empty.Real(0) != (Real{}) {
		t.Error("the empty table is not empty")
	}
}

func TestNewTableRefuses(t *testing.T) {
	for name, build := range map[string]func(){
		"one identity": func() { NewTable([]*Virtual{tcp(1, vip, 80), tcp(2, vip, 80)}, nil, nil) },
		"one ID":       func() { NewTable([]*Virtual{tcp(1, vip, 80), tcp(1, vip, 81)}, nil, nil) },
		"wrong slot":   func() { NewTable(nil, []Real{{Slot: 1, Addr: vip}}, nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			build()
		}()
	}
}

func services(n int) *Table {
	var list []*Virtual
	for i := range uint32(n) {
		list = append(list, tcp(i, flow.V4(0x0a000001+i), 80))
	}
	return NewTable(list, nil, nil)
}

func TestLookupAllocatesNothing(t *testing.T) {
	table := services(100)
	if n := testing.AllocsPerRun(100, func() { table.Lookup(1, flow.TCP, vip, 80) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkLookup(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		table := services(n)
		b.Run(fmt.Sprintf("services=%d", n), func(b *testing.B) {
			i := 0
			for b.Loop() {
				table.Lookup(0, flow.TCP, flow.V4(0x0a000001+uint32(i)), 80)
				if i++; i == n {
					i = 0
				}
			}
		})
	}
}
