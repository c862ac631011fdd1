package manage

import (
	"context"
	"time"

	"cleat/appliance/director"
)

// followAgain is how long FollowLinks waits before it starts anew.
const followAgain = time.Second

// FollowLinks takes over the MTU of the interfaces that ports are on, whenever it changes, until ctx ends.
func (l *Loop) FollowLinks(ctx context.Context) {
	for ctx.Err() == nil {
		err := l.d.FollowLinks(ctx, func(p *director.Port, mtu int) {
			ask(ctx, l, func() struct{} { l.setMTU(p, mtu); return struct{}{} }) // there is nobody to tell that the loop has ended
		})
		if err != nil {
			l.log.Error("changes of MTU are not heard of for a moment", "why", err, "again", followAgain)
			select {
			case <-ctx.Done():
			case <-time.After(followAgain):
			}
		}
	}
}

func (l *Loop) setMTU(p *director.Port, mtu int) {
	if p.MTU == mtu {
		return
	}
	l.log.Info("MTU", "port", p.Name, "was", p.MTU, "is", mtu)
	p.MTU = mtu
	l.publishNeighbours() // which publishes all of the next hops' table
}
