#include "textflag.h"

// func lines(base unsafe.Pointer, size uintptr, numbers *uint32, n int)
TEXT ·lines(SB), NOSPLIT, $0-32
	MOVQ base+0(FP), AX
	MOVQ size+8(FP), BX
	MOVQ numbers+16(FP), SI
	MOVQ n+24(FP), CX

next:
	MOVL       (SI), DX
	IMULQ      BX, DX
	PREFETCHT0 (AX)(DX*1)
	ADDQ       $4, SI
	DECQ       CX
	JNZ        next
	RET
