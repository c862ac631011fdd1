#include "textflag.h"

// func scheduler() unsafe.Pointer
TEXT ·scheduler(SB), NOSPLIT, $0-8
	LEAQ runtime·sched(SB), AX
	MOVQ AX, ret+0(FP)
	RET

// func goroutine() unsafe.Pointer
TEXT ·goroutine(SB), NOSPLIT, $0-8
	MOVQ (TLS), AX
	MOVQ AX, ret+0(FP)
	RET
