"""Compiled templates, kept as Python keeps compiled modules: beside this one, where that can be written to.

Compiling the templates of two languages takes as long as generating a hundred prompts with them.
"""

import os
import pickle
import sys
from pathlib import Path
from typing import Final

import jinja2
from jinja2.bccache import Bucket, BytecodeCache

_FOLDER: Final = Path(__file__).parent / "__pycache__"
_UNREADABLE: Final = (OSError, EOFError, ValueError, pickle.UnpicklingError)


class CompiledTemplates(BytecodeCache):
    """Finds a template by its source, by Python's and Jinja's versions, and by `settings`: the file whose
    changes are changes of how templates are compiled."""

    def __init__(self, settings: Path, folder: Path = _FOLDER) -> None:
        self._folder = folder
        made = settings.stat().st_mtime_ns
        self._suffix = f"{sys.implementation.cache_tag}-jinja-{jinja2.__version__}-{made:x}"

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket, where there is a file for it that can be read."""
        try:
            with self._file(bucket).open("rb") as file:
                bucket.load_bytecode(file)
        except _UNREADABLE:
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write the bucket's file, whole or not at all. A folder that cannot be written to is no error."""
        if sys.dont_write_bytecode:
            return
        target = self._file(bucket)
        beside = target.with_suffix(f".{os.getpid()}")
        try:
            self._folder.mkdir(exist_ok=True)
            beside.write_bytes(bucket.bytecode_to_string())
            beside.replace(target)
        except OSError:
            return

    def _file(self, bucket: Bucket) -> Path:
        return self._folder / f"{bucket.key}.{self._suffix}"
