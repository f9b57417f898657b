"""Logs as lines of JSON on standard output, which the clouds' log services take apart into fields."""

import json
import logging
import sys
from typing import Final

MEMBERS: Final = "members"
"""The attribute of a log record, given by `extra`, that holds further members of its line."""


class JsonLines(logging.Formatter):
    """One object for each record. `level` is what the cloud calls the member for its severity."""

    def __init__(self, level: str) -> None:
        super().__init__()
        self._level = level

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        if record.exc_info:
            message += "\n" + self.formatException(record.exc_info)
        line = {self._level: record.levelname, "message": message, "logger": record.name}
        return json.dumps({**line, **getattr(record, MEMBERS, {})})


def log_to_stdout(level: str) -> None:
    """Send every logger's lines, from INFO on, to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(level))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
