"""The verifier: recomputes what others claim, and challenges what is wrong."""

import logging

from assay.chain.events import DisputeOpened, JobClaimed, SignedJobClaimed
from assay.chain.history import DisputeHistory, JobHistory
from assay.chain.records import Status, TaskProof, Verdict
from assay.dispute.game import Side
from provider_agent import policy
from provider_agent.bench import Workload
from provider_agent.context import Context
from provider_agent.duty import Duty, State
from provider_agent.logs import about
from provider_agent.questions import Objection, Verify
from provider_agent.roles.base import DeadlineHandlers, EventHandlers
from provider_agent.roles.disputes import Disputes

log = logging.getLogger(__name__)


class Verifier:
    """The role `verifier`."""

    name = "verifier"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._disputes = Disputes(context, self.name, Side.CHALLENGER)
        self.on: EventHandlers = {
            **self._disputes.on,
            JobClaimed: self._on_claimed,
            SignedJobClaimed: self._on_claimed,
            DisputeOpened: self._on_opened,
        }
        self.due: DeadlineHandlers = self._disputes.due

    def act(self, duty: Duty) -> None:
        """Go on with a claim, as far as is possible now."""
        history = self._context.history(duty.job)
        disputes = self._disputes.about(history.job.job_id)
        running = [dispute for dispute in disputes if not dispute.resolved]
        if running:
            self._pursue(history, running)
        elif disputes:
            self._end(duty, _outcome(history, disputes[-1]))
        elif history.ended:
            self._end(duty, f"the job has ended: {history.ended.end.name.lower().replace('_', ' ')}", logging.DEBUG)
        elif history.job.status == Status.CLAIMED:
            self._verify(duty, history)

    def rank(self, duty: Duty) -> bytes:  # noqa: ARG002
        """The oldest claim first: its challenge period ends first."""
        return b""

    def is_at_risk(self, duty: Duty) -> bool:
        """While a dispute is open, or the challenge may have been sent."""
        history = self._context.history(duty.job)
        disputes = self._disputes.about(history.job.job_id)
        challenged = self._context.journal.find(_challenging(history)) is not None
        return any(not dispute.resolved for dispute in disputes) or (challenged and not disputes)

    # Events

    def _on_claimed(self, event: JobClaimed | SignedJobClaimed) -> None:
        if event.provider != self._context.account:
            self._context.journal.add_duty(self.name, str(event.job_id), "claimed", revive=True)

    def _on_opened(self, event: DisputeOpened) -> None:
        self._disputes.on[DisputeOpened](event)
        if event.terms.challenger == self._context.account:
            self._context.journal.add_duty(self.name, str(event.terms.job_id), "challenged", revive=True)

    # Stages

    def _verify(self, duty: Duty, history: JobHistory) -> None:
        """Claimed by another: recompute it, and challenge it if it is wrong."""
        context, job = self._context, history.job
        if context.now > job.deadline:
            self._end(duty, f"the challenge period is over; the last word was: {duty.reason}")
            return
        if not history.final_roots or not context.outbox.wants(_challenging(history)):
            return
        machine = context.machine_of(job)
        if refusals := policy.verifier_refusals(job.terms, machine, context.settings.verifier):
            context.journal.set_duty(duty, State.REFUSED, "; ".join(refusals))
            log.info("refused", extra=about(role=self.name, job=duty.job, reason="; ".join(refusals)))
            return
        reply = context.executor.ask(duty.job, self._workload(history), Verify(history.final_roots))
        if reply is None:
            return
        if reply.value is None:
            self._end(duty, "recomputed, and right")
            return
        self._challenge(duty, history, reply.value)

    def _challenge(self, duty: Duty, history: JobHistory, objection: Objection) -> None:
        context = self._context
        found = f"task {objection.task} ends in another state than the one that {history.job.provider} claims"
        if duty.state is State.CONSIDERING:
            duty = context.journal.set_duty(duty, State.TAKEN, found)
            log.warning("wrong claim", extra=about(job=duty.job, task=objection.task, provider=history.job.provider))
        if obstacles := policy.verifier_obstacles(context.own_account(), context.parameters.challenger_bond):
            context.journal.note(duty, "; ".join([found, *obstacles]))
            return
        call = context.chain.market.challenge(history.job, proof_of(objection), objection.opening)
        context.outbox.send(call, _challenging(history))

    def _pursue(self, history: JobHistory, running: list[DisputeHistory]) -> None:
        """Challenged by us: answer, as long as the job hangs on it. After its end, deadlines do the rest."""
        if history.ended:
            return
        for dispute in running:
            self._disputes.play(history.job, dispute, self._workload(history))

    # Helpers

    def _workload(self, history: JobHistory) -> Workload:
        return self._context.workload(history, self._context.settings.verifier.maximum_bytes)

    def _end(self, duty: Duty, reason: str, level: int = logging.INFO) -> None:
        self._context.journal.set_duty(duty, State.ENDED, reason)
        log.log(level, "ended", extra=about(role=self.name, job=duty.job, reason=reason))


def proof_of(objection: Objection) -> TaskProof:
    """That the task belongs to the job, and its claimed end to the claim, as the market wants it."""
    return TaskProof(
        task=objection.task,
        initial_root=objection.initial_root,
        initial_siblings=objection.initial_siblings,
        final_root=objection.claimed_root,
        final_siblings=objection.claimed_siblings,
    )


def _outcome(history: JobHistory, dispute: DisputeHistory) -> str:
    """How our challenge ended, in words."""
    verdicts = {closed.dispute_id: closed.verdict for closed in history.closed}
    if verdicts.get(dispute.dispute_id) is Verdict.MOOT:
        return "challenged; the job had ended before, and the bond is back"
    assert dispute.resolved is not None
    return "challenged, and won" if dispute.resolved.winner == Side.CHALLENGER else "challenged, and lost"


def _challenging(history: JobHistory) -> str:
    # The claim is part of the purpose: another one in its place, after a reorganisation, is another purpose.
    return f"challenge {history.job.job_id} claim {history.job.claim_root.hex()}"
