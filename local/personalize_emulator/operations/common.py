"""What operations of every type share: describe, list by pages, delete."""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import json
from collections.abc import Callable, Iterable
from typing import Any

from ..appearance import appears
from ..exceptions import InvalidNextTokenException, ResourceNotFoundException, error
from ..models import PersonalizeBackend
from ..resources import BLOCKERS, RESOURCE_TYPES, Record, Resource
from ..service_model import CONTROL, describe_members, operations, summary_members

Params = dict[str, Any]
Handler = Callable[[PersonalizeBackend, Params], Params]

PAGE = 100


def shown(record: Record, members: Iterable[str]) -> Record:
    """The members of a record that a response shape has; absent ones are left out, never null."""
    return {name: record[name] for name in members if record.get(name) is not None}


def described(backend: PersonalizeBackend, resource: Resource) -> Record:
    """A resource as its Describe operation shows it."""
    kind = resource.type
    record = shown(resource.seen(backend.now), describe_members(f"Describe{kind.noun}", kind.stem))
    return appears(record, backend.switches)


def summarised(backend: PersonalizeBackend, resource: Resource) -> Record:
    """A resource as its List operation shows it."""
    kind = resource.type
    record = shown(resource.seen(backend.now), summary_members(f"List{kind.noun}s", kind.list_key))
    return appears(record, backend.switches)


def documented(handler: Handler, rules: str, source: str) -> Handler:
    """Give a made handler the documentation that a written one has in its docstring."""
    handler.__doc__ = f"{rules}\n\nSource: {source}"
    return handler


def describe(label: str) -> Handler:
    kind = RESOURCE_TYPES[label]

    def handler(backend: PersonalizeBackend, params: Params) -> Params:
        return {kind.stem: described(backend, backend.look(label, params[kind.arn_member]))}

    return documented(handler, "Unknown ARNs; absent members left out; tags never shown.", "model")


def list_all(label: str) -> Handler:
    kind = RESOURCE_TYPES[label]

    def handler(backend: PersonalizeBackend, params: Params) -> Params:
        parent = params.get(kind.parent) if kind.parent else None
        if parent is not None:
            check_parent(backend, f"List{kind.noun}s", str(kind.parent), parent)
        links = {str(kind.parent): parent} if parent is not None else {}
        found = [resource for resource in backend.all(label, **links) if backend.visible(resource)]
        if kind.newest_first:
            found.reverse()
        else:
            found.sort(key=lambda resource: scattered(resource.arn))
        return page(backend, f"List{kind.noun}s", kind.list_key, [summarised(backend, r) for r in found], params)

    order = "newest first" if kind.newest_first else "in no order"
    return documented(handler, f"{f'By `{kind.parent}` or all' if kind.parent else 'All'}; {order}; by pages.", "model")


def check_parent(backend: PersonalizeBackend, operation: str, member: str, arn: str) -> None:
    """Raises what the switch `unknown_parent_in_list` names when a list is asked for by an ARN that is nobody's."""
    parent = _TYPE_OF_MEMBER[member]
    if backend.find(parent, arn) is not None:
        return
    answer = backend.switches.unknown_parent_in_list
    declared = "ResourceNotFoundException" in operations(CONTROL)[operation].errors
    unknown = ResourceNotFoundException(arn, parent)
    if answer == "ResourceNotFoundException" or (answer == "empty" and declared):
        raise unknown
    if answer != "empty":
        raise error(answer, unknown.message)


_TYPE_OF_MEMBER = {kind.arn_member: label for label, kind in RESOURCE_TYPES.items()}


def scattered(text: str) -> str:
    """A key to sort by that has nothing to do with creation or name, and is the same in every run."""
    return hashlib.sha256(text.encode()).hexdigest()


def delete(label: str) -> Handler:
    kind = RESOURCE_TYPES[label]

    def handler(backend: PersonalizeBackend, params: Params) -> Params:
        backend.delete(label, params[kind.arn_member])
        return {}

    states = f"{' or '.join(kind.deletable_from)}, not busy; " if kind.statuses else ""
    children = [f"{b.child} ({b.states})" if b.states != "any" else b.child for b in BLOCKERS.get(label, ())]
    blocked = f"not in use by: {', '.join(children)}; " if children else ""
    ends = "gone after DELETE PENDING." if kind.statuses else "gone at once."
    rules = states + blocked + ends
    source = 'guide "Requirements for deleting Amazon Personalize resources"'
    return documented(handler, rules[0].upper() + rules[1:], source)


def page(backend: PersonalizeBackend, operation: str, key: str, items: list[Any], params: Params) -> Params:
    """One page of a list. Raises InvalidNextTokenException for a token that this operation did not give out."""
    start = _start(operation, params["nextToken"]) if "nextToken" in params else 0
    most = params.get("maxResults", PAGE)
    end = start + (max(1, most // 3) if backend.switches.short_pages else most)
    result: Params = {key: list(itertools.islice(items, start, end))}
    if end < len(items):
        result["nextToken"] = base64.urlsafe_b64encode(json.dumps([operation, end]).encode()).decode()
    return result


def _start(operation: str, token: str) -> int:
    try:
        of, start = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError, binascii.Error) as err:
        raise InvalidNextTokenException from err
    if of != operation or type(start) is not int or not 0 <= start < 2**31:
        raise InvalidNextTokenException
    return start
