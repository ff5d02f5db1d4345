"""The JSON API and the pages, as one ASGI application. All that it tells is from the index, the chain and the store."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi import Path as PathParameter
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from sqlalchemy import Row
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from assay.amounts import format_tokens
from assay.chain.connection import Chain
from assay.chain.history import Book, JobHistory
from assay.chain.records import JobId, Parameters, parse_address
from assay.console import answers, models, prepare
from assay.console.live import MAX_STREAMS, Live
from assay.console.preview import Previewer, describe, picture_type, standing_of
from assay.console.replay import Replayer
from assay.console.web import OUTPUT_POLICY, Protection, problem
from assay.errors import (
    AssayError,
    BlobTooLargeError,
    ChainError,
    InputError,
    IntegrityError,
    MissingBlobError,
    ResourceError,
    TransientError,
)
from assay.index import query, schema
from assay.index.database import Database
from assay.index.indexer import Indexer
from assay.index.money import BURNED
from assay.index.rows import bytes_of
from assay.machines.registry import Execution
from assay.store.base import Store

STATIC = Path(__file__).parent / "static"

Limit = Annotated[int, Query(ge=1, le=models.MAX_PAGE)]
Before = Annotated[str | None, Query(pattern=r"^[0-9]{1,15}\.[0-9]{1,9}$", description="`next` of the page before")]
AddressQuery = Annotated[str | None, Query(pattern="^0x[0-9a-fA-F]{40}$")]
AddressPath = Annotated[str, PathParameter(pattern="^0x[0-9a-fA-F]{40}$")]
JobPath = Annotated[str, PathParameter(pattern=r"^[0-9]{1,15}\.[0-9]{1,15}@0x[0-9a-fA-F]{40}$")]
HashPath = Annotated[str, PathParameter(pattern="^0x[0-9a-f]{64}$")]
TaskPath = Annotated[int, PathParameter(ge=0, lt=2**32)]
Word = Annotated[str | None, Query(pattern="^[a-z ]{1,40}$")]

_STATUS: tuple[tuple[type[AssayError], int, str], ...] = (
    (MissingBlobError, 404, "not_found"),
    (BlobTooLargeError, 413, "too_large"),
    (ResourceError, 503, "busy"),
    (TransientError, 503, "unavailable"),
    (ChainError, 409, "refused"),
    (IntegrityError, 502, "integrity"),
    (InputError, 400, "invalid"),
    (AssayError, 500, "unavailable"),
)
"""HTTP status and code by kind of error; the first that fits."""

_CODES = {403: "forbidden", 404: "not_found", 405: "invalid", 413: "too_large"}


class UnknownError(InputError):
    """Something that the market does not have."""


@dataclass(frozen=True)
class Console:
    """What the API works with."""

    chain: Chain
    parameters: Parameters
    symbol: str
    allowance: int
    minimum_reply: int
    database: Database
    indexer: Indexer
    store: Store
    execution: Execution
    previewer: Previewer
    replayer: Replayer
    live: Live

    @classmethod
    def of(cls, chain: Chain, database: Database, store: Store, replayer: Replayer, execution: Execution) -> "Console":
        """Ask the chain for what never changes. Raises `TransientError`, `ChainError`, `InputError` (`Indexer`)."""
        return cls(
            chain=chain,
            parameters=chain.market.parameters(),
            symbol=chain.token.symbol(),
            allowance=chain.game.allowance(),
            minimum_reply=chain.game.minimum_reply(),
            database=database,
            indexer=Indexer(chain, database),
            store=store,
            execution=execution,
            previewer=Previewer(store),
            replayer=replayer,
            live=Live(database),
        )


def make_app(console: Console, hosts: list[str]) -> FastAPI:
    """The application; it answers to these host names only, so that no other site's name can be pointed at it."""
    faults: dict[int | str, dict[str, Any]] = {"default": {"model": models.Fault, "description": "What went wrong"}}
    app = FastAPI(
        title="Assay",
        description=__doc__,
        version=version("assay"),
        docs_url=None,  # these pages would come from elsewhere
        redoc_url=None,
        openapi_url="/api/openapi.json",
        responses=faults,
    )
    app.include_router(_market(console), prefix="/api")
    app.include_router(_jobs(console), prefix="/api")
    app.include_router(_disputes(console), prefix="/api")
    app.include_router(_parties(console), prefix="/api")
    app.include_router(_calls(console), prefix="/api")
    app.mount("/", StaticFiles(directory=STATIC, html=True))
    app.add_exception_handler(AssayError, _failed)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _refused)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts)
    app.add_middleware(Protection)
    return app


