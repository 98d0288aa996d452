"""Random legal and illegal sequences of all operations, and what must hold whatever was called."""

from __future__ import annotations

import contextlib
import io
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from local.personalize_emulator import Clock, Emulator, Minimums, Settings, Switches
from local.personalize_emulator.dispatch import Caller
from local.personalize_emulator.exceptions import PersonalizeError
from local.personalize_emulator.models import PersonalizeBackend, personalize_backends
from local.personalize_emulator.quotas import QUOTAS
from local.personalize_emulator.resources import RESOURCE_TYPES, Resource, is_busy
from local.personalize_emulator.service_model import CONTROL, EVENTS, RUNTIME, operations

from .contract import checked
from .world import ACCOUNT, FIELDS, REGION, ROLE, interactions_csv, schema_text

CALLER = Caller("testing", ACCOUNT, REGION)
GOOD = interactions_csv(60, users=8, items=9)
FILES = {
    "good.csv": GOOD,
    "bad.csv": "USER,ITEM\n1,2\n",
    "events.csv": "\n".join(f"{row},{'View' if n else 'EVENT_TYPE'}" for n, row in enumerate(GOOD.splitlines())),
    "few.csv": "\n".join(GOOD.splitlines()[:5]),
    "users.csv": "USER_ID,AGE\nu1,4\nu2,\n",
    "items.csv": "ITEM_ID,GENRES,PRICE\ni1,a|b,2\ni2,,3\n",
    "queries.json": '{"userId": "u1"}\n{"itemId": "i1"}\n',
}
RECIPES = ("aws-user-personalization", "aws-sims", "aws-item-affinity", "aws-ecomm-recommended-for-you", "none")
KINDS = tuple(FIELDS)

#: Which statuses may follow one another. A poller may miss some, so what counts is whether there is a way.
NEXT = {
    "CREATE PENDING": {"CREATE IN_PROGRESS", "CREATE STOPPED"},
    "CREATE IN_PROGRESS": {"ACTIVE", "CREATE FAILED", "CREATE STOPPING"},
    "CREATE STOPPING": {"CREATE STOPPED"},
    "CREATE STOPPED": set(),
    "CREATE FAILED": {"ACTIVE", "DELETE PENDING"},
    "ACTIVE": {"UPDATE PENDING", "STOP PENDING", "DELETE PENDING"},
    "UPDATE PENDING": {"UPDATE IN_PROGRESS"},
    "UPDATE IN_PROGRESS": {"ACTIVE"},
    "STOP PENDING": {"STOP IN_PROGRESS"},
    "STOP IN_PROGRESS": {"INACTIVE", "ACTIVE"},
    "INACTIVE": {"START PENDING", "DELETE PENDING"},
    "START PENDING": {"START IN_PROGRESS"},
    "START IN_PROGRESS": {"ACTIVE", "INACTIVE"},
    "DELETE PENDING": {"DELETE IN_PROGRESS"},
    "DELETE IN_PROGRESS": set(),
    "PENDING": {"IN_PROGRESS"},
    "IN_PROGRESS": {"COMPLETED", "FAILED"},
    "COMPLETED": set(),
    "FAILED": set(),
}


def follows(earlier: str, later: str) -> bool:
    reached, front = {earlier}, {earlier}
    while front:
        front = set().union(*(NEXT[status] for status in front)) - reached
        reached |= front
    return later in reached


class Files:
    """An S3 of a few files that takes whatever is written to it."""

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if Key not in FILES:
            raise ClientError({"Error": {"Code": "404", "Message": ""}}, "HeadObject")
        return {"ContentLength": len(FILES[Key])}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        body = FILES[Key].encode()
        return {"Body": Body(body)}

    def put_object(self, **_: Any) -> None:
        pass

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: Any) -> Any:
        return [{"Contents": [{"Key": "good.csv", "Size": len(FILES["good.csv"])}]}]


class Body(io.BytesIO):
    def iter_lines(self) -> Any:
        return (line.rstrip(b"\n") for line in self)


