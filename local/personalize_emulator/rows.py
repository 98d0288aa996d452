"""The imported rows, in a private SQLite database that spills to a temporary file: memory stays bounded at any size."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Page cache of each database, in KiB; what is beyond it lies on disk.
CACHE_KIB = 16 * 1024

BULK, INCREMENTAL, PUT = "bulk", "incremental", "put"
#: The column that says how a row came; no field of a schema can have this name.
ORIGIN = '"#origin"'

_COLUMN_TYPES = {"int": "INTEGER", "long": "INTEGER", "float": "REAL", "double": "REAL"}


def quoted(name: str) -> str:
    """A column's name as SQL wants it: quoted, since it may be a keyword."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True)
class Column:
    """One column of a dataset; `type` is the Avro type without null."""

    name: str
    type: str

    @property
    def sql(self) -> str:
        return f"{quoted(self.name)} {_COLUMN_TYPES.get(self.type, 'TEXT')}"


@dataclass(frozen=True)
class Table:
    """Rows of one dataset. `key` is the id column of which each value occurs once, or None (interactions)."""

    name: str
    columns: tuple[Column, ...]
    key: str | None

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]


class RowStore:
    """Rows of all datasets of one account and region, by dataset ARN."""

    def __init__(self) -> None:
        # An empty name gives a database of its own on disk, deleted when the connection closes.
        self._db = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("PRAGMA temp_store = FILE")
        self._tables: dict[str, Table] = {}
        self._numbers = itertools.count(1)

    def close(self) -> None:
        self._db.close()

    def __del__(self) -> None:
        self.close()

    def create(self, arn: str, columns: Sequence[Column], key: str | None) -> Table:
        """An empty table for a dataset."""
        table = Table(f"rows_{next(self._numbers)}", tuple(columns), key)
        self._create(table)
        self._tables[arn] = table
        return table

    def table(self, arn: str) -> Table:
        return self._tables[arn]

    def __contains__(self, arn: str) -> bool:
        return arn in self._tables

    def add_columns(self, arn: str, columns: Sequence[Column]) -> None:
        """Widen a table to `columns`; rows already there have null in the new ones."""
        old = self._tables[arn]
        for column in columns:
            if column.name not in old.names:
                self._db.execute(f"ALTER TABLE {old.name} ADD COLUMN {column.sql}")
        self._tables[arn] = Table(old.name, tuple(columns), old.key)

    def drop(self, arn: str) -> None:
        """Forget a dataset's rows; nothing happens when it has none."""
        if table := self._tables.pop(arn, None):
            self._db.execute(f"DROP TABLE {table.name}")

    def stage(self, arn: str, rows: Iterable[Sequence[Any]], origin: str) -> Staged:
        """Read rows into a table of their own, from where they can be taken over or thrown away.

        Rows come in the order of the table's columns, each value fit for its type. An exception of the iterator
        leaves no trace.
        """
        target = self._tables[arn]
        staged = Table(f"staged_{next(self._numbers)}", target.columns, None)
        self._create(staged)
        marks = ", ".join("?" * len(target.columns))
        names = ", ".join(quoted(name) for name in target.names)
        self._db.execute("BEGIN")
        try:
            count = self._db.executemany(
                f"INSERT INTO {staged.name} ({names}, {ORIGIN}) VALUES ({marks}, {quoted_text(origin)})", rows
            ).rowcount
        except BaseException:
            self._db.execute("COMMIT")
            self._db.execute(f"DROP TABLE {staged.name}")
            raise
        self._db.execute("COMMIT")
        return Staged(self, arn, staged, max(count, 0), replaces=origin == BULK)

    def put(self, arn: str, values: Mapping[str, Any]) -> None:
        """Add one record sent individually, or replace the one of its id. Columns it does not name are null."""
        table = self._tables[arn]
        names = [name for name in table.names if name in values]
        self._db.execute(
            f"INSERT OR REPLACE INTO {table.name} ({', '.join([*map(quoted, names), ORIGIN])}) "
            f"VALUES ({', '.join('?' * (len(names) + 1))})",
            [*(values[name] for name in names), PUT],
        )

    def query(self, sql: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """Rows of any question about the tables, one at a time."""
        return self._db.execute(sql, values)

    def one(self, sql: str, *values: Any) -> Any:
        """The single value that a question yields."""
        return self._db.execute(sql, values).fetchone()[0]

    def count(self, arn: str) -> int:
        return int(self.one(f"SELECT count(*) FROM {self._tables[arn].name}"))

    def execute(self, sql: str, *values: Any) -> int:
        """Change something; returns how many rows that touched."""
        return self._db.execute(sql, values).rowcount

    def _create(self, table: Table) -> None:
        columns = ", ".join(column.sql for column in table.columns)
        unique = f", PRIMARY KEY ({quoted(table.key)})" if table.key else ""
        self._db.execute(f"CREATE TABLE {table.name} ({columns}, {ORIGIN} TEXT NOT NULL{unique})")


def quoted_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class Staged:
    """Rows read and not yet part of their dataset. `count` is the number of records read."""

    store: RowStore
    arn: str
    table: Table
    count: int
    replaces: bool

    def take_over(self) -> None:
        """Make the rows part of the dataset: in place of earlier bulk data, or beside it; equal ids and twins once.

        A dataset that is gone by now takes nothing.
        """
        try:
            if self.arn not in self.store:
                return
            target = self.store.table(self.arn)
            if self.replaces:
                self.store.execute(f"DELETE FROM {target.name} WHERE {ORIGIN} <> ?", PUT)
            names = ", ".join([*(quoted(name) for name in self.table.names), ORIGIN])
            # Interactions equal in everything are collapsed to one; ids are made unique by the key.
            distinct = "" if target.key else "DISTINCT "
            self.store.execute(
                f"INSERT OR REPLACE INTO {target.name} ({names}) SELECT {distinct}{names} FROM {self.table.name}"
            )
        finally:
            self.discard()

    def discard(self) -> None:
        self.store.execute(f"DROP TABLE {self.table.name}")
