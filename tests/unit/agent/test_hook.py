"""The operator's program: what it is told, what its answer means, and what becomes of it when it gives none."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from assay.chain.events import Event
from assay.chain.records import JobId
from provider_agent.context import Context
from provider_agent.duty import Duty, State
from provider_agent.gate import AT_ONCE, Gate, Subject
from provider_agent.hook import Answer, Asking, HookFaultError, question
from provider_agent.journal import Journal
from provider_agent.settings import LoopSettings, ProviderSettings, VerifierSettings
from tests.unit.agent.test_ledger import ACCEPTED, CLAIMED, JOB, REQUESTER, book

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Makes a hook of a shell script."""
    names = iter(range(100))

    def make(script: str) -> Path:
        path = tmp_path / f"hook-{next(names)}"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return make


def ask(program: Path, timeout: float = 20) -> Answer:
    answer = Asking(program, question("provider", book().jobs[JOB].job, "riscv"), timeout).answer(wait=True)
    assert answer is not None
    return answer


# One question


def test_a_program_that_cannot_be_run_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(HookFaultError, match="cannot be run"):
        ask(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("script", "said"),
    [("exit 2", "status 2"), ("echo broken; exit 3", "status 3: broken"), ("kill -9 $$", "status -9")],
)
def test_any_other_status_is_a_fault(write: Write, script: str, said: str) -> None:
    with pytest.raises(HookFaultError, match=said):
        ask(write(script))


def test_a_program_that_is_late_is_a_fault_and_ends_with_all_that_it_has_started(write: Write, tmp_path: Path) -> None:
    hook = write(f"sleep 600 & echo $! > {tmp_path}/child; wait")
    with pytest.raises(HookFaultError, match=r"not answered within 0\.5 s"):
        ask(hook, timeout=0.5)
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        try:
            state = Path(f"/proc/{child}/stat").read_text().split()[2]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        time.sleep(0.05)
    pytest.fail("it is still there")


def test_its_status_is_the_answer_and_its_output_the_reason(write: Write) -> None:
    assert ask(write("cat > /dev/null; exit 0")) == Answer(True, "")
    assert ask(write("echo too  dear; echo today; exit 1")) == Answer(False, "too dear today")
    assert ask(write("exit 1")) == Answer(False, "no reason given")
    assert len(ask(write("head -c 10000 /dev/zero | tr '\\0' x; exit 1")).reason) == 300


def test_it_is_told_the_job_in_one_object(write: Write, tmp_path: Path) -> None:
    ask(write(f"cat > {tmp_path}/asked"))
    asked = json.loads((tmp_path / "asked").read_text())
    assert asked["job"] == str(JOB)
    assert (asked["requester"], asked["machine"], asked["role"]) == (REQUESTER, "riscv", "provider")
    assert (asked["price"], asked["task_count"], asked["step_limit"]) == ("0.0000000000000001", 1, 4096)


# The gate


