"""Who did something, as it is kept with what they did: people and keys may be gone when it is read."""

from promptstudio.access.principal import Principal
from promptstudio.storage.records import Record


class Author(Record):
    """A member or an API key. `name` is what it was at the time."""

    id: str
    name: str


def author(by: Principal) -> Author:
    """Who acts, as an author."""
    return Author(id=by.id, name=by.name)
