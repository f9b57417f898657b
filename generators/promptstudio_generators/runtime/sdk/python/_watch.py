"""An end for reads that last too long, for libraries whose own time limits begin anew with every byte."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Final

from ._transport import TransportError, TransportTimeoutError

_LONGEST_STEP_S: Final = 1.0
_STEPS: Final = 20
_TOLERANCE: Final = 0.95
_OVER: Final = "The answer did not go on in time."


class Watched:
    """Reads from a connection, none longer than it may.

    `patience` is how long the library itself waits for bytes. A thread is started for what is to end sooner,
    so for no answer that is there at once. `descriptor` gives the socket's; None where there is no socket.
    `extend` lets the library wait as long as it is told, for ever where that is None, and tells whether it
    could: a stream may be silent for longer than its attempt took to begin.
    """

    __slots__ = ("_descriptor", "_extend", "_is_over", "_lock", "_patience", "_watch", "is_closed")

    def __init__(
        self,
        patience: float | None,
        descriptor: Callable[[], int | None],
        extend: Callable[[float | None], bool],
    ) -> None:
        self._patience = patience
        self._descriptor = descriptor
        self._extend = extend
        self._watch: _Watch | None = None
        self._is_over = False
        self._lock = threading.Lock()
        self.is_closed = False

    def read(self, next_bytes: Callable[[], bytes], within: float | None) -> bytes:
        """What `next_bytes` gives; raises TransportTimeoutError, and the TransportError that it raises."""
        given = self._read(next_bytes, within)
        self._is_over = not given
        return given

    def _read(self, next_bytes: Callable[[], bytes], within: float | None) -> bytes:
        if self._patience is not None and (within is None or within > self._patience):
            # From then on its own limit does: the library's begins anew with every byte.
            self._patience = None if self._extend(within) else self._patience
        if within is None or (self._patience is not None and within >= self._patience * _TOLERANCE):
            return next_bytes()
        watch = self._watching()
        if watch is None:
            return next_bytes()
        watch.begin(within)
        try:
            given = next_bytes()
        except TransportError as error:
            if watch.ended:
                raise TransportTimeoutError(_OVER) from error
            raise
        finally:
            watch.pause()
        # To a body without a length, a socket that was shut down is one that came to its end.
        if watch.ended and not given:
            raise TransportTimeoutError(_OVER)
        return given

    def close(self, close: Callable[[], None]) -> None:
        """Wake a thread that still waits, and then `close` the answer: once, whichever threads ask for it.

        Closed twice at once, an answer of urllib3's would take the connection of the next one with it.
        """
        with self._lock:
            if self.is_closed:
                return
            self.is_closed = True
        watch = self._watch if self._is_over else self._watching()
        if watch is not None:
            watch.close(and_shut=not self._is_over)
        close()

    def _watching(self) -> "_Watch | None":
        with self._lock:
            if self._watch is None:
                descriptor = self._descriptor()
                if descriptor is not None and descriptor >= 0:
                    self._watch = _Watch(descriptor)
            return self._watch


class _Watch:
    """Shuts a socket down when its time is over: this wakes the thread that waits for its bytes.

    The moment is met to a twentieth of the time until then, or a second. `ended` tells that it was.
    """

    __slots__ = ("_changed", "_is_closed", "_socket", "_step", "_until", "ended")

    def __init__(self, descriptor: int) -> None:
        # A descriptor of our own cannot come to mean another connection while the thread has it.
        self._socket = socket.socket(fileno=socket.dup(descriptor))
        self._until: float | None = None
        self._step = _LONGEST_STEP_S
        self._changed: threading.Event | None = None  # tells the thread, once there is one
        self._is_closed = False
        self.ended = False

    def begin(self, seconds: float) -> None:
        """From now on, no longer than this."""
        before, self._step = self._step, max(0.001, min(_LONGEST_STEP_S, seconds / _STEPS))
        self._until = time.monotonic() + seconds
        if self._changed is None:
            self._changed = threading.Event()
            threading.Thread(target=self._run, args=(self._changed,), daemon=True).start()
        elif self._step < before:
            self._changed.set()

    def pause(self) -> None:
        """Nobody waits."""
        self._until = None

    def close(self, *, and_shut: bool) -> None:
        if and_shut:
            self._shut_down()
        self._until = None
        self._is_closed = True
        if self._changed is None:
            self._socket.close()
        else:
            self._changed.set()

    def _run(self, changed: threading.Event) -> None:
        with self._socket:
            while not self._is_closed:
                changed.wait(self._step)
                changed.clear()
                until = self._until
                if until is not None and time.monotonic() >= until:
                    self.ended = True
                    self._shut_down()
                    return

    def _shut_down(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is closed already
