"""One piece of a file read from beginning to end: bytes in, findings out, in the same memory at any size.

A row belongs to the piece in which it begins, so pieces of any size, in any order, see every row once.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator

from pipeline.params.schemas import Avro

from .csv_header import LONGEST as LONGEST_HEADER
from .csv_header import BadHeader, names_of
from .csv_rows import FAULTS, NOTES, RowCheck
from .distinct import Distinct
from .findings import MOST_COUNTED, Findings
from .folders import DataFile, DataFolder

LONGEST_LINE = 1024 * 1024  # bytes; the longest that a schema allows has half of it
MOST_SPELLINGS = 50  # of event types, looked for in every block
FEW_LINES = 200  # in which it takes longer to look for each
BLANK_LINES = re.compile("\n+")

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
    scanner = _Scanner(found, RowCheck(avro, found.header, now), {field["name"] for field in avro["fields"]})

    def read(first: int, last: int) -> Iterator[bytes]:
        """Bytes of the file; those of a small one are there already."""
        return folder.read(file, first, last) if file.size > len(head) else iter([head[first:last]])

    for block in _whole_lines(read, file.size, begin or below, end, found):
        scanner.take(block)
    if found.counts.users is not None:
        found.counts.users.forget_values()
    return found


def _whole_lines(read: Read, size: int, begin: int, end: int, found: Findings) -> Iterator[bytes]:
    """The lines that begin in a range of bytes, in blocks. A line that it begins inside of belongs elsewhere.

    A line that is too long is told, and passed over.
    """
    end = min(end, size)
    rest, skips = b"", True
    # From one byte before: a line that begins just here is known by the end of the one above.
    for chunk in read(begin - 1, end):
        if skips:
            _, newline, chunk = chunk.partition(b"\n")
            skips = not newline
        head, newline, below = chunk.partition(b"\n")
        rest = _joined(rest, head)
        if newline:
            yield from _told_if_too_long(rest, found)
            whole, another, rest = below.rpartition(b"\n")
            if another:
                yield whole + another
    if not rest:
        return
    for chunk in read(end, end + LONGEST_LINE) if end < size else ():
        head, newline, _ = chunk.partition(b"\n")
        rest = _joined(rest, head)
        if newline:
            break
    yield from _told_if_too_long(rest, found)


def _joined(rest: bytes, more: bytes) -> bytes:
    """A line as far as it is read; of one that is too long no more than shows it."""
    return (rest + more)[: LONGEST_LINE + 1]


def _told_if_too_long(line: bytes, found: Findings) -> Iterator[bytes]:
    if len(line) <= LONGEST_LINE:
        yield line + b"\n"
    else:
        found.found((None, "endless", "", 0, LONGEST_LINE), found.lines)
        found.lines += 1


class _Scanner:
    """Takes the blocks of one piece, one after the other."""

    def __init__(self, found: Findings, check: RowCheck, columns: set[str]) -> None:
        self._found, self._counts, self._check = found, found.counts, check
        # Of columns that the schema does not have nothing is used.
        place = {name: check.header.index(name) for name in columns}
        self._user = place.get("USER_ID") if "ITEM_ID" in columns else None
        self._event = place.get("EVENT_TYPE")
        self._gives_up = False
        self._judged: list[list[str]] = []
        self._spellings: list[str] = []  # of event types, as they are written in the file
        if self._user is not None:
            self._counts.users = Distinct()
        if self._event is not None:
            self._counts.events = Counter()

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
        lines, at, quoted = text.count("\n"), 0, '"' in text
        if self._user is not None:
            users = self._check.cells(text, self._user, quoted=quoted)
            if len(users) == lines:
                self._good(text, lines, users)
                return
        while at < len(text):
            end = self._check.good_rows(text, at, quoted=quoted)
            if end > at:
                self._good(text[at:end], text.count("\n", at, end))
            elif blanks := BLANK_LINES.match(text, at):
                end = blanks.end()
                self._found.found((None, "blank", "", 0, 0), self._found.lines, end - at)
                self._found.lines += end - at
            else:
                end = text.index("\n", at) + 1
                self._judge(text[at : end - 1])
            at = end
        self._count_judged()

    def _good(self, text: str, lines: int, users: list[str] | None = None) -> None:
        """Count rows in which nothing is wrong."""
        self._found.lines += lines
        self._counts.rows += lines
        quoted = '"' in text
        if self._counts.users is not None and self._user is not None:
            users = self._check.cells(text, self._user, quoted=quoted) if users is None else users
            self._counts.users.add([_value(user) for user in users] if quoted else users)
        if self._event is not None and not self._counts.has_too_many_types:
            self._counts.add_events(self._events_of(text, lines, self._event, quoted=quoted))

    def _events_of(self, text: str, lines: int, column: int, *, quoted: bool) -> Counter[str]:
        """The event types of good rows. In the last column, where most files have them, they are searched as texts."""
        is_last = column == self._check.width - 1
        spelt: dict[str, int] = {}
        if is_last and lines > FEW_LINES and len(self._spellings) <= MOST_SPELLINGS:
            spelt = {one: text.count(f",{one}\n") for one in self._spellings}
        if sum(spelt.values()) != lines:
            spelt = Counter(self._check.cells(text, column, quoted=quoted))
            self._spellings += [one for one in spelt if one not in self._spellings][: MOST_SPELLINGS + 1]
        types: Counter[str] = Counter()
        for one, count in spelt.items():
            types[_value(one)] += count
        return +types  # without those that were searched in vain

    def _judge(self, line: str) -> None:
        """Judge one line that the pattern did not take."""
        found = self._found
        row, faults = self._check.judge(line)
        for fault in faults:
            if found.found(fault, found.lines) == MOST_COUNTED:
                self._know_enough(*fault[:2])
        found.lines += 1
        if row is not None:
            self._counts.rows += 1
            self._judged.append(row)

    def _know_enough(self, column: str | None, kind: str) -> None:
        """Look for a kind no more: rows that are judged one by one take time, and what is to be said of it is known."""
        if kind in NOTES and column is None:
            return
        self._found.count_no_more(column)
        if column is None:
            self._gives_up = True
        else:
            self._check = self._check.without(column) if kind in FAULTS else self._check.without_notes(column)

    def _count_judged(self) -> None:
        """Count users and event types of rows that were judged one by one."""
        if self._counts.users is not None and self._user is not None:
            self._counts.users.add([row[self._user] for row in self._judged])
        if self._event is not None:
            self._counts.add_events(Counter(row[self._event] for row in self._judged))
        self._judged.clear()


def _value(cell: str) -> str:
    """What a cell says, which is written in a good row."""
    if not cell.startswith('"'):
        return cell
    inner = cell[1:-1]
    if '"' in inner or "\\" in inner:
        return next(csv.reader([cell], escapechar="\\"))[0]
    return inner
