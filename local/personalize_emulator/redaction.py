"""What a recording may hold of a call: its shape and its words, and of what people named or stored only stand-ins.

Equal texts get equal stand-ins within one recording, by a key that is written nowhere, so that a call still names what
an earlier one made, and nobody can try out whose name a stand-in is. Kept are what the models enumerate, statuses,
AWS's own recipes, settings, names of columns and of placeholders, and the texts of errors without the values in them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from .recipes import RECIPES
from .resources import RESOURCE_TYPES
from .service_model import EVENTS, SERVICES, Operation, operations
from .validation import problems

#: Members that hold settings, types or columns, which are kept.
KEPT = frozenset(
    {
        *("algorithmHyperParameters", "defaultHyperParameters", "defaultParameters", "defaultResourceConfig"),
        *("datasetType", "eventValueThreshold", "excludedDatasetColumns", "expression", "includedDatasetColumns"),
        *("featureTransformationParameters", "itemAttribute", "itemExplorationConfig", "itemName", "metadataColumns"),
        *("maxNumberOfTrainingJobs", "maxParallelTrainingJobs", "metrics", "modelMetrics", "rankingInfluence"),
        *("recipeType", "schedulingExpression", "status", "trainingInputMode", "type"),
    }
)
#: Maps whose keys are columns or placeholders, which are kept, and whose values are not.
KEYS_KEPT = frozenset({"context", "filterValues", "metadata"})
TEXTS = frozenset({"failureReason", "message"})
NUMBERS_OF_DATA = frozenset({"eventValue", "score"})

#: Event types that use cases ask for by name.
EVENT_TYPES = frozenset({"view", "purchase", "watch", "click"})
DATASET_TYPES = frozenset({"INTERACTIONS", "ITEMS", "USERS", "ACTIONS", "ACTION_INTERACTIONS"})
_FIRST_OF_TAIL = frozenset(kind.arn_tail.partition("/")[0] for kind in RESOURCE_TYPES.values()) | {
    *("recipe", "algorithm", "feature-transformation", "role", "user", "key", "$LATEST"),
    *DATASET_TYPES,
}
_OF_FILTERS = frozenset(
    {
        *("INCLUDE", "EXCLUDE", "WHERE", "AND", "OR", "NOT", "IN", "IF", "NULL", "TRUE", "FALSE"),
        *("ITEMID", "USERID", "ACTIONID", "ITEM_ID", "USER_ID", "ACTION_ID"),
    }
)
_OF_SCHEMAS = frozenset(
    {"type", "name", "namespace", "fields", "version", "categorical", "textual", "items", "symbols"}
)

_ARN = re.compile(r"arn:[a-z\d-]+:[a-z\d-]+:[^\s:\"'`]*:[^\s:\"'`]*:[^\s\"'`,;)\]}]*[^\s\"'`,;)\]}.]")
_ADDRESS = re.compile(r"s3://[^\s\"'`,;)\]}]*[^\s\"'`,;)\]}.]")
_QUOTED = re.compile(r'"[^"]*"|(?<!\w)\'[^\']*\'(?!\w)|`[^`]*`')
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
_MAIL = re.compile(r"[^\s\"'<>()]+@[^\s\"'<>()]+")
_WORD = re.compile(r"\$?\w[\w.-]*")
_COLUMN = re.compile(r"(Interactions|Items|Users|Actions|Action_Interactions|CurrentUser|CurrentItem)\.\w+", re.I)
_HEX = re.compile(r"[\da-f]{8}")
_CAPITALS = re.compile(r"[A-Z_ ,\[\]]+")


def _words_of_the_models() -> frozenset[str]:
    words: set[str] = set()

    def walk(shape: Shape | None, depth: int = 0) -> None:
        if shape is None or depth > 8:
            return
        if isinstance(shape, StructureShape):
            words.update(shape.members)
            for member in shape.members.values():
                walk(member, depth + 1)
        elif isinstance(shape, ListShape):
            walk(shape.member, depth + 1)
        elif isinstance(shape, MapShape):
            walk(shape.key, depth + 1)
            walk(shape.value, depth + 1)
        elif isinstance(shape, StringShape):
            words.update(shape.enum)

    for service in SERVICES:
        for operation in operations(service).values():
            words.add(operation.name)
            walk(operation.model.input_shape)
            walk(operation.model.output_shape)
    return frozenset(words)


class Redactor:
    """Makes stand-ins. With the same `key` (any bytes) those of two recordings go together."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)
        #: What was replaced, to find it again in texts; it never leaves the memory.
        self._replaced: dict[str, str] = {}
        self._known = _words_of_the_models()

    def request(self, operation: Operation, params: dict[str, Any]) -> dict[str, Any]:
        """The parameters of a call as they go over the wire (times in epoch seconds, properties as text)."""
        return self._structure(operation, operation.input_shape, params)

    def response(self, operation: Operation, answer: dict[str, Any]) -> dict[str, Any]:
        return self._structure(operation, operation.model.output_shape, answer)

    def _structure(self, operation: Operation, shape: Shape | None, value: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(shape, StructureShape):
            return {}
        redacted: dict[str, Any] = self._value(shape, value, "", data=operation.service == EVENTS)
        return redacted

    def _value(self, shape: Shape, value: Any, name: str, *, data: bool) -> Any:
        """One value. `data` says that numbers and times are what people did, not settings."""
        if value is None:
            return None
        if isinstance(shape, StructureShape):
            inner = {member: value[member] for member in shape.members if value.get(member) is not None}
            return {key: self._value(shape.members[key], inner[key], key, data=data) for key in inner}
        if isinstance(shape, ListShape):
            return [self._value(shape.member, item, name, data=data) for item in value]
        if isinstance(shape, MapShape):
            keep = name in KEPT or name in KEYS_KEPT
            return {
                key if keep else self.name(key, shape.key): self._value(shape.value, item, name, data=data)
                for key, item in value.items()
            }
        if isinstance(value, datetime):
            return 0.0 if data else value.timestamp()
        if isinstance(value, bool):
            return value
        if shape.type_name == "timestamp" and data:
            return 0.0
        if isinstance(value, (int, float)) and name in NUMBERS_OF_DATA:
            return type(value)(0)
        if shape.serialization.get("jsonvalue"):
            return self._properties(value)
        return self._string(shape, value, name) if isinstance(value, str) else value

    def _string(self, shape: Shape, value: str, name: str) -> str:
        if name in KEPT or (isinstance(shape, StringShape) and value in shape.enum):
            return value
        if name in TEXTS:
            return self.text(value)
        if name == "schema":
            return self._schema(value)
        if name == "filterExpression":
            return self._expression(value)
        if name == "eventType":
            return self._literal(value)
        if name == "accountId":
            return self.account(value)
        if value.startswith("arn:"):
            return self._fitting(shape, value, self.arn)
        if value.startswith("s3://"):
            return self._fitting(shape, value, self.address)
        return self.name(value, shape)

    # Stand-ins

    def token(self, text: str) -> str:
        """10 hex digits that stand for a text."""
        return hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:10]

    def _remember(self, text: str, stand_in: str) -> str:
        if len(text) > 2:
            self._replaced[text] = stand_in
        return stand_in

    def name(self, text: str, shape: Shape | None = None) -> str:
        """A name or an id, segment by segment where it has slashes; what the model refuses is refused as a stand-in."""
        return self._fitting(shape, text, lambda given: "/".join(self._segment(part) for part in given.split("/")))

    def _segment(self, text: str) -> str:
        if not text or text in _FIRST_OF_TAIL or text in RECIPES:
            return text
        if _HEX.fullmatch(text):
            return self._remember(text, self.token(text)[:8])
        return self._remember(text, f"x{self.token(text)}")

    def _fitting(self, shape: Shape | None, text: str, make: Callable[[str], str]) -> str:
        result = make(text)
        if shape is None:
            return result
        refused = list(problems(shape, text))
        if refused and not list(problems(shape, result)):
            most = shape.metadata.get("max", 0)
            result = result.ljust(most + 1, "x") if most and len(text) > most else f"?{result}"
        elif not refused and list(problems(shape, result)):
            result = f"x{self.token(text)}"[: shape.metadata.get("max", 11)]
        return self._remember(text, result)

    def arn(self, text: str) -> str:
        """An ARN of the same type, of a stand-in's account; AWS's own as they are."""
        parts = text.split(":", 5)
        if len(parts) < 6:
            return f"arn:{self.token(text)}"
        *head, account, tail = parts
        if account in ("", "aws") and parts[2] == "personalize":
            return text
        return ":".join([*head, self.account(account), self._tail(tail)])

    def _tail(self, tail: str) -> str:
        return re.sub(r"[^/:]+", lambda match: self._segment(match[0]), tail)

    def account(self, text: str) -> str:
        if not text or not text.isdecimal():
            return text and f"x{self.token(text)}"
        return self._remember(text, str(int(self.token(f"account {text}"), 16) % 10**12).rjust(12, "1"))

    def address(self, text: str) -> str:
        """An s3:// address with the same depth and the same ending."""
        scheme, rest = text[:5], text[5:]
        stem, dot, ending = rest.rpartition(".")
        if dot and ending in ("csv", "json", "jsonl", "out"):
            return f"{scheme}{'/'.join(self._segment(part) for part in stem.split('/'))}.{ending}"
        return scheme + "/".join(self._segment(part) for part in rest.split("/"))

    def _literal(self, text: str) -> str:
        return text if text.lower() in EVENT_TYPES or text == "*" else self.name(text)

    def _properties(self, value: Any) -> str:
        """JSON with the same keys, and of each value its type."""

        def shown(given: Any) -> Any:
            if isinstance(given, dict):
                return {key: shown(item) for key, item in given.items()}
            if isinstance(given, list):
                return [shown(item) for item in given]
            if isinstance(given, str):
                return self.name(given)
            return given if given is None or isinstance(given, bool) else type(given)(0)

        try:
            document = json.loads(value) if isinstance(value, str) else value
        except ValueError:
            return f"{{{self.token(str(value))}"
        return json.dumps(shown(document))

    def _schema(self, text: str) -> str:
        """An Avro schema as it is, but for what is no part of one."""
        try:
            document = json.loads(text)
        except ValueError:
            return f"x{self.token(text)}"

        def shown(given: Any) -> Any:
            if isinstance(given, dict):
                return {k: shown(v) if k in _OF_SCHEMAS else self.token(str(v)) for k, v in given.items()}
            return [shown(item) for item in given] if isinstance(given, list) else given

        if not isinstance(document, dict):
            return json.dumps(self.token(text))
        redacted = shown(document)
        return text if redacted == document else json.dumps(redacted)

    def _expression(self, text: str) -> str:
        """A filter expression with stand-ins for its values."""

        def word(match: re.Match[str]) -> str:
            text = match[0]
            if text.startswith("$") or text.upper() in _OF_FILTERS or _COLUMN.fullmatch(text):
                return text
            if re.fullmatch(r"\d+(\.\d+)?", text):
                number = int(self.token(text), 16) % 1000
                return f"{number}.5" if "." in text else str(number)
            return self.name(text)

        def outside(part: str) -> str:
            return re.sub(r"[^\x00-\x7f]", "?", _WORD.sub(word, part))

        result, end = "", 0
        for match in _QUOTED.finditer(text):
            mark, inner = match[0][0], match[0][1:-1]
            result += outside(text[end : match.start()]) + mark + self._literal(inner) + mark
            end = match.end()
        return result + outside(text[end:])

    # Texts

    def text(self, text: str) -> str:
        """An error's text: without ARNs, addresses and values that other members held, nor anything else in quotes."""
        text = _ARN.sub(lambda match: self.arn(match[0]), text)
        text = _ADDRESS.sub(lambda match: self.address(match[0]), text)
        for original in sorted(self._replaced, key=len, reverse=True):
            stand_in = self._replaced[original]
            if original != stand_in and original in text and original not in self._known:
                text = re.sub(rf"(?<!\w){re.escape(original)}(?!\w)", lambda _: stand_in, text)  # noqa: B023
        text = _QUOTED.sub(self._quoted, text)
        text = _MAIL.sub(lambda match: self.name(match[0]), text)
        return _ACCOUNT.sub(lambda match: match[0] if self._is_stand_in(match[0]) else self.account(match[0]), text)

    def _quoted(self, match: re.Match[str]) -> str:
        mark, inner = match[0][0], match[0][1:-1]
        words = re.split(r"[.\s]", inner)
        if self._is_stand_in(inner) or _CAPITALS.fullmatch(inner) or all(word in self._known for word in words):
            return match[0]
        return f"{mark}{self.name(inner)}{mark}"

    def _is_stand_in(self, text: str) -> bool:
        return text in self._replaced.values()
