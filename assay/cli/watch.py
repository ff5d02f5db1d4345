"""`assay watch`, and what `submit --wait` tells while it waits: stages as they come, clocks, why nothing comes."""

import json
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from typing import Any

import click

from assay.chain.events import Entry
from assay.chain.history import Book, JobHistory
from assay.chain.records import End, JobId
from assay.cli.main import INTERRUPTED, NOT_ENDED, NOT_FINALIZED
from assay.cli.options import Duration, json_option, settings_options
from assay.cli.output import format_time, jsonable, say, waiting
from assay.cli.session import Session
from assay.cli.stages import describe, event_facts
from assay.client.exits import end_overdue
from assay.client.follow import News, follow
from assay.client.jobs import find_job
from assay.client.standing import describe_end, money_of, status_of
from assay.client.waiting import Clock, Waiting
from assay.errors import TransientError
from assay.settings import Settings

FIRST_REASON = 5
"""Seconds for which nothing may happen before it is told why."""


@click.command()
@click.argument("job")
@click.option("--timeout", type=Duration(), metavar="TIME", help="Give up after this time; the job goes on.")
@settings_options("rpc_url", "deployment", "store", "wallet")
@json_option
def watch(settings: Settings, job: str, timeout: int | None, as_json: bool) -> None:
    """Watch a job until it has ended: each stage as it comes, with its time, and why nothing happens when nothing does.

    It sends nothing, and needs no password. On a terminal the last line counts the time; elsewhere there is a line for
    each change, and with --json a JSON object on a line. Exit status: 6 if the job ends without a result that stands, 9
    if it has not ended after --timeout.

    \b
    Examples:
        assay watch 0.1
        assay watch 0.1 --timeout 10m --json | jq .stage
    """
    session = Session(settings)
    job_id = find_job(session.chain, job, session.own_address)
    teller = JsonTeller(session) if as_json else TextTeller(session, _tell)
    history = watch_job(session, job_id, teller, timeout)
    if history is None:
        say(f"Job {job_id} has not ended after {timeout} s, and goes on.")
        sys.exit(NOT_ENDED)
    assert history.ended is not None
    sys.exit(0 if history.ended.end is End.FINALIZED else NOT_FINALIZED)


class TextTeller:
    """Tells people: a line for each event, and one for what is waited for when that changes."""

    def __init__(self, session: Session, write: Callable[[str], None] = say) -> None:
        self._session = session
        self._write = write

    def event(self, entry: Entry, book: Book) -> None:
        """An event of the job or of its disputes."""
        stage, text = describe(entry, book)
        self._write(f"{format_time(self._session.chain.node.block(entry.block).timestamp)}  {stage:<10}  {text}")

    def waits(self, clock: Clock, reasons: list[str]) -> None:
        """Why nothing happens."""
        if reasons:
            self._write(f"{format_time(clock.now)}  {'':<10}  {_clock_text(clock)}: {'; '.join(reasons)}")

    def end(self, history: JobHistory) -> None:
        """Nothing more: the last event has said it."""


class JsonTeller:
    """Tells scripts: a JSON object on a line."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def event(self, entry: Entry, book: Book) -> None:
        """An event of the job or of its disputes."""
        facts = jsonable(event_facts(self._session.chain, entry, book))
        print_line(facts | {"stage": facts["stage"].strip()})

    def waits(self, clock: Clock, reasons: list[str]) -> None:
        """Why nothing happens."""
        times = asdict(clock) | {"waited": clock.waited, "left": clock.left}
        print_line({"event": None, **times, "reasons": reasons})

    def end(self, history: JobHistory) -> None:
        """How the job has ended, and where its money is."""
        facts = {
            "status": status_of(history),
            "text": describe_end(history),
            "money": jsonable(asdict(money_of(history))),
        }
        print_line({"event": None, "stage": "end", **facts})


def _tell(text: str) -> None:
    """A line of text on standard output. On a terminal, rich has to know of it: its spinner turns there."""
    if sys.stdout.isatty():
        print(text, flush=True)
    else:
        click.echo(text)


def print_line(facts: dict[str, Any]) -> None:
    """A JSON object on a line of its own, at once."""
    click.echo(json.dumps(facts))
    sys.stdout.flush()


def watch_job(
    session: Session,
    job_id: JobId,
    teller: TextTeller | JsonTeller,
    timeout: float | None = None,
    settle: Callable[[News], None] | None = None,
) -> JobHistory | None:
    """Tell each event of a job as it comes, and why nothing happens; its history when it has ended, None if it has not.

    `settle` gets all news, to end a job whose time is over.
    """
    end = None if timeout is None else time.monotonic() + timeout
    reporter = _Reporter(session, teller)
    try:
        # A line of JSON is for scripts, and nothing is to turn in the middle of it.
        spinning = nullcontext() if isinstance(teller, JsonTeller) else waiting("looking at the job")
        with spinning as spinner:

            def pause(seconds: float) -> None:
                if end is not None and time.monotonic() >= end:
                    raise _TimeUpError
                reporter.explain()
                if spinner:
                    spinner.update(reporter.line())
                time.sleep(seconds)

            for news in follow(session.chain, job_id, sleep=pause):
                reporter.take(news)
                if settle:
                    settle(news)
    except _TimeUpError:
        return None
    except KeyboardInterrupt:
        say(f"\nThe job goes on without you: `assay watch {job_id}` and `assay result {job_id}`.")
        sys.exit(INTERRUPTED)
    teller.end(news.history)
    return news.history


def settle_overdue(session: Session) -> Callable[[News], None]:
    """For `watch_job`: end the job if its time is over and nobody else has ended it."""
    return lambda news: end_overdue(session.chain, session.sender, news)


class _TimeUpError(Exception):
    """Nobody wants to wait any longer."""


class _Reporter:
    """Has each thing told once."""

    def __init__(self, session: Session, teller: TextTeller | JsonTeller) -> None:
        self._waiting = Waiting(session.chain, session.store)
        self._teller = teller
        self._news: News | None = None
        self._clock: Clock | None = None
        self._told: tuple[str, list[str]] | None = None
        self._quiet_since = time.monotonic()

    def take(self, news: News) -> None:
        """Tell the events."""
        for entry in news.entries:
            self._teller.event(entry, news.book)
        if news.entries:
            self._quiet_since = time.monotonic()
        self._news = news

    def explain(self) -> None:
        """Tell why nothing happens, if nothing does, and if it was not told before."""
        news = self._news
        if news is None or news.history.ended:
            return
        try:
            self._clock = self._waiting.clock(news)
            if time.monotonic() - self._quiet_since < FIRST_REASON:
                return
            reasons = self._waiting.reasons(news)
        except TransientError:
            return  # following says so, if it lasts
        if (told := (self._clock.stage, reasons)) != self._told:
            self._told = told
            self._teller.waits(self._clock, reasons)

    def line(self) -> str:
        """What is waited for, in one line."""
        return _clock_text(self._clock) if self._clock else "looking at the job"


def _clock_text(clock: Clock) -> str:
    return f"{clock.stage} for {clock.waited} s, {clock.left} s left"
