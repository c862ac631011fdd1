package lcore

import (
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/service"
	"cleat/lcore/template"
)

// Scope says who schedules.
type Scope uint8

// Scopes.
const (
	WorkerScope  Scope = iota // every worker its own clients, but for templates that clients of several workers share
	ServiceScope              // for each service one worker, as exactly as the kernel does
)

// ownerOf is the number of the worker that decides on a new connection with key k to service v, and has its template: the client's own, unless
// the service's netmask covers clients of other workers, or the scope is the service.
func (w *Worker) ownerOf(v *service.Virtual, k *flow.Key) int {
	switch {
	case w.Workers == 1:
		return w.Number
	case w.Scope == ServiceScope:
		return w.ownerOfService(v)
	case v.Persistent() && !w.Steering.Covers(v.Mask, k.Src.Is4()):
		return w.Steering.Worker(k.Src.And(v.Mask))
	}
	return w.Number
}

// ownerOfService is the same for services that share templates (persistence.md P1.4: FTP's and that of all ports), and for one that is made again.
func (w *Worker) ownerOfService(v *service.Virtual) int {
	addr, port := v.Addr, v.Port
	if v.Mark != 0 {
		addr = flow.V4(v.Mark)
	}
	if port == service.PortFTP {
		port = 0
	}
	return int(flow.Hash(addr, port, v.Proto, w.Seed) % uint64(w.Workers))
}

// judges reports whether this worker's picks are among those that the overload of service v's servers concerns; nil: a service that is gone.
func (w *Worker) judges(v *service.Virtual) bool {
	return w.shared == nil || v != nil && w.ownerOfService(v) == w.Number
}

// assure marks the template of a connection as one that has been used in earnest (P8.4).
func (w *Worker) assure(c *conn.Entry) {
	switch {
	case c.Template == 0:
	case c.Owner == 0:
		w.tmpls.Entries[c.Template].State = template.Assured
	default:
		w.peers[c.Owner-1].tmpls.TellAssured(c.Template)
	}
}

// leaveTemplate takes a connection that ends out of its template's count (P3.3).
func (w *Worker) leaveTemplate(at place) {
	switch {
	case at.template == 0:
	case at.owner == 0:
		w.tmpls.Entries[at.template].Controls--
	default:
		w.peers[at.owner-1].tmpls.TellEnded(at.template)
	}
}

// giveBack is for a connection to the server in a slot that was counted but not made.
func (w *Worker) giveBack(slot uint32, at place) {
	w.leaveTemplate(at)
	if at.owner != 0 {
		w.shared.add(slot, w.tables.Services.Real(slot), 0, -1)
	}
}
