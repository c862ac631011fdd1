package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/pcapgo"
	"golang.org/x/sys/unix"

	"cleat/perf/result"
)

// asProgram makes the test binary cleat-perf: every measurement needs a process of its own, since the EAL starts once in each.
const asProgram = "CLEAT_PERF_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// perf runs cleat-perf in a directory.
func perf(t *testing.T, dir string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), asProgram+"=1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	} else if ok {
		code = exit.ExitCode()
	}
	return out.String(), errs.String(), code
}

func abs(name string) string {
	path, err := filepath.Abs(name)
	if err != nil {
		panic(err) // there is a working directory
	}
	return path
}

// TestMistakes: what is wrong with a command line is said before anything starts.
func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		args, want string
		code       int
	}{
		{"floor --case nonsense", `^cleat-perf: --case "nonsense": no case is called so; there are \[null pcap-1k pcap-100k pcap-1M\]\n$`, exitUsage},
		{"path --case (", `^cleat-perf: --case: error parsing regexp`, exitUsage},
		{"path --repetitions 0", `^cleat-perf: --repetitions 0: must be at least 1\n$`, exitUsage},
		{"path --time 0s", `^cleat-perf: --time 0s: must be at least 1ms\n$`, exitUsage},
		{"path -o xml", `^cleat-perf: --output "xml": must be table or json\n$`, exitUsage},
		{"compare a", `^cleat-perf: accepts 2 arg\(s\), received 1\n$`, exitUsage},
		{"compare a b --threshold 5", `^cleat-perf: --threshold "5": must be a percentage from 0% to 100%, like 5%\n$`, exitUsage},
		{"compare a b -o xml", `^cleat-perf: --output "xml": must be table or json\n$`, exitUsage},
		{"compare nowhere b", `^cleat-perf: open nowhere: no such file or directory\n$`, exitFailed},
		{"run nowhere.toml", `^cleat-perf: open nowhere.toml: no such file or directory\n$`, exitFailed},
		{"run " + abs("testdata/wrong.toml"), `(?s)^cleat-perf: \S+wrong.toml:3: step.command: "pathh" is not one that can stand here \(did you mean "path"\?\)\n` +
			`\S+wrong.toml:7: step.options.tiem: cleat-perf path has no such option \(did you mean "time"\?\)\n` +
			`\S+wrong.toml:11: step.options.time: invalid argument "soon" for "--time" flag: time: invalid duration "soon"\n$`, exitFailed},
		{"run " + abs("labs/quick.toml") + " --role gen", `^cleat-perf: --role "gen": the suite has no roles\n$`, exitUsage},
		{"pcap", `^cleat-perf: required flag\(s\) "out" not set\n$`, exitUsage},
		{"pcap -o x --flows 0", `^cleat-perf: --flows 0: must be 1 to 4194304\n$`, exitUsage},
		{"pcap -o x --proto sctp", `^cleat-perf: protocol "sctp": must be tcp or udp\n$`, exitUsage},
		{"pcap -o x --vip 192.0.2.1", `^cleat-perf: --vip "192.0.2.1": must be an address and a port, like 192.0.2.10:80\n$`, exitUsage},
		{"pcap -o x --dst-mac 02:00", `^cleat-perf: --dst-mac "02:00": must be a MAC address, like 02:70:63:61:70:00\n$`, exitUsage},
		{"pcap -o x --arp 10.9.0.11,fd00::1", `^cleat-perf: --arp "fd00::1": must be IPv4 addresses`, exitUsage},
		{"pcap -o x --len 59", `^cleat-perf: frames of 59 bytes: must be 60 to 1514\n$`, exitUsage},
		{"sample --thread (", `^cleat-perf: --thread: error parsing regexp`, exitUsage},
		{"sample --time 0s", `^cleat-perf: --repetitions 7, --time 0s: must be at least 1 and 1ms\n$`, exitUsage},
		{"sample --run-dir nowhere", `^cleat-perf: dial unixpacket nowhere/cleat/dpdk_telemetry.v2: .*no such file or directory: the program has to run`, exitFailed},
		{"flood --repetitions 0", `^cleat-perf: --repetitions 0: must be at least 1\n$`, exitUsage},
		{"search -o xml", `^cleat-perf: --output "xml": must be table or json\n$`, exitUsage},
		{"search --find ndr,speed", `^cleat-perf: --find "speed": must be among ndr, pdr, latency, connections, concurrent, soak\n$`, exitUsage},
		{"search --find latency", `^cleat-perf: --find latency: is measured below the NDR: --find ndr,latency\n$`, exitUsage},
		{"search --topology cloud", `^cleat-perf: --topology "cloud": must be in-process or ports\n$`, exitUsage},
		{"search --topology ports --target 10.0.0.1:80", `^cleat-perf: --topology ports: needs --port\n$`, exitUsage},
		{"search --port net_null0", `^cleat-perf: --port: is of --topology ports; in-process makes its own\n$`, exitUsage},
		{"search --min 2M --max 1M", `^cleat-perf: loads from 2e\+06 to 1e\+06: must be above 0, the second no less than the first\n$`, exitUsage},
		{"search --exceed 1", `^cleat-perf: goal NDR: loss ratio 0 and exceed ratio 1 must be 0 up to but without 1, trials \(2\) at least 1\n$`, exitUsage},
		{"search --find concurrent --concurrent 1", `^cleat-perf: --concurrent 1: must be at least 16\n$`, exitUsage},
		{"search --soak-at 1.1", `^cleat-perf: --soak-at 1.1: must be above 0, and 1 at most\n$`, exitUsage},
		{"search --soak 0s", `^cleat-perf: --soak 0s --soak-report 1m0s: must be more than 0\n$`, exitUsage},
		{"search --latency-time -1s", `^cleat-perf: --latency-time -1s: must be more than 0\n$`, exitUsage},
		{"search --forward fast --tester-cpu 0 --cpu 1", `^cleat-perf: forward: "fast": must be nat, dr or tun\n$`, exitUsage},
		{"search --tester-cpu 0 --cpu 0", `^cleat-perf: --tester-cpu 0: is the worker's too \(--cpu\): the line needs two\n$`, exitUsage},
		{"search --tester-cpu 0 --cpu 1 --room 100", `^cleat-perf: --room 100: must be a power of two from 64 to 65536\n$`, exitUsage},
		{"search --flows 0", `^cleat-perf: flows: 0: must be 1 to `, exitUsage},
		{"pcap -o nowhere/x", `^cleat-perf: open nowhere/x: no such file or directory\n$`, exitFailed},
	} {
		dir := t.TempDir()
		out, errs, code := perf(t, dir, strings.Fields(c.args)...)
		if code != c.code || out != "" || !regexp.MustCompile(c.want).MatchString(errs) {
			t.Errorf("%s: exit code %d, %q, %q; want %d, %s", c.args, code, out, errs, c.code, c.want)
		}
		if left, _ := os.ReadDir(dir); len(left) != 0 {
			t.Errorf("%s: left %v", c.args, left)
		}
	}
}

