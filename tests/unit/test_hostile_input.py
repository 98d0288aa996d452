"""Params and object keys that mean harm, or only look so: refused in words, or handled, and never let through raw.

None of these tests measures time: what they try would not end, or would end the process.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline.arns import Arns
from pipeline.boundaries import Boundaries
from pipeline.ending.report import plan_text
from pipeline.ending.words import printable
from pipeline.engine.differences import canonical
from pipeline.params import document
from pipeline.planning.plan import planned
from pipeline.planning.reading import Surroundings, read_params

from .conftest import ACCOUNT, BUCKET, REGION, params
from .test_everything import everything
from .workflow import Deployment, deployed, invoke

SURROUNDINGS = Surroundings(Arns("aws", REGION, ACCOUNT), None, None, lambda _: None, Boundaries(), "params.json")
# Turns the direction of writing, takes no room, ends a text, breaks a line, is half a character, or none.
EXOTIC = "\u202e\u2066\u200b\u200d\u2060\u00ad\ufeff\0\r\n\x1b\x85\u2028\U000e0041\ufff9"


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        deployment.upload_data()
        yield deployment


def invisible(text: str) -> list[str]:
    """What no reader sees in a text, but for its line ends."""
    return [c for c in text.replace("\n", "") if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]


def told(body: bytes) -> list[str]:
    """All problems of a file."""
    return [str(problem) for problem in read_params(body, {}, SURROUNDINGS).problems]


# --- Texts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1500, 8000])
@pytest.mark.parametrize(
    ("head", "piece"), [("arn:", ":"), ("arn:aws:personalize", ":"), ("arn:aws", ":kms:"), ("arn:aws", ":kms:0:key/")]
)
def test_arns_of_colons_are_refused_for_their_length(head: str, piece: str, count: int) -> None:
    """Of two wildcards with a colon between them each splits the text anew: seconds at 1,500, and hours at 8,000."""
    arn = head + piece * count
    text = params()
    text["datasets"]["Users"] = {"name": "users", "schemaArn": arn}
    assert told(json.dumps(text).encode()) == [
        f"$.datasets.Users.schemaArn: has {len(arn)} characters; at most 256 are allowed."
    ]
    (problem,) = told(json.dumps(params(datasetGroup={"name": "shop", "kmsKeyArn": arn})).encode())
    assert ("at most 2048 are allowed" in problem) == (len(arn) > 2048)


@pytest.mark.parametrize("piece", [":", ":kms:", ":kms:000000000000:key/"])
def test_arns_of_colons_that_are_short_enough_are_refused_for_their_form(piece: str) -> None:
    arn = ("arn:aws" + piece * 2048)[:2048] + "\n"
    (problem,) = told(json.dumps(params(datasetGroup={"name": "shop", "kmsKeyArn": arn[1:]})).encode())
    assert problem.endswith("is not the ARN of a KMS key (an alias is none).")


def strings(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where the strings of a document are."""
    if isinstance(value, str):
        yield path
    for key, entry in value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else []):
        yield from strings(entry, (*path, key))


def with_string(value: Any, path: tuple[str | int, ...], text: str) -> Any:
    changed = json.loads(json.dumps(value))
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = text
    return changed


WHOLE = everything() | {"surprise": True}  # so that it is refused in any case, and nothing is asked of AWS


@pytest.mark.parametrize("text", ["x" * 100_000, EXOTIC, "\ud800", "a" + EXOTIC, "\u0430" * 90, "../" * 30, "%00" * 30])
@pytest.mark.parametrize("path", list(strings(WHOLE)), ids=lambda path: ".".join(map(str, path)))
def test_any_text_in_any_place_is_told_in_a_mail_that_can_be_sent(path: tuple[str | int, ...], text: str) -> None:
    body = json.dumps(with_string(WHOLE, path, text)).encode()
    record = planned(read_params(body, {}, SURROUNDINGS), {"id": "RUN", "key": "params.json"}, {})
    mail = plan_text(record)
    assert record.outcome == "rejected"
    assert len(mail.encode()) < 200_000
    assert invisible(mail) == []


@given(st.text(min_size=1), st.text())
def test_any_key_of_an_object_and_any_unknown_key_is_told_in_a_mail_that_can_be_sent(key: str, name: str) -> None:
    body = json.dumps(params() | {f"{name}?": 1}).encode()
    record = planned(read_params(body, {}, SURROUNDINGS), {"id": "RUN", "key": key}, {})
    lines = plan_text(record).splitlines()
    assert record.outcome == "rejected"
    assert [line for line in lines if line.startswith("Params file:")] == [f"Params file:   {printable(key)}"]
    assert invisible("\n".join(lines)) == []


def test_the_cause_of_an_execution_shows_nothing_invisible_and_no_line_that_is_the_files(
    deployment: Deployment,
) -> None:
    ended = deployment.run(params() | {f"x{EXOTIC}$.datasetGroup.name: all is well": 1})
    assert ended.error == "ParamsRejected"
    assert len(ended.cause.splitlines()) == 1
    assert invisible(ended.cause) == []


@given(st.binary(max_size=200) | st.text('[]{}",:\\ud0e-+1x', max_size=200).map(str.encode))
def test_bytes_that_are_no_params_are_told(body: bytes) -> None:
    assert told(body)


