package director

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// TestFollowLinks: in a network namespace of its own the loopback interface changes its MTU under a port that was set up for 1500.
func TestFollowLinks(t *testing.T) {
	runtime.LockOSThread() // and never unlocked: the thread ends with the test, and the namespace with it
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skip("needs root: ", err)
	}
	operator, err := netlink.NewHandle(unix.NETLINK_ROUTE) // of this namespace, whichever thread uses it
	if err != nil {
		t.Fatal(err)
	}
	defer operator.Close()
	lo, err := operator.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	port := &Port{Name: "inside", iface: "lo", MTU: 1500, maxMTU: 1500}
	d := &Director{Ports: []*Port{{Name: "NIC", MTU: 1500, maxMTU: 1500}, port}}
	ctx, stop := context.WithCancel(t.Context())
	told := make(chan int, 100)
	go func() {
		defer stop()
		await := func(want int) {
			for {
				select {
				case got := <-told:
					if got == want {
						return
					}
				case <-time.After(5 * time.Second):
					t.Errorf("nobody tells of MTU %d", want)
					return
				}
			}
		}
		await(1500) // of the 65536 that it has
		for _, mtu := range []int{1300, 1400} {
			if err := operator.LinkSetMTU(lo, mtu); err != nil {
				t.Error(err)
			}
			await(mtu)
		}
	}()
	err = d.FollowLinks(ctx, func(p *Port, mtu int) {
		if p != port {
			t.Errorf("%s is on no interface", p.Name)
		}
		told <- mtu
	})
	if err != nil {
		t.Errorf("it ends with %v", err)
	}
}
