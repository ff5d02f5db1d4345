"""Translations on disk by the page of code in which they begin: for the next run of any program that has that page.

What is kept of a page is an index: of each translation what is to be known of it, the code that it stands for included,
and the key by which the cache has its native code. It is found by the page's number and content, and by the version of
the engine; a translation that is found is good if all the code that it stands for, in other pages too, is there.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

from assay.errors import IntegrityError
from assay.machines.riscv_fast.guest import GuestMemory
from assay.machines.riscv_fast.layout import PAGE
from assay.machines.riscv_fast.version import engine_version
from assay.native.cache import DiskCache, cache_key
from assay.native.code import Code

MAX_KEPT = 100
"""Translations that are kept of a page."""


@dataclass(frozen=True)
class Translated:
    """What there is to know of a translation, beside its native code."""

    place: int
    """Where its region was looked for from."""
    entries: tuple[int, ...]
    blocks: tuple[int, ...]
    """Where its blocks begin."""
    exits: tuple[int, ...]
    """Where control may come to from it."""
    runs: tuple[tuple[int, int], ...]
    """The code that it stands for: addresses, and bytes from there on."""
    digest: str
    """Of that code."""
    key: str
    """Of its native code in the cache; empty if it is not kept."""

    @cached_property
    def inside(self) -> frozenset[int]:
        """Its blocks."""
        return frozenset(self.blocks)

    @cached_property
    def pages(self) -> frozenset[int]:
        """The pages that its code is in."""
        return frozenset(
            page for start, size in self.runs for page in range(start // PAGE, (start + size - 1) // PAGE + 1)
        )


def runs_of(words: Mapping[int, int]) -> tuple[tuple[tuple[int, int], ...], str]:
    """Words of code by address, as `Translated` has them: runs and digest."""
    runs: list[tuple[int, int]] = []
    for pc in sorted(words):
        if runs and sum(runs[-1]) == pc:
            runs[-1] = runs[-1][0], runs[-1][1] + 4
        else:
            runs.append((pc, 4))
    return tuple(runs), _digest(words[pc].to_bytes(4, "little") for pc in sorted(words))


def _digest(pieces: Iterable[bytes]) -> str:
    return hashlib.sha256(b"".join(pieces)).hexdigest()


class Shelf:
    """What one cache has of the code of one machine."""

    def __init__(self, memory: GuestMemory, disk: DiskCache) -> None:
        self._memory = memory
        self._disk = disk

    def take(self, page: int) -> Iterator[tuple[Translated, Code]]:
        """The translations that begin in a page, as long as what they stand for is there."""
        packed = self._disk.get(self._key(page))
        if packed is None:
            return
        for kept in _unpack(packed):
            if kept.digest != _digest(self._memory.bytes_at(start, size) for start, size in kept.runs):
                continue
            code = self._disk.get(kept.key)
            if code is not None:
                try:
                    yield kept, Code.unpack(code)
                except IntegrityError:
                    continue

    def add(self, translated: Translated) -> None:
        """Keep one more, of the page that it begins in."""
        page = translated.place // PAGE
        packed = self._disk.get(self._key(page))
        others = [] if packed is None else [each for each in _unpack(packed) if each.place != translated.place]
        self.keep(page, [*others, translated])

    def keep(self, page: int, translations: Iterable[Translated]) -> None:
        """Replace what is kept of a page."""
        kept = [asdict(each) for each in translations if each.key][-MAX_KEPT:]
        self._disk.put(self._key(page), json.dumps(kept).encode())

    def _key(self, page: int) -> str:
        return cache_key("translations", engine_version(), str(page), self._memory.read_page(page))


def _unpack(packed: bytes) -> list[Translated]:
    return [
        Translated(
            each["place"],
            tuple(each["entries"]),
            tuple(each["blocks"]),
            tuple(each["exits"]),
            tuple((start, size) for start, size in each["runs"]),
            each["digest"],
            each["key"],
        )
        for each in json.loads(packed)
    ]
