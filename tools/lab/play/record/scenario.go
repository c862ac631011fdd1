// Package record is what a play reads and writes: scenarios and results, as JSON files. The format is that of the
// recordings of Linux' IPVS in tools/lab/play/testdata; docs/lab.md describes it.
package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Scenario is a director's set-up and what clients then do, step by step.
type Scenario struct {
	Name   string   `json:"name"`
	Intent string   `json:"intent"`
	Tags   []string `json:"tags,omitempty"`
	// RealServers is how many there are; 0: four.
	RealServers int `json:"real_servers,omitempty"`
	// Listen says which ports a real server answers on, by its name or "*"; else DefaultPorts.
	Listen map[string]Ports `json:"listen,omitempty"`
	// Directors other than 0 or 1 ask for a second one.
	Directors int `json:"directors,omitempty"`
	// Director holds commands for sh, run in the director's namespace before the first step.
	Director []string `json:"director"`
	Steps    []Step   `json:"steps"`
	// NoFinal leaves the listings after the last step out.
	NoFinal bool `json:"no_final_dump,omitempty"`
}

// Ports that a real server answers on.
type Ports struct {
	TCP []int `json:"tcp"`
	UDP []int `json:"udp"`
}

// DefaultPorts of a real server.
var DefaultPorts = Ports{
	TCP: []int{21, 22, 25, 53, 80, 443, 3306, 5060, 8080, 8443},
	UDP: []int{53, 80, 443, 514, 5060, 8080},
}

// Step is one thing that happens. Which fields count depends on Op.
type Step struct {
	Op        string   `json:"op"`
	ID        string   `json:"id,omitempty"`
	Client    string   `json:"client,omitempty"`
	To        string   `json:"to,omitempty"`
	Then      string   `json:"then,omitempty"`
	How       string   `json:"how,omitempty"`
	Data      string   `json:"data,omitempty"`
	Size      int      `json:"size,omitempty"`
	Seconds   float64  `json:"s,omitempty"`
	Run       string   `json:"run,omitempty"`
	Namespace string   `json:"ns,omitempty"`
	What      []string `json:"what,omitempty"`
	Interface string   `json:"if,omitempty"`
	Filter    string   `json:"filter,omitempty"`
	File      string   `json:"file,omitempty"`
	TimeoutMS int      `json:"timeout_ms,omitempty"`
	Type      int      `json:"type,omitempty"`
	Code      int      `json:"code,omitempty"`
	Protocol  string   `json:"proto,omitempty"`
	Note      string   `json:"note,omitempty"`
}

// ReadScenario reads one file, strictly: a word that means nothing is an error.
func ReadScenario(file string) (*Scenario, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := json.NewDecoder(f)
	in.DisallowUnknownFields()
	var s Scenario
	if err := in.Decode(&s); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: there is more behind the scenario", file)
	}
	if s.Name == "" {
		s.Name = strings.TrimSuffix(filepath.Base(file), ".json")
	}
	if s.RealServers == 0 {
		s.RealServers = 4
	}
	if s.RealServers < 0 || s.RealServers > 99 {
		return nil, fmt.Errorf("%s: real_servers: %d is not between 1 and 99", file, s.RealServers)
	}
	return &s, nil
}

// Ports of a real server, by name.
func (s *Scenario) Ports(rs string) Ports {
	for _, name := range []string{rs, "*"} {
		if p, ok := s.Listen[name]; ok {
			return p
		}
	}
	return DefaultPorts
}
