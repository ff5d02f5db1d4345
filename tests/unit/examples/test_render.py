"""The renderer: its pictures are PNG files, and the same everywhere."""

import re
import struct
import zlib
from pathlib import Path

import pytest

from assay.machines.base import Outcome, RunStatus
from tests.support.native import run_native
from tests.support.programs import run

FOLDER = Path(__file__).resolve().parents[3] / "examples" / "render"
RENDER = FOLDER / "render.c"
SCENE = (FOLDER / "scene.txt").read_text()
SMALL = SCENE.replace("80 52", "30 20").encode()
DUSK = (FOLDER / "dusk.txt").read_text()
PATHS = DUSK.replace("40 28", "18 12").encode()
PICTURE = (FOLDER / "dusk.png").read_bytes()


def changed(scene: str, **lines: str) -> bytes:
    """The scene, the numbers after some of its words replaced."""
    for word, numbers in lines.items():
        scene, count = re.subn(rf"^{word} .*", f"{word} {numbers}", scene, flags=re.MULTILINE)
        assert count == 1
    return scene.encode()


def brightness(rows: list[bytes]) -> float:
    return sum(map(sum, rows)) / sum(map(len, rows))


def rows_of(png: bytes) -> list[bytes]:
    """The pixel rows of a PNG file, after its checksums: IHDR, one IDAT, IEND."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        chunk = png[at + 4 : at + 8 + length]
        assert struct.unpack_from(">I", png, at + 8 + length) == (zlib.crc32(chunk),)
        chunks[chunk[:4]] = chunk[4:]
        at += 12 + length
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, *kind = struct.unpack(">II5B", chunks[b"IHDR"])
    assert kind == [8, 2, 0, 0, 0]
    pixels, stride = zlib.decompress(chunks[b"IDAT"]), 1 + 3 * width
    assert len(pixels) == height * stride
    rows = [pixels[start : start + stride] for start in range(0, len(pixels), stride)]
    assert {row[0] for row in rows} == {0}
    return [row[1:] for row in rows]


@pytest.mark.parametrize(
    "line",
    [
        "cube 1 2 3",
        "sphere 1 2 3",
        "size 0 10",
        "size 9999 10",
        "samples 65",
        "bounces 17",
        "camera 1 2 3 1 2 3 1",
        "sun 1 2 x 1 1 1",
        "sun 0 0 0 1 1 1",
        "sphere 0 0 0 0 1 1 1 0",
        "sphere 0 0 0 1 1 1 1.1 0",
        "lamp 0 0 0 1 1 1 101",
        "floor 1 2 3 4 5 6 7 8 9 10",
    ],
)
def test_a_line_that_is_not_understood_is_named(line: str) -> None:
    done = run_native(RENDER, stdin=f"# a scene\n{line}\n".encode())
    assert done.returncode == 1
    assert done.stdout == b""
    assert b"line 2 of the scene" in done.stderr


def test_an_empty_scene_is_a_picture() -> None:
    done = run_native(RENDER, stdin=b"")
    assert done.returncode == 0
    assert len(rows_of(done.stdout)) == 64


def test_the_scene_shows_sky_above_and_floor_below() -> None:
    rows = rows_of(run_native(RENDER, stdin=SCENE.encode()).stdout)
    assert (len(rows), len(rows[0])) == (52, 3 * 80)
    red, _, blue = rows[0][:3]
    assert blue > red
    assert {tuple(rows[-1][i : i + 3]) for i in range(0, 240, 3)} > {tuple(rows[-1][:3])}


def test_a_picture_of_more_pixels_than_a_block_holds_is_whole() -> None:
    rows = rows_of(run_native(RENDER, stdin=SCENE.replace("80 52", "200 140").encode()).stdout)
    assert (len(rows), len(rows[0])) == (140, 600)


def test_more_samples_make_another_picture_of_the_same_size() -> None:
    finer = run_native(RENDER, stdin=SMALL.replace(b"samples 1", b"samples 3")).stdout
    coarse = run_native(RENDER, stdin=SMALL).stdout
    assert finer != coarse
    assert len(finer) == len(coarse)


def test_the_longest_lengths_do_no_harm() -> None:
    far = "camera 9999.9 9999.9 9999.9 -9999.9 -9999.9 -9999.9 1\nsphere -9999 -9999 -9999 0.05 1 1 1 1\n"
    assert rows_of(run_native(RENDER, stdin=f"size 9 6\nbounces 4\n{far}".encode()).stdout)


def test_light_bounces_off_the_floor_into_the_shade() -> None:
    once = rows_of(run_native(RENDER, stdin=changed(DUSK, samples="6", bounces="1")).stdout)
    often = rows_of(run_native(RENDER, stdin=changed(DUSK, samples="6", bounces="6")).stdout)
    assert brightness(often) > brightness(once)


def test_a_lamp_lights_the_floor_before_it() -> None:
    lamp = b"1.7 1.35 0.8"
    scene = changed(DUSK, samples="6")
    assert lamp in scene
    lit = rows_of(run_native(RENDER, stdin=scene.replace(lamp, b"20 20 20")).stdout)
    dark = rows_of(run_native(RENDER, stdin=scene.replace(lamp, b"0 0 0")).stdout)
    assert brightness(lit[-6:]) > 1.2 * brightness(dark[-6:])


def test_many_paths_draw_the_picture_in_the_folder() -> None:
    scene = changed(DUSK, size="120 84", samples="16", bounces="4")
    assert run_native(RENDER, stdin=scene).stdout == PICTURE


@pytest.mark.parametrize("scene", [SMALL, PATHS], ids=["rays", "paths"])
def test_the_machine_draws_the_same_picture_as_this_computer(scene: bytes) -> None:
    expected = run_native(RENDER, stdin=scene).stdout
    assert run(RENDER, stdin=scene) == Outcome(RunStatus.EXITED, 0, expected, b"")
