"""`assay directory`: where providers say what they offer."""

import re
from typing import Any
from urllib.parse import urlsplit

import click

from assay.amounts import format_tokens
from assay.chain.records import parse_address
from assay.chain.signing import Speed
from assay.cli.options import Tokens, json_option, settings_options
from assay.cli.output import format_time, print_json, print_table
from assay.cli.session import Session, print_receipt
from assay.client.listing import Listing, fetch_record, read_entries, try_record
from assay.client.order import MAX_ROUNDS
from assay.client.papers import CapabilityRecord
from assay.errors import InputError
from assay.settings import Settings


class Machine(click.ParamType[Speed]):
    """A machine, how many steps a second, and rounds: `riscv=200000000/9`."""

    name = "machine"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Speed:
        match = re.fullmatch(r"([a-z0-9_-]{1,64})=([0-9]{1,15})(?:/([0-9]{1,2}))?", str(value))
        rounds = int(match[3] or 8) if match else 0
        if match is None or not 1 <= rounds <= MAX_ROUNDS:
            self.fail(
                f"{value!r} is no machine: write it like riscv=200000000/9, NAME=STEPS_A_SECOND/ROUNDS.", param, ctx
            )
        return Speed(match[1], int(match[2]), rounds)


@click.group()
def directory() -> None:
    """Be found as a provider, and find providers.

    Who is listed has a stake locked in the directory, apart from the market: no job puts it at risk.

    \b
    Examples:
        assay directory list --machine riscv=200000000 --price-floor 0.5 --endpoint https://bob.example --wallet bob
        assay directory show
        assay directory retire --wallet bob
    """


@directory.command(name="list")
@click.option(
    "--machine",
    "machines",
    type=Machine(),
    multiple=True,
    required=True,
    metavar="NAME=SPEED[/ROUNDS]",
    help="What you run, how many steps a second, and tasks of at most 16^ROUNDS steps (8). Can be repeated.",
)
@click.option("--price-floor", type=Tokens(), required=True, metavar="TOKENS", help="The least that a task brings.")
@click.option("--endpoint", default="", metavar="URL", help="Where requesters find more: your offers, for example.")
@settings_options("rpc_url", "deployment", "store", "wallet", "password_file")
@json_option
def list_(
    *,
    settings: Settings,
    machines: tuple[Speed, ...],
    price_floor: int,
    endpoint: str,
    as_json: bool,
) -> None:
    """Be listed with a signed capability record, or change it.

    The record goes into the store. The first time, the listing stake is taken from the wallet; it comes back some time
    after you retire.

    \b
    Example:
        assay directory list --machine riscv=200000000/9 --price-floor 0.5 --endpoint https://bob.example
    """
    if endpoint and urlsplit(endpoint).scheme not in ("http", "https"):
        raise click.UsageError(f"{endpoint!r} is no endpoint: write it like https://bob.example/offers")
    session = Session(settings)
    receipt, record_id = Listing(session.chain, session.sender).enter(session.store, machines, price_floor, endpoint)
    print_receipt(receipt, f"listed with record {record_id.hex()}", as_json, record=record_id.hex())


@directory.command()
@settings_options("rpc_url", "deployment", "wallet", "password_file")
@json_option
def retire(settings: Settings, as_json: bool) -> None:
    """Stop being listed: at once for readers. The stake can be taken out after the leave period.

    \b
    Example:
        assay directory retire --wallet bob
    """
    session = Session(settings)
    receipt = Listing(session.chain, session.sender).retire()
    leaves_at = session.chain.directory.listing_of(session.wallet.address).leaves_at
    done = f"retired: `assay directory withdraw` pays the stake out after {format_time(leaves_at)}"
    print_receipt(receipt, done, as_json, leaves_at=leaves_at)


@directory.command()
@settings_options("rpc_url", "deployment", "wallet", "password_file")
@json_option
def withdraw(settings: Settings, as_json: bool) -> None:
    """Take out what you have in the directory, once the leave period after `retire` is over.

    \b
    Example:
        assay directory withdraw --wallet bob
    """
    session = Session(settings)
    receipt, amount = Listing(session.chain, session.sender).leave(session.wallet.address)
    print_receipt(receipt, f"withdrew {format_tokens(amount)} tokens", as_json, amount=amount)


@directory.command()
@click.argument("provider", required=False)
@settings_options("rpc_url", "deployment", "store")
@json_option
def show(settings: Settings, provider: str | None, as_json: bool) -> None:
    """Show who is listed, or the record of one PROVIDER.

    Records are checked: the provider has signed them, for this directory. Who has retired is shown only if asked for.

    \b
    Examples:
        assay directory show
        assay directory show 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --json
    """
    session = Session(settings)
    entries = read_entries(session.chain)
    if provider is not None:
        wanted = parse_address(provider)
        found = next((entry for entry in entries if entry.provider == wanted), None)
        if found is None:
            raise InputError(f"{wanted} is not listed")
        record = fetch_record(session.chain, session.store, found)
        if as_json:
            print_json({"provider": wanted, "leaves_at": found.leaves_at or None, "record": _facts(record)})
            return
        click.echo(f"{'provider':<10}{wanted}")
        if found.leaves_at:
            click.echo(f"{'leaves':<10}{format_time(found.leaves_at)}")
        for name, value in _lines(record).items():
            click.echo(f"{name:<10}{value}")
        return
    rows = [(entry, *try_record(session.chain, session.store, entry)) for entry in entries if not entry.leaves_at]
    if as_json:
        print_json(
            [
                {"provider": entry.provider, "record": _facts(record) if record else None, "problem": problem or None}
                for entry, record, problem in rows
            ]
        )
    elif rows:
        header = ("PROVIDER", "MACHINES", "PRICE FLOOR", "ENDPOINT")
        print_table(header, [(entry.provider, *_row(record, problem)) for entry, record, problem in rows])
    else:
        click.echo("Nobody is listed.")


def _facts(record: CapabilityRecord) -> dict[str, Any]:
    """A record for scripts."""
    speeds = [each.model_dump() for each in record.machines]
    floor = format_tokens(record.price_floor)
    return {"machines": speeds, "price_floor": floor, "endpoint": record.endpoint, "issued_at": record.issued_at}


def _lines(record: CapabilityRecord) -> dict[str, str]:
    machines = (
        f"{each.machine}: {each.steps_per_second:,} steps/s, up to 16^{each.rounds}" for each in record.machines
    )
    return {
        "machines": "; ".join(machines),
        "floor": f"{format_tokens(record.price_floor)} tokens a task",
        "endpoint": record.endpoint or "-",
        "issued": format_time(record.issued_at),
    }


def _row(record: CapabilityRecord | None, problem: str) -> tuple[str, str, str]:
    if record is None:
        return "-", "-", problem
    machines = ", ".join(f"{each.machine} {each.steps_per_second:,}/s" for each in record.machines)
    return machines, format_tokens(record.price_floor), record.endpoint or "-"
