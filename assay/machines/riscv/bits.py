"""Unsigned 64-bit numbers: how registers, addresses and immediates are kept everywhere in this package."""

M32 = (1 << 32) - 1
M64 = (1 << 64) - 1
SIGN64 = 1 << 63


def extend(value: int, bits: int) -> int:
    """The low `bits` bits of `value`, sign-extended to 64."""
    sign = 1 << bits - 1
    return ((value & (sign << 1) - 1) ^ sign) - sign & M64


def signed(value: int) -> int:
    """The number that the 64 bits of `value` mean in two's complement."""
    return (value ^ SIGN64) - SIGN64
