"""The group of all commands, and what an error becomes: a line on standard error, and an exit status for its kind."""

import importlib
import os
import sys
from collections.abc import Mapping
from typing import Any

import click
from click.shell_completion import CompletionItem

from assay.errors import AssayError, ChainError, IntegrityError, TransientError

EXIT_STATUS: tuple[tuple[type[AssayError], int], ...] = (
    (TransientError, 3),
    (ChainError, 4),
    (IntegrityError, 5),
    (AssayError, 1),
)
"""The exit status by kind of error; the first that fits. Wrong usage is 2."""

INTERRUPTED = 130

PIPE_CLOSED = 141
"""As a shell shows a program that SIGPIPE has ended: `assay jobs | head -1`."""

NOT_FINALIZED = 6
"""The exit status of `submit --wait`, `watch` and `result` for a job that ended in another way."""

NOBODY = 7
"""The exit status of `quote` for a job that none of the known providers could take."""

DIFFERENT = 8
"""The exit status of `verify` for a job that was claimed, or published, otherwise than it runs here."""

NOT_ENDED = 9
"""The exit status of `watch` for a job that had not ended when the time was up."""

NOT_TAKEN = 10
"""The exit status of `deliver` for a result that the contract has refused."""

SECTIONS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "A market": {
        "devnet": ("devnet", "run a market of your own on this machine"),
        "console": ("console", "show a market on a web page"),
        "store": ("store", "serve a folder of programs, inputs and outputs"),
    },
    "Money": {
        "wallet": ("wallet", "make and list wallets, see what is in them"),
        "deposit": ("money", "bring tokens into the market"),
        "withdraw": ("money", "take them out again"),
        "stake": ("money", "be liable with tokens, as a provider or verifier"),
        "unstake": ("money", "make staked tokens free again"),
    },
    "Programs": {
        "build": ("programs", "build a program in C, C++ or Zig for the machine"),
        "run": ("programs", "run a program here and now"),
        "machine": ("machine", "try the machine itself, without the kernel"),
    },
    "Models": {
        "model": ("model", "import models from ONNX files, run and train them"),
    },
    "Jobs": {
        "quote": ("quote", "tell who could run a job, for how much and how soon"),
        "submit": ("submit", "send a program as a job, and pay for it"),
        "watch": ("watch", "watch a job: its stages, its clocks, and why nothing happens"),
        "jobs": ("jobs", "list jobs"),
        "show": ("jobs", "show what became of a job"),
        "result": ("jobs", "fetch a job's output, and check it"),
        "receipt": ("verify", "write all that a stranger needs to check a job into one file"),
        "verify": ("verify", "run a claimed job again, and say where it differs"),
        "deliver": ("deliver", "tell a contract the result of a job"),
        "cancel": ("exits", "take back a job that nobody has accepted"),
        "expire": ("exits", "end a job that was not accepted or claimed in time"),
        "finalize": ("exits", "pay for a claim that stood"),
        "extend": ("parties", "give the provider more time, if both sides want it"),
        "decline": ("parties", "give back a job that you were hired for by your offer"),
    },
    "Signatures": {
        "order": ("orders", "sign a job, for a provider to fill"),
        "ticket": ("tickets", "sign many tasks at once, for providers to take"),
        "offer": ("offers", "sign what you run, for requesters to hire you"),
        "epoch": ("parties", "cancel all that you have signed"),
    },
    "Who deals with whom": {
        "directory": ("directory", "be found as a provider, and find providers"),
        "access": ("access", "say whom you deal with"),
    },
    "Your shell": {
        "completion": ("completion", "make a shell complete what you type"),
    },
}
"""The commands by section: the module of `assay.cli`, and a summary. Loaded when needed: web3 takes its time."""

COMMANDS = {name: module for commands in SECTIONS.values() for name, (module, _) in commands.items()}


class Commands(click.Group):
    """Finds a command by its name in its module, and turns our errors into click's."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(f"assay.cli.{COMMANDS[name]}"), name)
        assert isinstance(command, click.Command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands, without loading any: a shell asks at every key."""
        found = [
            CompletionItem(name, help=summary)
            for commands in SECTIONS.values()
            for name, (_, summary) in commands.items()
            if name.startswith(incomplete)
        ]
        return found or super().shell_complete(ctx, incomplete)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section, commands in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name, summary) for name, (_, summary) in commands.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            click.echo("Interrupted.", err=True)
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            # Whoever read has read enough. What is still buffered goes nowhere, or Python complains when it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(PIPE_CLOSED)
        except AssayError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(next(status for kind, status in EXIT_STATUS if isinstance(error, kind)))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="assay")
def cli() -> None:
    """A compute market that pays only for right results.

    \b
    Start a market of your own, and send it a job:
        assay wallet new alice
        assay devnet --fund alice --detach
        assay build examples/compress/compress.c -o compress.elf
        assay submit compress.elf --stdin README.md --price 5 --run-period 60s --wait -o README.gz

    Settings come from flags, then from ASSAY_HOME, ASSAY_RPC_URL, ASSAY_DEPLOYMENT, ASSAY_STORE, ASSAY_WALLET and
    ASSAY_PASSWORD_FILE, then from config.toml in ASSAY_HOME (~/.assay).

    Exit status: 0 done, 1 something given cannot be used, 2 wrong usage, 3 a node or a store does not answer, 4 the
    chain refuses, 5 bytes are not what they should be, 6 the job has ended without a result that stands. Some commands
    have more, which their --help tells.
    """


def main() -> None:
    """What the console script `assay` calls."""
    cli()


if __name__ == "__main__":
    sys.exit(cli())
