"""Messages between the agent and a worker, over a pair of sockets: a length, and a pickle.

The worker believes the agent. The agent does not believe a worker, in which strangers' programs run: of a pickle it
takes no more than plain values and the answers that there are, it never waits for the rest of a message, and it reads a
bounded number of bytes at a time.
"""

import os
import pickle
import socket
import struct
from collections.abc import Iterator
from io import BytesIO
from multiprocessing.connection import Connection
from typing import Any

from assay.errors import IntegrityError

MAX_MESSAGE = 64 << 20
"""Bytes of one message. The largest answer is a job's final roots, 32 bytes for each of some thousand tasks."""

_AT_ONCE = 1 << 20
"""Bytes that are read before the loop goes on with other things."""

_SEND_TIMEOUT = 5
"""Seconds that a worker has to take a question in."""

_LENGTH = struct.Struct("!I")

_KNOWN = {
    ("provider_agent.worker", "Running"),
    ("provider_agent.worker", "Finished"),
    ("provider_agent.worker", "Failed"),
    ("provider_agent.questions", "Checked"),
    ("provider_agent.questions", "Result"),
    ("provider_agent.questions", "Objection"),
    ("assay.dispute.strategy", "Move"),
    ("assay.dispute.strategy", "Step"),
    ("assay.dispute.game", "Pair"),
}
"""The classes of answers: data, and nothing that could do anything."""


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """One of the answers; nothing else can be named, and so nothing else be called."""
        if (module, name) not in _KNOWN:
            raise IntegrityError(f"a worker's answer names {module}.{name}, which is no answer")
        return super().find_class(module, name)


def socket_of(end: Connection) -> socket.socket:
    """One end of a duplex pipe, which is a socket, as one; the pipe's end is closed."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=os.dup(end.fileno()))
    end.close()
    return made


def pack(message: Any) -> bytes:
    """A message as it is sent."""
    content = pickle.dumps(message)
    return _LENGTH.pack(len(content)) + content


def unpack_answer(content: bytes) -> Any:
    """What a worker has said. Raises `IntegrityError` for anything that is no answer."""
    try:
        return _Reader(BytesIO(content)).load()
    except IntegrityError:
        raise
    except Exception as fault:  # a pickle that was made to break can raise anything
        raise IntegrityError(f"a worker's answer cannot be read: {fault!r}") from fault


class Inbox:
    """The agent's end: what a worker says, as far as it has said it."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._buffer = bytearray()
        # The system's own limit: Python's timeouts would count for what is read, too.
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _SEND_TIMEOUT, 0))

    def fileno(self) -> int:
        """To wait for."""
        return self._socket.fileno()

    def send(self, message: Any) -> None:
        """Send a question. Raises `OSError` if the worker is gone, or takes nothing in."""
        self._socket.sendall(pack(message))

    def messages(self) -> Iterator[Any]:
        """What has come in whole. Raises `EOFError` or `OSError` when the worker is gone, and `IntegrityError`."""
        taken = 0
        while taken < _AT_ONCE:
            try:
                piece = self._socket.recv(1 << 16, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            if not piece:
                raise EOFError
            taken += len(piece)
            self._buffer += piece
            yield from self._whole()

    def _whole(self) -> Iterator[Any]:
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > MAX_MESSAGE:
                raise IntegrityError(f"a worker's answer has {length} bytes, and {MAX_MESSAGE} are the most")
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                return
            content = bytes(self._buffer[_LENGTH.size : end])
            del self._buffer[:end]
            yield unpack_answer(content)

    def close(self) -> None:
        """Close the agent's end."""
        self._socket.close()


class Outlet:
    """The worker's end."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end

    def send(self, message: Any) -> None:
        """Send an answer. Raises `OSError` if the agent is gone."""
        self._socket.sendall(pack(message))

    def receive(self) -> Any:
        """The next question. Raises `EOFError` or `OSError` if the agent is gone."""
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size))
        return pickle.loads(self._exactly(length))

    def _exactly(self, count: int) -> bytes:
        content = b""
        while len(content) < count:
            piece = self._socket.recv(count - len(content))
            if not piece:
                raise EOFError
            content += piece
        return content
