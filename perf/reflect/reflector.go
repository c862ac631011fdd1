// Package reflect plays real servers at line rate. It keeps no connections: what it answers follows from the packet alone.
//
//   - SYN: SYN and ACK, with a sequence number whose upper half is a hash of the flow and whose lower half is the server's number;
//   - data: the same data, in which the server puts its number (package payload); FIN: FIN and ACK;
//   - UDP: the same datagram, with the server's number;
//   - ARP, neighbour solicitations and echo requests for the servers.
//
// A packet under NAT is addressed to a server, and its answer goes back to the director, as to the server's default gateway. Under DR and
// TUN it is addressed to the VIP, and known to a server by its MAC address or by the tunnel's end; its answer goes to the
// clients' router.
package reflect

import (
	"time"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/wire"

	"cleat/perf/host"
)

// Config says whom to play.
type Config struct {
	// Servers are the real servers; a server's number is its index. A port of 0 takes packets to any.
	Servers []Server
	// MAC is server 0's; server n has n more in the last two bytes.
	MAC wire.MAC
	// VIPs are addresses that all servers have: those of services by DR and TUN. Nobody learns of them by ARP.
	VIPs []flow.Addr
	// Router is the next hop of answers from a VIP, Direct the number of the queue on whose link it is. Without VIPs there is none.
	Router host.Next
	Direct int
}

// Server is an address that packets under NAT are sent to.
type Server struct {
	Addr flow.Addr
	Port uint16
}

// Counts are what became of packets. Received = Answered + Consumed + Foreign + Overrun.
type Counts struct {
	Received uint64 `json:"received"`
	Answered uint64 `json:"answered"` // of them, how many were sent back
	Consumed uint64 `json:"consumed"` // nothing is due: an ACK, a RST
	Foreign  uint64 `json:"foreign"`  // to nobody here, or malformed
	Overrun  uint64 `json:"overrun"`  // answers that the port did not take
	SYNs     uint64 `json:"syns"`     // of Received
}

// vip is the value of a VIP in Reflector.owners, where others are a server's number + 1.
const vip = 1 << 16

// Reflector is at work on one thread.
type Reflector struct {
	Config
	queues []burst.Queue
	pool   burst.Pool
	clock  func() time.Duration
	owners *flow.Map[uint32] // by address
	in     [burst.Size]burst.Packet
	back   []burst.Packet // to where they came from
	direct []burst.Packet // to the router
	free   []burst.Packet
	ask    [1]burst.Packet
	counts Counts
}

// New returns a Reflector on one queue of every port. pool gives buffers for its own questions and takes back what is not answered.
func New(c *Config, queues []burst.Queue, pool burst.Pool, clock func() time.Duration) *Reflector {
	r := &Reflector{
		Config: *c, queues: queues, pool: pool, clock: clock, owners: flow.NewMap[uint32](),
		back: make([]burst.Packet, 0, burst.Size), direct: make([]burst.Packet, 0, burst.Size), free: make([]burst.Packet, 0, burst.Size),
	}
	for _, a := range c.VIPs {
		r.owners.Set(a, 0, 0, vip)
	}
	for n, s := range c.Servers {
		r.owners.Set(s.Addr, 0, 0, uint32(n)+1)
	}
	return r
}

// Counts returns what became of packets so far. The thread that turns may ask, or others after it.
func (r *Reflector) Counts() Counts { return r.counts }

// Turn takes one burst from every queue and returns how many packets that were.
func (r *Reflector) Turn() (n int) {
	r.seek()
	for i, q := range r.queues {
		n += r.turn(i, q)
	}
	return n
}

func (r *Reflector) turn(number int, q burst.Queue) int {
	n := q.Receive(r.in[:])
	if n == 0 {
		return 0
	}
	r.back, r.direct, r.free = r.back[:0], r.direct[:0], r.free[:0]
	for i := range r.in[:n] {
		p := &r.in[i]
		switch r.answer(p) {
		case back:
			r.back = append(r.back, *p)
		case direct:
			r.direct = append(r.direct, *p)
		default:
			r.free = append(r.free, *p)
		}
	}
	r.counts.Received += uint64(n)
	r.send(q, r.back)
	if len(r.direct) != 0 {
		r.send(r.queues[r.Direct], r.direct)
	}
	r.pool.Free(r.free)
	return n
}

// send transmits what was answered; what the port does not take at once is lost, as it would be in a server.
func (r *Reflector) send(q burst.Queue, p []burst.Packet) {
	if len(p) == 0 {
		return
	}
	sent := q.Transmit(p)
	r.counts.Answered += uint64(sent)
	r.counts.Overrun += uint64(len(p) - sent)
	r.pool.Free(p[sent:])
}

// seek asks for the router as long as it is not known.
func (r *Reflector) seek() {
	if len(r.VIPs) == 0 || r.Router.Known() {
		return
	}
	if now := r.clock(); r.Router.Due(now) && r.pool.Alloc(r.ask[:]) {
		r.Router.Ask(&r.ask[0], now)
		if r.queues[r.Direct].Transmit(r.ask[:]) == 0 {
			r.pool.Free(r.ask[:])
		}
	}
}

// mac is a server's own.
func (r *Reflector) mac(n uint16) wire.MAC {
	m := r.MAC
	last := uint16(m[4])<<8 + uint16(m[5]) + n
	m[4], m[5] = byte(last>>8), byte(last)
	return m
}

// byMAC returns whose frame it is.
func (r *Reflector) byMAC(m wire.MAC) (n uint16, ok bool) {
	n = uint16(m[4])<<8 + uint16(m[5]) - (uint16(r.MAC[4])<<8 + uint16(r.MAC[5]))
	return n, [4]byte(m[:4]) == [4]byte(r.MAC[:4]) && int(n) < len(r.Servers)
}

// owner implements host.Owner: servers speak for their own address only, never for the VIP.
func (r *Reflector) owner(a flow.Addr) (wire.MAC, bool) {
	n := r.owners.Get(a, 0, 0)
	if n == 0 || n == vip {
		return wire.MAC{}, false
	}
	return r.mac(uint16(n - 1)), true
}
