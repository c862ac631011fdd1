package ipvsadm

import (
	"fmt"
	"strings"
)

// check says which options do not belong together, in the order in which the tool finds that out.
func (r *request) check() error {
	if err := r.checkRules(); err != nil {
		return err
	}
	switch r.command {
	case addService, editService:
		return r.checkService()
	case addServer, editServer:
		return r.checkServer()
	case list:
		return r.checkList()
	}
	return nil
}

func (r *request) checkRules() error {
	command := fmt.Sprintf("'%s' command", commandNames[r.command])
	alone := noOption // the first that stands no other beside it
	for o := numeric; int(o) < len(rules); o++ {
		if err := heed(rules[o].commands[r.command-addService], r.has(o), o, &alone, command); err != nil {
			return err
		}
	}
	return nil
}

// heed applies one letter of a rule to an option. of names what the rule belongs to.
func heed(letter byte, given bool, o option, alone *option, of string) error {
	switch {
	case letter == '+' && !given:
		return usage("You need to supply the '%s' option for the %s", rules[o].name, of)
	case letter == '.' && given:
		return usage("Illegal '%s' option with the %s", rules[o].name, of)
	case letter == '1' && given && *alone != noOption:
		return usage("The option '%s' conflicts with the '%s' option in the %s", rules[o].name, rules[*alone].name, of)
	case letter == '1' && given:
		*alone = o
	}
	return nil
}

func (r *request) checkService() error {
	mark := r.service.mark != 0
	switch {
	case !mark && r.service.address.Port() == 0 && !r.has(persistent):
		return usage("Zero port specified for non-persistent service")
	case r.has(ops) && !mark && r.service.protocol != "udp":
		return usage("One-Packet Scheduling is only for UDP virtual services")
	}
	return nil
}

func (r *request) checkServer() error {
	if r.service.ipv6 != r.server.address.Addr().Is6() && r.server.Forward != "tun" {
		return usage("Different address family is allowed only for tunneling servers")
	}
	of := []option{tunPort, tunNocsum, tunCsum, tunRemcsum}
	if r.server.Forward != "tun" {
		for _, o := range append(of, tunType) {
			if r.has(o) {
				return usage("Tunnel options conflict with forward method")
			}
		}
		return nil
	}
	kind := r.server.TunnelType
	if kind == "" {
		kind = "ipip"
	}
	alone := noOption
	for i, o := range of {
		if err := heed(tunnelRules[kind][i], r.has(o), o, &alone, fmt.Sprintf("'%s' tunnel type", kind)); err != nil {
			return err
		}
	}
	return nil
}

func (r *request) checkList() error {
	table := r.has(stats) || r.has(rate) || r.has(thresholds)
	other := r.has(timeout) || r.has(daemon)
	if table && (other || r.has(connection)) || other && r.has(persistentConn) {
		return usage("options conflicts in the list command")
	}
	return nil
}

// The scheduler flags by bit: as any scheduler's, and as sh and mh name the first two.
var (
	anyFlags  = []string{"flag-1", "flag-2", "flag-3"}
	ownFlags  = map[string][]string{"sh": {"sh-fallback", "sh-port"}, "mh": {"mh-fallback", "mh-port"}}
	flagOwner = map[string]string{"sh-fallback": "sh", "sh-port": "sh", "mh-fallback": "mh", "mh-port": "mh"}
)

// parseSchedFlags reads the list of -b for a scheduler and returns the flags once each in order of their bits, by the
// scheduler's own names.
func parseSchedFlags(text, scheduler string) ([]string, error) {
	var bits uint8
	for flag := range strings.SplitSeq(text, ",") {
		if owner := flagOwner[flag]; owner != "" && owner != scheduler {
			return nil, usage("incompatible scheduler flag `%s'", flag)
		}
		bit := flagBit(flag)
		if bit == 0 && flag != "" {
			return nil, usage("invalid scheduler flag `%s'", flag)
		}
		bits |= bit
	}
	return nameFlags(bits, scheduler), nil
}

// flagBit is 1, 2 or 4, and 0 for a name that no flag has.
func flagBit(name string) uint8 {
	for _, names := range [][]string{anyFlags, ownFlags["sh"], ownFlags["mh"]} {
		for i, known := range names {
			if name == known {
				return 1 << i
			}
		}
	}
	return 0
}

// nameFlags names the flags that are set, the scheduler's own names first.
func nameFlags(bits uint8, scheduler string) (names []string) {
	for i, name := range anyFlags {
		if bits&(1<<i) == 0 {
			continue
		}
		if own := ownFlags[scheduler]; i < len(own) {
			name = own[i]
		}
		names = append(names, name)
	}
	return names
}
