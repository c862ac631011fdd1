package eal_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"cleat/cgo/eal"
	"cleat/cgo/eal/ealtest"
)

// initArgs makes a child of the test start an EAL of its own with these arguments: a process can do
// that once only.
const initArgs = "CLEAT_TEST_EAL_ARGS"

func TestMain(m *testing.M) {
	if args, ok := os.LookupEnv(initArgs); ok {
		eal.SetLog(func(string) {})
		if err := eal.Init(strings.Fields(args)); err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(ealtest.Run(m))
}

func TestInitErrors(t *testing.T) {
	for _, c := range []struct{ name, args, want string }{
		{"unknown argument", "--no-such-argument", "unrecognized option '--no-such-argument'"},
		{"no such lcore", "-l 4095 --no-huge", "rte_eal_init: Invalid argument: EAL: "},
		{"contradiction", "--no-huge --in-memory", "not compatible with --in-memory"},
		{"help", "--help", "ends the program"},
		{"help, abbreviated", "--he", "ends the program"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), initArgs+"="+c.args)
			var stdout, stderr strings.Builder
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Run(); err == nil {
				t.Error("Init took it")
			}
			if !strings.Contains(stderr.String(), c.want) {
				t.Errorf("error %q lacks %q", stderr.String(), c.want)
			}
			if stdout.Len() > 0 {
				t.Errorf("stdout is not clean: %q", stdout.String())
			}
			if n := strings.Count(stderr.String(), "\n"); n > 0 {
				t.Errorf("stderr has more than the error: %q", stderr.String())
			}
		})
	}
}

func TestInitTwice(t *testing.T) {
	if err := eal.Init(nil); err == nil {
		t.Error("a second Init succeeded")
	}
}

func TestLogReachesSetLog(t *testing.T) {
	lines := make(chan string, 100)
	eal.SetLog(func(line string) { lines <- line })
	t.Cleanup(func() { eal.SetLog(func(string) {}) })
	if err := eal.AddVdev("net_no_such_driver0", ""); err == nil {
		t.Fatal("a device without a driver was made")
	} else if !strings.Contains(err.Error(), "net_no_such_driver0") || !strings.Contains(err.Error(), "EAL: ") {
		t.Errorf("error lacks DPDK's words: %v", err)
	}
	select {
	case line := <-lines:
		if !strings.Contains(line, "EAL: ") || strings.Contains(line, "\n") {
			t.Errorf("line %q", line)
		}
	case <-time.After(5 * time.Second):
		t.Error("nothing was logged")
	}
}

// TestLogNeverWaits has DPDK log more than the pipe holds while nobody reads: it goes on, and what was lost is
// said.
func TestLogNeverWaits(t *testing.T) {
	read := make(chan struct{})
	lost := make(chan string, 1)
	eal.SetLog(func(line string) {
		<-read
		if strings.Contains(line, "messages lost") {
			select {
			case lost <- line:
			default:
			}
		}
	})
	t.Cleanup(func() { eal.SetLog(func(string) {}) })
	for range 2000 {
		if err := eal.AddVdev("net_no_such_driver0", ""); err == nil {
			t.Fatal("a device without a driver was made")
		}
	}
	close(read)
	select {
	case <-lost:
	case <-time.After(5 * time.Second):
		t.Error("nothing was said to be lost")
	}
}

func TestTryError(t *testing.T) {
	err := eal.Try("rte_something", func() int { return -int(syscall.ENODEV) })
	var e *eal.Error
	if !errors.As(err, &e) || e.Call != "rte_something" || !errors.Is(err, syscall.ENODEV) {
		t.Errorf("Try: %#v", err)
	}
	if want := "rte_something: No such device"; err.Error() != want {
		t.Errorf("Try: %q, want %q", err, want)
	}
	if err := eal.Try("rte_something", func() int { return 3 }); err != nil {
		t.Errorf("Try of a positive result: %v", err)
	}
}
