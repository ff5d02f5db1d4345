"""The loops of a region that are small enough for their registers to be LLVM's values."""

from collections.abc import Collection, Iterator

from assay.machines.riscv_fast.region import Region

MAX_LOOP = 150
"""Instructions of a loop with all that is in it. In larger ones, those within them are looked for."""


def loops_of(region: Region) -> dict[int, int]:
    """By block, the loop that it is in, as the address of one of its blocks; blocks outside of all are left out."""
    successors = {start: list(region.successors(block)) for start, block in region.blocks.items()}
    found: dict[int, int] = {}
    ahead: list[set[int]] = [set(region.blocks)]
    while ahead:
        within = ahead.pop()
        for loop in _cycles(within, successors):
            if sum(region.blocks[start].length for start in loop) <= MAX_LOOP:
                name = min(loop)
                found |= dict.fromkeys(loop, name)
            else:
                # Without the blocks that cycles of it go through first, what is left are the loops within.
                heads = {start for start in loop if start in region.heads and _is_entered(start, loop, successors)}
                ahead.append(loop - (heads or {min(loop)}))
    return found


def _is_entered(start: int, loop: Collection[int], successors: dict[int, list[int]]) -> bool:
    """Whether control can come to a block from outside of its loop."""
    return any(start in targets for block, targets in successors.items() if block not in loop) or start == min(loop)


def _cycles(within: set[int], successors: dict[int, list[int]]) -> Iterator[set[int]]:
    """The strongly connected components that have a cycle, by Tarjan's algorithm."""
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    path: list[int] = []
    on_path: set[int] = set()
    for root in within:
        if root in number:
            continue
        stack = [(root, iter(successors[root]))]
        number[root] = low[root] = len(number)
        path.append(root)
        on_path.add(root)
        while stack:
            start, targets = stack[-1]
            for target in targets:
                if target not in within:
                    continue
                if target not in number:
                    number[target] = low[target] = len(number)
                    path.append(target)
                    on_path.add(target)
                    stack.append((target, iter(successors[target])))
                    break
                if target in on_path:
                    low[start] = min(low[start], number[target])
            else:
                stack.pop()
                if stack:
                    low[stack[-1][0]] = min(low[stack[-1][0]], low[start])
                if low[start] == number[start]:
                    component = set[int]()
                    while start not in component:
                        component.add(path.pop())
                    on_path -= component
                    if len(component) > 1 or start in successors[start]:
                        yield component
