package ipvsadm

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"cleat/appliance/api"
)

// do asks cleatd for what a checked request wants.
func (t *Tool) do(r *request) (code int, err error) {
	switch r.command {
	case list:
		err = t.list(r)
	case save:
		err = t.save(r.has(numeric))
	case startDaemon, stopDaemon:
		err = t.daemon(r)
	default:
		err = t.Cleatd.Do(r.change())
	}
	p, refused := errors.AsType[*api.Problem](err)
	switch {
	case refused && (r.command == list || r.command == save):
		return 0, &failure{code: exitListing, text: refusal(r.command, p)}
	case refused:
		fmt.Fprintln(t.Stderr, refusal(r.command, p))
		return exitRefused, nil
	}
	return exitOK, absent(err)
}

// absent words an error that is none of the tool's own: nobody answers, as if there were no IPVS.
func absent(err error) error {
	if _, ok := errors.AsType[*failure](err); ok || err == nil {
		return err
	}
	if errors.Is(err, syscall.EPIPE) { // the reader has enough
		return finished
	}
	return usage("Can't initialize ipvs: %s\nAre you sure that IP Virtual Server is built in the kernel or as module?", err)
}

var changes = map[command]string{
	addService: "add-service", editService: "edit-service", deleteService: "delete-service", flush: "clear",
	addServer: "add-server", editServer: "edit-server", deleteServer: "delete-server", zero: "zero", setTimeouts: "set-timeouts",
}

// change is the request in the words of the API.
func (r *request) change() api.Command {
	c := api.Command{Do: changes[r.command]}
	if r.has(serviceAddress) {
		c.Service = r.service.id()
	}
	switch r.command {
	case addService, editService:
		c.Options = &r.options
	case addServer, editServer:
		c.Server = r.server.spec(r.service)
	case deleteServer:
		c.Server = &api.ServerSpec{Address: r.server.address.String()}
	case setTimeouts:
		c.Timeouts = &r.timeouts
	}
	return c
}

func (s service) id() *api.ServiceID {
	if s.mark != 0 {
		return &api.ServiceID{Protocol: s.protocol, Mark: s.mark, IPv6: s.ipv6}
	}
	return &api.ServiceID{Protocol: s.protocol, Address: s.address.String()}
}

// spec is the server as it is to be: without address translation it takes the service's port, whatever was given (I1.4).
func (s server) spec(of service) *api.ServerSpec {
	at := s.address
	if of.mark == 0 && s.Forward != "nat" {
		at = netip.AddrPortFrom(at.Addr(), of.address.Port())
	}
	spec := s.ServerSpec
	spec.Address = at.String()
	if spec.Forward == "tun" && spec.TunnelType == "" {
		spec.TunnelType = "ipip"
	}
	if (spec.TunnelType == "gue" || spec.TunnelType == "gre") && spec.TunnelChecksum == "" {
		spec.TunnelChecksum = "none"
	}
	return &spec
}

// daemon answers for the sync daemon, which cleat does not have: as the kernel where none runs or the interface is missing.
func (t *Tool) daemon(r *request) error {
	if r.command == stopDaemon {
		return &api.Problem{Errno: "ESRCH"}
	}
	ports, err := t.Cleatd.Ports()
	if err != nil {
		return err
	}
	named := slices.ContainsFunc(ports, func(p api.Port) bool { return p.Name == r.ifname })
	if _, err := net.InterfaceByName(r.ifname); err != nil && !named {
		return &api.Problem{Errno: "ENODEV"}
	}
	return &api.Problem{Title: "cleat: the sync daemon is not built yet"}
}

// refusals are the messages that depend on the command (I3).
var refusals = map[command]map[string]string{
	addService:    {"EEXIST": "Service already exists", "ENOENT": "Scheduler or persistence engine not found"},
	editService:   {"ESRCH": "No such service", "ENOENT": "Scheduler or persistence engine not found"},
	deleteService: {"ESRCH": "No such service"},
	zero:          {"ESRCH": "No such service"},
	addServer:     {"ESRCH": "Service not defined", "EEXIST": "Destination already exists"},
	editServer:    {"ESRCH": "Service not defined", "ENOENT": "No such destination"},
	deleteServer:  {"ESRCH": "Service not defined", "ENOENT": "No such destination"},
	stopDaemon:    {"ESRCH": "No daemon is running"},
}

// errors that every command words alike.
var messages = map[string]string{
	"EPERM":        "Permission denied (you must be root)",
	"EINVAL":       "Invalid operation.  Possibly wrong module version, address not unicast, ...",
	"ENOPROTOOPT":  "Protocol not available",
	"ENOMEM":       "Memory allocation problem",
	"EOPNOTSUPP":   "Operation not supported with IPv6",
	"EAFNOSUPPORT": "Operation not supported with specified address family",
	"EMSGSIZE":     "Module is wrong version",
}

// refusal words what the kernel would have said; cleatd's own words where the kernel has no such error.
func refusal(c command, p *api.Problem) string {
	if text := refusals[c][p.Errno]; text != "" {
		return text
	}
	if text := messages[p.Errno]; text != "" {
		return text
	}
	if text := errorText(p.Errno); text != "" {
		return text
	}
	return p.Error()
}

// errorText is the C library's message of an error by its name: Go's, with a capital letter.
func errorText(name string) string {
	if name == "" {
		return ""
	}
	for number := syscall.Errno(1); number < 256; number++ {
		if unix.ErrnoName(number) == name {
			text := number.Error()
			return strings.ToUpper(text[:1]) + text[1:]
		}
	}
	return ""
}
