package ipvsadm

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"cleat/appliance/api"
)

// kernel is a plain model of what the kernel keeps and refuses (docs/spec/services.md S5).
type kernel struct {
	services    []api.Service
	timeouts    api.Timeouts
	templates   []api.Template
	connections []api.Connection
	rates       api.IPVS

	yes   bool     // changes are logged only
	old   bool     // knows no IPv6 and no persistence engines, as the interface that testdata/kernel.c plays
	errno string   // every change is refused with it
	log   []string // in the words of docs/spec/ipvsadm-golden-errors.txt
}

func newKernel() *kernel { return &kernel{timeouts: api.Timeouts{TCP: 900, TCPFin: 120, UDP: 300}} }

func refused(errno string) error { return &api.Problem{Title: "refused", Errno: errno} }

func (k *kernel) IPVS() (api.IPVS, error) {
	return api.IPVS{TableSize: 4096, Timeouts: k.timeouts, Stats: k.rates.Stats, Rates: k.rates.Rates}, nil
}
func (k *kernel) Services() ([]api.Service, error) { return k.services, nil }
func (k *kernel) Ports() ([]api.Port, error)       { return []api.Port{{Name: "eth0"}}, nil }

func (k *kernel) Templates(yield func(*api.Template) error) error { return each(k.templates, yield) }
func (k *kernel) Connections(yield func(*api.Connection) error) error {
	return each(k.connections, yield)
}

func each[T any](rows []T, yield func(*T) error) error {
	for i := range rows {
		if err := yield(&rows[i]); err != nil {
			return err
		}
	}
	return nil
}

func (k *kernel) Do(c api.Command) error {
	if k.old && (isV6(c) || c.Options != nil && c.Options.Engine != "") {
		return refused("EAFNOSUPPORT")
	}
	k.log = append(k.log, asked(c))
	if k.errno != "" {
		return refused(k.errno)
	}
	if k.yes {
		return nil
	}
	switch c.Do {
	case "clear":
		k.services = nil
		return nil
	case "set-timeouts":
		for _, v := range []struct{ to, from *int }{
			{&k.timeouts.TCP, &c.Timeouts.TCP}, {&k.timeouts.TCPFin, &c.Timeouts.TCPFin}, {&k.timeouts.UDP, &c.Timeouts.UDP},
		} {
			if *v.from != 0 {
				*v.to = *v.from
			}
		}
		return nil
	}
	at := -1
	if c.Service != nil {
		at = slices.IndexFunc(k.services, func(s api.Service) bool { return s.ServiceID == *c.Service })
	}
	switch {
	case c.Do == "zero" && c.Service == nil:
		return nil
	case c.Do == "add-service" && at >= 0:
		return refused("EEXIST")
	case c.Do != "add-service" && at < 0:
		return refused("ESRCH")
	case strings.HasSuffix(c.Do, "-service"):
		return k.service(c, at)
	case strings.HasSuffix(c.Do, "-server"):
		return k.server(c, &k.services[at])
	}
	return nil
}

var schedulers = []string{"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "mh", "sed", "nq", "fo", "ovf"}

func (k *kernel) service(c api.Command, at int) error {
	if c.Do == "delete-service" {
		k.services = slices.Delete(k.services, at, at+1)
		return nil
	}
	if !slices.Contains(schedulers, c.Options.Scheduler) || c.Options.Engine != "" && c.Options.Engine != "sip" {
		return refused("ENOENT")
	}
	if c.Do == "add-service" {
		k.services = append(k.services, api.Service{ServiceID: *c.Service})
		at = len(k.services) - 1
	}
	k.services[at].Options = *c.Options
	return nil
}

func (k *kernel) server(c api.Command, s *api.Service) error {
	at := slices.IndexFunc(s.Servers, func(s api.Server) bool { return s.Address == c.Server.Address })
	switch {
	case c.Do != "delete-server" && c.Server.Lower > c.Server.Upper:
		return refused("ERANGE")
	case c.Do == "add-server" && at >= 0:
		return refused("EEXIST")
	case c.Do != "add-server" && at < 0:
		return refused("ENOENT")
	case c.Do == "add-server":
		s.Servers = append(s.Servers, api.Server{ServerSpec: *c.Server})
	case c.Do == "edit-server":
		s.Servers[at].ServerSpec = *c.Server
	default:
		s.Servers = slices.Delete(s.Servers, at, at+1)
	}
	return nil
}

func isV6(c api.Command) bool {
	return c.Service != nil && (c.Service.IPv6 || strings.HasPrefix(c.Service.Address, "[")) ||
		c.Server != nil && strings.HasPrefix(c.Server.Address, "[")
}

var setNumbers = map[string]int{
	"add-service": 2, "edit-service": 3, "delete-service": 4, "clear": 5, "add-server": 7, "delete-server": 8, "edit-server": 9,
	"set-timeouts": 10, "zero": 15,
}

// asked words a change as the old interface has it.
func asked(c api.Command) string {
	number := setNumbers[c.Do]
	switch number {
	case 5:
		return "[set cmd=5 len=0]"
	case 10:
		return "[set cmd=10 len=12]"
	}
	text := "proto=0 addr=0.0.0.0 port=0 fwm=0"
	if s := c.Service; s != nil {
		at := netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
		if s.Protocol != "mark" {
			at = netip.MustParseAddrPort(s.Address)
		}
		text = fmt.Sprintf("proto=%d addr=%s port=%d fwm=%d", protocolNumbers[s.Protocol], at.Addr(), at.Port(), s.Mark)
	}
	scheduler, flags, timeout, mask := "", 0, 0, "255.255.255.255"
	if o := c.Options; o != nil {
		scheduler, timeout = o.Scheduler, o.Persistent
		if o.Netmask != "" {
			mask = o.Netmask
		}
		if o.Persistent > 0 {
			flags |= 1
		}
		if o.OnePacket {
			flags |= 4
		}
		for _, name := range o.Flags {
			flags |= int(flagBit(name)) << 3
		}
	}
	text += fmt.Sprintf(" sched=%s flags=%x timeout=%d mask=%s", scheduler, flags, timeout, mask)
	if c.Server == nil {
		return fmt.Sprintf("[set cmd=%d len=44 %s]", number, text)
	}
	method, weight := map[string]int{"nat": 0, "tun": 2, "dr": 3}[c.Server.Forward], c.Server.Weight
	if c.Do == "delete-server" { // where only the address is looked at
		method, weight = 3, 1
	}
	return fmt.Sprintf("[set cmd=%d len=68 %s dest=%s cf=%d w=%d u=%d l=%d]", number, text, c.Server.Address, method, weight, c.Server.Upper, c.Server.Lower)
}

// run is one run of the tool by that name.
func (k *kernel) run(name, stdin string, args ...string) (stdout, stderr string, code int) {
	var out, err bytes.Buffer
	tool := &Tool{Name: name, Cleatd: k, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &err}
	code = tool.Run(args)
	return out.String(), err.String(), code
}

// TestMain makes names depend on nothing that this machine has: of ports there are those of testdata/services, of hosts those
// of /etc/hosts.
func TestMain(m *testing.M) {
	useTestNames()
	m.Run()
}
