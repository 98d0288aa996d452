"""One piece of a file read from beginning to end: bytes in, findings out, in the same memory at any size.

A row belongs to the piece in which it begins, so pieces of any size, in any order, see every row once.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator

from pipeline.params.schemas import Avro

from .csv_header import LONGEST as LONGEST_HEADER
from .csv_header import BadHeader, names_of
from .csv_rows import FAULTS, RowCheck
from .distinct import Distinct
from .findings import MOST_COUNTED, Findings
from .folders import DataFile, DataFolder

LONGEST_LINE = 1024 * 1024  # bytes; the longest that a schema allows has half of it
MOST_SPELLINGS = 50  # of event types, looked for in every block

Read = Callable[[int, int], Iterator[bytes]]

csv.field_size_limit(LONGEST_LINE)  # a cell is judged by its own limit, not by the reader's


def scan(folder: DataFolder, file: DataFile, avro: Avro, begin: int, end: int, now: float) -> Findings:
    """Judge the rows that begin in the bytes from `begin` up to `end`.

    Args:
        folder: what the file lies in.
        file: the file; its header is read first, wherever the piece begins.
        avro: the dataset's schema.
        begin: the first byte: 0, or one behind the header.
        end: behind the last byte; a row that begins before it is read to its end.
        now: seconds since the epoch, to know what lies in the future.

    Raises:
        ClientError, OSError: the file can't be read.
    """
    found = Findings(begin, end)
    head = b"".join(folder.read(file, 0, LONGEST_HEADER))
    try:
        found.header, below = names_of(head, avro)
    except BadHeader as error:
        found.problem = str(error)
        return found
    found.lines = 0 if begin else 1
    scanner = _Scanner(found, RowCheck(avro, found.header, now))

    def read(first: int, last: int) -> Iterator[bytes]:
        """Bytes of the file; those of a small one are there already."""
        return folder.read(file, first, last) if file.size > len(head) else iter([head[first:last]])

    for block in _whole_lines(read, file.size, begin or below, end, found):
        scanner.take(block)
    if found.users is not None:
        found.users.forget_values()
    return found


def _whole_lines(read: Read, size: int, begin: int, end: int, found: Findings) -> Iterator[bytes]:
    """The lines that begin in a range of bytes, in blocks. A line that it begins inside of belongs elsewhere."""
    end = min(end, size)
    rest, skips = b"", True
    # From one byte before: a line that begins just here is known by the end of the one above.
    for chunk in read(begin - 1, end):
        if skips:
            _, newline, chunk = chunk.partition(b"\n")
            skips = not newline
        head, newline, below = chunk.partition(b"\n")
        rest += head
        if len(rest) > LONGEST_LINE:
            found.problem = _endless(found)
            return
        if newline:
            whole, another, below = below.rpartition(b"\n")
            yield rest + newline + whole + another
            rest = below
    if skips:
        return
    for chunk in read(end, end + LONGEST_LINE) if rest and end < size else ():
        head, newline, _ = chunk.partition(b"\n")
        rest += head
        if newline:
            break
    else:
        if rest and end + LONGEST_LINE < size:
            found.problem = _endless(found)
            return
    if rest:
        yield rest + b"\n"


def _endless(found: Findings) -> str:
    # Of a piece inside the file the line's own number is not known.
    where = f"line {found.lines + 1:,}" if found.begin == 0 else f"a line behind byte {found.begin:,}"
    return f"{where} is longer than {LONGEST_LINE:,} bytes. What is below was not looked at."


class _Scanner:
    """Takes the blocks of one piece, one after the other."""

    def __init__(self, found: Findings, check: RowCheck) -> None:
        self._found, self._check, header = found, check, check.header
        self._user = header.index("USER_ID") if {"USER_ID", "ITEM_ID"} <= set(header) else None
        self._event = header.index("EVENT_TYPE") if "EVENT_TYPE" in header else None
        self._gives_up = False
        self._judged: list[list[str]] = []
        self._spellings: list[str] = []  # of event types, as they are written in the file
        if self._user is not None:
            found.users = Distinct()
        if self._event is not None:
            found.events = Counter()

    def take(self, block: bytes) -> None:
        """Judge whole lines, as long as there is any use in it."""
        if self._gives_up:
            self._found.lines += block.count(b"\n")
            return
        try:
            self._take(block.decode("utf-8"))
        except UnicodeDecodeError:
            for line in block[:-1].split(b"\n"):
                try:
                    self._take(line.decode("utf-8") + "\n")
                except UnicodeDecodeError as error:
                    self._found.found((None, "not UTF-8", f"0x{line[error.start]:02X}", 0, 0), self._found.lines)
                    self._found.lines += 1

    def _take(self, text: str) -> None:
        if "\r" in text:
            text = text.replace("\r\n", "\n")
        lines, at = text.count("\n"), 0
        if self._user is not None:
            users = self._check.cells(text, self._user)
            if len(users) == lines:
                self._good(text, lines, users)
                return
        while at < len(text):
            end = self._check.good_rows(text, at)
            if end > at:
                self._good(text[at:end], text.count("\n", at, end))
            else:
                end = text.index("\n", at) + 1
                self._judge(text[at : end - 1])
            at = end
        self._count_judged()

    def _good(self, text: str, lines: int, users: list[str] | None = None) -> None:
        """Count rows in which nothing is wrong."""
        found = self._found
        found.lines += lines
        found.rows += lines
        if found.users is not None and self._user is not None:
            users = self._check.cells(text, self._user) if users is None else users
            found.users.add([_unquoted(user) for user in users] if '"' in text else users)
        if found.events is not None and self._event is not None:
            found.add_events(self._events_of(text, lines, self._event))

    def _events_of(self, text: str, lines: int, column: int) -> Counter[str]:
        """The event types of good rows. In the last column, where most files have them, they are searched as texts."""
        is_last = column == self._check.width - 1
        if is_last and len(self._spellings) <= MOST_SPELLINGS:
            counts = {spelt: text.count(f",{spelt}\n") for spelt in self._spellings}
            if sum(counts.values()) == lines:
                return Counter({_unquoted(spelt): count for spelt, count in counts.items() if count})
        cells = Counter(self._check.cells(text, column))
        self._spellings += [spelt for spelt in cells if spelt not in self._spellings][: MOST_SPELLINGS + 1]
        types: Counter[str] = Counter()
        for spelt, count in cells.items():
            types[_unquoted(spelt)] += count
        return types

    def _judge(self, line: str) -> None:
        """Judge one line that the pattern did not take."""
        found = self._found
        row, faults = self._check.judge(line)
        for fault in faults:
            if found.found(fault, found.lines) == MOST_COUNTED:
                self._know_enough(*fault[:2])
        found.lines += 1
        if row is not None:
            found.rows += 1
            self._judged.append(row)

    def _know_enough(self, column: str | None, kind: str) -> None:
        """Look for a kind no more: rows that are judged one by one take time, and what is to be said of it is known."""
        if column is None:
            self._gives_up |= kind in FAULTS
        else:
            self._check = self._check.without(column) if kind in FAULTS else self._check.without_notes(column)

    def _count_judged(self) -> None:
        """Count users and event types of rows that were judged one by one."""
        if self._user is not None and self._found.users is not None:
            self._found.users.add([row[self._user] for row in self._judged])
        if self._event is not None:
            self._found.add_events(Counter(row[self._event] for row in self._judged))
        self._judged.clear()


def _unquoted(cell: str) -> str:
    return cell[1:-1] if cell.startswith('"') else cell
