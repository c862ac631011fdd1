package conf

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Duration is a time.Duration, written as a whole number of seconds (300) or with units ("10m", "100us").
type Duration = time.Duration

// String returns the range as it is written in the file.
func (r PortRange) String() string {
	if r.First == r.Last {
		return strconv.Itoa(int(r.First))
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}

// kind is how the values of one type are written.
type kind struct {
	want   string                 // what an error says is right: "an integer"
	quoted bool                   // text stands in quotes
	read   func(any) (any, error) // from what the TOML decoder gives
	text   func(any) string
}

// fault is a value of the right type that is wrong all the same.
type fault struct{ what, hint string }

func (f fault) Error() string { return f.what }

// errType is a value of the wrong type: the kind's want says what is right.
var errType = errors.New("wrong type")

// of makes a kind from functions of its type.
func of[T any](want string, quoted bool, read func(any) (T, error), text func(T) string) kind {
	return kind{want, quoted, func(v any) (any, error) { return read(v) }, func(v any) string { return text(v.(T)) }}
}

const (
	wantNetwork = `a network like "10.0.0.0/8" or an address like "10.0.0.1"`
	wantSubnet  = `an address with the length of its subnet, like "10.0.0.1/24"`
	wantVirtual = `an address and a port like "10.0.0.1:80"`
	wantServer  = `an address with or without a port, like "10.9.0.11:80"`
	wantTime    = `a number of seconds or a duration like "10m"`
	wantMask    = `a length like 24 or a mask like "255.255.255.0"`
	wantPorts   = `a port like 80 or a range like "8000-8099"`
)

// kinds are the types of single values.
var kinds = map[reflect.Type]kind{
	reflect.TypeFor[bool]():           of("true or false", false, readAs[bool], strconv.FormatBool),
	reflect.TypeFor[string]():         of("a string", true, readAs[string], func(s string) string { return s }),
	reflect.TypeFor[int]():            of("an integer", false, readInt, strconv.Itoa),
	reflect.TypeFor[uint32]():         of("an integer", false, readUint32, func(n uint32) string { return strconv.Itoa(int(n)) }),
	reflect.TypeFor[Duration]():       of(wantTime, true, readDuration, formatDuration),
	reflect.TypeFor[Netmask]():        of(wantMask, true, readNetmask, Netmask.String),
	reflect.TypeFor[PortRange]():      of(wantPorts, true, readPortRange, PortRange.String),
	reflect.TypeFor[netip.Addr]():     of(`an address like "10.0.0.1" or "fd00::1"`, true, readAddr, netip.Addr.String),
	reflect.TypeFor[netip.Prefix]():   of(wantNetwork, true, readNetwork, formatNetwork),
	reflect.TypeFor[netip.AddrPort](): of(wantVirtual, true, readVirtual, netip.AddrPort.String),
}

// kindsOfKeys are the keys that are not written as others of their type.
var kindsOfKeys = map[string]kind{
	"port.addresses":         of(wantSubnet, true, readSubnet, netip.Prefix.String),
	"service.persistent":     of(wantTime+", or true", true, readPersistent, formatDuration),
	"service.server.address": of(wantServer, true, readServer, formatServer),
}

// kindOf returns how the value of a key is written; ok is false for tables and arrays.
func kindOf(key string, t reflect.Type) (k kind, ok bool) {
	if k, ok = kindsOfKeys[key]; !ok || t.Kind() == reflect.Slice {
		k, ok = kinds[t]
	}
	return k, ok
}

func readAs[T any](v any) (T, error) {
	t, ok := v.(T)
	if !ok {
		return t, errType
	}
	return t, nil
}

func readInt(v any) (int, error) {
	n, err := readAs[int64](v)
	return int(n), err
}

func readUint32(v any) (uint32, error) {
	n, err := readAs[int64](v)
	if err == nil && (n < 0 || n > math.MaxUint32) {
		return 0, fault{fmt.Sprintf("%d is out of range", n), "0…4294967295"}
	}
	return uint32(n), err
}

// maxDuration is far beyond every limit and far from an overflow.
const maxDuration = 100 * 365 * 24 * time.Hour

func readDuration(v any) (d Duration, err error) {
	switch v := v.(type) {
	case int64:
		d = time.Duration(max(-1, min(v, int64(maxDuration/time.Second)+1))) * time.Second
	case string:
		if d, err = time.ParseDuration(v); err != nil {
			return 0, fault{fmt.Sprintf("%q is not a duration", v), "want " + wantTime}
		}
	default:
		return 0, errType
	}
	if d < 0 || d > maxDuration {
		return 0, fault{fmt.Sprintf("%v is out of range", v), "0…31 days"}
	}
	return d, nil
}

func readPersistent(v any) (Duration, error) {
	if on, ok := v.(bool); ok {
		if on {
			return defaultTimeout, nil
		}
		return 0, nil
	}
	d, err := readDuration(v)
	if err == nil && d == 0 {
		return 0, fault{"0 is no timeout", "1…2678400 s; false for no persistence"}
	}
	return d, err
}

func formatDuration(d Duration) string {
	if d%time.Second == 0 {
		return strconv.Itoa(int(d/time.Second)) + "s"
	}
	return strings.ReplaceAll(d.String(), "µ", "u")
}

func readPortRange(v any) (PortRange, error) {
	switch v := v.(type) {
	case int64:
		return readPortRange(strconv.FormatInt(v, 10))
	case string:
		first, last, ranged := strings.Cut(v, "-")
		if !ranged {
			last = first
		}
		a, err1 := strconv.ParseUint(first, 10, 16)
		b, err2 := strconv.ParseUint(last, 10, 16)
		if err1 != nil || err2 != nil || a == 0 || b == 0 {
			return PortRange{}, fault{strconv.Quote(v) + " is not a port or a range of ports", "want " + wantPorts + ", 1…65535"}
		}
		if a > b {
			return PortRange{}, fault{strconv.Quote(v) + " ends before it begins", fmt.Sprintf("did you mean \"%d-%d\"?", b, a)}
		}
		return PortRange{uint16(a), uint16(b)}, nil
	}
	return PortRange{}, errType
}
