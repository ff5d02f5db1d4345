"""Running a claimed job again, and saying where it differs from the claim."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from assay.chain.deployments import Deployment
from assay.chain.history import DisputeHistory, JobHistory
from assay.chain.records import JobId, TaskProof, Terms
from assay.dispute.game import Roots, Side
from assay.dispute.strategy import opening
from assay.documents import MAX_DOCUMENT, read_job_spec, read_result_document
from assay.errors import AssayError, InputError, IntegrityError, TransientError
from assay.keccak import keccak256
from assay.machines import merkle
from assay.machines.base import FetchBlob, Machine, Outcome, Progress, Trace
from assay.machines.registry import MACHINES, machine_named


@dataclass(frozen=True)
class Claim:
    """What was claimed about which job: all that it takes to check it, beside the blobs."""

    job_id: JobId
    machine: str
    terms: Terms
    spec_ids: tuple[bytes, ...]
    final_roots: Roots
    """By task."""
    result_id: bytes


@dataclass(frozen=True)
class Difference:
    """Where a trace and the roots that its provider has posted part."""

    agreed_until: int
    """The last step that both are known to have the same state at."""
    differs_at: int
    """The first step that they are known to have different states at: the next one, if a dispute got so far."""
    own: bytes
    claimed: bytes

    @property
    def is_exact(self) -> bool:
        """Whether this is the very first step that differs."""
        return self.differs_at == self.agreed_until + 1


@dataclass(frozen=True)
class TaskCheck:
    """One task, run again."""

    task: int
    steps: int
    """Until the program ended, or the step limit."""
    initial_root: bytes
    final_root: bytes
    claimed_root: bytes
    outcome: Outcome
    """What the run leaves behind."""
    differences: tuple[str, ...]
    """What the provider has claimed or published otherwise, in words; empty if nothing."""
    first: Difference | None
    """Of a wrong claim: where the traces part, as far as is known."""
    step: str
    """What the machine does at the first step that differs, if it is known exactly."""

    @property
    def agrees(self) -> bool:
        """Whether the claim about this task is right. What was published may be wrong all the same."""
        return self.final_root == self.claimed_root


@dataclass(frozen=True)
class Verification:
    """A claim, run again."""

    claim: Claim
    initial_roots: Roots
    tasks: tuple[TaskCheck, ...]
    """Those that were run."""

    @property
    def agrees(self) -> bool:
        """Whether all that was run is as claimed, and published so."""
        return not any(check.differences for check in self.tasks)

    @property
    def wrong(self) -> TaskCheck | None:
        """The first task that is claimed wrongly: one that can be challenged."""
        return next((check for check in self.tasks if not check.agrees), None)

    def proof(self, task: int) -> TaskProof:
        """That the task belongs to the job, and its claimed end to the claim, as the market wants it."""
        return TaskProof(
            task=task,
            initial_root=self.initial_roots[task],
            initial_siblings=tuple(merkle.prove(self.initial_roots, task)),
            final_root=self.claim.final_roots[task],
            final_siblings=tuple(merkle.prove(self.claim.final_roots, task)),
        )


def claim_of(deployment: Deployment, history: JobHistory) -> Claim:
    """What was claimed about a job. Raises `InputError` if nothing was, or its machine is unknown."""
    job = history.job
    if not history.final_roots or history.result_id is None:
        raise InputError(f"job {job.job_id} was not claimed: there is nothing to check")
    machine = deployment.machine_of(job.terms.referee)
    if machine is None:
        raise InputError(f"job {job.job_id} is for a referee that this deployment does not know: {job.terms.referee}")
    return Claim(job.job_id, machine, job.terms, history.spec_ids, history.final_roots, history.result_id)


def recompute(
    claim: Claim,
    fetch: FetchBlob,
    machines: Mapping[str, Machine] = MACHINES,
    only: int | None = None,
    disputes: Sequence[DisputeHistory] = (),
    progress: Progress | None = None,
) -> Verification:
    """Run all tasks of a claim again, or `only` one. `disputes` about it help to say where a wrong trace went wrong.

    Raises `IntegrityError` if the specs are not what the job's terms say, `InputError` if the job has no such task or
    its tasks cannot be run, `MissingBlobError` if program or input are not to be had.
    """
    work = _Work(claim, fetch, machines)
    if only is not None and not 0 <= only < len(work.tasks):
        raise InputError(f"job {claim.job_id} has {len(work.tasks)} tasks, counted from 0: there is no task {only}")
    initial_roots = tuple(work.load(task).state_root(0) for task in range(len(work.tasks)))
    if merkle.root(initial_roots) != claim.terms.task_root:
        raise IntegrityError(
            f"the tasks of job {claim.job_id} do not begin where its terms say: they are not its tasks"
        )
    published, problem = _published(claim, fetch)
    checks = []
    for task in range(len(work.tasks)) if only is None else [only]:
        trace = work.load(task)
        steps = trace.run(progress)
        shown = _shown(machines, claim, published[task], fetch) if published else problem
        checks.append(_check(claim, task, trace, steps, shown, [each for each in disputes if each.terms.task == task]))
    return Verification(claim, initial_roots, tuple(checks))


def touch(claim: Claim, fetch: FetchBlob, machines: Mapping[str, Machine]) -> None:
    """Fetch all that it takes to run the tasks of a claim, and to show their outputs. Raises as `recompute` does."""
    work = _Work(claim, fetch, machines)
    for task in range(len(work.tasks)):
        work.load(task)
    for entry in _published(claim, fetch)[0]:
        with suppress(IntegrityError):  # an output that is not the claimed one is still what was published
            machine_named(claim.machine, machines).check_result(entry, fetch)


def opening_of(verification: Verification, task: int, fetch: FetchBlob, machines: Mapping[str, Machine]) -> Roots:
    """The challenger's first list of a dispute about a task."""
    trace = _Work(verification.claim, fetch, machines).load(task)
    return opening(trace, verification.claim.terms.rounds)


