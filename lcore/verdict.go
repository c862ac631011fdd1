package lcore

// Verdict is what becomes of a packet, and the reason. Every verdict is a counter.
type Verdict uint8

// Verdicts. Up to lastSent the packet leaves through a port; up to lastKept it goes on elsewhere; the others drop it.
const (
	pending Verdict = iota // not judged yet

	ForwardInput         // client → real server
	ForwardOutput        // real server → client
	Route                // belongs to no service: from port to port
	AnswerARP            // ARP reply
	AnswerNeighbor       // neighbour advertisement
	AnswerEcho           // echo reply
	AnswerReset          // TCP RST: nothing listens here
	AnswerUnreachable    // ICMP or ICMPv6 port unreachable: nothing listens here
	AnswerNoDestination  // ICMP port unreachable: the service has no real server to give (connections.md C8)
	AnswerTimeExceeded   // ICMP time exceeded (forwarding.md F1.3)
	AnswerNoRoute        // ICMP host unreachable, ICMPv6 no route (F1.1)
	AnswerFragmentNeeded // ICMP fragmentation needed, ICMPv6 packet too big (F1.4)
	AnswerTunnel         // an ICMP error about a tunnel's packet: one to the client, about the packet inside (C7.6)

	HandedOver // to the worker whose client it is, or to another one with a question or an answer
	Punted     // to management: an ARP reply or neighbour advertisement
	Held       // until the next hop's MAC address is known, another worker has answered, or the first fragment has come

	DropFrame           // shorter than its headers say, or no Ethernet
	DropEtherType       // neither ARP nor IP
	DropOtherHost       // not our MAC address, or ARP or neighbour discovery that is not for us
	DropIPHeader        // IP header malformed, or IPv6 extension headers of a packet to or from a service
	DropIPChecksum      // IPv4 header checksum wrong
	DropSource          // source address impossible: multicast, loopback, our own; link-local where it leads nowhere
	DropBroadcast       // IP to a broadcast or multicast address
	DropTransportHeader // TCP, UDP or ICMP header truncated or malformed (C3.1)
	DropFragment        // a fragment whose first one did not come, was refused, or is of a protocol whose fragments no service takes
	DropProtocol        // to us, of a protocol that we do not speak
	DropICMP            // ICMP to us, neither an echo request nor about a connection, or malformed
	DropTunnelMTU       // ICMP about a tunnel's packet, which taught the way's MTU; the client need not know (C7.6)
	DropServerGone      // of a connection whose real server was removed (persistence.md P6.2)
	DropLocalServer     // it would open a connection to a real server that has an address of our own (forwarding.md F6)
	DropConnectionsFull // no room in the connection table
	DropFTPFull         // no room for another connection at the FTP helper
	DropSIP             // it would open a connection to a service with persistence engine sip, and has no Call-ID (persistence.md P9.1)
	DropLocalPortsFull  // no free port of a local address for another FULLNAT connection to the server (forwarding.md F8.1)
	DropPacketRate      // it would open a connection, and drop_packet chose it (C10.5)
	DropNotForwarding   // belongs to no service, and routing is off
	DropNoRoute         // no way to the destination, and no answer allowed
	DropTTL             // TTL used up, and no answer allowed
	DropTooBig          // larger than the MTU of the way, and no answer allowed
	DropNeighbor        // the next hop did not answer, or too many packets wait for it
	DropAnswerRate      // an answer was due, but enough were sent in this second
	DropNoAnswer        // no answer is allowed to this packet (RST to RST, ICMP error about one)
	DropHandoverFull    // the other worker's ring is full, or too many questions are out, or too many packets wait for answers
	DropPuntFull        // management's ring is full
	DropTransmitFull    // the port's queue is full
	DropNoBuffer        // no packet buffer for a packet to be made
	DropStopped         // the worker was stopped while it had the packet

	verdicts

	lastSent  = AnswerTunnel
	lastKept  = Held
	firstDrop = DropFrame
)

var verdictNames = [verdicts]string{
	pending:              "pending",
	ForwardInput:         "forward_input",
	ForwardOutput:        "forward_output",
	Route:                "route",
	AnswerARP:            "answer_arp",
	AnswerNeighbor:       "answer_neighbor",
	AnswerEcho:           "answer_echo",
	AnswerReset:          "answer_reset",
	AnswerUnreachable:    "answer_unreachable",
	AnswerNoDestination:  "answer_no_destination",
	AnswerTimeExceeded:   "answer_time_exceeded",
	AnswerNoRoute:        "answer_no_route",
	AnswerFragmentNeeded: "answer_fragment_needed",
	AnswerTunnel:         "answer_tunnel",
	HandedOver:           "handed_over",
	Punted:               "punted",
	Held:                 "held",
	DropFrame:            "frame",
	DropEtherType:        "ether_type",
	DropOtherHost:        "other_host",
	DropIPHeader:         "ip_header",
	DropIPChecksum:       "ip_checksum",
	DropSource:           "source",
	DropBroadcast:        "broadcast",
	DropTransportHeader:  "transport_header",
	DropFragment:         "fragment",
	DropProtocol:         "protocol",
	DropICMP:             "icmp",
	DropTunnelMTU:        "tunnel_mtu",
	DropServerGone:       "server_gone",
	DropLocalServer:      "local_node",
	DropConnectionsFull:  "connections_full",
	DropFTPFull:          "ftp_full",
	DropSIP:              "sip",
	DropLocalPortsFull:   "local_ports_full",
	DropPacketRate:       "drop_packet",
	DropNotForwarding:    "not_forwarding",
	DropNoRoute:          "no_route",
	DropTTL:              "ttl",
	DropTooBig:           "too_big",
	DropNeighbor:         "neighbor",
	DropAnswerRate:       "answer_rate",
	DropNoAnswer:         "no_answer",
	DropHandoverFull:     "handover_full",
	DropPuntFull:         "punt_full",
	DropTransmitFull:     "transmit_full",
	DropNoBuffer:         "no_buffer",
	DropStopped:          "stopped",
}

// String returns the verdict's name as metrics and listings use it.
func (v Verdict) String() string { return verdictNames[v] }

// forwards reports whether the packet is one of a connection's that goes on its way.
func (v Verdict) forwards() bool { return v == ForwardInput || v == ForwardOutput }

// Sent reports whether a packet with this verdict is to leave through a port.
func (v Verdict) Sent() bool { return v != pending && v <= lastSent }

// Drop reports whether the packet is dropped.
func (v Verdict) Drop() bool { return v >= firstDrop }

// Verdicts returns all of them, in order.
func Verdicts() []Verdict {
	all := make([]Verdict, 0, verdicts-1)
	for v := pending + 1; v < verdicts; v++ {
		all = append(all, v)
	}
	return all
}
