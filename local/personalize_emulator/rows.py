"""The imported rows, in a private SQLite database that spills to a temporary file: memory stays bounded at any size."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Page cache of each database, in KiB; what is beyond it lies on disk.
CACHE_KIB = 16 * 1024

#: How many rows are read between two looks at the time.
ROWS_AT_A_STEP = 1000

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
        self._tables[arn] = self.widen(self._tables[arn], columns)

    def drop(self, arn: str) -> None:
        """Forget a dataset's rows; nothing happens when it has none."""
        if table := self._tables.pop(arn, None):
            self._db.execute(f"DROP TABLE {table.name}")

    def stage(self, arn: str, rows: Iterator[Sequence[Any]], origin: str) -> Staged:
        """A table of their own for rows to come, from where they can be taken over or thrown away.

        Rows come in the order of the table's columns, each value fit for its type.
        """
        target = self._tables[arn]
        table = Table(f"rows_{next(self._numbers)}", target.columns, target.key)
        self._create(table)
        return Staged(self, arn, table, rows, origin)

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

    def change_all(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """One statement for each of the rows, in one transaction. What an exception of `rows` leaves stays."""
        self._db.execute("BEGIN")
        try:
            self._db.executemany(sql, rows)
        finally:
            self._db.execute("COMMIT")

    def exchange(self, arn: str, table: Table) -> None:
        """Let `table` be the dataset's from now on, under the name of the one that was: whoever knows that reads on."""
        name = self._tables[arn].name
        self.drop(arn)
        self._db.execute(f"ALTER TABLE {table.name} RENAME TO {name}")
        self._tables[arn] = Table(name, table.columns, table.key)

    def widen(self, table: Table, columns: Sequence[Column]) -> Table:
        """The table with `columns`; rows already there have null in the new ones."""
        for column in columns:
            if column.name not in table.names:
                self._db.execute(f"ALTER TABLE {table.name} ADD COLUMN {column.sql}")
        return Table(table.name, tuple(columns), table.key)

    def count(self, arn: str) -> int:
        return int(self.one(f"SELECT count(*) FROM {self._tables[arn].name}"))

    def execute(self, sql: str, *values: Any) -> int:
        """Change something; returns how many rows that touched."""
        return self._db.execute(sql, values).rowcount

    def _create(self, table: Table) -> None:
        columns = ", ".join(column.sql for column in table.columns)
        unique = f", PRIMARY KEY ({quoted(table.key)})" if table.key else ""
        self._db.execute(f"CREATE TABLE {table.name} ({columns}, {ORIGIN} TEXT NOT NULL{unique})")
        if (
            not table.key and "USER_ID" in table.names
        ):  # What a user streamed is asked for by each recommendation; bulk data stays out of it.
            where = f"WHERE {ORIGIN} = {quoted_text(PUT)}"
            self._db.execute(f"CREATE INDEX streamed_{table.name} ON {table.name} (USER_ID) {where}")


def quoted_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@dataclass
class Staged:
    """Rows on their way into a dataset. `count` is the number of records read."""

    store: RowStore
    arn: str
    table: Table
    rows: Iterator[Sequence[Any]]
    origin: str
    count: int = 0

    def read(self) -> Iterator[None]:
        """Read the rows, some at each step. An exception of theirs leaves no trace."""
        names = ", ".join([*map(quoted, self.table.names), ORIGIN])
        marks = ", ".join("?" * len(self.table.names))
        # Interactions equal in everything are collapsed to one; of records with equal ids the last stays.
        verb = "INSERT OR REPLACE" if self.table.key else "INSERT OR IGNORE"
        sql = f"{verb} INTO {self.table.name} ({names}) VALUES ({marks}, {quoted_text(self.origin)})"
        try:
            if not self.table.key:
                self.store.execute(f"CREATE UNIQUE INDEX {self._index} ON {self.table.name} ({self._equal})")
            before = -1
            while before < self.count:
                before = self.count
                self.store.change_all(sql, self._some())
                yield
            if not self.table.key:
                self.store.execute(f"DROP INDEX {self._index}")
        except Exception:  # and not when the generator is given up: by then the database may be closed
            self.discard()
            raise

    @property
    def _index(self) -> str:
        return f"twins_{self.table.name}"

    @property
    def _equal(self) -> str:
        """All columns, with a null equal to a null. Time first: rows mostly come in its order, which keeps it fast."""
        columns = sorted(self.table.columns, key=lambda column: column.name != "TIMESTAMP")
        return ", ".join(f"ifnull({quoted(column.name)}, x'')" for column in columns)

    def _some(self) -> Iterator[Sequence[Any]]:
        for row in itertools.islice(self.rows, ROWS_AT_A_STEP):
            self.count += 1
            yield row

    def add(self) -> Iterator[None]:
        """Unless they replace what is there: put the rows beside it, some at each step."""
        if self.origin == BULK or self.arn not in self.store:
            return
        names = ", ".join([*map(quoted, self.table.names), ORIGIN])
        last = self.store.one(f"SELECT coalesce(max(rowid), 0) FROM {self.table.name}")
        for first in range(0, last, ROWS_AT_A_STEP):
            target = self.store.table(self.arn).name
            self.store.execute(
                f"INSERT OR REPLACE INTO {target} ({names}) SELECT {names} FROM {self.table.name} "
                "WHERE rowid > ? AND rowid <= ?",
                first,
                first + ROWS_AT_A_STEP,
            )
            yield

    def take_over(self) -> None:
        """Make the rows the dataset's, in place of earlier bulk data. A dataset that is gone by now takes nothing."""
        if self.origin != BULK or self.arn not in self.store:
            self.discard()
            return
        target = self.store.table(self.arn)
        self.table = self.store.widen(self.table, target.columns)
        names = ", ".join([*map(quoted, target.names), ORIGIN])
        self.store.execute(
            f"INSERT OR IGNORE INTO {self.table.name} ({names}) SELECT {names} FROM {target.name} WHERE {ORIGIN} = ?",
            PUT,
        )
        self.store.exchange(self.arn, self.table)

    def discard(self) -> None:
        self.store.execute(f"DROP TABLE {self.table.name}")
