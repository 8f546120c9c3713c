"""Listings as columns of bits: bit n of a column says whether listing n has a value; the database counts them at once."""
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

SLICES: Final = 30
LARGEST: Final = 2**SLICES - 1
"""Quantities from here on are all alike: nobody asks for more than a thousand million units."""


def column_size(numbers: Iterable[int]) -> int:
    """How many bits a column needs so that every number has one: a multiple of eight."""
    return (max(numbers, default=0) // 8 + 1) * 8


def column(numbers: Iterable[int], size: int) -> str:
    """The column in which exactly these bits are set, as PostgreSQL reads a bit string in hexadecimal."""
    packed = bytearray(size // 8)
    for number in numbers:
        packed[number >> 3] |= 128 >> (number & 7)
    return f"X{packed.hex()}"


def set_bits(column: str) -> set[int]:
    """The numbers whose bit is set in a column, written in hexadecimal (`X…`) or bit by bit."""
    digits = column if not column.startswith("X") else "".join(f"{int(digit, 16):04b}" for digit in column[1:])
    return {number for number, digit in enumerate(digits) if digit == "1"}


def slices_of(quantity: int | None) -> list[int]:
    """The binary digits of a quantity that are set, by their place; None is without limit."""
    value = LARGEST if quantity is None else min(quantity, LARGEST)
    return [place for place in range(SLICES) if value >> place & 1]


def period_around(starts: Sequence[date], day: date) -> tuple[date | None, date | None]:
    """From which day and before which day what is proved on `day` does not change; None: for ever."""
    place = bisect_right(starts, day)
    return (starts[place - 1] if place else None, starts[place] if place < len(starts) else None)
