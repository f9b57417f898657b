"""What a message holds, as providers take it: one string, or parts where there is media."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from promptstudio.errors import AppError
from promptstudio.messages import Media, Message, Text
from promptstudio.providers.base import Provider

PDF: Final = "application/pdf"

_UNNAMED: Final = "image"  # what a media part without a type is taken for


@dataclass(frozen=True, slots=True)
class Attachment:
    """Media by its kind. `base64` is there where the URL was a data URL that holds it."""

    url: str
    content_type: str
    base64: str | None

    @property
    def is_image(self) -> bool:
        return self.content_type == _UNNAMED or self.content_type.startswith("image/")


def joined_text(message: Message) -> str | None:
    """All of the message's text; None if it holds media."""
    content = message.content
    if len(content) == 1 and type(content[0]) is Text:
        return content[0].text
    if any(isinstance(part, Media) for part in content):
        return None
    return "".join(part.text for part in content if isinstance(part, Text))


def transcript(messages: Sequence[Message]) -> str:
    """Messages as a person reads them, media by its URL."""
    return "\n\n".join(f"[{message.role}]\n{_shown(message)}" for message in messages)


def _shown(message: Message) -> str:
    return "".join(
        part.text if isinstance(part, Text) else f"[media: {part.url}]"
        for part in message.content
        if isinstance(part, (Text, Media))
    )


def parts(provider: Provider, message: Message) -> list[Text | Attachment]:
    """The message's parts, empty texts left out. Only the user may show media: else media_unsupported."""
    found: list[Text | Attachment] = []
    for part in message.content:
        if isinstance(part, Media):
            attachment = _attachment(part)
            if message.role != "user":
                raise unsupported(provider, attachment)
            found.append(attachment)
        elif isinstance(part, Text) and part.text:
            found.append(part)
    return found


def unsupported(provider: Provider, attachment: Attachment) -> AppError:
    return AppError("media_unsupported", provider=provider.name, type=attachment.content_type)


def _attachment(media: Media) -> Attachment:
    if not media.url.startswith("data:"):
        return Attachment(media.url, media.content_type or _UNNAMED, None)
    head, _, data = media.url[5:].partition(",")
    named, *parameters = head.split(";")
    base64 = data if "base64" in parameters else None
    return Attachment(media.url, media.content_type or named or _UNNAMED, base64)
