package ladder

import (
	"errors"
	"fmt"

	"cleat/cgo/ethdev"
)

// Everything is what a device hashes that cannot do what workers do: packets spread, and those of a flow stay together.
const Everything = ethdev.RSSIPv4Addresses | ethdev.RSSIPv6Addresses | ethdev.RSSTransports

// attempts are what a device is asked for, the best first. Drivers read the same words differently, and only packets tell: to some, fields of TCP and UDP
// with one address only mean just that address, to others the ports too, and to others again fields of IP alone leave TCP and UDP out.
//
// An attempt returns which families (IPv4, IPv6) the device has promised, and why not both.
var attempts = []struct {
	rung string
	take func(l *Ladder) (families [2]bool, why error)
}{
	{RSSFields, func(l *Ladder) ([2]bool, error) { return l.hash(Everything) }},
	{RSSFields, func(l *Ladder) ([2]bool, error) { return l.hash(Everything &^ ethdev.RSSTransports) }},
	{RTEFlow, (*Ladder).ownRules},
	{RTEFlow, (*Ladder).portRules},
}

// Why a family is not promised.
var (
	errBothOnly = errors.New("the device does not hash one address alone")
	errSame     = errors.New("the device hashes no ports that could be left out")
	errPrefix4  = errors.New("no device hashes a part of the address only (network.steering_prefix4 is not 32)")
	errPrefix6  = errors.New("the device does not hash just the bits of network.steering_prefix6")
)

// only is the word for the client's address alone.
func (l *Ladder) only() ethdev.RSS {
	if l.field == Destination {
		return ethdev.RSSL3DstOnly
	}
	return ethdev.RSSL3SrcOnly
}

// hash has the device's RSS hash some fields of the client's end only.
func (l *Ladder) hash(fields ethdev.RSS) (families [2]bool, why error) {
	switch {
	case l.can&l.only() == 0:
		return families, errBothOnly
	case fields&ethdev.RSSTransports == 0 && l.can&ethdev.RSSTransports == 0:
		return families, errSame
	}
	fields &= l.can
	prefix, known := ethdev.RSSPrefix6(l.steering.Prefix6)
	families[0] = fields&ethdev.RSSIPv4Addresses != 0 && l.steering.Prefix4 == 32
	families[1] = fields&ethdev.RSSIPv6Addresses != 0 && known && prefix&^l.can == 0
	var lacks [2]error
	if !families[0] {
		lacks[0] = errPrefix4
	}
	if families[1] {
		fields |= prefix
	} else {
		lacks[1] = errPrefix6
	}
	why = inWords(lacks)
	if families == [2]bool{} {
		return families, why
	}
	if err := l.set(fields | l.only()); err != nil {
		return [2]bool{}, err
	}
	return families, why
}

// set gives the port fields, key and indirection table.
func (l *Ladder) set(fields ethdev.RSS) error {
	if err := l.dev.SetRSS(fields, l.steering.Key); err != nil {
		return err
	}
	l.changed = true
	return l.dev.SetIndirection(l.steering.Queues)
}

// ownRules has rules hash, under a key and with a list of queues of their own.
func (l *Ladder) ownRules() ([2]bool, error) { return l.add(l.steering.Key, l.steering.Queues) }

// portRules has rules hash, under the port's key and by its indirection table, as some devices demand.
func (l *Ladder) portRules() ([2]bool, error) {
	if err := l.set(Everything & l.can); err != nil {
		return [2]bool{}, err
	}
	return l.add(nil, nil)
}

// add adds a rule for each family.
func (l *Ladder) add(key []byte, queues []uint16) (families [2]bool, why error) {
	var lacks [2]error
	prefix, known := ethdev.RSSPrefix6(l.steering.Prefix6)
	for f, c := range [2]struct {
		fields ethdev.RSS
		able   bool
		unable error
	}{
		{ethdev.RSSIPv4, l.steering.Prefix4 == 32, errPrefix4},
		{ethdev.RSSIPv6 | prefix, known, errPrefix6},
	} {
		if !c.able {
			lacks[f] = c.unable
			continue
		}
		lacks[f] = l.dev.AddFlow(ethdev.FlowRSS{V6: f == 1, Fields: c.fields | l.only(), Key: key, Queues: queues})
		families[f] = lacks[f] == nil
		l.rules = l.rules || families[f]
	}
	return families, inWords(lacks)
}

// inWords says of each family why not, or once what is so for both.
func inWords(why [2]error) error {
	switch v4, v6 := why[0], why[1]; {
	case v4 == nil && v6 == nil:
		return nil
	case v4 == nil:
		return fmt.Errorf("%s: %w", Families[1], v6)
	case v6 == nil:
		return fmt.Errorf("%s: %w", Families[0], v4)
	case v4.Error() == v6.Error():
		return v4
	default:
		return fmt.Errorf("%s: %w, %s: %w", Families[0], v4, Families[1], v6)
	}
}
