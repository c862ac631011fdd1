// Package ladder finds out, port by port, how packets best get to the worker of their client, and believes nothing that it has not seen.
//
//  1. Climb asks the device for the first rung that it says it can do: to hash the client's address alone, as workers do (flow.Steering), and to choose the
//     queue by that.
//  2. Workers compare what comes with what should (lcore.Probe).
//  3. Judge takes the rung as confirmed when enough packets were as they should, and else climbs on, down to the ring between workers, which needs
//     nothing of a device.
//
// Workers steer in software whatever the rung: it decides only how many packets they have to hand over.
package ladder

import (
	"fmt"
	"slices"
	"strings"

	"cleat/cgo/ethdev"
	"cleat/lcore"
)

// Device is what a rung is asked of: an ethdev.Port.
type Device interface {
	SetRSS(fields ethdev.RSS, key []byte) error
	SetIndirection(queues []uint16) error
	AddFlow(f ethdev.FlowRSS) error
	FlushFlows() error
}

// Steering is what the device is to do as workers do it: flow.Steering's Key and Indirection, and how many bits of an address it looks at.
type Steering struct {
	Workers          int
	Key              []byte
	Queues           []uint16
	Prefix4, Prefix6 int
}

// Rungs, as they are shown.
const (
	RSSFields = "rss-fields" // the device's RSS hashes one address only
	RTEFlow   = "rte_flow"   // a rule of the device does
	Ring      = "ring"       // the worker that a packet comes to hands it over
	Probing   = "probing"    // asked of the device, and not seen yet; meanwhile as Ring
	OneWorker = "one worker" // there is nothing to steer
)

// Field says whose address is the client's in packets that come in by a port.
type Field uint8

// Fields.
const (
	Neither Field = iota // now the one, now the other
	Source
	Destination
)

// state is how far a family is.
type state uint8

const (
	off state = iota // in software
	asked
	confirmed
)

const (
	sample = 256         // packets that decide
	odd    = sample / 64 // of those that may differ: tunnels and options are hashed otherwise by devices that are right otherwise
)

// Families are the words for the elements of lcore.Arrival's and lcore.Probe's arrays.
var Families = [2]string{"IPv4", "IPv6"}

// Ladder is one port's. Its methods belong to one goroutine.
type Ladder struct {
	dev      Device
	can      ethdev.RSS
	steering *Steering

	field   Field
	next    int    // attempt
	rung    string // of the last attempt
	family  [2]state
	reasons []string
	changed bool // the device's RSS is another one than it was configured for
	rules   bool // it has some
	armed   bool // workers compare
	base    lcore.Arrival
}

// New makes the ladder of a device that can hash certain fields (ethdev.Info.RSS). It is on the ring.
func New(dev Device, can ethdev.RSS, s *Steering) *Ladder {
	return &Ladder{dev: dev, can: can, steering: s, next: len(attempts)}
}

// Climb begins at the first rung. Where neither address is always the client's, why says so, and the ring it is.
func (l *Ladder) Climb(field Field, why string) {
	l.field, l.reasons, l.next = field, nil, 0
	switch {
	case l.steering.Workers == 1:
		l.next = len(attempts)
	case field == Neither:
		l.next = len(attempts)
		l.note("%s", why)
	case l.can == 0:
		l.next = len(attempts)
		l.note("the device hashes nothing")
	}
	l.climb()
}

// climb takes the next rung that the device says it can do.
func (l *Ladder) climb() {
	l.family, l.armed = [2]state{}, false
	for l.next < len(attempts) {
		a := &attempts[l.next]
		l.next++
		l.sweep()
		l.rung = a.rung
		families, err := a.take(l)
		if err != nil {
			l.note("%s: %v", a.rung, err)
		}
		for f, taken := range families {
			if taken {
				l.family[f] = asked
			}
		}
		if l.asks() {
			return
		}
	}
	l.plain()
}

// plain has the device spread packets over all queues, however it can.
func (l *Ladder) plain() {
	l.sweep()
	if !l.changed {
		return
	}
	if err := l.dev.SetRSS(Everything&l.can, l.steering.Key); err != nil {
		l.note("its queues: %v", err)
	}
}

// sweep takes rules away.
func (l *Ladder) sweep() {
	if !l.rules {
		return
	}
	l.rules = false
	if err := l.dev.FlushFlows(); err != nil {
		l.note("rules that stay: %v", err)
	}
}

// Close takes away what the device would keep.
func (l *Ladder) Close() { l.sweep() }

func (l *Ladder) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(l.reasons, text) {
		l.reasons = append(l.reasons, text)
	}
}

// asks reports whether something is in question.
func (l *Ladder) asks() bool { return slices.Contains(l.family[:], asked) }

// Judge looks at what all workers together have found out since they were made, and reports whether something is different now: what they should
// compare, or the rung. It is called now and then, and what comes right after a rung was asked for does not count: it may have waited in a queue.
func (l *Ladder) Judge(a lcore.Arrival) bool {
	if !l.asks() {
		return false
	}
	if !l.armed {
		l.armed, l.base = true, a
		return true
	}
	judged := false
	for f := range l.family {
		probed, differed := a.Probed[f]-l.base.Probed[f], a.Differed[f]-l.base.Differed[f]
		if l.family[f] != asked || probed < sample {
			continue
		}
		judged = true
		l.family[f] = confirmed
		if differed > probed*odd/sample {
			l.family[f] = off
			l.note("%s: of %d packets of %s, %d had another hash or queue than was asked for", l.rung, probed, Families[f], differed)
		}
	}
	if judged && l.family[0] != confirmed && l.family[1] != confirmed && !l.asks() {
		l.climb()
	}
	return judged
}

// Probe is what workers should compare now.
func (l *Ladder) Probe() (p lcore.Probe) {
	p.Destination = l.field == Destination
	for f := range l.family {
		p.Families[f] = l.armed && l.family[f] == asked
	}
	return p
}

// Rung is that of a family.
func (l *Ladder) Rung(family int) string {
	switch {
	case l.steering.Workers == 1:
		return OneWorker
	case l.family[family] == confirmed:
		return l.rung
	case l.family[family] == asked:
		return Probing
	}
	return Ring
}

// String names the rung, or those of both families.
func (l *Ladder) String() string {
	if l.Rung(0) == l.Rung(1) {
		return l.Rung(0)
	}
	return fmt.Sprintf("%s %s, %s %s", Families[0], l.Rung(0), Families[1], l.Rung(1))
}

// Reason says why it is no better one; "" if there is no better one.
func (l *Ladder) Reason() string { return strings.Join(l.reasons, "; ") }

// Cost says what the rung costs.
func (l *Ladder) Cost() string {
	share := fmt.Sprintf("about %d %% of its packets change workers through a ring", 100-100/l.steering.Workers)
	switch l.String() {
	case OneWorker:
		return "nothing"
	case Ring:
		return share
	case Probing:
		return fmt.Sprintf("until %d packets were compared, %s", sample, share)
	case l.rung:
		return "nothing: few packets change workers"
	}
	return "where the rung is another one than " + l.rung + ", " + share
}
