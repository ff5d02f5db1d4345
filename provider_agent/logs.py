"""Log lines of an event's name and its fields: key=value for people, JSON for machines."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any


def about(**fields: Any) -> dict[str, dict[str, Any]]:
    """The `extra` of a log call: `log.info("accepted", extra=about(job=job))`."""
    return {"fields": {name: value for name, value in fields.items() if value is not None}}


def configure(style: str, level: str = "INFO") -> None:
    """Write the agent's log to standard error, as `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if style == "json" else _Text())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for ours in ("assay", "provider_agent", "demo"):
        logging.getLogger(ours).setLevel(level)


class _Text(logging.Formatter):
    """`2026-01-31T12:00:00Z INFO accepted job=0.1@0x...`."""

    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {name}={_plain(value)}" for name, value in _fields(record).items())
        line = f"{_time(record)} {record.levelname} {record.getMessage()}{fields}"
        return line + (f"\n{self.formatException(record.exc_info)}" if record.exc_info else "")


class _Json(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        content = {"time": _time(record), "level": record.levelname, "event": record.getMessage(), **_fields(record)}
        if record.exc_info:
            content["traceback"] = self.formatException(record.exc_info)
        return json.dumps(content, default=str)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = getattr(record, "fields", {})
    return fields


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: Any) -> str:
    """A value as it is if it is one plain word; else quoted, so that nobody's text can look like fields or lines."""
    text = str(value)
    return text if re.fullmatch(r"[^\s\"=\\]+", text) and text.isprintable() else json.dumps(text)