class _Work:
    """The tasks of a claim's specs."""

    def __init__(self, claim: Claim, fetch: FetchBlob, machines: Mapping[str, Machine]) -> None:
        self._machine = machine_named(claim.machine, machines)
        self._fetch = fetch
        self._step_limit = claim.terms.step_limit
        self.tasks = list(self._tasks(claim))
        if len(self.tasks) != claim.terms.task_count:
            raise IntegrityError(
                f"job {claim.job_id} has {claim.terms.task_count} tasks, and its specs {len(self.tasks)}"
            )

    def load(self, task: int) -> Trace:
        """A trace of a task, at its initial state."""
        program, content = self.tasks[task]
        return self._machine.load(program, content, self._step_limit, self._fetch)

    def _tasks(self, claim: Claim) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
        for spec_id in claim.spec_ids:
            spec = read_job_spec(self._fetch(spec_id.hex()))
            if spec.machine != claim.machine:
                raise IntegrityError(f"a spec of job {claim.job_id} is for {spec.machine}, the job for {claim.machine}")
            yield from ((spec.program, task) for task in spec.tasks)


def specs_match(terms: Terms, spec_ids: Sequence[bytes]) -> bool:
    """Whether these are the specs of the terms: one for the whole job, or one for each ticket."""
    return list(spec_ids) == [terms.spec_id] or keccak256(b"".join(spec_ids)) == terms.spec_id


def _published(claim: Claim, fetch: FetchBlob) -> tuple[list[dict[str, Any]], str]:
    """The entries of the result document; or none, and why."""
    try:
        data = fetch(claim.result_id.hex())
        if len(data) > MAX_DOCUMENT:
            raise IntegrityError(f"the result document has {len(data)} bytes, more than {MAX_DOCUMENT}")
        document = read_result_document(data)
    except TransientError:
        raise
    except AssayError as fault:
        return [], f"the result document cannot be used: {fault}"
    if document.machine != claim.machine or len(document.tasks) != len(claim.final_roots):
        return [], "the result document is about another job"
    return document.tasks, ""