func TestPcap(t *testing.T) {
	dir := t.TempDir()
	if out, errs, code := perf(t, dir, "pcap", "-o", "x.pcap", "--flows", "2", "--syn", "--arp", "10.9.0.11"); out+errs != "" || code != 0 {
		t.Fatalf("exit code %d, %q, %q", code, out, errs)
	}
	f, err := os.Open(filepath.Join(dir, "x.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for ; err == nil; n++ {
		_, _, err = r.ReadPacketData()
	}
	if n-1 != 3 || err != io.EOF {
		t.Errorf("%d packets, then %v", n-1, err)
	}
}

// TestCompare: exit codes and what is printed; what is better and worse, package compare knows.
func TestCompare(t *testing.T) {
	dir := t.TempDir()
	for name, own := range map[string]float64{"old.json": 30, "new.json": 60} {
		r := &result.Report{Rows: []result.Row{{Case: "known"}}}
		for i := range 5 {
			r.Rows[0].Floor = append(r.Rows[0].Floor, 20)
			r.Rows[0].Path = append(r.Rows[0].Path, 20+own+float64(i))
		}
		var b bytes.Buffer
		if err := r.JSON(&b); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args, out, errs string
		code            int
	}{
		{"compare old.json new.json", "worse", "cleat-perf: something became worse\n", exitFailed},
		{"compare old.json new.json --threshold 100%", "same", "", 0},
		{"compare new.json old.json", "better", "", 0},
		{"compare new.json old.json --across -o json", `"verdict": "better"`, "", 0},
	} {
		out, errs, code := perf(t, dir, strings.Fields(c.args)...)
		if !strings.Contains(out, c.out) || errs != c.errs || code != c.code {
			t.Errorf("%s: exit code %d, %q, %q; want %d, %q, %q", c.args, code, out, errs, c.code, c.out, c.errs)
		}
	}
}

// alone skips without root. It gives the test, and the programs that it runs, a network namespace of their own, and with it the
// name that tells one cleat-perf from another: whoever measures on this machine is in nobody's way.
func alone(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, as DPDK does")
	}
	runtime.LockOSThread() // for good: the thread ends with the test
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
}

