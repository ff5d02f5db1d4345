"""keccak-256 of many 64-byte nodes or 256-byte blocks at once, as Merkle trees have them: one in each lane of vectors.

The permutation is that of FIPS 202, section 3.2, on 25 words of 64 bits; the padding is the original one, of Ethereum.
"""

from dataclasses import dataclass
from itertools import count, product

ROUNDS = 24
RATE_WORDS = 17
STATE_WORDS = 25
NODE_WORDS, HASH_WORDS = 8, 4
BLOCK_WORDS = 32


def _round_constants() -> list[int]:
    """FIPS 202, 3.2.5: bits of a shift register."""
    constants, register = [], 1
    for _ in range(ROUNDS):
        constant = 0
        for j in range(7):
            constant |= (register & 1) << (1 << j) - 1
            register = register << 1 ^ (register >> 7) * 0x171
        constants.append(constant)
    return constants


def _rotations() -> dict[tuple[int, int], int]:
    """FIPS 202, 3.2.2: how far the word at x, y is rotated to the left."""
    rotations, x, y = {(0, 0): 0}, 1, 0
    for t in range(24):
        rotations[x, y] = (t + 1) * (t + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    return rotations


_ROTATIONS = _rotations()

# What LLVM would want a place in memory for if it saw it, so the functions get it by a pointer: numbers, and distances
# of rotation that it turns into shuffles of bytes, with a table.
_PADDING = {NODE_WORDS: 1, RATE_WORDS - 1: 1 << 63}
_BYTEWISE = (8, 56)
CONSTANTS = (*_round_constants(), *_PADDING.values(), *_BYTEWISE)
"""What the functions need beside their input, as numbers of 64 bits."""


def keccak_functions(lanes: int) -> str:
    """IR of functions that hash nodes, `lanes` (a power of 2) at a time; other functions can be in the same module.

    - `void @hash_nodes(ptr input, ptr output, i64 count, ptr constants)`: `count` nodes of 64 bytes, one after the
      other, to as many hashes of 32 bytes. The output may begin where the input does.
    - `void @hash_places(ptr heap, ptr places, i64 count, ptr constants)`: for each of `count` places p, 32-bit numbers,
      the 64 bytes at `heap + 64 p` to a hash at `heap + 32 p`. None of the places may be another's parent (half of it).

    `constants` are the numbers of 64 bits in CONSTANTS.
    """
    whole = _attributes(lanes)
    return "\n".join(
        [
            f"declare <{lanes} x i64> @llvm.fshl.v{lanes}i64(<{lanes} x i64>, <{lanes} x i64>, <{lanes} x i64>)",
            "declare i64 @llvm.umin.i64(i64, i64)",
            f"define internal void @permute(ptr %words, ptr %constants) {whole} {{\n{_permutation(lanes)}\n}}",
            "define internal void @take(ptr %node, ptr %slot) nounwind alwaysinline {",
            _copy_words(NODE_WORDS, ("node", 1), ("slot", lanes)),
            "}\ndefine internal void @give(ptr %slot, ptr %hash) nounwind alwaysinline {",
            _copy_words(HASH_WORDS, ("slot", lanes), ("hash", 1)),
            "}",
            _hash_nodes(
                lanes,
                "@hash_nodes(ptr %input, ptr %output",
                "  %from = getelementptr [64 x i8], ptr %input, i64 %take.node",
                "  %to = getelementptr [32 x i8], ptr %output, i64 %give.node",
            ),
            _hash_nodes(
                lanes,
                "@hash_places(ptr %heap, ptr %places",
                _PLACE.format(number="take.node", bytes=64, address="from"),
                _PLACE.format(number="give.node", bytes=32, address="to"),
            ),
        ]
    )


def block_function(lanes: int) -> str:
    """IR of `void @hash_blocks(ptr input, ptr output, i64 count, ptr constants)`, for a module with `keccak_functions`.

    It hashes `count` (at least 1) blocks of 256 bytes, one after the other, to as many hashes of 32 bytes, `lanes` at a
    time.
    """
    whole, vector, rest = _attributes(lanes), f"<{lanes} x i64>", BLOCK_WORDS - RATE_WORDS
    clear = "\n".join(
        f"  %clear{i} = getelementptr {vector}, ptr %buffer, i64 {i}\n  store {vector} zeroinitializer, ptr %clear{i}"
        for i in range(RATE_WORDS, STATE_WORDS)
    )
    second = []
    for i in range(RATE_WORDS):
        more = {rest: "1", RATE_WORDS - 1: str(-(1 << 63))}.get(i)
        second += [
            f"  %state{i}.at = getelementptr i64, ptr %mix.slot, i64 {i * lanes}",
            f"  %state{i} = load i64, ptr %state{i}.at, align 8",
        ]
        if i < rest:
            second += [
                f"  %input{i}.at = getelementptr i64, ptr %more, i64 {i + RATE_WORDS}",
                f"  %input{i} = load i64, ptr %input{i}.at, align 8",
            ]
        if i < rest or more:
            second += [
                f"  %mixed{i} = xor i64 %state{i}, {more or f'%input{i}'}",
                f"  store i64 %mixed{i}, ptr %state{i}.at, align 8",
            ]
    return "\n".join(
        [
            f"define internal void @permute_all(ptr %words, ptr %constants) {whole} {{",
            _permutation(lanes, STATE_WORDS, STATE_WORDS),
            "}\ndefine internal void @take_rate(ptr %node, ptr %slot) nounwind alwaysinline {",
            _copy_words(RATE_WORDS, ("node", 1), ("slot", lanes)),
            "}",
            _hash_all(
                lanes,
                "@hash_blocks(ptr %input, ptr %output",
                STATE_WORDS,
                [
                    _Stage("take", [_block_at("from", "take"), "  call void @take_rate(ptr %from, ptr %take.slot)"]),
                    _Stage("mix", [_block_at("more", "mix"), *second], permute="@permute_all"),
                    _Stage(
                        "give",
                        [
                            "  %to = getelementptr [32 x i8], ptr %output, i64 %give.node",
                            "  call void @give(ptr %give.slot, ptr %to)",
                        ],
                        permute="@permute_all",
                    ),
                ],
                clear,
            ),
        ]
    )


# Nodes are copied into a buffer, a group at a time: the first words of all, then the second words of all, and so on. A
# group that is not full costs no more than the time of the lanes, which then hash whatever was there before.
_HASHING = """
define dso_local void {head}, i64 %count, ptr %constants) {attributes} {{
  %buffer = alloca [{words} x <{lanes} x i64>], align 64
  %none = icmp eq i64 %count, 0
  br i1 %none, label %end, label %group
group:
  %done = phi i64 [0, %0], [%end_of_group, %next]
  %left = sub i64 %count, %done
  %size = call i64 @llvm.umin.i64(i64 %left, i64 {lanes})
  %end_of_group = add i64 %done, %size
{stages}
  br label %next
next:
  %all_done = icmp eq i64 %end_of_group, %count
  br i1 %all_done, label %end, label %group
end:
  ret void
}}"""

_STAGE = """\
{first}
  br label %{name}
{name}:
  %{name}.node = phi i64 [%done, %{before}], [%{name}.next, %{name}]
  %{name}.lane = sub i64 %{name}.node, %done
  %{name}.slot = getelementptr i64, ptr %buffer, i64 %{name}.lane
{body}
  %{name}.next = add i64 %{name}.node, 1
  %{name}.all = icmp eq i64 %{name}.next, %end_of_group
  br i1 %{name}.all, label %{name}.end, label %{name}
{name}.end:"""

_PLACE = """\
  %{address}.entry = getelementptr i32, ptr %places, i64 %{number}
  %{address}.number = load i32, ptr %{address}.entry
  %{address}.place = zext i32 %{address}.number to i64
  %{address} = getelementptr [{bytes} x i8], ptr %heap, i64 %{address}.place"""


@dataclass(frozen=True)
class _Stage:
    """What is done with each node of a group, one after the other: `%NAME.node` in the lane at `%NAME.slot`."""

    name: str
    body: list[str]
    permute: str | None = None
    """The function that permutes all lanes before."""


def _attributes(lanes: int) -> str:
    bits = lanes * 64  # LLVM splits vectors of 512 bits where it believes that they slow the processor down
    return f'nounwind noinline "no-builtins" "prefer-vector-width"="{bits}" "min-legal-vector-width"="{bits}"'


def _block_at(address: str, stage: str) -> str:
    return f"  %{address} = getelementptr [256 x i8], ptr %input, i64 %{stage}.node"


def _hash_nodes(lanes: int, head: str, node: str, target: str) -> str:
    """A function that hashes nodes. `node` says where `%take.node` is, `%from`; `target` where its hash goes, `%to`."""
    take = _Stage("take", [node, "  call void @take(ptr %from, ptr %take.slot)"])
    give = _Stage("give", [target, "  call void @give(ptr %give.slot, ptr %to)"], permute="@permute")
    return _hash_all(lanes, head, NODE_WORDS, [take, give])


def _hash_all(lanes: int, head: str, words: int, stages: list[_Stage], clear: str = "") -> str:
    """A function that hashes, a group of nodes at a time, in stages. `clear` prepares the buffer of so many words."""
    texts, before = [clear], "group"
    for stage in stages:
        permute = f"  call void {stage.permute}(ptr %buffer, ptr %constants)" if stage.permute else ""
        body = "\n".join(stage.body)
        texts.append(_STAGE.format(first=permute, name=stage.name, before=before, body=body))
        before = f"{stage.name}.end"
    return _HASHING.format(head=head, attributes=_attributes(lanes), words=words, lanes=lanes, stages="\n".join(texts))


def _copy_words(words: int, source: tuple[str, int], target: tuple[str, int]) -> str:
    """The body of a function that copies words from one pointer to another; each with its distance between words."""
    lines = []
    for i in range(words):
        lines += [
            f"  %from{i} = getelementptr i64, ptr %{source[0]}, i64 {i * source[1]}",
            f"  %word{i} = load i64, ptr %from{i}, align 8",
            f"  %to{i} = getelementptr i64, ptr %{target[0]}, i64 {i * target[1]}",
            f"  store i64 %word{i}, ptr %to{i}, align 8",
        ]
    return "\n".join([*lines, "  ret void"])


def _permutation(lanes: int, given_words: int = NODE_WORDS, kept_words: int = HASH_WORDS) -> str:
    """The body of a function that permutes `lanes` states: the first words of each are given, and of the new ones kept.

    Words that are not given are those of a padded node.
    """
    vector = f"<{lanes} x i64>"
    numbers = count()
    lines: list[str] = []

    def value(expression: str) -> str:
        name = f"%v{next(numbers)}"
        lines.append(f"  {name} = {expression}")
        return name

    def xor(first: str, *others: str) -> str:
        for other in others:
            first = value(f"xor {vector} {first}, {other}")
        return first

    def splat(number: str) -> str:
        first = value(f"insertelement {vector} poison, i64 {number}, i64 0")
        return value(f"shufflevector {vector} {first}, {vector} poison, <{lanes} x i32> zeroinitializer")

    def rotate(word: str, distance: int) -> str:
        if distance in _BYTEWISE:
            up = value(f"shl {vector} {word}, {distances[distance]}")
            down = value(f"lshr {vector} {word}, {distances[64 - distance]}")
            return value(f"or {vector} {up}, {down}")
        by = f"splat (i64 {distance})"
        return value(f"call {vector} @llvm.fshl.v{lanes}i64({vector} {word}, {vector} {word}, {vector} {by})")

    places = range(ROUNDS, len(CONSTANTS))
    given = [splat(value(f"load i64, ptr {value(f'getelementptr i64, ptr %constants, i64 {i}')}")) for i in places]
    padding = dict(zip(_PADDING, given, strict=False))
    distances = dict(zip(_BYTEWISE, given[len(_PADDING) :], strict=True))
    start = "\n".join(lines)
    lines.clear()

    plane = list(product(range(5), repeat=2))
    state = {(x, y): f"%a{x}{y}" for x, y in plane}
    parity = [xor(*(state[x, y] for y in range(5))) for x in range(5)]  # theta
    change = [xor(parity[x - 1], rotate(parity[(x + 1) % 5], 1)) for x in range(5)]
    moved = {}
    for x, y in plane:  # rho and pi
        moved[y, (2 * x + 3 * y) % 5] = rotate(xor(state[x, y], change[x]), _ROTATIONS[x, y])
    for x, y in plane:  # chi
        flipped = xor(moved[(x + 1) % 5, y], "splat (i64 -1)")
        state[x, y] = xor(moved[x, y], value(f"and {vector} {flipped}, {moved[(x + 2) % 5, y]}"))
    constant = value("load i64, ptr %constant")  # iota
    state[0, 0] = xor(state[0, 0], splat(constant))

    begin = padding | {i: f"%word{i}" for i in range(given_words)}
    return "\n".join(
        [
            *(f"  %at{i} = getelementptr {vector}, ptr %words, i64 {i}" for i in range(given_words)),
            *(f"  %word{i} = load {vector}, ptr %at{i}" for i in range(given_words)),
            start,
            "  br label %round",
            "round:",
            "  %number = phi i64 [0, %0], [%next, %round]",
            *(
                f"  %a{x}{y} = phi {vector} [{begin.get(x + 5 * y, 'zeroinitializer')}, %0], [{state[x, y]}, %round]"
                for x, y in plane
            ),
            "  %constant = getelementptr i64, ptr %constants, i64 %number",
            *lines,
            "  %next = add i64 %number, 1",
            f"  %more = icmp ult i64 %next, {ROUNDS}",
            "  br i1 %more, label %round, label %end",
            "end:",
            *(f"  store {vector} {state[i % 5, i // 5]}, ptr %at{i}" for i in range(kept_words)),
            "  ret void",
        ]
    )
