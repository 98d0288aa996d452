"""In-process use: moto's `mock_aws` with this emulator in place of moto's own few operations of Personalize.

@mock_personalize                        a function, a coroutine, a generator, a class of tests
@mock_personalize(Settings(...))         the same with settings
with mock_personalize() as emulator:     a block
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, aclosing, contextmanager
from functools import partial
from threading import RLock
from types import TracebackType
from typing import Any, TypeVar, cast, overload
from unittest import TestCase
from unittest.mock import patch

import moto.backend_index
import moto.backends
import moto.personalize
from moto import mock_aws

from .clock import Clock
from .emulator import Emulator
from .models import personalize_backends
from .service_model import EVENTS, RUNTIME
from .settings import Settings, Switches

#: Settings that answer as moto's own few operations do, and under which its tests pass: any text is a schema, and it
#: has other words for what does not exist. AWS's guide wants an Avro schema, so the defaults refuse other text.
LIKE_MOTO = Settings(switches=Switches(check_schemas=False, not_found_text="Resource Arn {arn} does not exist."))

Target = TypeVar("Target", bound=Callable[..., Any])

#: What mocks replace belongs to the whole process. Whoever changes it holds this.
_lock = RLock()


class _Registration:
    """moto's tables while at least one mock needs them changed, in whichever order mocks come and go."""

    def __init__(self) -> None:
        self._users = 0
        self._changes = ExitStack()

    def enter(self) -> None:
        with _lock:
            if self._users == 0:
                self._change()
            self._users += 1

    def leave(self) -> None:
        with _lock:
            self._users -= 1
            if self._users == 0:
                self._changes.close()

    def _change(self) -> None:
        names: Any = moto.backends
        patterns: Any = moto.backend_index
        planes = [(service, re.compile(rf"https?://{service}\.(.+)\.amazonaws\.com")) for service in (RUNTIME, EVENTS)]
        aliases = {service.replace("-", ""): "personalize" for service in (RUNTIME, EVENTS)}
        for change in (
            patch.object(moto.personalize, "personalize_backends", personalize_backends),
            patch.dict(names.ALT_SERVICE_NAMES, aliases),
            patch.dict(names.ALT_BACKEND_NAMES, aliases),
            patch.object(patterns, "backend_url_patterns", [*patterns.backend_url_patterns, *planes]),
        ):
            self._changes.enter_context(change)


class _Entered:
    """The emulators of the mocks that are open, the one that answers last; below them whoever was current before."""

    def __init__(self) -> None:
        self._open: list[Emulator] = []
        self._before: Emulator | None = None

    def enter(self, emulator: Emulator) -> None:
        with _lock:
            if not self._open:
                self._before = Emulator._current
            self._open.append(emulator)
            emulator.make_current()

    def leave(self, emulator: Emulator) -> None:
        with _lock:
            self._open = [other for other in self._open if other is not emulator]
            Emulator._current = self._open[-1] if self._open else self._before


_registration = _Registration()
_entered = _Entered()


@contextmanager
def registered(settings: Settings | None = None) -> Iterator[Emulator]:
    """While this lasts, moto routes all three Personalize services here, whichever way moto is used.

    With `settings` an emulator of these answers, which it yields; without, the one that is current.
    """
    emulator = Emulator(settings) if settings is not None else Emulator.current()
    _registration.enter()
    if settings is not None:
        _entered.enter(emulator)
    try:
        yield emulator
    finally:
        if settings is not None:
            _entered.leave(emulator)
        _registration.leave()


@contextmanager
def mocked(emulator: Emulator) -> Iterator[Emulator]:
    """A mocked AWS whose Personalize is this emulator. What it held is forgotten at the end."""
    _registration.enter()
    _entered.enter(emulator)
    aws = mock_aws()
    try:
        aws.start()
        try:
            yield emulator
        finally:
            aws.stop()
    finally:
        _entered.leave(emulator)
        _registration.leave()
        emulator.close()


class Mock(AbstractContextManager[Emulator]):
    """What `mock_personalize(...)` returns: a context manager and a decorator. Each use has an emulator of its own."""

    def __init__(self, make: Callable[[], Emulator]) -> None:
        self._make = make
        self._blocks: list[AbstractContextManager[Emulator]] = []

    def __enter__(self) -> Emulator:
        block = mocked(self._make())
        emulator = block.__enter__()
        self._blocks.append(block)
        return emulator

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._blocks.pop().__exit__(kind, error, trace)

    def start(self) -> Emulator:
        """Begin without a block; `stop` ends it."""
        return self.__enter__()

    def stop(self) -> None:
        if not self._blocks:
            raise RuntimeError("stop() without start()")
        self.__exit__(None, None, None)

    def __call__(self, target: Target) -> Target:
        """Decorate. Raises TypeError for what is neither a function nor a class."""
        decorated: Any
        if inspect.isclass(target):
            decorated = _mock_class(target, self._make)
        elif inspect.isfunction(target) or inspect.ismethod(target) or isinstance(target, partial):
            decorated = _mock_function(target, lambda _arguments: mocked(self._make()))
        else:
            raise TypeError(f"mock_personalize decorates functions and classes (below @pytest.fixture), not {target!r}")
        return cast(Target, decorated)


