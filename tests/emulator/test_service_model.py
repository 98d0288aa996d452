"""Every operation of the service models is there, and answers in its shape."""

from __future__ import annotations

import json

import pytest

from local.personalize_emulator.operations import HANDLERS
from local.personalize_emulator.resources import RESOURCE_TYPES
from local.personalize_emulator.service_model import CONTROL, EVENTS, RUNTIME, SERVICES, operations

from .world import BUCKET, ROLE, World, interactions_csv, schema_text

RECIPE = "arn:aws:personalize:::recipe/"


@pytest.mark.parametrize("service", SERVICES)
def test_no_operation_is_left_out_and_none_is_invented(service: str) -> None:
    assert set(HANDLERS[service]) == set(operations(service))


def test_the_control_plane_has_71_operations_or_more() -> None:
    assert len(operations(CONTROL)) >= 71
    assert len(operations(RUNTIME)) >= 3
    assert len(operations(EVENTS)) >= 5


@pytest.mark.parametrize("label", RESOURCE_TYPES)
def test_delete_exists_where_the_api_has_it(label: str) -> None:
    kind = RESOURCE_TYPES[label]
    assert bool(kind.deletable_from) == (f"Delete{kind.noun}" in operations(CONTROL))


@pytest.mark.parametrize("label", RESOURCE_TYPES)
def test_tags_are_taken_where_the_model_takes_them(label: str) -> None:
    kind = RESOURCE_TYPES[label]
    shape = operations(CONTROL)[f"Create{kind.noun}"].input_shape
    assert shape is not None
    assert kind.taggable == ("tags" in shape.members)  # type: ignore[attr-defined]


