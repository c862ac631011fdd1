package schedule

import "cleat/lcore/service"

// buckets is how many sh and dh have.
const buckets = 256

// hash8 is H8 of X.1: a bucket's number.
func hash8(v uint32) int { return int(v * 0x61C88647 >> (32 - 8)) }

// number is what sh and mh hash of a client (S.2, M.3): its whole address, not what a template looks at (S.7), and its port if a flag says so.
func (c *Client) number(flags uint8) uint32 {
	n := c.Addr.Fold()
	if flags&service.HashPort != 0 {
		n += uint32(c.Port)
	}
	return n
}
