package topology_test

import (
	"context"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"cleat/tools/lab/topology"

	"golang.org/x/sys/unix"
)

// lack skips the test, or fails it where a lab is required (make test sets CLEAT_LAB=require).
func lack(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CLEAT_LAB") == "require" {
		t.Fatalf("CLEAT_LAB=require, but %s", what)
	}
	t.Skipf("no lab: %s", what)
}

// up builds a lab for one test.
func up(t *testing.T, options topology.Options) *topology.Lab {
	t.Helper()
	if os.Geteuid() != 0 {
		lack(t, "network namespaces need root")
	}
	for _, program := range []string{"ip", "ethtool", "sysctl"} {
		if _, err := exec.LookPath(program); err != nil {
			lack(t, err.Error())
		}
	}
	lab, err := topology.Up(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lab.Close(); err != nil {
			t.Error(err)
		}
	})
	return lab
}

// run runs a command on this machine or, with a lab, in one of its namespaces.
func run(t *testing.T, lab *topology.Lab, ns, name string, args ...string) string {
	t.Helper()
	out, err := lab.Output(t.Context(), ns, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// leftovers lists what a lab with this number has on the machine.
func leftovers(t *testing.T, lab *topology.Lab) []string {
	t.Helper()
	var found []string
	for _, pattern := range []string{"/run/netns/" + lab.Namespace("*"), lab.Dir, lab.Dir + ".lock"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, names...)
	}
	return found
}

func links(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("ip", "-brief", "link").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestUpAndCloseLeaveNothing(t *testing.T) {
	before := links(t)
	lab := up(t, topology.Options{Servers: 2})
	if len(leftovers(t, lab)) != 7 { // cl dir sw rs1 rs2, the folder, the lock
		t.Errorf("while it is up: %v", leftovers(t, lab))
	}
	if during := links(t); during != before {
		t.Errorf("interfaces of the machine itself:\n%s\nbefore:\n%s", during, before)
	}
	// A process that somebody started in there must not keep the lab alive.
	stray := exec.Command("ip", "netns", "exec", lab.Namespace("rs1"), "sleep", "60")
	if err := stray.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- stray.Wait() }()
	for !strings.Contains(run(t, lab, "sw", "ip", "netns", "pids", lab.Namespace("rs1")), "\n") {
		time.Sleep(10 * time.Millisecond)
	}
	if err := lab.Close(); err != nil {
		t.Fatal(err)
	}
	if found := leftovers(t, lab); len(found) > 0 {
		t.Errorf("left behind: %v", found)
	}
	if err := <-ended; err == nil {
		t.Error("the process in rs1 ended by itself")
	}
	if err := lab.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestFailedUpLeavesNothing(t *testing.T) {
	lab := up(t, topology.Options{Servers: 1}) // tells which number is next
	if err := lab.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := topology.Up(ctx, topology.Options{}); err == nil {
		t.Fatal("Up with a cancelled context succeeded")
	}
	if found := leftovers(t, lab); len(found) > 0 {
		t.Errorf("left behind: %v", found)
	}
}

func TestServersOutOfRange(t *testing.T) {
	for _, n := range []int{-1, 100} {
		if lab, err := topology.Up(t.Context(), topology.Options{Servers: n}); err == nil {
			lab.Close()
			t.Errorf("%d servers: no error", n)
		}
	}
}

// TestLabsSideBySide: two labs have names, addresses and servers apart.
func TestLabsSideBySide(t *testing.T) {
	one, two := up(t, topology.Options{Servers: 1}), up(t, topology.Options{Servers: 2})
	if one.ID == two.ID {
		t.Fatalf("both are lab %d", one.ID)
	}
	labs, err := topology.Labs()
	if err != nil {
		t.Fatal(err)
	}
	mine := 0
	for _, l := range labs {
		if l.Owner == os.Getpid() {
			mine++
		}
	}
	if mine != 2 {
		t.Errorf("%d labs of this process are listed, not 2: %v", mine, labs)
	}
	for _, lab := range []*topology.Lab{one, two} {
		// On the switch the client reaches a real server without the director.
		who, err := lab.Ask(t.Context(), netip.MustParseAddr("10.9.0.250"), "http://10.9.0.11/")
		if err != nil || who != "rs1" {
			t.Errorf("lab %d: %q, %v", lab.ID, who, err)
		}
	}
	if _, err := one.Ask(t.Context(), netip.MustParseAddr("10.9.0.250"), "http://10.9.0.12/"); err == nil {
		t.Error("lab one reaches the second server of lab two")
	}
}

// TestRealServers: both kinds answer who they are, on all ports.
func TestRealServers(t *testing.T) {
	for _, nginx := range []bool{false, true} {
		if _, err := exec.LookPath("nginx"); nginx && err != nil {
			lack(t, err.Error())
		}
		lab := up(t, topology.Options{Servers: 1, Nginx: nginx})
		for _, port := range []string{"80", "443", "8080"} {
			out := run(t, lab, "cl", "curl", "-sS", "--max-time", "5", "-i", "http://10.9.0.11:"+port+"/")
			if !strings.Contains(out, "X-Server: rs1") || !strings.Contains(out, "\nrs1 10.9.0.11:"+port+" 10.9.0.250:") {
				t.Errorf("nginx %v, port %s:\n%s", nginx, port, out)
			}
		}
	}
}

func TestUDPIdentity(t *testing.T) {
	lab := up(t, topology.Options{Servers: 1})
	conn, err := lab.Dial(t.Context(), "cl", netip.Addr{}, "udp", "10.9.0.11:53")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 100)
	n, err := conn.Read(answer)
	if want := "rs1 10.9.0.11:53 " + conn.LocalAddr().String() + " len=5\n"; err != nil || string(answer[:n]) != want {
		t.Errorf("%q, %v; want %q", answer[:n], err, want)
	}
}

// TestDirectorsKernelIsSilent: what cleatd must answer, nobody else does.
func TestDirectorsKernelIsSilent(t *testing.T) {
	lab := up(t, topology.Options{Servers: 1})
	run(t, lab, "cl", "ip", "neighbour", "replace", "10.8.0.1", "lladdr", hardwareAddress(t, lab, "dir", "dir0"), "dev", "cl0")
	conn, err := lab.Dial(t.Context(), "cl", topology.Client(1), "udp", "10.0.0.1:9")
	if err != nil {
		t.Fatal(err)
	}
	conn.Write([]byte("is anybody there?"))
	conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if conn, err := lab.Dial(ctx, "cl", topology.Client(1), "tcp", "10.0.0.1:80"); err == nil {
		conn.Close()
		t.Error("somebody took the connection")
	} else if !os.IsTimeout(err) {
		t.Errorf("connecting to the VIP: %v, want silence", err)
	}
	if err := ping(t, lab, "cl", "10.9.0.11"); err != nil {
		t.Fatalf("ping a real server over the switch: %v", err)
	}
	for ns, address := range map[string]string{"cl": "10.0.0.2", "rs1": "10.9.0.1"} {
		if err := ping(t, lab, ns, address); err == nil {
			t.Errorf("ping %s from %s is answered", address, ns)
		}
	}
	for _, name := range []string{"dir0", "dir1"} {
		if count(t, lab, name, "rx_packets") == 0 {
			t.Errorf("nothing arrived at %s: the test tests nothing", name)
		}
		if sent := count(t, lab, name, "tx_packets"); sent != 0 {
			t.Errorf("the director's kernel sent %d packets on %s", sent, name)
		}
	}
}

// ping sends one echo request and waits a second for the answer.
func ping(t *testing.T, lab *topology.Lab, ns, address string) error {
	t.Helper()
	conn, err := lab.Dial(t.Context(), ns, netip.Addr{}, "ip4:icmp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Second))
	// Type 8, code 0, checksum, identifier 0x0102, sequence 1; no data.
	if _, err := conn.Write([]byte{8, 0, 0xf6, 0xfc, 1, 2, 0, 1}); err != nil {
		return err
	}
	answer := make([]byte, 1500)
	for {
		n, _, err := conn.(*net.IPConn).ReadFrom(answer) // takes the IP header off
		if err != nil {
			return err
		}
		if echo := answer[:n]; n == 8 && echo[0] == 0 && echo[4] == 1 && echo[5] == 2 && echo[7] == 1 {
			return nil
		}
	}
}

// count reads a counter of one of the director's interfaces.
func count(t *testing.T, lab *topology.Lab, name, counter string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(run(t, lab, "dir", "cat", "/sys/class/net/"+name+"/statistics/"+counter)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func hardwareAddress(t *testing.T, lab *topology.Lab, ns, name string) string {
	t.Helper()
	return strings.TrimSpace(run(t, lab, ns, "cat", "/sys/class/net/"+name+"/address"))
}

// TestCleanAfterDeath: a lab whose owner was killed is removed by Clean, and its processes are gone.
func TestCleanAfterDeath(t *testing.T) {
	if os.Getenv("LAB_TEST_OWNER") != "" {
		lab := up(t, topology.Options{Servers: 1, Nginx: true})
		os.Stdout.WriteString(lab.Namespace("") + "\n")
		unix.Kill(os.Getpid(), unix.SIGKILL)
	}
	if os.Geteuid() != 0 {
		lack(t, "network namespaces need root")
	}
	if _, err := exec.LookPath("nginx"); err != nil {
		lack(t, err.Error())
	}
	owner := exec.Command(os.Args[0], "-test.run=^TestCleanAfterDeath$")
	owner.Env = append(os.Environ(), "LAB_TEST_OWNER=yes")
	out, _ := owner.Output() // ends by SIGKILL
	prefix, _, _ := strings.Cut(string(out), "\n")
	if left, _ := filepath.Glob("/run/netns/" + prefix + "*"); prefix == "" || len(left) != 4 {
		t.Fatalf("the owner left %v, said %q", left, out)
	}
	if _, err := topology.Clean(); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob("/run/netns/" + prefix + "*"); len(left) != 0 {
		t.Errorf("still there: %v", left)
	}
	id := strings.Trim(prefix, "cleat-")
	if left, _ := filepath.Glob("/run/cleat-lab/" + id + "*"); len(left) != 0 {
		t.Errorf("still there: %v", left)
	}
}
