"""The Merkle tree over memory that native code writes to (docs/machine.md, section 2).

The tree reads the memory where it is. It keeps the nodes from the pages up, 32 bytes for each page that was ever told
of and as much again for all nodes above them; those within a page are made when a witness asks for them. What did not
change is not hashed again.
"""

import ctypes
from array import array
from collections.abc import Iterable
from functools import cache

from assay.machines.riscv.memory import PAGE
from assay.machines.riscv.memory_tree import DEFAULTS, DEPTH, LEAF, PAGE_LEVEL
from assay.native.cache import DiskCache, cache_key
from assay.native.code import Code
from assay.native.compile import compile_ir
from assay.native.keccak import CONSTANTS, keccak_functions
from assay.native.memory import CodeArena, reserve
from assay.native.processor import vector_lanes

PAGES = 1 << DEPTH - PAGE_LEVEL
GROUP = 16
"""Pages that are hashed together, so that the few nodes near their tops fill the vector registers too."""

_LEAVES = PAGE // LEAF
_CONSTANTS = (ctypes.c_uint64 * len(CONSTANTS))(*CONSTANTS)
_ADDRESS, _SIZE = ctypes.c_void_p, ctypes.c_size_t


class LiveTree:
    """The tree over the 2^32 bytes at an address, as far as it was told what changed. It is a `NodeAccess`."""

    def __init__(self, memory: int, cache: DiskCache | None = None) -> None:
        """A tree over memory that is all zero. `memory` is its address."""
        self._memory = memory
        self._functions = _load(cache)
        # The nodes in heap order: 1 is the root, the children of k are 2k and 2k + 1, and the pages are the lowest.
        # Two children are neighbours, ready to be hashed. Nodes that are not known have the default of their level.
        self._nodes, self._heap = reserve(2 * PAGES * LEAF)
        self._known = (ctypes.c_uint8 * (2 * PAGES))()
        self._scratch = (ctypes.c_uint8 * (GROUP * PAGE // 2))()

    def update(self, pages: Iterable[int]) -> None:
        """Become the tree over the memory as it is now, if nothing but these pages, by number, has changed."""
        numbers = array("I", sorted(set(pages)))
        if not numbers:
            return
        self._functions.hash_pages(
            self._memory,
            self._heap + PAGES * LEAF,
            numbers.buffer_info()[0],
            len(numbers),
            self._scratch,
            DEFAULTS[PAGE_LEVEL],
            _CONSTANTS,
        )
        places = array("I", (PAGES + number for number in numbers))
        address, count = places.buffer_info()
        for level in range(PAGE_LEVEL, DEPTH):
            count = self._functions.to_parents(self._heap, self._known, address, count, DEFAULTS[level])
            self._functions.hash_places(self._heap, address, count, _CONSTANTS)
        self._known[1] = True

    def root(self) -> bytes:
        """See `NodeAccess`."""
        return self.node(DEPTH, 0)

    def node(self, level: int, index: int) -> bytes:
        """See `NodeAccess`."""
        if level < PAGE_LEVEL:
            return self._fold(self._memory + index * (LEAF << level), level)
        place = (1 << DEPTH - level) + index
        return self._nodes[place * LEAF : (place + 1) * LEAF] if self._known[place] else DEFAULTS[level]

    def sibling(self, leaf: int, level: int) -> bytes:
        """See `NodeAccess`."""
        return self.node(level, leaf >> level ^ 1)

    def _fold(self, address: int, level: int) -> bytes:
        """The node over the 2^level leaves at an address."""
        if level == 0:
            return ctypes.string_at(address, LEAF)
        for height in reversed(range(level)):
            self._functions.hash_nodes(address, self._scratch, 1 << height, _CONSTANTS)
            address = ctypes.addressof(self._scratch)
        return ctypes.string_at(address, LEAF)


class _Functions:
    """The native functions of a tree."""

    def __init__(self, code: Code) -> None:
        self._arena = CodeArena(len(code.text))
        addresses = self._arena.load(code)
        hashing = ctypes.CFUNCTYPE(None, _ADDRESS, _ADDRESS, _SIZE, _ADDRESS)
        self.hash_nodes = hashing(addresses["hash_nodes"])
        self.hash_places = hashing(addresses["hash_places"])
        pages = ctypes.CFUNCTYPE(None, _ADDRESS, _ADDRESS, _ADDRESS, _SIZE, _ADDRESS, _ADDRESS, _ADDRESS)
        self.hash_pages = pages(addresses["hash_pages"])
        climbing = ctypes.CFUNCTYPE(_SIZE, _ADDRESS, _ADDRESS, _ADDRESS, _SIZE, _ADDRESS)
        self.to_parents = climbing(addresses["to_parents"])


_functions: dict[str, _Functions] = {}
"""By key in the cache: loaded once a process."""


def _load(kept: DiskCache | None) -> _Functions:
    source = _tree_source()
    key = cache_key("tree", source)
    if key not in _functions:
        _functions[key] = _Functions(compile_ir(source) if kept is None else kept.code(key, lambda: compile_ir(source)))
    return _functions[key]


@cache
def _tree_source() -> str:
    return tree_ir(vector_lanes())


def tree_ir(lanes: int) -> str:
    """The native functions, in LLVM's language: those of `assay.native.keccak`, and

    `void @hash_pages(ptr memory, ptr roots, ptr pages, i64 count, ptr scratch, ptr default, ptr constants)`: the roots
    of `count` pages, 32-bit numbers, to their places in an array for all pages. `scratch` has room for the lowest level
    of nodes of a group of pages, `default` is the root of a page that is zero.

    `i64 @to_parents(ptr heap, ptr known, ptr places, i64 count, ptr default)`: makes nodes of one level, places in the
    heap in ascending order, ready for their parents to be hashed, and the list one of the parents; its length. A place
    is known if a byte says so, and siblings that are not become the default.
    """
    return keccak_functions(lanes) + _HASH_PAGES + _TO_PARENTS


_HASH_PAGES = f"""
declare i64 @llvm.vector.reduce.or.v8i64(<8 x i64>)

define internal i1 @is_zero(ptr %page) nounwind {{
  br label %look
look:
  %offset = phi i64 [0, %0], [%next, %go_on]
  %at = getelementptr i8, ptr %page, i64 %offset
  %words = load <8 x i64>, ptr %at, align 64
  %bits = call i64 @llvm.vector.reduce.or.v8i64(<8 x i64> %words)
  %zero = icmp eq i64 %bits, 0
  br i1 %zero, label %go_on, label %end
go_on:
  %next = add i64 %offset, 64
  %more = icmp ult i64 %next, {PAGE}
  br i1 %more, label %look, label %end
end:
  ret i1 %zero
}}

define internal void @copy_node(ptr %from, ptr %to) nounwind alwaysinline {{
  %node = load i256, ptr %from, align 8
  store i256 %node, ptr %to, align 8
  ret void
}}

define void @hash_pages(ptr %memory, ptr %roots, ptr %pages, i64 %count, ptr %scratch, ptr %default, ptr %constants)
    nounwind {{
  %group = alloca [{GROUP} x ptr]
  br label %next_group
next_group:
  %begin = phi i64 [0, %0], [%place, %written]
  br label %next_page
next_page:
  %place = phi i64 [%begin, %next_group], [%following, %fetched]
  %size = phi i64 [0, %next_group], [%grown, %fetched]
  %all_fetched = icmp eq i64 %place, %count
  %full = icmp eq i64 %size, {GROUP}
  %stop = or i1 %all_fetched, %full
  br i1 %stop, label %climb, label %fetch
fetch:
  %entry = getelementptr i32, ptr %pages, i64 %place
  %number = load i32, ptr %entry
  %index = zext i32 %number to i64
  %page = getelementptr [{PAGE} x i8], ptr %memory, i64 %index
  %root = getelementptr [{LEAF} x i8], ptr %roots, i64 %index
  %zero = call i1 @is_zero(ptr %page)
  br i1 %zero, label %skip, label %take
skip:
  call void @copy_node(ptr %default, ptr %root)
  br label %fetched
take:
  %nodes = getelementptr [{PAGE // 2} x i8], ptr %scratch, i64 %size
  call void @hash_nodes(ptr %page, ptr %nodes, i64 {_LEAVES // 2}, ptr %constants)
  %target = getelementptr ptr, ptr %group, i64 %size
  store ptr %root, ptr %target
  %one_more = add i64 %size, 1
  br label %fetched
fetched:
  %grown = phi i64 [%size, %skip], [%one_more, %take]
  %following = add i64 %place, 1
  br label %next_page
climb:
  %none = icmp eq i64 %size, 0
  %lowest = mul i64 %size, {_LEAVES // 4}
  br i1 %none, label %written, label %level
level:
  %width = phi i64 [%lowest, %climb], [%half, %level]
  call void @hash_nodes(ptr %scratch, ptr %scratch, i64 %width, ptr %constants)
  %half = lshr i64 %width, 1
  %top = icmp eq i64 %width, %size
  br i1 %top, label %write, label %level
write:
  %done = phi i64 [0, %level], [%done_next, %write]
  %made = getelementptr [{LEAF} x i8], ptr %scratch, i64 %done
  %slot = getelementptr ptr, ptr %group, i64 %done
  %place_of_root = load ptr, ptr %slot
  call void @copy_node(ptr %made, ptr %place_of_root)
  %done_next = add i64 %done, 1
  %all_written = icmp eq i64 %done_next, %size
  br i1 %all_written, label %written, label %write
written:
  br i1 %all_fetched, label %end, label %next_group
end:
  ret void
}}
"""

_TO_PARENTS = f"""
define i64 @to_parents(ptr %heap, ptr %known, ptr %places, i64 %count, ptr %default) nounwind "no-builtins" {{
  br label %note
note:
  %i = phi i64 [0, %0], [%i_next, %note]
  %i_entry = getelementptr i32, ptr %places, i64 %i
  %i_place = load i32, ptr %i_entry
  %i_number = zext i32 %i_place to i64
  %i_flag = getelementptr i8, ptr %known, i64 %i_number
  store i8 1, ptr %i_flag
  %i_next = add i64 %i, 1
  %i_more = icmp ult i64 %i_next, %count
  br i1 %i_more, label %note, label %next
next:
  %j = phi i64 [0, %note], [%j_next, %go_on]
  %size = phi i64 [0, %note], [%grown, %go_on]
  %last = phi i32 [0, %note], [%parent, %go_on]
  %entry = getelementptr i32, ptr %places, i64 %j
  %place = load i32, ptr %entry
  %other = xor i32 %place, 1
  %number = zext i32 %other to i64
  %flag = getelementptr i8, ptr %known, i64 %number
  %is_known = load i8, ptr %flag
  %unknown = icmp eq i8 %is_known, 0
  br i1 %unknown, label %fill, label %go_up
fill:
  store i8 1, ptr %flag
  %sibling = getelementptr [{LEAF} x i8], ptr %heap, i64 %number
  call void @copy_node(ptr %default, ptr %sibling)
  br label %go_up
go_up:
  %parent = lshr i32 %place, 1
  %same = icmp eq i32 %parent, %last
  br i1 %same, label %go_on, label %add
add:
  %target = getelementptr i32, ptr %places, i64 %size
  store i32 %parent, ptr %target
  %larger = add i64 %size, 1
  br label %go_on
go_on:
  %grown = phi i64 [%size, %go_up], [%larger, %add]
  %j_next = add i64 %j, 1
  %more = icmp ult i64 %j_next, %count
  br i1 %more, label %next, label %end
end:
  ret i64 %grown
}}
"""
