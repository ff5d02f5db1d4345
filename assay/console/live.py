"""Live updates: what has changed in an index, as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool

from assay.console.models import Changes
from assay.errors import TransientError
from assay.index import query
from assay.index.database import Database

MAX_STREAMS = 64
"""Pages that are kept up to date at once."""

POLL = 0.5
"""Seconds between two looks at the index."""

HEARTBEAT = 15.0
"""Seconds after which something is sent, so that nobody in between takes the connection for a dead one."""

_MOST = 100
"""Names of each kind in one message; the others follow at once."""


class Live:
    """The streams of one server."""

    def __init__(self, database: Database, poll: float = POLL) -> None:
        self._database = database
        self._poll = poll
        self._stopped = False
        self.streams = 0

    def stop(self) -> None:
        """End all streams."""
        self._stopped = True

    def changes(self, revision: int | None) -> Changes | None:
        """What has changed after a revision; without one, where the index is. None before its first block."""
        changed: dict[str, list[str]] = {"jobs": [], "disputes": [], "accounts": []}
        with self._database.reading() as connection:
            position = query.position(connection)
            if position is None:
                return None
            if revision is None or revision > position.revision:
                is_reset = revision is not None
            else:
                is_reset = position.rewound > revision
                changed = query.changed_since(connection, revision, _MOST)
        whole = {"revision": position.revision, "block": position.block, "time": position.timestamp}
        # Of more than fit, the page gets to know by asking for everything anew.
        is_reset = is_reset or any(len(names) == _MOST for names in changed.values())
        return Changes.model_validate({**whole, **changed, "reset": is_reset})

    async def follow(self, revision: int | None) -> AsyncIterator[str]:
        """The stream of one page, from a revision on, as text/event-stream; cancelled when the page is gone."""
        self.streams += 1
        try:
            yield "retry: 2000\n\n"
            seen, quiet = (-1, -1), 0.0
            while not self._stopped:
                try:
                    changes = await run_in_threadpool(self.changes, revision)
                except TransientError:
                    changes = None
                if changes is not None and (changes.revision, changes.block) != seen:
                    seen, revision, quiet = (changes.revision, changes.block), changes.revision, 0.0
                    data = json.dumps(changes.model_dump())
                    yield f"event: changes\nid: {changes.revision}\ndata: {data}\n\n"
                elif quiet >= HEARTBEAT:
                    quiet = 0.0
                    yield ": still here\n\n"
                await asyncio.sleep(self._poll)
                quiet += self._poll
        finally:
            self.streams -= 1
