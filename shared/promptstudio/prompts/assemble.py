"""Puts what a template has printed together to messages."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, cast

from promptstudio.messages import Message, Part, Text
from promptstudio.prompts.context import Mark, Piece
from promptstudio.prompts.spaces import WHITE_SPACE

_FIRST_ROLE: Final = "user"
_ROLE_AFTER_HISTORY: Final = "model"


def to_messages(pieces: Sequence[Piece], history: Sequence[Message]) -> list[Message]:
    """The messages that pieces make up, with the history in its place.

    A message of white space alone vanishes. A history that no mark places stands before the last message
    if that is the user's, else at the end.
    """
    past = [replace(message, history=True) for message in history] if history else []
    messages: list[Message] = []
    role, placed = _FIRST_ROLE, False
    parts: list[Part] = []
    begin = 0
    for index, piece in enumerate(pieces):
        if isinstance(piece, str):
            continue
        if begin < index:
            _add_text(parts, pieces[begin:index])
        begin = index + 1
        if not isinstance(piece, Mark):
            parts.append(piece)
            continue
        if parts:
            messages.append(Message(role, tuple(parts)))
            parts.clear()
        role = piece.role or _ROLE_AFTER_HISTORY
        if piece.role is None:
            messages += past
            placed = True
    if begin < len(pieces):
        _add_text(parts, pieces[begin:])
    if parts:
        messages.append(Message(role, tuple(parts)))
    return messages if placed or not past else _with_history(messages, past)


def _add_text(parts: list[Part], texts: Sequence[Piece]) -> None:
    """Add texts as one, unless they are white space alone."""
    text = "".join(cast("Sequence[str]", texts))
    if text.strip(WHITE_SPACE):
        parts.append(Text(text))


def _with_history(messages: list[Message], past: list[Message]) -> list[Message]:
    end = len(messages) - (bool(messages) and messages[-1].role == "user")
    return [*messages[:end], *past, *messages[end:]]


def indented(pieces: Iterable[Piece], indent: str, charge: Callable[[int], None]) -> Iterator[Piece]:
    """Pieces with each of their lines indented, but for an empty last one.

    `charge` is told how many characters are added, before they are.
    """
    fresh = True
    for piece in pieces:
        if isinstance(piece, str) and piece:
            line, ending = (piece[:-1], "\n") if piece.endswith("\n") else (piece, "")
            charge(len(indent) * (line.count("\n") + fresh))
            yield (indent if fresh else "") + line.replace("\n", "\n" + indent) + ending
            fresh = bool(ending)
        elif not isinstance(piece, str):
            if fresh:
                charge(len(indent))
                yield indent
            yield piece
            fresh = False