// TestMeasures runs every command that measures, for moments.
func TestMeasures(t *testing.T) {
	alone(t)
	for _, c := range []struct {
		args  string
		cases []string
		path  bool
	}{
		{"floor --case null|1k --time 1ms --repetitions 2 -o json", []string{"null", "pcap-1k"}, false},
		{"path --case ^known-1k-both$ --time 5ms --repetitions 2 -o json", []string{"known-1k-both"}, true},
	} {
		out, errs, code := perf(t, t.TempDir(), strings.Fields(c.args)...)
		if code != 0 || errs != "" {
			t.Errorf("%s: exit code %d, %s", c.args, code, errs)
			continue
		}
		checkReport(t, c.args, out, c.cases, c.path)
	}
}

func checkReport(t *testing.T, args, text string, cases []string, path bool) {
	t.Helper()
	var r result.Report
	if err := json.Unmarshal([]byte(text), &r); err != nil || len(r.Rows) != len(cases) {
		t.Errorf("%s: %v: %s", args, err, text)
		return
	}
	for i, row := range r.Rows {
		if row.Case != cases[i] || len(row.Floor) != 2 || (len(row.Path) == 2) != path {
			t.Errorf("%s: %+v, want case %s with two repetitions", args, row, cases[i])
		}
	}
}

// TestSpecial: figures and distributions are shown.
func TestSpecial(t *testing.T) {
	alone(t)
	out, errs, code := perf(t, t.TempDir(), "idle", "--time", "5ms", "--repetitions", "1")
	if code != 0 || !strings.Contains(out, "poll: a worker without packets") || !strings.Contains(out, "99 % µs") {
		t.Errorf("exit code %d, %q, %q", code, out, errs)
	}
}

// TestRun makes a suite in miniature and looks at what it leaves.
func TestRun(t *testing.T) {
	alone(t)
	dir := t.TempDir()
	suite := `
[[step]]
command = "path"
starts = 2
options = { case = "^known-1k$", time = "5ms", repetitions = 2 }

[[step]]
name = "impossible"
command = "floor"
options = { case = "null", cpu = 1023 }
`
	if err := os.WriteFile(filepath.Join(dir, "tiny.toml"), []byte(suite), 0o644); err != nil {
		t.Fatal(err)
	}
	out, errs, code := perf(t, dir, "run", "tiny.toml", "--out", "a/b")
	if code != exitFailed || !strings.Contains(out, "+18, must +30 ns") || !strings.Contains(out, "report with plots: a/b/report.html\n") {
		t.Fatalf("exit code %d, %q, %q", code, out, errs)
	}
	if want := "impossible could not be measured: cleat-perf floor --case=null --cpu=1023 --output=json: exit status 1: CPU 1023"; !strings.Contains(errs, want) {
		t.Errorf("%q lacks %q", errs, want)
	}
	r, err := result.Read(filepath.Join(dir, "a/b/report.json"))
	if err != nil || len(r.Rows) != 1 || len(r.Rows[0].Path) != 4 {
		t.Errorf("%v, %+v: want one case of four repetitions", err, r)
	}
	html, err := os.ReadFile(filepath.Join(dir, "a/b/report.html"))
	if err != nil || !bytes.Contains(html, []byte("<svg")) {
		t.Errorf("report.html has no plot: %v", err)
	}
}

// TestRefusals: what only DPDK, or the machine, can tell.
func TestRefusals(t *testing.T) {
	if os.Geteuid() != 0 {
		_, errs, code := perf(t, t.TempDir(), "floor")
		if code != exitFailed || !strings.HasPrefix(errs, "cleat-perf: must be run as root") {
			t.Errorf("exit code %d, %q", code, errs)
		}
		return
	}
	alone(t)
	for args, want := range map[string]string{
		"floor --case null --cpu 1023":       "cleat-perf: CPU 1023: is not there, or this process may not use it\n",
		"floor --case null --hugepages some": "cleat-perf: eal: hugepages \"some\": must be auto, require or off\n",
	} {
		if _, errs, code := perf(t, t.TempDir(), strings.Fields(args)...); code != exitFailed || errs != want {
			t.Errorf("%s: exit code %d, %q; want %q", args, code, errs, want)
		}
	}
}

// TestAlone: while somebody measures, nobody else does.
func TestAlone(t *testing.T) {
	alone(t)
	l, err := net.Listen("unix", "@cleat-perf")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, errs, code := perf(t, t.TempDir(), "floor", "--case", "null")
	if code != exitFailed || !strings.HasPrefix(errs, "cleat-perf: another cleat-perf is running") {
		t.Errorf("exit code %d, %q", code, errs)
	}
}
