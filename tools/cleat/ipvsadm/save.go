package ipvsadm

import (
	"bufio"
	"fmt"
	"strconv"
)

// save prints the commands that make the services what they are (I5.1), but for thresholds, which ipvsadm leaves out.
func (t *Tool) save(numeric bool) error {
	services, err := t.services(true)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(t.Stdout)
	names := &naming{numeric: numeric}
	for i := range services {
		l := &services[i]
		name := l.option(names)
		fmt.Fprintf(w, "-A %s%s\n", name, l.saved())
		for j := range l.servers {
			s := &l.servers[j]
			fmt.Fprintf(w, "-a %s -r %s %s -w %d%s\n", name, names.endpoint(s.address, l.Protocol), s.method(), s.Weight, s.savedTunnel())
		}
	}
	return w.Flush()
}

var serviceOptions = map[string]string{"tcp": "-t", "udp": "-u", "sctp": "--sctp-service"}

// option is "-t 10.0.0.1:80" or "-f 3 -6".
func (l *listed) option(names *naming) string {
	switch {
	case l.Protocol == "mark" && l.IPv6:
		return fmt.Sprintf("-f %d -6", int32(l.Mark))
	case l.Protocol == "mark":
		return fmt.Sprintf("-f %d", int32(l.Mark))
	}
	return serviceOptions[l.Protocol] + " " + names.endpoint(l.address, l.Protocol)
}

// saved is " -s rr -p 300 -M 255.255.255.0 --pe sip -o -b flags".
func (l *listed) saved() string {
	line := " -s " + l.Scheduler
	if l.Persistent > 0 {
		line += " -p " + strconv.Itoa(l.Persistent)
		if l.isMask() {
			line += " -M " + l.Netmask
		}
	}
	if l.Engine != "" {
		line += " --pe " + l.Engine
	}
	if l.OnePacket {
		line += " -o"
	}
	if flags, set := l.schedFlags(); set {
		line += " -b " + flags
	}
	return line
}

// method is the option of the forwarding method: a local server is saved as -g, and FULLNAT, which ipvsadm does not know, as -m.
func (s *listedServer) method() string {
	switch s.Forward {
	case "nat", "fullnat":
		return "-m"
	case "tun":
		return "-i"
	}
	return "-g"
}

func (s *listedServer) savedTunnel() string {
	if s.Forward != "tun" {
		return ""
	}
	checksum := map[string]string{"csum": "--tun-csum", "remcsum": "--tun-remcsum"}[s.TunnelChecksum]
	if checksum == "" {
		checksum = "--tun-nocsum"
	}
	switch s.TunnelType {
	case "gue":
		return fmt.Sprintf(" --tun-type gue --tun-port %d %s", s.TunnelPort, checksum)
	case "gre":
		return " --tun-type gre " + checksum
	}
	return " --tun-type ipip"
}
