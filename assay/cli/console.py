"""`assay console`: the market in a browser."""

import socket
import threading
import webbrowser

import click

from assay.cli.options import json_option, settings_options
from assay.cli.output import print_json, say
from assay.cli.session import Session
from assay.console.server import default_database, make_server
from assay.errors import InputError
from assay.settings import Settings

PORT = 8700


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 for any that is free.")
@click.option(
    "--database", metavar="FILE|URL", help="Where the index is kept (a file in ASSAY_HOME), or postgresql://."
)
@click.option("--open", "opens", is_flag=True, help="Open the page in a browser.")
@settings_options("rpc_url", "deployment", "store")
@json_option
def console(settings: Settings, host: str, port: int, database: str | None, opens: bool, as_json: bool) -> None:
    """Show the market on a web page, until interrupted: jobs, disputes step by step, providers, and what they earn.

    The page can post jobs and withdraw money with a wallet in the browser; no key is ever known here. Anyone who
    reaches the server can see what is on the chain, and put files into the store: on any address but 127.0.0.1, put
    something before it that knows its users.

    \b
    Examples:
        assay console --open
        assay console --port 0 --database postgresql://assay@localhost/assay
    """
    chain = Session(settings).chain
    location = database or str(default_database(settings, chain))
    server = make_server(settings, chain, location, host)
    with _listening(host, port) as listener:
        # From here on whoever connects waits for the server.
        url = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}/"
        if as_json:
            print_json({"url": url, "database": server.database})
        else:
            say(f"the market {chain.deployment.market} is shown on {url}; Ctrl-C ends it")
        if opens:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        server.run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as fault:
        raise InputError(
            f"cannot listen on {host}, port {port} ({fault.strerror}): choose another --host or --port, or --port 0"
        ) from fault
