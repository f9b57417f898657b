"""Text that a template may put into a file as it stands: it was made or checked for the place it goes to."""


class Escaped(str):
    """Text that an escaping function of `names` made, or a name that it found fit.

    Whatever is made of it by slicing, joining or formatting is a bare `str` again, which the templates of
    SDKs refuse.
    """

    __slots__ = ()
