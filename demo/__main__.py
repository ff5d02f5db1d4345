"""Play the market's whole story on a local network: `python -m demo`, or `make demo`."""

import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import click

from assay.errors import AssayError
from demo.stage import CHECKOUT, Stage, StoryError
from demo.story import Story


@click.command()
@click.option("--keep", is_flag=True, help="Leave the network and the agents running.")
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    default=CHECKOUT / ".demo",
    help="Where to keep everything; emptied first.",
)
@click.option("--port", default=0, help="Of the chain's node.  [default: a free one]")
def main(keep: bool, home: Path, port: int) -> None:
    """Deploy a market, pay for an honest job, and slash a lie."""
    home = home.absolute()
    stop_network(home)
    if home.exists():
        shutil.rmtree(home)
    home.mkdir(parents=True)
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


def stop_network(home: Path) -> None:
    """Stop the network of `home`, if one is running."""
    if (home / "devnet").is_dir():
        arguments = ["-m", "assay.cli.main", "devnet", "--home", str(home), "--stop"]
        subprocess.run([sys.executable, *arguments], capture_output=True, check=False)


if __name__ == "__main__":
    main()
