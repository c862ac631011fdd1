package ipvsadm

// command is what the first option asks for.
type command int

const (
	noCommand command = iota
	addService
	editService
	deleteService
	flush
	list
	addServer
	deleteServer
	editServer
	setTimeouts
	startDaemon
	stopDaemon
	restore
	save
	zero
	help
	showVersion
)

var commandNames = [...]string{
	addService: "add-service", editService: "edit-service", deleteService: "delete-service", flush: "flush", list: "list",
	addServer: "add-server", deleteServer: "delete-server", editServer: "edit-server", setTimeouts: "set",
	startDaemon: "start-daemon", stopDaemon: "stop-daemon", restore: "restore", save: "save", zero: "zero",
}

// option is a group of flags that may be given once in all. Their order is that in which they are checked.
type option int

const (
	noOption option = iota
	numeric
	connection
	serviceAddress
	scheduler
	persistent
	netmask
	realServer
	forwardingMethod
	weight
	upper
	lower
	mcastInterface
	timeout
	daemon
	stats
	rate
	thresholds
	persistentConn
	nosort
	syncID
	exact
	ops
	engine
	schedFlags
	mcastGroup
	mcastPort
	mcastTTL
	syncMaxlen
	tunInfo
	tunType
	tunPort
	tunNocsum
	tunCsum
	tunRemcsum
)

// rule is an option's name in messages and what the commands say to it, one letter a command (I2):
// + required, o optional, 1 no other of these beside it, . illegal.
type rule struct{ name, commands string }

var rules = [...]rule{
	//                                    AEDCLadeSSSRSZ   set, start, stop, restore, save, zero
	numeric:          {"numeric", "....o.......o."},
	connection:       {"connection", "....1........."},
	serviceAddress:   {"service-address", "+++.1+++.....o"},
	scheduler:        {"scheduler", "oo............"},
	persistent:       {"persistent", "oo............"},
	netmask:          {"netmask", "oo............"},
	realServer:       {"real-server", ".....+++......"},
	forwardingMethod: {"forwarding-method", ".....o.o......"},
	weight:           {"weight", ".....o.o......"},
	upper:            {"u-threshold", ".....o.o......"},
	lower:            {"l-threshold", ".....o.o......"},
	mcastInterface:   {"mcast-interface", ".........o...."},
	timeout:          {"timeout", "....1........."},
	daemon:           {"daemon", "....1........."},
	stats:            {"stats", "....o........."},
	rate:             {"rate", "....o........."},
	thresholds:       {"thresholds", "....o........."},
	persistentConn:   {"persistent-conn", "....o........."},
	nosort:           {"nosort", "....o........."},
	syncID:           {"syncid", "....o....oo..."},
	exact:            {"exact", "....o........."},
	ops:              {"ops", "oo............"},
	engine:           {"pe", "oo............"},
	schedFlags:       {"sched-flags", "oo............"},
	mcastGroup:       {"mcast-group", ".........o...."},
	mcastPort:        {"mcast-port", ".........o...."},
	mcastTTL:         {"mcast-ttl", ".........o...."},
	syncMaxlen:       {"sync-maxlen", ".........o...."},
	tunInfo:          {"tun-info", "....o........."},
	tunType:          {"tun-type", ".....o.o......"},
	tunPort:          {"tun-port", ".....o.o......"},
	tunNocsum:        {"tun-nocsum", ".....o.o......"},
	tunCsum:          {"tun-csum", ".....o.o......"},
	tunRemcsum:       {"tun-remcsum", ".....o.o......"},
}

// tunnelRules are the same for tunnel types: tun-port, tun-nocsum, tun-csum, tun-remcsum.
var tunnelRules = map[string]string{"ipip": "....", "gue": "+111", "gre": ".11."}

// flag is one word of the command line (I1).
type flag struct {
	short   byte
	long    string
	value   value
	command command // of which it is the word, or
	option  option  // to which it belongs: none of --sort and -6
	read    func(r *request, text string, given bool) error
}

