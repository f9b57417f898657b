"""Log records as lines of JSON."""

import json
import logging
import subprocess
import sys

from promptstudio.log_lines import MEMBERS, JsonLines

SCRIPT = """
import logging
from promptstudio.log_lines import log_to_stdout
log_to_stdout("severity")
logging.getLogger("a").debug("unseen")
logging.getLogger("a").info("seen")
"""


def record(message: str, *, error: BaseException | None = None, members: object = None) -> logging.LogRecord:
    told = None if error is None else (type(error), error, error.__traceback__)
    made = logging.LogRecord("a.b", logging.ERROR, "", 0, message, (), told)
    if members is not None:
        setattr(made, MEMBERS, members)
    return made


def test_a_record_is_one_line_whatever_it_says() -> None:
    text = JsonLines("level").format(record('two\nlines "quoted" \ud800 ä', members={"version": 3}))
    assert text.isascii()
    assert "\n" not in text
    message = 'two\nlines "quoted" \ud800 ä'
    assert json.loads(text) == {"level": "ERROR", "message": message, "logger": "a.b", "version": 3}


def test_an_exception_stands_in_the_message() -> None:
    line = json.loads(JsonLines("severity").format(record("Broken.", error=ValueError("why"))))
    assert line["message"] == "Broken.\nValueError: why"


def test_standard_output_has_what_is_worth_knowing() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"severity": "INFO", "message": "seen", "logger": "a"}
    assert done.stderr == ""
