package topology_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cleat/conf"
	"cleat/tools/lab/topology"

	"golang.org/x/sys/unix"
)

// Where make build puts programs, and the examples, from this folder.
const (
	cleatd   = "../../../bin/cleatd"
	examples = "../../../conf/examples"
)

func example(t *testing.T, name string) *conf.Config {
	t.Helper()
	config, err := conf.Read(filepath.Join(examples, name))
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// direct starts cleatd; when the test ends it must stop well, with every packet accounted for.
func direct(t *testing.T, lab *topology.Lab, config *conf.Config) *topology.Director {
	t.Helper()
	program, err := filepath.Abs(cleatd)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		lack(t, "bin/cleatd is not built: make build")
	}
	d, err := lab.StartDirector(t.Context(), program, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		status, err := d.Status(context.Background())
		if err == nil && status.Unaccounted != 0 {
			t.Errorf("%d packets unaccounted for", status.Unaccounted)
		}
		if err := d.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(d.LogTail())
		}
	})
	return d
}

// load is clients that ask in turn and must stay where they are.
type load struct {
	lab     *topology.Lab
	first   int // number of the first client
	clients int
	ports   []int // asked in turn; a client's server is the same on all of them
	asked   int
	errors  []error
	moved   []string
	home    map[netip.Addr]string
	mutex   sync.Mutex
}

func newLoad(lab *topology.Lab, clients int, ports ...int) *load {
	return &load{lab: lab, first: 1, clients: clients, ports: ports, home: map[netip.Addr]string{}}
}

// ask has the n-th request made.
func (l *load) ask(ctx context.Context, n int) {
	client := topology.Client(l.first + n%l.clients)
	port := l.ports[n/l.clients%len(l.ports)]
	name, err := l.lab.Ask(ctx, client, fmt.Sprintf("http://10.0.0.1:%d/", port))
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.asked++
	if err != nil {
		l.errors = append(l.errors, fmt.Errorf("request %d: %w", n, err))
		return
	}
	if home := l.home[client]; home == "" {
		l.home[client] = name
	} else if home != name {
		l.moved = append(l.moved, fmt.Sprintf("request %d: %v on :%d moved from %s to %s", n, client, port, home, name))
	}
}

// check reports errors and clients that moved, and unless even is false, a server with more or fewer clients than rr gives it.
func (l *load) check(t *testing.T, even bool) {
	t.Helper()
	if len(l.errors) > 0 {
		t.Errorf("%d of %d requests failed; the first: %v", len(l.errors), l.asked, l.errors[0])
	}
	if len(l.moved) > 0 {
		t.Errorf("%d of %d requests met another server than the client's; the first: %s", len(l.moved), l.asked, l.moved[0])
	}
	clients := map[string]int{}
	for _, name := range l.home {
		clients[name]++
	}
	for _, rs := range l.lab.Servers() {
		share := l.clients / len(l.lab.Servers())
		if n := clients[rs]; even && (n < share || n > share+1) {
			t.Errorf("%s has %d of %d clients: %v", rs, n, l.clients, clients)
		}
	}
}

// TestAffinity is the main job: 10,000 requests in a row through the VIP to nginx, no error, no client moved.
func TestAffinity(t *testing.T) {
	lab := up(t, topology.Options{Nginx: true})
	d := direct(t, lab, example(t, "ppc.toml"))
	l := newLoad(lab, 100, 80)
	for n := range 10_000 {
		l.ask(t.Context(), n)
		if len(l.errors) > 5 {
			break
		}
	}
	l.check(t, true)
	templates, err := d.Templates(t.Context())
	if err != nil || len(templates) != 100 {
		t.Errorf("%d templates of 100 clients, %v", len(templates), err)
	}
	for _, template := range templates {
		// A request a hundred ago, at most, gave it its 300 s.
		if template.Kind != "ppc" || template.Timeout != 300 || template.Expires < 200 || template.State != "ASSURED" {
			t.Errorf("template %+v", template)
		}
	}
}

// TestPortsTogether: under PCC and PFMC a client has one server on both ports.
func TestPortsTogether(t *testing.T) {
	lab := up(t, topology.Options{})
	var d *topology.Director
	for i, name := range []string{"pcc.toml", "pfmc.toml"} {
		if d == nil {
			d = direct(t, lab, example(t, name))
		} else if err := d.Reload(t.Context(), example(t, name)); err != nil {
			t.Fatal(err)
		}
		l := newLoad(lab, 30, 80, 443)
		// The first kind's connections outlive its service, and P6.2 drops what belongs to one: a client that came back
		// now and happened on the port of an old connection would not be served.
		l.first += i * l.clients
		for n := range 600 {
			l.ask(t.Context(), n)
		}
		l.check(t, true)
	}
}

