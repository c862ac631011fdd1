package ethdev_test

import (
	"encoding/binary"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"golang.org/x/sys/unix"

	"cleat/cgo/ethdev"
	"cleat/cgo/pktmbuf"
	"cleat/lcore/burst"
)

// newNamespace puts the test's thread, and the devices it makes, into a network namespace of its own,
// which ends with the test.
func newNamespace(t *testing.T) {
	t.Helper()
	runtime.LockOSThread() // never unlocked: the thread ends with the test
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("a network namespace needs root: %v", err)
	}
}

// etherType marks what these tests send: the kernel sends frames of its own.
const etherType = layers.EthernetTypeIPv4

var ethernet = layers.Ethernet{
	SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}, EthernetType: etherType,
}

// tcpFrame is a frame whose checksums are right, or, of layer 4, only begun with the pseudo header.
func tcpFrame(t *testing.T, tagged bool) []byte {
	t.Helper()
	ip := layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: net.IP{192, 0, 2, 1}, DstIP: net.IP{192, 0, 2, 2}}
	tcp := layers.TCP{SrcPort: 1234, DstPort: 80, Seq: 7, SYN: true, Window: 1000}
	tcp.SetNetworkLayerForChecksum(&ip)
	stack := []gopacket.SerializableLayer{&ethernet, &ip, &tcp, gopacket.Payload("who is my server?")}
	if tagged {
		outer := ethernet
		outer.EthernetType = layers.EthernetTypeDot1Q
		stack = append([]gopacket.SerializableLayer{&outer, &layers.Dot1Q{VLANIdentifier: 5, Type: etherType}}, stack[1:]...)
	}
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, stack...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// spoil replaces the checksums by what a worker leaves to the port: junk for IPv4's, the pseudo header's sum
// for TCP's.
func spoil(f []byte, l2 int) []byte {
	f = append([]byte(nil), f...)
	ip := f[l2:]
	binary.BigEndian.PutUint16(ip[10:], 0xdead)
	sum := uint32(len(ip)-20) + 6
	for i := 12; i < 20; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(ip[i:]))
	}
	binary.BigEndian.PutUint16(ip[20+16:], uint16(sum>>16+sum))
	return f
}

// listen opens a packet socket on the interface, in the thread's namespace.
func listen(t *testing.T, name string) (fd int) {
	t.Helper()
	all := int(binary.NativeEndian.Uint16([]byte{0, unix.ETH_P_ALL}))
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, all)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	iface, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: uint16(all), Ifindex: iface.Index}); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}); err != nil {
		t.Fatal(err)
	}
	return fd
}

// next reads the next frame from the tests' sender.
func next(t *testing.T, fd int) []byte {
	t.Helper()
	b := make([]byte, 2048)
	for {
		n, _, err := unix.Recvfrom(fd, b, 0)
		if err != nil {
			t.Fatal(err)
		}
		if n > 14 && string(b[6:12]) == string(ethernet.SrcMAC) {
			return b[:n]
		}
	}
}

// TestChecksums has net_tap, which does them in software, compute checksums and judge them.
func TestChecksums(t *testing.T) {
	newNamespace(t)
	pool := newPool(t, 2048)
	port := newPort(t, "net_tap0", "iface=cleattest0", ethdev.Config{
		Queues: 1, Pools: []*pktmbuf.Pool{pool},
		Offloads: ethdev.RxIPCsum | ethdev.RxL4Csum | ethdev.TxIPCsum | ethdev.TxL4Csum,
	})
	queue, fd := port.Queue(0, 0), listen(t, "cleattest0")
	for _, tagged := range []bool{false, true} {
		want, l2 := tcpFrame(t, tagged), 14
		if tagged {
			l2 = 18
		}
		p := make([]burst.Packet, 1)
		if !pool.Alloc(p) {
			t.Fatal("Alloc failed")
		}
		p[0].Data = append(p[0].Data, spoil(want, l2)...)
		p[0].Flags = burst.IPCsumOffload | burst.L4CsumOffload
		if queue.Transmit(p) != 1 {
			t.Fatal("not transmitted")
		}
		// The kernel may hand over a tag beside the frame: the headers behind it are what counts.
		if got := next(t, fd); string(got[len(got)-len(want)+l2:]) != string(want[l2:]) {
			t.Errorf("tagged %v: sent % x, want % x", tagged, got, want)
		}
	}
	for _, c := range []struct {
		name  string
		frame []byte
		want  uint16
	}{
		{"right", tcpFrame(t, false), burst.IPCsumGood | burst.L4CsumGood},
		{"wrong", spoil(tcpFrame(t, false), 14), burst.IPCsumBad | burst.L4CsumBad},
	} {
		if err := unix.Send(fd, c.frame, 0); err != nil {
			t.Fatal(err)
		}
		p := receiveOne(t, queue)
		if p[0].Flags != c.want || string(p[0].Data) != string(c.frame) {
			t.Errorf("%s checksums: flags %#x, want %#x; % x", c.name, p[0].Flags, c.want, p[0].Data)
		}
		pool.Free(p)
	}
}

