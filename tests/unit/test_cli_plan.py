"""`plan` at a terminal: what a dry run would mail, or what can be said without AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pipeline_cli.__main__ import main

from .conftest import ACCOUNT, BUCKET, CACHED, ENVIRONMENT, REGION, params
from .test_adopt import without_credentials
from .test_bad_params import BAD, GOOD, changed
from .test_everything import INCLUDE, RECIPE, everything, with_events
from .workflow import INTERACTIONS, USERS, Deployment, deployed

HOME = Path(__file__).parent


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        deployment.upload_data(interactions=with_events())
        deployment.upload("batch/weekly/input/users.json", '{"userId": "u1"}\n')
        deployment.upload("batch/fans/input/items.json", '{"itemId": "i1"}\n')
        yield deployment


class Terminal:
    """Runs commands beside a folder of local files."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self.capsys = capsys

    def write(self, name: str, content: str) -> Path:
        file = self.home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return file

    def plan(self, document: Any, *options: str) -> tuple[int, str, str]:
        """The exit code, and what stands on the standard output and error."""
        file = self.write("params.json", document if isinstance(document, str) else json.dumps(document))
        return self.run("plan", str(file), *options)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        self.capsys.readouterr()
        code = main(arguments)
        out, err = self.capsys.readouterr()
        return code, out, err


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(tmp_path, capsys)


def body(text: str) -> list[str]:
    """A plan's text without what names its run, since at a terminal there is none, nor one before it."""
    text = re.sub(r" \((as many rows as before|[+-][\d,]+ rows)\)$", "", text, flags=re.MULTILINE)
    text = re.sub(r"-(RUN|20261123-170502-\d{8})\b", "", text)
    return [
        line
        for line in text.splitlines()
        if line and not line.startswith(("Run:", "Code:", "Report:", "Page:", "Steps:", "Took:", "Not held"))
    ]


def keys(deployment: Deployment) -> list[str]:
    return [entry["Key"] for entry in deployment.s3.list_objects_v2(Bucket=BUCKET)["Contents"]]


def test_it_is_what_a_dry_run_mails(deployment: Deployment, terminal: Terminal) -> None:
    first = everything(filters=[*everything()["filters"], {"name": "all", "filterExpression": INCLUDE}])
    first["solutions"][0]["campaigns"].pop()
    del first["eventTracker"]
    deployment.run(first)
    deployment.upload_data(interactions=with_events(event="view"))
    wanted = everything()
    wanted["solutions"][0]["campaigns"][0]["minProvisionedTPS"] = 2
    mailed = deployment.run(wanted | {"dryRun": True}).mail
    before, kept = deployment.writes(), keys(deployment)
    code, out, err = terminal.plan(wanted, "--bucket", BUCKET)
    assert (code, err) == (0, "")
    assert body(out) == body(mailed)
    assert "Report:" not in out and "Run:" not in out
    for planned in (
        "create               event tracker",
        "update               campaign web",
        "(data or its schema changed)",
    ):
        assert planned in out
    assert (deployment.writes(), keys(deployment)) == (before, kept)


def test_after_a_run_everything_is_reused(deployment: Deployment, terminal: Terminal) -> None:
    deployment.run(everything())
    code, out, _ = terminal.plan(everything(), "--bucket", BUCKET)
    assert code == 0
    assert "reuse                campaign web (exists as wanted)" in out
    assert not [line for line in out.splitlines() if line.strip().startswith(("create", "update", "replace"))]


def test_the_file_may_be_for_a_folder_of_the_bucket(deployment: Deployment, terminal: Terminal) -> None:
    code, out, _ = terminal.plan(params(), "--bucket", BUCKET, "--prefix", "train/shop")
    assert code == 1
    assert "s3://shop-input/train/shop/Interactions/: no data" in out
    deployment.upload_data("train/shop/")
    assert terminal.plan(params(), "--bucket", BUCKET, "--prefix", "train/shop/")[0] == 0


def test_all_problems_are_listed(deployment: Deployment, terminal: Terminal) -> None:
    deployment.run(everything())
    document = everything(filters=[{"name": "clicked"}], tain="auto")
    document["solutions"][0]["recipeArn"] = "arn:aws:personalize:::recipe/aws-sims"
    code, out, _ = terminal.plan(document, "--bucket", BUCKET)
    assert code == 1
    assert "$.tain: unknown key. Did you mean `train`?" in out
    assert "$.filters[0].filterExpression: is missing" in out
    code, out, _ = terminal.plan(everything() | {"solutions": document["solutions"]}, "--bucket", BUCKET)
    assert code == 1
    assert "$.solutions[0].recipeArn: solution for-you exists with" in out


