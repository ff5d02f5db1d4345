"""Playing disputes: the same for both sides."""

import logging
from dataclasses import replace

from assay.chain.events import DisputeOpened, DisputeResolved, Moved
from assay.chain.history import DisputeHistory
from assay.chain.records import Job, JobId
from assay.dispute.game import Side, commitment
from assay.dispute.strategy import Move, Step
from provider_agent.bench import Workload
from provider_agent.context import Context
from provider_agent.duty import Deadline
from provider_agent.logs import about
from provider_agent.questions import Play
from provider_agent.roles.base import DeadlineHandlers, EventHandlers

log = logging.getLogger(__name__)

TIMEOUT = "timeout"


class Disputes:
    """All disputes that this agent has on one side, on behalf of a role."""

    def __init__(self, context: Context, role: str, side: Side) -> None:
        self._context = context
        self._role = role
        self._side = side
        self.on: EventHandlers = {
            DisputeOpened: self._on_turn,
            Moved: self._on_turn,
            DisputeResolved: self._on_resolved,
        }
        self.due: DeadlineHandlers = {TIMEOUT: self._time_out}

    def about(self, job_id: JobId) -> list[DisputeHistory]:
        """This agent's disputes about a job, the resolved ones too, oldest first."""
        return [dispute for dispute in self._context.book.disputes_of(job_id) if self._is_ours(dispute)]

    def play(self, job: Job, dispute: DisputeHistory, workload: Workload) -> None:
        """Answer the opponent's last list, if it is our turn. Raises `JobFaultError` if that cannot be computed."""
        context, play = self._context, dispute.play
        if dispute.resolved or dispute.to_move != self._side:
            return
        answered = commitment(play.agreed, play.roots)
        # What is answered is part of the purpose: another list in its place, after a reorganisation, is another one. So
        # is its turn: of a run that ended long before its step limit, a side's lists are the same for several turns.
        purpose = f"answer {answered.hex()} with {play.remaining} to come in dispute {_text(dispute)}"
        if not context.outbox.wants(purpose):
            return
        question = Play(dispute.terms.task, play, self._side)
        reply = context.executor.ask(str(job.job_id), workload, question, urgent=True)
        if reply is None:
            return
        state = context.chain.game.state_of(dispute.dispute_id)
        if not state.running or state.to_move != self._side or state.commitment != answered:
            return  # the chain is ahead of its confirmed blocks
        match reply.value:
            case None:
                log.error("nothing to dispute", extra=about(dispute=_text(dispute)))
                return
            case Move(pair, roots):
                call = context.chain.game.move(dispute.dispute_id, pair, roots)
            case Step(pair, witness):
                call = context.chain.game.step(dispute.terms, pair, witness, job.encode())
        log.info("answering", extra=about(dispute=_text(dispute), remaining=play.remaining, index=pair.index))
        context.outbox.send(call, purpose)

    def _deadline(self, dispute: DisputeHistory) -> Deadline:
        return Deadline(self._role, TIMEOUT, _text(dispute), due_at=0)

    def _is_ours(self, dispute: DisputeHistory) -> bool:
        return dispute.terms.party(self._side) == self._context.account

    def _on_turn(self, event: DisputeOpened | Moved) -> None:
        """Somebody's clock runs: when it is over is asked of the chain, since it depends on what was used before."""
        dispute = self._context.book.disputes[event.dispute_id]
        if self._is_ours(dispute):
            self._context.journal.set_deadline(self._deadline(dispute))

    def _on_resolved(self, event: DisputeResolved) -> None:
        dispute = self._context.book.disputes[event.dispute_id]
        if not self._is_ours(dispute):
            return
        self._context.journal.drop_deadline(self._deadline(dispute))
        about_it = about(dispute=_text(dispute), job=dispute.terms.job_id, by=event.ending.name.lower())
        if self._context.book.jobs[dispute.terms.job_id].ended:
            log.info("dispute closed", extra=about_it)
        elif event.winner == self._side:
            log.info("dispute won", extra=about_it)
        else:
            log.error("dispute lost", extra=about_it)

    def _time_out(self, deadline: Deadline) -> None:
        """End a dispute whose opponent is silent, or one that nobody needs any more."""
        context = self._context
        dispute = context.book.disputes.get(bytes.fromhex(deadline.subject[2:]))
        if dispute is None or dispute.resolved:
            context.journal.drop_deadline(deadline)
            return
        purpose = f"time out dispute {deadline.subject} after {len(dispute.play.answers)} moves"
        if not context.outbox.wants(purpose):
            return
        state = context.chain.game.state_of(dispute.dispute_id)
        if not state.running:
            return  # resolved, and not confirmed yet
        history = context.book.jobs[dispute.terms.job_id]
        if state.to_move == self._side and not history.ended:
            return  # ours to answer
        due_at = context.chain.game.deadline_of(dispute.dispute_id)
        if context.now <= due_at:
            context.journal.set_deadline(replace(deadline, due_at=due_at))
            return
        context.outbox.send(context.chain.game.timeout(dispute.terms, history.job.encode()), purpose)


def _text(dispute: DisputeHistory) -> str:
    return f"0x{dispute.dispute_id.hex()}"
