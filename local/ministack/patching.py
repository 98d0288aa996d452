"""How a correction takes hold of a function of MiniStack's."""

import functools
from collections.abc import Callable
from typing import Any


def around(module: Any, name: str, wrapper: Callable[..., Any]) -> None:
    """Call `wrapper(original, *arguments)` wherever MiniStack calls `module.name`.

    Raises AttributeError when MiniStack has no such function, so that a correction never misses silently.
    """
    original = getattr(module, name)

    @functools.wraps(original)
    def corrected(*args: Any, **kwargs: Any) -> Any:
        return wrapper(original, *args, **kwargs)

    setattr(module, name, corrected)


def replace(module: Any, name: str, function: Callable[..., Any]) -> None:
    """Put `function` in the place of `module.name`, which has to exist."""
    getattr(module, name)
    setattr(module, name, function)


def edit(text: str, old: str, new: str) -> str:
    """`text` with its single `old` replaced; raises ValueError when it is not there exactly once."""
    if text.count(old) != 1:
        raise ValueError(f"MiniStack's text has {text.count(old)} of what is to be replaced: {old!r}")
    return text.replace(old, new)
