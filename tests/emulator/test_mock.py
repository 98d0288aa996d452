"""`mock_personalize` in every form, as moto's `mock_aws` has them."""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from local.personalize_emulator import Clock, Emulator, Fault, Faults, Settings, mock_personalize, registered

from .world import client

pytest_plugins = ["pytester"]
ROOT = Path(__file__).resolve().parents[2]


def groups() -> list[str]:
    return [group["name"] for group in client("personalize").list_dataset_groups()["datasetGroups"]]


def make(name: str = "g") -> str:
    return str(client("personalize").create_dataset_group(name=name)["datasetGroupArn"])


@pytest.fixture(autouse=True)
def nothing_leaks() -> Iterator[None]:
    import moto.backend_index

    before = Emulator._current, list(moto.backend_index.backend_url_patterns)
    yield
    assert (Emulator._current, moto.backend_index.backend_url_patterns) == before


# Functions


def test_bare() -> None:
    @mock_personalize
    def work(a: int, *, b: int = 2) -> int:
        make()
        assert groups() == ["g"]
        return a + b

    assert work(1, b=4) == 5
    assert work(1) == 3, "a second call starts empty"
    assert work.__name__ == "work"
    assert list(inspect.signature(work).parameters) == ["a", "b"]


@pytest.mark.parametrize("form", [(), (Settings(durations={"dataset group": 7}),)])
def test_with_parentheses(form: tuple[Any, ...]) -> None:
    @mock_personalize(*form, clock=Clock(start=5_000_000_000))
    def work() -> float:
        make()
        return Emulator.current().finish()

    assert work() == (7 if form else 60)


def test_function_that_fails() -> None:
    @mock_personalize
    def work() -> None:
        make()
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        work()


def test_coroutine() -> None:
    @mock_personalize
    async def work() -> list[str]:
        make("a")
        await asyncio.sleep(0)
        return groups()

    assert inspect.iscoroutinefunction(work)
    assert asyncio.run(work()) == ["a"]


def test_generator_and_its_end() -> None:
    @mock_personalize
    def work() -> Iterator[str]:
        yield make("a")
        assert groups() == ["a"]

    values = work()
    assert next(values).endswith("/a")
    assert groups() == ["a"]
    assert list(values) == []


def test_asynchronous_generator() -> None:
    @mock_personalize
    async def work() -> AsyncIterator[str]:
        yield make("a")

    async def collected() -> list[str]:
        return [value async for value in work()]

    assert inspect.isasyncgenfunction(work)
    assert [arn.rpartition("/")[2] for arn in asyncio.run(collected())] == ["a"]


def test_parts_are_the_emulators() -> None:
    faults = Faults(seed=3)
    faults.add(Fault("error", "ListDatasetGroups", code="Busy", reason="mine"))
    with mock_personalize(faults=faults), pytest.raises(ClientError, match="mine"):
        groups()


@pytest.mark.parametrize(
    ("wrong", "words"), [({"setings": 1}, "setings"), ({"settings": {"switches": {}}}, "takes Settings")]
)
def test_what_it_does_not_take_is_said_at_once(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        mock_personalize(**wrong)


def test_what_it_cannot_decorate() -> None:
    with pytest.raises(TypeError, match="functions and classes"):
        mock_personalize(Settings())(len)


# Blocks in each other


def test_inner_block_leaves_the_outer_as_it_was() -> None:
    with mock_personalize() as outer:
        make("outer")
        with mock_personalize(Settings(durations={"dataset group": 5})) as inner:
            assert groups() == []
            make("inner")
            assert inner.finish() == 5
            assert Emulator.current() is inner
        assert groups() == ["outer"]
        assert Emulator.current() is outer
        assert outer.finish() == 60
        assert [call.operation for call in outer.calls] == ["CreateDatasetGroup", "ListDatasetGroups"]


def test_inner_block_that_fails() -> None:
    with mock_personalize():
        make("outer")
        with pytest.raises(ZeroDivisionError), mock_personalize():
            make("inner")
            raise ZeroDivisionError
        assert groups() == ["outer"]


def test_one_mock_object_inside_itself() -> None:
    mock = mock_personalize()
    with mock:
        make("outer")
        with mock:
            assert groups() == []
        assert groups() == ["outer"]


def test_decorated_function_in_a_block() -> None:
    @mock_personalize
    def work() -> list[str]:
        make("inner")
        return groups()

    with mock_personalize():
        make("outer")
        assert work() == ["inner"]
        assert groups() == ["outer"]


def test_generators_that_end_in_the_order_in_which_they_began() -> None:
    @mock_personalize
    def work(name: str) -> Iterator[None]:
        make(name)
        yield

    first, second = work("first"), work("second")
    next(first)
    next(second)
    assert groups() == ["second"]
    assert list(first) == []
    assert groups() == ["second"]
    assert list(second) == []


def test_inside_and_outside_of_motos_own() -> None:
    with mock_aws():
        client("s3").create_bucket(Bucket="kept")
        with mock_personalize():
            make()
            assert [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]] == ["kept"]
            with pytest.raises(ClientError, match="Either campaignArn"):
                client("personalize-runtime").get_recommendations(userId="u")
            with mock_aws():
                assert groups() == ["g"]
        assert [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]] == ["kept"]


def test_start_and_stop() -> None:
    mock = mock_personalize()
    assert mock.start() is Emulator.current()
    make()
    mock.stop()
    with pytest.raises(RuntimeError, match="without start"):
        mock.stop()


