#include "textflag.h"

// func scheduler() unsafe.Pointer
TEXT ·scheduler(SB), NOSPLIT, $0-8
	MOVD $runtime·sched(SB), R0
	MOVD R0, ret+0(FP)
	RET

// func goroutine() unsafe.Pointer
TEXT ·goroutine(SB), NOSPLIT, $0-8
	MOVD g, ret+0(FP)
	RET
