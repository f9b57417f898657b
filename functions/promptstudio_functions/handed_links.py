"""Links with a secret in them, which people hand to one another."""

from promptstudio.access.tokens import NewToken
from promptstudio.storage.records import Record
from promptstudio.times import rfc3339


class HandedLink(Record):
    """A link that is shown this once. `token` is what its page sends back."""

    url: str
    token: str
    expires_at: str


def secret_url(public_url: str, page: str, secret: str) -> str:
    """The address of a page with a secret behind a #, which browsers send to nobody."""
    return f"{public_url.rstrip('/')}/{page}#{secret}"


def handed_link(public_url: str, page: str, token: NewToken) -> HandedLink:
    """A token as the link that is answered."""
    url = secret_url(public_url, page, token.text)
    return HandedLink(url=url, token=token.text, expires_at=rfc3339(token.expires_at))
