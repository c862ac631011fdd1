package conf

import (
	"slices"
	"strings"
	"testing"
)

// TestSysctls: every switch of [ipvs] but FTP's is listed, in order, with the kernel's default.
func TestSysctls(t *testing.T) {
	const kernel = `am_droprate = 10
amemthresh = 1024
backup_only = 0
cache_bypass = 0
conn_reuse_mode = 1
conntrack = 0
drop_entry = 0
drop_packet = 0
expire_nodest_conn = 0
expire_quiescent_template = 0
ignore_tunneled = 0
lblc_expiration = 86400
lblcr_expiration = 86400
nat_icmp_send = 0
pmtu_disc = 1
run_estimation = 1
schedule_icmp = 0
secure_tcp = 0
sloppy_sctp = 0
sloppy_tcp = 0
snat_reroute = 1
sync_persist_mode = 0
sync_ports = 1
sync_qlen_max = 5244
sync_refresh_period = 0
sync_retries = 0
sync_sock_size = 0
sync_threshold = 3	50
sync_version = 1
`
	c := Default().IPVS
	var got strings.Builder
	for i := range Sysctls {
		got.WriteString(Sysctls[i].Name + " = " + Sysctls[i].Get(&c) + "\n")
	}
	if got.String() != kernel {
		t.Errorf("got\n%s", got.String())
	}
}

func TestSetSysctl(t *testing.T) {
	for _, tt := range []struct{ name, text, want, err string }{
		{"am_droprate", "20", "20", ""},
		{"sloppy_tcp", "1", "1", ""},
		{"sloppy_tcp", " 7 ", "1", ""},
		{"sloppy_tcp", "0", "0", ""},
		{"sloppy_tcp", "yes", "0", `sloppy_tcp: "yes" is not a number`},
		{"sloppy_tcp", "", "0", "sloppy_tcp: 0 given (numbers wanted: 1)"},
		{"drop_entry", "3", "3", ""},
		{"drop_entry", "4", "0", "drop_entry: 4 is out of range (0…3)"},
		{"drop_entry", "-1", "0", "drop_entry: -1 is out of range (0…3)"},
		{"lblc_expiration", "60", "60", ""},
		{"sync_ports", "3", "1", "sync_ports: 3 is no power of 2 (1, 2, 4, 8, 16, 32 or 64)"},
		{"sync_threshold", "0 0", "0\t0", ""},
		{"sync_threshold", "5 \t 9", "5\t9", ""},
		{"sync_threshold", "9 9", "3\t50", "sync_threshold: the threshold 9 is not below the period 9 (threshold < period, or period 0)"},
		{"sync_threshold", "9", "9\t50", ""},
		{"sync_threshold", "99", "3\t50", "sync_threshold: the threshold 99 is not below the period 50 (threshold < period, or period 0)"},
		{"sync_threshold", "1 2 3", "3\t50", "sync_threshold: 3 given (numbers wanted: 2)"},
		{"conn_reuse_mode", "5", "1", ""},
		{"conn_reuse_mode", "-1", "3", ""},
		{"conn_reuse_mode", "2", "3", ""},
		{"conn_reuse_mode", "0", "0", ""},
		{"am_droprate", "0", "0", ""},
		{"lblc_expiration", "-4", "1", ""},
	} {
		i := slices.IndexFunc(Sysctls, func(s Sysctl) bool { return s.Name == tt.name })
		c := Default().IPVS
		err, said := Sysctls[i].Set(&c, tt.text), ""
		if err != nil {
			said = err.Error()
		}
		if got := Sysctls[i].Get(&c); got != tt.want || said != tt.err {
			t.Errorf("%s = %q: %q, %q; want %q, %q", tt.name, tt.text, got, said, tt.want, tt.err)
		}
	}
}
