"""Which accesses to memory a translation can check together, and how early.

What registers hold in the course of some instructions is followed as far as it is a sum of what they held at first and
of constants. Accesses at the same sum but for a constant are a group, and are made at distances from one address, its
base: the lowest address that is accessed, or if that is not as aligned as the widest access, the one below it that is.
What is checked of a group is its base, which has to be aligned too, and the highest address. A group's check comes as
soon as what it depends on is there: at the beginning, in most cases, before anything has been done.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from assay.machines.riscv.bits import M64
from assay.machines.riscv.hart import SINK
from assay.machines.riscv_fast.region import Placed
from assay.machines.riscv_fast.semantics import CONTROL

MAX_SPAN = 4096
"""Bytes between the lowest and the highest address of a group: so that it is in two pages at most."""
MAX_TERMS = 3
MAX_FACTOR = 16

_SIZES = {"b": 1, "h": 2, "w": 4, "d": 8}


@dataclass(frozen=True)
class Form:
    """A sum."""

    terms: tuple[tuple[int, int], ...]
    """What is added, and how often: the number of a register, for what it held at first; or a negative number, for
    the result of an instruction."""
    offset: int = 0

    def plus(self, offset: int) -> "Form":
        """This, and a constant."""
        return Form(self.terms, _signed(self.offset + offset))


@dataclass(frozen=True)
class _Access:
    place: int
    """The number of the instruction."""
    offset: int
    size: int
    stores: bool


@dataclass(eq=False)
class Group:
    """Accesses whose addresses differ by constants."""

    terms: tuple[tuple[int, int], ...]
    accesses: list[_Access] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Of the widest access, in bytes: what the base has to be a multiple of."""
        return max(each.size for each in self.accesses)

    @property
    def base(self) -> Form:
        """The address that accesses are made from. No multiple of the size is above it and not above all of them."""
        widest = max(self.accesses, key=lambda each: each.size)
        lowest = min(each.offset for each in self.accesses)
        return Form(self.terms, lowest - (lowest - widest.offset) % widest.size)

    def tested(self) -> list[Form]:
        """Addresses that have to be below 2^32, the base first."""
        highest = Form(self.terms, max(each.offset for each in self.accesses))
        return list(dict.fromkeys((self.base, highest)))

    def stored(self) -> list[Form]:
        """Addresses in all the pages that are stored to."""
        offsets = [each.offset for each in self.accesses if each.stores]
        return [Form(self.terms, offset) for offset in dict.fromkeys((min(offsets), max(offsets)))] if offsets else []

    def takes(self, access: _Access) -> bool:
        """Whether an access, which is not below the others, can be checked with them."""
        low, widest = self.accesses[0].offset, max(self.accesses, key=lambda each: each.size)
        return access.offset - low < MAX_SPAN and (access.offset - widest.offset) % min(access.size, widest.size) == 0


@dataclass(frozen=True)
class Groups:
    """All accesses that some instructions make."""

    after: dict[int | None, list[Group]]
    """By the number of the instruction after which all is known that their addresses depend on; None if that is so
    at first."""

    @cached_property
    def of(self) -> dict[int, tuple[Group, int]]:
        """By the number of the instruction: the group of its access, and its distance from the group's base."""
        return {
            each.place: (group, each.offset - group.base.offset)
            for groups in self.after.values()
            for group in groups
            for each in group.accesses
        }


class _Sums:
    """What registers hold, as instructions go by."""

    def __init__(self) -> None:
        self._forms: dict[int, Form] = {}

    def of(self, register: int) -> Form:
        return self._forms.get(register) or (Form(((register, 1),)) if register else Form(()))

    def follow(self, place: int, placed: Placed) -> None:
        """Go on by an instruction, given its number."""
        if not writes(placed):
            return
        instruction, result = placed.instruction, None
        if placed.name == "addi":
            result = self.of(instruction.rs1).plus(instruction.immediate)
        elif placed.name == "add":
            result = _sum(self.of(instruction.rs1), self.of(instruction.rs2))
        elif placed.name in ("lui", "auipc"):
            result = Form((), _signed(instruction.immediate + (placed.pc if placed.name == "auipc" else 0)))
        self._forms[instruction.rd] = result or Form(((-1 - place, 1),))


