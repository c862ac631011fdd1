// Package judge says whether a play came out as the kernel's did. What agreement means:
//
// Compared, step by step: who answered, where and to whom; exit status, stdout and stderr of commands; listings.
// Not compared: times of steps; captures; packet and byte columns of counters, which depend on TCP's timing; the
// table's size in the head line; what the recording itself says that two runs of the kernel differed in.
//
// Listings of connections are sets of entries: their order is that of a hash table. Seconds left may differ by 2. The
// kernel's timers fire late (docs/lab.md): an entry that it shows with 0 seconds may be gone here already, or extended
// already; from then on its seconds may differ by 17.
package judge

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cleat/tools/lab/play/record"
)

// Finding is one difference.
type Finding struct {
	Step string // number of the step; "-1" before the first, "final" after the last; "" of the whole
	What string // of a step: result, at, seen, cmd, or the name of a listing; "setup"; else the subject
	Text string
}

func (f Finding) String() string {
	if f.Step == "" {
		return f.Text
	}
	return "step " + f.Step + " " + f.Text
}

// trial is a comparison under way.
type trial struct {
	findings []Finding
	unsure   map[[2]string]bool // step and what: the kernel itself does not always do the same
	late     map[string]bool    // entries, state aside, that the kernel has shown with 0 seconds left
}

// Compare gives the differences between what the kernel did and what was done here.
func Compare(kernel, here *record.Result) []Finding {
	t := &trial{unsure: map[[2]string]bool{}, late: map[string]bool{}}
	for _, d := range kernel.Differences {
		what, _, _ := strings.Cut(d.What, " ")
		t.unsure[[2]string{fmt.Sprint(d.Step), what}] = true
	}
	for i, want := range kernel.Setup {
		var got *record.Command
		if i < len(here.Setup) {
			got = &here.Setup[i]
		}
		t.note("-1", "setup "+want.Run, t.command(&want, got))
	}
	if len(kernel.Steps) != len(here.Steps) {
		t.findings = append(t.findings, Finding{What: "steps", Text: fmt.Sprintf("steps: kernel %d, here %d", len(kernel.Steps), len(here.Steps))})
	}
	for i := range min(len(kernel.Steps), len(here.Steps)) {
		t.step(&kernel.Steps[i], &here.Steps[i])
	}
	t.listings("final", kernel.Final, here.Final)
	return t.findings
}

// note adds what was found of one part of a step, unless that is unsure.
func (t *trial) note(step, what string, messages []string) {
	first, _, _ := strings.Cut(what, " ")
	if t.unsure[[2]string{step, first}] {
		return
	}
	for _, m := range messages {
		t.findings = append(t.findings, Finding{step, first, what + ": " + m})
	}
}

func (t *trial) step(want, got *record.StepResult) {
	number := fmt.Sprint(want.I)
	for _, part := range []struct{ what, want, got string }{
		{"result", want.Result, got.Result}, {"at", want.At, got.At}, {"seen", want.Seen, got.Seen},
	} {
		if part.want != "" && part.want != part.got {
			who := want.Client + want.ID
			if want.Client != "" {
				who = want.Client
			}
			t.note(number, part.what, []string{fmt.Sprintf("%s %s → %s: kernel %q, here %q", want.Op, who, want.To, part.want, part.got)})
		}
	}
	if want.Cmd != nil {
		t.note(number, "cmd "+want.Cmd.Run, t.command(want.Cmd, got.Cmd))
	}
	t.listings(number, want.Dump, got.Dump)
}

func (t *trial) listings(step string, want, got map[string][]string) {
	var names []string
	for name := range want {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		t.note(step, name, t.listing(name, want[name], got[name]))
	}
}

var (
	connections = []string{"Lnc", "Lncp", "conn", "conn_sync"}
	optional    = []string{"conn_sync", "proc", "proc_stats"}
	counters    = []string{"stats", "stats-human", "rate"}
)

// listing compares one; nil is a listing that is not there.
func (t *trial) listing(name string, want, got []string) []string {
	switch {
	case got == nil && slices.Contains(optional, name):
		return nil
	case got == nil:
		return []string{"no listing"}
	case slices.Contains(connections, name):
		return t.entries(name, want, got)
	case slices.Contains(counters, name):
		return lines(countedOnly(want), countedOnly(got))
	}
	return lines(heads(want), heads(got))
}

var (
	ofConnections = regexp.MustCompile(`ipvsadm .*-\w*c\b|--connection|ip_vs_conn`)
	ofCounters    = regexp.MustCompile(`--(stats|rate)`)
	itsMessages   = regexp.MustCompile(`^\s*(ipvsadm|echo)`) // whose stderr is compared: others' words are not IPVS'
)

func (t *trial) command(want, got *record.Command) (found []string) {
	if got == nil {
		return []string{"command not run"}
	}
	if want.Exit != got.Exit {
		found = append(found, fmt.Sprintf("exit: kernel %d, here %d", want.Exit, got.Exit))
	}
	switch {
	case ofConnections.MatchString(want.Run):
		name := "Lnc"
		if strings.Contains(want.Run, "ip_vs_conn") {
			name = "conn"
		}
		found = append(found, t.entries(name, want.Stdout, got.Stdout)...)
	case ofCounters.MatchString(want.Run):
		found = append(found, lines(countedOnly(want.Stdout), countedOnly(got.Stdout))...)
	default:
		found = append(found, lines(heads(want.Stdout), heads(got.Stdout))...)
	}
	if itsMessages.MatchString(want.Run) && !slices.Equal(heads(want.Stderr), heads(got.Stderr)) {
		found = append(found, fmt.Sprintf("stderr: kernel %q, here %q", want.Stderr, got.Stderr))
	}
	return found
}

// lines compares two texts.
func lines(want, got []string) (found []string) {
	if slices.Equal(want, got) {
		return nil
	}
	for _, l := range want {
		if !slices.Contains(got, l) {
			found = append(found, "- "+l)
		}
	}
	for _, l := range got {
		if !slices.Contains(want, l) {
			found = append(found, "+ "+l)
		}
	}
	if found == nil {
		return []string{"other order of lines"}
	}
	return found
}

var tableSize = regexp.MustCompile(`\(size=\d+\)`)

// heads are lines without what a line's end and the head line may differ in.
func heads(text []string) []string {
	out := make([]string, len(text))
	for i, l := range text {
		out[i] = tableSize.ReplaceAllString(strings.TrimRight(l, " \t\r\n\v\f"), "(size=N)")
	}
	return out
}

// countedOnly keeps of services and servers the name and the first column, connections.
func countedOnly(text []string) []string {
	out := heads(text)
	for i, l := range out {
		words := strings.Fields(l)
		if len(words) > 0 && slices.Contains([]string{"->", "TCP", "UDP", "SCTP", "FWM"}, words[0]) {
			out[i] = strings.Join(words[:min(3, len(words))], " ")
		}
	}
	return out
}
