"""Says what is being done, step by step, and how long it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

console = Console(highlight=False, soft_wrap=True)


class Step:
    """A step under way, which may say how far it is."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._started = time.monotonic()

    def progress(self, detail: str) -> None:
        """Show how far the step is, where the line can be written again."""
        if console.is_terminal:
            console.file.write(f"\r\033[K==> {self._text}: {detail}")
            console.file.flush()

    def done(self) -> None:
        seconds = f"{time.monotonic() - self._started:.1f} s"
        if console.is_terminal:
            console.file.write(f"\r\033[K==> {self._text}  {seconds}\n")
        else:
            console.print(f"    {seconds}")


@contextmanager
def step(text: str) -> Iterator[Step]:
    """Announce what is done in the block, and its time at the end."""
    current = Step(text)
    console.print(f"==> {text} ...", end="" if console.is_terminal else "\n", markup=False)
    try:
        yield current
    except BaseException:
        console.print()
        raise
    current.done()


def say(text: str = "") -> None:
    console.print(text, markup=False)
