"""A log line can be read by people and by programs, whatever a stranger put into a field."""

import json
import logging
from collections.abc import Iterator

import pytest

from provider_agent.logs import about, configure

HOSTILE = 'a "quoted" value\nwith level=ERROR in it'
LOG = logging.getLogger("provider_agent.test")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_text_line_stays_one_line_with_its_values_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    configure("text")
    LOG.info("refused", extra=about(job="0.1@0x1", reason=HOSTILE, progress=None))

    (line,) = capsys.readouterr().err.splitlines()
    assert line.split(" ", 1)[1] == f"INFO refused job=0.1@0x1 reason={json.dumps(HOSTILE)}"


def test_a_json_line_gives_every_field_back(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    LOG.warning("refused", extra=about(job="0.1@0x1", reason=ValueError(HOSTILE), count=3))

    line = json.loads(capsys.readouterr().err)
    assert line.pop("time").endswith("Z")
    assert line == {"level": "WARNING", "event": "refused", "job": "0.1@0x1", "reason": HOSTILE, "count": 3}


def test_only_ours_is_told_in_detail(capsys: pytest.CaptureFixture[str]) -> None:
    configure("text", "DEBUG")
    LOG.debug("ours")
    logging.getLogger("urllib3").info("not ours")

    assert [line.split()[-1] for line in capsys.readouterr().err.splitlines()] == ["ours"]


@pytest.mark.parametrize("value", ["one\ntwo", "tab\there", "\x1b[31mred", "a=b", "", '"'])
def test_a_value_that_could_be_mistaken_is_quoted(capsys: pytest.CaptureFixture[str], value: str) -> None:
    configure("text")
    LOG.info("event", extra=about(reason=value))

    assert capsys.readouterr().err.endswith(f" event reason={json.dumps(value)}\n")
