package lcore

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/template"
	"cleat/lcore/wheel"
)

// listing is what `ipvsadm -Lnc` would say, sorted: protocol, time left with its fraction cut off, state, source, virtual,
// destination, engine and its data (persistence.md P11.1, P9.6). Templates have source port 0.
func (r *rig) listing() []string {
	var lines []string
	for _, w := range r.workers {
		for i := range w.conns.Entries {
			e := &w.conns.Entries[i]
			if !e.Live() {
				continue
			}
			lines = append(lines, line(e.Proto, e.Deadline()-w.tick, e.State.String(), endpoint(w.conns.Client(e)), endpoint(w.conns.Virtual(e)), endpoint(w.conns.Server(e))))
		}
		for i := range w.tmpls.Entries {
			e := &w.tmpls.Entries[i]
			if !e.Live() {
				continue
			}
			k, state := w.tmpls.Key(e), map[uint8]string{template.None: "NONE", template.Assured: "ASSURED"}[e.State]
			server := endpoint(w.tables.Services.Real(e.Slot).Addr, e.ServerPort())
			row := w.tmpls.Row(uint32(i))
			if data := row.Data(); len(data) != 0 {
				server += " sip " + string(data)
			}
			lines = append(lines, line(k.Proto, e.Deadline()-w.tick, state, endpoint(k.Client, 0), endpoint(k.Virtual, k.Port), server))
		}
	}
	slices.Sort(lines)
	return lines
}

func line(proto uint8, left uint32, state, client, virtual, server string) string {
	name := map[uint8]string{0: "IP", flow.TCP: "TCP", flow.UDP: "UDP", flow.SCTP: "SCTP"}[proto]
	s := left / wheel.Second
	return fmt.Sprintf("%s %02d:%02d %s %s %s %s", name, s/60, s%60, state, client, virtual, server)
}

func endpoint(a flow.Addr, port uint16) string { return fmt.Sprintf("%v:%d", a.Netip(), port) }

// moment is a point of a timeline: what happens at that time, and what is listed half a second later.
type moment struct {
	at   time.Duration
	act  act
	want []string
}

// timeline plays moments over a new rig.
func timeline(t *testing.T, w wishes, moments []moment) {
	t.Helper()
	r := newRig(t, w)
	begin := r.now
	for _, m := range moments {
		r.pass(begin + m.at - r.now)
		if m.act != nil {
			m.act(r)
		}
		r.pass(500 * time.Millisecond)
		r.sent()
		slices.Sort(m.want)
		if diff := cmp.Diff(m.want, r.listing()); diff != "" {
			t.Errorf("at %v, listed (-want +got):\n%s", m.at, diff)
		}
	}
	r.conserve()
}

// choose sends a client's frame and returns the server that gets it, "10.9.0.13:80"; "" if none does.
func (r *rig) choose(frame []byte) string {
	r.sent() // what earlier frames have made leave
	for _, line := range r.send(outside, frame) {
		if fields := strings.Fields(line); fields[0] == "1:" {
			_, port, _ := strings.Cut(fields[5], ">")
			return fields[3] + ":" + port
		}
	}
	return ""
}

// picks opens a connection of each of n new clients and returns the last digit of every server, x for none.
func (r *rig) picks(n int) string {
	var b strings.Builder
	for range n {
		r.clients++
		server := r.choose(fromClient(fmt.Sprintf("172.17.%d.%d:999", r.clients/256, r.clients%256), vip80, "S"))
		if server == "" {
			b.WriteByte('x')
			continue
		}
		b.WriteByte(server[len("10.9.0.1")])
	}
	return b.String()
}

// establish opens a TCP connection to 10.0.0.1:80 whole; n is the number of the server that takes it.
func establish(client string, n int) act {
	server := fmt.Sprintf("10.9.0.1%d:80", n)
	return acts(in(outside, fromClient(client, vip80, "S")), in(inside, fromServer(n, server, client, "SA")), in(outside, fromClient(client, vip80, "A")))
}

// acts lets one thing happen after the other.
func acts(all ...act) act {
	return func(r *rig) {
		for _, a := range all {
			a(r)
			r.turn()
		}
	}
}

// retime publishes another timeout of a state, in ticks, and leaves the services as they are.
func retime(s conn.State, timeout uint32) act {
	return func(r *rig) {
		r.tables.Generation++
		r.tables.Timeouts[s] = timeout
		t := r.tables
		for _, w := range r.workers {
			w.Adopt(&t)
		}
		r.turn()
	}
}

// change publishes new wishes.
func change(w wishes) act { return func(r *rig) { r.change(w) } }
