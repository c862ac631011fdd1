package conf

import "slices"

// schedulers are those there are, with their own names for flags 1 and 2 (services.md S1.3), if they have such.
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
	{"none", nil},
}

// anyFlags are the names of flags 1 to 3 of every scheduler.
var anyFlags = []string{"flag-1", "flag-2", "flag-3"}

// Flags returns what a scheduler calls its three flags, in the order of their numbers; ok is false if there is no such scheduler.
func Flags(scheduler string) (names []string, ok bool) {
	for _, s := range schedulers {
		if s.name == scheduler {
			return append(slices.Clone(s.flags), anyFlags[len(s.flags):]...), true
		}
	}
	return nil, false
}

// FlagNumber returns which flag a name means, from 0, whatever the scheduler; -1: none.
func FlagNumber(name string) int {
	for _, s := range schedulers {
		if i := slices.Index(s.flags, name); i >= 0 {
			return i
		}
	}
	return slices.Index(anyFlags, name)
}

func checkScheduler(c checker) {
	var names, allFlags []string
	for _, s := range schedulers {
		names, allFlags = append(names, s.name), append(allFlags, s.flags...)
	}
	allFlags = append(allFlags, anyFlags...)
	for i, s := range c.Services {
		path := at("service", i)
		c.oneOf(path+".scheduler", "scheduler", s.Scheduler, names...)
		own, known := Flags(s.Scheduler)
		given := firsts[int]{}
		for j, flag := range s.Flags {
			path := at(path+".flags", j)
			c.oneOf(path, "flag", flag, allFlags...)
			if known && !slices.Contains(own, flag) && !slices.Contains(anyFlags, flag) {
				c.errorf(path, "%q does not belong to scheduler %q", flag, s.Scheduler)
			} else if _, found := given.again(FlagNumber(flag), path); found {
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
			c.oddf(at("service", i)+".scheduler", "%d servers, but mh has only %d places for them", n, mhSlots)
		}
	}
}
