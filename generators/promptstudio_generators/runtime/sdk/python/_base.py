"""What every error of this package can do."""

from typing import Any


class PortableError(Exception):
    """An error that survives `pickle`, `copy.copy` and `copy.deepcopy` with all its attributes."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[PortableError], args: tuple[object, ...], state: dict[str, object]) -> PortableError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error
