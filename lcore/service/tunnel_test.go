package service

import "testing"

func TestHasTunnel(t *testing.T) {
	gue := TunnelOptions{Type: GUE, Port: 6080}
	a := tcp(1, vip, 80)
	a.Reals = []Real{
		{Slot: 0, Addr: vip2, Port: 80, Forward: Tunnel, Tunnel: TunnelOptions{Type: GUE, Port: 6080, Checksum: Checksum}},
		{Slot: 1, Addr: vip, Port: 80, Forward: Direct},
	}
	table := NewTable([]*Virtual{a}, a.Reals, nil)
	if !table.HasTunnel(vip2, gue) {
		t.Error("the tunnel is not known")
	}
	for _, o := range []TunnelOptions{{Type: GUE, Port: 6081}, {Type: GRE, Port: 6080}, {}} {
		if table.HasTunnel(vip2, o) {
			t.Errorf("%+v is known", o)
		}
	}
	if table.HasTunnel(vip, gue) || table.HasTunnel(vip, TunnelOptions{}) {
		t.Error("a server of direct routing has a tunnel")
	}
}
