package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"cleat/conf"
	"cleat/tools/lab/topology"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
)

func runCommand() *cobra.Command {
	f := upFlags{servers: 3}
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Show that clients stay with their servers, then stay up to be played with",
		Long: "Brings a lab up, shows by curl what plain rr, PPC, PCC and PFMC do to clients, and checks it. It then stays\n" +
			"up with the PPC configuration until Ctrl-C. With LAB_ONCE=1 in the environment it ends after the\n" +
			"demonstration. Exit status 1 if something was not as expected.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), f) },
	}
	cmd.Flags().BoolVar(&f.afXDP, "af-xdp", false, "ports of cleatd through net_af_xdp instead of net_af_packet")
	serverFlag(cmd, &f.server)
	return cmd
}

// show is a demonstration under way.
type show struct {
	out      io.Writer
	place    place
	lab      *topology.Lab
	director *topology.Director
	failures []string
	held     int
}

func run(ctx context.Context, f upFlags) (err error) {
	options, err := f.options()
	if err != nil {
		return err
	}
	s := &show{out: os.Stdout}
	if s.place, err = findPlace(); err != nil {
		return err
	}
	if s.lab, err = topology.Up(ctx, options); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.lab.Close()) }()
	fmt.Fprintf(s.out, "Lab %d: client, director, switch and real servers %s in network namespaces.\n",
		s.lab.ID, strings.Join(s.lab.Servers(), ", "))
	if err := s.demonstrateAll(ctx); ctx.Err() != nil {
		return errors.New("interrupted before the end of the demonstration")
	} else if err != nil {
		return err
	}
	verdict := s.summary()
	if os.Getenv("LAB_ONCE") == "1" {
		return verdict
	}
	howTo(s.out, s.lab, s.director)
	fmt.Fprintln(s.out, "Ctrl-C ends the lab.")
	select {
	case <-ctx.Done():
		return verdict
	case <-s.director.Ended():
		return errors.Join(verdict, fmt.Errorf("cleatd ended by itself%s", s.director.LogTail()))
	}
}

func (s *show) demonstrateAll(ctx context.Context) error {
	for _, k := range kinds {
		if err := s.demonstrate(ctx, k); err != nil {
			return err
		}
	}
	return s.comeBack(ctx)
}

// configure starts cleatd with an example, or has the one that runs reload.
func (s *show) configure(ctx context.Context, example string) (err error) {
	file := filepath.Join(s.place.examples, example)
	config, err := conf.Read(file)
	if err != nil {
		return err
	}
	if s.director == nil {
		s.director, err = s.lab.StartDirector(ctx, s.place.cleatd, config)
		return err
	}
	return s.director.Reload(ctx, config)
}

// demonstrate plays one kind, prints what came of it and checks it.
func (s *show) demonstrate(ctx context.Context, k kind) error {
	how := "started with"
	if s.director != nil {
		how = "reloaded with"
	}
	fmt.Fprintf(s.out, "\n== %s: %s\n   cleatd %s conf/examples/%s\n", k.title, k.says, how, k.example)
	if err := s.configure(ctx, k.example); err != nil {
		return err
	}
	got, err := s.ask(ctx, k.turns)
	if err != nil {
		return err
	}
	s.table(k.turns, got)
	for _, e := range k.expect {
		s.judge(k.title, e, got)
	}
	if k.remembered == 0 {
		return nil
	}
	return s.remembered(ctx, k)
}

// remembered prints the templates of a kind and checks their number.
func (s *show) remembered(ctx context.Context, k kind) error {
	cmd := exec.CommandContext(ctx, s.place.cleat, append([]string{"--socket", s.director.Socket, "templates"}, k.templates...)...)
	listing, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, listing)
	}
	text := fmt.Sprintf("%d templates", k.remembered)
	s.judge(k.title, expectation{text, func(answers) string {
		if rows := strings.Count(string(listing), "\n") - 1; rows != k.remembered { // one is the heading
			return fmt.Sprintf("there are %d", rows)
		}
		return ""
	}}, nil)
	fmt.Fprintf(s.out, "   cleat templates %s\n%s", strings.Join(k.templates, " "), listing)
	return nil
}

