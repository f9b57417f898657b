"""Text that a template may put into a file as it stands: it was made or checked for the place it goes to."""


class Escaped(str):
    """Text that an escaping function of `names` made, or a name that it found fit.

    Whatever is made of it by slicing, joining or formatting is a bare `str` again, which the templates of
    SDKs refuse.
    """

    __slots__ = ()


def compose(pattern: str, *parts: Escaped) -> Escaped:
    """A pattern of the program's own, such as "list[{}]", with Escaped parts in its braces."""
    for part in parts:
        if not isinstance(part, Escaped):
            raise TypeError(f"{part!r} is not Escaped")
    return Escaped(pattern.format(*parts))