def groups_of(placed: Sequence[Placed]) -> Groups:
    """The groups of what some instructions access."""
    sums = _Sums()
    found: dict[tuple[tuple[int, int], ...], list[_Access]] = {}
    for place, each in enumerate(placed):
        access = _access(place, each, sums.of(each.instruction.rs1))
        if access is not None:
            terms, what = access
            found.setdefault(terms, []).append(what)
        sums.follow(place, each)
    groups: dict[int | None, list[Group]] = {}
    for terms, accesses in found.items():
        after = max((-1 - term for term, _ in terms if term < 0), default=None)
        groups.setdefault(after, []).extend(_split(terms, accesses))
    return Groups(groups)


def rounds_ahead(block: Sequence[Placed]) -> tuple[Form, int] | None:
    """For a loop that goes on while two registers differ, by `bne`: how far they are apart when the first round ends,
    and by how much that gets less in each. None if that is no sum of what registers held at first, or not the same.

    As long as the distance, as an unsigned number, is greater than so many times that, so many rounds more do not end
    the loop. (What changes by a constant in one round whatever registers hold does so in the next, too.)
    """
    if block[-1].name != "bne":
        return None
    sums, apart = _Sums(), []
    for place, each in enumerate([*block, *block]):
        sums.follow(place, each)
        if each is block[-1]:
            apart.append((sums.of(each.instruction.rs1), sums.of(each.instruction.rs2)))
    (a, b), (c, d) = apart
    if any(term < 0 for form in (a, b, c, d) for term, _ in form.terms) or (a.terms, b.terms) != (c.terms, d.terms):
        return None
    step = (c.offset - a.offset) - (d.offset - b.offset)
    if not 0 < abs(step) <= MAX_SPAN:
        return None
    more, less = (b, a) if step > 0 else (a, b)
    negative = tuple((register, -factor) for register, factor in less.terms)
    return Form((*more.terms, *negative), _signed(more.offset - less.offset)), abs(step)


def writes(placed: Placed) -> bool:
    """Whether an instruction writes to a register."""
    no_result = placed.name in ("sb", "sh", "sw", "sd", "fence") or (placed.name in CONTROL and placed.name[0] == "b")
    return not no_result and placed.instruction.rd != SINK


def _access(place: int, placed: Placed, base: Form) -> tuple[tuple[tuple[int, int], ...], _Access] | None:
    name, offset = placed.name, placed.instruction.immediate
    if name.startswith("amo"):
        return base.terms, _Access(place, base.offset, _SIZES[name[-1]], stores=True)
    if name in ("sb", "sh", "sw", "sd", "lb", "lh", "lw", "ld", "lbu", "lhu", "lwu"):
        return base.terms, _Access(place, base.plus(offset).offset, _SIZES[name[1]], stores=name[0] == "s")
    return None


def _sum(a: Form, b: Form) -> Form | None:
    """The sum of what registers held at first. Results of instructions are added to constants only: so there is one
    moment when each becomes known."""
    if any(term < 0 for term, _ in a.terms + b.terms):
        return a.plus(b.offset) if not b.terms else b.plus(a.offset) if not a.terms else None
    factors: dict[int, int] = {}
    for term, factor in a.terms + b.terms:
        factors[term] = factors.get(term, 0) + factor
    if len(factors) > MAX_TERMS or max(factors.values(), default=0) > MAX_FACTOR:
        return None
    return Form(tuple(sorted(factors.items())), _signed(a.offset + b.offset))


def _split(terms: tuple[tuple[int, int], ...], accesses: list[_Access]) -> list[Group]:
    """The groups that accesses at the same sum make."""
    groups: list[Group] = []
    for access in sorted(accesses, key=lambda each: each.offset):
        for group in groups:
            if group.takes(access):
                group.accesses.append(access)
                break
        else:
            groups.append(Group(terms, [access]))
    return groups


def _signed(number: int) -> int:
    number &= M64
    return number - (1 << 64) if number >> 63 else number
