"""`assay devnet`: a market of one's own on this machine."""

import click

from assay.chain.keys import find_wallet
from assay.chain.records import parse_address
from assay.cli.options import json_option, settings_options
from assay.cli.output import print_json, say
from assay.devnet import Running, run_devnet, start_detached, stop_devnet
from assay.settings import Settings


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8545, show_default=True, help="Of the chain's node; 0: any."
)
@click.option(
    "--store-port", type=click.IntRange(0, 65535), default=8600, show_default=True, help="Of the store; 0: any."
)
@click.option(
    "--fund", multiple=True, metavar="WALLET", help="A wallet or address that gets 10,000 tokens and 10 coins."
)
@click.option("--detach", is_flag=True, help="Leave it running in the background.")
@click.option("--stop", is_flag=True, help="Stop the one in the background.")
@settings_options("deployment")
@json_option
def devnet(
    *, settings: Settings, port: int, store_port: int, fund: tuple[str, ...], detach: bool, stop: bool, as_json: bool
) -> None:
    """Run a market of your own: a local chain with one-second blocks, the contracts, and a store.

    Needs a checkout. It starts afresh each time, writes the config.toml and the deployment file that the other commands
    read, and stays until Ctrl-C; or, with --detach, until `assay devnet --stop`.

    \b
    Examples:
        assay devnet --fund alice --fund bob --detach
        assay devnet --stop
    """
    if stop:
        stop_devnet(settings)
        say("The network has stopped.")
        return
    addresses = [_address_of(settings, name) for name in fund]

    def ready(running: Running) -> None:
        if as_json:
            print_json(running)
        else:
            click.echo(f"node   {running.rpc_url}\nstore  {running.store_url}\nmarket {settings.deployment}")
            say("Ctrl-C stops it." if not detach else "`assay devnet --stop` stops it.")

    if detach:
        funds = [argument for address in addresses for argument in ("--fund", address)]
        ports = ["--port", str(port), "--store-port", str(store_port)]
        ready(start_detached(settings, [*ports, *funds, "--deployment", str(settings.deployment)], say))
    else:
        run_devnet(settings, port=port, store_port=store_port, fund=addresses, told=say, ready=ready)


def _address_of(settings: Settings, name: str) -> str:
    """The address of a wallet, or the address that `name` is."""
    return parse_address(name) if name.startswith("0x") else find_wallet(settings.wallets, name).address
