// Package pktmbuf is DPDK's packet buffers: mempools of mbufs, and how an mbuf becomes a
// burst.Packet and back.
//
// C and Go share one thing, an array of descriptors without pointers (Desc): in one crossing a C
// function fills or reads a whole burst of them, and Go makes packets of them, or they of packets.
package pktmbuf