# --- Shapes and numbers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [51, 900, 60_000])
@pytest.mark.parametrize("ends", ["[]", ('{"a":', "}"), ('{"serviceConfig":', "}")], ids=["list", "dict", "dialect"])
def test_a_file_that_is_nested_too_deeply_is_refused(deployment: Deployment, depth: int, ends: Any) -> None:
    text = ends[0] * depth + "1" + ends[1] * depth
    for body in (text, f'{{"datasetGroup": {{"name": "shop"}}, "solutions": {text}}}'):
        if len(body) > document.LARGEST:
            continue
        ended = deployment.run(body)
        assert "$: the document is nested too deeply." in ended.mail


def test_an_avro_text_that_is_nested_too_deeply_is_refused() -> None:
    for depth in (60, 900, 60_000):
        text = params()
        text["datasets"]["Users"]["schema"] = "[" * depth + "]" * depth
        assert [problem for problem in read(text) if "nested too deeply" in problem], depth


def test_an_avro_text_with_half_a_character_is_refused() -> None:
    text = params()
    text["datasets"]["Users"]["schema"] = json.dumps(text["datasets"]["Users"]["schema"] | {"namespace": "\ud800"})
    assert "$.datasets.Users.schema: holds one half of a character" in read(text)[0]


def read(text: Any) -> list[str]:
    """What is wrong with the sections of a document."""
    found = read_params(json.dumps(text).encode(), {}, SURROUNDINGS)
    assert found.sections
    return [str(problem) for problem in found.sections.problems]


def test_slips_of_json_are_told_with_all_else() -> None:
    wrong = params(filters=[{"name": "f", "filterExpression": "KEEP"}], schedules={"run": "rate(0 days)"})
    text = json.dumps(wrong)[:-1] + ', "tain": NaN, "train": "never", "train": "auto"}'
    assert [problem.partition(": ")[0] for problem in told(text.encode())] == [
        *("$", "$", "$.tain"),  # NaN, the key that stands twice, the key that is none
        *("$.schedules.run", "$.filters[0].filterExpression"),
    ]


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" * 5000, "NaN", "Infinity"])
def test_numbers_that_are_none_are_refused(number: str) -> None:
    text = json.dumps(params())[:-1] + f', "x": {number}}}'
    assert [problem for problem in told(text.encode()) if "too many digits" in problem or "is not JSON" in problem]


@pytest.mark.parametrize("text", ["1e999999999", "-1E+999999999", "1e-999999999", "9" * 300, "1e18446744073709551616"])
def test_a_number_in_a_text_is_not_written_out(text: str) -> None:
    """Its thousand million digits would end the process: they are part of a batch job's name."""
    assert len(str(canonical({"explorationWeight": text}))) < 400
    assert canonical("3e1") == "30"  # the names of what ran already stay


def test_a_file_of_many_faults_is_told_by_the_first_ones(deployment: Deployment) -> None:
    text = params(filters=[1] * 20_000) | {f"k{number}": 1 for number in range(5_000)}
    body = json.dumps(text, separators=(",", ":"))
    assert len(body) < document.LARGEST
    ended = deployment.run(body)
    assert ended.error == "ParamsRejected"
    assert len(ended.mail) < 100_000


@pytest.mark.parametrize("more", [998, 999])
def test_a_file_that_names_too_many_resources_is_refused_before_any_is_asked_for(
    deployment: Deployment, more: int
) -> None:
    """Personalize's rates are the account's: what one file has described by the thousand keeps others waiting."""
    text = params()
    text["solution"]["campaigns"] = [{"name": f"c{number}", "minProvisionedTPS": 1} for number in range(more)]
    ended = deployment.run(text)
    assert ended.error == "ParamsRejected"
    refused = "$: names 1,001 solutions, campaigns, batch jobs, recommenders and filters; a run looks at 1,000 at most."
    assert (refused in ended.mail) == (more == 999)
    assert bool(deployment.emulator.calls) == (more == 998)


# --- Object keys ------------------------------------------------------------------------------------------------------

KEYS = [
    "a\nb/", "\u202eb/", "100%/", "a+b c/", "%2e%2e/", "../", "./", "a//b/", "//", "*/", "'\"`$(x)/", "<b>&amp;/",
    "\u200b/", "\U0001f6d2/", "x" * 1012 + "/", "\u00e9" * 500 + "/",
]  # fmt: skip


@pytest.mark.parametrize("folder", KEYS, ids=ascii)
def test_any_key_starts_the_run_of_its_file_and_no_other(deployment: Deployment, folder: str) -> None:
    key = f"{folder}params.json"
    version = deployment.s3.put_object(Bucket=BUCKET, Key=key, Body=b"{")["VersionId"]
    entry = {"key": quote_plus(key), "versionId": version, "sequencer": "00A"}
    event = {"eventTime": "2026-11-23T17:05:02Z", "s3": {"bucket": {"name": BUCKET}, "object": entry}}
    (name,) = invoke({"Records": [event]})["started"]
    found = boto3.client("stepfunctions").describe_execution(
        executionArn=deployment.machine.replace(":stateMachine:", ":execution:") + f":{name}"
    )
    assert json.loads(found["input"])["upload"]["key"] == key
    ended = deployment.run("{", key=key)
    assert "not valid JSON" in ended.mail
    assert invisible(ended.mail) == []
    written = [entry["Key"] for entry in deployment.s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert {name.split("/")[0] for name in written} - {"Users", "Interactions"} == {"runs", key.split("/")[0]}
