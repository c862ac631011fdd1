package conf

import (
	"fmt"
	"strings"
	"testing"
)

// TestSingleMistakes plays testdata/mistakes.txt.
func TestSingleMistakes(t *testing.T) {
	base := readText(t, "testdata/base.toml")
	if c, err := Parse("base.toml", []byte(base)); err != nil || len(c.Warnings) > 0 {
		t.Fatal(err, c)
	}
	var played strings.Builder
	for i, block := range strings.Split(readText(t, "testdata/mistakes.txt"), "\n\n") {
		if i > 0 {
			played.WriteString("\n")
		}
		if strings.HasPrefix(block, "#") {
			played.WriteString(block + "\n")
			continue
		}
		played.WriteString(playMistake(t, base, block))
	}
	golden(t, "mistakes.txt", played.String())
}

// playMistake changes base as block says and returns the block with the errors and warnings that there were.
func playMistake(t *testing.T, base, block string) string {
	t.Helper()
	var took, put, kept []string
	text := base
	edit := func() {
		from := strings.Join(took, "")
		if !strings.Contains(text, from) {
			t.Fatalf("not in base.toml:\n%s", from)
		}
		text = strings.Replace(text, from, strings.Join(put, ""), 1)
		took, put = nil, nil
	}
	for line := range strings.Lines(strings.TrimRight(block, "\n") + "\n") {
		row := strings.TrimPrefix(line[1:], " ")
		switch line[0] {
		case '-':
			if put != nil {
				edit()
			}
			took = append(took, row)
		case '+':
			put = append(put, row)
		default:
			continue
		}
		kept = append(kept, line)
	}
	edit()
	c, err := Parse("c", []byte(text))
	signs, told := "! ", ""
	if err != nil {
		told = err.Error()
	} else if told = c.Warnings.Error(); told != "" {
		signs = "? "
	} else {
		t.Errorf("neither an error nor a warning:\n%s", block)
	}
	for line := range strings.Lines(told) {
		kept = append(kept, signs+strings.TrimPrefix(strings.TrimRight(line, "\n"), "c:")+"\n")
	}
	return strings.Join(kept, "")
}

// TestRealServerBehindARouter: a route or the default gateway is a way to a real server too.
func TestRealServerBehindARouter(t *testing.T) {
	base := readText(t, "testdata/base.toml")
	for _, edit := range []struct{ name, from, to, server string }{
		{"route", "", "", "172.16.0.11"},
		{"gateway", `vdev = "iface=dir0"`, "vdev = \"iface=dir0\"\ngateway = \"10.8.0.2\"", "198.51.100.11"},
	} {
		text := strings.Replace(base, edit.from, edit.to, 1)
		text = strings.Replace(text, `address = "10.9.0.12"`, `address = "`+edit.server+`"`, 1)
		if got := parse(t, text).Services[0].Servers[1].Address.Addr().String(); got != edit.server {
			t.Errorf("%s: server %s, want %s", edit.name, got, edit.server)
		}
	}
}

func TestEmptyFile(t *testing.T) {
	const want = "empty: port: no ports are given (one [[port]] for each, with name, device and addresses)"
	if _, err := Parse("empty", nil); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// TestVdevOfTheEAL: who makes the virtual device by an EAL argument is not warned.
func TestVdevOfTheEAL(t *testing.T) {
	vdev := "vdev = \"iface=dir0\"\n"
	base := strings.Replace(readText(t, "testdata/base.toml"), vdev, "", 1)
	c, err := Parse("base.toml", []byte("dpdk.eal = [\"--vdev=net_af_packet0,iface=dir0\"]\n"+base))
	if err != nil || len(c.Warnings) > 0 {
		t.Fatal(err, c)
	}
	if c, err = Parse("base.toml", []byte(base)); err != nil || len(c.Warnings) != 1 {
		t.Fatal(err, c)
	}
}

// TestMaglevIsFull: mh has a place for 4093 servers.
func TestMaglevIsFull(t *testing.T) {
	base := strings.Replace(readText(t, "testdata/base.toml"), "flags = [\"sh-port\"]\n", "", 1)
	base = strings.Replace(base, `scheduler = "sh"`, `scheduler = "mh"`, 1)
	var more strings.Builder // than the two in base
	for n := 2; n < 4093; n++ {
		fmt.Fprintf(&more, "[[service.server]]\naddress = \"10.9.0.13:%d\"\n", n)
	}
	at := `[[service.server]]`
	parse(t, strings.Replace(base, at, more.String()+at, 1))

	more.WriteString("[[service.server]]\naddress = \"10.9.0.13:1\"\n")
	const want = "c:31: service.scheduler: 4094 servers, but mh has only 4093 places for them"
	if _, err := Parse("c", []byte(strings.Replace(base, at, more.String()+at, 1))); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
