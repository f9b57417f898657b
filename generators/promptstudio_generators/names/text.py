"""Free text, made fit for lines: whatever ends a line ends it, and what cannot be seen can be."""

import re
import unicodedata
from typing import Final

# What any of our languages, or an editor, takes for the end of a line.
_LINE_ENDS: Final = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")

# Control, format (bidirectional overrides and byte order marks are such), surrogate, private and unassigned.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_JOINERS: Final = "\u200c\u200d"  # needed to write Persian, Hindi and families of emoji


def lines_of(text: str) -> list[str]:
    """The lines of a text, without white space at their ends and without empty ones around them."""
    lines = [_visible(line.replace("\t", " ")).rstrip() for line in _LINE_ENDS.split(text)]
    while lines and not lines[0]:
        del lines[0]
    while lines and not lines[-1]:
        del lines[-1]
    return lines


def one_line(text: str) -> str:
    """The text in one line."""
    return " ".join(" ".join(lines_of(text)).split())


def _visible(line: str) -> str:
    return "".join(
        f"\\u{ord(each):04x}" if unicodedata.category(each) in _UNSEEN and each not in _JOINERS else each
        for each in line
    )
