"""The pricer: its prices agree with the formulas that there are, within their standard error."""

from math import erfc, exp, log, sqrt
from pathlib import Path

import pytest

from assay.machines.base import Outcome, RunStatus
from tests.support.native import run_native
from tests.support.programs import run

FOLDER = Path(__file__).resolve().parents[3] / "examples" / "price"
PRICE = FOLDER / "price.c"
OPTIONS = (FOLDER / "options.txt").read_text()
MANY = "paths 400000"


def estimates(*lines: str) -> list[tuple[float, float]]:
    """The prices of options, and their standard errors."""
    done = run_native(PRICE, stdin="\n".join(lines).encode())
    assert (done.returncode, done.stderr) == (0, b"")
    head, *rows = done.stdout.decode().splitlines()
    assert head.split() == ["price", "error", "option"]
    return [(float(row.split()[0]), float(row.split()[1])) for row in rows]


def black_scholes(kind: str, spot: float, strike: float, rate: float, volatility: float, years: float) -> float:
    """The price of an option without barrier that looks at the price at the end only."""
    spread = volatility * sqrt(years)
    high = (log(spot / strike) + (rate + volatility**2 / 2) * years) / spread
    sign = 1 if kind == "call" else -1

    def below(deviation: float) -> float:
        return erfc(-deviation / sqrt(2)) / 2

    now = strike * exp(-rate * years)
    return sign * (spot * below(sign * high) - now * below(sign * (high - spread)))


def geometric_average_call(spot: float, rate: float, volatility: float, years: float, dates: int) -> float:
    """The price of a call at the money on the geometric mean, which is normal in its logarithm."""
    times = [years * (i + 1) / dates for i in range(dates)]
    mean = sum((rate - volatility**2 / 2) * time for time in times) / dates
    spread = volatility * sqrt(sum(min(a, b) for a in times for b in times)) / dates
    # Black and Scholes with the rate at which the geometric mean grows, discounted with the true one.
    growth = mean + spread**2 / 2
    return exp(growth - rate * years) * black_scholes("call", spot, spot, growth, spread, 1)


@pytest.mark.parametrize(
    "line",
    [
        "swap 100 100 0.01 0.2 1",
        "call 100 100 0.01 0.2",
        "call 100 100 0.01 0.2 x",
        "call 100 100 0.01 0.2 1 1 90 1",
        "call 0 100 0.01 0.2 1",
        "call 100 2000000 0.01 0.2 1",
        "call 100 100 0.3 0.2 1",
        "call 100 100 0.01 -0.2 1",
        "call 100 100 0.01 0.2 21",
        "call 100 100 0.01 0.2 1 0",
        "call 100 100 0.01 0.2 1 2.5",
        "call 100 100 0.01 0.2 1 1 100",
        "call 100 100 0.25 1 20",
        "paths 3",
        "paths 12.5",
        "seed",
        "a-word-that-is-longer-than-any-kind 1",
        "call " + 300 * " ",
    ],
)
def test_a_line_that_is_not_understood_is_named(line: str) -> None:
    done = run_native(PRICE, stdin=f"# options\n{line}\n".encode())
    assert done.returncode == 1
    assert b"line 2 of the options" in done.stderr


@pytest.mark.parametrize("rate", [-0.2, -0.01, 0.0, 0.03, 0.25])
@pytest.mark.parametrize("years", [0.25, 1.0, 7.5])
def test_without_volatility_the_price_is_exact(rate: float, years: float) -> None:
    [(price, error)] = estimates(f"call 100 30 {rate} 0 {years}")
    assert price == pytest.approx(max(0.0, 100 - 30 * exp(-rate * years)), abs=1e-4)
    assert error < 1e-3


@pytest.mark.parametrize(
    "option",
    [
        ("call", 100, 105, 0.03, 0.2, 1),
        ("put", 100, 105, 0.03, 0.2, 1),
        ("call", 42, 60, 0.1, 0.35, 0.5),
        ("put", 1000, 700, -0.01, 0.25, 2),
        ("call", 1, 1, 0, 0.8, 3),
        ("put", 250000, 200000, 0.05, 0.4, 0.75),
    ],
)
def test_prices_are_those_of_black_and_scholes(option: tuple[str, float, float, float, float, float]) -> None:
    line = " ".join(map(str, option))
    [(price, error), *by_dates] = estimates(MANY, line, f"{line} 3")
    for mean, spread in [(price, error), *by_dates]:
        assert abs(mean - black_scholes(*option)) < 4 * spread
        assert spread < 0.01 * black_scholes(*option)


def test_an_error_is_half_as_large_for_four_times_as_many_paths() -> None:
    line = "call 100 105 0.03 0.2 1"
    [(_, few), (_, many)] = estimates("paths 10000", line, "paths 40000", line)
    assert few / many == pytest.approx(2, rel=0.1)


def test_a_call_and_a_put_differ_by_what_the_share_and_the_strike_are_worth() -> None:
    [(call, _), (put, _), (share, _)] = estimates(
        "call 100 105 0.03 0.2 1", "put 100 105 0.03 0.2 1", "call 100 0.01 0.03 0.2 1"
    )
    assert call - put == pytest.approx(share - 104.99 * exp(-0.03), abs=1e-3)


def test_the_mean_of_many_dates_is_worth_a_little_more_than_the_geometric_one() -> None:
    [(price, error)] = estimates(MANY, "average-call 100 100 0.03 0.25 1 4")
    geometric = geometric_average_call(100, 0.03, 0.25, 1, 4)
    assert geometric - 4 * error < price < 1.06 * geometric


def test_a_barrier_takes_value_and_a_far_one_takes_none() -> None:
    call = "call 100 100 0.02 0.3 0.5 6"
    [(plain, _), (near, _), (far, _), (below, _)] = estimates(call, f"{call} 125", f"{call} 900", f"{call} 90")
    assert near < below < plain == far


def test_another_seed_gives_another_estimate() -> None:
    line = "call 100 105 0.03 0.2 1"
    [first, other, again] = estimates(line, "seed 2", line, "seed 1", line)
    assert first == again != other


def test_the_options_in_the_folder_have_prices() -> None:
    prices = [price for price, _ in estimates(OPTIONS)]
    assert len(prices) == 5
    assert all(2 < price < 10 for price in prices)


def test_the_machine_writes_the_same_prices() -> None:
    options = OPTIONS.replace("paths 1200", "paths 100").encode()
    expected = run_native(PRICE, stdin=options).stdout
    assert run(PRICE, stdin=options) == Outcome(RunStatus.EXITED, 0, expected, b"")