// receiveOne waits for the next frame from the tests' sender.
func receiveOne(t *testing.T, queue *ethdev.Queue) []burst.Packet {
	t.Helper()
	p := make([]burst.Packet, 1)
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		if queue.Receive(p) == 1 {
			if string(p[0].Data[6:12]) == string(ethernet.SrcMAC) {
				return p
			}
			pktmbuf.Free(p)
		}
	}
	t.Fatal("nothing came")
	return nil
}

// TestVLAN has net_af_packet insert a tag and strip it again, over the loopback interface.
func TestVLAN(t *testing.T) {
	newNamespace(t)
	setUp(t, "lo")
	pool := newPool(t, 2048)
	port := newPort(t, "net_af_packet0", "iface=lo", ethdev.Config{
		Queues: 1, Pools: []*pktmbuf.Pool{pool}, Offloads: ethdev.RxVLANStrip | ethdev.TxVLAN,
	})
	queue := port.Queue(0, 0)
	want := tcpFrame(t, false)
	p := make([]burst.Packet, 1)
	if !pool.Alloc(p) {
		t.Fatal("Alloc failed")
	}
	p[0].Data = append(p[0].Data, want...)
	p[0].Flags, p[0].VLAN = burst.VLANInsert, 3<<13|5
	if queue.Transmit(p) != 1 {
		t.Fatal("not transmitted")
	}
	p = receiveOne(t, queue)
	if p[0].Flags != burst.VLANStripped || p[0].VLAN != 3<<13|5 || string(p[0].Data) != string(want) {
		t.Errorf("flags %#x, VLAN %#x, % x", p[0].Flags, p[0].VLAN, p[0].Data)
	}
	// What one port found out is not what another is asked.
	ring := newPort(t, "net_ring0", "", ethdev.Config{Queues: 1, Pools: []*pktmbuf.Pool{pool}}).Queue(0, 0)
	if ring.Transmit(p) != 1 || ring.Receive(p) != 1 || p[0].Flags != 0 {
		t.Errorf("flags %#x went along to the next port", p[0].Flags)
	}
	pool.Free(p)
}

// TestChecksumField sees what a NIC would: IPv4's checksum must be 0 where the port shall compute it.
func TestChecksumField(t *testing.T) {
	pool := newPool(t, 2048)
	ring := newPort(t, "net_ring0", "", ethdev.Config{Queues: 1, Pools: []*pktmbuf.Pool{pool}}).Queue(0, 0)
	p := make([]burst.Packet, 1)
	if !pool.Alloc(p) {
		t.Fatal("Alloc failed")
	}
	p[0].Data = append(p[0].Data, tcpFrame(t, false)...)
	p[0].Flags = burst.IPCsumOffload
	if ring.Transmit(p) != 1 || ring.Receive(p) != 1 || p[0].Data[24] != 0 || p[0].Data[25] != 0 {
		t.Errorf("the checksum is % x, want 0", p[0].Data[24:26])
	}
	pool.Free(p)
}

// setUp sets an interface of the thread's namespace up.
func setUp(t *testing.T, name string) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq(name)
	if err != nil {
		t.Fatal(err)
	}
	req.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req); err != nil {
		t.Fatal(err)
	}
}
