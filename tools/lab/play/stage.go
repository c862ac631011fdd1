package play

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"cleat/tools/lab/play/record"
	"cleat/tools/lab/topology"
)

// stage is a lab in which one scenario is played.
type stage struct {
	options  Options
	scenario *record.Scenario
	ipv6     bool // the scenario has IPv6 addresses
	lab      *topology.Lab
	director *topology.Director
	clock    clock
	servers  servers
	half     halfOpen
	port     int // the last client port that was chosen here
	kept     map[string]*connection
	sockets  map[string]*net.UDPConn // of clients, by "client>to"
	captures map[string]*capture
	cleat    *os.File
	behind   time.Duration      // by which steps took longer than expected
	slow     bool               // it was too much
	end      context.CancelFunc // ends what runs for the stage in the background
}

// open builds the lab and starts everything in it. The caller must close the stage.
func open(ctx context.Context, o Options, s *record.Scenario) (*stage, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	lab, err := topology.Up(ctx, topology.Options{Servers: s.RealServers, Bare: true})
	if err != nil {
		return nil, err
	}
	p := &stage{
		options: o, scenario: s, lab: lab,
		ipv6: bytes.Contains(text, []byte("fd0")),
		port: 20000, kept: map[string]*connection{}, sockets: map[string]*net.UDPConn{}, captures: map[string]*capture{},
	}
	if err := p.furnish(ctx); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *stage) furnish(ctx context.Context) error {
	background, end := context.WithCancel(context.Background())
	p.end = end
	for _, rs := range p.lab.Servers() {
		if err := p.servers.start(background, p.lab, rs, p.scenario.Ports(rs)); err != nil {
			return fmt.Errorf("%s: %w", rs, err)
		}
		if err := decapsulate(background, p.lab, rs); err != nil {
			return fmt.Errorf("%s: tunnels: %w", rs, err)
		}
	}
	var err error
	if p.cleat, err = os.Open(p.options.Cleat); err != nil {
		return err
	}
	if err := p.wrappers(); err != nil {
		return err
	}
	p.director, err = p.lab.StartDirector(ctx, p.options.Cleatd, p.config(), "--lab-clock")
	if err != nil {
		return err
	}
	p.clock.director = p.director
	if err := p.introduce(ctx); err != nil {
		return fmt.Errorf("%w%s", err, p.director.LogTail())
	}
	return nil
}

// close ends everything and takes the lab down.
func (p *stage) close() error {
	for _, c := range p.kept {
		c.reset()
	}
	for _, socket := range p.sockets {
		socket.Close()
	}
	for id := range p.captures {
		p.captureStop(id)
	}
	p.end()
	p.half.stop()
	p.servers.stop()
	err := p.lab.Close()
	if p.cleat != nil {
		p.cleat.Close()
	}
	return err
}

// workers of cleatd.
func (p *stage) workers() int { return max(p.options.Workers, 1) }

// path of a file or folder of this stage.
func (p *stage) path(name string) string { return filepath.Join(p.lab.Dir, name) }

// mkdir makes a folder of this stage.
func (p *stage) mkdir(name string) (string, error) {
	folder := p.path(name)
	return folder, os.Mkdir(folder, 0o755)
}
