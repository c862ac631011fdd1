package lcore

import (
	"slices"

	"cleat/lcore/aside"
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/ftp"
	"cleat/lcore/memory"
	"cleat/lcore/sequence"
	"cleat/lcore/service"
	"cleat/lcore/wire"
)

// transfers is what the FTP helper knows of its connections (connections.md C12), beside the table of connections, whose entries name a place here
// (conn.Entry.Aside): control connections to NAT servers, and the data connections that those have announced.
//
// When it is full, new control connections are refused, and new data connections too; both are counted (ftp_full).
type transfers struct {
	*aside.Table[transfer]
	waiting int // data connections whose client's port is not known yet
}

// transfer is one connection of the helper's. 24 bytes, no pointers.
type transfer struct {
	shift   sequence.Shift // of what the server sends
	control uint32         // of a data connection: the place of its control connection; 0: this is one
	data    uint32         // of a control connection: its data connections
	asked   ftp.Mode       // by the client
	gone    bool           // the control connection has ended before its data connections
}

// A helper has one place for so many connections of the worker's table, and some more.
const (
	connectionsPerTransfer = 64
	transfersAtLeast       = 16
)

func (h *transfers) init(alloc memory.Alloc, connections int) (err error) {
	h.Table, err = aside.New[transfer](alloc, "ftp", transfersAtLeast+connections/connectionsPerTransfer)
	return err
}

// end is called when connection c of the helper's ends.
func (h *transfers) end(c *conn.Entry, awaits bool) {
	p := &h.Slots[c.FTP()]
	switch {
	case p.control != 0:
		if awaits {
			h.waiting--
		}
		control := &h.Slots[p.control]
		if control.data--; control.gone && control.data == 0 {
			h.Give(p.control)
		}
		h.Give(c.FTP())
	case p.data != 0:
		p.gone = true
	default:
		h.Give(c.FTP())
	}
}

// controls reports whether connection c controls others, and so lives on (C6.1); isControlled whether another one controls it.
func (h *transfers) controls(c *conn.Entry) bool { return c.FTP() != 0 && h.Slots[c.FTP()].data != 0 }
func (h *transfers) isControlled(c *conn.Entry) bool {
	return c.FTP() != 0 && h.Slots[c.FTP()].control != 0
}

// awaits reports whether data connection c does not know the client's port yet.
func (w *Worker) awaits(c *conn.Entry) bool {
	_, port := w.conns.Client(c)
	return port == 0
}

// takeTransfer returns a place for the connection that a packet with key k opens to r if that is a control connection, else 0, and reports whether
// there was room for it.
func (w *Worker) takeTransfer(k *flow.Key, r *service.Real) (n uint32, room bool) {
	if !w.tables.FTP || k.Proto != flow.TCP || r.Forward != service.NAT || !slices.Contains(w.tables.FTPPorts[:], k.DstPort) {
		return 0, true
	}
	n = w.transfers.Take()
	return n, n != 0
}

// expected returns the data connection that a client's packet with key k may be the first of (C1.2), or 0.
func (w *Worker) expected(k *flow.Key) uint32 {
	any := *k
	any.SrcPort = 0
	if n := w.conns.FindInput(&any); n != 0 && w.transfers.isControlled(&w.conns.Entries[n]) {
		return n
	}
	return 0
}

// assist is the helper's part of packet i of its connection c. It returns false if the packet was judged.
func (w *Worker) assist(i int, c *conn.Entry) bool {
	in := &w.in
	p := &w.transfers.Slots[c.FTP()]
	switch {
	case p.control == 0 && in.output[i]:
		return w.assistReply(i, c, p)
	case p.control == 0:
		return w.assistCommand(i, c, p)
	case !in.output[i] && w.awaits(c):
		if !w.conns.SetClientPort(in.conn[i], in.key[i].SrcPort) {
			in.verdict[i] = DropConnectionsFull
			return false
		}
		w.transfers.waiting--
		w.touched.all()
	}
	return true
}