def _shown(
    machines: Mapping[str, Machine], claim: Claim, entry: Mapping[str, Any], fetch: FetchBlob
) -> tuple[bytes, Outcome] | str:
    """The final root and outcome that an entry proves, or why it proves none."""
    try:
        return machine_named(claim.machine, machines).check_result(entry, fetch)
    except TransientError:
        raise
    except AssayError as fault:
        return f"the published output cannot be used: {fault}"


def _check(
    claim: Claim,
    task: int,
    trace: Trace,
    steps: int,
    shown: tuple[bytes, Outcome] | str,
    disputes: Sequence[DisputeHistory],
) -> TaskCheck:
    own, claimed, outcome = trace.state_root(trace.step_limit), claim.final_roots[task], trace.outcome()
    differences = []
    if own != claimed:
        differences.append(f"the final state is 0x{own.hex()}, and 0x{claimed.hex()} was claimed")
    if isinstance(shown, str):
        differences.append(shown)
    else:
        root, published = shown
        if root != claimed:
            differences.append("the published output does not belong to the claim")
        differences += _outcome_differences(outcome, published)
    first = None if own == claimed else _first_difference(claim, task, trace, disputes)
    exact = first is not None and first.is_exact and claim.machine == "riscv"
    return TaskCheck(
        task=task,
        steps=steps,
        initial_root=trace.state_root(0),
        final_root=own,
        claimed_root=claimed,
        outcome=outcome,
        differences=tuple(differences),
        first=first,
        step=_describe(trace.witness(first.agreed_until)) if first is not None and exact else "",
    )


def _outcome_differences(own: Outcome, published: Outcome) -> list[str]:
    found = []
    if (own.status, own.exit_status) != (published.status, published.exit_status):
        what = f"{published.status.name.lower().replace('_', ' ')} with status {published.exit_status}"
        found.append(
            f"the run ends {own.status.name.lower().replace('_', ' ')} with status {own.exit_status}, and {what} was "
            "published"
        )
    for name in ("stdout", "stderr"):
        mine, theirs = getattr(own, name), getattr(published, name)
        if mine != theirs:
            same = next((at for at, pair in enumerate(zip(mine, theirs, strict=False)) if pair[0] != pair[1]), None)
            at = min(len(mine), len(theirs)) if same is None else same
            found.append(
                f"{name} has {len(mine)} bytes, and {len(theirs)} were published; they differ from byte {at} on"
            )
    return found


def _first_difference(claim: Claim, task: int, trace: Trace, disputes: Sequence[DisputeHistory]) -> Difference:
    """Where the traces part, as far as the provider has told its own: by its claim, and by its lists in disputes."""
    posted = {trace.step_limit: claim.final_roots[task]}
    for dispute in disputes:
        posted |= _lists_of_defender(dispute)
    agreed = 0
    for step in sorted(posted):
        own = trace.state_root(step)
        if own != posted[step]:
            return Difference(agreed, step, own, posted[step])
        agreed = step
    raise AssertionError("the final state differs")


def _lists_of_defender(dispute: DisputeHistory) -> dict[int, bytes]:
    """All state roots that the provider has posted in a dispute, by their steps."""
    posted: dict[int, bytes] = {}
    for count in range(1, len(dispute.play.answers) + 1):
        play = replace(dispute.play, answers=dispute.play.answers[:count])
        if play.to_move is Side.CHALLENGER:  # so the last list is the defender's
            posted |= {play.start + (index + 1) * play.stride: root for index, root in enumerate(play.roots)}
    return posted


def _describe(witness: bytes) -> str:
    from assay.machines.riscv.disassembly import describe_step  # noqa: PLC0415 - only a wrong claim needs it

    return describe_step(witness)
