#include "textflag.h"

// Asks for the line of the number at an offset of SI.
#define ASK(offset) \
	MOVL       offset(SI), DX; \
	IMULQ      BX, DX; \
	PREFETCHT0 (AX)(DX*1)

// func lines(base unsafe.Pointer, size uintptr, numbers *uint32, n int)
TEXT ·lines(SB), NOSPLIT, $0-32
	MOVQ base+0(FP), AX
	MOVQ size+8(FP), BX
	MOVQ numbers+16(FP), SI
	MOVQ n+24(FP), CX

	SUBQ $8, CX
	JLT  rest

eight:
	ASK(0)
	ASK(4)
	ASK(8)
	ASK(12)
	ASK(16)
	ASK(20)
	ASK(24)
	ASK(28)
	ADDQ $32, SI
	SUBQ $8, CX
	JGE  eight

rest:
	ADDQ $8, CX
	JZ   done

one:
	ASK(0)
	ADDQ $4, SI
	DECQ CX
	JNZ  one

done:
	RET
