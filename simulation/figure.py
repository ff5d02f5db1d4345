"""Draws docs/economics.svg: the formulas as lines, what was played as points with two standard errors."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from matplotlib.typing import RcKeyType

from simulation import closed_forms as closed
from simulation.experiments import FEW, SPREAD, Seen
from simulation.model import Behaviour, Market
from simulation.tables import INTEREST, LOCKS

STYLE: dict[RcKeyType, Any] = {
    # The same bytes for the same figures: ids that are not random, and text that no font has to be looked up for.
    "svg.hashsalt": "economics",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
}
PERCENT = PercentFormatter(1.0, decimals=0)


def draw(seen: list[Seen], path: Path) -> None:
    """Draw what was seen, and write it as SVG. The file depends on nothing else."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10, 7.5), layout="constrained")
        axes = figure.subplots(2, 2)
        _thresholds(axes[0, 0], seen)
        _lone_liars(axes[0, 1], seen)
        _friends(axes[1, 0], seen)
        _costs(axes[1, 1])
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def _points(axis: Axes, seen: list[Seen], what: str, colour: str) -> None:
    rows = [row for row in seen if row.what == what]
    x, y, error = ([getattr(row, name) for row in rows] for name in ("at", "measured", "error"))
    axis.errorbar(x, y, yerr=2 * np.array(error), fmt="o", color=colour, markersize=4, capsize=2)


def _thresholds(axis: Axes, seen: list[Seen]) -> None:
    bonds = np.geomspace(2, 100, 60)
    for colour, label, friend in (("C0", "alone", False), ("C3", "with a friend", True)):
        for style, who, outsider in (("-", "provider", False), ("--", "outsider", True)):
            y = [closed.threshold(Market(bond=bond), friend, outsider) for bond in bonds]
            axis.plot(bonds, y, style, color=colour, label=f"{who} {label}")
        _points(axis, seen, f"threshold {label}", colour)
    axis.set(title="Lies lose money above this detection", xlabel="bond / price", xscale="log", yscale="log")
    axis.set_xticks([2, 5, 10, 20, 50, 100], ["2", "5", "10", "20", "50", "100"])
    axis.set_yticks([0.01, 0.02, 0.05, 0.1, 0.2, 0.5])
    axis.minorticks_off()
    axis.yaxis.set_major_formatter(PERCENT)
    axis.legend()


def _lone_liars(axis: Axes, seen: list[Seen]) -> None:
    bonds = np.linspace(4, 45, 42)
    rest = [closed.rest_point(Market(bond=bond), FEW, friend=False, spread=SPREAD) for bond in bonds]
    axis.plot(bonds, [point.lies for point in rest], color="C0", label="claims that are false")
    axis.plot(bonds, [point.checked for point in rest], color="C2", label="claims that a verifier recomputes")
    _points(axis, seen, "lone liars: lies", "C0")
    _points(axis, seen, "lone liars: checked", "C2")
    axis.set(title="Lone liars, three verifiers that live on rewards", xlabel="bond / price")
    axis.set_ylim(bottom=0)
    axis.yaxis.set_major_formatter(PERCENT)
    axis.legend()


def _friends(axis: Axes, seen: list[Seen]) -> None:
    checks = np.linspace(0, 0.11, 56)
    rest = [
        closed.rest_point(Market(), replace(FEW, requester_checks=share), friend=True, spread=SPREAD)
        for share in checks
    ]
    axis.plot(checks, [point.lies for point in rest], color="C3", label="claims that are false")
    _points(axis, seen, "liars with friends: lies", "C3")
    needed = closed.threshold(Market(), friend=True, outsider=False)
    axis.axvline(needed, color="black", linestyle=":", label="where lying breaks even")
    axis.set(title="Liars with friends, a bond of 20 prices", xlabel="share of claims that requesters recompute")
    for scale in (axis.xaxis, axis.yaxis):
        scale.set_major_formatter(PERCENT)
    axis.legend()


def _costs(axis: Axes) -> None:
    bonds = np.geomspace(2, 200, 100)
    for name, years in LOCKS.items():
        costs = []
        for bond in bonds:
            market = Market(bond=bond)
            checks = closed.checks_to_deter(market, Behaviour(), friend=True, outsider=True)
            costs.append(checks * closed.checking_cost(market, Behaviour()) + INTEREST * years * bond)
        axis.plot(bonds, costs, label=f"locked for {name}")
    axis.axvline(Market().bond, color="black", linestyle=":", label=f"bond of {Market().bond:.0f} prices")
    axis.set(
        title="Price of deterring everyone: checks and capital", xlabel="bond / price", xscale="log", ylim=(0, 0.5)
    )
    axis.set_xticks([2, 5, 10, 20, 50, 100, 200], ["2", "5", "10", "20", "50", "100", "200"])
    axis.minorticks_off()
    axis.yaxis.set_major_formatter(PERCENT)
    axis.legend()
