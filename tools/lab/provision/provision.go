// Package provision holds the shell scripts that turn a machine into the lab's client, director or real
// server. The lab in network namespaces (tools/lab/topology) and the virtual machines of the Vagrantfile run the same
// ones.
package provision

import "embed"

// Scripts holds *.sh by file name.
//
//go:embed *.sh
var Scripts embed.FS
