"""`assay console`: the market in a browser."""

import socket
import threading
import time
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
    if port == 0:
        with socket.create_server((host, 0)) as probe:
            port = probe.getsockname()[1]
    else:
        _check_free(host, port)
    server = make_server(settings, chain, location, host, port)
    url = f"http://{host}:{port}/"
    if as_json:
        print_json({"url": url, "database": location})
    else:
        say(f"the market {chain.deployment.market} is shown on {url}; Ctrl-C ends it")
    if opens:
        threading.Thread(target=_open, args=(server, url), daemon=True).start()
    server.run()


def _check_free(host: str, port: int) -> None:
    try:
        socket.create_server((host, port)).close()
    except OSError as taken:
        raise InputError(f"cannot listen on {host}:{port} ({taken.strerror}): choose another --port, or 0") from taken


def _open(server: object, url: str) -> None:
    while not getattr(server, "started", False):
        time.sleep(0.05)
    webbrowser.open(url)
