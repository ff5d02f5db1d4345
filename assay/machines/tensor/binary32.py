"""IEEE 754 binary32 arithmetic over arrays, rounded to nearest, ties to even (docs/operators.md, section 2).

All arrays are float32 unless something else is said. Every result that is a NaN is the canonical one, 0x7fc00000, since
processors differ in the sign and the payload that they give a NaN.
"""

from typing import cast

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Words = NDArray[np.uint32]

NAN = np.uint32(0x7FC00000)
INFINITY = np.uint32(0x7F800000)
SIGN = np.uint32(0x80000000)


def words(a: Floats) -> Words:
    """The bits of the numbers."""
    return a.view(np.uint32)


def floats(bits: Words) -> Floats:
    """The numbers that have these bits."""
    return bits.view(np.float32)


def number(bits: int) -> Floats:
    """One number, as an array that broadcasts."""
    return np.array([bits], np.uint32).view(np.float32)


def canonical(a: Floats) -> Floats:
    """The same numbers, with every NaN the canonical one."""
    return floats(np.where(np.isnan(a), NAN, words(np.ascontiguousarray(a))))


def fma(a: Floats, b: Floats, c: Floats) -> Floats:
    """a * b + c, rounded once.

    The product of two binary32 numbers is a binary64 number. The sum is rounded to odd in binary64, which has enough
    bits more for the second rounding to give what one rounding gives (Boldo and Melquiond, 2008).
    """
    with np.errstate(all="ignore"):
        product = a.astype(np.float64) * b.astype(np.float64)
        addend = c.astype(np.float64)
        total = np.atleast_1d(product + addend)
        rounded = total - product
        error = (product - (total - rounded)) + (addend - rounded)  # exact (Knuth's two-sum)
        bits = total.view(np.int64)
        inexact = np.isfinite(total) & (error != 0) & (bits & 1 == 0)
        away = (error > 0) == (total > 0)
        odd = np.where(inexact, bits + np.where(away, 1, -1), bits).view(np.float64)
        return canonical(odd.astype(np.float32))


def add(a: Floats, b: Floats) -> Floats:
    """a + b."""
    with np.errstate(all="ignore"):
        return canonical(a + b)


def sub(a: Floats, b: Floats) -> Floats:
    """a - b."""
    with np.errstate(all="ignore"):
        return canonical(a - b)


def mul(a: Floats, b: Floats) -> Floats:
    """a * b."""
    with np.errstate(all="ignore"):
        return canonical(a * b)


def div(a: Floats, b: Floats) -> Floats:
    """a / b."""
    with np.errstate(all="ignore"):
        return canonical(a / b)


def sqrt(a: Floats) -> Floats:
    """The square root."""
    with np.errstate(all="ignore"):
        return canonical(np.sqrt(a))


def less(a: Floats, b: Floats) -> Floats:
    """1 where a < b, otherwise 0."""
    with np.errstate(all="ignore"):
        return cast(Floats, (a < b).astype(np.float32))


def equal(a: Floats, b: Floats) -> Floats:
    """1 where a = b, otherwise 0."""
    with np.errstate(all="ignore"):
        return cast(Floats, (a == b).astype(np.float32))


def largest(a: Floats, b: Floats) -> Floats:
    """b where a < b, otherwise a; a NaN if either is one."""
    return canonical(np.where(np.isnan(a) | np.isnan(b), number(int(NAN)), np.where(a < b, b, a)))


def least(a: Floats, b: Floats) -> Floats:
    """b where b < a, otherwise a; a NaN if either is one."""
    return canonical(np.where(np.isnan(a) | np.isnan(b), number(int(NAN)), np.where(b < a, b, a)))


def from_int(a: Ints) -> Floats:
    """The number nearest to each integer."""
    return cast(Floats, a.astype(np.float32))


def to_int(a: Floats) -> Ints:
    """Each number without its fraction; the nearest integer for what is too large, 0 for a NaN."""
    with np.errstate(all="ignore"):
        whole = np.where(np.isnan(a), 0.0, np.clip(a.astype(np.float64), -(2**31), 2**31 - 1))
    return cast(Ints, whole.astype(np.int32))


def keeps_subnormals() -> bool:
    """Whether this thread's processor computes with subnormal numbers: some libraries turn them off for speed."""
    least_normal = np.array([0x00800000], np.uint32).view(np.float32)
    return bool(words(least_normal * np.float32(0.5))[0] == 0x00400000)
