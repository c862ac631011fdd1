package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"cleat/perf/reflect"
)

// servers is what reflect is asked for.
type servers struct {
	devices
	place    reflect.Place
	duration time.Duration
}

func reflectCommand() *cobra.Command {
	var s servers
	cmd := &cobra.Command{
		Use:   "reflect --port DEVICE --servers ADDRESSES",
		Short: "Play real servers on a port",
		Long: `reflect answers for any number of real servers, without keeping a connection: TCP from SYN to FIN, with the data that came; UDP likewise.
Into the data it puts which server it was. It ends with Ctrl-C, or after --duration, and prints what it counted.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd.OutOrStdout()) },
	}
	s.flags(cmd)
	requirePort(cmd)
	reflectFlags(cmd, &s.place)
	cmd.Flags().DurationVar(&s.duration, "duration", 0, "how long; 0: until it is ended")
	return cmd
}

func (s *servers) run(out io.Writer) (err error) {
	config, err := s.place.Config(len(s.names))
	if err != nil {
		return err
	}
	ctx, stop := interrupted()
	defer stop()
	if s.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.duration)
		defer cancel()
	}
	b, ports, err := s.open()
	if err != nil {
		return failed(err)
	}
	defer func() { err = failed(errors.Join(err, closeAll(b, ports))) }()
	begin := time.Now()
	r := reflect.New(config, queues(ports), ports[0].Pool, func() time.Duration { return time.Since(begin) })
	done, err := b.Thread(func() {
		for ctx.Err() == nil {
			r.Turn()
			s.rest()
		}
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "ready: real servers: %d, on %v\n", len(config.Servers), s.names)
	<-done
	counts, err := json.Marshal(r.Counts())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n", counts)
	return err
}
