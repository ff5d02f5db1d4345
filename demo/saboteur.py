"""A provider agent that lies about what it computed: `python -m demo.saboteur --config FILE --step K`.

Everything but the machines is the shipped agent.
"""

from functools import partial
from pathlib import Path

import click

from assay.errors import AssayError
from demo.tampering import STDOUT, Lie, tampered_machines


@click.command()
@click.option("--config", type=click.Path(path_type=Path), required=True, help="The agent's settings file.")
@click.option("--roles", default="provider", show_default=True, help="As of provider-agent.")
@click.option("--step", type=int, required=True, help="The step that is lied about; negative: from the run's end.")
@click.option("--register", type=click.IntRange(1, 31), help="Alter this register (RISC-V).")
@click.option("--address", type=int, default=STDOUT, help="Alter the byte at this address (RISC-V).")
def main(config: Path, roles: str, step: int, register: int | None, address: int) -> None:
    """Run an agent that lies about one step of everything that it computes."""
    # Imported here because every worker process imports this file first, and needs none of it.
    # ruff: noqa: PLC0415
    from provider_agent.agent import run_agent
    from provider_agent.logs import configure
    from provider_agent.settings import load_settings
    from provider_agent.stop import Stop

    configure("text")
    stop = Stop()
    stop.on_signals()
    machines = partial(tampered_machines, Lie(step, register, address))
    try:
        run_agent(load_settings(config), roles.split(","), stop, machines)
    except AssayError as fault:
        raise click.ClickException(str(fault)) from fault


if __name__ == "__main__":
    main()
