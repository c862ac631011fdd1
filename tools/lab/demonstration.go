package main

import (
	"fmt"
	"slices"
)

// The demonstration as data: which configuration, who asks what, and what must come of it.
// Clients ask one after the other, all attempts of one client in a row: then plain rr moves every client at every
// attempt, and whatever keeps it in place is persistence.

// turn is a client's requests to one port of the VIP.
type turn struct {
	client, port, attempts int
}

// answers are the names of the servers that answered, in the order of the attempts.
type answers map[turn][]string

// of finds a client's answers on a port, whatever the number of attempts.
func (a answers) of(client, port int) []string {
	for t, names := range a {
		if t.client == client && t.port == port {
			return names
		}
	}
	return nil
}

// kind is one configuration and what it does to clients.
type kind struct {
	title   string
	example string // file in conf/examples
	says    string
	turns   []turn
	expect  []expectation
	// templates is how cleat templates picks this kind's; none: there are none to show.
	templates []string
	// remembered is how many templates of this kind there must be.
	remembered int
}

// expectation is something that must hold for the answers of a kind; broken says why it does not, or "".
type expectation struct {
	text   string
	broken func(answers) string
}

// Clients 1 to 3 are the guests; the stranger opens :443 under PPC before they do.
var guests = []int{1, 2, 3}

const stranger = 4

var kinds = []kind{
	{
		title:   "plain rr",
		example: "rr.toml",
		says:    "no persistence: every connection is scheduled anew",
		turns:   []turn{{1, 80, 4}, {2, 80, 4}, {3, 80, 4}},
		expect:  []expectation{moves(80)},
	},
	{
		title:   "PPC, persistence per port",
		example: "ppc.toml",
		says:    "a template for each client and port: :80 and :443 are remembered apart",
		turns: []turn{
			{1, 80, 4},
			{2, 80, 4},
			{3, 80, 4},
			{stranger, 443, 1},
			{1, 443, 4},
			{2, 443, 4},
			{3, 443, 4},
		},
		expect:     []expectation{stays(), spread(80), spread(443), portsApart(1)},
		templates:  []string{"--protocol", "tcp"},
		remembered: 7,
	},
	{
		title:      "PCC, persistence per client",
		example:    "pcc.toml",
		says:       "one template for each client, whatever the port",
		turns:      []turn{{1, 80, 4}, {2, 80, 4}, {3, 80, 4}, {stranger, 443, 1}, {1, 443, 4}, {2, 443, 4}, {3, 443, 4}},
		expect:     []expectation{stays(), spread(80), portsTogether()},
		templates:  []string{"--virtual", "10.0.0.1:0"},
		remembered: 4,
	},
	{
		title:      "PFMC, persistence per firewall mark",
		example:    "pfmc.toml",
		says:       "one template for each client and mark: :80 and :443 bear the same mark",
		turns:      []turn{{1, 80, 4}, {2, 80, 4}, {3, 80, 4}, {stranger, 443, 1}, {1, 443, 4}, {2, 443, 4}, {3, 443, 4}},
		expect:     []expectation{stays(), spread(80), portsTogether()},
		templates:  []string{"--mark", "3"},
		remembered: 4,
	},
}

// stays: persistence.
func stays() expectation {
	return expectation{"every client stays with one server on a port", func(a answers) string {
		for t, names := range a {
			if distinct(names) != 1 {
				return fmt.Sprintf("client %d on :%d went to %v", t.client, t.port, names)
			}
		}
		return ""
	}}
}

// moves: what rr does to a client when nothing holds it.
func moves(port int) expectation {
	return expectation{"no client stays: each attempt is on the next server", func(a answers) string {
		for _, client := range guests {
			names := a.of(client, port)
			for i := 3; i <= len(names); i++ {
				if window := names[i-3 : i]; distinct(window) != 3 {
					return fmt.Sprintf("client %d went to %v", client, names)
				}
			}
		}
		return ""
	}}
}

// spread: persistence is not everybody on one server.
func spread(port int) expectation {
	return expectation{fmt.Sprintf("the clients are spread over all three servers on :%d", port), func(a answers) string {
		var firsts []string
		for _, client := range guests {
			firsts = append(firsts, a.of(client, port)[0])
		}
		if distinct(firsts) != 3 {
			return fmt.Sprintf("they are on %v", firsts)
		}
		return ""
	}}
}

// portsApart: each port has its own rotor, and the stranger has turned that of :443.
func portsApart(client int) expectation {
	return expectation{fmt.Sprintf("client %d is on another server on :443 than on :80", client), func(a answers) string {
		if web, secure := a.of(client, 80)[0], a.of(client, 443)[0]; web == secure {
			return fmt.Sprintf("it is on %s on both", web)
		}
		return ""
	}}
}

func portsTogether() expectation {
	return expectation{"every client is on the same server on :443 as on :80", func(a answers) string {
		for _, client := range guests {
			if web, secure := a.of(client, 80)[0], a.of(client, 443)[0]; web != secure {
				return fmt.Sprintf("client %d is on %s and %s", client, web, secure)
			}
		}
		return ""
	}}
}

func distinct(names []string) int {
	sorted := slices.Sorted(slices.Values(names))
	return len(slices.Compact(sorted))
}
