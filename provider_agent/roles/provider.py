"""The provider: takes jobs, runs them, claims what it computed, defends its claims, and is paid."""

import logging
from collections.abc import Callable, Mapping
from hashlib import sha256

from assay.amounts import format_tokens
from assay.chain.events import JobAccepted, JobClaimed, JobEnded, JobPosted, SignedJobClaimed
from assay.chain.history import JobHistory
from assay.chain.records import End, JobId, Status
from assay.dispute.game import Side
from provider_agent import policy
from provider_agent.bench import Workload
from provider_agent.context import Context, is_admitted
from provider_agent.duty import Deadline, Duty, State
from provider_agent.executor import Done, JobFaultError
from provider_agent.logs import about
from provider_agent.questions import Check, Produce, Result
from provider_agent.roles.base import DeadlineHandlers, EventHandlers
from provider_agent.roles.disputes import Disputes

log = logging.getLogger(__name__)

FINALIZE = "finalize"


class Provider:
    """The role `provider`."""

    name = "provider"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._disputes = Disputes(context, self.name, Side.DEFENDER)
        self.on: EventHandlers = {
            **self._disputes.on,
            JobPosted: self._on_posted,
            JobAccepted: self._on_accepted,
            JobClaimed: self._on_claimed,
            SignedJobClaimed: self._on_claimed,
            JobEnded: self._on_ended,
        }
        self.due: DeadlineHandlers = {**self._disputes.due, FINALIZE: self._finalize}
        self._stages: Mapping[Status, Callable[[Duty, JobHistory], None]] = {
            Status.OPEN: self._consider,
            Status.ACCEPTED: self._produce,
            Status.CLAIMED: self._defend,
        }

    def act(self, duty: Duty) -> None:
        """Go on with a job, as far as is possible now."""
        history = self._context.history(duty.job)
        if history.job.status != Status.OPEN and not self._is_ours(history):
            # That others work is not worth a line, unless this agent wanted the job.
            level = logging.INFO if duty.state is State.TAKEN else logging.DEBUG
            self._end(duty, f"taken by {history.job.provider}", level)
        elif history.ended:
            self._end(duty, _ending(history))
        else:
            self._stages[history.job.status](duty, history)

    def rank(self, duty: Duty) -> bytes:
        """An order of this agent's own: if all began with the same job, all but one would pay gas for nothing."""
        return sha256(f"{self._context.account} {duty.job}".encode()).digest()

    def is_at_risk(self, duty: Duty) -> bool:
        """From the moment that the acceptance may have been sent, until the job is over."""
        history = self._context.history(duty.job)
        if history.job.status == Status.OPEN:
            return self._context.journal.find(_accepting(duty)) is not None
        return self._is_ours(history) and history.ended is None

    # Events

    def _on_posted(self, event: JobPosted) -> None:
        self._context.journal.add_duty(self.name, str(event.job_id), "posted", revive=True)

    def _on_accepted(self, event: JobAccepted) -> None:
        if event.provider == self._context.account:
            duty = self._context.journal.add_duty(self.name, str(event.job_id), "accepted", revive=True)
            if duty.state is State.CONSIDERING:
                self._context.journal.set_duty(duty, State.TAKEN, "accepted")

    def _on_claimed(self, event: JobClaimed | SignedJobClaimed) -> None:
        if event.provider == self._context.account:
            job = str(event.job_id)
            self._context.journal.add_duty(self.name, job, "claimed", revive=True)
            self._context.journal.set_deadline(Deadline(self.name, FINALIZE, job, event.deadline))

    def _on_ended(self, event: JobEnded) -> None:
        self._context.journal.drop_deadline(Deadline(self.name, FINALIZE, str(event.job_id), due_at=0))

    # Stages

    def _consider(self, duty: Duty, history: JobHistory) -> None:
        """Open: decide, and accept."""
        context, job = self._context, history.job
        if context.now > job.deadline:
            self._end(duty, f"not accepted in time; the last word was: {duty.reason}")
            return
        if duty.state is State.CONSIDERING:
            settings = context.settings.provider
            if refusals := policy.provider_refusals(job.terms, context.machine_of(job), context.account, settings):
                self._refuse(duty, refusals)
                return
            price = job.terms.price_at(context.now, job.deadline)
            admitted = is_admitted(context.chain, job, context.account)
            money, taken, size = context.own_account(), context.taken(), duty.size or 0
            room = context.room()
            if obstacles := policy.provider_obstacles(job.terms, price, size, money, taken, room, admitted, settings):
                context.journal.note(duty, "; ".join(obstacles))
                return
            reply = context.executor.ask(duty.job, self._workload(history), Check())
            if reply is None:
                return
            if duty.size != reply.value.size:
                duty = context.journal.set_size(duty, reply.value.size)
                if refusals := policy.size_refusals(job.terms, reply.value.size, settings):
                    self._refuse(duty, refusals)
                    return
                if price < policy.tariff(job.terms, reply.value.size, settings):
                    return  # the obstacle is noted at the next pass
            duty = context.take(duty)
        if context.outbox.wants(_accepting(duty)):
            price = job.terms.price_at(context.now, job.deadline)
            log.info("accepting", extra=about(job=duty.job, price=format_tokens(price)))
            context.outbox.send(context.chain.market.accept(job), _accepting(duty))

    def _produce(self, duty: Duty, history: JobHistory) -> None:
        """Accepted by us: run it, and claim what was computed."""
        context, job = self._context, history.job
        if context.now > job.deadline:
            log.error("out of time", extra=about(job=duty.job, deadline=job.deadline))
            self._end(duty, "not claimed in time: the bond is lost as soon as somebody expires the job")
            return
        if duty.state is not State.COMPUTED:
            reply = self._run(duty, history)
            if reply is None:
                return
            result = reply.value
            log.info("computed", extra=about(job=duty.job, steps=result.steps, result=result.result_id))
            result_id = bytes.fromhex(result.result_id)
            duty = context.journal.set_computed(duty, f"ran {result.steps} steps", result.final_roots, result_id)
        assert duty.result_id is not None
        purpose = f"claim {duty.job}"
        if context.outbox.wants(purpose):
            context.batch.claim(context.chain.market.claim(job, duty.final_roots, duty.result_id), purpose)

    def _run(self, duty: Duty, history: JobHistory) -> Done[Result] | None:
        """What was computed; None while it is not there, and of a job that is declined."""
        context, job = self._context, history.job
        if not job.hired:
            return context.executor.ask(duty.job, self._workload(history), Produce())
        # Whoever hires a provider by its offer shows what is to be run only afterwards.
        machine, settings = context.machine_of(job), context.settings.provider
        refusals = policy.provider_refusals(job.terms, machine, context.account, settings)
        try:
            if not refusals:
                return context.executor.ask(duty.job, self._workload(history), Produce())
        except JobFaultError as fault:
            if fault.may_pass:
                raise
            refusals = [str(fault)]
        purpose = f"decline {duty.job}"
        if context.outbox.wants(purpose):
            log.warning("declining", extra=about(job=duty.job, reason="; ".join(refusals)))
            context.outbox.send(context.chain.market.decline(job), purpose)
        return None

    def _defend(self, duty: Duty, history: JobHistory) -> None:
        """Claimed by us: answer every challenge. The payment is a deadline's matter."""
        if duty.state is not State.CLAIMED:
            self._context.journal.set_duty(duty, State.CLAIMED, "claimed: paid when it cannot be challenged any more")
        workload = self._workload(history)
        for dispute in self._disputes.about(history.job.job_id):
            self._disputes.play(history.job, dispute, workload)

    def _finalize(self, deadline: Deadline) -> None:
        """The challenge period is over: get paid, unless disputes are open still."""
        context, purpose = self._context, f"finalize {deadline.subject}"
        history = context.book.jobs.get(JobId.parse(deadline.subject))
        if history is None or history.job.status != Status.CLAIMED or history.ended:
            context.journal.drop_deadline(deadline)
            return
        # Done, and all events up to there were read, and the job has not ended: a payment of several has left it out.
        context.outbox.reopen(purpose)
        if not context.outbox.wants(purpose):
            return
        is_current, disputes = context.chain.market.is_current(history.job)
        if is_current and disputes == 0:
            context.batch.pay(history.job, purpose)

    # Helpers

    def _is_ours(self, history: JobHistory) -> bool:
        return history.job.provider == self._context.account

    def _workload(self, history: JobHistory) -> Workload:
        return self._context.workload(history, self._context.settings.provider.maximum_bytes)

    def _refuse(self, duty: Duty, refusals: list[str]) -> None:
        self._context.journal.set_duty(duty, State.REFUSED, "; ".join(refusals))
        log.info("refused", extra=about(role=self.name, job=duty.job, reason="; ".join(refusals)))

    def _end(self, duty: Duty, reason: str, level: int = logging.INFO) -> None:
        self._context.journal.set_duty(duty, State.ENDED, reason)
        log.log(level, "ended", extra=about(role=self.name, job=duty.job, reason=reason))


def _accepting(duty: Duty) -> str:
    return f"accept {duty.job}"


def _ending(history: JobHistory) -> str:
    """How a job ended, in words."""
    assert history.ended is not None
    end = history.ended.end
    if end == End.FINALIZED:
        return f"paid {format_tokens(history.earned)} tokens to {history.job.provider}"
    return end.name.lower().replace("_", " ")
