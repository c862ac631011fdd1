// Package wire reads and writes packet headers where they lie.
//
// Every header is a byte-slice type over the frame: offsets on top, accessors of a line below.
// Lengths are checked once, at the border: a Parse function either says no or returns a header
// whose accessors and setters cannot fail from then on. What it promises is written at it. A value
// that was converted by hand (IPv4(b)) carries no promise.
//
// Numbers are in host byte order on the Go side and in network byte order in the frame. IPv4
// addresses are host-order numbers (10.0.0.1 = 0x0a000001), IPv6 addresses are flow.Addr.
//
// A frame may lie in several segments of which only the first is seen here (burst.Packet): headers
// have to lie in it whole, payloads need not. So Parse functions of network headers take the bytes
// at hand and the number of bytes there really are.
//
// Nothing here allocates.
package wire
