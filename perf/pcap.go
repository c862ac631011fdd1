package main

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/spf13/cobra"

	"cleat/perf/traffic"
)

func pcapCommand() *cobra.Command {
	var file, proto, vip, src, dst string
	var arp []string
	var flows, length int
	var syn bool
	cmd := &cobra.Command{
		Use:   "pcap -o FILE",
		Short: "Write the packets of the suite to a file",
		Long: `pcap writes 64-byte packets (60 and the FCS), one for each flow, of as many clients (in ` + traffic.Clients.String() + `), to one virtual
service, shuffled: the same file every time. It is for net_pcap, so that any DPDK program can be fed the very same packets. Needs no root.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			shape, err := shapeOf(proto, vip, src, dst)
			if err != nil {
				return err
			}
			if flows < 1 || flows > traffic.MaxClients {
				return fmt.Errorf("--flows %d: must be 1 to %d", flows, traffic.MaxClients)
			}
			shape.SYN, shape.Len = syn, length
			w, err := traffic.NewWriter(shape)
			if err != nil {
				return err
			}
			frames, err := replies(arp, shape)
			if err != nil {
				return err
			}
			return failed(traffic.WritePcap(file, append(frames, traffic.Frames(flows, w)...)))
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "out", "o", "", "the `file`")
	f.StringVar(&proto, "proto", "tcp", "tcp or udp")
	f.IntVar(&flows, "flows", 1000, "number of flows, and packets")
	f.IntVar(&length, "len", 0, "`bytes` of a frame, without FCS; 0: as short as can be")
	f.StringSliceVar(&arp, "arp", nil, "real servers, IPv4 `addresses`, that say their MAC addresses (ARP) in the file, first of all")
	f.BoolVar(&syn, "syn", false, "TCP: SYN instead of ACK")
	f.StringVar(&vip, "vip", "192.0.2.10:80", "the virtual service, `address:port`")
	f.StringVar(&src, "src-mac", "02:00:00:00:08:02", "source `MAC` address")
	f.StringVar(&dst, "dst-mac", "02:70:63:61:70:00", "destination `MAC` address; as it is, that of a program's first net_pcap port")
	if err := cmd.MarkFlagRequired("out"); err != nil {
		panic(err) // it is defined above
	}
	return cmd
}

func shapeOf(proto, vip, src, dst string) (*traffic.Shape, error) {
	s := &traffic.Shape{Proto: proto}
	var err error
	if s.VIP, err = netip.ParseAddrPort(vip); err != nil {
		return nil, fmt.Errorf("--vip %q: must be an address and a port, like 192.0.2.10:80", vip)
	}
	if s.Src, err = parseMAC("--src-mac", src); err != nil {
		return nil, err
	}
	s.Dst, err = parseMAC("--dst-mac", dst)
	return s, err
}

// replies are what the hosts have to say: that to the virtual address, since it is the only one of the director's that is known.
func replies(hosts []string, s *traffic.Shape) (frames [][]byte, err error) {
	for _, text := range hosts {
		host, err := netip.ParseAddr(text)
		if err != nil || !host.Is4() || !s.VIP.Addr().Is4() {
			return nil, fmt.Errorf("--arp %q: must be IPv4 addresses, like 10.9.0.11, and so must be that of --vip", text)
		}
		frame, err := traffic.ARPReply(host, s.VIP.Addr(), s.Dst)
		if err != nil {
			return nil, err
		}
		frames = append(frames, frame)
	}
	return frames, nil
}

func parseMAC(flag, text string) (net.HardwareAddr, error) {
	mac, err := net.ParseMAC(text)
	if err != nil || len(mac) != 6 {
		return nil, fmt.Errorf("%s %q: must be a MAC address, like 02:70:63:61:70:00", flag, text)
	}
	return mac, nil
}
