"""personalize-events: records sent one by one, which train beside the imported ones.

Sources: service model of personalize-events; developer guide, "Recording events".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from .. import csv_rows
from ..exceptions import InvalidInputException, JobFailure, ResourceInUseException
from ..models import PersonalizeBackend
from ..recipes import ACTIONS, INTERACTIONS, ITEMS, USERS
from ..resources import Resource
from .common import Handler, Params, documented
from .datasets import dataset_of, schema_of


@dataclass(frozen=True)
class Row:
    """What a request says of one record, by column: in members of its own, and in its properties."""

    members: dict[str, Any]
    properties: dict[str, Any]


def put_events(backend: PersonalizeBackend, params: Params) -> Params:
    """Tracker ACTIVE; up to 10 events; properties are JSON in camel case, and fit the schema. Events of a known
    user about an item train at once.

    Source: guide "Recording events"
    """
    group = _group_of_tracker(backend, params["trackingId"])
    dataset = dataset_of(backend, group, INTERACTIONS)
    if dataset is None:
        raise InvalidInputException("The dataset group has no Interactions dataset.")
    rows = []
    for event in params["eventList"]:
        members = {
            "USER_ID": params.get("userId"),
            "ITEM_ID": event.get("itemId"),
            "TIMESTAMP": _seconds(event["sentAt"]),
            "EVENT_TYPE": event["eventType"],
            "EVENT_VALUE": event.get("eventValue"),
            "RECOMMENDATION_ID": event.get("recommendationId"),
            "IMPRESSION": "|".join(event.get("impression", [])) or None,
            "EVENT_ATTRIBUTION_SOURCE": event.get("metricAttribution", {}).get("eventAttributionSource"),
        }
        rows.append(Row(members, _properties(event)))
    # Events of a session whose user is not known yet, or about no item, do not train.
    _keep(backend, dataset, [row for row in rows if row.members["USER_ID"] and row.members["ITEM_ID"]])
    return {}


def put_action_interactions(backend: PersonalizeBackend, params: Params) -> Params:
    """Tracking ID of an Action_Interactions dataset; otherwise as PutEvents.

    Source: API PutActionInteractions
    """
    dataset = next(backend.all("dataset", trackingId=params["trackingId"]), None)
    if dataset is None:
        raise InvalidInputException(f"There is no Action_Interactions dataset of tracking ID {params['trackingId']}.")
    rows = [
        Row(
            {
                "USER_ID": event.get("userId"),
                "ACTION_ID": event["actionId"],
                "TIMESTAMP": _seconds(event["timestamp"]),
                "EVENT_TYPE": event["eventType"],
                "RECOMMENDATION_ID": event.get("recommendationId"),
                "IMPRESSION": "|".join(event.get("impression", [])) or None,
            },
            _properties(event),
        )
        for event in params["actionInteractions"]
    ]
    _keep(backend, dataset, [row for row in rows if row.members["USER_ID"]])
    return {}


def put_records(kind: str, list_member: str, id_member: str, column: str) -> Handler:
    """PutItems, PutUsers, PutActions: whole records, by id."""

    def handler(backend: PersonalizeBackend, params: Params) -> Params:
        dataset = backend.get("dataset", params["datasetArn"])
        if dataset.record["datasetType"] != kind:
            raise InvalidInputException(f"{dataset.arn} is not a dataset of type {kind}.")
        if dataset.status != "ACTIVE":
            raise ResourceInUseException(f"Resource {dataset.arn} is in use: its status is {dataset.status}.")
        _keep(backend, dataset, [Row({column: one[id_member]}, _properties(one)) for one in params[list_member]])
        return {}

    rules = (
        "Dataset ACTIVE and of that type; up to 10 records; properties are JSON in camel case, and fit the schema; "
        "ids replace."
    )
    return documented(handler, rules, 'guide "Recording events"')


put_items = put_records(ITEMS, "items", "itemId", "ITEM_ID")
put_users = put_records(USERS, "users", "userId", "USER_ID")
put_actions = put_records(ACTIONS, "actions", "actionId", "ACTION_ID")


def _group_of_tracker(backend: PersonalizeBackend, tracking_id: str) -> str:
    tracker = next(backend.all("event tracker", trackingId=tracking_id), None)
    if tracker is None:
        raise InvalidInputException(f"There is no event tracker of tracking ID {tracking_id}.")
    if tracker.status != "ACTIVE":
        raise InvalidInputException(f"Event tracker {tracker.arn} is not ACTIVE; its status is {tracker.status}.")
    return str(tracker.record["datasetGroupArn"])


def _seconds(moment: float) -> int:
    """A moment as whole epoch seconds. Raises InvalidInputException beyond what a long holds."""
    if not -(2**63) <= moment < 2**63:
        raise InvalidInputException(f"{moment} is not a timestamp.")
    return int(moment)


def _properties(record: Params) -> dict[str, Any]:
    """The columns in a record's `properties`, a JSON text with names in camel case. Raises InvalidInputException."""
    try:
        properties = json.loads(record.get("properties", "{}"))
        json.dumps(properties, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as err:
        raise InvalidInputException("properties must be JSON.") from err
    if not isinstance(properties, dict):
        raise InvalidInputException("properties must be a JSON object.")
    return {re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper(): value for name, value in properties.items()}


def _fitting(backend: PersonalizeBackend, dataset: Resource, row: Row) -> dict[str, Any]:
    """A row's values by column, each fit for the schema's field. Raises InvalidInputException.

    What a request has members for and the schema no field, is left out.
    """
    schema = schema_of(backend, dataset)
    if schema is None:
        return row.members | row.properties
    fields = csv_rows.readers(schema, backend.switches)
    unknown = sorted(set(row.properties) - set(fields))
    if unknown and backend.switches.unknown_properties == "refuse":
        raise InvalidInputException(
            f"The schema of {dataset.arn} has no fields for the properties {', '.join(unknown)}."
        )
    values = {name: _text(name, value) for name, value in (row.members | row.properties).items()}
    try:
        return {name: read(values.get(name, "")) for name, read in fields.items()}
    except JobFailure as failure:
        raise InvalidInputException(str(failure)) from failure


def _text(name: str, value: Any) -> str:
    """A value as a CSV file would have it. Raises InvalidInputException for a list or an object."""
    if isinstance(value, (dict, list)):
        raise InvalidInputException(f"The value of {name} must be a text, a number, true, false or null.")
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    return str(value)


def _keep(backend: PersonalizeBackend, dataset: Resource, rows: list[Row]) -> None:
    """Add the rows to the dataset."""
    fitting = [_fitting(backend, dataset, row) for row in rows]
    if dataset.arn not in backend.rows:
        return
    for values in fitting:
        backend.rows.put(dataset.arn, values)
    if rows:
        dataset.inner["data changed"] = backend.now
