"""What Terraform's inputs let params files do: a file that may not is refused before it comes near anybody's turn."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.core import iam_evaluator as iam  # type: ignore[import-untyped]
from pipeline import settings as settings_module
from pipeline.boundaries import CEILINGS, Boundaries
from pipeline.engine.schedules import OVERRIDES, schedule_name
from pipeline.handler import ACTIONS
from pipeline.params.dialects import normalise
from pipeline.params.document import SCHEMA_FILE

from .conftest import BUCKET, params
from .test_everything import DOMAINS, domain, everything, with_events
from .workflow import Deployment, deployed

DIALECTS = Path(__file__).parent / "dialects"
ASK = "ask whoever applies the module to change it."
TEAMS = {
    "dataset_groups": ["a-*", "b-*"],
    "folders": {"team-a/": ["a-*"], "team-a/secret/": ["a-secret"], "team-b/": ["b-*"]},
    "ceilings": {"min_provisioned_tps": 5, "min_recommendation_requests_per_second": 3},
    "allow_teardown": True,
}
Bind = Callable[..., None]


@pytest.fixture
def bind(monkeypatch: pytest.MonkeyPatch) -> Bind:
    """Tells the function the boundaries of two teams, with changes."""

    def bound(**changes: Any) -> None:
        monkeypatch.setenv("BOUNDARIES", json.dumps(TEAMS | changes))
        settings_module.settings.cache_clear()

    bound()
    return bound


@pytest.fixture
def deployment(bind: Bind) -> Iterator[Deployment]:
    with deployed() as deployment:
        for folder in ("team-a/", "team-b/"):
            deployment.upload_data(folder)
        yield deployment


def named(prefix: str, **sections: Any) -> dict[str, Any]:
    """Params of which every name begins so."""
    document = params(**sections)
    for section in (document["datasetGroup"], document["solution"], document["campaign"]):
        section["name"] = prefix + section["name"]
    return document


def bounded(**changes: Any) -> Boundaries:
    return Boundaries.from_json(json.dumps(TEAMS | changes))


# --- Dataset groups ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "group", "refused"),
    [
        ("team-a/params.json", "a-shop", None),
        ("team-a/deep/er/params.json", "a-shop", None),
        ("team-b/params.json", "b-shop", None),
        ("team-a/secret/params.json", "a-secret", None),
        ("team-b/params.json", "a-shop", "`folders` binds team-b/ to b-*"),
        ("team-a/secret/params.json", "a-shop", "`folders` binds team-a/secret/ to a-secret"),  # the innermost counts
        ("team-b/params.json", "B-shop", "`folders` binds team-b/ to b-*"),  # as in ARNs, case counts
        ("team-b/params.json", "c-shop", "`dataset_groups` allows a-*, b-*"),
        ("params.json", "b-shop", "lies in none of the folders that Terraform's input `folders` names, team-a/, "),
        ("team-bb/params.json", "b-shop", "lies in none of the folders"),
        ("team-b", "b-shop", "lies in none of the folders"),
        ("Team-b/params.json", "b-shop", "lies in none of the folders"),
        ("t\u0435am-b/params.json", "b-shop", "lies in none of the folders"),  # a Cyrillic e
        ("team-b/../team-a/params.json", "b-shop", "could be taken for another place"),
        ("team-b//params.json", "b-shop", "could be taken for another place"),
        ("team-b/%2e%2e/team-a/params.json", "b-shop", "could be taken for another place"),
    ],
)
def test_a_params_file_names_dataset_groups_of_its_folder_only(key: str, group: str, refused: str | None) -> None:
    found = bounded().refusals(key, {"datasetGroup": {"name": group}})
    assert bool(found) == bool(refused)
    assert not refused or refused in " ".join(map(str, found))


def test_a_refusal_names_the_input_and_whom_to_ask() -> None:
    (problem,) = bounded().refusals("team-b/params.json", {"datasetGroup": {"name": "a-shop"}})
    assert str(problem) == (f"$.datasetGroup.name: is a-shop; Terraform's input `folders` binds team-b/ to b-*; {ASK}")


def test_without_boundaries_nothing_is_refused() -> None:
    document = everything(teardown="shop")
    for key in ("params.json", "any/../where//params.json"):
        assert Boundaries().refusals(key, document) == []
        assert Boundaries().outside(key, "other/../place//") is None
    assert list(Boundaries().excesses(document)) == []


@given(
    st.text("ab-*?[]!_", min_size=1, max_size=8),
    st.text("abAB-_", min_size=1, max_size=8),
)
def test_patterns_mean_what_they_mean_in_arns(pattern: str, name: str) -> None:
    """Of what Terraform lets through: `?` and brackets are never patterns."""
    if set(pattern) <= set("ab-*_") and name[0].isalpha():
        found = Boundaries(dataset_groups=(pattern,)).refusals("params.json", {"datasetGroup": {"name": name}})
        group = "arn:aws:personalize:eu-west-1:123456789012:dataset-group/"
        assert (not found) == iam.fnmatch_iam_cs(group + name, group + pattern)
    elif "*" not in pattern and name[0].isalpha() and name != pattern:
        assert Boundaries(dataset_groups=(pattern,)).refusals("params.json", {"datasetGroup": {"name": name}})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda of: (
            st.lists(of)
            | st.dictionaries(st.sampled_from(["datasetGroup", "name", "teardown", "minProvisionedTPS", "state"]), of)
        ),
    ),
    st.text(),
)
def test_whatever_a_file_says_and_whatever_it_is_called_is_looked_at_without_an_error(document: Any, key: str) -> None:
    boundaries = bounded(allow_teardown=False)
    boundaries.refusals(key, document)
    list(boundaries.excesses(document))
    boundaries.outside(key, key)


@given(st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}", fullmatch=True), st.sampled_from(sorted(OVERRIDES)))
def test_a_schedules_name_begins_as_the_policy_says(group: str, purpose: str) -> None:
    """The policy names a pattern's schedules by 47 characters where its dataset groups' names may have more than 56."""
    name = schedule_name(group, purpose)
    assert name.startswith(group[:47])
    assert len(group) > 56 or name == f"{group}.{purpose}"


class TestTurns:
    """Team b's files against team a's turn, which lies in locks/a-shop.json."""

    def versions(self, deployment: Deployment) -> list[str]:
        """Of all locks: every write makes one."""
        found = deployment.s3.list_object_versions(Bucket=BUCKET, Prefix="locks/").get("Versions", [])
        return [f"{version['Key']} {version['VersionId']}" for version in found]

    @pytest.mark.parametrize("more", [{}, {"teardown": "a-shop"}, {"dryRun": True}], ids=["run", "teardown", "dry run"])
    def test_a_file_that_names_another_teams_group_touches_neither_its_turn_nor_anything(
        self, deployment: Deployment, more: dict[str, Any]
    ) -> None:
        working = deployment.start(named("a-"), key="team-a/params.json")
        working.advance()
        waiting = deployment.start(named("a-", train="always"), key="team-a/other/params.json")
        waiting.advance()
        before, calls = self.versions(deployment), len(deployment.emulator.calls)
        hostile = deployment.run(named("a-") | more, key="team-b/params.json")
        assert (self.versions(deployment), len(deployment.emulator.calls)) == (before, calls)
        assert hostile.error == "ParamsRejected"
        assert (
            f"$.datasetGroup.name: is a-shop; Terraform's input `folders` binds team-b/ to b-*; {ASK}" in hostile.mail
        )
        assert "datasetGroup" not in hostile.report["run"]  # it is not a mail about that group
        assert "What bills" not in hostile.mail
        deployment.upload_data("team-a/other/")
        assert [ended.succeeded for ended in deployment.step(working, waiting)] == [True, True]

    def test_a_teardown_that_stands_alone_names_its_group_too(self, deployment: Deployment) -> None:
        deployment.run(named("a-"), key="team-a/params.json")
        before, calls = self.versions(deployment), len(deployment.emulator.calls)
        hostile = deployment.run({"teardown": "a-shop"}, key="team-b/params.json")
        assert (self.versions(deployment), len(deployment.emulator.calls)) == (before, calls)
        assert f"is a-shop; Terraform's input `folders` binds team-b/ to b-*; {ASK}" in hostile.mail

    def test_a_schedules_run_of_a_file_that_came_to_name_another_teams_group_is_refused_too(
        self, deployment: Deployment
    ) -> None:
        upload = deployment.upload("team-b/params.json", named("a-"))
        del upload["versionId"]
        ended = deployment.finish(deployment.execute(upload, train="always"))
        assert "`folders` binds team-b/ to b-*" in ended.mail
        assert self.versions(deployment) == []

    def test_a_run_works_on_the_group_whose_turn_it_took_and_on_no_other(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A file that is refused needs no turn; one that takes its place at that very moment does."""
        upload = deployment.upload("team-b/params.json", named("a-"))
        del upload["versionId"]
        plan = ACTIONS["plan"]

        def planned_late(event: dict[str, Any]) -> Any:
            deployment.upload("team-b/params.json", named("b-"))
            return plan(event)

        monkeypatch.setitem(ACTIONS, "plan", planned_late)
        ended = deployment.finish(deployment.execute(upload))
        told = "$.datasetGroup.name: the file was changed while the run took its turn, and is about b-shop now."
        assert told in ended.mail
        assert (self.versions(deployment), deployment.writes()) == ([], [])

    def test_what_an_execution_sets_otherwise_is_bounded_like_the_file(self, deployment: Deployment) -> None:
        """Who may start executions by hand can name any key of the params."""
        upload = deployment.upload("team-b/params.json", named("b-"))
        overrides: Any = {"datasetGroup": {"name": "a-shop"}}
        ended = deployment.finish(deployment.execute(upload, **overrides))
        assert "`folders` binds team-b/ to b-*" in ended.mail
        assert (self.versions(deployment), deployment.writes()) == ([], [])

    def test_an_upload_in_another_bucket_is_none(self, deployment: Deployment) -> None:
        deployment.s3.create_bucket(Bucket="evil", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        deployment.s3.put_object(Bucket="evil", Key="team-a/params.json", Body=json.dumps(named("a-")).encode())
        ended = deployment.finish(deployment.execute({"bucket": "evil", "key": "team-a/params.json"}))
        assert "the execution's input: names the bucket evil; this deployment reads shop-input only." in ended.mail
        assert (self.versions(deployment), deployment.writes()) == ([], [])


def test_all_that_is_wrong_is_told_at_once(deployment: Deployment, bind: Bind) -> None:
    bind(allow_teardown=False)
    document = named("a-", tain="auto", teardown="a-shop")
    document["campaign"]["minProvisionedTPS"] = 50
    ended = deployment.run(document, key="team-b/params.json")
    for told in (
        f"$.datasetGroup.name: is a-shop; Terraform's input `folders` binds team-b/ to b-*; {ASK}",
        f"$.teardown: Terraform's input `allow_teardown` is false; {ASK}",
        "$.tain: unknown key. Did you mean `train`?",
        f"$.campaign.minProvisionedTPS: Terraform's input `ceilings.min_provisioned_tps` allows at most 5; {ASK}",
    ):
        assert told in ended.mail
    assert deployment.writes() == []


def test_a_teardown_is_refused_where_there_shall_be_none(deployment: Deployment, bind: Bind) -> None:
    assert deployment.run(named("b-"), key="team-b/params.json").succeeded
    bind(allow_teardown=False)
    before = deployment.writes()
    ended = deployment.run(named("b-", teardown="b-shop"), key="team-b/params.json")
    assert f"$.teardown: Terraform's input `allow_teardown` is false; {ASK}" in ended.mail
    assert deployment.writes() == before
    bind()
    assert deployment.run(named("b-", teardown="b-shop"), key="team-b/params.json").succeeded


# --- Places -----------------------------------------------------------------------------------------------------------

LOCATION = "$.datasets.Users.importJob.dataSource.dataLocation"


def reading(location: str) -> dict[str, Any]:
    document = named("b-")
    document["datasets"]["Users"]["importJob"] = {"dataSource": {"dataLocation": location}}
    return document


@pytest.mark.parametrize(
    ("location", "why"),
    [
        (f"s3://{BUCKET}/team-a/Users/", "lies outside team-b/"),
        (f"s3://{BUCKET}/team-a/Users/users.csv", "lies outside team-b/"),
        (f"s3://{BUCKET}/", "lies outside team-b/"),
        (f"s3://{BUCKET}/team-b", "lies outside team-b/"),
        (f"s3://{BUCKET}/team-b/../team-a/Users/", "could be taken for another place"),
        (f"s3://{BUCKET}/team-b/./Users/", "could be taken for another place"),
        (f"s3://{BUCKET}/team-b//Users/", "could be taken for another place"),
        (f"s3://{BUCKET}/team-b/..", "could be taken for another place"),
        (f"s3://{BUCKET}/team-b/*/Users/", "could be taken for another place"),
        (f"s3://{BUCKET}/team-b/{{x,../team-a}}/Users/", "could be taken for another place"),
        (f"s3://{BUCKET}/team-b/%2e%2e/team-a/Users/", "could be taken for another place"),
        (f"s3://{BUCKET}/team-b/a\tb/", "could be taken for another place"),
        (f"s3://{BUCKET}/runs/", "runs/ and locks/ are the pipeline's own"),
        ("s3://evil/team-b/Users/", "Personalize may read the deployment's bucket only"),
    ],
)
def test_data_outside_of_the_folder_is_refused_and_not_looked_at(
    deployment: Deployment, location: str, why: str
) -> None:
    deployment.upload("team-a/Users/users.csv", "USER_ID,AGE\nsecret-name,secret-age\n")
    ended = deployment.run(reading(location), key="team-b/params.json")
    assert ended.error == "ParamsRejected"
    assert [failure for failure in ended.report["failures"] if why in failure["what"]], ended.mail
    assert {failure["where"] for failure in ended.report["failures"]} == {LOCATION}
    assert "secret" not in ended.mail
    assert deployment.writes() == []


def test_data_inside_of_the_folder_is_read_wherever_it_lies(deployment: Deployment) -> None:
    deployment.upload("team-b/else where/größe+1/users.csv", "USER_ID,AGE\nu1,20\n")
    ended = deployment.run(reading(f"s3://{BUCKET}/team-b/else where/größe+1/"), key="team-b/deep/params.json")
    assert [failure["where"] for failure in ended.report["failures"]] == [f"s3://{BUCKET}/team-b/deep/Interactions/"]
    deployment.upload_data("team-b/deep/")
    location = f"s3://{BUCKET}/team-b/else where/größe+1/"
    assert deployment.run(reading(location), key="team-b/deep/params.json").succeeded


def test_a_folder_that_is_bound_apart_is_no_part_of_the_one_around_it(deployment: Deployment, bind: Bind) -> None:
    """Not even where the pipeline looks by itself, and not from outside of it either."""
    bind(folders={"": ["a-*"], "Users/": ["a-secret"], "metrics/": ["a-secret"]}, dataset_groups=["*"])
    deployment.upload_data()
    metric = {"eventType": "click", "metricName": "clicks", "expression": "SAMPLECOUNT()"}
    ended = deployment.run(named("a-", metricAttribution={"name": "sales", "metrics": [metric]}))
    what = f"lies outside the bucket's root, where Terraform's input `folders` keeps this params file; {ASK}"
    assert f"{LOCATION}: s3://{BUCKET}/Users/ {what}" in ended.mail
    where = "$.metricAttribution.metricsOutputConfig.s3DataDestination.path"
    assert f"{where}: s3://{BUCKET}/metrics/sales/output/ {what}" in ended.mail
    bind(folders={"": ["a-*"], "Users/inner/": ["a-secret"]}, dataset_groups=["*"])
    ended = deployment.run(named("a-"))
    assert f"s3://{BUCKET}/Users/ has Users/inner/ in it, which Terraform's input `folders` binds apart" in ended.mail


def test_batch_jobs_read_and_write_inside_of_the_folder(deployment: Deployment) -> None:
    document = everything(datasetGroup={"name": "b-shop"})
    deployment.upload_data("team-b/", interactions=with_events())
    inference, segments = (
        document["solutions"][0]["batchInferenceJobs"][0],
        document["solutions"][1]["batchSegmentJobs"][0],
    )
    inference["jobInput"] = {"s3DataSource": {"path": f"s3://{BUCKET}/team-a/batch/input/"}}
    segments["jobOutput"] = {"s3DataDestination": {"path": f"s3://{BUCKET}/team-a/batch/x/output/y/"}}
    ended = deployment.run(document, key="team-b/params.json")
    outside = f"lies outside team-b/, where Terraform's input `folders` keeps this params file; {ASK}"
    told = [str(failure["where"]) for failure in ended.report["failures"] if outside in failure["what"]]
    assert told == [
        "$.solutions[0].batchInferenceJobs[0].jobInput.s3DataSource.path",
        "$.solutions[1].batchSegmentJobs[0].jobOutput.s3DataDestination.path",
    ]
    assert deployment.writes() == []


def test_a_folder_whose_places_are_too_long_for_personalize_is_told_before_anything_is_made(
    deployment: Deployment,
) -> None:
    folder = "team-b/" + "x" * 240 + "/"
    deployment.upload_data(folder)
    ended = deployment.run(named("b-"), key=f"{folder}params.json")
    assert ended.error == "ParamsRejected"
    assert "characters; Personalize takes at most 256. Use a shorter folder." in ended.mail
    assert deployment.writes() == []


def properties(schema: Any, steps: str = "$") -> Iterator[tuple[str, str, Any]]:
    """Every property that the params schema knows: where, its name, and what may stand there."""
    for key, value in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if isinstance(value, dict | list):
            if steps.endswith(".properties"):
                yield steps, key, value
            yield from properties(value, f"{steps}.{key}")


SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
OUTSIDE = f"s3://{BUCKET}/team-a/batch/x/output/y/"
METRIC = {"eventType": "click", "metricName": "clicks", "expression": "SAMPLECOUNT()"}
INPUT, OUTPUT = ({name: {"path": OUTSIDE}} for name in ("s3DataSource", "s3DataDestination"))


def test_every_place_that_a_file_can_name_is_held_to_its_folder(deployment: Deployment) -> None:
    """Of a type of their own in the service model: one that is new to the schema has to come into this test."""
    document = everything(datasetGroup={"name": "b-shop"})
    document["datasets"]["Interactions"]["importJob"] = {"dataSource": {"dataLocation": OUTSIDE}}
    document["metricAttribution"] = {"name": "sales", "metrics": [METRIC], "metricsOutputConfig": OUTPUT}
    for number, kind in enumerate(("batchInferenceJobs", "batchSegmentJobs")):
        document["solutions"][number][kind][0] |= {"jobInput": INPUT, "jobOutput": OUTPUT}
    ended = deployment.run(document, key="team-b/params.json")
    told = [failure["where"] for failure in ended.report["failures"] if "lies outside team-b/" in failure["what"]]
    known = [where for where, _, what in properties(SCHEMA) if str(what.get("pattern", "")).startswith("^(?:(s3|")]
    assert len(told) == len(set(told)) == len(known) == 6


# --- Ceilings ---------------------------------------------------------------------------------------------------------


def raised(value: Any, rate: int) -> Any:
    """The document with every rate set."""
    if isinstance(value, dict):
        return {
            name: rate if name in ("minProvisionedTPS", "minRecommendationRequestsPerSecond") else raised(entry, rate)
            for name, entry in value.items()
        }
    return [raised(entry, rate) for entry in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("dialect", "count"),
    [("ml_ops", 3), ("aws_solution", 3), ("aws_solution_domain", 1), ("cdk_sample", 2)],
)
def test_a_ceiling_holds_in_every_dialect(dialect: str, count: int) -> None:
    text = json.loads((DIALECTS / f"{dialect}.json").read_text(encoding="utf-8"))
    found = [list(bounded().excesses(normalise(raised(text, rate))[0])) for rate in (3, 50)]
    assert [len(problems) for problems in found] == [0, count]


def test_a_ceiling_is_the_most_that_is_allowed(deployment: Deployment) -> None:
    document = named("b-")
    for rate, succeeded in ((6, False), (5, True)):
        document["campaign"]["minProvisionedTPS"] = rate
        ended = deployment.run(document, key="team-b/params.json")
        assert ended.succeeded == succeeded, ended.mail
        assert ended.report["run"]["datasetGroup"] == "b-shop"  # theirs, so the mail says so


def test_what_shall_go_may_have_any_rate() -> None:
    fast = {"name": "web", "minProvisionedTPS": 50}
    assert list(bounded().excesses({"solutions": [{"campaigns": [fast]}]}))
    assert not list(bounded().excesses({"solutions": [{"campaigns": [fast | {"state": "absent"}]}]}))


def test_a_ceiling_that_came_later_keeps_nobody_from_tearing_down(deployment: Deployment, bind: Bind) -> None:
    """By the very file that made it, which has rates above the ceiling now."""
    document = named("b-")
    document["campaign"]["minProvisionedTPS"] = 5
    assert deployment.run(document, key="team-b/params.json").succeeded
    bind(ceilings={"min_provisioned_tps": 1})
    assert deployment.run(document | {"teardown": "b-shop"}, key="team-b/params.json").succeeded


def test_a_recommenders_rate_has_a_ceiling_of_its_own() -> None:
    document = domain(*DOMAINS[0], recommenderConfig={"minRecommendationRequestsPerSecond": 4})
    (problem,) = bounded().excesses(document)
    assert str(problem) == (
        "$.recommenders[0].recommenderConfig.minRecommendationRequestsPerSecond: Terraform's input "
        f"`ceilings.min_recommendation_requests_per_second` allows at most 3; {ASK}"
    )


def test_every_rate_in_the_schema_has_a_ceiling() -> None:
    rates = {name for _, name, _ in properties(SCHEMA) if re.search(r"TPS$|PerSecond$", name)}
    assert rates == CEILINGS.keys()


# --- ARNs in the file -------------------------------------------------------------------------------------------------


def test_a_filter_of_another_group_is_not_used_by_its_arn(deployment: Deployment) -> None:
    hidden = {"name": "hidden", "filterExpression": "EXCLUDE UserID WHERE Users.AGE > 90"}
    theirs = deployment.run(named("a-", filters=[hidden]), key="team-a/params.json")
    assert theirs.succeeded
    document = named("b-")
    deployment.upload("team-b/batch/weekly/input/users.json", '{"userId": "u1"}\n')
    arn = theirs.row("filter")["arn"]
    document["solution"]["batchInferenceJobs"] = [{"jobName": "weekly", "filterArn": arn}]
    ended = deployment.run(document, key="team-b/params.json")
    assert ended.error == "ParamsRejected"
    assert f"$.solution.batchInferenceJobs[0].filterArn: {arn} belongs to the dataset group" in ended.mail


THEIRS = "arn:aws:personalize:eu-west-1:210987654321:"
# A value for every ARN that the schema knows, by the place where a file names it; how else it is held, where it is not
# refused in the plan.
NAMED = {
    "datasetGroup.roleArn": None,  # that of a group that exists with another role; iam:PassRole lets no other be used
    "datasetGroup.kmsKeyArn": None,  # the key's policy
    "eventTracker.datasetGroupArn": f"{THEIRS}dataset-group/x",
    "metricAttribution.datasetGroupArn": f"{THEIRS}dataset-group/x",
    "metricAttribution.metricsOutputConfig.roleArn": "arn:aws:iam::210987654321:role/x",
    "metricAttribution.metricsOutputConfig.s3DataDestination.kmsKeyArn": None,
    "datasets.Users.schemaArn": f"{THEIRS}schema/x",
    "datasets.Users.datasetGroupArn": f"{THEIRS}dataset-group/x",
    "datasets.Users.importJob.datasetArn": f"{THEIRS}dataset/x/USERS",
    "datasets.Users.importJob.roleArn": "arn:aws:iam::210987654321:role/x",
    "filters.0.datasetGroupArn": f"{THEIRS}dataset-group/x",
    "solutions.0.recipeArn": f"{THEIRS}recipe/aws-user-personalization-v2",
    "solutions.0.datasetGroupArn": f"{THEIRS}dataset-group/x",
    "solutions.0.solutionVersion.solutionArn": f"{THEIRS}solution/x",
    "solutions.0.campaigns.0.solutionVersionArn": f"{THEIRS}solution/for-you/x",
    "recommenders.0.datasetGroupArn": f"{THEIRS}dataset-group/x",
    "recommenders.0.recipeArn": f"{THEIRS}recipe/aws-ecomm-popular-items-by-views",
} | {
    f"solutions.{number}.{kind}s.0.{place}": arn
    for number, kind in enumerate(("batchInferenceJob", "batchSegmentJob"))
    for place, arn in (
        ("solutionVersionArn", f"{THEIRS}solution/for-you/x"),
        ("filterArn", f"{THEIRS}filter/x"),
        ("roleArn", "arn:aws:iam::210987654321:role/x"),
        ("jobInput.s3DataSource.kmsKeyArn", None),
        ("jobOutput.s3DataDestination.kmsKeyArn", None),
    )
}


def test_every_arn_that_a_file_can_name_is_known_here() -> None:
    known = [f"{steps}.{name}" for steps, name, _ in properties(SCHEMA) if name.endswith("Arn")]
    assert len(known) == len(NAMED)
    assert sorted(name.rpartition(".")[2] for name in known) == sorted(name.rpartition(".")[2] for name in NAMED)


@pytest.mark.parametrize(("place", "arn"), [entry for entry in NAMED.items() if entry[1]])
def test_an_arn_of_another_account_is_refused_where_it_is_named(deployment: Deployment, place: str, arn: str) -> None:
    *steps, name = place.split(".")
    document = everything(datasetGroup={"name": "b-shop"}, metricAttribution={"name": "sales", "metrics": [METRIC]})
    events = with_events()
    if steps[0] == "recommenders":
        document = domain(*DOMAINS[0]) | {"datasetGroup": {"name": "b-shop", "domain": DOMAINS[0][0]}}
        events = with_events(event=DOMAINS[0][2])
    deployment.upload_data("team-b/", interactions=events)
    for folder in ("weekly/input/users.json", "fans/input/items.json"):
        deployment.upload(f"team-b/batch/{folder}", '{"userId": "u1", "itemId": "i1"}\n')
    holder: Any = document
    for step in steps:
        holder = holder[int(step)] if step.isdecimal() else holder.setdefault(step, {})
    holder[name] = arn
    ended = deployment.run(document, key="team-b/params.json")
    assert ended.error == "ParamsRejected"
    where = re.sub(r"\.(\d+)", r"[\1]", f"$.{place}")
    assert where in [failure["where"] for failure in ended.report["failures"]], ended.mail
    assert deployment.writes() == []


@pytest.mark.parametrize("account", ["eu-west-1:210987654321", "us-east-1:123456789012"])
def test_what_another_account_or_region_has_is_refused_by_its_arn(deployment: Deployment, account: str) -> None:
    """And not asked for: the function has no right to it, so that the plan itself would fail."""
    document = named("b-")
    document["solution"]["batchInferenceJobs"] = [
        {"jobName": "weekly", "filterArn": f"arn:aws:personalize:{account}:filter/hidden"}
    ]
    document["datasets"]["Users"] = {"name": "b-users", "schemaArn": f"arn:aws:personalize:{account}:schema/users"}
    ended = deployment.run(document, key="team-b/params.json")
    assert ended.error == "ParamsRejected"
    assert [failure["where"] for failure in ended.report["failures"]] == [
        "$.datasets.Users.schemaArn",
        "$.solution.batchInferenceJobs[0].filterArn",
    ]
