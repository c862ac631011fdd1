package eal

/*
#include <rte_version.h>

enum { CLEAT_YEAR = RTE_VER_YEAR, CLEAT_MONTH = RTE_VER_MONTH, CLEAT_MINOR = RTE_VER_MINOR };
*/
import "C"

import (
	"fmt"
	"strings"
)

// compiled is the version of the headers this package was compiled against.
var compiled = fmt.Sprintf("DPDK %d.%02d.%d", C.CLEAT_YEAR, C.CLEAT_MONTH, C.CLEAT_MINOR)

// linked is the version of the library that the process runs with, in the same words.
func linked() string { return C.GoString(C.rte_version()) }

// Version is that of the library that the process runs with: "22.11.11".
func Version() string { return strings.TrimPrefix(linked(), "DPDK ") }

// checkVersion reports why a program compiled against one version cannot run with another. DPDK
// breaks its ABI in every November release and only adds to it up to the next one.
func checkVersion(compiled, linked string) error {
	var c, l struct{ year, month int }
	for _, v := range []struct {
		text        string
		year, month *int
	}{{compiled, &c.year, &c.month}, {linked, &l.year, &l.month}} {
		if _, err := fmt.Sscanf(v.text, "DPDK %d.%d", v.year, v.month); err != nil {
			return fmt.Errorf("eal: version %q of libdpdk is not understood", v.text)
		}
	}
	if abi(c.year, c.month) == abi(l.year, l.month) && l.month%11 >= c.month%11 {
		return nil
	}
	return fmt.Errorf("eal: compiled against %s, but the library is %s, whose ABI differs: rebuild, or install the former", compiled, linked)
}

// abi numbers the ABI of a release: that of 22.11, 23.03 and 23.07 is 23.
func abi(year, month int) int {
	if month >= 11 {
		return year + 1
	}
	return year
}