class House:
    """A gate, and a journal with duties about the jobs of a book."""

    def __init__(self, journal: Journal, events: list[Event], **provider: Any) -> None:
        self.journal = journal
        known = book(*events)
        context = SimpleNamespace(
            journal=journal,
            book=known,
            history=lambda job: known.jobs[JobId.parse(job)],
            account="0x" + 40 * "3",
            machine_of=lambda _: "riscv",
            settings=SimpleNamespace(
                provider=ProviderSettings.model_construct(**(ProviderSettings().__dict__ | provider)),
                verifier=VerifierSettings.model_construct(**(VerifierSettings().__dict__ | provider)),
                loop=LoopSettings(),
            ),
        )
        self.gate = Gate(cast(Context, context))

    def duty(self, role: str = "provider") -> Duty:
        return self.journal.add_duty(role, str(JOB), "posted")

    def decided(self, role: str = "provider") -> bool:
        """Ask until there is an answer; whether the role may go on."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            duty = self.journal.duty(role, str(JOB)) or self.duty(role)
            if duty.state is not State.CONSIDERING or duty.attempts:
                return False
            if self.gate.admits(duty):
                return True
            time.sleep(0.01)
        pytest.fail("there is no answer")


@pytest.fixture
def build(journal: Journal) -> Iterator[Callable[..., House]]:
    houses: list[House] = []

    def make(*events: Event, **provider: Any) -> House:
        provider = {"minimum_run_period": 1} | provider
        houses.append(House(journal, list(events), **provider))
        return houses[-1]

    yield make
    for house in houses:
        house.gate.close()


def test_a_denied_requesters_job_is_refused_and_the_hook_not_asked(build: Callable[..., House], write: Write) -> None:
    house = build(deny=[REQUESTER], hook=write("exit 0"))
    assert not house.decided()
    duty = house.journal.duty("provider", str(JOB))
    assert duty is not None
    assert (duty.state, "provider.deny" in duty.reason) == (State.REFUSED, True)


def test_a_no_refuses_the_job_with_the_hooks_reason(build: Callable[..., House], write: Write) -> None:
    house = build(hook=write("echo not on Sundays; exit 1"))
    assert not house.decided()
    duty = house.journal.duty("provider", str(JOB))
    assert duty is not None
    assert (duty.state, duty.reason) == (State.REFUSED, "the hook says no: not on Sundays")


def test_a_fault_decides_nothing_and_is_tried_again_later(build: Callable[..., House], write: Write) -> None:
    house = build(hook=write("exit 7"))
    assert not house.decided()
    duty = house.journal.duty("provider", str(JOB))
    assert duty is not None
    assert (duty.state, duty.attempts) == (State.CONSIDERING, 1)
    assert duty.retry_at > time.time()


def test_a_yes_is_asked_for_once(build: Callable[..., House], write: Write, tmp_path: Path) -> None:
    house = build(hook=write(f"echo asked >> {tmp_path}/count"))
    assert house.decided()
    assert all(house.gate.admits(house.duty()) for _ in range(3))
    assert (tmp_path / "count").read_text() == "asked\n"

    house.gate.retain([])
    assert not house.gate.admits(house.duty())


@pytest.mark.parametrize(
    ("role", "events", "asked"),
    [
        ("provider", [], True),
        ("provider", [ACCEPTED], False),
        ("verifier", [ACCEPTED, CLAIMED], True),
        ("verifier", [ACCEPTED], False),
    ],
)
def test_only_what_is_to_be_decided_is_asked_about(
    build: Callable[..., House], write: Write, role: str, events: list[Event], asked: bool
) -> None:
    house = build(*events, hook=write("exit 1"))
    assert house.decided(role) is not asked


def test_what_the_settings_refuse_is_left_to_them(build: Callable[..., House], write: Write) -> None:
    assert build(minimum_run_period=10**6, hook=write("exit 1")).decided()
    assert build(hook=None).decided()


def test_a_claim_that_is_not_drawn_is_refused_and_the_lot_is_drawn_once(build: Callable[..., House]) -> None:
    house = build(ACCEPTED, CLAIMED, share=0.5)
    lots = iter([0.4, 0.9])
    house.gate._lots = SimpleNamespace(random=lambda: next(lots))  # type: ignore[assignment]
    assert all(house.gate.admits(house.duty("verifier")) for _ in range(3))
    house.gate.retain([])
    assert not house.gate.admits(house.duty("verifier"))
    duty = house.journal.duty("verifier", str(JOB))
    assert duty is not None
    assert (duty.state, duty.reason) == (State.REFUSED, "not among the share of claims that is recomputed")


def test_only_so_many_run_at_once(build: Callable[..., House], write: Write) -> None:
    house = build(hook=write("sleep 600"))
    history = book().jobs[JOB]
    for number in range(AT_ONCE + 3):
        assert house.gate._answer(Subject("provider", str(number)), history, write("sleep 600")) is None
    assert len(house.gate._asking) == AT_ONCE