@overload
def mock_personalize(settings: Target) -> Target: ...
@overload
def mock_personalize(settings: Settings | None = None, clock: Clock | None = None, **parts: Any) -> Mock: ...
def mock_personalize(settings: Any = None, clock: Clock | None = None, **parts: Any) -> Any:
    """A mocked AWS whose Personalize is complete: as a decorator (bare or with settings), or as a context manager.

    In a block it yields the handle; under a decorator that is `Emulator.current()`. Each block, call and test has an
    emulator of its own, so one inside another leaves the outer one's resources as they were; S3, IAM and the rest are
    moto's, which mocks that lie inside each other share. The clock stands still unless one is given, so a test says
    when time passes: `emulator.clock.advance(seconds)`, or `emulator.finish()` to let all running jobs end. `parts` are
    further fields of `Emulator` (authorizer, faults, s3). A clock or faults that are given are the same in each use.

    Threads: what is replaced is the process's, so threads that a test starts are in its mock, and tests that run in
    threads of one process at the same time need a `ThreadedServer` each.
    """
    if unknown := set(parts) - {field.name for field in dataclasses.fields(Emulator)}:
        raise TypeError(f"Unknown {sorted(unknown)}; known are settings, clock, authorizer, faults, s3")
    if settings is None or isinstance(settings, Settings):
        return Mock(lambda: Emulator(settings or Settings(), clock or Clock(), **parts))
    if callable(settings):
        return Mock(lambda: Emulator(clock=clock or Clock(), **parts))(settings)
    raise TypeError(f"mock_personalize takes Settings, a function or a class, not {settings!r}")


# Decorated functions and classes


def _mock_function(function: Any, mock: Callable[[tuple[Any, ...]], AbstractContextManager[Any]]) -> Any:
    """The function within `mock(its arguments)`, with its own signature, and of its own kind."""
    wrapper: Any
    if inspect.isasyncgenfunction(function):

        async def wrapper(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            with mock(args):
                async with aclosing(function(*args, **kwargs)) as values:
                    async for value in values:
                        yield value

    elif inspect.iscoroutinefunction(function):

        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            with mock(args):
                return await function(*args, **kwargs)

    elif inspect.isgeneratorfunction(function):

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with mock(args):
                return (yield from function(*args, **kwargs))

    else:

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with mock(args):
                return function(*args, **kwargs)

    return functools.wraps(function)(wrapper)


#: Where an instance of a decorated class keeps the mock of the test that runs.
_OPEN = "_mock_personalize"


def _mock_class(cls: Any, make: Callable[[], Emulator]) -> Any:
    """Each test of the class in a mock of its own, which begins before its setup and ends after its teardown.

    Other public methods run in that of the test; called outside of one they have their own.
    """

    def begin(instance: Any) -> None:
        block = mocked(make())
        block.__enter__()
        setattr(instance, _OPEN, block)

    def end(instance: Any) -> None:
        block = getattr(instance, _OPEN)
        delattr(instance, _OPEN)
        block.__exit__(None, None, None)

    @contextmanager
    def within(arguments: tuple[Any, ...]) -> Iterator[None]:
        instance = arguments[0]
        if hasattr(instance, _OPEN):
            yield
            return
        begin(instance)
        try:
            yield
        finally:
            end(instance)

    for name, value in list(vars(cls).items()):
        if inspect.isfunction(value) and not name.startswith("_") and name not in ("setup_method", "teardown_method"):
            setattr(cls, name, _mock_function(value, within))
    if issubclass(cls, TestCase) or hasattr(cls, "setUp"):  # the class, or one to inherit from
        _within_run(cls, within)
    _around_setup(cls, begin, end)
    return cls


def _within_run(cls: Any, within: Callable[[tuple[Any, ...]], AbstractContextManager[None]]) -> None:
    """unittest runs a test with its setUp, tearDown and cleanups by `run`."""

    def run(self: Any, result: Any = None) -> Any:
        with within((self,)):
            return super(cls, self).run(result)

    if "run" not in vars(cls):
        cls.run = run


def _around_setup(cls: Any, begin: Callable[[Any], None], end: Callable[[Any], None]) -> None:
    """pytest begins a test of a class with setup_method, before the fixtures that the class has, and ends it with
    teardown_method, after them.
    """
    own = vars(cls)
    setup, teardown = own.get("setup_method"), own.get("teardown_method")
    begun = f"{_OPEN}_{cls.__qualname__}"

    def setup_method(self: Any, method: Any = None) -> None:
        mine = not hasattr(self, _OPEN)
        if mine:
            begin(self)
            setattr(self, begun, True)
        try:
            _call(setup or getattr(super(cls, self), "setup_method", None), self, method, bound=setup is None)
        except BaseException:
            if mine:
                delattr(self, begun)
                end(self)
            raise

    def teardown_method(self: Any, method: Any = None) -> None:
        try:
            _call(teardown or getattr(super(cls, self), "teardown_method", None), self, method, bound=teardown is None)
        finally:
            if hasattr(self, begun):
                delattr(self, begun)
                end(self)

    cls.setup_method, cls.teardown_method = setup_method, teardown_method


def _call(function: Any, instance: Any, method: Any, *, bound: bool) -> None:
    """Call a setup_method or teardown_method, which may take the test's method or not."""
    if function is None:
        return
    given = () if bound else (instance,)
    takes_method = len(inspect.signature(function).parameters) > len(given)
    function(*given, *((method,) if takes_method else ()))