class Personalize(RuleBasedStateMachine):
    """Calls of all operations with parameters that are mostly, but not always, sensible."""

    switches = Switches()

    @initialize(furnished=st.sampled_from([True, True, True, False]))
    def start(self, furnished: bool) -> None:
        personalize_backends.clear()
        self.emulator = Emulator(
            Settings(minimums=Minimums(20, 20, 5, 0.01), switches=self.switches),
            Clock(start=2_000_000_000),
            s3=lambda _region: Files(),
        )
        self.emulator.make_current()
        self.seen: dict[tuple[str, float], str] = {}
        self.calls = 0
        if furnished:
            self.furnish()

    def furnish(self) -> None:
        """A shop with data, a campaign and what else a group can hold, and a domain group with a recommender."""
        prefix = f"arn:aws:personalize:{REGION}:{ACCOUNT}"
        group, domain = f"{prefix}:dataset-group/shop", f"{prefix}:dataset-group/domain"
        recipe = "arn:aws:personalize:::recipe"
        for kind in KINDS:
            self.call(CONTROL, "CreateSchema", {"name": kind, "schema": schema_text(kind)})
        events = schema_text("Interactions", [*FIELDS["Interactions"], {"name": "EVENT_TYPE", "type": "string"}])
        self.call(CONTROL, "CreateSchema", {"name": "events", "schema": events, "domain": "ECOMMERCE"})
        self.call(CONTROL, "CreateDatasetGroup", {"name": "shop"})
        self.call(CONTROL, "CreateDatasetGroup", {"name": "domain", "domain": "ECOMMERCE"})
        self.emulator.finish()
        for kind, of, schema in (
            *((kind, group, kind) for kind in ("Interactions", "Items", "Users")),
            ("Interactions", domain, "events"),
        ):
            self.call(
                CONTROL,
                "CreateDataset",
                {"name": "d", "datasetGroupArn": of, "datasetType": kind, "schemaArn": f"{prefix}:schema/{schema}"},
            )
        self.emulator.finish()
        for place, file in (
            ("shop/INTERACTIONS", "good.csv"),
            ("shop/USERS", "users.csv"),
            ("shop/ITEMS", "items.csv"),
            ("domain/INTERACTIONS", "events.csv"),
        ):
            params: dict[str, Any] = {
                "jobName": place.replace("/", "-"),
                "datasetArn": f"{prefix}:dataset/{place}",
                "dataSource": {"dataLocation": f"s3://bucket/{file}"},
                "roleArn": ROLE,
            }
            self.call(CONTROL, "CreateDatasetImportJob", params)
        self.call(CONTROL, "CreateEventTracker", {"name": "t", "datasetGroupArn": group})
        self.call(
            CONTROL,
            "CreateSolution",
            {"name": "shop", "datasetGroupArn": group, "recipeArn": f"{recipe}/aws-user-personalization"},
        )
        self.emulator.finish()
        self.call(CONTROL, "CreateSolutionVersion", {"solutionArn": f"{prefix}:solution/shop"})
        self.call(
            CONTROL,
            "CreateRecommender",
            {"name": "r", "datasetGroupArn": domain, "recipeArn": f"{recipe}/aws-ecomm-recommended-for-you"},
        )
        self.emulator.finish()
        version = next(self.backend.all("solution version"))
        assert version.status == "ACTIVE", version.record
        self.call(CONTROL, "CreateCampaign", {"name": "shop", "solutionVersionArn": version.arn})
        self.emulator.finish()
        assert all(r.status in (None, "ACTIVE") for r in self.backend.resources.values())

    def teardown(self) -> None:
        personalize_backends.clear()
        Emulator._current = None

    @property
    def backend(self) -> PersonalizeBackend:
        backend: PersonalizeBackend = personalize_backends[ACCOUNT][REGION]
        return backend

    def call(self, service: str, operation: str, params: dict[str, Any]) -> None:
        self.calls += 1
        # `checked` has held the class of an error against the model.
        with contextlib.suppress(PersonalizeError):
            checked(self.emulator, service, operation, params, CALLER)

    # What parameters are drawn from

    def arn(self, data: st.DataObject, label: str) -> str:
        """Mostly one of the type asked for; sometimes of another, or of nothing."""
        fitting = [r.arn for r in self.backend.resources.values() if r.type.label == label]
        anything = [*self.backend.resources, f"arn:aws:personalize:{REGION}:{ACCOUNT}:campaign/none", "none"]
        pool = fitting if fitting and self.sensible(data) else anything
        return str(data.draw(st.sampled_from(pool)))

    def sensible(self, data: st.DataObject) -> bool:
        """Whether to do the right thing this time."""
        return bool(data.draw(st.sampled_from([True] * 9 + [False])))

    def name(self, data: st.DataObject) -> str:
        return f"n{self.calls}" if self.sensible(data) else data.draw(st.sampled_from(["shop", "a", "", "not a name"]))

    def location(self, data: st.DataObject) -> str:
        return f"s3://bucket/{data.draw(st.sampled_from([*FILES, 'missing', '']))}"

    def optional(self, data: st.DataObject, **params: Any) -> dict[str, Any]:
        return {k: v for k, v in params.items() if data.draw(st.booleans())}

    # Rules

    @rule(data=st.data())
    def create_schema(self, data: st.DataObject) -> None:
        kind = data.draw(st.sampled_from(KINDS))
        fields = [*FIELDS[kind], *data.draw(st.sampled_from([[], [{"name": "NEW", "type": ["null", "int"]}]]))]
        self.call(CONTROL, "CreateSchema", {"name": f"{kind}{self.calls}", "schema": schema_text(kind, fields)})

    @rule(data=st.data(), domain=st.sampled_from([None, None, None, "ECOMMERCE", "NOWHERE"]))
    def create_group(self, data: st.DataObject, domain: str | None) -> None:
        params = {"name": self.name(data)} | ({"domain": domain} if domain else {})
        self.call(CONTROL, "CreateDatasetGroup", params)

    @rule(data=st.data())
    def create_dataset(self, data: st.DataObject) -> None:
        schema = self.arn(data, "schema")
        kind = schema.rpartition("/")[2].rstrip("0123456789") if self.sensible(data) else "Users"
        self.call(
            CONTROL,
            "CreateDataset",
            {
                "name": self.name(data),
                "schemaArn": schema,
                "datasetGroupArn": self.arn(data, "dataset group"),
                "datasetType": kind,
            },
        )

    @rule(data=st.data(), mode=st.sampled_from(["FULL", "FULL", "INCREMENTAL"]))
    def import_data(self, data: st.DataObject, mode: str) -> None:
        dataset = self.arn(data, "dataset")
        fitting = {"INTERACTIONS": "good.csv", "USERS": "users.csv", "ITEMS": "items.csv"}
        key = fitting.get(dataset.rpartition("/")[2])
        location = f"s3://bucket/{key}" if key and self.sensible(data) else self.location(data)
        self.call(
            CONTROL,
            "CreateDatasetImportJob",
            {
                "jobName": self.name(data),
                "datasetArn": dataset,
                "dataSource": {"dataLocation": location},
                "roleArn": ROLE,
                "importMode": mode,
            },
        )

    @rule(data=st.data(), recipe=st.sampled_from(RECIPES))
    def create_solution(self, data: st.DataObject, recipe: str) -> None:
        params = {"name": self.name(data), "datasetGroupArn": self.arn(data, "dataset group")}
        if not self.sensible(data):
            params |= self.optional(data, performHPO=True, performAutoML=True)
        params |= self.optional(data, performAutoTraining=False)
        self.call(CONTROL, "CreateSolution", params | {"recipeArn": f"arn:aws:personalize:::recipe/{recipe}"})

    @rule(data=st.data())
    def train(self, data: st.DataObject) -> None:
        params = {"solutionArn": self.arn(data, "solution")}
        extra = {} if self.sensible(data) else self.optional(data, name="v", trainingMode="UPDATE")
        self.call(CONTROL, "CreateSolutionVersion", params | extra)

    @rule(data=st.data(), latest=st.booleans(), sync=st.booleans())
    def deploy(self, data: st.DataObject, latest: bool, sync: bool) -> None:
        version = self.arn(data, "solution version")
        if latest:
            version = version.rpartition("/")[0] + "/$LATEST"
        params: dict[str, Any] = {"solutionVersionArn": version}
        if sync:
            params["campaignConfig"] = {"syncWithLatestSolutionVersion": True}
        if data.draw(st.booleans()):
            self.call(CONTROL, "CreateCampaign", params | {"name": self.name(data)})
        else:
            self.call(CONTROL, "UpdateCampaign", params | {"campaignArn": self.arn(data, "campaign")})

    @rule(data=st.data())
    def create_recommender(self, data: st.DataObject) -> None:
        recipe = data.draw(st.sampled_from(["aws-ecomm-recommended-for-you", "aws-sims"]))
        self.call(
            CONTROL,
            "CreateRecommender",
            {
                "name": self.name(data),
                "datasetGroupArn": self.arn(data, "dataset group"),
                "recipeArn": f"arn:aws:personalize:::recipe/{recipe}",
            },
        )

    @rule(data=st.data())
    def create_in_group(self, data: st.DataObject) -> None:
        group = {"datasetGroupArn": self.arn(data, "dataset group"), "name": self.name(data)}
        expression = data.draw(
            st.sampled_from(["INCLUDE ItemID WHERE Items.PRICE > 1", "EXCLUDE UserID WHERE Users.AGE > 1", "nonsense"])
        )
        metrics = {
            "metrics": [{"eventType": "e", "metricName": "m", "expression": "SUM(Items.PRICE)"}],
            "metricsOutputConfig": {"roleArn": ROLE},
        }
        operation: str
        extra: dict[str, Any]
        operation, extra = data.draw(
            st.sampled_from(
                [
                    ("CreateEventTracker", dict[str, Any]()),
                    ("CreateFilter", {"filterExpression": expression}),
                    ("CreateMetricAttribution", metrics),
                ]
            )
        )
        self.call(CONTROL, operation, group | extra)

    @rule(data=st.data(), kind=st.sampled_from(["Inference", "Segment"]))
    def run_batch(self, data: st.DataObject, kind: str) -> None:
        params = {
            "jobName": f"batch{self.calls}",
            "solutionVersionArn": self.arn(data, "solution version"),
            "jobInput": {"s3DataSource": {"path": self.location(data)}},
            "jobOutput": {"s3DataDestination": {"path": "s3://bucket/out/"}},
            "roleArn": ROLE,
        } | self.optional(data, filterArn=self.arn(data, "filter"))
        self.call(CONTROL, f"CreateBatch{kind}Job", params)

    @rule(data=st.data())
    def run_data_job(self, data: st.DataObject) -> None:
        if data.draw(st.booleans()):
            params = {
                "jobName": f"export{self.calls}",
                "datasetArn": self.arn(data, "dataset"),
                "roleArn": ROLE,
                "jobOutput": {"s3DataDestination": {"path": "s3://bucket/out/"}},
            }
            self.call(CONTROL, "CreateDatasetExportJob", params)
        else:
            params = {
                "jobName": f"deletion{self.calls}",
                "datasetGroupArn": self.arn(data, "dataset group"),
                "roleArn": ROLE,
                "dataSource": {"dataLocation": self.location(data)},
            }
            self.call(CONTROL, "CreateDataDeletionJob", params)

    @rule(data=st.data())
    def update(self, data: st.DataObject) -> None:
        operation, params = data.draw(
            st.sampled_from(
                [
                    ("UpdateDataset", {"datasetArn": "dataset", "schemaArn": "schema"}),
                    ("UpdateSolution", {"solutionArn": "solution"}),
                    ("UpdateRecommender", {"recommenderArn": "recommender"}),
                    ("StartRecommender", {"recommenderArn": "recommender"}),
                    ("StopRecommender", {"recommenderArn": "recommender"}),
                    ("StopSolutionVersionCreation", {"solutionVersionArn": "solution version"}),
                    ("UpdateMetricAttribution", {"metricAttributionArn": "metric attribution"}),
                ]
            )
        )
        extras: dict[str, dict[str, Any]] = {
            "UpdateSolution": {"performAutoTraining": data.draw(st.booleans())},
            "UpdateRecommender": {"recommenderConfig": {"minRecommendationRequestsPerSecond": 2}},
            "UpdateMetricAttribution": {"removeMetrics": ["m"]},
        }
        given = {member: self.arn(data, label) for member, label in params.items()}
        self.call(CONTROL, operation, given | extras.get(operation, {}))

    @rule(
        data=st.data(), label=st.sampled_from([label for label, kind in RESOURCE_TYPES.items() if kind.deletable_from])
    )
    def delete(self, data: st.DataObject, label: str) -> None:
        kind = RESOURCE_TYPES[label]
        self.call(CONTROL, f"Delete{kind.noun}", {kind.arn_member: self.arn(data, label)})

    @rule(data=st.data(), label=st.sampled_from(list(RESOURCE_TYPES)))
    def look(self, data: st.DataObject, label: str) -> None:
        kind = RESOURCE_TYPES[label]
        self.call(CONTROL, f"Describe{kind.noun}", {kind.arn_member: self.arn(data, label)})
        links = {kind.parent: self.arn(data, label)} if kind.parent and data.draw(st.booleans()) else {}
        self.call(CONTROL, f"List{kind.noun}s", {"maxResults": 2, **links})
        self.call(CONTROL, "GetSolutionMetrics", {"solutionVersionArn": self.arn(data, "solution version")})

    @rule(data=st.data())
    def tag(self, data: st.DataObject) -> None:
        arn = self.arn(data, data.draw(st.sampled_from(list(RESOURCE_TYPES))))
        self.call(CONTROL, "TagResource", {"resourceArn": arn, "tags": [{"tagKey": "k", "tagValue": "v"}]})
        self.call(CONTROL, "ListTagsForResource", {"resourceArn": arn})
        self.call(CONTROL, "UntagResource", {"resourceArn": arn, "tagKeys": ["k"]})

    @rule(data=st.data())
    def ask_and_tell(self, data: st.DataObject) -> None:
        params = {"campaignArn": self.arn(data, "campaign")} | self.optional(
            data, userId="u1", itemId="i1", filterArn=self.arn(data, "filter")
        )
        self.call(RUNTIME, "GetRecommendations", params)
        self.call(RUNTIME, "GetPersonalizedRanking", {**params, "userId": "u1", "inputList": ["i1"]})
        trackers = [r.record["trackingId"] for r in self.backend.all("event tracker")]
        event = {"eventType": "e", "itemId": "i1", "sentAt": self.calls}
        tracking = data.draw(st.sampled_from([*trackers, "none"]))
        self.call(
            EVENTS,
            "PutEvents",
            {"trackingId": tracking, "sessionId": "s", "userId": "u1", "eventList": [event]},
        )
        self.call(EVENTS, "PutItems", {"datasetArn": self.arn(data, "dataset"), "items": [{"itemId": "i"}]})

    @rule(data=st.data(), service=st.sampled_from([CONTROL, RUNTIME, EVENTS]))
    def nonsense(self, data: st.DataObject, service: str) -> None:
        """Any operation with parameters of the wrong kind."""
        name = data.draw(st.sampled_from(sorted(operations(service))))
        values = st.one_of(st.none(), st.integers(), st.text(max_size=5), st.lists(st.integers(), max_size=2))
        shape: Any = operations(service)[name].input_shape
        members = sorted(shape.members) if shape is not None else []
        chosen = data.draw(st.lists(st.sampled_from(members), unique=True)) if members else []
        self.call(service, name, {member: data.draw(values) for member in chosen})

    @rule(seconds=st.sampled_from([1, 30, 60, 600, 3600, 40_000, 700_000]))
    def wait(self, seconds: int) -> None:
        self.emulator.clock.advance(seconds)
        self.emulator.settle()

    @rule()
    def wait_for_all(self) -> None:
        self.emulator.finish()
        assert not any(resource.busy for resource in self.backend.resources.values())

    # What must hold

    @invariant()
    def no_child_outlives_its_parents(self) -> None:
        for resource in self.resources():
            for member in ("datasetGroupArn", "solutionArn", "datasetArn", "schemaArn"):
                parent = resource.record.get(member)
                if parent is not None and member != resource.type.arn_member:
                    assert parent in self.backend.resources, f"{resource.arn} outlives {parent}"
            if resource.type.label == "campaign":
                assert resource.record["deployedVersionArn"] in self.backend.resources

    @invariant()
    def no_status_goes_backwards(self) -> None:
        for resource in self.resources():
            status = resource.status
            if status is None:
                continue
            key = (resource.arn, resource.record["creationDateTime"])
            assert follows(self.seen.get(key, status), status), f"{resource.arn}: {self.seen[key]} then {status}"
            self.seen[key] = status

    @invariant()
    def dates_make_sense(self) -> None:
        for resource in self.resources():
            record = resource.record
            assert record["creationDateTime"] <= record["lastUpdatedDateTime"] <= self.emulator.clock.now()
            assert resource.busy == (resource.expected_end is not None), (resource.arn, resource.status)
            if resource.expected_end is not None:
                assert resource.expected_end >= self.backend.now

    @invariant()
    def failures_have_reasons(self) -> None:
        for resource in self.resources():
            failed = resource.status in ("CREATE FAILED", "FAILED")
            assert bool(resource.record.get("failureReason")) == failed or resource.record["status"].startswith(
                "DELETE"
            )

    @invariant()
    def quotas_hold(self) -> None:
        for quota in QUOTAS:
            if quota.counted == "running":
                running = [r for r in self.backend.all(quota.label) if is_busy(r.status)]
                assert len(running) <= self.emulator.settings.quota(quota.name)

    def resources(self) -> list[Resource]:
        if not hasattr(self, "emulator"):
            return []
        self.emulator.settle()
        return [r for r in self.backend.resources.values() if r.status is not None]


class OtherPersonalize(Personalize):
    """The same with what is open turned the other way."""

    switches = Switches(
        version_names_unique_in="account",
        unknown_parent_in_list="InvalidInputException",
        existing_limit_text="other",
        running_limit_text="other",
        solution_metrics="ResourceInUseException",
        filter_expression_shown="normalised",
        number_texts_shown="canonical",
        update_seen_after=100,
        creation_seen_after=40,
        update_inactive_recommender=False,
    )


TestPersonalize = Personalize.TestCase
TestOtherPersonalize = OtherPersonalize.TestCase
TestPersonalize.settings = TestOtherPersonalize.settings = settings(
    max_examples=25,
    stateful_step_count=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
