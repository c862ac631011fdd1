package lcore

import (
	"testing"
	"time"

	"cleat/lcore/flow"
)

func TestSmoke(t *testing.T) {
	r := newRig(t, wishes{settings: kernel, services: []wish{{proto: flow.TCP, vip: "10.0.0.1:80", persist: 300 * time.Second,
		servers: []string{"10.9.0.11:80 1", "10.9.0.12:80 1", "10.9.0.13:80 1"}}}})
	for _, l := range r.send(outside, fromClient("172.16.0.1:20001", "10.0.0.1:80", "S"), fromClient("172.16.0.1:20002", "10.0.0.1:80", "S"), fromClient("172.16.0.2:20002", "10.0.0.1:80", "S")) {
		t.Log(l)
	}
	for _, l := range r.send(inside, fromServer(3, "10.9.0.13:80", "172.16.0.1:20001", "SA")) {
		t.Log(l)
	}
	t.Logf("%+v", r.counters())
	r.conserve()
}