def test_a_quota_that_aws_has_raised_can_be_told(deployment: Deployment, terminal: Terminal) -> None:
    solutions = [{"name": f"s{n}", "recipeArn": f"{RECIPE}aws-sims"} for n in range(11)]
    document = params(solution=None, campaign=None, solutions=solutions)
    deployment.upload_data()
    code, out, _ = terminal.plan(document, "--bucket", BUCKET)
    assert code == 1
    assert "$.solutions: 11 solution(s) would be created beside 0; a dataset group may have 10." in out
    assert terminal.plan(document, "--bucket", BUCKET, "--quota", "solutions=11")[0] == 0


@pytest.mark.parametrize("slip", ["solution=11", "solutions", "solutions=many", "solutions=-1"])
def test_a_slip_in_a_quota_is_told(terminal: Terminal, slip: str) -> None:
    code, _, err = terminal.plan(params(), "--quota", slip)
    assert (code, "NAME=NUMBER" in err) == (2, True)


BOUNDARIES = {
    "dataset_groups": ["*"],
    "folders": {"team-b/": ["b-*"]},
    "ceilings": {"min_provisioned_tps": 1},
    "allow_teardown": True,
}


@pytest.mark.parametrize("bucket", [(), ("--bucket", BUCKET)], ids=["offline", "bucket"])
def test_what_the_deployment_allows_can_be_told(
    deployment: Deployment, terminal: Terminal, bucket: tuple[str, ...]
) -> None:
    deployment.upload_data("team-b/")
    told = ("--boundaries", str(terminal.write("boundaries.json", json.dumps(BOUNDARIES))))
    document = params(campaign={"name": "for-you", "minProvisionedTPS": 2})
    code, out, _ = terminal.plan(document, *bucket, "--prefix", "team-b", *told)
    assert code == 1
    assert "$.datasetGroup.name: is shop; Terraform's input `folders` binds team-b/ to b-*" in out
    assert "$.campaign.minProvisionedTPS: Terraform's input `ceilings.min_provisioned_tps` allows at most 1" in out
    document = params(datasetGroup={"name": "b-shop"})
    assert "lies in none of the folders" in terminal.plan(document, *bucket, *told)[1]
    code, out, _ = terminal.plan(document, *bucket, "--prefix", "team-b", *told)
    assert (code, "Not held against" in out) == (0, False)
    code, out, _ = terminal.plan(document, *bucket, "--prefix", "team-b")
    assert (code, "Not held against what the deployment allows" in out) == (0, True)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"dataset_groups": 1}', '"dataset_groups"'])
def test_boundaries_that_are_none_are_told(terminal: Terminal, content: str) -> None:
    file = str(terminal.write("boundaries.json", content))
    code, _, err = terminal.plan(params(), "--boundaries", file)
    assert (code, err) == (2, f"plan: {file} is not what the module's output `boundaries` holds.\n")


