package intent

import (
	"maps"

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
	if err := s.Set(&conf.IPVS{}, text); err != nil {
		return nil, refuse("EINVAL", "%v", err)
	}
	operator := i.operator
	operator.sysctls = maps.Clone(operator.sysctls)
	if operator.sysctls == nil {
		operator.sysctls = map[string]string{}
	}
	operator.sysctls[name] = text
	return i.with(i.file, operator), nil
}

// Sysctls lists all of net.ipv4.vs.*, sorted by name.
func (i *Intent) Sysctls() []api.Sysctl {
	all := make([]api.Sysctl, len(conf.Sysctls))
	for n := range conf.Sysctls {
		s := &conf.Sysctls[n]
		all[n] = api.Sysctl{Name: s.Name, Value: s.Get(&i.wanted.IPVS), Kept: s.Kept}
	}
	return all
}
