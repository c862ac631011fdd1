package main

import (
	"errors"

	"cleat/tools/lab/identity"

	"github.com/spf13/cobra"
)

func serveCommand() *cobra.Command {
	var name string
	var tcp, udp []int
	cmd := &cobra.Command{
		Use:   "serve-identity",
		Short: "Be a real server that answers who it is, over HTTP and UDP",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			server := identity.New(name)
			defer func() { err = errors.Join(err, server.Close()) }()
			for _, port := range tcp {
				if err := server.HTTP(port); err != nil {
					return err
				}
			}
			for _, port := range udp {
				if err := server.UDP(port); err != nil {
					return err
				}
			}
			<-cmd.Context().Done()
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "name", "rs1", "who it is")
	cmd.Flags().IntSliceVar(&tcp, "http", []int{80, 443, 8080}, "TCP ports to answer HTTP on")
	cmd.Flags().IntSliceVar(&udp, "udp", []int{53, 80, 443}, "UDP ports to answer datagrams on")
	return cmd
}
