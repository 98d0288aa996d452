"""A mail about an upload with thirty faults, drawn for the docs: `python -m local.figures.faulty_upload` writes it."""

from __future__ import annotations

import io
import json
from typing import Any

from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME
from rich.text import Text

from local.servers import ROOT

PICTURE = ROOT / "docs" / "pictures" / "faulty-upload.svg"
FAULTS = 30
WIDTH = 150  # columns
RECIPE = "arn:aws:personalize:::recipe/"
SPACE = "com.amazonaws.personalize.schema"
# rich's own frame, without the font that it would load from elsewhere.
FRAME = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>{lines}</defs>
<rect width="{width}" height="{height}" rx="8" fill="#ffffff" stroke="#cccccc" />
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


def _schema(name: str, **fields: Any) -> dict[str, Any]:
    listed = [{"name": field, **(avro if isinstance(avro, dict) else {"type": avro})} for field, avro in fields.items()]
    return {"type": "record", "name": name, "namespace": SPACE, "fields": listed, "version": "1.0"}


def params() -> str:
    """A params file with fifteen faults."""
    document = {
        "datasetGroup": {"name": "web-shop"},
        "datasets": {
            "Interactions": {
                "name": "interactions",
                "schema": _schema(
                    "Interactions", USER_ID="string", ITEM_ID="string", TIMESTAMP="long", EVENT_TYPE="string"
                ),
            },
            "Users": {"name": "users", "schema": _schema("Users", USER_ID="string", AGE=["null", "int"])},
            "Items": {
                "name": "items",
                "schema": _schema(
                    "Items",
                    ITEM_ID="string",
                    PRICE={"type": "float"},
                    GENRE={"type": ["null", "string"], "categorical": True},
                    CREATION_TIMESTAMP={"type": "string"},  # 1
                ),
            },
        },
        "filters": [
            {"name": "unseen", "filterExpression": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYP IN ("view")'},  # 2
            {"name": "cheap", "filterExpression": "INCLUDE ItemID WHERE Items.PRICE < ten"},  # 3
            {"name": "drama", "filterExpression": 'INCLUDE ItemID WHERE Items.GENRE IN ("drama"'},  # 4
        ],
        "solutions": [
            {
                "name": "for-you",
                "recipeArn": f"{RECIPE}aws-user-personalization-v2",
                "performHPO": True,  # 5
                "solutionConfig": {
                    "trainingDataConfig": {"excludedDatasetColumns": {"Items": ["GENRES"]}},  # 6
                    "autoTrainingConfig": {"schedulingExpression": "rate(31 days)"},  # 7
                },
                "campaigns": [
                    {"name": "web", "campaignConfig": {"itemExplorationConfig": {"explorationWeight": "0.3"}}},  # 8
                    {"name": "web", "deployWhen": {"metric": "precision_at_7", "minimum": 0.1}},  # 9, 10
                ],
                "batchInferenceJobs": [{"jobName": "weekly", "filterName": "seen"}],  # 11
            },
            {"name": "segments", "recipeArn": f"{RECIPE}aws-item-affinity", "campaigns": [{"name": "fans"}]},  # 12
        ],
        "schedules": {"retrain": "cron(0 25 ? * SUN *)", "import": "rate(0 days)"},  # 13, 14
        "tags": [{"tagKey": "aws:team", "tagValue": "ml"}],  # 15
    }
    return json.dumps(document, indent=2)


def data() -> dict[str, bytes]:
    """Files with fifteen faults, by key."""
    good = [f"u{n % 60},i{n % 41},{1_700_000_000 + n},view\n" for n in range(1500)]
    rows = list(good)
    rows[11] = "u1,i1,2024-02-30,view\n"  # 16
    rows[57] = "u1,,1700000000,view\n"  # 17
    rows[99] = "u1,i1,1700000000\n"  # 18
    rows[500] = f"{'u' * 300},i1,1700000000,view\n"  # 19
    rows[1200:1210] = ['u1,i1,1700000000,"view\n'] * 10  # 20
    rows[1300] = 'u1,i1,1700000000,"view" or click\n'  # 21
    milliseconds = [f"u{n % 60},i{n % 41},{1_700_000_000_000 + n},view\n" for n in range(1500)]
    head = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n"
    return {
        "Interactions/2024.csv": (head + "".join(rows)).encode(),
        "Interactions/2025.csv": (head + "".join(milliseconds)).encode(),  # 22
        "Interactions/2026.csv": ("user_id,ITEM_ID,TIMESTAMP,EVENT_TYPE\n" + "".join(good)).encode(),  # 23
        "Interactions/notes.txt": b"ask Kim for the rest",  # 24
        "Users/a.csv": b"USER_ID,AGE\nu1,old\nu2,99999999999999999999\nu3,\xff\n",  # 25, 26, 27
        "Users/b.csv": b"\xef\xbb\xbfUSER_ID,AGE\nu1,3\n",  # 28
        "Items/a.csv": b"ITEM_ID;PRICE;GENRE;CREATION_TIMESTAMP\ni1;1.5;drama;0\n",  # 29
        "Items/b.csv": b'ITEM_ID,PRICE,GENRE,CREATION_TIMESTAMP\ni1,"1,50",drama,0\n',  # 30
    }


def mail() -> str:
    """What is mailed about them."""
    from . import in_process

    with in_process.deployed({}) as deployment:
        for key, body in data().items():
            deployment.s3.put_object(Bucket=in_process.BUCKET, Key=key, Body=body)
        return str(deployment.run(params()).mail)


def draw() -> str:
    """The mail as a picture."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), color_system="truecolor")
    text = Text(mail())
    text.highlight_regex(r"(?m)^\S.*$", "bold")
    text.highlight_regex(r"\(line \d+, column \d+\)", "cyan")
    text.highlight_regex(r"(?m)^  [^ :]+(?:, line [\d,]+)?(?:, [A-Z_]+)?(?=: )", "red")
    console.print(text, highlight=False)
    return console.export_svg(title="", theme=DEFAULT_TERMINAL_THEME, code_format=FRAME, unique_id="mail")


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(draw(), encoding="utf-8")
    print(f"wrote {PICTURE.relative_to(ROOT)}")