var flags = [...]flag{
	{'A', "add-service", none, addService, 0, nil},
	{'E', "edit-service", none, editService, 0, nil},
	{'D', "delete-service", none, deleteService, 0, nil},
	{'C', "clear", none, flush, 0, nil},
	{'R', "restore", none, restore, 0, nil},
	{'S', "save", none, save, 0, nil},
	{'a', "add-server", none, addServer, 0, nil},
	{'e', "edit-server", none, editServer, 0, nil},
	{'d', "delete-server", none, deleteServer, 0, nil},
	{'L', "list", none, list, 0, nil},
	{'l', "list", none, list, 0, nil},
	{'Z', "zero", none, zero, 0, nil},
	{0, "set", none, setTimeouts, 0, nil},
	{0, "start-daemon", required, startDaemon, 0, nil},
	{0, "stop-daemon", required, stopDaemon, 0, nil},
	{'h', "help", none, help, 0, nil},
	{'v', "version", none, showVersion, 0, nil},

	{'t', "tcp-service", required, 0, serviceAddress, readService("tcp")},
	{'u', "udp-service", required, 0, serviceAddress, readService("udp")},
	{0, "sctp-service", required, 0, serviceAddress, readService("sctp")},
	{'f', "fwmark-service", required, 0, serviceAddress, readMark},
	{'6', "ipv6", none, 0, noOption, readIPv6},
	{'s', "scheduler", required, 0, scheduler, readScheduler},
	{'p', "persistent", optional, 0, persistent, readPersistent},
	{'M', "netmask", required, 0, netmask, readNetmask},
	{0, "pe", required, 0, engine, readEngine},
	{'b', "sched-flags", required, 0, schedFlags, readSchedFlags},
	{'o', "ops", none, 0, ops, readOps},

	{'r', "real-server", required, 0, realServer, readServer},
	{'g', "gatewaying", none, 0, forwardingMethod, readForward("dr")},
	{'i', "ipip", none, 0, forwardingMethod, readForward("tun")},
	{'m', "masquerading", none, 0, forwardingMethod, readForward("nat")},
	{0, "tun-type", required, 0, tunType, readTunnelType},
	{0, "tun-port", required, 0, tunPort, readTunnelPort},
	{0, "tun-nocsum", none, 0, tunNocsum, readChecksum("none")},
	{0, "tun-csum", none, 0, tunCsum, readChecksum("csum")},
	{0, "tun-remcsum", none, 0, tunRemcsum, readChecksum("remcsum")},
	{'w', "weight", required, 0, weight, readWeight},
	{'x', "u-threshold", required, 0, upper, readUpper},
	{'y', "l-threshold", required, 0, lower, readLower},

	{'c', "connection", none, 0, connection, nil},
	{0, "timeout", none, 0, timeout, nil},
	{0, "daemon", none, 0, daemon, nil},
	{0, "stats", none, 0, stats, nil},
	{0, "rate", none, 0, rate, nil},
	{0, "thresholds", none, 0, thresholds, nil},
	{0, "persistent-conn", none, 0, persistentConn, nil},
	{0, "tun-info", none, 0, tunInfo, nil},
	{0, "nosort", none, 0, nosort, nil},
	{0, "sort", none, 0, noOption, nil},
	{'n', "numeric", none, 0, numeric, nil},
	{'X', "exact", none, 0, exact, nil},

	{0, "mcast-interface", required, 0, mcastInterface, readInterface},
	{0, "syncid", required, 0, syncID, readInRange("illegal syncid specified", 0, 255)},
	{0, "sync-maxlen", required, 0, syncMaxlen, readInRange("illegal sync-maxlen specified", 1, 65535-20-8)},
	{0, "mcast-group", required, 0, mcastGroup, readGroup},
	{0, "mcast-port", required, 0, mcastPort, readInRange("illegal mcast-port specified", 1, 65535)},
	{0, "mcast-ttl", required, 0, mcastTTL, readInRange("illegal mcast-ttl specified", 1, 255)},
}
