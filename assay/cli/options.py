"""What the commands share on the command line: settings, amounts, durations, `--json`."""

import functools
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from assay.amounts import parse_tokens
from assay.errors import InputError
from assay.settings import load_settings
from assay.toolchain.build import LEVELS, Options

Function = TypeVar("Function", bound=Callable[..., Any])

_SETTINGS = {
    "home": ("--home", "FOLDER", "Where settings and wallets are kept (~/.assay)."),
    "rpc_url": ("--rpc-url", "URL", "The node to talk to."),
    "deployment": ("--deployment", "FILE", "The deployment file of the market."),
    "store": ("--store", "URL", "The store for programs, inputs and outputs: a URL or a folder."),
    "wallet": ("--wallet", "NAME", "The wallet to act for, by name or address."),
    "password_file": ("--password-file", "FILE", "A file with the wallet's password in its first line."),
}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")


def settings_options(*names: str) -> Callable[[Function], Function]:
    """Give a command the options `names`, and a `settings` argument made of them (`--home` is always among them)."""

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def with_settings(**arguments: Any) -> Any:
            flags = {name: arguments.pop(name) for name in ("home", *names)}
            return function(settings=load_settings(flags, os.environ), **arguments)

        command: Any = with_settings
        for name in reversed((*names, "home")):
            flag, metavar, text = _SETTINGS[name]
            complete = _complete_wallet if name == "wallet" else None
            command = click.option(flag, name, metavar=metavar, help=text, shell_complete=complete)(command)
        result: Function = command
        return result

    return decorate


def _complete_wallet(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The names of the wallets in the home folder."""
    try:
        folder = load_settings({"home": ctx.params.get("home")}, os.environ).wallets
    except InputError:
        return []
    return sorted(path.stem for path in folder.glob("*.json") if path.stem.startswith(incomplete))


def transaction_command(argument: str, kind: Any = None) -> Callable[[Function], click.Command]:
    """A command that sends a transaction of the wallet about its one argument."""

    def decorate(function: Function) -> click.Command:
        with_settings = settings_options("rpc_url", "deployment", "wallet", "password_file")(json_option(function))
        return click.command()(click.argument(argument, type=kind)(with_settings))

    return decorate


def build_options(function: Function) -> Function:
    """Give a command the options of a build, and an `options` argument made of them."""

    @functools.wraps(function)
    def with_options(**arguments: Any) -> Any:
        given = {name: arguments.pop(name) for name in ("level", "defines", "includes", "flags")}
        return function(options=Options(**given), **arguments)

    command: Any = with_options
    for option in (
        click.option(
            "--flag", "flags", multiple=True, metavar="FLAG", help="For the compiler, such as --flag=-std=c23."
        ),
        click.option(
            "-I", "includes", multiple=True, type=click.Path(path_type=Path), metavar="DIR", help="Has headers."
        ),
        click.option("-D", "defines", multiple=True, metavar="NAME[=VALUE]", help="Define a macro."),
        click.option("-O", "level", type=click.Choice(list(LEVELS)), default="2", help="How much to optimise (2)."),
    ):
        command = option(command)
    result: Function = command
    return result


class Tokens(click.ParamType[int]):
    """An amount of tokens, in base units."""

    name = "tokens"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return parse_tokens(value)
        except InputError as error:
            self.fail(str(error), param, ctx)


class Duration(click.ParamType[int]):
    """A time such as 90, 90s, 15m, 2h or 1d, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch("([0-9]{1,9})([smhd]?)", value)
        if match is None or not 0 < (seconds := int(match[1]) * _UNITS[match[2] or "s"]) < 2**32:
            self.fail(f"{value!r} is no time: write it like 90s, 15m, 2h or 1d.", param, ctx)
        return seconds
