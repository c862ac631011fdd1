package director

import (
	"context"

	"github.com/vishvananda/netlink"
)

// FollowLinks tells the MTU of every port on a kernel interface, now and whenever somebody changes it (ip link set … mtu …), until ctx ends. It is
// told as Port.MTU should be: an interface may promise more than the port's buffers were made for.
func (d *Director) FollowLinks(ctx context.Context, tell func(p *Port, mtu int)) error {
	updates := make(chan netlink.LinkUpdate)
	failed := make(chan error, 1)
	err := netlink.LinkSubscribeWithOptions(updates, ctx.Done(), netlink.LinkSubscribeOptions{
		ListExisting: true,
		ErrorCallback: func(err error) {
			select {
			case failed <- err:
			default: // one is enough
			}
		},
	})
	if err != nil {
		return err
	}
	for u := range updates {
		for _, p := range d.Ports {
			if p.iface != "" && p.iface == u.Attrs().Name {
				tell(p, min(u.Attrs().MTU, p.maxMTU))
			}
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return <-failed
}