// TestReloadUnderLoad: five reloads a second lose no request and move no client.
func TestReloadUnderLoad(t *testing.T) {
	lab := up(t, topology.Options{})
	config := example(t, "ppc.toml")
	d := direct(t, lab, config)
	l := newLoad(lab, 40, 80)
	ctx, stop := context.WithTimeout(t.Context(), 6*time.Second)
	defer stop()
	var clients sync.WaitGroup
	for first := range 4 {
		clients.Go(func() {
			for n := first; ctx.Err() == nil; n += 4 {
				l.ask(t.Context(), n)
			}
		})
	}
	reloads := 0
	for tick := time.NewTicker(200 * time.Millisecond); ctx.Err() == nil; <-tick.C {
		reloads++
		for i := range config.Services[0].Servers {
			config.Services[0].Servers[i].Weight = 1 + (reloads+i)%3
		}
		if err := d.Reload(t.Context(), config); err != nil {
			t.Error(err)
		}
	}
	clients.Wait()
	l.check(t, false)
	if reloads < 10 || l.asked < 200 {
		t.Errorf("%d reloads during %d requests: too few to tell anything", reloads, l.asked)
	}
	t.Logf("%d reloads, %d requests", reloads, l.asked)
}

// TestRefusedReload: a bad file is reported and changes nothing.
func TestRefusedReload(t *testing.T) {
	lab := up(t, topology.Options{})
	config := example(t, "ppc.toml")
	d := direct(t, lab, config)
	before, err := lab.Ask(t.Context(), topology.Client(1), "http://10.0.0.1/")
	if err != nil {
		t.Fatal(err)
	}
	config.Services[0].Scheduler = "rrr"
	if err := d.Reload(t.Context(), config); !errors.Is(err, topology.ErrRefused) || !strings.Contains(err.Error(), "rrr") {
		t.Errorf("reload of a file with an unknown scheduler: %v", err)
	}
	after, err := lab.Ask(t.Context(), topology.Client(1), "http://10.0.0.1/")
	if err != nil || after != before {
		t.Errorf("after the refusal: %s, %v; before: %s", after, err, before)
	}
}

// TestTwoWorkers: whichever worker a packet arrives at, its client's worker has the template.
func TestTwoWorkers(t *testing.T) {
	lab := up(t, topology.Options{})
	config := example(t, "ppc.toml")
	config.Workers.Lcores = []int{0, 1}
	d := direct(t, lab, config)
	l := newLoad(lab, 50, 80)
	for n := range 1000 {
		l.ask(t.Context(), n)
	}
	l.check(t, false)
	workers, err := d.Workers(t.Context())
	if err != nil || len(workers) != 2 {
		t.Fatalf("workers %v, %v", workers, err)
	}
	for _, w := range workers {
		if w.Templates.Used == 0 || w.Unaccounted != 0 {
			t.Errorf("worker %d: %d templates, %d packets unaccounted for", w.Worker, w.Templates.Used, w.Unaccounted)
		}
	}
	if templates := workers[0].Templates.Used + workers[1].Templates.Used; templates != 50 {
		t.Errorf("%d templates of 50 clients", templates)
	}
	if workers[0].HandedOver+workers[1].HandedOver == 0 {
		t.Error("no packet was handed over: both workers cannot have received only their own clients")
	}
}

// TestNetwork: what cleatd is in its network besides a load balancer.
func TestNetwork(t *testing.T) {
	lab := up(t, topology.Options{})
	direct(t, lab, example(t, "ppc.toml"))
	for _, c := range []struct{ ns, address, what string }{
		{"cl", "10.0.0.1", "the VIP"},
		{"cl", "10.8.0.1", "the director outside"},
		{"rs1", "10.9.0.1", "the director inside"},
		{"rs1", "10.8.0.2", "the client, routed"},
		{"rs1", "172.16.0.9", "a client behind the client, routed"},
	} {
		if err := ping(t, lab, c.ns, c.address); err != nil {
			t.Errorf("%s pings %s (%s): %v", c.ns, c.address, c.what, err)
		}
	}
	out := run(t, lab, "cl", "curl", "-sS", "--max-time", "5", "--interface", "172.16.0.1", "http://10.0.0.1/")
	if !strings.Contains(out, ":80 172.16.0.1:") {
		t.Errorf("curl through the VIP, the client's address seen by the server: %q", out)
	}
	for _, address := range []string{"10.0.0.1:81", "10.8.0.1:80"} {
		conn, err := lab.Dial(t.Context(), "cl", topology.Client(1), "tcp", address)
		if err == nil {
			conn.Close()
		}
		if !errors.Is(err, unix.ECONNREFUSED) {
			t.Errorf("connect to %s, which nobody takes: %v, want a reset", address, err)
		}
	}
}

// TestUDPService: a client's datagrams stay with one server.
func TestUDPService(t *testing.T) {
	lab := up(t, topology.Options{})
	config := example(t, "rr.toml")
	service := config.Services[0]
	service.TCP, service.UDP = netip.AddrPort{}, netip.MustParseAddrPort("10.0.0.1:53")
	service.Persistent = conf.Duration(time.Minute)
	service.Servers = slices.Clone(service.Servers)
	for i, rs := range service.Servers {
		service.Servers[i].Address = netip.AddrPortFrom(rs.Address.Addr(), 53)
	}
	config.Services = append(config.Services, service)
	direct(t, lab, config)
	var firsts []string
	for client := 1; client <= 3; client++ {
		var names []string
		for range 3 {
			line, err := askUDP(t.Context(), lab, topology.Client(client), "10.0.0.1:53")
			if err != nil {
				t.Fatal(err)
			}
			name, _, _ := strings.Cut(line, " ")
			names = append(names, name)
		}
		firsts = append(firsts, names[0])
		if names[1] != names[0] || names[2] != names[0] {
			t.Errorf("client %d moved: %v", client, names)
		}
	}
	if want := []string{"rs3", "rs2", "rs1"}; !slices.Equal(firsts, want) {
		t.Errorf("the clients are on %v, want %v", firsts, want)
	}
}

