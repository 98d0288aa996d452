"""Mails of a run that is under way: that it began, where that is wanted, and that work takes longer than it used to.

Each is sent once. The record says so before it is sent: news that comes twice is worse than news that is lost with a
function that was killed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline import clients
from pipeline.engine.record import Record
from pipeline.engine.resources import OPEN, Resource
from pipeline.engine.waiting import expected
from pipeline.settings import settings

from . import mail
from .words import duration

Json = dict[str, Any]
LATE = 1.5  # times what its like took at most
GRACE = 10 * 60  # seconds beyond that: what takes minutes varies by minutes


def announce(record: Record, document_of: Callable[[Record], Json]) -> None:
    """Mail what there is to tell of a run that works.

    Args:
        record: of the run.
        document_of: makes of it what has the form of a report.

    Raises:
        Overtaken: another action wrote the record meanwhile; the next look tells.
        ClientError, BotoCoreError: S3 or SNS did not take it.
    """
    news = [*_start(record), *_late(record)]
    if news and record.save():
        document = document_of(record)
        for told in news:
            clients.sns().publish(TopicArn=settings().topic_arn, **mail.message(document | {"news": told}))


def _start(record: Record) -> list[Json]:
    if not settings().announce_starts or record.announced:
        return []
    record.announced = True
    return [{"what": "has begun", "lines": [f"{one.plan} {one.shown}" for one in record.resources if _is_work(one)]}]


def _is_work(resource: Resource) -> bool:
    return resource.plan not in ("reuse", "skip") and not resource.helper


def _late(record: Record) -> list[Json]:
    lines = []
    now = clients.clock.now()
    for resource in record.resources:
        window = expected(resource.durations)
        if resource.state != OPEN or resource.told_late or window is None or resource.since is None:
            continue
        age = now - resource.since
        if age > LATE * window.latest + GRACE:
            resource.told_late = True
            lines.append(f"{resource.shown}: {duration(age)} so far; it used to take {duration(window.latest)} at most")
    return [{"what": "takes longer than it used to", "lines": lines}] if lines else []
