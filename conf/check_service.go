package conf

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Name returns what the service is called: "tcp 10.0.0.1:80", "udp 10.0.0.1:53", "mark 3".
func (s *Service) Name() string {
	switch {
	case s.TCP.IsValid():
		return "tcp " + s.TCP.String()
	case s.UDP.IsValid():
		return "udp " + s.UDP.String()
	}
	return fmt.Sprintf("mark %d", s.Mark)
}

// checkServiceNames demands exactly one of tcp, udp and mark, and none of them twice in the file (services.md S1.1).
func checkServiceNames(c checker) {
	seen := firsts[string]{}
	for i := range c.Services {
		s, path := &c.Services[i], at("service", i)
		keys := slices.DeleteFunc([]string{"tcp", "udp", "mark"}, func(key string) bool { return !c.given(join(path, key)) })
		switch len(keys) {
		case 0:
			c.errorf(path, "nothing says which packets are meant").hint(`tcp = "10.0.0.1:80", or udp, or mark`)
		case 1:
			key := join(path, keys[0])
			if first, found := seen.again(s.Name(), key); found && c.sound(key) {
				c.errorf(key, "duplicate service: %s is on line %d too", s.Name(), c.lines.find(first))
			}
		default:
			c.errorf(path, "%s are given together", strings.Join(keys, " and ")).
				hint("a service is one of tcp, udp and mark; write one [[service]] for each")
		}
	}
}

func checkServiceAddress(c checker) {
	for i, s := range c.Services {
		c.virtual(at("service", i)+".tcp", s.TCP.Addr())
		c.virtual(at("service", i)+".udp", s.UDP.Addr())
	}
}

func checkServiceMark(c checker) {
	ruled := map[uint32]bool{}
	for _, m := range c.Marks {
		ruled[m.Mark] = true
	}
	for i, s := range c.Services {
		path := at("service", i) + ".mark"
		if !c.given(path) {
			continue
		}
		if s.Mark == 0 {
			c.errorf(path, "0 is no mark").hint("1…4294967295")
		} else if !ruled[s.Mark] && c.sound("mark") {
			c.errorf(path, "no [[mark]] rule gives mark %d, so no packet can have it", s.Mark).
				hint("[[mark]] with mark = %d, destination and ports", s.Mark)
		}
	}
}

// schedulers are those there are, with the flags that each takes.
var schedulers = []struct {
	name  string
	flags []string
}{
	{"rr", nil},
	{"wrr", nil},
	{"lc", nil},
	{"wlc", nil},
	{"sed", nil},
	{"nq", nil},
	{"lblc", nil},
	{"lblcr", nil},
	{"dh", nil},
	{"sh", []string{"sh-fallback", "sh-port"}},
	{"mh", []string{"mh-fallback", "mh-port"}},
	{"fo", nil},
	{"ovf", nil},
	{"twos", nil},
}

func checkScheduler(c checker) {
	var names, allFlags []string
	flagsOf := map[string][]string{}
	for _, s := range schedulers {
		names, allFlags = append(names, s.name), append(allFlags, s.flags...)
		flagsOf[s.name] = s.flags
	}
	for i, s := range c.Services {
		path := at("service", i)
		c.oneOf(path+".scheduler", "scheduler", s.Scheduler, names...)
		for j, flag := range s.Flags {
			path := at(path+".flags", j)
			c.oneOf(path, "flag", flag, allFlags...)
			if !slices.Contains(flagsOf[s.Scheduler], flag) {
				c.errorf(path, "%q does not belong to scheduler %q", flag, s.Scheduler)
			} else if slices.Contains(s.Flags[:j], flag) {
				c.errorf(path, "%q is there twice", flag)
			}
		}
	}
}

// mhSlots is how many servers mh has room for (scheduling.md M.1).
const mhSlots = 4093

func checkMaglev(c checker) {
	for i, s := range c.Services {
		if n := len(s.Servers); s.Scheduler == "mh" && n > mhSlots {
			c.errorf(at("service", i)+".scheduler", "%d servers, but mh has only %d places for them", n, mhSlots)
		}
	}
}

func checkPersistence(c checker) {
	for i, s := range c.Services {
		path := at("service", i)
		if s.Persistent == 0 && c.sound(path+".persistent") {
			c.nonzeroPort(path+".tcp", s.TCP)
			c.nonzeroPort(path+".udp", s.UDP)
		} else if s.Persistent != c.Persistence.Timeout { // that was looked at already
			c.seconds(path+".persistent", s.Persistent)
		}
	}
}

// nonzeroPort demands a port of a service that is not persistent: nothing would ever be scheduled (P0.1).
func (c checker) nonzeroPort(path string, vip netip.AddrPort) {
	if vip.IsValid() && vip.Port() == 0 {
		c.errorf(path, "zero port for a service that is not persistent").hint("persistent = true, or a port")
	}
}

func checkNetmask(c checker) {
	workers, steering := len(c.Workers.Lcores), c.Network.SteeringPrefix4
	for i, s := range c.Services {
		path := at("service", i) + ".netmask"
		if !c.sound(at("service", i) + ".persistent") {
			continue
		}
		if s.Persistent == 0 && c.given(path) {
			c.errorf(path, "the service is not persistent").hint("persistent = true, or no netmask")
		}
		// The clients of one template have to be of one worker.
		if s.Persistent == 0 || workers <= 1 || int(s.Netmask) >= steering {
			continue
		}
		e := c.errorf(path, "/%d is wider than the part of an address that picks its worker, /%d: several workers would remember one client network", s.Netmask, steering)
		if s.Netmask == 0 {
			e.hint("one lcore in workers.lcores")
		} else {
			e.hint("set network.steering_prefix4 to %d, which needs a restart", s.Netmask)
		}
	}
}

func checkServiceCount(c checker) {
	if n, limit := len(c.Services), c.Tables.Services; n > limit && limit > 0 {
		c.errorf(at("service", limit), "%d services, but tables.services is %d", n, limit)
	}
}
