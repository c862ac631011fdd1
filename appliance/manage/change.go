package manage

import (
	"context"
	"fmt"
	"time"

	"cleat/appliance/api"
	"cleat/appliance/control"
	"cleat/appliance/intent"
	"cleat/appliance/registry"
	"cleat/conf"
)

// adopt makes an intent the one in force, and returns when all workers go by it. It refuses, and changes nothing, if there are no numbers left.
func (l *Loop) adopt(next *intent.Intent) error {
	c, removed := next.Config(), l.registry.Removed
	changed, err := l.registry.Apply(c, l.date())
	if err != nil {
		return err
	}
	before := l.conf
	l.d.Steer(c)
	l.intent, l.conf = next, c
	l.neighbours.Configure(l.d.Hops(c, nil), c.Network.NeighborReachable, l.d.NextHops(c))
	l.rebuild(changed)
	l.greet(before)
	SetLevel(l.level, &c.Log)
	if c.IPVS.ExpireNodestConn && l.registry.Removed != removed { // P6.3
		l.purge()
	}
	return nil
}

// reload reads the configuration file again and changes over to it. It returns what has changed, or, when nothing has, why it was refused.
func (l *Loop) reload(replace bool) (changes, refused []string) {
	c, err := conf.Read(l.path)
	if err != nil {
		return nil, linesOf(err)
	}
	if _, restart := conf.Compare(l.intent.File(), c); len(restart) != 0 {
		for i, line := range restart {
			restart[i] = fmt.Sprintf("%s: %s: needs a restart of cleatd; nothing was changed", l.path, line)
		}
		return nil, restart
	}
	next := l.intent.Reload(c, replace)
	changes, _ = conf.Compare(l.conf, next.Config())
	if len(changes) == 0 {
		l.intent, l.conf, l.loaded = next, next.Config(), time.Now()
		return []string{}, nil
	}
	if err := l.adopt(next); err != nil {
		return nil, []string{fmt.Sprintf("%s: %v", l.path, err)}
	}
	l.loaded = time.Now()
	return changes, nil
}

// change asks the loop for another intent: what to makes of the one in force.
func (l *Loop) change(ctx context.Context, to func(*intent.Intent) (*intent.Intent, error)) error {
	refused, err := ask(ctx, l, func() error {
		next, err := to(l.intent)
		if err != nil || next == l.intent {
			return err
		}
		if err := l.adopt(next); err != nil {
			return &api.Problem{Title: err.Error(), Errno: "ENOMEM"}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return refused
}

// Command does what a command of ipvsadm's says, and returns when all workers go by it; an *api.Problem says why nothing has changed.
func (l *Loop) Command(ctx context.Context, c api.Command) error {
	err := l.change(ctx, func(now *intent.Intent) (*intent.Intent, error) {
		next, err := now.Command(&c)
		if err == nil && c.Do == "zero" {
			l.stats.zero(l.registry, l.virtual(c.Service))
		}
		return next, err
	})
	l.log.Debug("command", "do", c.Do, "refused", err)
	return err
}

// virtual returns the service that id names, nil if that names none.
func (l *Loop) virtual(id *api.ServiceID) *registry.Virtual {
	if id == nil {
		return nil
	}
	for _, v := range l.registry.Virtuals() {
		if intent.Names(id, &v.Conf) {
			return v
		}
	}
	return nil
}

// SetSysctl sets a switch; an *api.Problem says why it cannot be.
func (l *Loop) SetSysctl(ctx context.Context, name, value string) error {
	err := l.change(ctx, func(now *intent.Intent) (*intent.Intent, error) { return now.SetSysctl(name, value) })
	l.log.Debug("sysctl", "name", name, "value", value, "refused", err)
	return err
}

// Mark does what a command of iptables' says, and returns when all workers go by it; an *api.Problem says why nothing has changed.
func (l *Loop) Mark(ctx context.Context, c api.MarkCommand) error {
	err := l.change(ctx, func(now *intent.Intent) (*intent.Intent, error) { return now.Mark(&c) })
	l.log.Debug("mark", "do", c.Do, "refused", err)
	return err
}

// Marks lists the rules that mark packets.
func (l *Loop) Marks(ctx context.Context) (api.Marks, error) {
	return ask(ctx, l, func() api.Marks { return l.intent.Marks() })
}

// Sysctls lists net.ipv4.vs.*.
func (l *Loop) Sysctls(ctx context.Context) ([]api.Sysctl, error) {
	return ask(ctx, l, func() []api.Sysctl { return l.intent.Sysctls() })
}

// IPVS tells what concerns all services.
func (l *Loop) IPVS(ctx context.Context) (api.IPVS, error) {
	return ask(ctx, l, func() (all api.IPVS) {
		t := &l.conf.Timeouts
		all.Timeouts = api.Timeouts{TCP: int(t.TCP.Seconds()), TCPFin: int(t.TCPFin.Seconds()), UDP: int(t.UDP.Seconds())}
		all.TableSize = l.conf.Tables.Connections * len(l.d.Workers)
		l.stats.tellAll(&all)
		return all
	})
}

// Config returns the file as it was read last, or what is in force.
func (l *Loop) Config(ctx context.Context, running bool) (api.Config, error) {
	return ask(ctx, l, func() api.Config {
		if running {
			return api.Config{TOML: l.intent.TOML()}
		}
		return api.Config{TOML: l.intent.File().TOML()}
	})
}

var _ control.Source = (*Loop)(nil)
