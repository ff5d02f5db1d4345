"""What the daemon asks of a job's worker process."""

from dataclasses import dataclass
from typing import Protocol, TypeVar

from assay.dispute.game import History, Roots, Side
from assay.dispute.strategy import Move, Step, next_action, opening
from assay.machines import merkle
from provider_agent.bench import Bench

T_co = TypeVar("T_co", covariant=True)


class Question(Protocol[T_co]):
    """A question. Hashable, and answered in the worker."""

    def __hash__(self) -> int: ...

    def answer(self, bench: Bench) -> T_co:
        """Answer it."""


@dataclass(frozen=True)
class Checked:
    """A job that is what its terms say."""

    size: int
    """Of its documents, program and inputs, bytes."""


@dataclass(frozen=True)
class Check:
    """Is the job what its terms say: can its documents be read, and do they lead to its task root?"""

    def answer(self, bench: Bench) -> Checked:
        """Raises `InputError` or `IntegrityError` if not."""
        bench.initial_roots()
        return Checked(bench.size)


@dataclass(frozen=True)
class Result:
    """A job that was run and published."""

    final_roots: Roots
    """By task."""
    result_id: str
    steps: int
    """Of all tasks together."""


@dataclass(frozen=True)
class Produce:
    """Run all tasks, and publish what they leave behind."""

    def answer(self, bench: Bench) -> Result:
        """What to claim."""
        final_roots = bench.final_roots()
        steps = sum(bench.compute(task).steps for task in range(bench.workload.task_count))
        return Result(final_roots, bench.publish(), steps)


@dataclass(frozen=True)
class Objection:
    """A task whose claimed end is wrong, and all that a challenge of it needs (`IJobMarket.TaskProof`)."""

    task: int
    initial_root: bytes
    initial_siblings: tuple[bytes, ...]
    claimed_root: bytes
    claimed_siblings: tuple[bytes, ...]
    opening: Roots


@dataclass(frozen=True)
class Verify:
    """Run all tasks, and compare with a claim."""

    claimed: Roots
    """The claimed final root of each task."""

    def answer(self, bench: Bench) -> Objection | None:
        """The first task whose claimed end is wrong; None if the claim is right."""
        computed = bench.final_roots()
        wrong = [task for task, root in enumerate(computed) if root != self.claimed[task]]
        if not wrong:
            return None
        task = wrong[0]
        initial = bench.initial_roots()
        return Objection(
            task=task,
            initial_root=initial[task],
            initial_siblings=tuple(merkle.prove(initial, task)),
            claimed_root=self.claimed[task],
            claimed_siblings=tuple(merkle.prove(self.claimed, task)),
            opening=opening(bench.trace(task), bench.workload.rounds),
        )


@dataclass(frozen=True)
class Play:
    """What `side` does next in a dispute about one task."""

    task: int
    history: History
    side: Side

    def answer(self, bench: Bench) -> Move | Step | None:
        """None if the trace gives no reason to dispute anything."""
        return next_action(self.history, self.side, bench.trace(self.task))
