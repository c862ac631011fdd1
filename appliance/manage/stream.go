package manage

import (
	"context"
	"fmt"
	"net/netip"

	"cleat/appliance/api"
	"cleat/appliance/registry"
	"cleat/lcore"
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/template"
	"cleat/lcore/wheel"
)

// rowsAtOnce is how many rows are asked of a worker in one go.
const rowsAtOnce = 512

// page asks worker w for rows from an entry on: lcore.Worker.Connections, lcore.Worker.Templates.
type page[E any] func(w *lcore.Worker, from uint32, rows []lcore.Row[E]) (n int, next uint32, err error)

// stream gives every entry of every worker's table to yield.
func stream[E any](ctx context.Context, workers []*lcore.Worker, read page[E], yield func(worker int, row *lcore.Row[E]) error) error {
	rows := make([]lcore.Row[E], rowsAtOnce)
	for i, w := range workers {
		for from := uint32(1); from != 0; {
			if err := ctx.Err(); err != nil {
				return err
			}
			n, next, err := read(w, from, rows)
			if err != nil {
				return err
			}
			for j := range rows[:n] {
				if err := yield(i, &rows[j]); err != nil {
					return err
				}
			}
			from = next
		}
	}
	return nil
}

// Templates gives the templates that the filter picks to yield, worker by worker.
func (l *Loop) Templates(ctx context.Context, f api.Filter, yield func(api.Template) error) error {
	services := l.Tables().Services
	return stream(ctx, l.d.Workers, (*lcore.Worker).Templates, func(worker int, row *lcore.Row[template.Row]) error {
		e := &row.Entry
		server := netip.AddrPortFrom(services.Real(e.Slot).Addr.Netip(), e.ServerPort())
		match, t := describeTemplate(e, server)
		if !f.Match(match) {
			return nil
		}
		t.Worker = worker
		t.Expires = wheel.Duration(row.Left).Seconds()
		return yield(t)
	})
}

// describeTemplate puts a template into words (persistence.md P11.1).
func describeTemplate(e *template.Row, server netip.AddrPort) (api.Entry, api.Template) {
	k := e.Key
	match := api.Entry{Protocol: protocolNames[k.Proto], Client: k.Client.Netip(), Server: server, State: "NONE"}
	if e.State == template.Assured {
		match.State = "ASSURED"
	}
	t := api.Template{
		Kind: "ppc", Protocol: match.Protocol, Client: match.Client.String(), Server: server.String(), State: match.State,
		Timeout: wheel.Duration(e.Timeout).Seconds(), Connections: e.Controls, Extensions: e.Extensions, Invalidated: e.Invalid(), Block: int(k.Block),
	}
	if data := e.Data(); len(data) != 0 {
		t.Engine, t.EngineData = "sip", string(data) // there is no other engine
	}
	switch {
	case k.Proto == 0:
		t.Kind, match.Mark = "pfmc", k.Mark()
		t.Virtual = fmt.Sprintf("mark %d", match.Mark)
	default:
		if e.AllPorts() {
			t.Kind = "pcc"
		}
		match.Virtual = netip.AddrPortFrom(k.Virtual.Netip(), k.Port)
		t.Virtual = match.Virtual.String()
	}
	return match, t
}

// Connections gives the connections that the filter picks to yield, worker by worker.
func (l *Loop) Connections(ctx context.Context, f api.Filter, yield func(api.Connection) error) error {
	return stream(ctx, l.d.Workers, (*lcore.Worker).Connections, func(worker int, row *lcore.Row[conn.Row]) error {
		e := &row.Entry
		client, virtual, server := endpoint(e.Client()), endpoint(e.Virtual()), endpoint(e.Server())
		if !f.Match(api.Entry{
			Protocol: protocolNames[e.Proto], Client: client.Addr(), Virtual: virtual, Server: server, Mark: e.Mark, State: e.State.String(),
		}) {
			return nil
		}
		local := ""
		if !e.LocalAddr.IsZero() {
			local = endpoint(e.LocalAddr, e.LocalPort).String()
		}
		return yield(api.Connection{
			Worker: worker, Protocol: protocolNames[e.Proto],
			Client: client.String(), Virtual: virtual.String(), Local: local, Server: server.String(), Forward: registry.ForwardName(e.Forward),
			State: e.State.String(), Expires: wheel.Duration(row.Left).Seconds(),
			Persistent: e.Template != 0, Mark: e.Mark, InPackets: e.InPackets,
		})
	})
}

var protocolNames = map[uint8]string{0: "ip", flow.TCP: "tcp", flow.UDP: "udp", flow.SCTP: "sctp"}

func endpoint(a flow.Addr, port uint16) netip.AddrPort { return netip.AddrPortFrom(a.Netip(), port) }
