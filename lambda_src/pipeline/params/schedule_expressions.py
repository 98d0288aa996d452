"""Schedule expressions, read a field at a time in the words of EventBridge Scheduler.

Source: EventBridge Scheduler User Guide, "Schedule types in EventBridge Scheduler"; Personalize, AutoTrainingConfig.
"""

from __future__ import annotations

import calendar
import datetime as dt
import difflib
import re
from dataclasses import dataclass

EXAMPLES = "rate(6 hours), cron(0 3 ? * SUN *) or at(2027-01-31T03:00:00)"
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
# Days between automatic trainings.
LEAST_DAYS, MOST_DAYS = 1, 30
LEAP_YEAR = 2028


@dataclass(frozen=True)
class Field:
    """One of the six fields: its values from `least` to `most`, names for them, and what only this field takes."""

    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()
    special: str = ""  # a regular expression of whole items

    def value(self, text: str) -> int | None:
        """The number that a value stands for."""
        if text.upper() in self.names:
            return self.names.index(text.upper()) + self.least
        return int(text) if re.fullmatch(r"\d{1,4}", text, re.ASCII) else None

    def fault(self, text: str) -> str | None:
        """What is wrong with the field."""
        for item in text.split(","):
            if re.fullmatch(self.special or "(?!)", item, re.IGNORECASE | re.ASCII):
                continue
            values, slash, step = item.partition("/")
            if slash and not re.fullmatch(r"0*[1-9]\d{0,3}", step, re.ASCII):
                return f"`{item}` needs a whole number from 1 on after the slash."
            if values == "*":
                continue
            for one in values.split("-", 1):
                if what := self._value_fault(one, item):
                    return what
        return None

    def _value_fault(self, text: str, item: str) -> str | None:
        number = self.value(text)
        if number is not None and self.least <= number <= self.most:
            return None
        span = f"{self.least}-{self.most}" + (f" or {self.names[0]}-{self.names[-1]}" if self.names else "")
        nearest = difflib.get_close_matches(text.upper()[:3], self.names, n=1)
        hint = f" Did you mean {nearest[0]}?" if nearest and not text.isdigit() else ""
        return f"`{item}` is none of {span}.{hint}"


FIELDS = (
    Field("minutes", 0, 59),
    Field("hours", 0, 23),
    Field("day of month", 1, 31, special=r"\?|L(-\d{1,2})?|LW|([1-9]|[12]\d|3[01])W"),
    Field("month", 1, 12, MONTHS),
    Field("day of week", 1, 7, DAYS, special=rf"\?|L|([1-7]|{'|'.join(DAYS)})(L|#[1-5])"),
    Field("year", 1970, 2199),
)


def fault(text: str) -> str | None:
    """Why Scheduler would not take an expression, or why it would never start anything."""
    match = re.fullmatch(r"(rate|cron|at)\((.*)\)", text)
    if match is None:
        return f"{_shown(text)} is no schedule. Write one like {EXAMPLES}."
    kind, inner = match.groups()
    what = {"rate": _rate_fault, "cron": _cron_fault, "at": _at_fault}[kind](inner)
    return f"{_shown(text)}: {what}" if what else None


def training_fault(text: str) -> str | None:
    """Why Personalize would not take an expression for automatic training."""
    match = re.fullmatch(r"rate\((\d{1,9}) days?\)", text, re.ASCII)
    if match and LEAST_DAYS <= int(match[1]) <= MOST_DAYS:
        return None
    return f"is {_shown(text)}; write a number of days from {LEAST_DAYS} to {MOST_DAYS}, like rate(7 days)."


def is_past(text: str, now: float) -> bool:
    """Whether an `at` lies before `now` (in epoch seconds), so that it starts nothing more."""
    moment = re.fullmatch(r"at\((.*)\)", text)
    return moment is not None and dt.datetime.fromisoformat(moment[1]).replace(tzinfo=dt.UTC).timestamp() < now


def _rate_fault(inner: str) -> str | None:
    match = re.fullmatch(r"(\S+)\s+(\S+)", inner)
    if match is None:
        return "a rate is a number and a unit, as in rate(6 hours)."
    number, unit = match.groups()
    if not re.fullmatch(r"0*[1-9]\d{0,8}", number, re.ASCII):
        return f"`{number}` is no whole number from 1 on."
    if not re.fullmatch(r"(minute|hour|day)s?", unit):
        close = difflib.get_close_matches(unit.lower(), ("minutes", "hours", "days"), n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        return f"`{unit}` is no unit; there are minutes, hours and days.{hint}"
    return None


def _at_fault(inner: str) -> str | None:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", inner, re.ASCII):
        return "the moment has the form yyyy-mm-ddThh:mm:ss, as in at(2027-01-31T03:00:00), without a time zone."
    try:
        dt.datetime.fromisoformat(inner)
    except ValueError:
        return f"there is no such moment as {inner}."
    return None


def _cron_fault(inner: str) -> str | None:
    given = inner.split()
    if len(given) != len(FIELDS):
        names = ", ".join(field.name for field in FIELDS)
        return f"has {len(given)} fields, and needs six ({names}), as in cron(0 3 ? * SUN *)."
    found = [f"{field.name} {what}" for field, text in zip(FIELDS, given, strict=True) if (what := field.fault(text))]
    if found:
        return " ".join(found)
    days, week_days = given[2], given[4]
    if (days == "?") == (week_days == "?"):
        return "one of day of month and day of week must be `?`, and the other not, as in cron(0 3 ? * SUN *)."
    return _never(days, given[3])


def _never(days: str, months: str) -> str | None:
    """Why days of these months never come; only where all are plain numbers or names."""
    numbers = [FIELDS[2].value(day) for day in days.split(",")]
    in_months = [FIELDS[3].value(month) for month in months.split(",")]
    if None in numbers or None in in_months:
        return None
    longest = max(calendar.monthrange(LEAP_YEAR, month)[1] for month in in_months if month)
    if min(number for number in numbers if number) > longest:
        return f"day {days} never comes in {', '.join(MONTHS[month - 1] for month in in_months if month)}."
    return None


def _shown(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."
