"""Log lines, for people or for programs, without texts unless the operator asks for them."""

from __future__ import annotations

import logging
import sys
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TextIO

import msgspec


class Visit(msgspec.Struct, kw_only=True):
    """What the log has of one request."""

    request_id: str
    method: str
    path: str
    route: str = ""
    """The template of the path."""
    key: str = ""
    status: int = 0
    began: float = msgspec.field(default_factory=time.perf_counter)
    duration: float = 0.0
    cache: str = ""
    """``hit`` or ``miss``; empty where the answer has no audio."""
    engine: str = ""
    characters: int = 0
    error: str = ""
    text: str = ""


class AccessLog:
    """Writes lines of requests several times a second: one write for each would cost as much as a hit.

    Args:
        json: one object a line; else words for people.
        texts: whether the lines have the texts.
    """

    def __init__(self, *, json: bool = False, texts: bool = False, to: TextIO | None = None) -> None:
        self._json, self.texts, self._stream_out = json, texts, to or sys.stderr
        self._waiting: list[tuple[float, Visit]] = []

    def add(self, visit: Visit) -> int:
        """Take in a request that was answered; how many wait to be written."""
        visit.duration = time.perf_counter() - visit.began
        self._waiting.append((time.time(), visit))
        return len(self._waiting)

    def flush(self) -> list[Visit]:
        """Write the requests that wait; they are returned."""
        lines, self._waiting = self._waiting, []
        if lines:
            self._stream_out.write("".join(self._format_line(when, visit) for when, visit in lines))
            self._stream_out.flush()
        return [visit for _, visit in lines]

    def _format_line(self, when: float, visit: Visit) -> str:
        if self._json:
            facts = {
                k: v
                for k, v in msgspec.structs.asdict(visit).items()
                if v not in ("", 0) and k not in ("began", "route")
            }
            return _encode({"time": _format_time(when), "level": "info", "event": "request", **facts}) + "\n"
        words = [
            visit.cache,
            visit.engine,
            f"{visit.characters} characters" if visit.characters else "",
            visit.error,
        ]
        told = " ".join(
            [
                *(
                    _format_time(when),
                    visit.request_id,
                    visit.key or "-",
                    visit.method,
                    visit.path,
                    str(visit.status),
                ),
                f"{visit.duration * 1e3:.1f} ms",
                *filter(None, words),
                *([repr(visit.text)] if visit.text else []),
            ]
        )
        # A path can hold line breaks, and must not look like another line.
        return (
            told.encode("unicode_escape").decode().replace("\\\\", "\\") + "\n"
            if not told.isprintable()
            else told + "\n"
        )


def configure(json: bool) -> None:
    """Send the messages of the server's loggers to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        _JsonFormatter() if json else logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    )
    for name in ("voxpress", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts: dict[str, Any] = {
            "time": _format_time(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        if record.exc_info:
            facts["exception"] = self.formatException(record.exc_info)
        return _encode(facts)


def _encode(facts: dict[str, Any]) -> str:
    return msgspec.json.encode(facts).decode()


def _format_time(when: float) -> str:
    """ISO 8601, to the millisecond.

    >>> _format_time(1795800000.1239)
    '2026-11-27T17:20:00.123+00:00'
    """
    return f"{_format_second(int(when))}.{int(when % 1 * 1000):03}+00:00"


@lru_cache(maxsize=4)
def _format_second(when: int) -> str:
    # Cached, as thousands of lines are written in one second.
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%S")
