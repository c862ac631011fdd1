package ipvsadm

import (
	"cmp"
	"errors"
	"net/netip"
	"strings"

	"cleat/appliance/api"
)

// request is a command line with its values read.
type request struct {
	command  command
	argument string // of --start-daemon and --stop-daemon
	given    uint64 // options, one bit each
	service  service
	options  api.Options
	flags    string // -b as it stands: it is read when all options are known
	server   server
	timeouts api.Timeouts
	ifname   string // --mcast-interface
}

// service is a virtual service's identity (services.md S1.1).
type service struct {
	protocol string         // as in api.ServiceID; "" before a service option
	address  netip.AddrPort // not of a mark
	mark     uint32
	ipv6     bool // the family, of a mark too
}

// server is a real server; its port is that of the service unless it is given.
type server struct {
	address netip.AddrPort
	api.ServerSpec
}

var errNoCommand = errors.New("no command")

// persistentDefault is the timeout of a -p without value, in seconds.
const persistentDefault = 360

// timeMax is the greatest timeout, in seconds: 31 days.
const timeMax = 31 * 24 * 3600

// parse reads a command line, argv[0] not among the arguments. errNoCommand: it does not begin with a command.
func parse(args []string) (*request, error) {
	w := &words{left: args}
	f, argument, _, err := w.next()
	if err != nil || f == nil || f.command == noCommand {
		return nil, errNoCommand
	}
	r := &request{command: f.command, argument: argument, ifname: "eth0"}
	if r.command == help || r.command == showVersion {
		return r, nil
	}
	if err := r.checkDaemon(); err != nil {
		return nil, err
	}
	r.server.ServerSpec = api.ServerSpec{Forward: "dr", Weight: 1}
	for {
		f, text, given, err := w.next()
		switch {
		case err != nil:
			return nil, err
		case f == nil:
			return r, r.finish(w.plain)
		case f.command != noCommand:
			return nil, usage("invalid option `%s'", w.last)
		case f.option != noOption && r.has(f.option):
			return nil, usage("multiple '%s' options specified", rules[f.option].name)
		}
		r.give(f.option)
		if f.read != nil {
			if err := f.read(r, text, given); err != nil {
				return nil, err
			}
		}
	}
}

func (r *request) has(o option) bool { return r.given&(1<<o) != 0 }

func (r *request) give(o option) {
	if o != noOption {
		r.given |= 1 << o
	}
}

// checkDaemon reads the daemon's role, which is the command's own value.
func (r *request) checkDaemon() error {
	role := r.argument == "master" || r.argument == "backup"
	switch {
	case r.command == startDaemon && !role:
		return usage("illegal start-daemon parameter specified")
	case r.command == stopDaemon && !role:
		return usage("illegal start_daemon specified")
	}
	return nil
}

// finish reads what waits until all options are known: the values of --set, and -b by the scheduler.
func (r *request) finish(plain []string) error {
	if r.command == setTimeouts {
		if len(plain) < 3 {
			return usage("--set option requires 3 timeout values")
		}
		for i, to := range []*int{&r.timeouts.TCP, &r.timeouts.TCPFin, &r.timeouts.UDP} {
			seconds, ok := number(plain[i], 0, timeMax)
			if !ok {
				return usage("invalid timeout value `%s' specified", plain[i])
			}
			*to = seconds
		}
		plain = plain[3:]
	}
	if len(plain) > 0 {
		return usage("unexpected argument %s", plain[0])
	}
	r.options.Scheduler = cmp.Or(r.options.Scheduler, "wlc")
	var err error
	r.options.Flags, err = parseSchedFlags(r.flags, r.options.Scheduler)
	return err
}

func readService(protocol string) func(*request, string, bool) error {
	return func(r *request, text string, _ bool) error {
		r.service.protocol = protocol
		var ok bool
		if r.service.address, ok = address(text, protocol, 0); !ok {
			return usage("illegal virtual server address[:port] specified")
		}
		r.service.ipv6 = r.service.address.Addr().Is6()
		return nil
	}
}

