"""Files in other projects' shapes become ours, with nothing lost in silence; odd ones reach the schema check whole."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline.arns import Arns
from pipeline.params import sections
from pipeline.params.dialects import normalise
from pipeline.params.document import schema_problems

from .conftest import interactions_schema, params

EXAMPLES = Path(__file__).parent / "dialects"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.json"))
RECIPE = "arn:aws:personalize:::recipe/"
HOME = "s3://club-data/"
ROLE = "arn:aws:iam::123456789012:role/shop-personalize"


def example(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return document


def tag(key: str, value: str) -> list[dict[str, str]]:
    return [{"tagKey": key, "tagValue": value}]


def solution_file(**sections_of_it: Any) -> dict[str, Any]:
    """A small config.json of the AWS Solution."""
    interactions = {
        "dataset": {"serviceConfig": {"name": "events"}},
        "schema": {"serviceConfig": {"name": "events-schema", "schema": interactions_schema()}},
    }
    return {
        "datasetGroup": {"serviceConfig": {"name": "shop"}},
        "datasets": {"interactions": interactions},
        **sections_of_it,
    }


def solution(name: str = "for-you", recipe: str = "aws-user-personalization", **beside: Any) -> dict[str, Any]:
    return {"serviceConfig": {"name": name, "recipeArn": RECIPE + recipe}, **beside}


def notes_about(notes: list[str], *words: str) -> list[str]:
    return [note for note in notes if all(word in note for word in words)]


# --- All dialects ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_an_example_becomes_a_document_that_the_schema_accepts(name: str) -> None:
    given_document = example(name)
    document, notes = normalise(given_document)
    assert schema_problems(document) == []
    assert "has the shape of" in notes[0]
    assert given_document == example(name), "the given document must not be changed"
    assert normalise(document) == (document, [])


@pytest.mark.parametrize("name", ["aws_solution", "aws_solution_domain", "cdk_sample", "cdk_sample_domain", "ml_ops"])
def test_an_example_has_no_impossible_combinations(name: str, arns: Arns) -> None:
    assert sections.read(normalise(example(name))[0], arns, ROLE, HOME).problems == []


def values(document: Any, key: str) -> list[Any]:
    """Everything under `key`, wherever it stands."""
    if isinstance(document, list):
        return [found for entry in document for found in values(entry, key)]
    if not isinstance(document, dict):
        return []
    here = [document[key]] if key in document else []
    return here + [found for entry in document.values() for found in values(entry, key)]


@pytest.mark.parametrize("name", NAMES)
def test_no_tag_and_no_name_is_lost(name: str) -> None:
    document, notes = normalise(example(name))
    kept, told = json.dumps(document), "\n".join(notes)
    everything = example(name)
    for tags in values(everything, "tags"):
        assert tags in values(document, "tags")
    for given_name in [*values(everything, "name"), *values(everything, "jobName")]:
        assert f'"{given_name}"' in kept or given_name in told


@pytest.mark.parametrize(
    "document",
    [
        params(),
        params(solutions=[{"name": "a", "recipeArn": f"{RECIPE}aws-sims", "campaigns": [{"name": "a"}]}]),
        params(solutions={"name": "a", "recipeArn": f"{RECIPE}aws-sims", "solutionVersion": {"name": "v"}}),
        params(eventTracker={"name": "t"}, filters=[], recommenders=[], tags=tag("a", "b"), schedules={}),
        {},
        {"datasetGroup": {"serviceConfig": "shop"}},
        {"datasetGroup": {"serviceConfig": {"serviceConfig": {}}}},
        {"datasetGroup": None, "datasets": [], "solutions": "all", "campaigns": {}},
    ],
)
def test_our_own_shape_and_none_at_all_come_back_unchanged(document: dict[str, Any]) -> None:
    assert normalise(document) == (document, [])


KEYS = st.sampled_from(
    [
        *(
            "serviceConfig",
            "workflowConfig",
            "schedules",
            "schedule",
            "maxAge",
            "import",
            "full",
            "update",
            "timestamp",
        ),
        *("datasetGroup", "datasets", "eventTracker", "filters", "solutions", "recommenders", "campaigns", "tags"),
        *("dataset", "schema", "datasetImportJob", "importJob", "solutionVersion", "batchInferenceJobs", "type"),
        *("batchSegmentJobs", "interactions", "USERS", "Items", "name", "fields", "version", "recipeArn", "roleArn"),
        *("performAutoML", "createNewJob", "createCampaign", "createNewSolutionVersion", "preprocessing", "jobName"),
        *("solutionversion", "sims", "simsCampaign", "domain", "tagKey", "tagValue", "jobInput", "train", "state"),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | KEYS | st.just("delete")
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(), inner, max_size=6)
)


def same(one: Any, other: Any) -> bool:
    """Equality under which NaN equals itself."""
    return json.dumps(one) == json.dumps(other)


@given(st.dictionaries(KEYS | st.text(), JSON, max_size=8))
def test_arbitrary_json_is_read_without_an_error_and_only_once(document: dict[str, Any]) -> None:
    before = copy.deepcopy(document)
    result, notes = normalise(document)
    again, further = normalise(result)
    assert same(again, result)
    assert further == []
    assert same(document, before)
    assert (notes == []) == same(result, document)


@given(st.sampled_from(NAMES), st.data())
def test_an_example_with_an_odd_part_is_read_without_an_error(name: str, data: st.DataObject) -> None:
    document = example(name)
    holder: Any = document
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if not isinstance(holder[key], dict | list) or data.draw(st.booleans()):
            break
        holder = holder[key]
    holder[key] = data.draw(JSON)
    result, _ = normalise(document)
    again, further = normalise(result)
    assert same(again, result)
    assert further == []


def test_what_is_no_object_comes_back() -> None:
    nothing: Any = ["datasetGroup"]
    assert normalise(nothing) == (nothing, [])


# --- The AWS Solution ------------------------------------------------------------------------------------------------


def test_the_aws_solution_is_read_section_by_section() -> None:
    document, notes = normalise(example("aws_solution"))
    assert 'AWS Solution "Maintaining Personalized Experiences' in notes[0]
    assert document["datasetGroup"] == {"name": "bookshop", "tags": tag("owner", "recommendations")}
    assert list(document["datasets"]) == ["Interactions", "Users", "Items"]
    assert document["datasets"]["Interactions"]["importJob"] == {
        "importMode": "FULL",
        "publishAttributionMetricsToS3": False,
        "tags": tag("step", "import"),
    }
    assert document["eventTracker"]["name"] == "bookshop-tracker"
    assert [entry["name"] for entry in document["filters"]] == ["not-bought", "one-genre"]
    assert [entry["name"] for entry in document["solutions"]] == ["for-you", "also-read", "readers", "bestsellers"]
    first = document["solutions"][0]
    assert first["solutionConfig"] == {
        "featureTransformationParameters": {"max_user_history_length_percentile": "0.99"}
    }
    assert first["solutionVersion"] == {"trainingMode": "FULL", "tags": tag("kind", "version")}
    assert first["campaigns"][0] == {
        "name": "for-you-home",
        "minProvisionedTPS": 2,
        "campaignConfig": {"itemExplorationConfig": {"explorationWeight": "0.2"}},
        "tags": tag("kind", "campaign"),
    }
    assert [job["jobName"] for job in first["batchInferenceJobs"]] == ["batch_for-you", "batch_for-you_2"]
    assert first["batchInferenceJobs"][0]["numResults"] == 50
    assert document["solutions"][2]["batchSegmentJobs"][0]["jobName"] == "batch_readers"


def test_root_tags_of_the_aws_solution_reach_just_the_resources_without_tags() -> None:
    document, _ = normalise(example("aws_solution"))
    project = tag("project", "bookshop")
    assert "tags" not in document
    assert document["datasetGroup"]["tags"] == tag("owner", "recommendations")
    assert document["datasets"]["Interactions"]["tags"] == tag("data", "events")
    assert document["datasets"]["Users"]["tags"] == project
    assert document["datasets"]["Users"]["importJob"]["tags"] == tag("step", "import")
    assert document["filters"][1]["tags"] == project
    assert document["solutions"][0]["campaigns"][1]["tags"] == project
    assert document["solutions"][0]["batchInferenceJobs"][1]["tags"] == project
    assert document["solutions"][1]["tags"] == project
    assert document["solutions"][1]["solutionVersion"] == {"tags": project}
    without = normalise(solution_file(tags=project, eventTracker={"serviceConfig": {"name": "t", "tags": []}}))[0]
    assert without["eventTracker"]["tags"] == []
    assert without["datasets"]["Interactions"]["importJob"] == {"tags": project}


def test_root_tags_that_are_none_are_refused_once() -> None:
    document, _ = normalise(solution_file(tags=[{"Key": "a", "Value": "b"}], solutions=[solution()]))
    assert {str(problem).split(":")[0].split("[")[0] for problem in schema_problems(document)} == {"$.tags"}


def test_schedules_become_one_of_each_kind_and_the_others_are_named() -> None:
    document, notes = normalise(example("aws_solution"))
    assert document["schedules"] == {
        "import": "cron(30 */4 * * ? *)",
        "retrain": "cron(0 2 ? * SUN *)",
        "batch": "cron(0 6 * * ? *)",
    }
    assert notes_about(notes, "cron(0 3 1 * ? *) of $.solutions[2] (readers)", "not carried over")
    assert notes_about(notes, "`retrain`, cron(0 2 ? * SUN *), includes these too", "$.solutions[3] (bestsellers)")
    assert notes_about(notes, "cron(0 7 ? * MON *) of $.solutions[2].batchSegmentJobs[0]", "not carried over")
    assert notes_about(notes, 'the word "delete"', "$.solutions[0].batchInferenceJobs[1]")
    assert notes_about(notes, "first imports what changed and then trains every solution")


def test_update_schedules_are_named_with_what_personalize_does_instead() -> None:
    _, notes = normalise(example("aws_solution"))
    assert notes_about(notes, "UPDATE", "every two hours", "cron(0 5 * * ? *) of $.solutions[0] (for-you)")
    assert notes_about(notes, "UPDATE", "none for this recipe", "cron(0 4 * * ? *) of $.solutions[2] (readers)")


def test_ages_automl_names_of_versions_and_of_schemas_and_inner_state_are_named() -> None:
    document, notes = normalise(example("aws_solution"))
    ages = notes_about(notes, "Ages are not carried over")[0]
    for place in (
        "datasetGroup.workflowConfig.maxAge (10 days)",
        "batchInferenceJobs[0].workflowConfig.maxAge (1 day)",
    ):
        assert place in ages
    assert "$.solutions[2].workflowConfig.schedules.maxAge (31 days)" in ages
    assert notes_about(notes, "AutoML is withdrawn", "$.solutions[0].performAutoML")
    assert "performAutoML" not in document["solutions"][0]
    assert notes_about(notes, "needs a name of its own", "$.solutions[0].solutionVersion.name (spring)")
    assert notes_about(notes, "Names of schemas", "bookshop-users-schema")
    assert notes_about(notes, "inner state", "$.datasets.timestamp")
    assert notes_about(notes, "batch/<jobName>/input/", "$.solutions[0].batchInferenceJobs[0]")
    assert notes_about(notes, "In the AWS Solution it does neither")


def test_automl_without_a_recipe_stays_for_its_successor(arns: Arns) -> None:
    asked = {"serviceConfig": {"name": "for-you", "performAutoML": True}}
    document, notes = normalise(solution_file(solutions=[asked]))
    assert not notes_about(notes, "AutoML")
    assert any("AutoML is withdrawn" in note for note in sections.read(document, arns, ROLE, HOME).notes)


def test_a_loose_avro_schema_is_completed() -> None:
    document, notes = normalise(example("aws_solution"))
    users = document["datasets"]["Users"]["schema"]
    assert (users["name"], users["version"]) == ("Users", "1.0")
    assert notes_about(notes, "dataset type in its own spelling", "$.datasets.users.schema.name (users)")
    assert notes_about(notes, "lacks it", "$.datasets.users.schema.version (1.0)")


def test_a_domain_group_with_recommenders() -> None:
    document, notes = normalise(example("aws_solution_domain"))
    assert document["datasetGroup"]["domain"] == "VIDEO_ON_DEMAND"
    assert document["recommenders"][0] == {
        "name": "films-top-picks",
        "recipeArn": f"{RECIPE}aws-vod-top-picks",
        "recommenderConfig": {"minRecommendationRequestsPerSecond": 2},
        "tags": tag("kind", "recommender"),
    }
    assert document["schedules"] == {"import": "cron(0 1 * * ? *)"}
    assert notes_about(notes, "takes its domain from the dataset group", "$.datasets.items.schema.domain")


def test_arns_that_the_pipeline_fills_in_are_left_out_by_name() -> None:
    given_arns = solution(
        campaigns=[{"serviceConfig": {"name": "c", "solutionVersionArn": "arn:x"}}],
        batchInferenceJobs=[
            {"serviceConfig": {"roleArn": "arn:y", "jobInput": {"s3DataSource": {"path": "s3://b/i/"}}}}
        ],
    )
    document, notes = normalise(solution_file(solutions=[given_arns]))
    assert document["solutions"][0]["campaigns"] == [{"name": "c"}]
    assert notes_about(notes, "the pipeline fills it in", "campaigns[0].solutionVersionArn", "[0].roleArn (arn:y)")
    assert notes_about(notes, "AWS Solution puts in its own", "batchInferenceJobs[0].jobInput")
    assert not notes_about(notes, "Input is read from")


@pytest.mark.parametrize(("path", "kept"), [("s3://b/x/batch/weekly/output/1/", True), ("s3://b/results/", False)])
def test_a_place_for_results_is_kept_where_personalize_may_write(path: str, kept: bool) -> None:
    output = {"s3DataDestination": {"path": path}}
    given_job = solution(batchInferenceJobs=[{"serviceConfig": {"jobOutput": output}}])
    document, notes = normalise(solution_file(solutions=[given_job]))
    assert document["solutions"][0]["batchInferenceJobs"][0].get("jobOutput") == (output if kept else None)
    assert bool(notes_about(notes, "Results go to batch/", path)) is not kept


def test_job_names_fit_long_solution_names() -> None:
    long = solution("s" * 63, batchInferenceJobs=[{"serviceConfig": {}}, {"serviceConfig": {}}])
    document, _ = normalise(solution_file(solutions=[long]))
    names = [job["jobName"] for job in document["solutions"][0]["batchInferenceJobs"]]
    assert names == [f"batch_{'s' * 57}", f"batch_{'s' * 55}_2"]


def test_our_own_keys_at_the_root_stay() -> None:
    own = {"dryRun": True, "train": "never", "schedules": {"import": "rate(6 hours)", "run": "rate(1 day)"}}
    scheduled = {"serviceConfig": {"name": "shop"}, "workflowConfig": {"schedules": {"import": "cron(0 1 * * ? *)"}}}
    document, _ = normalise(solution_file(**own, datasetGroup=scheduled, solutions=[solution()]))
    assert {key: document[key] for key in own} == own
    assert schema_problems(document) == []


@pytest.mark.parametrize(
    ("odd", "problem"),
    [
        ({"solutions": [{"serviceConfig": "for-you"}]}, "$.solutions[0].serviceConfig: unknown key"),
        ({"solutions": [solution(workflowConfig={"schedules": {"full": 5}})]}, "$.schedules.retrain: must be of type"),
        ({"solutions": [solution(workflowConfig="daily")]}, "$.solutions[0].workflowConfig: unknown key"),
        ({"solutions": [solution(workflowConfig={"schedules": {"fully": "x"}})]}, "$.solutions[0].workflowConfig"),
        ({"solutions": [solution(campaigns="all")]}, "$.solutions[0].campaigns: must be of type array"),
        ({"solutions": solution()}, "$.solutions: must be of type array"),
        ({"filters": ["x"]}, "$.filters[0]: must be of type object"),
        ({"datasets": {"interactions": "x"}}, "$.datasets.Interactions: must be of type object"),
        ({"datasets": {"clicks": {}}}, "$.datasets.clicks: unknown key"),
        ({"datasets": {"users": {}, "Users": {"name": "u"}}}, "$.datasets.users: unknown key. Did you mean `Users`?"),
        ({"datasets": {"interactions": {"schema": {"serviceConfig": {}}}}}, "$.datasets.Interactions.name: is missing"),
        ({"unknown": 1}, "$.unknown: unknown key"),
    ],
)
def test_an_odd_part_stays_for_the_schema_check_to_refuse(odd: dict[str, Any], problem: str) -> None:
    document, _ = normalise(solution_file(**odd))
    assert any(problem in str(found) for found in schema_problems(document)), schema_problems(document)


def test_what_is_said_twice_is_named() -> None:
    document, notes = normalise(solution_file(eventTracker={"serviceConfig": {"name": "a"}, "name": "b"}))
    assert document["eventTracker"] == {"name": "b"}
    assert notes_about(notes, "the latter is used", "$.eventTracker.name")


# --- The CDK sample --------------------------------------------------------------------------------------------------


def test_the_cdk_sample_has_all_five_dataset_types() -> None:
    document, notes = normalise(example("cdk_sample"))
    assert "CDK sample" in notes[0]
    assert document["datasetGroup"] == {"name": "club", "tags": tag("owner", "loyalty")}
    assert set(document["datasets"]) == {"Interactions", "Users", "Items", "Actions", "Action_Interactions"}
    assert document["datasets"]["Actions"]["importJob"] == {
        "jobName": "ClubActionsImport",
        "dataSource": {"dataLocation": "s3://club-data/clubactions.csv"},
        "importMode": "FULL",
        "tags": tag("step", "import"),
    }
    assert document["datasets"]["Action_Interactions"]["schema"]["name"] == "ActionInteractions"
    assert document["datasets"]["Action_Interactions"]["tags"] == tag("data", "ClubActionInteractions")


def test_the_cdk_sample_is_read_with_its_switches() -> None:
    document, notes = normalise(example("cdk_sample"))
    ranking, similar, fans, next_step = document["solutions"]
    assert (document["import"], document["train"]) == ("always", "always")
    assert ranking["performAutoTraining"] is True
    assert ranking["solutionVersion"] == {"trainingMode": "FULL", "tags": tag("kind", "version")}
    assert [entry["name"] for entry in ranking["campaigns"]] == ["club-ranking"]
    assert similar["batchInferenceJobs"][0]["jobInput"]["s3DataSource"]["path"].startswith("s3://club-data/")
    assert "jobOutput" not in similar["batchInferenceJobs"][0]
    assert notes_about(notes, "Results go to batch/", "s3://club-data/club-fans/output/")
    assert [entry["jobName"] for entry in fans["batchSegmentJobs"]] == ["club-fans"]
    assert next_step["campaigns"] == [{"name": "club-next-step", "minProvisionedTPS": 1}]
    assert notes_about(notes, "createCampaign is false", "$.solutions[0].campaigns[1] (club-ranking-test)")
    assert notes_about(notes, "createBatchSegmentJob is false", "(club-fans-test)")
    assert notes_about(notes, 'createNewJob is true for every dataset, which is "import": "always"')
    assert notes_about(notes, 'createNewSolutionVersion is true for every solution, which is "train": "always"')
    assert notes_about(notes, "Not carried over", "solutionversion (newest)")
    assert notes_about(notes, "own Personalize role", "arn:aws:iam::123456789012:role/personalize-data")
    assert notes_about(notes, "Glue jobs are not run", "$.preprocessing")
    assert notes_about(notes, "Names of schemas", "ClubItemsSchema v3")


def test_the_cdk_sample_with_mixed_switches_imports_and_trains_what_changed() -> None:
    document, notes = normalise(example("cdk_sample_domain"))
    assert not {"import", "train", "eventTracker"} & document.keys()
    assert [entry["name"] for entry in document["recommenders"]] == ["outlet-for-you"]
    assert notes_about(notes, "createNewJob is not true for every", "$.datasetGroup.datasets[1] (OutletItems)")
    assert notes_about(notes, "createNewSolutionVersion is not true for every", "$.solutions[0] (outlet-similar)")
    assert notes_about(notes, "createRecommender is false", "(outlet-best-sellers)")


def test_datasets_without_a_type_of_their_own_stay_where_they_are() -> None:
    document = example("cdk_sample_domain")
    datasets = document["datasetGroup"]["datasets"]
    datasets += [datasets[0], {"type": "CLICKS"}, "users", {"type": 5}]
    result, notes = normalise(document)
    assert result["datasetGroup"]["datasets"] == datasets[2:]
    assert list(result["datasets"]) == ["Interactions", "Items"]
    assert notes_about(notes, "Left in place: `type` must be", "$.datasetGroup.datasets[2]", "datasets[5]")
    assert any("$.datasetGroup.datasets: unknown key" in str(problem) for problem in schema_problems(result))


def test_a_switch_that_is_none_is_refused() -> None:
    document = example("cdk_sample_domain")
    document["recommenders"][0]["createRecommender"] = "yes"
    result, _ = normalise(document)
    assert "$.recommenders[0].createRecommender: unknown key." in str(schema_problems(result)[0])


# --- ml_ops ----------------------------------------------------------------------------------------------------------


def test_ml_ops_pairs_campaigns_with_solutions_by_their_keys() -> None:
    document, notes = normalise(example("ml_ops"))
    assert "ml_ops" in notes[0]
    assert "campaigns" not in document
    assert [(entry["name"], [c["name"] for c in entry["campaigns"]]) for entry in document["solutions"]] == [
        ("cinemaForYou", ["cinemaForYouCampaign"]),
        ("cinemaAlike", ["cinemaAlikeCampaign"]),
        ("cinemaRanking", ["cinemaRankingCampaign"]),
    ]
    assert document["solutions"][0]["tags"] == tag("kind", "solution")
    assert document["solutions"][0]["campaigns"][0]["tags"] == tag("kind", "campaign")
    assert document["datasetGroup"] == example("ml_ops")["datasetGroup"]
    assert document["datasets"]["Interactions"] == example("ml_ops")["datasets"]["Interactions"]
    assert document["filters"] == example("ml_ops")["filters"]
    assert notes_about(notes, "no solution's key", "$.campaigns.popularityCampaign (cinemaPopular)")
    assert notes_about(notes, "The sample does both at every upload")


def test_a_single_solution_of_ml_ops_has_every_campaign() -> None:
    document = params(solutions={"sims": {"recipeArn": f"{RECIPE}aws-sims"}}, campaigns={"home": {}, "mail": {}})
    for short in ("solution", "campaign"):
        document.pop(short, None)
    document["filters"] = {"unseen": {"name": "unseen", "filterExpression": "INCLUDE ItemID WHERE Items.A IN ($A)"}}
    result, _ = normalise(document)
    assert result["solutions"] == [
        {"name": "sims", "recipeArn": f"{RECIPE}aws-sims", "campaigns": [{"name": "home"}, {"name": "mail"}]}
    ]
    assert result["filters"] == [document["filters"]["unseen"]]
    assert schema_problems(result) == []


def test_odd_parts_of_ml_ops_stay() -> None:
    document = params(solutions={"sims": {"name": "s"}, "hrnn": 5}, campaigns={"simsCampaign": "c", "hrnnCampaign": {}})
    result, notes = normalise(document)
    assert result["solutions"] == [{"name": "s", "campaigns": ["c"]}, 5]
    assert notes_about(notes, "no solution's key", "$.campaigns.hrnnCampaign")
