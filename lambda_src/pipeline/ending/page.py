"""The page of a run: its report as one HTML file, with no script and nothing that is fetched from elsewhere.

Whatever stands in a report is escaped by the template engine; the page's own policy lets nothing be loaded or run.
"""

from __future__ import annotations

import datetime as dt
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.costs.formulas import told

from . import links
from .headline import advice, headline, spelled
from .words import counted, duration, printable

if TYPE_CHECKING:
    from jinja2 import Environment

PAGES = Path(__file__).parent / "pages"
CHARTED = 3  # metrics of a chart, the headline's first
CHART = (720, 280)  # its width and height
REFRESH = 30  # seconds after which the page of a run that is under way is loaded anew
Json = dict[str, Any]
TONES = {"succeeded": "good", "torn down": "good", "planned": "plain", "superseded": "plain", "under way": "busy"}


def key(run: str) -> str:
    """The object that a run's page is written to."""
    return f"runs/{run}/report.html"


def render(document: Json) -> str:
    """The page of a report (docs/report.schema.json), or of a run that is under way."""
    document = printable(document)
    run = document["run"]
    arn = run.get("executionArn", "")
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            document=document,
            run=run,
            headline=headline(document),
            advice=advice(document),
            tone=TONES.get(document["outcome"], "bad"),
            bars=_bars(document),
            charts=[_chart(entry) for entry in document.get("quality", [])],
            execution=links.of_execution(arn) if arn.startswith("arn:") else None,
            personalize=links.of_personalize(arn) if arn.startswith("arn:") else None,
            refresh=REFRESH if document["outcome"] == "under way" else None,
        )
    )


def render_index(runs: list[Json], deployment: str) -> str:
    """The page that lists the runs of a deployment, newest first."""
    return (
        _environment().get_template("index.html.jinja").render(runs=printable(runs), deployment=deployment, tones=TONES)
    )


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader  # only pages need it

    loader = FileSystemLoader(PAGES)
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "duration": duration,
        "moment": _moment,
        "metric": spelled,
        "counted": counted,
        "cost": told,
    }
    return environment


def _moment(seconds: float) -> str:
    """`2026-11-27 13:05 UTC`."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")


def _bars(document: Json) -> list[Json]:
    """The timeline's bars: parts of the whole in percent, by stage in the order of their beginning."""
    rows = [row for row in document["resources"] if "times" in row]
    if not rows:
        return []
    first = min([row["times"]["free"] for row in rows])
    last = max([row["times"]["ended"] for row in rows])
    whole = max(last - first, 1)
    return [
        {
            "row": row,
            "left": 100 * (times["free"] - first) / whole,
            "waiting": 100 * (times["begun"] - times["free"]) / whole,
            "working": max(100 * (times["ended"] - times["begun"]) / whole, 0.6),
            "waited": times["begun"] - times["free"],
            "worked": times["ended"] - times["begun"],
            "critical": times["critical"],
        }
        for row in sorted(rows, key=lambda row: (row["times"]["begun"], row["times"]["ended"]))
        for times in [row["times"]]
    ]


def _chart(entry: Json) -> str | None:
    """The metrics of a solution's versions as SVG; None where there is but one version, which has no course."""
    versions = [version for version in entry["versions"] if version["metrics"]]
    if len(versions) < 2:
        return None
    import leather  # type: ignore[import-untyped]  # only pages need it

    first = [entry["metric"], *(gate["metric"] for gate in entry["gates"] if "minimum" in gate)]
    shown = [*dict.fromkeys(first), *(name for name in sorted(versions[-1]["metrics"]) if name not in first)]
    chart = leather.Chart()
    chart.add_y_scale(0, max(1.0, *(value for version in versions for value in version["metrics"].values())))
    for name in shown[:CHARTED]:
        points = [
            (number, version["metrics"][name])
            for number, version in enumerate(versions, 1)
            if name in version["metrics"]
        ]
        if points:
            chart.add_line(points, name=spelled(name))
    for gate in entry["gates"]:
        if "minimum" in gate:
            level = float(gate["minimum"])
            chart.add_line(
                [(1, level), (len(versions), level)], name=f"gate of {gate['campaign']}: {spelled(gate['metric'])}"[:60]
            )
    chart.add_x_axis(ticks=list(range(1, len(versions) + 1)), name="version, from old to new")
    width, height = CHART
    svg = str(chart.to_svg(width=width, height=height))
    return svg.replace("<svg ", f'<svg viewBox="0 0 {width} {height}" role="img" ', 1)  # it may shrink
