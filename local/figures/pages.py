"""Pages of the example's runs as pictures, for the docs: `python -m local.figures.pages` writes them.

The example's data and params file, in this process: a third of the interactions, then all of them, then interactions at
random, then a campaign that Personalize fails to deploy. Needs a Chromium.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from example.generate_data import generate
from local.servers import ROOT

PICTURES = ROOT / "docs" / "pictures"
WIDTH, HEIGHT = 900, 1500  # of a picture: what is below is cut off
PHONE = 390
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
RUN, LIST = "runs/{}/report.html", "runs/index.html"


def pages() -> dict[str, str]:
    """The pages by the names of their pictures."""
    from local.personalize_emulator import Fault

    from . import in_process

    document = json.loads((ROOT / "example" / "params.json").read_text(encoding="utf-8"))
    shown = {}
    with tempfile.TemporaryDirectory() as scratch, in_process.deployed({}) as deployment:
        data = Path(scratch)
        generate(data)
        for kind in ("Users", "Items"):
            deployment.upload(f"{kind}/data.csv", (data / kind / f"{kind.lower()}.csv").read_text(encoding="utf-8"))
        head, *rows = (data / "Interactions" / "interactions.csv").read_text(encoding="utf-8").splitlines()
        chance = random.Random(1)
        some = [row for row in rows if chance.random() < 1 / 3]
        items = [row.split(",")[1] for row in rows]
        chance.shuffle(items)
        noise = [",".join([user, item, time]) for (user, _, time), item in zip(map(_cells, rows), items, strict=True)]
        for name, chosen in {"page-first": some, "page-better": rows, "page-worse": noise}.items():
            shown[name] = _run(deployment, document, [head, *chosen])
        fault = Fault("fail", "UpdateCampaign", reason="The campaign could not be scaled.", times=1)
        deployment.emulator.faults.add(fault)
        shown["page-failed"] = _run(deployment, document, [head, *rows])
        shown["list-of-runs"] = _text(deployment, LIST)
    return shown


def _cells(row: str) -> tuple[str, str, str]:
    user, item, time = row.split(",")
    return user, item, time


def _run(deployment: Any, document: dict[str, Any], lines: list[str]) -> str:
    deployment.upload("Interactions/interactions.csv", "\n".join([*lines, ""]))
    ended = deployment.run(document)
    return _text(deployment, RUN.format(ended.record["run"]["id"]))


def _text(deployment: Any, key: str) -> str:
    from . import in_process

    return str(deployment.s3.get_object(Bucket=in_process.BUCKET, Key=key)["Body"].read().decode())


def draw(html: dict[str, str]) -> None:
    """Have a browser draw the pages; the first of them on a phone in the dark, too."""
    views = [(name, text, WIDTH, "light") for name, text in html.items()]
    views.append(("page-phone", html["page-first"], PHONE, "dark"))
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as scratch:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for name, text, width, scheme in views:
            file = Path(scratch, "page.html")
            file.write_text(text, encoding="utf-8")
            page = browser.new_page(viewport={"width": width, "height": HEIGHT}, color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(file.as_uri())
            height = min(HEIGHT, int(page.evaluate("document.body.scrollHeight")))
            picture = PICTURES / f"{name}.png"
            page.screenshot(path=str(picture), clip={"x": 0, "y": 0, "width": width, "height": height})
            print(f"wrote {picture.relative_to(ROOT)}")
        browser.close()


if __name__ == "__main__":
    draw(pages())
