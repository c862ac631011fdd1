package play

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"cleat/tools/lab/play/record"
)

// commandTime is more than any command of a scenario takes.
const commandTime = 60 * time.Second

//go:embed wrapper/*.sh
var wrapperScripts embed.FS

// wrapped are the programs that a script of wrapper/ stands before, by the script's name. "everywhere" in all namespaces;
// the others, where IPVS is, in the director's only.
var wrapped = map[string]string{
	"everywhere": "busybox",
	"iptables":   "iptables ip6tables",
	"sysctl":     "sysctl",
	"modprobe":   "modprobe",
	"files":      "awk cat cut egrep fgrep grep head less more sed sort tail wc",
}

// wrappers makes three folders: programs that stand before others in the director's namespace, those that do so
// everywhere, and /tmp.
func (p *stage) wrappers() error {
	director, err := p.mkdir("director")
	if err != nil {
		return err
	}
	everywhere, err := p.mkdir("everywhere")
	if err != nil {
		return err
	}
	if _, err := p.mkdir("tmp"); err != nil {
		return err
	}
	errs := []error{os.Symlink(p.program(), filepath.Join(director, "ipvsadm"))}
	for script, programs := range wrapped {
		text, err := wrapperScripts.ReadFile("wrapper/" + script + ".sh")
		if err != nil {
			return err
		}
		folders := []string{director}
		if script == "everywhere" {
			folders = append(folders, everywhere)
		}
		for _, folder := range folders {
			for _, program := range strings.Fields(programs) {
				errs = append(errs, os.WriteFile(filepath.Join(folder, program), text, 0o755))
			}
		}
	}
	return errors.Join(errs...)
}

// program is a path of cleat that holds behind the stage's own /tmp, too, where the project may lie.
func (p *stage) program() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), p.cleat.Fd()) }

// sh runs a line of shell in a namespace, with this stage's /tmp.
func (p *stage) sh(ctx context.Context, ns, line, stdin string) record.Command {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	folder := "everywhere"
	if ns == "dir" {
		folder = "director"
	}
	// ip netns exec has given it a mount namespace of its own.
	cmd := p.lab.Command(ctx, ns, "sh", "-c", `mount --bind "$0" /tmp && PATH=$1:$PATH && exec sh -c "$2"`,
		p.path("tmp"), p.path(folder), line)
	cmd.Stdin = strings.NewReader(stdin)
	return p.output(cmd, line)
}

// runCleat runs cleat in the director's namespace, as itself or as one of the tools that it speaks as.
func (p *stage) runCleat(ctx context.Context, args ...string) record.Command {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	return p.output(p.lab.Command(ctx, "dir", p.program(), args...), strings.Join(args, " "))
}

// output runs a command, called line, and notes what it says.
func (p *stage) output(cmd *exec.Cmd, line string) record.Command {
	cmd.Env = append(os.Environ(), "CLEAT_SOCKET="+p.director.Socket, "CLEAT="+p.program(), "LC_ALL=C")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second // for what it left behind with its output
	err := cmd.Run()
	got := record.Command{Run: line, Stdout: lines(stdout.String()), Stderr: lines(stderr.String())}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got.Exit = exit.ExitCode()
	case err != nil:
		got.Exit = -1
		got.Stderr = append(got.Stderr, err.Error())
	}
	return got
}

// lines of a text; a last one without its end has \c behind it.
func lines(text string) []string {
	if text == "" {
		return nil
	}
	all := strings.Split(text, "\n")
	last := len(all) - 1
	if all[last] == "" {
		return all[:last]
	}
	all[last] += `\c`
	return all
}
