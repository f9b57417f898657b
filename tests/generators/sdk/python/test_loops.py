"""One thing for each event loop, whichever threads the loops run in."""

import asyncio
import threading
from collections.abc import Callable

from promptstudio_generators.runtime.sdk.python._loops import PerLoop


def from_another_loop(do: Callable[[], object]) -> threading.Thread:
    """A thread that does this in a loop of its own."""

    async def done() -> None:
        do()

    thread = threading.Thread(target=lambda: asyncio.run(done()))
    thread.start()
    return thread


def test_loops_of_two_threads_may_ask_at_once() -> None:
    """Another loop asks while closed ones are looked for: it waits, and each gets its own."""
    given: list[object] = []
    asking: list[threading.Thread] = []
    things: PerLoop[object] = PerLoop(object)

    class Interrupted(asyncio.SelectorEventLoop):
        def is_closed(self) -> bool:
            if not asking:
                asking.append(from_another_loop(lambda: given.append(things.get())))
                asking[0].join(0.3)  # it comes back only where nothing keeps it out
            return super().is_closed()

    async def get() -> object:
        return things.get()

    with asyncio.Runner(loop_factory=Interrupted) as runner:
        asking.append(threading.current_thread())
        mine = runner.run(get())
        asking.clear()
        from_another_loop(lambda: given.append(things.get())).join()
        asking[0].join()
        assert len({id(each) for each in (*given, mine)}) == len(given) + 1 == 3
        assert runner.run(get()) is mine