// assistCommand reads what the client of control connection c asks for, and opens the way for the data connection if the server is to make it.
func (w *Worker) assistCommand(i int, c *conn.Entry, p *transfer) bool {
	in := &w.in
	tcp := wire.TCP(in.transport(i))
	p.shift.Acknowledge(tcp)
	if w.defence.nextState(c.State, conn.Input, conn.EventOf(in.flags[i])) != conn.Established { // C12.1
		return true
	}
	command := ftp.ParseCommand(tcp[tcp.HeaderLen():])
	if command.Mode == ftp.Unknown {
		return true
	}
	p.asked = command.Mode
	if command.Mode != ftp.Active || command.Port == 0 || command.Addr.Is4() != in.key[i].Src.Is4() || w.Workers > 1 && w.Steering.Worker(command.Addr) != w.Number {
		return true // or another worker would get the packets of that client
	}
	vip, vport := w.conns.Virtual(c)
	server, port := w.conns.Server(c)
	k := flow.Key{Src: command.Addr, SrcPort: command.Port, Dst: vip, DstPort: vport - 1, Proto: flow.TCP} // C12.2
	n := w.conns.FindInput(&k)
	if n == 0 {
		n = w.announce(i, c, &k, server, port-1)
	}
	return w.listen(n)
}

// assistReply looks in packet i of control connection c for where the server listens, opens the way there, and tells the client the virtual address instead.
func (w *Worker) assistReply(i int, c *conn.Entry, p *transfer) bool {
	in := &w.in
	tcp := wire.TCP(in.transport(i))
	seq := tcp.Seq()
	p.shift.Advance(tcp)
	if p.asked != ftp.Passive && p.asked != ftp.Extended || c.State != conn.Established || !in.whole(i) {
		return true
	}
	reply, ok := ftp.ParseReply(tcp[tcp.HeaderLen():], p.asked)
	if !ok || wire.Checksum(tcp, in.pseudo(i)) != 0 { // a wrong checksum stays wrong
		return true
	}
	if p.asked == ftp.Extended {
		reply.Addr, _ = w.conns.Server(c)
	}
	if reply.Addr.Is4() != in.key[i].Src.Is4() {
		return true
	}
	n := w.passive(i, c, &reply)
	if !w.listen(n) {
		return false
	}
	vip, vport := w.conns.Virtual(&w.conns.Entries[n])
	var room [23]byte
	text := ftp.AppendNumber(room[:0], vport)
	if p.asked == ftp.Passive {
		text = ftp.AppendHostPort(room[:0], vip, vport)
	}
	before := in.packet[i].Len
	if !in.splice(i, reply.From, reply.To, text) {
		in.verdict[i] = DropTooBig
		return false
	}
	p.shift.Changed(seq, int(in.packet[i].Len)-int(before))
	return true
}

// passive returns the connection under which the client will reach where the server listens, as control connection c was told; 0 if there is no room, and
// packet i is judged then. The virtual port is the server's, or the next one if the client awaits that of another server already.
func (w *Worker) passive(i int, c *conn.Entry, reply *ftp.Reply) uint32 {
	client, _ := w.conns.Client(c)
	vip, _ := w.conns.Virtual(c)
	n := w.conns.FindOutput(&flow.Key{Src: reply.Addr, SrcPort: reply.Port, Dst: client, Proto: flow.TCP})
	if n != 0 && w.transfers.isControlled(&w.conns.Entries[n]) { // the reply has come before
		return n
	}
	k := flow.Key{Src: client, Dst: vip, DstPort: reply.Port, Proto: flow.TCP}
	for w.conns.FindInput(&k) != 0 { // 20 times at most: these keys have one hash
		k.DstPort++
	}
	return w.announce(i, c, &k, reply.Addr, reply.Port)
}

// announce makes the data connection with key k to port at server under a control connection; 0 if there is no room, and packet i is judged then.
func (w *Worker) announce(i int, control *conn.Entry, k *flow.Key, server flow.Addr, port uint16) uint32 {
	h := &w.transfers
	transfer := h.Take()
	if transfer == 0 {
		w.in.verdict[i] = DropFTPFull
		return 0
	}
	n := w.insert(k, server, port)
	if n == 0 {
		h.Give(transfer)
		w.in.verdict[i] = DropConnectionsFull
		return 0
	}
	w.touched.all() // it may be found whatever its client's port
	h.Slots[transfer].control = control.FTP()
	h.Slots[control.FTP()].data++
	if k.SrcPort == 0 {
		h.waiting++
	}
	c := &w.conns.Entries[n]
	c.Slot, c.Forward, c.Mark, c.Aside = control.Slot, control.Forward, control.Mark, transfer
	w.opened(c, w.tables.Services.Real(c.Slot))
	return n
}

// listen has data connection n wait for its first packet (C12.3). It returns false if there is none.
func (w *Worker) listen(n uint32) bool {
	if n == 0 {
		return false
	}
	if c := &w.conns.Entries[n]; w.transfers.isControlled(c) {
		w.setState(c, conn.Listen)
		c.Timeout = w.tables.Timeouts[conn.Listen]
		w.conns.Touch(n, w.tick)
	}
	return true
}
