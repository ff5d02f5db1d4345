"""`assay store`: a folder of blobs for others."""

from pathlib import Path

import click

from assay.cli.options import settings_options
from assay.cli.output import say
from assay.settings import Settings
from assay.store.base import MAX_BLOB
from assay.store.server import make_server


@click.group()
def store() -> None:
    """Keep programs, inputs and outputs where others find them."""


@store.command()
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="The folder (blobs in ASSAY_HOME).")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8600, show_default=True)
@click.option("--limit", type=click.IntRange(1, MAX_BLOB), default=MAX_BLOB, metavar="BYTES", help="Of one blob.")
@settings_options()
def serve(settings: Settings, folder: Path | None, host: str, port: int, limit: int) -> None:
    """Serve a folder of blobs over HTTP, until interrupted.

    Anyone who reaches the server can read and write: on any address but 127.0.0.1, put something before it that knows
    its users. Others name it as `--store http://HOST:PORT`.

    \b
    Example:
        assay store serve --folder /srv/blobs --port 8600
    """
    server = make_server(folder or settings.home / "blobs", host, port, limit)
    say(f"serving {folder or settings.home / 'blobs'} on http://{host}:{port}")
    server.run()
