"""What comes before a role considers a job: the lists of requesters, and the operator's hook."""

import logging
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.chain.history import JobHistory
from assay.chain.records import Status
from provider_agent import policy
from provider_agent.context import Context
from provider_agent.duty import Duty, State
from provider_agent.hook import Answer, Asking, HookFaultError, question
from provider_agent.logs import about

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Hooks that run at the same time."""


@dataclass(frozen=True)
class Subject:
    """A job in a role, as the gate knows it."""

    role: str
    job: str


class Gate:
    """Keeps duties waiting, or refuses them, before their roles have begun anything."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._asking: dict[Subject, Asking] = {}
        self._admitted: set[Subject] = set()
        self._drawn: set[Subject] = set()
        self._lots = random.SystemRandom()  # which claims are not looked at, nobody can work out

    def has_admitted(self, duty: Duty) -> bool:
        """Whether the role may go on, by what was found before."""
        return Subject(duty.role, duty.job) in self._admitted

    def admits(self, duty: Duty) -> bool:
        """Whether the role may go on. If not, it is told why in the journal, or the answer is on its way."""
        subject = Subject(duty.role, duty.job)
        history = self._context.history(duty.job)
        if subject in self._admitted or not self._concerns(duty.role, history):
            return True
        if duty.role == "verifier" and not self._is_drawn(subject, history):
            self._refuse(duty, ["not among the share of claims that is recomputed"])
            return False
        if refusals := self._listed(duty.role, history):
            self._refuse(duty, refusals)
            return False
        hook = hook_of(self._context, duty.role)
        if hook is None:
            self._admitted.add(subject)
            return True
        if self._would_be_refused(duty.role, history):
            return True  # the role says no by itself
        return self._agrees(hook, duty, history)

    def _agrees(self, hook: Path, duty: Duty, history: JobHistory) -> bool:
        """Whether the hook has said yes."""
        subject = Subject(duty.role, duty.job)
        try:
            answer = self._answer(subject, history, hook)
        except HookFaultError as fault:
            settings = self._context.settings.loop
            self._context.journal.postpone(duty, str(fault), settings.retry_limit)
            log.warning("hook fault", extra=about(role=duty.role, job=duty.job, reason=fault))
            return False
        if answer is not None and answer.yes:
            self._admitted.add(subject)
        elif answer is not None:
            self._refuse(duty, [f"the hook says no: {answer.reason}"])
        return subject in self._admitted

    def retain(self, live: Collection[tuple[str, str]]) -> None:
        """Forget all other duties, given by role and job."""
        kept = {Subject(role, job) for role, job in live}
        self._admitted &= kept
        self._drawn &= kept
        for subject in set(self._asking) - kept:
            self._asking.pop(subject).end()

    def close(self) -> None:
        """End all hooks."""
        self.retain(())

    def _concerns(self, role: str, history: JobHistory) -> bool:
        """Whether there is something to decide: a job to take, a claim to verify."""
        wanted = Status.OPEN if role == "provider" else Status.CLAIMED
        return history.ended is None and history.job.status == wanted

    def _is_drawn(self, subject: Subject, history: JobHistory) -> bool:
        """Drawn once, and again only by an agent that was started again before it had decided."""
        if subject not in self._drawn:
            if not policy.is_drawn(history.job.price, self._lots.random(), self._context.settings.verifier):
                return False
            self._drawn.add(subject)
        return True

    def _listed(self, role: str, history: JobHistory) -> list[str]:
        if role != "provider":
            return []
        return policy.requester_refusals(history.job.job_id.requester, self._context.settings.provider)

    def _would_be_refused(self, role: str, history: JobHistory) -> bool:
        settings, terms = self._context.settings, history.job.terms
        machine = self._context.machine_of(history.job)
        if role == "provider":
            return bool(policy.provider_refusals(terms, machine, self._context.account, settings.provider))
        return bool(policy.verifier_refusals(terms, machine, settings.verifier))

    def _answer(self, subject: Subject, history: JobHistory, hook: Path) -> Answer | None:
        asking = self._asking.get(subject)
        if asking is None:
            if len(self._asking) >= AT_ONCE:
                return None
            asked = question(subject.role, history.job, self._context.machine_of(history.job))
            self._asking[subject] = Asking(hook, asked, self._context.settings.loop.hook_timeout)
            return None
        try:
            answer = asking.answer()
        except HookFaultError:
            del self._asking[subject]
            raise
        if answer is not None:
            del self._asking[subject]
        return answer

    def _refuse(self, duty: Duty, reasons: Sequence[str]) -> None:
        self._context.journal.set_duty(duty, State.REFUSED, "; ".join(reasons))
        log.info("refused", extra=about(role=duty.role, job=duty.job, reason="; ".join(reasons)))


def hook_of(context: Context, role: str) -> Path | None:
    """The operator's program for a role, if there is one."""
    settings = context.settings
    return settings.provider.hook if role == "provider" else settings.verifier.hook
