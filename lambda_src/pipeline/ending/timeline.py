"""When each resource of a run waited and worked, and which of them the run's length is owed to."""

from __future__ import annotations

from pipeline.engine.record import Record
from pipeline.engine.resources import Resource

Times = dict[str, float | bool]


def timeline(record: Record, now: float) -> dict[str, Times]:
    """By the ids of the resources that something was done for, or waited for.

    Returns:
        `free`: since when nothing else was in its way; `begun` and `ended`: of its work; all in epoch seconds, on the
        service's clock. `critical`: whether it lies on the chain of resources that followed each other to the end.
    """
    spans: dict[str, Times] = {}
    for resource in record.resources:  # in an order in which what comes before stands before, but for some
        if span := _span(resource, now):
            spans[resource.id] = span
    began = float(record.run.get("startedAt", now))
    before_each = _before_each(record.resources)
    for name, span in spans.items():
        before = [spans[other]["ended"] for other in before_each[name] if other in spans]
        span["free"] = min(max([began, *map(float, before)]), float(span["begun"]))
    for name in _critical(before_each, spans):
        spans[name]["critical"] = True
    return spans


def _span(resource: Resource, now: float) -> Times | None:
    steps = [float(step["at"]) for step in resource.done]
    waits = resource.since is not None and not resource.is_over  # the work of others, which this run waits for
    if not steps and not waits:
        return None
    begun = steps[0] if steps else float(resource.since or now)
    if not resource.is_over:
        ended = now
    elif resource.took is not None:
        ended = steps[-1] + resource.took
    else:
        ended = resource.over_at or steps[-1]
    return {"free": begun, "begun": begun, "ended": max(ended, begun), "critical": False}


def _before_each(resources: list[Resource]) -> dict[str, list[str]]:
    """What each comes after: by the graph, and because a stage begins when the one before it is over."""
    earlier: dict[str, list[str]] = {}
    for stage in dict.fromkeys(resource.stage for resource in resources):
        before = [resource.id for resource in resources if resource.stage in earlier]
        earlier[stage] = before
    return {one.id: [*one.after, *one.after_any, *earlier[one.stage]] for one in resources}


def _critical(before_each: dict[str, list[str]], spans: dict[str, Times]) -> list[str]:
    """From what ended last back to what each waited for last."""
    chain: list[str] = []
    ahead = list(spans)
    while ahead:
        last = max(ahead, key=lambda name: float(spans[name]["ended"]))
        chain.append(last)
        ahead = [name for name in before_each[last] if name in spans and name not in chain]
    return chain