// TestFullSizedSegments: megabytes both ways arrive whole, in frames as long as the MTU allows.
func TestFullSizedSegments(t *testing.T) {
	lab := up(t, topology.Options{})
	direct(t, lab, example(t, "ppc.toml"))
	const size = 4 << 20
	body := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(body, make([]byte, size), 0o644); err != nil {
		t.Fatal(err)
	}
	out := run(t, lab, "cl", "curl", "-sS", "--max-time", "20", "--interface", "172.16.0.1",
		"--data-binary", "@"+body, fmt.Sprintf("http://10.0.0.1/?pad=%d", size))
	line, pad, _ := strings.Cut(out, "\n")
	if !strings.HasSuffix(line, fmt.Sprintf(" len=%d", size)) {
		t.Errorf("sent %d bytes, the server says %q", size, line)
	}
	if len(pad) != size {
		t.Errorf("received %d bytes of %d", len(pad), size)
	}
}

// TestAFXDP: the same through the other driver.
func TestAFXDP(t *testing.T) {
	socket, err := unix.Socket(unix.AF_XDP, unix.SOCK_RAW, 0)
	if err != nil {
		t.Skipf("this kernel has no AF_XDP: %v", err)
	}
	unix.Close(socket)
	lab := up(t, topology.Options{AFXDP: true})
	d := direct(t, lab, example(t, "ppc.toml"))
	l := newLoad(lab, 30, 80)
	for n := range 300 {
		l.ask(t.Context(), n)
	}
	l.check(t, true)
	status, err := d.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, port := range status.Ports {
		if port.Driver != "net_af_xdp" {
			t.Errorf("port %s: driver %s", port.Name, port.Driver)
		}
	}
}

// askUDP sends one datagram from a new port and gives the answer.
func askUDP(ctx context.Context, lab *topology.Lab, client netip.Addr, address string) (string, error) {
	conn, err := lab.Dial(ctx, "cl", client, "udp", address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := conn.Write([]byte("who?")); err != nil {
		return "", err
	}
	answer := make([]byte, 1500)
	n, err := conn.Read(answer)
	return string(answer[:n]), err
}

// TestTermLeavesNothing: after SIGTERM no file, no socket, no process, and exit status 0 (Stop says so).
func TestTermLeavesNothing(t *testing.T) {
	lab := up(t, topology.Options{})
	before := traces(t, lab)
	d := direct(t, lab, example(t, "ppc.toml"))
	// A connection and a template are there when it ends.
	if _, err := lab.Ask(t.Context(), topology.Client(1), "http://10.0.0.1/"); err != nil {
		t.Error(err)
	}
	during := traces(t, lab)
	if !slices.Contains(during, d.Socket) {
		t.Errorf("control socket missing while cleatd runs: %v", during)
	}
	if err := d.Stop(); err != nil {
		t.Fatal(err)
	}
	// What the lab itself writes for cleatd stays until the lab is closed.
	ours := []string{d.File, d.Log}
	for _, trace := range traces(t, lab) {
		if !slices.Contains(before, trace) && !slices.Contains(ours, trace) {
			t.Errorf("left behind: %s", trace)
		}
	}
	if err := unix.Kill(d.PID(), 0); !errors.Is(err, unix.ESRCH) {
		t.Errorf("process %d: %v", d.PID(), err)
	}
	if pids := run(t, lab, "sw", "ip", "netns", "pids", lab.Namespace("dir")); pids != "" {
		t.Errorf("processes left in the director: %s", pids)
	}
}

// traces lists what a DPDK program of this lab may leave: runtime folder, hugepage files, sockets, interfaces.
func traces(t *testing.T, lab *topology.Lab) []string {
	t.Helper()
	var found []string
	prefix := fmt.Sprintf("cleat-lab-%d", lab.ID)
	for _, pattern := range []string{lab.Dir + "/*", "/var/run/dpdk/" + prefix, "/dev/hugepages/" + prefix + "map_*"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, names...)
	}
	for _, line := range strings.Split(run(t, lab, "dir", "ip", "-brief", "link"), "\n") {
		name, _, _ := strings.Cut(line, " ")
		found = append(found, "interface "+name)
	}
	return found
}

// TestRestart: a killed cleatd starts again beside what it left, and clients are served.
func TestRestart(t *testing.T) {
	lab := up(t, topology.Options{})
	config := example(t, "ppc.toml")
	direct(t, lab, config).Kill()
	direct(t, lab, config)
	if _, err := lab.Ask(t.Context(), topology.Client(1), "http://10.0.0.1/"); err != nil {
		t.Error(err)
	}
}
