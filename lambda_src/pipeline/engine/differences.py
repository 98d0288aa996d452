"""What the params want against what Personalize shows. The same thing in another form is no difference.

The service may show a number as `0.3` that was sent as `0.30`, or a filter expression with other blanks and cases
(neither is confirmed); a difference here means an update or a new filter at every upload.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from .resource_types import Parameters, ResourceType

NOTHING: tuple[Any, ...] = (False, None, {}, [])
# Parameters that say something by being left out; of others the service may show a default of its own.
ABSENCE_COUNTS = {"domain", "eventType"}
LONGEST_NUMBER = 400  # digits; the largest of floating point has 309
TOKEN = re.compile(
    r""" "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | \$\w+ | [<>!]?= | [<>] | [^\s()"'$,|<>=!]+ | [,|] """, re.VERBOSE
)


def differs(wanted: Any, present: Any) -> bool:
    """Whether `present` lacks or contradicts anything that `wanted` says; what only the service says is its default."""
    if isinstance(wanted, dict) and (isinstance(present, dict) or present is None):
        present = present or {}
        return any(differs(value, present.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(present, list):
        return len(wanted) != len(present) or any(all(differs(one, other) for other in present) for one in wanted)
    if wanted in NOTHING and present in NOTHING:
        return False
    if isinstance(wanted, str) and wanted.endswith("/$LATEST"):
        # What a description shows for $LATEST is unconfirmed: any version of the same solution will do.
        return not str(present).startswith(wanted.removesuffix("$LATEST"))
    return bool(_plain(wanted) != _plain(present))


def _plain(value: Any) -> Any:
    """A number, however it is written; a truth value, however it is spelt; anything else as it is."""
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return value
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return value
    return number if number.is_finite() else value


def canonical(value: Any) -> Any:
    """The value without what its author may choose: the spelling of numbers, the order of lists, what is empty."""
    if isinstance(value, dict):
        return {name: canonical(entry) for name, entry in value.items() if entry not in NOTHING}
    if isinstance(value, list | tuple):
        return sorted((canonical(entry) for entry in value), key=repr)
    plain = _plain(value)
    if not isinstance(plain, Decimal):
        return plain
    # Without an exponent, so that digests stay; but not with a million noughts.
    return format(plain.normalize(), "f") if abs(plain.adjusted()) < LONGEST_NUMBER else f"{plain}"


def canonical_expression(expression: str) -> str:
    """A filter expression without what its author may choose: blanks, parentheses, quotation marks, letter case.

    Values in quotation marks and placeholders count as they are (Developer Guide, "Filter expression structure and
    elements").
    """
    tokens = []
    for token in TOKEN.findall(expression):
        if token[0] in "\"'":
            token = f'"{token[1:-1]}"'
        elif token[0] != "$":
            token = token.upper().replace("NOT_IN", "NOT IN")
        tokens.append(token)
    return " ".join(tokens)


def fixed_changes(kind: ResourceType, wanted: Parameters, description: Parameters) -> list[str]:
    """The parameters that can't be changed, and are other than wanted."""
    return [
        name
        for name in kind.fixed
        if (name in wanted or name in ABSENCE_COUNTS)
        and differs(_fixed(wanted.get(name), name), _fixed(description.get(name), name))
    ]


def _fixed(value: Any, parameter: str) -> Any:
    if parameter == "filterExpression" and isinstance(value, str):
        return canonical_expression(value)
    if parameter == "solutionConfig" and value:
        # The rest of it; these two are what UpdateSolution changes.
        return {name: part for name, part in value.items() if name not in ("autoTrainingConfig", "eventsConfig")}
    return value


def update(kind: ResourceType, wanted: Parameters, description: Parameters) -> Parameters:
    """The parameters of the update call that makes `description` what is wanted; empty where nothing differs."""
    if kind.settings is None:
        return {}
    present = kind.settings(description)
    settings = _with_defaults(kind.settings(wanted), present, kind.defaults)
    if not changed(kind, wanted, description):
        return {}
    return kind.change(settings, present)


def changed(kind: ResourceType, wanted: Parameters, description: Parameters) -> list[str]:
    """The settings that an update would change."""
    if kind.settings is None:
        return []
    present = kind.settings(description)
    settings = _with_defaults(kind.settings(wanted), present, kind.defaults)
    return [name for name, value in settings.items() if differs(value, present.get(name))]


def _with_defaults(wanted: Parameters, present: Parameters, defaults: Parameters) -> Parameters:
    """What is wanted, and the defaults of what nobody asks for any more."""
    settings = dict(wanted)
    for name, default in defaults.items():
        if isinstance(default, dict):
            inner = _with_defaults(wanted.get(name) or {}, present.get(name) or {}, default)
            if inner:
                settings[name] = inner
        elif name not in wanted and name in present and differs(default, present[name]):
            settings[name] = default
    return settings
