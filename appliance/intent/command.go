package intent

import (
	"maps"
	"math"
	"net/netip"
	"slices"
	"time"

	"cleat/appliance/api"
	"cleat/appliance/registry"
	"cleat/conf"
)

// Command returns the intent after a command. The error, an *api.Problem, says why the command changes nothing; of several reasons it is the one
// that IPVS gives. "zero" changes no intent, but its service has to be there.
func (i *Intent) Command(c *api.Command) (*Intent, error) {
	switch c.Do {
	case "clear":
		return i.clear(), nil
	case "set-timeouts":
		return i.setTimeouts(c.Timeouts)
	case "zero":
		if c.Service == nil {
			return i, nil
		}
	case "add-service", "edit-service", "delete-service", "add-server", "edit-server", "delete-server":
	default:
		return nil, bad("do: %q is none of %v", c.Do, api.Commands)
	}
	s, err := identity(c.Service)
	if err != nil {
		return nil, err
	}
	there := find(i.wanted.Services, registry.IdentityOf(&s))
	if c.Do == "add-service" {
		return i.addService(s, there, c.Options)
	}
	if there == nil {
		return nil, refuse("ESRCH", "there is no service %s", s.Name())
	}
	switch c.Do {
	case "edit-service":
		return i.editService(there, c.Options)
	case "delete-service":
		return i.deleteService(there), nil
	case "zero":
		return i, nil
	}
	return i.commandServer(c, there)
}

func (i *Intent) addService(s conf.Service, there *conf.Service, o *api.Options) (*Intent, error) {
	if there != nil {
		return nil, refuse("EEXIST", "service %s is there already", s.Name())
	}
	if err := setOptions(&s, o); err != nil {
		return nil, err
	}
	return i.put(registry.IdentityOf(&s), service{own: true, options: &s}), nil
}

func (i *Intent) editService(there *conf.Service, o *api.Options) (*Intent, error) {
	s := *there
	if err := setOptions(&s, o); err != nil {
		return nil, err
	}
	if s.OnePacket && slices.ContainsFunc(s.Servers, func(rs conf.Server) bool { return rs.Forward == "fullnat" }) {
		return nil, refuse("EINVAL", "service %s has servers with forward fullnat, so its datagrams cannot be scheduled alone", s.Name())
	}
	id := registry.IdentityOf(&s)
	change := i.operator.services[id]
	change.options = &s
	return i.put(id, change), nil
}

func (i *Intent) deleteService(there *conf.Service) *Intent {
	return i.put(registry.IdentityOf(there), service{gone: true})
}

// clear deletes every service.
func (i *Intent) clear() *Intent {
	operator := i.operator
	operator.services = map[registry.Identity]service{}
	for n := range i.file.Services {
		operator.services[registry.IdentityOf(&i.file.Services[n])] = service{gone: true}
	}
	return i.with(i.file, operator)
}

// put returns the intent in which the operator says s of a service.
func (i *Intent) put(id registry.Identity, s service) *Intent {
	operator := i.operator
	operator.services = maps.Clone(operator.services)
	if operator.services == nil {
		operator.services = map[registry.Identity]service{}
	}
	operator.services[id] = s
	if s.gone && find(i.file.Services, id) == nil {
		delete(operator.services, id)
	}
	return i.with(i.file, operator)
}

