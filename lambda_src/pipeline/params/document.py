"""Reading params.json: from bytes to a document that the published schema accepts, or to all that is wrong with it."""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from pipeline.problems import Problem

SCHEMA_FILE = Path(__file__).parent / "params.schema.json"
LARGEST = 128 * 1024  # bytes read of an upload; nothing sensible is larger


def parse(body: bytes) -> tuple[Any, list[Problem]]:
    """The JSON document in `body`, and what keeps it from being one (then it is not to be used)."""
    if len(body) > LARGEST:
        return {}, [Problem("$", f"the file has {len(body):,} bytes; at most {LARGEST:,} are accepted.")]
    problems: list[Problem] = []

    def without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        document = dict(pairs)
        for name in sorted(name for name, count in Counter(name for name, _ in pairs).items() if count > 1):
            problems.append(Problem("$", f"the key `{name}` stands more than once in one object. Keep one of them."))
        return document

    def no_constant(name: str) -> None:
        problems.append(Problem("$", f"`{name}` is not JSON. Write a number."))

    try:
        text = body.decode("utf-8-sig")
        document = json.loads(
            text, object_pairs_hook=without_duplicates, parse_constant=no_constant, parse_float=_number
        )
    except UnicodeDecodeError as error:
        return {}, [Problem("$", f"the file is not UTF-8 (byte {error.start}). Save it as UTF-8.")]
    except json.JSONDecodeError as error:
        return {}, [Problem(f"line {error.lineno}, column {error.colno}", f"not valid JSON: {error.msg}.")]
    except ValueError:
        return {}, [Problem("$", "holds a number with too many digits.")]
    except RecursionError:
        return {}, [Problem("$", "the document is nested too deeply.")]
    return document, problems


def _number(text: str) -> float | int:
    """`2.0` is the whole number that it says; botocore takes a whole number for any other, and not the reverse."""
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def schema_problems(document: Any) -> list[Problem]:
    """Everything in `document` that the published schema refuses."""
    try:
        errors = sorted(
            Draft202012Validator(_schema()).iter_errors(document),
            key=lambda error: [str(step) for step in error.absolute_path],
        )
        return list(dict.fromkeys(problem for error in errors for problem in _problems(error)))
    except RecursionError:
        return [Problem("$", "the document is nested too deeply.")]


def sound_part(document: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """The document without what `problems` are about, so that the rest can be checked too: all problems at once.

    Where a dataset is left out, what depends on the datasets is left out with it.
    """
    faulty = {tuple(re.split(r"[.\[]", problem.where)[1:3]) for problem in problems}
    sections = {path[0] for path in faulty if path}
    part = {name: section for name, section in document.items() if name not in sections}
    part.setdefault("datasetGroup", {"name": "unknown"})
    part.setdefault("datasets", {})
    if "datasets" in sections and isinstance(document.get("datasets"), dict):
        known = _schema()["properties"]["datasets"]["properties"]
        sound = {
            name: entry
            for name, entry in document["datasets"].items()
            if name in known and ("datasets", name) not in faulty
        }
        part = {"datasetGroup": part["datasetGroup"], "datasets": sound}
    if "solution" not in part:
        part.pop("campaign", None)
    return part


def avro_problems(where: str, avro: Any) -> list[Problem]:
    """What the published schema refuses in an Avro schema that was given as JSON text at `where`."""
    validator = Draft202012Validator({"type": "object"} | _schema()["$defs"]["avroSchema"]["then"])
    problems = [problem for error in validator.iter_errors(avro) for problem in _problems(error)]
    return [Problem(where + problem.where.removeprefix("$"), problem.what) for problem in problems]


@functools.cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return schema


def json_path(*steps: str | int) -> str:
    """`$.solution.tags[0]` for the steps `solution`, `tags`, 0."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."


def _problems(error: Any) -> Iterator[Problem]:
    where = json_path(*error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.schema, dict):
        known = sorted(error.schema.get("properties", {}))
        for name in sorted(set(error.instance) - set(known)):
            yield Problem(json_path(*error.absolute_path, name), _unknown_key(name, known))
    elif error.validator == "required":
        for name in error.validator_value:
            if name not in error.instance:
                yield Problem(json_path(*error.absolute_path, name), "is missing; it is required.")
    elif error.validator == "dependentRequired":
        yield Problem(where, "`campaign` needs `solution`, whose newest version it serves. Or put it into `solutions`.")
    else:
        describe = WORDS.get(str(error.validator), lambda error: f"{error.message}.")
        yield Problem(where, describe(error))


def _unknown_key(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    lower = [key for key in known if key.lower() == name.lower()]
    hint = f"Did you mean `{(lower or close)[0]}`?" if lower or close else f"Known here: {', '.join(known)}."
    return f"unknown key. {hint}"


def _form(pattern: Any) -> str:
    """The pattern without the anchors that the schema's generator puts around the model's own."""
    return f"{pattern}".removeprefix("^").removesuffix("$(?!\\n)").removeprefix("(?:").removesuffix(")")


def _alternatives(error: Any) -> str:
    wanted = [branch.get("type") or branch.get("enum") for branch in error.validator_value]
    return f"is {_shown(error.instance)}; accepted are {' or '.join(map(_shown, wanted))}."


WORDS: dict[str, Callable[[Any], str]] = {
    "type": lambda error: f"must be of type {error.validator_value}, not {_shown(error.instance)}.",
    "enum": lambda error: f"must be one of {_shown(error.validator_value)}, not {_shown(error.instance)}.",
    "const": lambda error: f"must be {_shown(error.validator_value)}, not {_shown(error.instance)}.",
    "anyOf": _alternatives,
    "pattern": lambda error: f"{_shown(error.instance)} does not have the form {_form(error.validator_value)}",
    "maxLength": lambda error: f"has {len(error.instance)} characters; at most {error.validator_value} are allowed.",
    "minLength": lambda error: f"has {len(error.instance)} characters; at least {error.validator_value} are needed.",
    "maxItems": lambda error: f"has {len(error.instance)} entries; at most {error.validator_value} are allowed.",
    "minItems": lambda error: f"has {len(error.instance)} entries; at least {error.validator_value} are needed.",
    "maximum": lambda error: f"is {error.instance}; at most {error.validator_value} is allowed.",
    "minimum": lambda error: f"is {error.instance}; at least {error.validator_value} is needed.",
}