// ask has clients send requests with curl, one after the other.
func (s *show) ask(ctx context.Context, turns []turn) (answers, error) {
	got := answers{}
	for _, t := range turns {
		for range t.attempts {
			out, err := s.lab.Output(ctx, "cl", "curl", "-sS", "--max-time", "5",
				"--interface", topology.Client(t.client).String(), fmt.Sprintf("http://10.0.0.1:%d/", t.port))
			if err != nil {
				return nil, fmt.Errorf("%w\ncleatd's log:%s", err, s.director.LogTail())
			}
			name, _, _ := strings.Cut(out, " ")
			got[t] = append(got[t], name)
		}
	}
	return got, nil
}

// table prints client × attempt → server.
func (s *show) table(turns []turn, got answers) {
	t := table.NewWriter()
	t.SetOutputMirror(s.out)
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"client", "asks", "attempt 1", "2", "3", "4"})
	for i, turn := range turns {
		if i > 0 && turn.port != turns[i-1].port {
			t.AppendSeparator()
		}
		row := table.Row{topology.Client(turn.client), fmt.Sprintf("10.0.0.1:%d", turn.port)}
		for _, name := range got[turn] {
			row = append(row, name)
		}
		t.AppendRow(row)
	}
	t.SetColumnConfigs([]table.ColumnConfig{{Name: "asks", Align: text.AlignRight, AlignHeader: text.AlignLeft}})
	t.Render()
}

func (s *show) judge(title string, e expectation, got answers) {
	if why := e.broken(got); why != "" {
		fmt.Fprintf(s.out, "✗ %s: %s\n", e.text, why)
		s.failures = append(s.failures, fmt.Sprintf("%s: %s: %s", title, e.text, why))
		return
	}
	s.held++
	fmt.Fprintf(s.out, "✓ %s\n", e.text)
}

// comeBack reloads the PPC configuration once more: the templates of its first time are still there.
func (s *show) comeBack(ctx context.Context) error {
	before := kinds[1]
	fmt.Fprintf(s.out, "\n== back to PPC: templates outlive reloads\n   cleatd reloaded with conf/examples/%s\n", before.example)
	templates, err := s.director.Templates(ctx)
	if err != nil {
		return err
	}
	if err := s.configure(ctx, before.example); err != nil {
		return err
	}
	home := map[string]string{} // by "client asks VIP:port"
	for _, t := range templates {
		home[t.Client+" asks "+t.Virtual] = serverName(t.Server)
	}
	turns := []turn{{1, 80, 4}, {2, 80, 4}, {3, 80, 4}, {1, 443, 4}, {2, 443, 4}, {3, 443, 4}}
	got, err := s.ask(ctx, turns)
	if err != nil {
		return err
	}
	s.table(turns, got)
	s.judge("back to PPC", expectation{"every client is where its template of a while ago says", func(a answers) string {
		for t, names := range a {
			want := home[fmt.Sprintf("%v asks 10.0.0.1:%d", topology.Client(t.client), t.port)]
			if distinct(append(names, want)) != 1 {
				return fmt.Sprintf("client %d on :%d went to %v, its template said %q", t.client, t.port, names, want)
			}
		}
		return ""
	}}, got)
	return nil
}

// serverName of a template's server: 10.9.0.11:80 is rs1.
func serverName(server string) string {
	address, err := netip.ParseAddrPort(server)
	if err != nil {
		return server
	}
	return fmt.Sprintf("rs%d", address.Addr().As4()[3]-10)
}

// summary prints and returns the verdict on the whole.
func (s *show) summary() error {
	fmt.Fprintf(s.out, "\n%d of %d expectations held.\n", s.held, s.held+len(s.failures))
	if len(s.failures) == 0 {
		return nil
	}
	return fmt.Errorf("not as expected:\n  %s", strings.Join(s.failures, "\n  "))
}