def test_every_operation_answers_in_its_shape(world: World, answered: set[tuple[str, str]]) -> None:
    """A tour of all operations; the `answered` fixture checks each answer."""
    api = world.api
    tags = [{"tagKey": "team", "tagValue": "ml"}]
    group = world.group(tags=tags)
    datasets = {kind: world.dataset(group, kind) for kind in ("Interactions", "Items", "Users", "Actions")}
    datasets["Action_Interactions"] = world.dataset(group, "Action_Interactions")
    job = world.imported(datasets["Interactions"])
    world.imported(datasets["Items"], "ITEM_ID,GENRES,PRICE\n" + "".join(f"i{n},a|b,{n}.5\n" for n in range(60)))
    wider = json.loads(schema_text("Users"))["fields"] + [{"name": "HEIGHT", "type": ["null", "float"]}]
    api.update_dataset(datasetArn=datasets["Users"], schemaArn=world.schema("Users", wider))
    world.finish()

    solution = world.solution(group, tags=tags)
    version = world.version(solution)
    api.update_solution(solutionArn=solution, performAutoTraining=False)
    world.finish()
    stopped = world.start_version(solution)
    api.stop_solution_version_creation(solutionVersionArn=stopped)
    campaign = world.campaign(version, campaignConfig={"enableMetadataWithRecommendations": True})
    api.update_campaign(campaignArn=campaign, solutionVersionArn=version, minProvisionedTPS=2)
    world.finish()
    made = api.create_filter(
        name="f", datasetGroupArn=group, filterExpression='INCLUDE ItemID WHERE Items.GENRES IN ("a")'
    )["filterArn"]
    tracker = api.create_event_tracker(name="t", datasetGroupArn=group)
    world.finish()
    data = {"s3DataSource": {"path": world.put("batch/in.json", '{"userId": "u1"}\n')}}
    output = {"s3DataDestination": {"path": f"s3://{BUCKET}/out/"}}
    inference = api.create_batch_inference_job(
        jobName="b", solutionVersionArn=version, jobInput=data, jobOutput=output, roleArn=ROLE
    )["batchInferenceJobArn"]
    affinity = world.version(world.solution(group, "aws-item-affinity"))
    segment = api.create_batch_segment_job(
        jobName="s",
        solutionVersionArn=affinity,
        jobInput={"s3DataSource": {"path": world.put("batch/items.json", '{"itemId": "i1"}\n')}},
        jobOutput=output,
        roleArn=ROLE,
    )["batchSegmentJobArn"]
    export = api.create_dataset_export_job(
        jobName="e", datasetArn=datasets["Interactions"], roleArn=ROLE, jobOutput=output
    )["datasetExportJobArn"]
    world.finish()
    deletion = api.create_data_deletion_job(
        jobName="d",
        datasetGroupArn=group,
        dataSource={"dataLocation": world.put("gone/users.csv", "USER_ID\nu1\n")},
        roleArn=ROLE,
    )["dataDeletionJobArn"]
    attribution = api.create_metric_attribution(
        name="m",
        datasetGroupArn=group,
        metrics=[{"eventType": "buy", "metricName": "sold", "expression": "SUM(Items.PRICE)"}],
        metricsOutputConfig={"roleArn": ROLE},
    )["metricAttributionArn"]
    world.finish()
    api.update_metric_attribution(metricAttributionArn=attribution, removeMetrics=["sold"])
    api.list_metric_attribution_metrics(metricAttributionArn=attribution)

    world.events.put_events(
        trackingId=tracker["trackingId"],
        userId="u1",
        sessionId="s",
        eventList=[{"eventType": "buy", "itemId": "i1", "sentAt": 1_700_000_000}],
    )
    world.events.put_items(datasetArn=datasets["Items"], items=[{"itemId": "new", "properties": '{"price": 1}'}])
    world.events.put_users(datasetArn=datasets["Users"], users=[{"userId": "u1", "properties": '{"age": 7}'}])
    world.events.put_actions(
        datasetArn=datasets["Actions"], actions=[{"actionId": "a1", "properties": '{"kind": "x"}'}]
    )
    tracking = api.describe_dataset(datasetArn=datasets["Action_Interactions"])["dataset"]["trackingId"]
    world.events.put_action_interactions(
        trackingId=tracking,
        actionInteractions=[
            {"actionId": "a1", "userId": "u1", "sessionId": "s", "timestamp": 1_700_000_000, "eventType": "Taken"}
        ],
    )
    world.runtime.get_recommendations(campaignArn=campaign, userId="u1", metadataColumns={"ITEMS": ["GENRES"]})
    ranking = world.campaign(world.version(world.solution(group, "aws-personalized-ranking-v2")))
    world.runtime.get_personalized_ranking(campaignArn=ranking, userId="u1", inputList=["i1", "i2"])
    actions = world.campaign(world.version(world.solution(group, "aws-next-best-action")))
    world.runtime.get_action_recommendations(campaignArn=actions, userId="u1")

    shop = world.group(domain="ECOMMERCE")
    fields = json.loads(schema_text("Interactions"))["fields"] + [{"name": "EVENT_TYPE", "type": "string"}]
    events = world.dataset(shop, "Interactions", world.schema("Interactions", fields, domain="ECOMMERCE"))
    header, *rows = interactions_csv().splitlines()
    world.imported(events, "\n".join([f"{header},EVENT_TYPE", *(f"{row},View" for row in rows)]))
    recommender = api.create_recommender(
        name="r", datasetGroupArn=shop, recipeArn=RECIPE + "aws-ecomm-popular-items-by-views"
    )["recommenderArn"]
    world.finish()
    api.update_recommender(recommenderArn=recommender, recommenderConfig={"minRecommendationRequestsPerSecond": 2})
    world.finish()
    api.stop_recommender(recommenderArn=recommender)
    world.finish()
    api.start_recommender(recommenderArn=recommender)
    world.finish()

    schema = world.schema("Interactions")
    made_of = {
        "schema": schema,
        "dataset group": group,
        "dataset": datasets["Users"],
        "dataset import job": job["datasetImportJobArn"],
        "dataset export job": export,
        "solution": solution,
        "solution version": version,
        "campaign": campaign,
        "recommender": recommender,
        "filter": made,
        "event tracker": tracker["eventTrackerArn"],
        "batch inference job": inference,
        "batch segment job": segment,
        "data deletion job": deletion,
        "metric attribution": attribution,
    }
    assert set(made_of) == set(RESOURCE_TYPES)
    settled = {"ACTIVE", "COMPLETED", None}
    for label, arn in made_of.items():
        kind = RESOURCE_TYPES[label]
        described = getattr(api, f"describe_{label.replace(' ', '_')}")(**{kind.arn_member: arn})[kind.stem]
        assert described[kind.arn_member] == arn
        assert described.get("status") in settled, described
        listed = getattr(api, f"list_{label.replace(' ', '_')}s")()[kind.list_key]
        assert arn in [one[kind.arn_member] for one in listed]
    api.get_solution_metrics(solutionVersionArn=version)
    api.list_recipes()
    api.describe_recipe(recipeArn=RECIPE + "aws-sims")
    api.describe_algorithm(algorithmArn="arn:aws:personalize:::algorithm/aws-sims")
    transformation = api.describe_recipe(recipeArn=RECIPE + "aws-sims")["recipe"]["featureTransformationArn"]
    api.describe_feature_transformation(featureTransformationArn=transformation)
    api.tag_resource(resourceArn=group, tags=tags)
    api.untag_resource(resourceArn=group, tagKeys=["team"])
    api.list_tags_for_resource(resourceArn=group)

    # The developer guide's order of deletion.
    for label in ("campaign", "recommender", "solution", "event tracker", "metric attribution", "filter", "dataset"):
        kind = RESOURCE_TYPES[label]
        for one in getattr(api, f"list_{label.replace(' ', '_')}s")()[kind.list_key]:
            getattr(api, f"delete_{label.replace(' ', '_')}")(**{kind.arn_member: one[kind.arn_member]})
        world.finish()
    for one in (group, shop):
        api.delete_dataset_group(datasetGroupArn=one)
    world.finish()
    for one in api.list_schemas()["schemas"]:
        api.delete_schema(schemaArn=one["schemaArn"])
    assert world.emulator.state()["resources"] == []

    assert answered == {(service, name) for service in SERVICES for name in operations(service)}
