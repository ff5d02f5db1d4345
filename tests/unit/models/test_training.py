"""Programs that train: what NumPy computes in binary64, the same bits by the kernels, and models that learn."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from assay.content import content_id
from assay.errors import InputError
from assay.machines.registry import MACHINES
from assay.machines.tensor.program import Program
from assay.machines.tensor.trace import TensorTrace
from assay.machines.tensor_fast.machine import fast_engine
from assay.models.arrays import input_blobs, output_arrays
from assay.models.onnx_import import import_onnx
from assay.models.training.export import with_parameters
from assay.models.training.optimizers import Adam, Optimizer, Sgd
from assay.models.training.program import Plan, Training, training_program
from assay.sdk.models import order_inference
from tests.unit.models.networks import character_model, convolutional_classifier, perceptron
from tests.unit.models.onnx_models import Array, Graph, by_machine

CROSS, SQUARED = "cross-entropy", "squared-error"
RANDOM = np.random.default_rng(0)
FAST = fast_engine()


def floats(*shape: int) -> Array:
    return RANDOM.standard_normal(shape).astype(np.float32)


def run(program: Program, *given: Array | dict[str, Array], reference: bool = False) -> dict[str, Array]:
    """The outputs of one run."""
    initial = program.initial(input_blobs(program, given))
    trace = TensorTrace(program, initial, 16**15, *([] if reference else [lambda: FAST]))
    return output_arrays(program.outputs, trace.outcome().stdout)


# --- optimizers and losses by hand ------------------------------------------------------------------------------------


def by_hand(x: Array, labels: Array, state: dict[str, Array]) -> tuple[float, dict[str, Array]]:
    """The loss and the gradients of `perceptron`."""
    w0, b0, w1, b1 = (state[f"w{i}"] for i in range(4))
    hidden = np.tanh(x @ w0 + b0)
    logits = hidden @ w1 + b1
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = powers / powers.sum(axis=1, keepdims=True)
    counted = labels >= 0
    chosen = np.eye(p.shape[1])[labels] * counted[:, None]
    loss = -np.sum(chosen * np.log(p)) / counted.sum()
    g = (p * counted[:, None] - chosen) / counted.sum()
    h = (g @ w1.T) * (1 - hidden**2)
    return float(loss), {"w0": x.T @ h, "w1": h.sum(axis=0), "w2": hidden.T @ g, "w3": g.sum(axis=0)}


def by_hand_step(optimizer: Optimizer, state: dict[str, Array], gradients: dict[str, Array], step: int) -> None:
    for name, g in gradients.items():
        if isinstance(optimizer, Sgd):
            v = state[f"{name}.velocity"] = optimizer.momentum * state.get(f"{name}.velocity", 0.0) + g
            state[name] = state[name] - 0.05 * v
        else:
            assert isinstance(optimizer, Adam)
            m = state[f"{name}.moment1"] = optimizer.beta1 * state[f"{name}.moment1"] + (1 - optimizer.beta1) * g
            v = state[f"{name}.moment2"] = optimizer.beta2 * state[f"{name}.moment2"] + (1 - optimizer.beta2) * g * g
            m, v = m / (1 - optimizer.beta1**step), v / (1 - optimizer.beta2**step)
            state[name] = state[name] - 0.05 * m / (np.sqrt(v) + optimizer.epsilon)


@pytest.mark.parametrize("optimizer", [Sgd(), Sgd(0.9), Adam(), Adam(0.8, 0.99, 1e-3)], ids=repr)
def test_steps_are_what_numpy_computes_with_53_bits(optimizer: Optimizer) -> None:
    x, labels = floats(6, 5), np.array([0, 2, 1, -1, 2, 0])
    training = training_program(perceptron(x), Plan(CROSS, optimizer, rate=0.05))
    checkpoint = training.start
    state = {name: array.astype(np.float64) for name, array in checkpoint.items()}
    for step in range(1, 8):
        loss, gradients = by_hand(x.astype(np.float64), labels, state)
        by_hand_step(optimizer, state, gradients, step)
        checkpoint = run(training.program, checkpoint, x, labels)
        assert checkpoint["loss"].item() == pytest.approx(loss, rel=1e-4)
        for name in training.parameters:
            np.testing.assert_allclose(checkpoint[name], state[name], rtol=1e-3, atol=1e-4)


# --- bits -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [convolutional_classifier, character_model])
def test_the_kernels_give_the_bits_of_the_reference(make: Callable[[], tuple[bytes, list[Array], Array]]) -> None:
    model, inputs, labels = make()
    training = training_program(model, Plan(CROSS, Adam(), rate=0.01))
    found, defined = (run(training.program, training.start, *inputs, labels, reference=each) for each in (False, True))
    assert all(np.isfinite(array).all() for array in defined.values())
    assert {name: array.tobytes() for name, array in found.items()} == {
        name: array.tobytes() for name, array in defined.items()
    }


def test_several_steps_in_one_run_are_those_of_several_runs() -> None:
    batches, labels = floats(3, 6, 5), RANDOM.integers(0, 3, (3, 6))
    model = perceptron(batches[0])
    one, three = (training_program(model, Plan(CROSS, Adam(), 0.05, steps=steps)) for steps in (1, 3))
    together, checkpoint, losses = run(three.program, three.start, batches, labels), one.start, []
    for x, label in zip(batches, labels, strict=True):
        checkpoint = run(one.program, checkpoint, x, label)
        losses.append(checkpoint["loss"].item())
    assert losses == together["loss"].tolist()
    assert all(together[name].tobytes() == checkpoint[name].tobytes() for name in one.start)


def test_a_checkpoint_as_a_job_leaves_it_is_the_input_of_the_next_one() -> None:
    x, labels = floats(6, 5), RANDOM.integers(0, 3, 6)
    program = (training := training_program(perceptron(x), Plan(CROSS, Adam(), 0.05))).program
    blobs = input_blobs(program, [training.start, x, labels])
    left = TensorTrace(program, program.initial(blobs), 16**15, lambda: FAST).outcome().stdout
    archive = output_arrays(program.outputs, left)
    assert content_id(input_blobs(program, [archive, x, labels])[0]) == content_id(left)
    order = order_inference(program, [archive, x, labels], MACHINES)
    assert left in order.blobs


def test_the_forward_pass_has_the_bits_of_the_imported_model() -> None:
    graph = Graph()
    x, target = floats(4, 3, 9), floats(4, 3, 5)
    y = graph.node("Erf", graph.node("MatMul", graph.input(x), graph.constant(floats(9, 5))))
    model = graph.model([y])
    [output] = by_machine(import_onnx(model), graph.inputs)
    difference = (output - target).astype(np.float32)
    training = training_program(model, Plan(SQUARED, Sgd(), 0.1))
    total = np.float32(0)
    squares = (difference * difference).reshape(-1, 5)
    rows = np.zeros(len(squares), np.float32)
    for column in squares.T:
        rows += column
    for row in rows:
        total += row
    assert run(training.program, training.start, x, target)["loss"].item() == total / np.float32(60)


def test_training_makes_the_same_program_each_time_and_no_product_that_nobody_needs() -> None:
    model, plan = perceptron(floats(6, 5)), Plan(CROSS, Adam(), 0.05)
    program = training_program(model, plan).program
    assert program.documents() == training_program(model, plan).program.documents()
    products = [each for each in program.instructions if each.kind.name == "DOT"]
    assert len(products) == 5, "two forward, and by two weights and one hidden layer: not by the input"


# --- what is refused --------------------------------------------------------------------------------------------------


def test_names_that_are_taken_are_refused() -> None:
    for name, refusal in (("checkpoint", "an input 'checkpoint'"), ("labels", "an input 'labels'")):
        graph = Graph()
        graph.inputs[name] = floats(2, 3)
        model = graph.model([graph.node("MatMul", name, graph.constant(floats(3, 4)))])
        with pytest.raises(InputError, match=refusal):
            training_program(model, Plan(CROSS, Sgd(), 0.1))


def test_classes_along_another_axis_than_the_last_are_refused() -> None:
    graph = Graph()
    y = graph.node("MatMul", graph.input(floats(2, 3)), graph.constant(floats(3, 4)))
    model = graph.model([graph.node("Softmax", y, axis=0)])
    with pytest.raises(InputError, match=r"node Softmax1 \(Softmax\): cross-entropy needs the classes along the last"):
        training_program(model, Plan(CROSS, Sgd(), 0.1))


def test_a_model_of_several_outputs_needs_to_be_told_which() -> None:
    graph = Graph()
    x, w = graph.input(floats(2, 3)), graph.constant(floats(3, 4))
    y = graph.node("MatMul", x, w)
    model = graph.model([y, graph.node("Tanh", y)])
    with pytest.raises(InputError, match="several outputs: say which one is trained, of t0, t1"):
        training_program(model, Plan(CROSS, Sgd(), 0.1))
    assert training_program(model, Plan(CROSS, Sgd(), 0.1, output="t0")).parameters == ("w0",)


# --- learning ---------------------------------------------------------------------------------------------------------


def drawn_digits(count: int, seed: int) -> tuple[Array, Array]:
    """Digits of 12x12 points, each somewhere else, a little larger or smaller, and noisy."""
    random = np.random.default_rng(seed)
    labels, images = random.integers(0, 10, count), np.zeros((count, 1, 12, 12), np.float32)
    for image, label in zip(images, labels, strict=True):
        canvas = Image.new("L", (12, 12))
        place = (2 + random.integers(-1, 3), int(random.integers(-2, 1)))
        ImageDraw.Draw(canvas).text(place, str(label), fill=255, font=ImageFont.load_default(random.uniform(10, 12)))
        image[0] = np.asarray(canvas, np.float32) / 255 + random.normal(0, 0.1, (12, 12))
    return images, labels


def losses_of(training: Training, batches: Callable[[int], list[Array]], runs: int) -> tuple[list[float], Array]:
    """The losses of a chain of runs, and the last checkpoint."""
    checkpoint, losses = training.start, []
    for number in range(runs):
        checkpoint = run(training.program, checkpoint, *batches(number))
        losses.extend(checkpoint["loss"].tolist())
    return losses, checkpoint


def test_a_convolutional_network_learns_to_read_digits() -> None:
    model, _, _ = convolutional_classifier(batch=32, size=12, classes=10)
    training = training_program(model, Plan(CROSS, Adam(), rate=0.01, steps=4))
    images, labels = drawn_digits(128 * 8, 1)
    batches = list(zip(images.reshape(8, 4, 32, 1, 12, 12), labels.reshape(8, 4, 32), strict=True))
    _, checkpoint = losses_of(training, lambda number: list(batches[number % 8]), 24)
    images, labels = drawn_digits(32 * 10, 2)
    program = import_onnx(with_parameters(model, checkpoint))
    [name] = [each.name for each in program.outputs]
    found = [run(program, x)[name].argmax(axis=1) for x in images.reshape(10, 32, 1, 12, 12)]
    assert np.mean(np.concatenate(found) == labels) > 0.85


def test_a_transformer_learns_what_follows_a_character() -> None:
    text = b"the machine takes a step, and the referee takes the same step; " * 4
    codes = np.unique(np.frombuffer(text, np.uint8), return_inverse=True)[1].reshape(-1)
    model, [tokens], _ = character_model(int(codes.max()) + 1, length=8)
    training = training_program(model, Plan(CROSS, Adam(), rate=0.02))
    batch, length = tokens.shape
    random = np.random.default_rng(3)

    def batches(_: int) -> list[Array]:
        starts = random.integers(0, len(codes) - length - 1, batch)
        windows = codes[starts[..., None] + np.arange(length + 1)]
        return [windows[..., :-1], windows[..., 1:]]

    losses, _ = losses_of(training, batches, 60)
    assert np.mean(losses[:4]) > 2.4
    assert np.mean(losses[-4:]) < 1.9
