package rewrite

import (
	"encoding/binary"
	"strconv"

	"cleat/lcore/service"
)

// ProxyMax is the greatest length of a PROXY header, bytes.
const ProxyMax = 107

// signature is what a PROXY header of version 2 begins with.
const signature = "\r\n\r\n\x00\r\nQUIT\n"

// AppendProxy appends the header of the PROXY protocol (haproxy.org, proxy-protocol.txt 2.1 and 2.2) that tells from where a client has connected, and to
// what, as a version says; nothing for another way to tell. It allocates nothing if b has room for ProxyMax bytes.
func AppendProxy(b []byte, version service.ClientAddress, client, virtual End) []byte {
	switch version {
	case service.ProxyV1:
		return appendProxy1(b, client, virtual)
	case service.ProxyV2:
		return appendProxy2(b, client, virtual)
	}
	return b
}

func appendProxy1(b []byte, client, virtual End) []byte {
	family := "4 "
	if !client.Addr.Is4() {
		family = "6 "
	}
	b = append(append(b, "PROXY TCP"...), family...)
	b = append(client.Addr.Netip().AppendTo(b), ' ')
	b = append(virtual.Addr.Netip().AppendTo(b), ' ')
	b = append(strconv.AppendUint(b, uint64(client.Port), 10), ' ')
	return append(strconv.AppendUint(b, uint64(virtual.Port), 10), "\r\n"...)
}

func appendProxy2(b []byte, client, virtual End) []byte {
	const proxied = 0x21                           // version 2, on behalf of a client
	family, length := uint8(0x11), uint16(2*4+2*2) // TCP over IPv4
	if !client.Addr.Is4() {
		family, length = 0x21, 2*16+2*2 // … over IPv6
	}
	b = append(append(b, signature...), proxied, family)
	b = binary.BigEndian.AppendUint16(b, length)
	b = appendAddr(appendAddr(b, client.Addr), virtual.Addr)
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, client.Port), virtual.Port)
}
