package sample

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// program is a telemetry socket of this process, which has received a thousand packets more with every question.
func program(t *testing.T) (dir string) {
	dir = t.TempDir()
	l, err := net.Listen("unixpacket", filepath.Join(dir, "dpdk_telemetry.v2"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprintf(c, `{"version":"DPDK 22.11","pid":%d,"max_output_len":16384}`, os.Getpid())
			b := make([]byte, 100)
			for asked := 1; ; asked++ {
				n, err := c.Read(b)
				if err != nil {
					break
				}
				if string(b[:n]) == "/ethdev/stats,0" {
					fmt.Fprintf(c, `{"/ethdev/stats":{"ipackets":%d,"opackets":%d,"q_ipackets":[1,2]}}`, 1000*asked, 999*asked)
				} else {
					fmt.Fprint(c, `{"/ethdev/stats":null}`)
				}
			}
			c.Close()
		}
	}()
	return dir
}

// worker starts a thread called so that spins until the test is over.
func worker(t *testing.T, name string) {
	started, stop, ended := make(chan bool), make(chan bool), make(chan bool)
	go func() {
		defer close(ended)
		runtime.LockOSThread() // for good: the thread ends with the goroutine, and its name too
		if err := os.WriteFile(fmt.Sprintf("/proc/self/task/%d/comm", unix.Gettid()), []byte(name), 0o644); err != nil {
			t.Error(err)
		}
		close(started)
		for {
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	<-started
	t.Cleanup(func() { close(stop); <-ended })
}

func TestLook(t *testing.T) {
	worker(t, "some-worker-7")
	p, err := Open(program(t), 0, regexp.MustCompile(`worker-7$`))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	before, err := p.Look()
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		after, err := p.Look()
		if err != nil {
			t.Fatal(err)
		}
		d := after.Since(before)
		if d.Received%1000 != 0 || d.Transmitted != d.Received/1000*999 || d.Wall <= 0 {
			t.Fatalf("%+v", d)
		}
		if d.CPU > 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("a thread that spins takes no CPU time")
		}
	}
}

func TestRefusals(t *testing.T) {
	dir := program(t)
	for _, c := range []struct {
		dir, thread, want string
		port              int
	}{
		{t.TempDir(), "x", "with telemetry and that --file-prefix", 0},
		{dir, "no-such-thread", "has 0 threads whose name matches no-such-thread", 0},
		{dir, "", "must be one of", 0},
		{dir, "^some-worker-8$", "the program has no port 3", 3},
	} {
		if c.port != 0 {
			worker(t, "some-worker-8")
		}
		p, err := Open(c.dir, c.port, regexp.MustCompile(c.thread))
		if err == nil {
			_, err = p.Look()
			p.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("thread %q, port %d: %v, want %s", c.thread, c.port, err, c.want)
		}
	}
}
