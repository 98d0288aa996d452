"""The pages in a real browser: drawn whole at any width, in light and dark, with no script, no error and no request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pipeline.ending import index, page
from playwright.sync_api import Browser, Page

from .documents import document, full, hostile, resource

PHONE, DESK = 360, 1200
DOCUMENTS = {
    "nothing": document(),
    "sixty": full(60),
    "rejected": document(
        outcome="rejected", failures=[{"where": "$.solution", "what": "x" * 400, "line": 3, "column": 7}]
    ),
    "one version": full(1, quality=[]),
    "under way": document(
        5, outcome="under way", progress="models are trained and deployed, 3 of 5 resources are over"
    ),
    "hostile": hostile(),
}
# Elements that lie outside the window, or whose text does not fit into them.
CUT_OFF = """() => [...document.body.querySelectorAll('*')].filter(element => {
  const box = element.getBoundingClientRect();
  if (element.closest('svg') || !box.width) return false;
  return box.right > innerWidth + 1 || element.scrollWidth > element.clientWidth + 1 && element.clientWidth;
}).map(element => element.outerHTML.slice(0, 120))"""


@pytest.fixture
def look(browser: Browser, tmp_path: Path) -> Iterator[Any]:
    """Shows a page; what it logged, asked for or did wrong stands in `look.trouble`."""
    pages: list[Page] = []

    def open_(html: str, width: int = DESK, scheme: str = "light") -> Page:
        file = tmp_path / "page.html"
        file.write_text(html, encoding="utf-8")
        shown = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
        shown.trouble = []  # type: ignore[attr-defined]
        shown.on("console", lambda message: shown.trouble.append(message.text))  # type: ignore[attr-defined]
        shown.on("pageerror", lambda error: shown.trouble.append(str(error)))  # type: ignore[attr-defined]
        shown.on("request", lambda request: request.url.startswith("file:") or shown.trouble.append(request.url))  # type: ignore[attr-defined]
        shown.goto(file.as_uri())
        pages.append(shown)
        return shown

    yield open_
    for shown in pages:
        shown.close()


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_page_is_drawn_whole(look: Any, name: str, scheme: str, width: int) -> None:
    shown = look(page.render(DOCUMENTS[name]), width, scheme)
    assert shown.trouble == []
    assert shown.evaluate(CUT_OFF) == []


def test_nothing_that_is_named_is_carried_out(look: Any) -> None:
    html = page.render(hostile())
    shown = look(html)
    assert shown.title() != "owned"
    assert shown.locator("script, img, iframe, object").count() == 0
    assert "{{7*7}}" in shown.inner_text("h1") and "49" not in shown.inner_text("h1")


def test_there_is_no_script_and_the_page_lets_none_run(look: Any) -> None:
    html = page.render(full(3)).replace("</body>", "<script>document.title = 'ran'</script></body>")
    assert look(html).title() != "ran"
    assert "<script" not in page.render(full(60))


def test_bars_lie_where_and_as_long_as_the_work_did(look: Any) -> None:
    rows = [
        resource(0, "first", times={"free": 0.0, "begun": 0.0, "ended": 100.0, "critical": True}),
        resource(1, "second", times={"free": 100.0, "begun": 200.0, "ended": 400.0, "critical": True}),
    ]
    shown = look(page.render(document(resources=0) | {"resources": rows}))
    boxes = [shown.locator(".track .working").nth(number).bounding_box() for number in range(2)]
    track = shown.locator(".track").first.bounding_box()
    assert abs(boxes[0]["width"] / track["width"] - 0.25) < 0.01
    assert abs((boxes[1]["x"] - track["x"]) / track["width"] - 0.5) < 0.01
    assert abs(boxes[1]["width"] / track["width"] - 0.5) < 0.01
    assert shown.locator(".bar.critical").count() == 2


def test_the_chart_has_a_line_for_each_metric_and_the_gate(look: Any) -> None:
    shown = look(page.render(full(1)))
    assert shown.locator(".chart svg path").count() == 4
    assert "gate of for-you" in shown.locator(".chart").inner_text()


def test_a_page_of_a_run_that_is_under_way_loads_itself_and_another_does_not() -> None:
    assert '<meta http-equiv="refresh" content="30">' in page.render(DOCUMENTS["under way"])
    assert 'http-equiv="refresh"' not in page.render(full(1))


def test_the_list_of_runs_leads_to_their_pages(look: Any) -> None:
    runs = [index.entry_of(full(2)), index.entry_of(hostile() | {"run": {"id": "../x y"}})]
    shown = look(page.render_index(runs, "shop-input"), PHONE)
    assert shown.trouble == []
    assert shown.evaluate(CUT_OFF) == []
    links = [link.get_attribute("href") for link in shown.locator("a").all()]
    assert links == ["20261123-170502-1f0c9a3b/report.html", "../x%20y/report.html"]


def test_it_prints(look: Any, tmp_path: Path) -> None:
    shown = look(page.render(full(60)))
    shown.pdf(path=str(tmp_path / "page.pdf"))
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
