package play

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cleat/tools/lab/play/judge"
	"cleat/tools/lab/play/record"
	"cleat/tools/lab/topology"
)

// bin is where make build puts programs, from this folder.
const bin = "../../../bin"

// selection is what make test plays of all scenarios (make conformance): each kind of service, scheduler, forwarding, change of
// rules, end of a connection and listing once.
var selection = strings.Fields(`
	a01-ppc-tutorial a03-pcc-tutorial a04-pfmc-tutorial a05-pfmc-mixed-tcp-udp a08-ppc-udp a10-ppc-rs-port-map a12-pfmc-rs-port
	a14-fwmark-nonpersistent-rs-port a15-port0-without-p a2-ppc-sched-lblcr a2-ppc-sched-ovf a2-ppc-sched-wlc a4-pfmc-sched-wrr
	b01-tpl-idle-expiry b02-tpl-extension-p10 b07-tpl-no-refresh-by-packets b08-tpl-set-shorter b13-delete-expire_nodest_conn-0
	b14-delete-readd-expire_nodest_conn-1 b15-delete-readd-with-traffic b18-edit-service-netmask b19-edit-service-no-persistence
	b20-service-delete-other-remains b20-service-delete-readd b21-clear b22-netmask-24 b26-ops-udp-nat b27-ops-udp-persistent
	b29-thresholds b33-precedence-fwmark-over-address b38-ftp-nonpersistent b39-conn_reuse_mode-1-weight0 b40-conn-reuse-persistent
	b41-syn-only-template b43-rs-refuses b44-no-server b45-states-nat b47-set-tcpfin b50-ipv6-ppc b52-ipv6-pfmc c02-pcc-tun c03-pfmc-dr
	c06-ipv6-dr c06-ipv6-tun c07-mixed-forwarding c09-v4-service-v6-server d01-bad-input e01-output-empty e02-output-config
	e03-output-traffic e04-save-restore e05-zero e07-sysctls g01-icmp-from-server g02-icmp-from-client g03-fragments-nat
	g04-fragments-fwmark g05-stray-ack g06-ping-vip g07-mtu-dr-df h01-sync-v1 s1-nq-w123 s2-sh-w012 s3-lblc-w123 s5-mh-ipv6
	s6-rr-concurrent-services x-b11-1 x-b17 x-b36-helper x-b37 x-b39-2-dr x-b46-tun x-b49 x-b53-61 x-cmds x-marks x-nodest1 x-ops-many x-sip x-sysctl-bad x-zero`)

// lack skips the test, or fails it where a lab is required (make test sets CLEAT_LAB=require).
func lack(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CLEAT_LAB") == "require" {
		t.Fatalf("CLEAT_LAB=require, but %s", what)
	}
	t.Skipf("no lab: %s", what)
}

// programs are cleatd and cleat; a test that cannot have them, or no lab, ends here.
func programs(t *testing.T) Options {
	t.Helper()
	if os.Geteuid() != 0 {
		lack(t, "network namespaces need root")
	}
	for _, program := range []string{"ip", "ethtool", "sysctl", "ss", "tcpdump"} {
		if _, err := exec.LookPath(program); err != nil {
			lack(t, err.Error())
		}
	}
	folder, err := filepath.Abs(bin)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Cleatd: filepath.Join(folder, "cleatd"), Cleat: filepath.Join(folder, "cleat"), Folder: t.TempDir()}
	for _, program := range []string{o.Cleatd, o.Cleat} {
		if _, err := os.Stat(program); err != nil {
			lack(t, err.Error()+": make build")
		}
	}
	return o
}

// TestConformance plays the selection with one worker, and with two that schedule together: both decide as the kernel did.
func TestConformance(t *testing.T) {
	one := programs(t)
	two := one
	two.Workers, two.Scope = 2, "service"
	rules, err := judge.ReadRules("accepted.txt")
	if err != nil {
		t.Fatal(err)
	}
	for mode, o := range map[string]Options{"one worker": one, "two workers": two} {
		for _, name := range selection {
			t.Run(mode+"/"+name, func(t *testing.T) {
				t.Parallel()
				conforms(t, o, name, rules)
			})
		}
	}
}

func conforms(t *testing.T, o Options, name string, rules judge.Rules) {
	t.Helper()
	scenario, err := record.ReadScenario("testdata/scenarios/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	kernel, err := record.ReadResult("testdata/golden/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	here, err := Play(t.Context(), o, scenario)
	if err != nil {
		t.Fatal(err)
	}
	if here.Skipped != "" {
		if scenario.Directors < 2 {
			t.Errorf("skipped: %s", here.Skipped)
		}
		return
	}
	for _, f := range judge.Compare(kernel, here) {
		if !rules.Accept(name, f) {
			t.Error(f)
		}
	}
}

// TestAccepted: every rule is about a scenario that there is.
func TestAccepted(t *testing.T) {
	rules, err := judge.ReadRules("accepted.txt")
	if err != nil || len(rules) == 0 {
		t.Fatalf("%d rules: %v", len(rules), err)
	}
	for _, scenario := range rules.Scenarios() {
		if _, err := os.Stat("testdata/golden/" + scenario + ".json"); err != nil {
			t.Error(err)
		}
	}
}

// TestScenarios: every recording has its scenario, which can be read, and the other way round.
func TestScenarios(t *testing.T) {
	for _, folders := range [][2]string{{"scenarios", "golden"}, {"golden", "scenarios"}} {
		files, err := filepath.Glob("testdata/" + folders[0] + "/*.json")
		if err != nil || len(files) < 150 {
			t.Fatalf("%d %s: %v", len(files), folders[0], err)
		}
		for _, file := range files {
			if _, err := os.Stat("testdata/" + folders[1] + "/" + filepath.Base(file)); err != nil {
				t.Error(err)
			}
			if folders[0] == "scenarios" {
				if _, err := record.ReadScenario(file); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// TestFailedPlayLeavesNothing: a play whose cleatd ends at once says so, and takes everything down.
func TestFailedPlayLeavesNothing(t *testing.T) {
	o := programs(t)
	o.Cleatd = "/bin/false"
	_, err := Play(t.Context(), o, &record.Scenario{Name: "none", RealServers: 1})
	if err == nil || !strings.Contains(err.Error(), "/bin/false ended before it was ready") {
		t.Errorf("%v", err)
	}
	labs, err := topology.Labs()
	if err != nil {
		t.Fatal(err)
	}
	for _, lab := range labs {
		if lab.Owner == os.Getpid() {
			t.Errorf("lab %d is left", lab.ID)
		}
	}
}
