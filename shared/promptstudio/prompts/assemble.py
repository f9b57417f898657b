"""Puts what a template has printed together to messages."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from promptstudio.messages import Media, Message, Part, Section, Text
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
    role, placed, start = _FIRST_ROLE, False, 0
    for index, piece in enumerate(pieces):
        if isinstance(piece, Mark):
            _add(messages, role, pieces[start:index])
            start = index + 1
            role = piece.role or _ROLE_AFTER_HISTORY
            if piece.role is None:
                messages += past
                placed = True
    _add(messages, role, pieces[start:])
    if past and not placed:
        place = len(messages) - (bool(messages) and messages[-1].role == "user")
        messages[place:place] = past
    return messages


def _add(messages: list[Message], role: str, pieces: Sequence[Piece]) -> None:
    """Add the message that pieces make up: media and sections as they are, the texts between them joined,
    those of white space alone left out."""
    parts: list[Part] = []
    texts: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            texts.append(piece)
        elif isinstance(piece, (Media, Section)):
            _add_text(parts, texts)
            texts = []
            parts.append(piece)
    _add_text(parts, texts)
    if parts:
        messages.append(Message(role, tuple(parts)))


def _add_text(parts: list[Part], texts: list[str]) -> None:
    text = "".join(texts)
    if text.strip(WHITE_SPACE):
        parts.append(Text(text))


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
