"""The elementary functions as fixed polynomials over fma (docs/operators.md, section 3).

Each is the sequence of operations written here; how near it comes to the function itself is not part of the definition.
`contracts/referees/tensor/Elementary.sol` has the same sequences. Coefficients are bits, the highest power first.
"""

from collections.abc import Sequence

import numpy as np

from assay.machines.tensor.binary32 import (
    INFINITY,
    NAN,
    SIGN,
    Floats,
    Ints,
    add,
    canonical,
    div,
    floats,
    fma,
    from_int,
    mul,
    number,
    sub,
    words,
)

ONE, MINUS_ONE, TWO, HALF = 0x3F800000, 0xBF800000, 0x40000000, 0x3F000000
MINUS_TWO, MINUS_HALF = 0xC0000000, 0xBF000000
LOG2_E = 0x3FB8AA3B
LN2_HIGH, LN2_LOW = 0x3F317218, 0xB102E308
ROUNDER = 0x4B400000
"""1.5 * 2^23: adding it leaves a whole number in the low bits."""

EXP = (0x3AB526E7, 0x3C091F2E, 0x3D2AAC5C, 0x3E2AAA46, 0x3EFFFFFE, ONE, ONE)
EXP_OVERFLOW = 0x42B17218
"""88.72284: e to the power of what is larger is infinite."""
EXP_UNDERFLOW = 0xC2D00000
"""-104: e to the power of what is less is 0."""
LOG = (0x3D8B538E, 0xBDF0107D, 0x3DF368DD, 0xBDFDDF9B, 0x3E11998C, 0xBE2AAFDF, 0x3E4CD292, 0xBE7FFFFC, 0x3EAAAAA3)
LOG_SPLIT = 0x3F3504F3
"""The square root of 1/2: the significand of a logarithm's argument is from here to twice that."""
TANH = (0xBBBB4EFC, 0x3CA92994, 0xBD5C21CD, 0x3E0883B1, 0xBEAAAA9A)
TANH_SPLIT = 0x3F200000
"""0.625."""
ERF = (0x38A3B960, 0xBA51A8C3, 0x3BA9F913, 0xBCDBFB8D, 0x3DE71673, 0xBEC0939F, 0x3E0375D4)
LOG_ERFC = (
    0x3466E238,
    0xB7CFEF5F,
    0x39F171BC,
    0xBB8BF432,
    0x3CCFA9E2,
    0xBDDE6D6F,
    0xBF221094,
    0xBF90985A,
    0x3953E187,
)
ERF_END = 0x40800000
"""4: from here erf is 1."""


def exp(x: Floats) -> Floats:
    """e to the power of x."""
    inside = _replaced(x, ~((x <= number(EXP_OVERFLOW)) & (x >= number(EXP_UNDERFLOW))), 0)
    shifted = fma(inside, number(LOG2_E), number(ROUNDER))
    whole = sub(shifted, number(ROUNDER))
    r = fma(whole, number(LN2_HIGH ^ 0x80000000), inside)
    r = fma(whole, number(LN2_LOW ^ 0x80000000), r)
    n = (words(shifted) - np.uint32(ROUNDER)).view(np.int32)
    half = n >> 1
    y = mul(mul(_polynomial(EXP, r), _power_of_two(half)), _power_of_two(n - half))
    y = _replaced(y, x > number(EXP_OVERFLOW), int(INFINITY))
    y = _replaced(y, x < number(EXP_UNDERFLOW), 0)
    return _replaced(y, np.isnan(x), int(NAN))


def log(x: Floats) -> Floats:
    """The natural logarithm: -infinity for either zero, a NaN for what is less."""
    ordinary = (x > 0) & (x < np.inf)
    inside = _replaced(x, ~ordinary, ONE)
    small = words(inside) < 0x00800000
    scaled = np.where(small, mul(inside, number(0x4B000000)), inside)  # by 2^23
    offset = words(scaled).view(np.int32) - np.int32(LOG_SPLIT)
    e = from_int((offset >> 23) - np.where(small, 23, 0).astype(np.int32))
    f = sub(floats(((offset & 0x7FFFFF) + np.int32(LOG_SPLIT)).view(np.uint32)), number(ONE))
    z = mul(f, f)
    y = fma(mul(_polynomial(LOG, f), f), z, mul(e, number(LN2_LOW)))
    y = fma(z, number(MINUS_HALF), y)
    y = fma(e, number(LN2_HIGH), add(f, y))
    y = _replaced(y, x == 0, int(INFINITY | SIGN))
    y = _replaced(y, x == np.inf, int(INFINITY))
    return _replaced(y, np.isnan(x) | (x < 0), int(NAN))


def tanh(x: Floats) -> Floats:
    """The hyperbolic tangent."""
    magnitude = np.abs(x)
    z = mul(x, x)
    near = fma(mul(_polynomial(TANH, z), z), x, x)
    far = sub(number(ONE), div(number(TWO), add(exp(add(magnitude, magnitude)), number(ONE))))
    return canonical(np.where(magnitude < number(TANH_SPLIT), near, _with_sign(far, x)))


def erf(x: Floats) -> Floats:
    """The error function."""
    magnitude = np.abs(x)
    near = fma(_polynomial(ERF, mul(x, x)), x, x)
    inside = np.where(magnitude < number(ERF_END), magnitude, number(ERF_END))
    far = sub(number(ONE), exp(_polynomial(LOG_ERFC, inside)))
    return _replaced(np.where(magnitude < 1, near, _with_sign(far, x)), np.isnan(x), int(NAN))


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x))."""
    return div(number(ONE), add(number(ONE), exp(floats(words(x) ^ SIGN))))


def _polynomial(coefficients: Sequence[int], x: Floats) -> Floats:
    """By Horner's rule, the highest power first."""
    y = np.broadcast_to(number(coefficients[0]), x.shape)
    for coefficient in coefficients[1:]:
        y = fma(y, x, number(coefficient))
    return y


def _power_of_two(n: Ints) -> Floats:
    """2^n, for n from -126 to 127."""
    return floats(((n + 127) << 23).view(np.uint32))


def _with_sign(magnitude: Floats, sign: Floats) -> Floats:
    return floats(words(magnitude) & ~SIGN | words(sign) & SIGN)


def _replaced(x: Floats, where: np.ndarray, bits: int) -> Floats:
    return np.where(where, number(bits), x)