def test_the_deployments_settings_are_not_needed(
    deployment: Deployment, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal has not the function's environment."""
    for name in ENVIRONMENT:
        if not name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for cached in CACHED:
        cached.cache_clear()
    for document in (everything(), everything(filters=[{"name": "f"}]), everything(teardown="shop")):
        assert terminal.plan(document, "--bucket", BUCKET)[2] == ""


def test_a_teardown_is_only_shown(deployment: Deployment, terminal: Terminal) -> None:
    deployment.run(everything())
    before = deployment.writes()
    code, out, _ = terminal.plan(everything(teardown="shop"), "--bucket", BUCKET)
    assert code == 0
    assert "delete               campaign web" in out
    assert deployment.writes() == before


def test_the_role_of_an_encrypted_group_is_left_to_the_run(deployment: Deployment, terminal: Terminal) -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234"
    document = params(datasetGroup={"name": "shop", "kmsKeyArn": key})
    deployment.upload_data()
    assert deployment.run(document).succeeded
    code, out, _ = terminal.plan(document, "--bucket", BUCKET)
    assert code == 0, out
    assert "roleArn was not compared" in out


def test_a_role_of_a_job_is_left_to_the_run_and_a_place_is_not(deployment: Deployment, terminal: Terminal) -> None:
    document = everything()
    document["datasets"]["Interactions"]["importJob"] = {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/any"}
    assert terminal.plan(document, "--bucket", BUCKET)[0] == 0
    document["datasets"]["Users"]["importJob"] = {"dataSource": {"dataLocation": "s3://another/users.csv"}}
    code, out, _ = terminal.plan(document, "--bucket", BUCKET)
    assert code == 1
    assert (
        "$.datasets.Users.importJob.dataSource.dataLocation: Personalize may read the deployment's bucket only" in out
    )
    assert "no data that can be read" not in out


def test_a_foreign_dialect_is_read_as_in_a_run(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    without_credentials(monkeypatch)
    code, out, _ = terminal.plan((HOME / "dialects" / "ml_ops.json").read_text())
    assert code == 0, out
    assert "ml_ops" in out


def test_without_a_bucket_nothing_of_aws_is_needed(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    without_credentials(monkeypatch)
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    code, out, err = terminal.plan(params())
    assert (code, err) == (0, "")
    assert "params.json has no problems that can be seen without AWS." in out
    assert "Not compared with the bucket's data and with what Personalize has" in out
    assert "Data of Users: none lies beside the file." in out


def test_without_a_bucket_all_problems_of_the_file_are_listed(terminal: Terminal) -> None:
    document = everything()
    document["solutions"][0]["recipeArn"] = "arn:aws:personalize:::recipe/aws-hrnn"
    document["solutions"][1]["batchSegmentJobs"][0]["filterName"] = "nope"
    code, out, _ = terminal.plan(document)
    assert code == 1
    assert "aws-hrnn is withdrawn" in out
    assert "nope is not among `filters`" in out


def test_arns_in_the_file_are_no_contradiction(terminal: Terminal) -> None:
    document = everything()
    document["filters"][0]["datasetGroupArn"] = "arn:aws-cn:personalize:cn-north-1:210987654321:dataset-group/shop"
    assert terminal.plan(document)[0] == 0
    document["filters"][0]["datasetGroupArn"] += "s"
    assert "the pipeline fills in" in terminal.plan(document)[1]


def test_data_beside_the_file_is_checked(terminal: Terminal) -> None:
    terminal.write("interactions/first.csv", INTERACTIONS)
    terminal.write("Users.csv", USERS)
    code, out, _ = terminal.plan(params())
    assert code == 0, out
    assert (
        "Interactions         1,500 rows in 1 file, 60 users\n" in out
        and "Users                60 rows in 1 file\n" in out
    )
    terminal.write("interactions/first.csv", INTERACTIONS.replace("TIMESTAMP", "TIME"))
    terminal.write("Users.csv", USERS.replace(",25", ",old"))
    code, out, _ = terminal.plan(params())
    assert code == 1
    assert "interactions/first.csv: the header lacks TIMESTAMP" in out
    assert 'Users.csv, line 7, AGE: "old" is not a whole number.' in out
    terminal.write("interactions/first.csv", "".join(INTERACTIONS.splitlines(keepends=True)[:6]))
    assert f"{terminal.home}/interactions: 5 interactions in all" in terminal.plan(params())[1]


def test_the_plan_for_programs(deployment: Deployment, terminal: Terminal) -> None:
    code, out, err = terminal.plan(everything(), "--bucket", BUCKET, "--json")
    plan = json.loads(out)
    assert (code, err, plan["verdict"], plan["datasetGroup"]) == (0, "", "planned", "shop")
    assert {"type": "dataset group", "name": "shop", "plan": "create", "reason": "new"} in plan["actions"]
    assert plan["data"]["Interactions"]["rows"] == 1500
    assert plan["problems"] == []
    faulty = json.dumps(params(solution={"name": "s h", "recipArn": "x"}), indent=1)
    code, out, _ = terminal.plan(faulty, "--json")
    plan = json.loads(out)
    assert (code, plan["verdict"], plan["problemCount"], plan["actions"]) == (1, "rejected", 2, [])
    unknown = next(problem for problem in plan["problems"] if problem["what"] == "unknown key.")
    line, column = unknown["line"], unknown["column"]
    assert faulty.splitlines()[line - 1][column - 1 :].startswith('"recipArn"')
    assert unknown == {
        "where": "$.solution.recipArn",
        "pointer": "/solution/recipArn",
        "what": "unknown key.",
        "hint": "Did you mean `recipeArn`?",
        "line": line,
        "column": column,
    }
    assert [problem["line"] for problem in plan["problems"]] == sorted(problem["line"] for problem in plan["problems"])


def test_what_a_terminal_can_not_write_is_told_all_the_same(terminal: Terminal) -> None:
    code, out, err = terminal.plan('{"datasetGroup": {"name": "\\ud83d"}}', "--json")
    assert (code, err) == (1, "")
    assert "one half of a character" in json.loads(out)["problems"][0]["what"]
    code, out, err = terminal.plan(params(solution={"name": "[red]x[/nothing]"}))
    assert (code, err) == (1, "")
    assert "[red]x[/nothing]" in out


def test_a_plan_is_coloured_on_a_terminal_only(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    faulty = params(solution={})
    assert "\x1b" not in terminal.plan(faulty)[1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" in terminal.plan(faulty)[1]
    assert "\x1b" not in terminal.plan(faulty, "--json")[1]


def test_what_trainings_lack_is_told_without_aws_too(terminal: Terminal) -> None:
    many = "".join(f"u{n},i,{1_700_000_000 + n},type-{n % 12}\n" for n in range(1500))
    terminal.write("Interactions/i.csv", "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n" + many)
    code, out, _ = terminal.plan(everything())
    assert code == 1
    assert "has 12 event types and 1 optional columns" in out
    assert "none of 1,024 users, taken by chance out of about" in out


def test_a_long_path_on_this_machine_is_no_fault(terminal: Terminal) -> None:
    terminal.home = terminal.home / ("d" * 100) / ("d" * 100) / ("d" * 100)
    terminal.write("Interactions/i.csv", INTERACTIONS)
    terminal.write("Users/u.csv", USERS)
    assert terminal.plan(params())[0] == 0


def test_a_large_file_is_read_to_its_end_unless_less_is_asked_for(terminal: Terminal) -> None:
    terminal.write("Interactions/i.csv", INTERACTIONS + "u1,i1,1700000000\n" * 20_000 + "not,read\n")
    code, out, _ = terminal.plan(params())
    assert code == 1
    assert "line 21,502: has 2 cells; the header has 3." in out
    code, out, _ = terminal.plan(params() | {"dataChecks": "sample"})
    assert code == 0
    assert "only the first 64 KiB" in out


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "line 1, column 2: not valid JSON"),
        ("[]", "$: must be of type object"),
        (json.dumps(params(teardown="shopp")), "$.teardown: must be the dataset group's name again, shop"),
        ("", "not valid JSON"),
    ],
    ids=["cut off", "a list", "a slip in the teardown", "empty"],
)
def test_what_is_no_params_file_is_told(terminal: Terminal, content: str, sentence: str) -> None:
    code, out, _ = terminal.plan(content)
    assert code == 1
    assert sentence in out


def test_an_unreadable_file_is_told(terminal: Terminal) -> None:
    missing = terminal.home / "parms.json"
    assert terminal.run("plan", str(missing)) == (2, "", f"plan: can't read {missing}: No such file or directory.\n")
    assert terminal.run("plan", str(terminal.home)) == (2, "", f"plan: can't read {terminal.home}: Is a directory.\n")


def test_an_unknown_bucket_is_told(deployment: Deployment, terminal: Terminal) -> None:
    code, out, err = terminal.plan(params(), "--bucket", "shop-inptu")
    assert (code, out) == (2, "")
    assert err == "plan: there is no bucket shop-inptu, or these credentials may not list it.\n"


def test_missing_credentials_are_told(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    without_credentials(monkeypatch)
    code, out, err = terminal.plan(params(), "--bucket", BUCKET)
    assert (code, out) == (2, "")
    assert err == "plan: no AWS credentials were found. Sign in, or set AWS_PROFILE.\n"


def test_the_plan_says_what_a_run_says_of_every_faulty_and_every_odd_file(
    deployment: Deployment, terminal: Terminal
) -> None:
    good = [(path, value) for cases in GOOD.values() for path, value in cases]
    faulty = [(path, value) for cases in BAD.values() for path, value, _ in cases]
    for path, value in [*faulty, *good]:
        if path == "dryRun" or "roleArn" in f"{path} {value}":
            continue  # only the deployment knows its own role (docs/commands.md)
        document = changed(path, value) | {"dryRun": True}
        ended = deployment.run(document)
        code, out, _ = terminal.plan(document, "--bucket", BUCKET)
        # What is no dry run takes its turn before it is read, so its dataset group is known even where nothing else is.
        told, mailed = (
            [line for line in body(text) if not line.startswith("Dataset group")] for text in (out, ended.mail)
        )
        assert told == mailed, (path, value)
        assert code == (0 if ended.report["outcome"] == "planned" else 1)
