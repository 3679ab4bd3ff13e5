//go:build !purego

#include "textflag.h"

// The method is that of W. Muła and D. Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions" (2018), with
// tables for the URL alphabet that know '-' and '_' exactly. Each 16-byte lane works by itself, so a lane's constants stand
// once and are broadcast.

// Encoding: which bytes go into each four characters.
DATA spreadBytes<>+0(SB)/8, $0x0405030401020001
DATA spreadBytes<>+8(SB)/8, $0x0a0b090a07080607
GLOBL spreadBytes<>(SB), RODATA|NOPTR, $16

// Encoding: what to add to a value of 6 bits, by class. 0: a-z; 1 to 10: 0-9; 11: '-'; 12: '_'; 13: A-Z.
DATA toCharacter<>+0(SB)/8, $0xfcfcfcfcfcfcfc47
DATA toCharacter<>+8(SB)/8, $0x00004120effcfcfc
GLOBL toCharacter<>(SB), RODATA|NOPTR, $16

// Decoding: a character is in the alphabet when what the tables say of its upper and of its lower four bits has no bit in
// common. Bit 0 is for 2x (only '-'), 1 for 3x (0-9), 2 for 4x and 6x (all but x0), 3 for 5x (P-Z and '_'), 5 for 7x (p-z),
// 4 for what is never right.
DATA badUpper<>+0(SB)/8, $0x2004080402011010
DATA badUpper<>+8(SB)/8, $0x1010101010101010
GLOBL badUpper<>(SB), RODATA|NOPTR, $16
DATA badLower<>+0(SB)/8, $0x1111111111111115
DATA badLower<>+8(SB)/8, $0x333b3a3b3b131111
GLOBL badLower<>(SB), RODATA|NOPTR, $16

// Decoding: what to add to a character, by its upper four bits; '_' gets 33 more.
DATA toValue<>+0(SB)/8, $0xb9b9bfbf04110000
DATA toValue<>+8(SB)/8, $0x0000000000000000
GLOBL toValue<>(SB), RODATA|NOPTR, $16

// Decoding: the three bytes of each 24 bits, in their order.
DATA gatherBytes<>+0(SB)/8, $0x090a040506000102
DATA gatherBytes<>+8(SB)/8, $0xffffffff0c0d0e08
GLOBL gatherBytes<>(SB), RODATA|NOPTR, $16

DATA words<>+0(SB)/4, $0x0fc0fc00  // encoding: the first and third value of each four
DATA words<>+4(SB)/4, $0x04000040  // to the right by 10 and 6
DATA words<>+8(SB)/4, $0x003f03f0  // the second and fourth
DATA words<>+12(SB)/4, $0x01000010 // to the left by 4 and 8
DATA words<>+16(SB)/4, $0x01400140 // decoding: two values to 12 bits
DATA words<>+20(SB)/4, $0x00011000 // and two of these to 24
GLOBL words<>(SB), RODATA|NOPTR, $24

DATA bytes<>+0(SB)/1, $51
DATA bytes<>+1(SB)/1, $26
DATA bytes<>+2(SB)/1, $13
DATA bytes<>+3(SB)/1, $0x0f
DATA bytes<>+4(SB)/1, $0x5f // '_'
DATA bytes<>+5(SB)/1, $33
GLOBL bytes<>(SB), RODATA|NOPTR, $8

// func encodeBlocks(dst, src *byte, n int)
TEXT ·encodeBlocks(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	VBROADCASTI128 spreadBytes<>(SB), Y15
	VBROADCASTI128 toCharacter<>(SB), Y14
	VPBROADCASTD words<>+0(SB), Y13
	VPBROADCASTD words<>+4(SB), Y12
	VPBROADCASTD words<>+8(SB), Y11
	VPBROADCASTD words<>+12(SB), Y10
	VPBROADCASTB bytes<>+0(SB), Y9
	VPBROADCASTB bytes<>+1(SB), Y8
	VPBROADCASTB bytes<>+2(SB), Y7

encode:
	VMOVDQU (SI), X0
	VINSERTI128 $1, 12(SI), Y0, Y0
	VPSHUFB Y15, Y0, Y0

	// Four values of 6 bits in each 32, one to a byte.
	VPAND Y13, Y0, Y1
	VPMULHUW Y12, Y1, Y1
	VPAND Y11, Y0, Y2
	VPMULLW Y10, Y2, Y2
	VPOR Y1, Y2, Y0

	// The class of each, and what to add for it.
	VPSUBUSB Y9, Y0, Y1
	VPCMPGTB Y0, Y8, Y2
	VPAND Y7, Y2, Y2
	VPOR Y2, Y1, Y1
	VPSHUFB Y1, Y14, Y1
	VPADDB Y1, Y0, Y0
	VMOVDQU Y0, (DI)
	ADDQ $24, SI
	ADDQ $32, DI
	DECQ CX
	JNZ encode
	VZEROUPPER
	RET

// func decodeBlocks(dst, src *byte, n int) bool
TEXT ·decodeBlocks(SB), NOSPLIT, $0-25
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	VBROADCASTI128 badUpper<>(SB), Y15
	VBROADCASTI128 badLower<>(SB), Y14
	VBROADCASTI128 toValue<>(SB), Y13
	VBROADCASTI128 gatherBytes<>(SB), Y12
	VPBROADCASTD words<>+16(SB), Y11
	VPBROADCASTD words<>+20(SB), Y10
	VPBROADCASTB bytes<>+3(SB), Y9
	VPBROADCASTB bytes<>+4(SB), Y8
	VPBROADCASTB bytes<>+5(SB), Y7
	VPXOR Y6, Y6, Y6 // everything that was wrong

decode:
	VMOVDQU (SI), Y0
	VPSRLD $4, Y0, Y1
	VPAND Y9, Y1, Y1 // upper four bits
	VPAND Y9, Y0, Y2 // lower four
	VPSHUFB Y1, Y15, Y3
	VPSHUFB Y2, Y14, Y4
	VPAND Y3, Y4, Y4
	VPOR Y4, Y6, Y6

	// The value of each character.
	VPCMPEQB Y8, Y0, Y2
	VPAND Y7, Y2, Y2
	VPSHUFB Y1, Y13, Y1
	VPADDB Y1, Y0, Y0
	VPADDB Y2, Y0, Y0

	// Four of them to 24 bits, and these to three bytes.
	VPMADDUBSW Y11, Y0, Y0
	VPMADDWD Y10, Y0, Y0
	VPSHUFB Y12, Y0, Y0
	VMOVDQU X0, (DI)
	VEXTRACTI128 $1, Y0, 12(DI)
	ADDQ $32, SI
	ADDQ $24, DI
	DECQ CX
	JNZ decode
	VPTEST Y6, Y6
	SETEQ ret+24(FP)
	VZEROUPPER
	RET
