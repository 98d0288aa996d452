"""CreateEventTracker: one to a dataset group."""

from __future__ import annotations

import uuid

from ..exceptions import InvalidInputException, ResourceAlreadyExistsException, error
from ..models import PersonalizeBackend
from ..recipes import INTERACTIONS
from .common import Params
from .datasets import dataset_of


def create(backend: PersonalizeBackend, params: Params) -> Params:
    """Group ACTIVE; one to a group.

    Source: guide "Recording events"
    """
    group = backend.get_active("dataset group", params["datasetGroupArn"])
    for other in backend.all("event tracker", datasetGroupArn=group.arn):
        message = ResourceAlreadyExistsException(other.arn).message
        raise error(backend.switches.second_event_tracker_error, message)
    if backend.switches.tracker_needs_interactions_dataset and dataset_of(backend, group.arn, INTERACTIONS) is None:
        raise InvalidInputException(f"Dataset group {group.arn} has no Interactions dataset.")
    tracker = backend.create("event tracker", params, trackingId=str(uuid.uuid4()), accountId=backend.account_id)
    return {"eventTrackerArn": tracker.arn, "trackingId": tracker.record["trackingId"]}
