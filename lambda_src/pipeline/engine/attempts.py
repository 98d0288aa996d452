"""Making calls so that none is made twice, and none is given up too soon.

Before a call is made, the record says that it will be (the resource's `intent`). A call whose answer was lost is found
again by what it made; one that is refused for now is repeated for as long as its refusal is worth it (`trouble`).
"""

from __future__ import annotations

import logging

from botocore.exceptions import BotoCoreError, ClientError

from pipeline import clients

from . import waiting
from .calls import is_being_deleted, status_of, write
from .differences import differs, update
from .patience import Refusal, understand
from .reconcile import Call, update_shown
from .record import Record
from .resource_types import Parameters
from .resources import FAILED, READY, Resource

logger = logging.getLogger(__name__)
WORTH_TELLING = 60  # seconds lost to refusals
UNSEEN = 2 * 60  # seconds until a create call without an answer is made again
STALE = 30  # seconds after which a decision is not carried out any more: another look may have looked since


def decide_on(record: Record, calls: list[tuple[Resource, Call]]) -> None:
    """Write down which calls will be made. From here on no other look makes them.

    Raises:
        Overtaken: another look wrote first.
    """
    now = clients.clock.now()
    for resource, call in calls:
        again = resource.intent is not None and resource.intent["what"] == call.what
        resource.intent = {"what": call.what, "at": now} | ({"again": True} if again else {})
        if call.what == "update":
            resource.seen_update = call.seen_update
    record.save()


def make(record: Record, resource: Resource, call: Call) -> None:
    """Make one call, and note what came of it."""
    exceptions = clients.personalize_once().exceptions
    answer: Parameters = {}
    if resource.intent is None or clients.clock.now() - resource.intent["at"] > STALE:
        return
    try:
        if call.what == "tag":
            clients.personalize_once().tag_resource(**call.parameters)
            resource.add_tags = []
        else:
            answer = write(resource.kind, call.what, call.parameters)
    except exceptions.ResourceAlreadyExistsException as error:
        _exists_already(record, resource, error)
        return
    except (ClientError, BotoCoreError) as error:
        is_gone = isinstance(error, exceptions.ResourceNotFoundException) and call.what in ("delete", "stop")
        if not is_gone:
            refused(record, resource, understand(error))
            return
    trouble_is_over(record, resource)
    if call.what == "create":
        resource.arn = answer[resource.kind.arn_member]
    _did(resource, call.what)


def recover(resource: Resource, description: Parameters | None) -> None:
    """Note as done what a call did whose answer was lost, given the resource's description."""
    if resource.intent is None:
        return
    what = resource.intent["what"]
    status = status_of(description) if description else None
    happened = {
        "create": description is not None,
        "update": description is not None and _shows_update(resource, description),
        "delete": status is None or status.startswith("DELETE"),
        "start": status is not None and (status.startswith("START") or status == "ACTIVE"),
        "stop": status is not None and ("STOP" in status or status == "INACTIVE"),
    }
    if happened.get(what):
        _did(resource, what)


def _shows_update(resource: Resource, description: Parameters) -> bool:
    """Whether a description shows the update that was asked for; another one is somebody else's."""
    kind = resource.kind
    if kind.latest_update not in description:
        return not update(kind, resource.parameters, description)
    if update_shown(resource, description) == resource.seen_update or kind.settings is None:
        return False
    return not differs(kind.settings(resource.parameters), description[kind.latest_update])


def note_if_found(resource: Resource, description: Parameters) -> None:
    """What was to be created and is there without a call of this run's was made by somebody else."""
    status = status_of(description)
    if resource.plan == "create" and not resource.done and not resource.intent and not is_being_deleted(status):
        _found(resource)


def _found(resource: Resource) -> None:
    resource.reason = "somebody else made it while this run worked"
    resource.done.append({"what": "find", "at": clients.clock.now()})


def may_be_made(resource: Resource) -> bool:
    """Whether a version may be in the making whose create call got no answer; its name may not keep off a second."""
    if resource.type != "solutionVersion" or resource.intent is None:
        return False
    return clients.clock.now() - float(resource.intent["at"]) < UNSEEN


def refused(record: Record, resource: Resource, refusal: Refusal) -> None:
    """Note that a call was refused: for good, or for now."""
    now = clients.clock.now()
    if resource.intent and not refusal.may_have_happened and not resource.intent.get("again"):
        resource.intent = None
    if resource.keep_if_used and refusal.is_in_use:
        resource.state, resource.status = READY, "IN USE"
        return
    known = resource.trouble or {"since": now, "patience": refusal.patience, "kindSince": now}
    wait: float = waiting.seconds_until_retry(now - known["since"])
    alike = [other for other in record.resources if other.type == resource.type]
    if refusal.wants_slot and any(works(other) for other in alike):
        # Its like are being worked on: it is their turn, and nobody's trouble. One of those that wait tries for all.
        known |= {"since": now, "kindSince": now}
        wait = waiting.LONGEST
        for other in alike:
            if other.trouble and other.trouble["wantsSlot"]:
                other.trouble["next"] = now + wait
    since = known["since"]
    of_this_kind = known["kindSince"] if known["patience"] == refusal.patience else now
    if now - of_this_kind >= refusal.patience or now - since >= max(refusal.patience, known["patience"]):
        tried = "" if refusal.is_final else f" (refused for {(now - since) / 3600:.1f} h)"
        resource.state, resource.failure = FAILED, f"{refusal.message}{tried}"
        trouble_is_over(record, resource)
        return
    resource.trouble = {
        "what": refusal.message,
        "since": since,
        "patience": refusal.patience,
        "kindSince": of_this_kind,
        "next": now + wait,
        "wantsSlot": refusal.wants_slot,
    }


def works(resource: Resource) -> bool:
    """Whether this run began work on it that goes on."""
    return resource.did("create") and not resource.is_over and not resource.trouble


def trouble_is_over(record: Record, resource: Resource) -> None:
    """Note what the trouble cost, where it cost time."""
    if resource.trouble is None:
        return
    seconds = round(clients.clock.now() - resource.trouble["since"])
    if seconds >= WORTH_TELLING:
        record.delays.append({"resource": resource.shown, "what": resource.trouble["what"], "seconds": seconds})
    resource.trouble = None


def _exists_already(record: Record, resource: Resource, error: ClientError) -> None:
    """What a create call finds is this run's own where its reply was lost, or its name has the run's id in it."""
    assert resource.intent
    name = str(resource.parameters.get("jobName") or resource.parameters.get("name", ""))
    if resource.intent.get("again") or record.run["id"] in name:
        resource.intent["again"] = True
    else:
        resource.intent = None
        _found(resource)
    is_new = resource.trouble is None
    refused(record, resource, understand(error))
    if is_new and resource.trouble:
        resource.trouble["next"] = clients.clock.now()  # look at once; only a repetition has to wait


def _did(resource: Resource, what: str) -> None:
    at = resource.intent["at"] if resource.intent else clients.clock.now()
    resource.done.append({"what": what, "at": at})
    resource.intent = None
    logger.info("called", extra={"operation": resource.kind.operation(what), "resource": resource.id})
