"""One resource against what Personalize shows of it: what is to be done now, if anything, and whether it is there yet.

Nothing is called here. What happened is known from what this run recorded as done and from what a look shows, never
from times: a version is found by its name, an update by its being another one than before.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import ownership
from .calls import begun, ended_badly, failed, is_being_deleted, is_settled, status_of
from .differences import fixed_changes, update
from .resource_types import Parameters
from .resources import ABSENT, ENDED, INACTIVE, Resource

NO_REASON = "Personalize gives no reason"
LAG = 30 * 60  # seconds that a description may lag behind what was accepted
DELETION = 3 * 3600  # seconds for what is being deleted; the longest seen took 19 minutes
REDEPLOYMENT = 3 * 3600  # seconds in which Personalize brings a campaign to a new version by itself
MEND = "Personalize tries again by its own schedule; mend the cause before that, and upload the params file again."


@dataclass(frozen=True)
class Call:
    """A call to be made now: `what` is its verb (`create`, `update`, `delete`, `start`, `stop`, `tag`).

    `seen_update` tells an update's own progress from that of the one before it.
    """

    what: str
    parameters: Parameters
    seen_update: str | None = None


@dataclass(frozen=True)
class Pending:
    """Work of the service, `since` when.

    `at_most` seconds are waited for what should be there at once; then it fails with `advice`.
    """

    status: str
    since: float | None = None
    at_most: float | None = None
    advice: str = ""


@dataclass(frozen=True)
class Ready:
    """As it shall be."""

    status: str


@dataclass(frozen=True)
class Failed:
    """It can't become what it shall be; `is_foreign` where it is another group's."""

    status: str
    why: str
    is_foreign: bool = False


Outcome = Call | Pending | Ready | Failed


def reconcile(resource: Resource, group_arn: str, description: Parameters | None) -> Outcome:
    """What the resource needs, given its description (None: it does not exist)."""
    if description is None:
        return _missing(resource)
    if (other := ownership.other_owner(resource, group_arn, description)) and not resource.keep_if_used:
        return Failed(
            status_of(description), f"belongs to {other}, and is not touched. Use another name.", is_foreign=True
        )
    status = status_of(description)
    if is_being_deleted(status):
        advice = "Personalize did not finish deleting it. Look at it in the console, and upload the params file again."
        return Pending(status, at_most=DELETION, advice=advice)
    if resource.target == ENDED:
        return _ended(resource, status, description)
    if not is_settled(status):
        return Pending(status, begun(description.get(resource.kind.latest_update, description)))
    if resource.target == ABSENT:
        return Call("delete", _itself(resource))
    if failed(status):
        return _failed(resource, status, description)
    # What this run made is as it asked for, in whatever form the service shows it.
    made = resource.did("create")
    if resource.kind.replaceable and not made and fixed_changes(resource.kind, resource.parameters, description):
        return Call("delete", _itself(resource))
    return _existing(resource, status, description)


def _itself(resource: Resource) -> Parameters:
    return {resource.kind.arn_member: resource.arn}


def _missing(resource: Resource) -> Outcome:
    if resource.target in (ABSENT, ENDED):
        return Ready("ABSENT")
    if resource.plan == "await":
        return Pending("CREATE PENDING")
    if resource.did("create"):
        advice = f"It was created, and is not to be found since. {NO_REASON}; upload the params file again."
        return Pending("CREATE PENDING", resource.done[-1]["at"], at_most=LAG, advice=advice)
    return Call("create", resource.parameters)


def _ended(resource: Resource, status: str, description: Parameters) -> Outcome:
    """A training that is no longer wanted: stopped, which takes a while, or over by itself."""
    if is_settled(status):
        return Ready(status)
    if status in ("CREATE PENDING", "CREATE IN_PROGRESS") and resource.kind.stop and not resource.did("stop"):
        return Call("stop", _itself(resource))
    return Pending(status, begun(description))


def _failed(resource: Resource, status: str, description: Parameters) -> Outcome:
    reason = f"{status}: {description.get('failureReason', NO_REASON)}"
    if resource.plan == "await":
        return Failed(status, f"the automatic training failed: {sentence(reason)} {MEND}")
    if resource.did("create") or not resource.kind.deletable:
        return Failed(status, reason)
    return Call("delete", _itself(resource))  # what never became ACTIVE is made anew


def _existing(resource: Resource, status: str, description: Parameters) -> Outcome:
    """It exists, and the service has nothing to do on it itself."""
    latest = description.get(resource.kind.latest_update)
    if latest and not is_settled(latest["status"]):
        return Pending(f"{latest['status']} (update)", begun(latest))
    if resource.target == INACTIVE:
        return _tagged(resource, status) if status == INACTIVE else _once(resource, "stop", status)
    if status == INACTIVE:
        return _once(resource, "start", status)
    if resource.did("update"):
        return _updated(resource, status, description)
    change = {} if resource.did("create") else update(resource.kind, resource.parameters, description)
    if change:
        return Call("update", _itself(resource) | change, update_shown(resource, description))
    tagged = _tagged(resource, status)
    return tagged if isinstance(tagged, Call) else _following(resource, status, description)


def _tagged(resource: Resource, status: str) -> Outcome:
    if resource.add_tags:
        return Call("tag", {"resourceArn": resource.arn, "tags": resource.add_tags})
    return Ready(status)


def _once(resource: Resource, what: str, status: str) -> Outcome:
    """A call that a description may show late."""
    if not resource.did(what):
        return Call(what, _itself(resource))
    advice = f"Personalize accepted to {what} it, and does not show it. Look at it in the console."
    return Pending(status, resource.done[-1]["at"], at_most=LAG, advice=advice)


def _updated(resource: Resource, status: str, description: Parameters) -> Outcome:
    """After this run's own update: it is over when another update is shown than before, and that one is over.

    The parameters are not compared again: the service may show them in another form.
    """
    latest = description.get(resource.kind.latest_update)
    if ended_badly(status):
        why = f"the update failed: {status}: {description.get('failureReason', NO_REASON)}"
        return Failed(status, f"{sentence(why)} It is as it was before.")
    if resource.type != "metricAttribution":  # of its updates the service shows the status alone
        if latest is None or update_shown(resource, description) == resource.seen_update:
            advice = "Personalize accepted the update, and does not show it. Look at it in the console."
            return Pending("UPDATE PENDING", resource.done[-1]["at"], at_most=LAG, advice=advice)
        if ended_badly(latest["status"]):
            why = f"the update failed: {latest['status']}: {latest.get('failureReason', NO_REASON)}"
            return Failed(latest["status"], f"{sentence(why)} As it was before the update it {_still(resource)}.")
    wanted = resource.parameters.get("solutionVersionArn") if resource.type == "campaign" else None
    if wanted and not wanted.endswith("/$LATEST") and description["solutionVersionArn"] != wanted:
        advice = f"The update is over, and the campaign serves {description['solutionVersionArn']} all the same."
        return Pending("UPDATE IN_PROGRESS", resource.done[-1]["at"], at_most=LAG, advice=advice)
    tagged = _tagged(resource, status)
    return tagged if isinstance(tagged, Call) else _following(resource, status, description)


def update_shown(resource: Resource, description: Parameters) -> str | None:
    """Which update a description shows: when it was begun. None where there was none yet."""
    latest = description.get(resource.kind.latest_update)
    return str(latest["creationDateTime"]) if latest else None


def _still(resource: Resource) -> str:
    return "still serves" if resource.type in ("campaign", "recommender") else "still is"


def _following(resource: Resource, status: str, description: Parameters) -> Outcome:
    """A campaign that follows its solution by itself has to come to the version that it shall follow."""
    newest = resource.follows
    serving = str(description.get("solutionVersionArn", ""))
    if not newest or serving == newest or serving.endswith("/$LATEST"):
        return Ready(status)
    latest = description.get(resource.kind.latest_update)
    if latest and ended_badly(latest["status"]) and str(latest.get("solutionVersionArn", newest)) == newest:
        why = f"Personalize did not bring it to {newest}: {latest['status']}: {latest.get('failureReason', NO_REASON)}"
        return Failed(latest["status"], f"{sentence(why)} It still serves {serving}. Upload the params file again.")
    advice = f"It follows its solution, but Personalize did not bring it to {newest}. It still serves {serving}."
    return Pending("UPDATE PENDING", at_most=REDEPLOYMENT, advice=advice)


def sentence(text: str) -> str:
    """The text with one full stop at its end, whether the service put one there or not."""
    return text.rstrip(". ") + "."
