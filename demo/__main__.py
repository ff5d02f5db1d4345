"""Play the market's whole story on a local network: `python -m demo`, or `make demo`."""

import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import click

from assay.errors import AssayError, InputError
from demo.stage import CHECKOUT, Stage, StoryError
from demo.story import Story

MARKER = ".assay-demo"
"""The file that says of a folder that a demo made it."""


@click.command()
@click.option("--keep", is_flag=True, help="Leave the network and the agents running.")
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    default=CHECKOUT / ".demo",
    help="Where to keep everything; what an earlier demo left there is removed first.",
)
@click.option("--port", default=0, help="Of the chain's node.  [default: a free one]")
def main(keep: bool, home: Path, port: int) -> None:
    """Deploy a market, pay for an honest job, and slash a lie."""
    home = home.resolve()
    try:
        clear(home)
    except AssayError as fault:
        raise click.ClickException(str(fault)) from fault
    password_file = home / "password"
    password_file.write_text(secrets.token_urlsafe())
    password_file.chmod(0o600)

    stage = Stage(home, password_file)
    story = Story(stage)
    try:
        story.play(port)
        if keep:
            story.say_how_to_go_on()
    except (StoryError, AssayError, subprocess.SubprocessError) as fault:
        keep = False
        sys.exit(f"\nThe story broke off: {fault}\nThe logs are in {home / 'logs'} and {home / 'devnet'}.")
    except BaseException:
        keep = False
        raise
    finally:
        if not keep:
            stage.stop_agents()
            stop_network(home)


def clear(home: Path) -> None:
    """Make `home` an empty folder, if what is there is an earlier demo's. Raises `InputError` if it is not."""
    if (home / MARKER).is_file():
        stop_network(home)
        shutil.rmtree(home)
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise InputError(f"{home} is not empty, and not from an earlier demo: remove it yourself, or choose another")
    home.mkdir(parents=True, exist_ok=True)
    (home / MARKER).write_text("Everything here is of one demo, and goes when the next one begins.\n")


def stop_network(home: Path) -> None:
    """Stop the network of `home`, if one is running."""
    if (home / "devnet").is_dir():
        arguments = ["-m", "assay.cli.main", "devnet", "--home", str(home), "--stop"]
        subprocess.run([sys.executable, *arguments], capture_output=True, check=False)


if __name__ == "__main__":
    main()