def test_threads_of_a_test_are_in_its_mock() -> None:
    with mock_personalize() as emulator:
        threads = [threading.Thread(target=make, args=(f"g{number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(groups()) == ["g0", "g1", "g2", "g3"]
        assert len(emulator.calls) == 5


def test_nothing_of_a_block_is_kept_after_it() -> None:
    with mock_personalize() as emulator:
        make()
    assert list(emulator.backends()) == []
    assert [call.operation for call in emulator.calls] == ["CreateDatasetGroup"]


def test_registered_with_settings() -> None:
    with registered(Settings(durations={"dataset group": 3})) as emulator, mock_aws():
        make()
        assert emulator.finish() == 3


# Classes: what pytest and unittest make of them


@pytest.fixture(autouse=True)
def project_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


CLASSES = """
    import asyncio
    import unittest

    import boto3
    import pytest
    from moto import mock_aws

    from local.personalize_emulator import Emulator, Settings, mock_personalize

    api = boto3.client("personalize", "us-east-1", aws_access_key_id="k", aws_secret_access_key="s")

    def groups():
        return sorted(group["name"] for group in api.list_dataset_groups()["datasetGroups"])

    @pytest.fixture
    def given():
        return "given"

    @mock_personalize
    class TestPlain:
        value = 1

        def test_one(self, given, tmp_path):
            assert given == "given" and tmp_path.exists()
            api.create_dataset_group(name="one")
            assert groups() == ["one"]

        @pytest.mark.parametrize("name", ["a", "b"])
        def test_starts_empty(self, name):
            assert groups() == []
            api.create_dataset_group(name=name)

        def test_async(self):
            async def work():
                return groups()
            assert asyncio.run(work()) == []

        @staticmethod
        def test_static():
            assert TestPlain.value == 1

    @mock_personalize(Settings(durations={"dataset group": 5}))
    class TestWithSetup:
        def setup_method(self, method):
            self.name = method.__name__
            api.create_dataset_group(name="setup")

        @pytest.fixture(autouse=True)
        def around(self):
            api.create_dataset_group(name="fixture")
            yield
            assert groups() == ["fixture", "setup"]

        @pytest.fixture
        def helped(self):
            return self.helper()

        def helper(self):
            return groups()

        def test_all_are_in_one_mock(self, helped):
            assert helped == ["fixture", "setup"]
            assert self.name == "test_all_are_in_one_mock"
            assert Emulator.current().finish() == 5

        def test_again(self):
            assert groups() == ["fixture", "setup"]

        def teardown_method(self):
            assert groups() == ["fixture", "setup"]

    class TestInherits(TestWithSetup):
        def test_more(self):
            assert groups() == ["fixture", "setup"]

    @mock_personalize
    class TestOnTop(TestWithSetup):
        def setup_method(self, method):
            super().setup_method(method)
            api.create_dataset_group(name="top")

        def test_all_are_in_one_mock(self):
            assert groups() == ["fixture", "setup", "top"]
            api.delete_dataset_group

        test_again = test_more = None

        @pytest.fixture(autouse=True)
        def around(self):
            api.create_dataset_group(name="fixture")
            yield

        def teardown_method(self):
            pass

    @mock_personalize
    class Cases(unittest.TestCase):
        def setUp(self):
            self.addCleanup(lambda: self.assertEqual(groups(), ["setup", "test"]))
            api.create_dataset_group(name="setup")

        def test_one(self):
            api.create_dataset_group(name="test")
            with self.subTest("groups"):
                self.assertEqual(groups(), ["setup", "test"])

        def test_two(self):
            self.test_one()

        def tearDown(self):
            self.assertEqual(groups(), ["setup", "test"])

    @mock_personalize
    class Coroutines(unittest.IsolatedAsyncioTestCase):
        async def asyncSetUp(self):
            api.create_dataset_group(name="setup")

        async def test_one(self):
            self.assertEqual(groups(), ["setup"])

    @mock_personalize
    class Base:
        def setUp(self):
            api.create_dataset_group(name="setup")

    class Derived(Base, unittest.TestCase):
        def test_one(self):
            self.assertEqual(groups(), ["setup"])
"""

#: One a test of pytest, in each class: plain, with setup, inherited, on top, and those of unittest.
OF_PYTEST, OF_UNITTEST = 5 + 2 + 3 + 1, 2 + 1 + 1


def test_pytest_collects_decorated_classes_and_runs_each_test_in_a_mock(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(CLASSES)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=OF_PYTEST + OF_UNITTEST)


def test_unittest_runs_decorated_classes(pytester: pytest.Pytester) -> None:
    path = pytester.makepyfile(CLASSES)
    done = pytester.run(sys.executable, "-m", "unittest", path.stem)
    done.stderr.fnmatch_lines([f"Ran {OF_UNITTEST} tests*", "OK"])


def test_a_test_that_fails_in_its_setup_ends_its_mock(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        from local.personalize_emulator import Emulator, mock_personalize

        @mock_personalize
        class TestBroken:
            def setup_method(self):
                raise OSError("broken")

            def test_never_runs(self):
                pass

        def test_nothing_is_left():
            assert Emulator._current is None
    """)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1, errors=1)


def test_class_that_is_no_test() -> None:
    @mock_personalize
    class Shop:
        def open(self) -> list[str]:
            make("shop")
            return self.seen()

        def seen(self) -> list[str]:
            return groups()

    shop = Shop()
    assert shop.open() == ["shop"]
    assert shop.seen() == []
