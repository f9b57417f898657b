"""Markdown: texts that stay texts."""

import re

from promptstudio_generators.names.escaped import Escaped
from promptstudio_generators.names.text import one_line


def markdown_text(text: str) -> Escaped:
    """The text in one line, which Markdown shows as it is: no markup, link, HTML or block begins in it."""
    escaped = re.sub(r"[\\`*_\[\]<>&|~!#$]", r"\\\g<0>", one_line(text))
    return Escaped(re.sub(r"^(?:(?=[-+=])|(\d{1,9})(?=[.)](?:\s|$)))", r"\1\\", escaped))
