"""The console as a server: the index that is filled beside it, and the application that shows it."""

import threading
from pathlib import Path

import uvicorn

from assay.chain.connection import Chain
from assay.console.app import Console, make_app
from assay.console.replay import Replayer
from assay.index.database import Database
from assay.settings import Settings
from assay.store.location import open_store

LOOPBACK = ("127.0.0.1", "localhost")
MAX_CONNECTIONS = 200


class Server(uvicorn.Server):
    """A server that ends its streams, and its index's thread, when it is told to stop."""

    def __init__(self, config: uvicorn.Config, console: Console) -> None:
        super().__init__(config)
        self._console = console
        self.database = console.database.name
        self._stop = threading.Event()
        self._follower = threading.Thread(target=console.indexer.follow, args=(self._stop,), name="index", daemon=True)

    async def main_loop(self) -> None:
        """Follow the chain while requests are answered."""
        self._follower.start()
        try:
            await super().main_loop()
        finally:
            self._stop.set()
            self._console.live.stop()


def make_server(settings: Settings, chain: Chain, location: str, host: str) -> Server:
    """A server that is not running yet; `run()` blocks until it is told to stop. Raises `AssayError`."""
    console = Console.of(
        chain=chain,
        database=Database(location),
        store=open_store(settings.store, settings.cache),
        replayer=Replayer(settings.store, str(settings.cache), settings.execution),
        execution=settings.execution,
    )
    config = uvicorn.Config(
        make_app(console, [*LOOPBACK, host]),
        log_level="warning",
        access_log=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=2,
    )
    return Server(config, console)


def default_database(settings: Settings, chain: Chain) -> Path:
    """Where the index of a market is kept, if nothing else is said: another file for each market."""
    return settings.home / "index" / f"{chain.deployment.chain_id}-{chain.deployment.market}.db"