// commandServer does what concerns a real server of a service that is there.
func (i *Intent) commandServer(c *api.Command, s *conf.Service) (*Intent, error) {
	rs, err := spelled(c.Server)
	if err != nil {
		return nil, err
	}
	there := findServer(s, rs.Address)
	if c.Do == "delete-server" {
		if there == nil {
			return nil, refuse("ENOENT", "service %s has no server %s", s.Name(), rs.Address)
		}
		return i.putServer(s, server{gone: true, conf: rs}), nil
	}
	if err := i.judge(s, &rs); err != nil {
		return nil, err
	}
	switch {
	case c.Do == "add-server" && there != nil:
		return nil, refuse("EEXIST", "server %s of service %s is there already", rs.Address, s.Name())
	case c.Do == "edit-server" && there == nil:
		return nil, refuse("ENOENT", "service %s has no server %s", s.Name(), rs.Address)
	case c.Do == "add-server" && !i.wanted.CanServe(rs.Address.Addr()):
		return nil, refuse("EINVAL", "%s is not an address that a host can have", rs.Address.Addr())
	}
	own := c.Do == "add-server" || i.operator.services[registry.IdentityOf(s)].servers[rs.Address].own
	return i.putServer(s, server{own: own, conf: rs}), nil
}

// judge refuses what IPVS refuses of a server that is added or edited, in its order.
func (i *Intent) judge(s *conf.Service, rs *conf.Server) error {
	switch {
	case rs.Forward == "":
		return refuse("EINVAL", "server: no forwarding method")
	case rs.Forward != "tun" && rs.Address.Addr().Is6() != s.Is6(): // forwarding.md F4.5
		return refuse("EINVAL", "server %s is not of the service's family, which forward tun can do alone", rs.Address)
	case rs.Forward == "fullnat" && len(s.LocalAddresses) == 0:
		return refuse("EINVAL", "service %s has no local addresses, which forward fullnat needs", s.Name())
	case rs.Forward == "fullnat" && (s.OnePacket || s.Protocol() == "sctp"):
		return refuse("EINVAL", "service %s cannot have forward fullnat: it is of SCTP, or its datagrams are scheduled alone", s.Name())
	case rs.Weight < 0 || rs.Weight > math.MaxInt32:
		return refuse("ERANGE", "weight: %d is not from 0 to %d", rs.Weight, math.MaxInt32)
	case rs.Lower > rs.Upper:
		return refuse("ERANGE", "lower: %d is more than upper, which is %d", rs.Lower, rs.Upper)
	case rs.Upper > math.MaxInt32:
		return refuse("EINVAL", "upper: %d is not from 0 to %d", rs.Upper, math.MaxInt32)
	case rs.TunnelType == "gue" && rs.TunnelPort == 0: // F4.7
		return refuse("EINVAL", "tunnel_port: gue needs one")
	case rs.TunnelType == "gre" && rs.TunnelChecksum == "remcsum":
		return refuse("EINVAL", "tunnel_checksum: gre has no remcsum")
	}
	return nil
}

// putServer returns the intent in which the operator says rs of a server of service s.
func (i *Intent) putServer(s *conf.Service, rs server) *Intent {
	id, address := registry.IdentityOf(s), rs.conf.Address
	change := i.operator.services[id]
	change.servers = maps.Clone(change.servers)
	if change.servers == nil {
		change.servers = map[netip.AddrPort]server{}
	}
	change.servers[address] = rs
	if rs.gone && (change.own || findServer(find(i.file.Services, id), address) == nil) {
		delete(change.servers, address)
	}
	return i.put(id, change)
}

// setTimeouts does what ipvsadm --set does: 0 leaves a timeout as it is (connections.md C4.2).
func (i *Intent) setTimeouts(t *api.Timeouts) (*Intent, error) {
	if t == nil {
		return nil, bad("no timeouts are given")
	}
	operator := i.operator
	for _, one := range []struct {
		name    string
		seconds int
		to      *conf.Duration
	}{
		{"tcp", t.TCP, &operator.timeouts.TCP}, {"tcp_fin", t.TCPFin, &operator.timeouts.TCPFin}, {"udp", t.UDP, &operator.timeouts.UDP},
	} {
		if one.seconds < 0 || one.seconds > maxSeconds {
			return nil, refuse("EINVAL", "%s: %d is not from 0 to %d", one.name, one.seconds, maxSeconds)
		}
		override(one.to, time.Duration(one.seconds)*time.Second)
	}
	return i.with(i.file, operator), nil
}