def _market(console: Console) -> APIRouter:
    routes = APIRouter(tags=["market"])
    chain = console.chain

    @routes.get("/market")
    def market() -> models.Market:
        """The market at a glance."""
        deployment, rules = chain.deployment, console.parameters
        with console.database.reading() as connection:
            position = query.position(connection)
            if position is None:
                raise TransientError("the index has not read its first block yet: try again in a moment")
            jobs = query.count_by_status(connection, schema.jobs)
            disputes = query.count_by_status(connection, schema.disputes)
            staked = query.total(connection, schema.accounts.c.stake)
            free = query.total(connection, schema.accounts.c.free)
            at_risk = query.total(connection, schema.providers.c.at_risk)
            paid = query.total(connection, schema.providers.c.earned)
            providers = query.count(connection, schema.providers)
            burned = query.one(connection, schema.accounts, "account", BURNED)
        unburned = free - (burned.free if burned else 0)
        return models.Market(
            chain_id=deployment.chain_id,
            symbol=console.symbol,
            contracts=models.Contracts(
                market=deployment.market,
                game=deployment.game,
                token=deployment.token,
                directory=deployment.directory,
                referees=dict(deployment.referees),
            ),
            rules=models.Rules(
                challenger_bond=format_tokens(rules.challenger_bond),
                minimum_bond=format_tokens(rules.minimum_bond),
                burn_share=rules.burn_share,
                minimum_challenge_period=rules.minimum_challenge_period,
                fee_share=rules.fee_share,
                allowance=console.allowance,
                minimum_reply=console.minimum_reply,
            ),
            position=models.Place(
                block=position.block,
                hash=position.hash,
                time=position.timestamp,
                revision=position.revision,
                following=console.indexer.trouble,
            ),
            jobs=jobs,
            disputes=disputes,
            providers=providers,
            held=_held(chain),
            staked=format_tokens(staked),
            free=format_tokens(unburned),
            at_risk=format_tokens(at_risk),
            paid=format_tokens(paid),
            burned=format_tokens(burned.free if burned else 0),
        )

    @routes.get("/history")
    def history(
        period: Annotated[int, Query(ge=1, le=31_536_000, description="seconds")] = 3600,
        count: Annotated[int, Query(ge=1, le=400)] = 48,
    ) -> models.History:
        """The market over time, up to now."""
        with console.database.reading() as connection:
            buckets = query.history(connection, period, count)
        periods = [
            models.Period(
                start=each.start,
                posted=each.posted,
                accepted=each.accepted,
                claimed=each.claimed,
                ended=each.ended,
                challenged=each.challenged,
                mean_price=format_tokens(each.offered // each.posted) if each.posted else None,
                paid=format_tokens(each.paid),
                staked=format_tokens(each.staked),
            )
            for each in buckets
        ]
        return models.History(period=period, periods=periods)

    @routes.get("/live", response_class=StreamingResponse)
    async def live(request: Request, since: Annotated[int | None, Query(ge=0, lt=2**62)] = None) -> Response:
        """What changes, as server-sent events (`changes`, see `Changes`), from a revision on."""
        if console.live.streams >= MAX_STREAMS:
            return problem(503, "busy", f"{MAX_STREAMS} pages are followed already: close some")
        last = request.headers.get("last-event-id", "")
        revision = int(last) if last.isdecimal() and len(last) < 19 else since
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(console.live.follow(revision), media_type="text/event-stream", headers=headers)

    return routes


def _jobs(console: Console) -> APIRouter:
    routes = APIRouter(tags=["jobs"])

    @routes.get("/jobs")
    def jobs(
        status: Word = None,
        requester: AddressQuery = None,
        provider: AddressQuery = None,
        machine: Word = None,
        before: Before = None,
        limit: Limit = 50,
    ) -> models.Jobs:
        """Jobs, the newest first."""
        wanted = {
            "status": status,
            "requester": _address(requester),
            "provider": _address(provider),
            "machine": machine,
        }
        with console.database.reading() as connection:
            found = query.jobs(connection, **wanted, before=_place(before), limit=limit)
        following = _next(found, limit, "posted")
        return models.Jobs(jobs=[answers.job_summary(row) for row in found], next=following)

    @routes.get("/jobs/{job}")
    def job(job: JobPath) -> models.Job:
        """A job, with its events, their transactions, and its disputes."""
        name = str(JobId.parse(job))
        with console.database.reading() as connection:
            row = query.one(connection, schema.jobs, "job", name)
            if row is None:
                raise UnknownError(f"there is no job {name} in this market")
            book, times = query.book_of(connection, console.chain.deployment, name)
            disputes = [answers.dispute_summary(each) for each in query.disputes_of(connection, name)]
        return answers.job_page(row, book.jobs[JobId.parse(name)], book, times, disputes)

    @routes.get("/jobs/{job}/tasks/{task}/output")
    def output(job: JobPath, task: TaskPath) -> models.Output:
        """What a task of a claimed job wrote: fetched from the store, and proved to belong to the claim."""
        history, machine = _history(console, job), _machine_of(console, job)
        proved = console.previewer.outcome(machine, history, task)
        return models.Output(
            job=str(history.job.job_id),
            task=task,
            final_root=f"0x{proved.final_root.hex()}",
            standing=standing_of(history),
            status=proved.outcome.status.name.lower().replace("_", " "),
            exit_status=proved.outcome.exit_status,
            stdout=models.Stream(**describe(proved.outcome.stdout)),
            stderr=models.Stream(**describe(proved.outcome.stderr)),
        )

    @routes.get("/jobs/{job}/tasks/{task}/stdout", response_class=Response)
    def stdout(job: JobPath, task: TaskPath) -> Response:
        """Standard output itself, proved as above: pictures as such, anything else as a file to be saved."""
        history, machine = _history(console, job), _machine_of(console, job)
        data = console.previewer.outcome(machine, history, task).outcome.stdout
        picture = picture_type(data)
        headers = {
            "Content-Security-Policy": OUTPUT_POLICY,
            "Content-Disposition": "inline" if picture else f'attachment; filename="output-{task}"',
        }
        return Response(data, media_type=picture or "application/octet-stream", headers=headers)

    return routes


def _disputes(console: Console) -> APIRouter:
    routes = APIRouter(tags=["disputes"])

    def find(dispute: str) -> tuple[Row[Any], Book, dict[int, int], JobHistory]:
        with console.database.reading() as connection:
            row = query.one(connection, schema.disputes, "dispute", dispute)
            if row is None:
                raise UnknownError(f"there is no dispute {dispute} in this market")
            book, times = query.book_of(connection, console.chain.deployment, row.job)
        return row, book, times, book.jobs[JobId.parse(row.job)]

    @routes.get("/disputes")
    def disputes(
        running: bool | None = None, party: AddressQuery = None, before: Before = None, limit: Limit = 50
    ) -> models.Disputes:
        """Disputes, the newest first."""
        with console.database.reading() as connection:
            place = _place(before)
            found = query.disputes(connection, running=running, party=_address(party), before=place, limit=limit)
        following = _next(found, limit, "opened")
        return models.Disputes(disputes=[answers.dispute_summary(row) for row in found], next=following)

    @routes.get("/disputes/{dispute}")
    def dispute(dispute: HashPath) -> models.Dispute:
        """A dispute, with every turn."""
        row, book, times, history = find(dispute)
        dispute_id = bytes_of(dispute)
        state = console.chain.game.state_of(dispute_id)
        return answers.dispute_page(row, book.disputes[dispute_id], history, console.chain.deployment, times, state)

    @routes.get("/disputes/{dispute}/step")
    def step(dispute: HashPath) -> models.Step:
        """The step that decided a dispute, computed here from the job's files: instruction, registers, memory."""
        _, book, _, history = find(dispute)
        machine = console.chain.deployment.machine_of(history.job.terms.referee)
        if machine is None:
            raise InputError("the dispute is before a referee that this deployment does not know")
        return models.Step(**console.replayer.step(machine, history, book.disputes[bytes_of(dispute)]))

    return routes


def _parties(console: Console) -> APIRouter:
    routes = APIRouter(tags=["parties"])
    chain = console.chain
    after_query = Query(pattern="^0x[0-9a-fA-F]{40}$", description="`next` of the page before")

    @routes.get("/providers")
    def providers(after: Annotated[str | None, after_query] = None, limit: Limit = 50) -> models.Providers:
        """Everybody who ever accepted a job, by address."""
        with console.database.reading() as connection:
            found = query.providers(connection, after=_address(after), limit=limit)
            accounts = [query.one(connection, schema.accounts, "account", row.provider) for row in found]
        listed = [
            models.Provider(**answers.provider_fields(row, row.provider, account))
            for row, account in zip(found, accounts, strict=True)
        ]
        return models.Providers(providers=listed, next=found[-1].provider if len(found) == limit else None)

    @routes.get("/providers/{address}")
    def provider(address: AddressPath) -> models.ProviderPage:
        """A provider's record, earnings and stake, and whether it is listed in the directory."""
        who = parse_address(address)
        with console.database.reading() as connection:
            row = query.one(connection, schema.providers, "provider", who)
            account = query.one(connection, schema.accounts, "account", who)
        listing = chain.directory.listing_of(who)
        return models.ProviderPage(
            **answers.provider_fields(row, who, account),
            listed=listing.stake > 0 and listing.leaves_at == 0,
            listing_stake=format_tokens(listing.stake),
            leaves_at=listing.leaves_at or None,
        )

    @routes.get("/accounts")
    def accounts(after: Annotated[str | None, after_query] = None, limit: Limit = 50) -> models.Accounts:
        """Everybody who ever had money in the market, by address."""
        with console.database.reading() as connection:
            found = query.accounts(connection, after=_address(after), limit=limit)
        listed = [models.AccountSummary(**answers.account_fields(row)) for row in found]
        return models.Accounts(accounts=listed, next=found[-1].account if len(found) == limit else None)

    @routes.get("/accounts/{address}")
    def account(address: AddressPath) -> models.Account:
        """What an account has, in the market and outside it, and what happened to it last."""
        who = parse_address(address)
        with console.database.reading() as connection:
            row = query.one(connection, schema.accounts, "account", who)
            changes = query.changes_of(connection, who, 50)
        if row is None:
            none = {"account": who, "free": "0", "stake": "0", "epoch": 0, "checked_block": None, "agrees": True}
        fields = none if row is None else answers.account_fields(row)
        money = [
            models.Money(
                time=each.timestamp,
                block=each.block,
                transaction=each.transaction_hash,
                event=each.name,
                job=each.job,
                free=format_tokens(each.free),
                stake=format_tokens(each.stake),
            )
            for each in changes
        ]
        outside, coins = format_tokens(chain.token.balance_of(who)), str(chain.node.balance(who))
        return models.Account(**fields, outside=outside, coins=coins, changes=money)

    return routes


def _calls(console: Console) -> APIRouter:
    """Nothing is sent, and no key is known here: a wallet signs what these give."""
    routes = APIRouter(tags=["calls"], prefix="/calls")

    @routes.post("/withdraw")
    def withdraw(wanted: models.Withdrawal) -> models.Calls:
        """The transaction that takes free tokens out of the market."""
        return prepare.withdrawal(console.chain, wanted)

    @routes.post("/post")
    def post(wanted: models.Posting) -> models.Calls:
        """The transactions that post a job; its files go into the store at once."""
        return prepare.posting(console.chain, console.store, console.execution, wanted)

    return routes


def _held(chain: Chain) -> str | None:
    """The market's tokens; None while the node does not say: all else is in the index."""
    try:
        return format_tokens(chain.token.balance_of(chain.deployment.market))
    except TransientError:
        return None


def _history(console: Console, job: str) -> JobHistory:
    job_id = JobId.parse(job)
    with console.database.reading() as connection:
        book, _ = query.book_of(connection, console.chain.deployment, str(job_id))
    if job_id not in book.jobs:
        raise UnknownError(f"there is no job {job_id} in this market")
    return book.jobs[job_id]


def _machine_of(console: Console, job: str) -> str:
    machine = console.chain.deployment.machine_of(_history(console, job).job.terms.referee)
    if machine is None:
        raise InputError(f"job {job} is for a referee that this deployment does not know")
    return machine


def _address(text: str | None) -> str | None:
    return None if text is None else parse_address(text)


def _place(text: str | None) -> query.Place | None:
    return None if text is None else query.Place(*map(int, text.split(".")))


def _next(found: list[Row[Any]], limit: int, began: str) -> str | None:
    if len(found) < limit:
        return None
    last = found[-1]._asdict()
    return f"{last[f'{began}_block']}.{last[f'{began}_index']}"


async def _failed(_: Request, fault: Exception) -> Response:
    if isinstance(fault, UnknownError):
        return problem(404, "not_found", str(fault))
    status, code = next((status, code) for kind, status, code in _STATUS if isinstance(fault, kind))
    return problem(status, code, str(fault))


async def _malformed(_: Request, fault: Exception) -> Response:
    assert isinstance(fault, RequestValidationError)
    first = fault.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return problem(422, "invalid", f"{where}: {first['msg']}"[:500])


async def _refused(_: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    return problem(
        fault.status_code, _CODES.get(fault.status_code, "invalid"), str(fault.detail), headers=fault.headers
    )
