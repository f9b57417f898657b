"""Messages: what a template renders to, what a history holds, and what a model is sent."""

from dataclasses import dataclass

# Each run makes several of these anew: frozen, every member would cost a function call.


@dataclass(slots=True)
class Text:
    text: str


@dataclass(slots=True)
class Media:
    url: str
    content_type: str | None = None


@dataclass(slots=True)
class Section:
    """A named place in a message (`{{section "name"}}`). It says nothing to the model."""

    name: str


Part = Text | Media | Section


@dataclass(slots=True)
class Message:
    """`role` is system, user or model. `history` marks what the caller, not the template, said."""

    role: str
    content: tuple[Part, ...]
    history: bool = False
