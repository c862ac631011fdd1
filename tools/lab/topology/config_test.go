package topology

import (
	"os"
	"path/filepath"
	"testing"

	"cleat/conf"

	"github.com/google/go-cmp/cmp"
)

// TestFit: a lab changes of an example what must be its own, and nothing else.
func TestFit(t *testing.T) {
	files, err := filepath.Glob("../../../conf/examples/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("examples %v, %v", files, err)
	}
	for _, file := range files {
		original, err := conf.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		text := original.TOML()
		l := &Lab{ID: 7, options: Options{AFXDP: true}}
		fitted := l.fit(original, "/run/cleat-lab/7/cleatd.sock")
		if original.TOML() != text {
			t.Errorf("%s: fit changed the original", file)
		}
		written := filepath.Join(t.TempDir(), "cleatd.toml")
		if err := os.WriteFile(written, []byte(fitted.TOML()), 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := conf.Read(written)
		if err != nil {
			t.Fatalf("%s, fitted: %v", file, err)
		}
		want := original
		want.Control.Socket = "/run/cleat-lab/7/cleatd.sock"
		want.DPDK.FilePrefix = "cleat-lab-7"
		want.Metrics.Listen = "127.0.0.1:9100"
		want.Workers.Lcores = fitted.Workers.Lcores // this machine's
		for i, device := range []string{"net_af_xdp0", "net_af_xdp1"}[:len(want.Ports)] {
			if want.Ports[i].Vdev != "" { // all.toml has a NIC
				want.Ports[i].Device = device
			}
		}
		if diff := cmp.Diff(want.TOML(), got.TOML()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

func TestUseAFXDP(t *testing.T) {
	for _, c := range []struct{ device, vdev, wantDevice, wantVdev string }{
		{"net_af_packet0", "iface=dir0", "net_af_xdp0", "iface=dir0"},
		{"net_af_packet1", "framesz=2048,iface=dir1,blocksz=4096", "net_af_xdp1", "iface=dir1"},
		{"0000:03:00.0", "", "0000:03:00.0", ""},
	} {
		port := conf.Port{Device: c.device, Vdev: c.vdev}
		useAFXDP(&port)
		if port.Device != c.wantDevice || port.Vdev != c.wantVdev {
			t.Errorf("%s %s became %s %s", c.device, c.vdev, port.Device, port.Vdev)
		}
	}
}
