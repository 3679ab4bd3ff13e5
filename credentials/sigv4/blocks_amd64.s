//go:build !purego

#include "textflag.h"

// Of a byte's upper and lower four bits tables say what they forbid; it is forbidden when they agree. Each 16-byte lane works by
// itself, so a table stands once and is broadcast.

DATA lowerHalf<>+0(SB)/1, $0x0f
GLOBL lowerHalf<>(SB), RODATA|NOPTR, $1

// Hexadecimal digits: with 3 above 0 to 9 are right, with 6 above 1 to 6, with anything else nothing.
DATA badUpper<>+0(SB)/8, $0x0402040401040404
DATA badUpper<>+8(SB)/8, $0x0404040404040404
GLOBL badUpper<>(SB), RODATA|NOPTR, $16
DATA badLower<>+0(SB)/8, $0x0604040404040406
DATA badLower<>+8(SB)/8, $0x0707070707070606
GLOBL badLower<>(SB), RODATA|NOPTR, $16

// What a digit is worth beyond its lower four bits, by the upper.
DATA worth<>+0(SB)/8, $0x0009000000000000
DATA worth<>+8(SB)/8, $0
GLOBL worth<>(SB), RODATA|NOPTR, $16

DATA digits<>+0(SB)/8, $0x3736353433323130
DATA digits<>+8(SB)/8, $0x6665646362613938
GLOBL digits<>(SB), RODATA|NOPTR, $16

DATA sixteens<>+0(SB)/2, $0x0110 // of two digits
GLOBL sixteens<>(SB), RODATA|NOPTR, $2

// func foundIn(text *byte, n int, blocks *[32]byte) uint64
TEXT ·foundIn(SB), NOSPLIT, $0-32
	MOVQ text+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ blocks+16(FP), DX
	VBROADCASTI128 (DX), Y5 // of the upper halves; the shuffle looks up within each 16 bytes
	VBROADCASTI128 16(DX), Y4
	VPBROADCASTB lowerHalf<>(SB), Y3
	VPXOR Y6, Y6, Y6
	LEAQ -32(SI)(CX*1), DI // where the last block begins, which may overlap the one before

block:
	VMOVDQU (SI), Y0
	VPSRLW $4, Y0, Y1
	VPAND Y3, Y1, Y1
	VPAND Y3, Y0, Y0
	VPSHUFB Y1, Y5, Y1
	VPSHUFB Y0, Y4, Y0
	VPAND Y0, Y1, Y0
	VPOR Y0, Y6, Y6
	CMPQ SI, DI
	JEQ done
	ADDQ $32, SI
	CMPQ SI, DI
	CMOVQHI DI, SI
	JMP block

done:
	VEXTRACTI128 $1, Y6, X0
	VPOR X0, X6, X0
	VPSRLDQ $8, X0, X1
	VPOR X0, X1, X0
	VMOVQ X0, AX
	MOVQ AX, ret+24(FP)
	VZEROUPPER
	RET

// func readHex(into *digest, text *byte) bool
TEXT ·readHex(SB), NOSPLIT, $0-17
	MOVQ into+0(FP), DI
	MOVQ text+8(FP), SI
	VPBROADCASTB lowerHalf<>(SB), Y15
	VBROADCASTI128 badUpper<>(SB), Y14
	VBROADCASTI128 badLower<>(SB), Y13
	VBROADCASTI128 worth<>(SB), Y12
	VPBROADCASTW sixteens<>(SB), Y11
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	VPSRLW $4, Y0, Y2
	VPSRLW $4, Y1, Y3
	VPAND Y15, Y0, Y0
	VPAND Y15, Y1, Y1
	VPAND Y15, Y2, Y2
	VPAND Y15, Y3, Y3

	// Whether all are digits.
	VPSHUFB Y2, Y14, Y4
	VPSHUFB Y0, Y13, Y5
	VPSHUFB Y3, Y14, Y6
	VPSHUFB Y1, Y13, Y7
	VPAND Y4, Y5, Y4
	VPAND Y6, Y7, Y6
	VPOR Y4, Y6, Y4

	// Their values, and the bytes of every two.
	VPSHUFB Y2, Y12, Y2
	VPSHUFB Y3, Y12, Y3
	VPADDB Y2, Y0, Y0
	VPADDB Y3, Y1, Y1
	VPMADDUBSW Y11, Y0, Y0
	VPMADDUBSW Y11, Y1, Y1
	VPACKUSWB Y1, Y0, Y0
	VPERMQ $0xd8, Y0, Y0
	VMOVDQU Y0, (DI)
	VPTEST Y4, Y4
	SETEQ ret+16(FP)
	VZEROUPPER
	RET

// func writeHex(text *byte, sum *digest)
TEXT ·writeHex(SB), NOSPLIT, $0-16
	MOVQ text+0(FP), DI
	MOVQ sum+8(FP), SI
	VPBROADCASTB lowerHalf<>(SB), Y3
	VBROADCASTI128 digits<>(SB), Y4
	VMOVDQU (SI), Y0
	VPSRLW $4, Y0, Y1
	VPAND Y3, Y0, Y0
	VPAND Y3, Y1, Y1
	VPUNPCKLBW Y0, Y1, Y2 // of bytes 0 to 7 and 16 to 23
	VPUNPCKHBW Y0, Y1, Y1 // 8 to 15 and 24 to 31
	VPSHUFB Y2, Y4, Y2
	VPSHUFB Y1, Y4, Y1
	VMOVDQU X2, (DI)
	VMOVDQU X1, 16(DI)
	VEXTRACTI128 $1, Y2, 32(DI)
	VEXTRACTI128 $1, Y1, 48(DI)
	VZEROUPPER
	RET
