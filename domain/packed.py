"""Many numbers in one: fields of a long integer, which one operation of Python's adds or multiplies all at once.

Fixed point, for numbers from 0 to 127 and factors from 0 to 1 that sum to at most 1; exact to some 1e-7.
"""

import struct
from collections.abc import Iterable, Sequence

_FIELD = 8  # bytes: a product has to fit
_NUMBER, _FACTOR = 1 << 26, 1 << 29  # what stands for 1; a factor is then one digit of Python's long integers
ONE = _NUMBER * _FACTOR  # what stands for 1 in a sum


def pack(numbers: Sequence[float]) -> int:
    return int.from_bytes(struct.pack(f"<{len(numbers)}Q", *(round(one * _NUMBER) for one in numbers)), "little")


def weighted_sums(columns: Iterable[tuple[int, float]], count: int) -> Sequence[int]:
    """Of packed columns of `count` numbers, each with its factor: for every place the sum of number times factor, in
    units of 1 / ONE.
    """
    whole = sum(packed * round(factor * _FACTOR) for packed, factor in columns)
    return struct.unpack(f"<{count}Q", whole.to_bytes(_FIELD * count, "little"))
