package steady

import "unsafe"

//go:linkname asmcgocall runtime.asmcgocall
//go:noescape
func asmcgocall(f, arg unsafe.Pointer) int32

// Call calls the C function at f, void f(void *), on the thread's own stack. It costs a tenth of a call by cgo, since the runtime does not
// hear of it: so it cannot stop the goroutine meanwhile, and f must be short, not block, and not call Go. What arg points to has no pointers to Go's memory.
func Call(f, arg unsafe.Pointer) { asmcgocall(f, arg) }
