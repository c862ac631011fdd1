package intent

import (
	"maps"
	"strings"

	"cleat/appliance/api"
	"cleat/conf"
)

// sysctl returns the switch of that name: one of net.ipv4.vs.*, or "ftp".
func sysctl(name string) (*conf.Sysctl, bool) {
	if name == conf.FTP.Name {
		return &conf.FTP, true
	}
	for n := range conf.Sysctls {
		if conf.Sysctls[n].Name == name {
			return &conf.Sysctls[n], true
		}
	}
	return nil, false
}

// SetSysctl returns the intent in which a switch is set; an *api.Problem says why it cannot be.
func (i *Intent) SetSysctl(name, text string) (*Intent, error) {
	s, ok := sysctl(name)
	if !ok {
		return nil, refuse("ENOENT", "there is no net.ipv4.vs.%s", name)
	}
	now := i.wanted.IPVS
	if err := s.Set(&now, text); err != nil {
		return nil, refuse("EINVAL", "%v", err)
	}
	operator := i.operator
	operator.sysctls = maps.Clone(operator.sysctls)
	if operator.sysctls == nil {
		operator.sysctls = map[string]string{}
	}
	operator.sysctls[name] = strings.Join(strings.Fields(text), " ")
	if strings.Contains(s.Get(&now), "\t") { // two numbers, of which one may have been given alone
		operator.sysctls[name] = s.Get(&now)
	}
	return i.with(i.file, operator), nil
}

// Sysctls lists all of net.ipv4.vs.*, sorted by name, those that the operator has set as they were set.
func (i *Intent) Sysctls() []api.Sysctl {
	all := make([]api.Sysctl, len(conf.Sysctls))
	for n := range conf.Sysctls {
		s := &conf.Sysctls[n]
		value, set := i.operator.sysctls[s.Name]
		if !set {
			value = s.Get(&i.wanted.IPVS)
		}
		all[n] = api.Sysctl{Name: s.Name, Value: value, Kept: s.Kept}
	}
	return all
}
