// Package sysctl reads and sets net.ipv4.vs.* of cleatd with the command line of sysctl (services.md S6).
package sysctl

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"cleat/appliance/api"
)

// Client is cleatd.
type Client interface {
	Sysctls() ([]api.Sysctl, error)
	SetSysctl(name, value string) error
}

const (
	prefix = "net.ipv4.vs."
	ftp    = "cleat.ftp" // the one switch that is no sysctl of the kernel's: there it is a module
)

// Exit codes, sysctl's own.
const (
	exitOK     = 0
	exitFailed = 1
)

// request is a command line.
type request struct {
	all, numbersOnly, namesOnly, ignore, quiet, help bool
	words                                            []string
}

const usage = `Usage: cleat sysctl [-n] [-e] [-q] [-w] NAME[=VALUE]...
       cleat sysctl -a

Reads and sets the switches of IPVS, net.ipv4.vs.*, and cleat.ftp (1 does what loading ip_vs_ftp does).

  -a, --all      all of them; so does no NAME
  -n, --values   values only
  -N, --names    names only
  -e, --ignore   unknown names are no error
  -q, --quiet    do not print what was set
  -w, --write    every NAME has a VALUE
`

// Run does what args say and returns the exit code.
func Run(args []string, client Client, stdout, stderr io.Writer) int {
	r, err := parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "sysctl: %v\n", err)
		return exitFailed
	}
	if r.help {
		fmt.Fprint(stdout, usage)
		return exitOK
	}
	all, err := client.Sysctls()
	if err != nil {
		fmt.Fprintf(stderr, "sysctl: %v\n", err)
		return exitFailed
	}
	if r.all || len(r.words) == 0 {
		for _, s := range all {
			r.print(stdout, s)
		}
		return exitOK
	}
	code := exitOK
	for _, word := range r.words {
		if err := r.do(word, all, client, stdout); err != nil {
			fmt.Fprintf(stderr, "sysctl: %v\n", err)
			code = exitFailed
		}
	}
	return code
}

func parse(args []string) (*request, error) {
	r := &request{}
	flags := map[string]*bool{
		"a": &r.all, "all": &r.all, "A": &r.all, "n": &r.numbersOnly, "values": &r.numbersOnly, "N": &r.namesOnly, "names": &r.namesOnly,
		"e": &r.ignore, "ignore": &r.ignore, "q": &r.quiet, "quiet": &r.quiet, "w": new(bool), "write": new(bool), "h": &r.help, "help": &r.help,
	}
	for _, arg := range args {
		names := []string{strings.TrimPrefix(arg, "--")}
		switch {
		case !strings.HasPrefix(arg, "-"):
			r.words = append(r.words, arg)
			continue
		case !strings.HasPrefix(arg, "--"):
			names = strings.Split(arg[1:], "")
		}
		for _, name := range names {
			flag := flags[name]
			if flag == nil {
				return nil, fmt.Errorf("invalid option %q; cleat sysctl --help lists those there are", arg)
			}
			*flag = true
		}
	}
	return r, nil
}

// do reads or sets what one word names.
func (r *request) do(word string, all []api.Sysctl, client Client, stdout io.Writer) error {
	key, value, set := strings.Cut(word, "=")
	key = strings.ReplaceAll(strings.TrimSpace(key), "/", ".")
	name, ours := strings.CutPrefix(key, prefix)
	at := slices.IndexFunc(all, func(s api.Sysctl) bool { return s.Name == name })
	switch {
	case key == ftp && set:
		return client.SetSysctl("ftp", strings.TrimSpace(value))
	case (!ours || at < 0) && r.ignore:
		return nil
	case !ours:
		return fmt.Errorf("%q is none of %s*, the kernel's own sysctl has the others", key, prefix)
	case at < 0:
		return fmt.Errorf("%q is an unknown key", key)
	case !set:
		r.print(stdout, all[at])
		return nil
	}
	value = strings.TrimSpace(value)
	if err := client.SetSysctl(name, value); err != nil {
		if p, ok := errors.AsType[*api.Problem](err); ok && p.Errno == "EINVAL" {
			return fmt.Errorf("setting key %q: Invalid argument: %s", key, p.Title)
		}
		return fmt.Errorf("setting key %q: %w", key, err)
	}
	if !r.quiet {
		r.print(stdout, api.Sysctl{Name: name, Value: value})
	}
	return nil
}

func (r *request) print(w io.Writer, s api.Sysctl) {
	switch {
	case r.namesOnly:
		fmt.Fprintf(w, "%s%s\n", prefix, s.Name)
	case r.numbersOnly:
		fmt.Fprintln(w, s.Value)
	default:
		fmt.Fprintf(w, "%s%s = %s\n", prefix, s.Name, s.Value)
	}
}
