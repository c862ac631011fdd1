// Package lab runs a suite of measurements that a TOML file describes: which programs have to be up, and which commands of cleat-perf measure.
//
// Every measurement is a process of its own, since DPDK starts once in each, and since several starts show what one does not:
// with many flows each has its tables on other physical pages.
package lab

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cleat/conf"
)

// Lab is a suite.
type Lab struct {
	Title string `toml:"title"`
	// Beside are the programs that have to be up while steps measure, started in their order and ended in the reverse one.
	Beside []Program `toml:"beside"`
	Steps  []Step    `toml:"step"`

	// dir is where the file is: relative paths in options start there.
	dir string
}

// Program is a command and its options. An option's key is the name of a flag, its value what follows; several values are that flag several times.
type Program struct {
	Name    string         `toml:"name"`
	Command string         `toml:"command"` // cleatd, or a command of cleat-perf
	Options map[string]any `toml:"options"`
	// Role is who starts it where a suite is for several machines; empty: everybody.
	Role string `toml:"role"`
	// Ready is what it says when it is up, on standard output or error; empty: there is nothing to wait for.
	Ready string `toml:"ready"`
}

// Step is a command of cleat-perf that measures and prints a report.
type Step struct {
	Name    string         `toml:"name"`
	Command string         `toml:"command"`
	Options map[string]any `toml:"options"`
	Role    string         `toml:"role"`
	// Starts is how often the program is started, each time with all repetitions; 0 is 1.
	Starts int `toml:"starts"`
}

// Check looks at a command and its options before anything runs. It returns the option that is wrong, empty if it is the command itself, and
// what would be right; err is nil if all is well. measures: the command has to be one that prints a report.
type Check func(command string, options map[string]any, measures bool) (option, hint string, err error)

// Read reads the suite in a file. The error has all mistakes, with their lines.
func Read(name string, check Check) (*Lab, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	l := &Lab{dir: filepath.Dir(name), Title: strings.TrimSuffix(filepath.Base(name), ".toml")}
	text, err := conf.Strict(name, data, l)
	if err != nil {
		return nil, err
	}
	var wrong conf.Errors
	for i := range l.Beside {
		p := &l.Beside[i]
		wrong = append(wrong, checkOne(text, fmt.Sprintf("beside[%d]", i), p.Command, p.Options, false, check)...)
	}
	for i := range l.Steps {
		s := &l.Steps[i]
		path := fmt.Sprintf("step[%d]", i)
		wrong = append(wrong, checkOne(text, path, s.Command, s.Options, true, check)...)
		if s.Starts < 0 || s.Starts > 100 {
			wrong = append(wrong, text.Error(path+".starts", "", "%d: must be 1 to 100", s.Starts))
		}
	}
	if len(l.Beside)+len(l.Steps) == 0 {
		wrong = append(wrong, text.Error("", "add [[step]] with command = \"path\"", "there is nothing to run"))
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return l, nil
}

func checkOne(text *conf.Text, path, command string, options map[string]any, measures bool, check Check) (wrong conf.Errors) {
	for _, key := range slices.Sorted(maps.Keys(options)) {
		if _, err := values(options[key]); err != nil {
			wrong = append(wrong, text.Error(path+".options."+key, "", "%v", err))
		}
	}
	if wrong != nil {
		return wrong
	}
	option, hint, err := check(command, options, measures)
	if err == nil {
		return nil
	}
	at := path + ".command"
	if option != "" {
		at = path + ".options." + option
	}
	return conf.Errors{text.Error(at, hint, "%v", err)}
}

// Arguments are a command and its options as a command line has them.
func Arguments(command string, options map[string]any) []string {
	args := []string{command}
	for _, key := range slices.Sorted(maps.Keys(options)) {
		all, _ := values(options[key]) // Read has looked at them
		for _, v := range all {
			args = append(args, "--"+key+"="+v)
		}
	}
	return args
}

// Values are an option's values as a command line has them.
func Values(datum any) []string {
	all, _ := values(datum)
	return all
}

func values(datum any) ([]string, error) {
	list, array := datum.([]any)
	if !array {
		list = []any{datum}
	}
	var all []string
	for _, one := range list {
		switch one := one.(type) {
		case string:
			all = append(all, one)
		case bool:
			all = append(all, strconv.FormatBool(one))
		case int64:
			all = append(all, strconv.FormatInt(one, 10))
		case float64:
			all = append(all, strconv.FormatFloat(one, 'g', -1, 64))
		default:
			return nil, fmt.Errorf("must be a string, a number, a boolean or an array of them")
		}
	}
	return all, nil
}

// For leaves what role has to do; empty: everything.
func (l *Lab) For(role string) (*Lab, error) {
	if role == "" {
		return l, nil
	}
	mine := *l
	mine.Beside = slices.DeleteFunc(slices.Clone(l.Beside), func(p Program) bool { return p.Role != "" && p.Role != role })
	mine.Steps = slices.DeleteFunc(slices.Clone(l.Steps), func(s Step) bool { return s.Role != "" && s.Role != role })
	if !slices.Contains(l.roles(), role) {
		return nil, fmt.Errorf("--role %q: the suite has %s", role, cmp.Or(strings.Join(l.roles(), ", "), "no roles"))
	}
	return &mine, nil
}

func (l *Lab) roles() (all []string) {
	for _, p := range l.Beside {
		all = append(all, p.Role)
	}
	for _, s := range l.Steps {
		all = append(all, s.Role)
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(role string) bool { return role == "" })
}
