package ipvsadm

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"cleat/appliance/api"
)

// entry is a connection or a template, as the kernel lists both.
type entry struct {
	protocol                string // "tcp"; "ip" of the template of a mark
	client, virtual, server netip.AddrPort
	state                   string
	seconds                 int64 // left, whole ones
	engine, data            string
}

// eachEntry gives every template and every connection to yield.
func (t *Tool) eachEntry(yield func(*entry) error) error {
	err := t.Cleatd.Templates(func(row *api.Template) error {
		e, err := fromTemplate(row)
		if err != nil {
			return err
		}
		return yield(&e)
	})
	if err != nil {
		return err
	}
	return t.Cleatd.Connections(func(row *api.Connection) error {
		e, err := fromConnection(row)
		if err != nil {
			return err
		}
		return yield(&e)
	})
}

func fromConnection(c *api.Connection) (entry, error) {
	e := entry{protocol: c.Protocol, state: c.State, seconds: int64(c.Expires)}
	return e, e.parse(c.Client, c.Virtual, c.Server)
}

// invalidPort stands in both ports of a template that is no longer found (P5.7).
const invalidPort = 65535

// fromTemplate writes a template as an entry: its client's port is 0, a mark stands where the address would (P1).
func fromTemplate(t *api.Template) (entry, error) {
	e := entry{protocol: t.Protocol, state: t.State, seconds: int64(t.Expires), engine: t.Engine, data: t.EngineData}
	client, err := netip.ParseAddr(t.Client)
	if err != nil {
		return e, err
	}
	virtual := t.Virtual
	if digits, ok := strings.CutPrefix(virtual, "mark "); ok {
		mark, err := strconv.ParseUint(digits, 10, 32)
		if err != nil {
			return e, err
		}
		port := uint16(0)
		if t.Invalidated {
			port = invalidPort
		}
		virtual = netip.AddrPortFrom(markAddress(uint32(mark), client.Is6()), port).String()
	}
	return e, e.parse(netip.AddrPortFrom(client, 0).String(), virtual, t.Server)
}

// markAddress is a mark in the first four bytes of an address: 0.0.0.3, 0:3::.
func markAddress(mark uint32, v6 bool) netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint32(b[:], mark)
	if v6 {
		return netip.AddrFrom16(b)
	}
	return netip.AddrFrom4([4]byte(b[:4]))
}

func (e *entry) parse(client, virtual, server string) (err error) {
	for _, p := range []struct {
		to   *netip.AddrPort
		text string
	}{{&e.client, client}, {&e.virtual, virtual}, {&e.server, server}} {
		if *p.to, err = netip.ParseAddrPort(p.text); err != nil {
			return err
		}
	}
	return nil
}

// entries prints -Lc (I4.6), with the persistence engines' data if wanted.
func (t *Tool) entries(names *naming, engines bool) error {
	w := bufio.NewWriter(t.Stdout)
	fmt.Fprintf(w, "IPVS connection entries\n"+entryFormat, "pro", "expire", "state", "source", "virtual")
	if engines {
		fmt.Fprintf(w, "%-18s %-16s %s\n", "destination", "pe name", "pe_data")
	} else {
		fmt.Fprintln(w, "destination")
	}
	err := t.eachEntry(func(e *entry) error {
		fmt.Fprintf(w, entryFormat, strings.ToUpper(e.protocol), fmt.Sprintf("%02d:%02d", e.seconds/60, e.seconds%60), e.state,
			names.endpoint(e.client, e.protocol), names.endpoint(e.virtual, e.protocol))
		server := names.endpoint(e.server, e.protocol)
		if !engines || e.engine == "" {
			_, err := fmt.Fprintln(w, server)
			return err
		}
		data, _, _ := strings.Cut(e.data, " ") // the tool reads the kernel's text word by word
		_, err := fmt.Fprintf(w, "%-16s %-18s %s\n", server, e.engine, data)
		return err
	})
	if err != nil {
		return err
	}
	return w.Flush()
}

const entryFormat = "%-3s %-6s %-11s %-18s %-18s "
