package traffic

import (
	"net"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// ARPReply is a host's answer to the director's question who has its address: for a director whose neighbours are nowhere but in a file. The
// host's MAC address is 02:00 and its IPv4 address; asker is any address of the director.
func ARPReply(host, asker netip.Addr, dst net.HardwareAddr) ([]byte, error) {
	addr, to := host.As4(), asker.As4()
	mac := append(net.HardwareAddr{2, 0}, addr[:]...)
	b := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{},
		&layers.Ethernet{SrcMAC: mac, DstMAC: dst, EthernetType: layers.EthernetTypeARP},
		&layers.ARP{
			AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4,
			Operation: layers.ARPReply, SourceHwAddress: mac, SourceProtAddress: addr[:], DstHwAddress: dst, DstProtAddress: to[:],
		})
	frame := make([]byte, FrameLen)
	copy(frame, b.Bytes())
	return frame, err
}