func readMark(r *request, text string, _ bool) error {
	mark, ok := number(text, 1, 1<<32-1)
	if !ok {
		return usage("invalid fwmark value `%s' specified", text)
	}
	r.service.protocol, r.service.mark = "mark", uint32(mark)
	return nil
}

func readIPv6(r *request, _ string, _ bool) error {
	if r.service.mark == 0 {
		return usage("-6 used before -f\n")
	}
	r.service.ipv6 = true
	return nil
}

// nameSize is the kernel's field for names of schedulers and persistence engines, in bytes without the end: longer ones are cut.
const nameSize = 15

func readScheduler(r *request, text string, _ bool) error {
	r.options.Scheduler = text[:min(len(text), nameSize)]
	return nil
}

func readEngine(r *request, text string, _ bool) error {
	r.options.Engine = text[:min(len(text), nameSize)]
	return nil
}

func readPersistent(r *request, text string, given bool) error {
	r.options.Persistent = persistentDefault
	if given {
		var ok bool
		if r.options.Persistent, ok = number(text, 1, timeMax); !ok {
			return usage("invalid timeout value `%s' specified", text)
		}
	}
	return nil
}

func readNetmask(r *request, text string, _ bool) error {
	mask, ok := parseMask(text, r.service.ipv6)
	switch {
	case !ok && r.service.ipv6:
		return usage("illegal ipv6 netmask specified")
	case !ok:
		return usage("illegal virtual server persistent mask specified")
	}
	r.options.Netmask = mask
	return nil
}

func readSchedFlags(r *request, text string, _ bool) error {
	r.flags = text
	return nil
}

func readOps(r *request, _ string, _ bool) error {
	r.options.OnePacket = true
	return nil
}

func readServer(r *request, text string, _ bool) error {
	var ok bool
	if r.server.address, ok = address(text, r.service.protocol, r.service.address.Port()); !ok {
		return usage("illegal real server address[:port] specified")
	}
	return nil
}

func readForward(method string) func(*request, string, bool) error {
	return func(r *request, _ string, _ bool) error {
		r.server.Forward = method
		return nil
	}
}

func readTunnelType(r *request, text string, _ bool) error {
	if _, known := tunnelRules[text]; !known {
		return usage("illegal tunnel type specified")
	}
	r.server.TunnelType = text
	return nil
}

func readTunnelPort(r *request, text string, _ bool) error {
	port, ok := number(text, 1, 65535)
	if !ok {
		return usage("illegal tunnel port specified")
	}
	r.server.TunnelPort = uint16(port)
	return nil
}

func readChecksum(kind string) func(*request, string, bool) error {
	return func(r *request, _ string, _ bool) error {
		r.server.TunnelChecksum = kind
		return nil
	}
}

func readWeight(r *request, text string, _ bool) (err error) {
	r.server.Weight, err = readInt(text, "illegal weight specified")
	return err
}

func readUpper(r *request, text string, _ bool) error {
	n, err := readInt(text, "illegal u_threshold specified")
	r.server.Upper = uint32(n)
	return err
}

func readLower(r *request, text string, _ bool) error {
	n, err := readInt(text, "illegal l_threshold specified")
	r.server.Lower = uint32(n)
	return err
}

// readInt reads a number of 31 bits.
func readInt(text, complaint string) (int, error) {
	n, ok := number(text, 0, 1<<31-1)
	if !ok {
		return 0, usage("%s", complaint)
	}
	return n, nil
}

func readInterface(r *request, text string, _ bool) error {
	r.ifname = cmp.Or(text[:min(len(text), nameSize)], r.ifname)
	return nil
}

// readInRange checks a number that only the sync daemon has a use for.
func readInRange(complaint string, low, high int) func(*request, string, bool) error {
	return func(_ *request, text string, _ bool) error {
		if _, ok := number(text, low, high); !ok {
			return usage("%s", complaint)
		}
		return nil
	}
}

func readGroup(_ *request, text string, _ bool) error {
	family := "IPv4"
	if strings.Contains(text, ":") {
		family = "IPv6"
	}
	group, err := netip.ParseAddr(text)
	if err != nil || group.Zone() != "" || !group.IsMulticast() {
		return usage("invalid %s mcast-group `%s'", family, text)
	}
	return nil
}
