"""Where nobody has settled how the service behaves: under each way, a first upload, the same again, and new data.

Being wrong about one of them may cost a clear message, but no hang, no second payment and no lost mail.
"""

from __future__ import annotations

from typing import Any

import pytest

from local.personalize_emulator import Settings, Switches

from .conftest import ACCOUNT, interactions_schema, params
from .workflow import INTERACTIONS, SHORT, deployed

OTHER_WAYS: list[dict[str, Any]] = [
    {},
    {"version_names_unique_in": "account"},
    {"version_names_unique_in": "none"},
    {"unknown_parent_in_list": "ResourceNotFoundException"},
    {"unknown_parent_in_list": "InvalidInputException"},
    {"existing_limit_text": "other"},
    {"running_limit_text": "other"},
    {"solution_metrics": "ResourceInUseException"},
    {"solution_metrics": "InvalidInputException"},
    {"solution_metrics": "AccessDeniedException"},
    {"filter_expression_shown": "normalised"},
    {"number_texts_shown": "canonical"},
    {"update_seen_after": 45},
    {"update_seen_after": 400},
    {"creation_seen_after": 45},
    {"creation_seen_after": 400},
    {"second_event_tracker_error": "LimitExceededException"},
    {"second_metric_attribution_error": "LimitExceededException"},
    {"s3_access_checked_by": "job"},
    {"version_name_in_arn": True},
    {"latest_resolved_in_describe": False},
    {"concurrent_versions_of_a_solution": False},
    {"batch_statuses": "model"},
    {"metric_attribution_arn": "id"},
    {"filter_needs_imported_data": True},
    {"short_pages": True},
    {"dead_parent_error": "ResourceInUseException"},
    {"required_datasets_checked_by": "CreateSolution"},
    {"tracker_needs_interactions_dataset": True},
    {"not_found_text": "Resource Arn {arn} does not exist."},
]
EXPRESSION = 'exclude ItemID where Interactions.event_type in ("click" , "buy")'


def document(**more: Any) -> dict[str, Any]:
    datasets = params()["datasets"]
    datasets["Interactions"]["schema"] = interactions_schema({"name": "EVENT_TYPE", "type": "string"})
    solution = {
        "name": "for-you",
        "recipeArn": "arn:aws:personalize:::recipe/aws-user-personalization",
        "solutionConfig": {"algorithmHyperParameters": {"hidden_dimension": "64", "bptt": "20"}},
        "campaigns": [
            {
                "name": "web",
                "minProvisionedTPS": 1,
                "campaignConfig": {"itemExplorationConfig": {"explorationWeight": "0.30"}},
                "deployWhen": {"metric": "coverage", "minimum": 0.0},
            },
            {"name": "app", "campaignConfig": {"syncWithLatestSolutionVersion": True}},
        ],
        "batchInferenceJobs": [{"jobName": "weekly", "filterName": "unseen"}],
    }
    metric = {"eventType": "click", "metricName": "clicks", "expression": "SAMPLECOUNT()"}
    return (
        params(
            datasets=datasets,
            solution=None,
            campaign=None,
            solutions=[solution, {"name": "alike", "recipeArn": "arn:aws:personalize:::recipe/aws-sims"}],
            filters=[{"name": "unseen", "filterExpression": EXPRESSION}],
            eventTracker={"name": "clicks"},
            metricAttribution={"name": "clicks", "metrics": [metric]},
        )
        | more
    )


@pytest.mark.parametrize(
    "other", OTHER_WAYS, ids=lambda other: ",".join(f"{k}={v}" for k, v in other.items()) or "usual"
)
def test_first_upload_the_same_again_and_new_data(other: dict[str, Any]) -> None:
    settings = Settings(account_id=ACCOUNT, durations=SHORT, switches=Switches(**other))
    with deployed(settings) as deployment:
        rows = [line.split(",") for line in INTERACTIONS.splitlines()[1:]]
        data = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n" + "".join(f"{','.join(row)},click\n" for row in rows)
        deployment.upload_data(interactions=data)
        deployment.upload("batch/weekly/input/users.json", '{"userId": "u1"}')

        gated = other.get("solution_metrics") in ("InvalidInputException", "AccessDeniedException")
        first = deployment.run(document())
        assert first.succeeded, first.mail
        assert first.row("campaign", "web")["done"] == ("held" if gated else "created")
        assert "refuses to tell" in first.mail or not gated
        made = {
            operation: deployment.calls(operation) for operation in ("CreateSolutionVersion", "CreateDatasetImportJob")
        }
        assert made == {"CreateSolutionVersion": 2, "CreateDatasetImportJob": 2}

        writes = deployment.writes()
        again = deployment.run(document())
        assert again.succeeded, again.mail
        assert deployment.writes() == writes

        deployment.upload_data(interactions=data + "u1,i1,1800000000,click\n")
        new = deployment.run(document())
        assert new.succeeded, new.mail
        assert deployment.calls("CreateSolutionVersion") == 4
        assert deployment.calls("CreateDatasetImportJob") == 3
        if not gated:
            assert new.row("campaign", "web")["solutionVersionArn"] == new.row("solution version", "for-you")["arn"]
