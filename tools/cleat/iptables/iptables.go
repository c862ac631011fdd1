// Package iptables is the part of iptables' and ip6tables' command line that marks packets for virtual services: PREROUTING of the mangle table
// with target MARK. What cleat cannot do is refused, never ignored.
//
//  1. parse reads the command line into a command.
//  2. Run asks cleatd for it through a Client.
//  3. list and save print rules as iptables does.
package iptables

import (
	"errors"
	"fmt"
	"io"

	"cleat/appliance/api"
)

// Client is cleatd.
type Client interface {
	Marks() (api.Marks, error)
	Mark(api.MarkCommand) error
}

// Exit codes, iptables' own.
const (
	exitOK      = 0
	exitRefused = 1 // by the rules that are there
	exitUsage   = 2
)

// Run does what args say, args[0] being the program's name, which tells the family, and returns the exit code.
func Run(name string, args []string, client Client, stdout, stderr io.Writer) int {
	c, err := parse(args, name == "ip6tables")
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\nTry `cleat %s --help' for more information.\n", name, err, name)
		return exitUsage
	}
	if c.help {
		fmt.Fprintf(stdout, usage, name, name)
		return exitOK
	}
	if err := c.run(client, stdout); err != nil {
		fmt.Fprintf(stderr, "%s: %s\n", name, explain(err))
		return exitRefused
	}
	return exitOK
}

func (c *command) run(client Client, stdout io.Writer) error {
	if c.do != doList && c.do != doSave {
		request := api.MarkCommand{Do: c.do, IPv6: c.ipv6, Number: c.number}
		if c.number == 0 || c.do == doInsert {
			request.Rule = c.rule
		}
		return client.Mark(request)
	}
	marks, err := client.Marks()
	if err != nil {
		return err
	}
	rules := marks.IPv4
	if c.ipv6 {
		rules = marks.IPv6
	}
	if c.do == doSave {
		return c.save(stdout, rules)
	}
	return c.list(stdout, rules)
}

// explain words a refusal as iptables does where it has words for it.
func explain(err error) string {
	if p, ok := errors.AsType[*api.Problem](err); ok {
		switch p.Errno {
		case "ENOENT":
			return "No chain/target/match by that name."
		case "E2BIG":
			return "Index of insertion or deletion too big."
		}
	}
	return err.Error()
}

const usage = `Usage: cleat %s -t mangle COMMAND [OPTIONS]
       (or %s, where cleat stands under that name)

Rules that mark packets for firewall mark services (ipvsadm -f). Every rule that fits changes the mark, in their order.

Commands:
  -A, --append PREROUTING RULE         add a rule at the end
  -I, --insert PREROUTING [N] RULE     add a rule as number N (1)
  -D, --delete PREROUTING N | RULE     delete a rule
  -C, --check PREROUTING RULE          exit 0 if there is such a rule
  -F, --flush [PREROUTING]             delete all rules
  -L, --list [PREROUTING]              list the rules (-n: numbers only, --line-numbers, -v)
  -S, --list-rules [PREROUTING]        print the rules as commands

Rule:
  -p, --protocol tcp|udp|sctp          protocol
  -s, --source ADDRESS[/MASK]          source
  -d, --destination ADDRESS[/MASK]     destination
  --sport, --dport PORT[:PORT]         source port, destination port
  -m multiport --sports|--dports|--ports PORT[:PORT],…
  -j MARK --set-mark VALUE[/MASK]      set the bits of VALUE and MASK to those of VALUE
  -j MARK --set-xmark VALUE[/MASK]     clear the bits of MASK, then turn those of VALUE
  -j MARK --and-mark|--or-mark|--xor-mark VALUE
`
