// Package netring joins two DPDK ports back to back: what one transmits, the other receives. Both are ordinary ports (driver net_ring) to
// whoever uses them, without a NIC or a copy: a packet buffer changes hands through a ring in memory.
//
// It links librte_net_ring, which only makes ports of a single ring by itself (--vdev=net_ring0).
package netring

/*
#cgo pkg-config: libdpdk
#cgo LDFLAGS: -lrte_net_ring
#include <stdlib.h>
#include <rte_eth_ring.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

// One thread transmits into a ring and one receives from it.
static struct rte_ring *cleat_ring(const char *name, unsigned int n, int socket)
{
	return rte_ring_create(name, n, socket, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

static int cleat_ring_port(const char *name, struct rte_ring *rx, struct rte_ring *tx, int socket)
{
	return rte_eth_from_rings(name, &rx, 1, &tx, 1, socket);
}

static void cleat_ring_free(struct rte_ring *r)
{
	void *m;

	while (rte_ring_dequeue(r, &m) == 0)
		rte_pktmbuf_free(m);
	rte_ring_free(r);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	"cleat/cgo/eal"
	"cleat/cgo/ethdev"
)

// Cable is two ports that are joined.
type Cable struct {
	A, B  ethdev.Port
	names []string // of the ports that were made
	rings []*C.struct_rte_ring
}

// New makes a cable with one queue on each side. The name is at most 16 bytes. room, a power of two, is how many packets wait in either
// direction, less one: a port does not take more.
func New(name string, room, socket int) (*Cable, error) {
	c := &Cable{}
	if err := c.make(name, room, socket); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Cable) make(name string, room, socket int) error {
	for _, way := range []string{"ab", "ba"} {
		if err := c.ring(name+"_"+way, room, socket); err != nil {
			return err
		}
	}
	var err error
	if c.A, err = c.port(name+"_a", c.rings[1], c.rings[0], socket); err != nil {
		return err
	}
	c.B, err = c.port(name+"_b", c.rings[0], c.rings[1], socket)
	return err
}

func (c *Cable) ring(name string, room, socket int) error {
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	return eal.Try("rte_ring_create", func() int {
		r := C.cleat_ring(cname, C.uint(room), C.int(socket))
		if r == nil {
			return -1
		}
		c.rings = append(c.rings, r)
		return 0
	})
}

func (c *Cable) port(name string, rx, tx *C.struct_rte_ring, socket int) (ethdev.Port, error) {
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	err := eal.Try("rte_eth_from_rings", func() int { return int(C.cleat_ring_port(cname, rx, tx, C.int(socket))) })
	if err != nil {
		return 0, fmt.Errorf("netring: port %s: %w", name, err)
	}
	device := "net_ring_" + name // as the driver calls it
	c.names = append(c.names, device)
	return ethdev.ByName(device)
}

// Close takes both ports, which are stopped, and the rings away; packets that wait in them go back to their mempools.
func (c *Cable) Close() error {
	var err error
	for _, name := range c.names {
		err = errors.Join(err, eal.RemoveVdev(name))
	}
	for _, r := range c.rings {
		C.cleat_ring_free(r)
	}
	c.names, c.rings = nil, nil
	return err
}
