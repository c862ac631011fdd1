package conf

import "slices"

// maxSpread is how many blocks the ports of a client fall into at most.
const maxSpread = 64

// ftp is the port whose data connections come from other ports of the client than those that they belong to.
const ftp = 21

// SpreadOf is over how many servers a heavy client of service s is spread, 1 if it is not: blocks of its ports are told apart only where a template stands
// for the client, and for nothing that must stay together.
func (c *Config) SpreadOf(s *Service) int {
	switch {
	case s.Persistent == 0, s.Engine != "", s.Address().Port() == ftp:
		return 1
	case s.Spread != 0:
		return s.Spread
	}
	return c.Persistence.Spread
}

func checkSpread(c checker) {
	for i, s := range c.Services {
		path := at("service", i) + ".spread"
		if !c.given(path) || !c.sound(path) {
			continue
		}
		c.within(path, s.Spread, 0, maxSpread)
		switch {
		case s.Spread <= 1:
		case s.Persistent == 0 && c.sound(at("service", i)+".persistent"):
			c.oddf(path, "the service is not persistent").hint("persistent = true, or no spread")
		case s.Engine != "":
			c.oddf(path, "each call has a template of its own already").hint("engine or spread")
		case s.Address().Port() == ftp:
			c.oddf(path, "FTP's data connections come from other ports, and would miss their server").hint("no spread for port 21")
		case s.hashesClient():
			c.oddf(path, "%s gives one client the same server for each of its ports", s.Scheduler).hint("flags = [%q], or another scheduler", s.Scheduler+"-port")
		}
	}
}

// hashesClient reports whether the scheduler's choice hangs on the client's address alone.
func (s *Service) hashesClient() bool {
	return (s.Scheduler == "sh" || s.Scheduler == "mh") && !slices.ContainsFunc(s.Flags, func(flag string) bool { return FlagNumber(flag) == 1 })
}
