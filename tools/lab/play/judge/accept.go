package judge

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// rule accepts differences of a scenario: in one step or in all ("*"), in one part of it or in all ("").
type rule struct{ scenario, step, what string }

// Rules are the differences that are accepted.
type Rules []rule

// ReadRules reads a file of lines "scenario step what: reason"; "*" stands for any step, without what all parts of it are
// meant. # begins a comment.
func ReadRules(file string) (Rules, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var rules Rules
	in := bufio.NewScanner(f)
	for number := 1; in.Scan(); number++ {
		line, _, _ := strings.Cut(in.Text(), "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		where, reason, _ := strings.Cut(line, ":")
		words := strings.Fields(where)
		if len(words) < 2 || len(words) > 3 || strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("%s:%d: %q is not \"scenario step what: reason\"", file, number, in.Text())
		}
		words = append(words, "")
		rules = append(rules, rule{words[0], words[1], words[2]})
	}
	return rules, in.Err()
}

// Accept says whether a difference of a scenario is accepted.
func (r Rules) Accept(scenario string, f Finding) bool {
	for _, rule := range r {
		if rule.scenario == scenario && (rule.step == "*" || rule.step == f.Step) && (rule.what == "" || rule.what == f.What) {
			return true
		}
	}
	return false
}

// Scenarios are those that rules are about, as often as they are.
func (r Rules) Scenarios() (names []string) {
	for _, rule := range r {
		names = append(names, rule.scenario)
	}
	return names
}
