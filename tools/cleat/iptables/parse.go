package iptables

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cleat/appliance/api"
)

const chain = "PREROUTING"

// What is to be done. The first five are api.MarkCommand's.
const (
	doAppend = "append"
	doInsert = "insert"
	doDelete = "delete"
	doCheck  = "check"
	doFlush  = "flush"
	doList   = "list"
	doSave   = "save"
)

// command is a command line that was found right.
type command struct {
	do      string
	ipv6    bool
	chained bool // the chain was named
	number  int
	rule    *api.MarkRule

	numeric, verbose, lineNumbers, help bool
}

// parser reads words from left to right.
type parser struct {
	command
	words  []string // still to be read
	table  string
	rule   rule
	ruled  bool // an option that describes a rule was given
	target string
}

func parse(args []string, ipv6 bool) (*command, error) {
	p := &parser{words: spread(args), table: "filter"}
	p.ipv6, p.rule.ipv6 = ipv6, ipv6
	for len(p.words) > 0 {
		word := p.next()
		if !strings.HasPrefix(word, "-") {
			return nil, fmt.Errorf("Bad argument `%s'", word)
		}
		if word == "!" || len(p.words) > 0 && p.words[0] == "!" {
			return nil, fmt.Errorf("%s: `!' is not known to cleat: write rules for what is meant, in their order", word)
		}
		if err := p.option(word); err != nil {
			return nil, err
		}
	}
	if p.help {
		return &p.command, nil
	}
	return &p.command, p.whole()
}

// spread takes bundles of short options apart (-nL) and options from values that stick to them (-tmangle, --table=mangle).
func spread(args []string) (words []string) {
	for _, arg := range args {
		switch {
		case strings.HasPrefix(arg, "--"):
			name, value, given := strings.Cut(arg, "=")
			words = append(words, name)
			if given {
				words = append(words, value)
			}
		case strings.HasPrefix(arg, "-") && len(arg) > 2:
			rest := arg[1:]
			for rest != "" && strings.ContainsRune("nvxhLSFw", rune(rest[0])) {
				words, rest = append(words, "-"+rest[:1]), rest[1:]
			}
			if rest != "" {
				words = append(words, "-"+rest[:1])
			}
			if len(rest) > 1 {
				words = append(words, rest[1:])
			}
		default:
			words = append(words, arg)
		}
	}
	return words
}

func (p *parser) next() string {
	word := p.words[0]
	p.words = p.words[1:]
	return word
}

// value is the word that an option needs.
func (p *parser) value(option string) (string, error) {
	if len(p.words) == 0 {
		return "", fmt.Errorf("option \"%s\" requires an argument", option)
	}
	return p.next(), nil
}

// more reports whether a word follows that is no option.
func (p *parser) more() bool { return len(p.words) > 0 && !strings.HasPrefix(p.words[0], "-") }

func (p *parser) option(word string) error {
	if do, ok := commands[word]; ok {
		return p.begin(word, do)
	}
	if flag, ok := flags[word]; ok {
		flag(p)
		return nil
	}
	set, ok := settings[word]
	if !ok {
		return fmt.Errorf("unknown option \"%s\"; cleat knows -p, -s, -d, --sport, --dport, -m multiport and -j MARK", word)
	}
	value, err := p.value(word)
	if err != nil {
		return err
	}
	return set(p, word, value)
}

var commands = map[string]string{
	"-A": doAppend, "--append": doAppend, "-I": doInsert, "--insert": doInsert, "-D": doDelete, "--delete": doDelete,
	"-C": doCheck, "--check": doCheck, "-F": doFlush, "--flush": doFlush,
	"-L": doList, "--list": doList, "-S": doSave, "--list-rules": doSave,
}

var flags = map[string]func(*parser){
	"-n": func(p *parser) { p.numeric = true }, "--numeric": func(p *parser) { p.numeric = true },
	"-v": func(p *parser) { p.verbose = true }, "--verbose": func(p *parser) { p.verbose = true },
	"-h": func(p *parser) { p.help = true }, "--help": func(p *parser) { p.help = true },
	"-x": func(*parser) {}, "--exact": func(*parser) {}, // there are no counters to be rounded
	"-w": (*parser).wait, "--wait": (*parser).wait,
	"--line-numbers": func(p *parser) { p.lineNumbers = true },
}

// wait: cleatd takes one command after the other in any case.
func (p *parser) wait() {
	if p.more() {
		p.next()
	}
}

// begin reads a command with its chain and number.
func (p *parser) begin(word, do string) error {
	if p.do != "" {
		return fmt.Errorf("Cannot use %s with another command", word)
	}
	p.do = do
	optional := do == doFlush || do == doList || do == doSave
	if !p.more() && optional {
		return nil
	}
	name, err := p.value(word)
	if err != nil {
		return err
	}
	if name != chain {
		return fmt.Errorf("chain %s: cleat has %s only, where packets are marked before they are balanced", name, chain)
	}
	p.chained = true
	if p.more() && (do == doInsert || do == doDelete) {
		n, err := strconv.Atoi(p.words[0])
		if err != nil || n < 1 {
			return fmt.Errorf("Invalid rule number `%s'", p.words[0])
		}
		p.number = n
		p.next()
	}
	return nil
}

// whole checks that what was given makes a command.
func (p *parser) whole() error {
	switch {
	case p.do == "":
		return fmt.Errorf("no command specified")
	case p.table != "mangle":
		return fmt.Errorf("table %s: cleat has -t mangle only, for marks; it filters nothing", p.table)
	}
	ruled := p.ruled || p.target != ""
	switch {
	case p.do == doFlush || p.do == doList || p.do == doSave || p.do == doDelete && p.number != 0:
		if ruled {
			return fmt.Errorf("a rule has no meaning with this command")
		}
		return nil
	case p.target == "":
		return fmt.Errorf("a rule needs a target: -j MARK --set-mark VALUE")
	}
	if p.do == doInsert && p.number == 0 {
		p.number = 1
	}
	var err error
	p.command.rule, err = p.rule.api()
	return err
}

var protocols = []string{"tcp", "udp", "sctp"}

// protocolNumbers are what -p takes instead of names.
var protocolNumbers = map[string]string{"6": "tcp", "17": "udp", "132": "sctp", "all": "", "0": ""}

func (p *parser) protocol(_, value string) error {
	name := strings.ToLower(value)
	if numbered, ok := protocolNumbers[name]; ok {
		name = numbered
	} else if !slices.Contains(protocols, name) {
		return fmt.Errorf("protocol %s: cleat balances tcp, udp and sctp", value)
	}
	p.rule.protocol = name
	return nil
}
