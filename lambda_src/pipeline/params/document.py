"""Reading params.json: from bytes to a document that the published schema accepts, or to all that is wrong with it."""

from __future__ import annotations

import difflib
import functools
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pipeline.problems import Problem

from . import schedule_expressions

SCHEMA_FILE = Path(__file__).parent / "params.schema.json"
TOO_DEEP = "the document is nested too deeply."
LARGEST = 128 * 1024  # bytes read of an upload; nothing sensible is larger
DEEPEST = 50  # levels; what reads a document further may recurse


@functools.cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator  # a fifth of all that could be loaded, and only plans need it
    from jsonschema.validators import extend

    def pattern(validator: Any, pattern: str, instance: Any, schema: dict[str, Any]) -> Iterator[Any]:
        """Some of the model's patterns take minutes to refuse a long text; what is too long is refused for that."""
        if not isinstance(instance, str) or len(instance) <= schema.get("maxLength", LARGEST):
            yield from Draft202012Validator.VALIDATORS["pattern"](validator, pattern, instance, schema)

    return extend(Draft202012Validator, {"pattern": pattern})  # type: ignore[no-untyped-call]


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
        return {}, [Problem(f"line {error.lineno}, column {error.colno}", f"not valid JSON: {slip(error)}.")]
    except ValueError:
        return {}, [Problem("$", "holds a number with too many digits.")]
    except RecursionError:
        return {}, [Problem("$", TOO_DEEP)]
    if what := unfit(document):
        return {}, [Problem("$", what)]
    return document, problems


def slip(error: json.JSONDecodeError) -> str:
    """What is wrong with a JSON text, in words: those of the parser name its own expectations."""
    return next((words for begin, words in SLIPS.items() if error.msg.startswith(begin)), "it breaks off here")


# By the beginnings of the messages of Python's parser, of all its versions.
SLIPS = {
    "Expecting value": "a value is missing here, or something else stands in its place (texts need quotation marks)",
    "Expecting property name": "a name in double quotation marks is missing here; is there a comma too much before it?",
    "Illegal trailing comma": "there is a comma too much",
    "Expecting ':'": "a colon is missing here, between a name and its value",
    "Expecting ','": "a comma is missing here, or a closing bracket",
    "Extra data": "the document ends before this place, and more follows",
    "Unterminated string": "a text begins here that has no closing quotation mark",
    "Invalid control character": "a text has a line break or tab in it; write it as \\n or \\t",
    "Invalid \\": "a text has a backslash that says nothing; write it as \\\\",
}


def unfit(document: Any) -> str | None:
    """Why a JSON document can't be worked on: it is nested too deeply, or holds what is no text."""
    level = [document]
    for _ in range(DEEPEST):
        inner = (
            value.values() if isinstance(value, dict) else value for value in level if isinstance(value, dict | list)
        )
        level = [entry for entries in inner for entry in entries]
    if level:
        return TOO_DEEP
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "holds one half of a character that takes two (like `\\ud83d` alone). Write the character itself."
    return None


def _number(text: str) -> float | int:
    """`2.0` is the whole number that it says; botocore takes a whole number for any other, and not the reverse."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def schema_problems(document: Any) -> list[Problem]:
    """Everything in `document` that the published schema refuses."""
    try:
        errors = sorted(
            _validator()(_schema()).iter_errors(document),
            key=lambda error: [str(step) for step in error.absolute_path],
        )
        # What is not among the words that are accepted need not be told its type too.
        told = {tuple(error.absolute_path) for error in errors if error.validator in ("enum", "const")}
        kept = [error for error in errors if error.validator != "type" or tuple(error.absolute_path) not in told]
        return list(dict.fromkeys(problem for error in kept for problem in _problems(error)))
    except RecursionError:
        return [Problem("$", TOO_DEEP)]


def sound_part(document: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """The document without what `problems` are about, so that the rest can be checked too: all problems at once.

    Where a dataset is left out, what depends on the datasets is left out with it; and where filters are, their names.
    """
    faulty = {tuple(re.split(r"[.\[]", problem.where)[1:3]) for problem in problems}
    sections = {path[0] for path in faulty if path}
    part = {name: section for name, section in document.items() if name not in sections}
    part.setdefault("datasetGroup", {"name": "unknown"})
    part.setdefault("datasets", {})
    for section in ("schedules", "datasets"):
        if section in sections and isinstance(document.get(section), dict):
            known = _schema()["properties"][section]["properties"]
            part[section] = {
                name: entry
                for name, entry in document[section].items()
                if name in known and (section, name) not in faulty
            }
    if "datasets" in sections:
        part = {name: entry for name, entry in part.items() if name in ("datasetGroup", "datasets", "schedules")}
    if "solution" not in part:
        part.pop("campaign", None)
    return _without_filter_names(part) if "filters" in sections else part


def _without_filter_names(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_filter_names(entry) for name, entry in value.items() if name != "filterName"}
    return [_without_filter_names(entry) for entry in value] if isinstance(value, list) else value


def avro_problems(where: str, avro: Any) -> list[Problem]:
    """What the published schema refuses in an Avro schema that was given as JSON text at `where`."""
    validator = _validator()({"type": "object"} | _schema()["$defs"]["avroSchema"]["then"])
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


def _misformed(error: Any) -> str:
    """What a text must look like, in words: nobody reads a pattern."""
    return f"{_shown(error.instance)} {FORMS[form_of(error.validator_value)]}."


def form_of(pattern: str) -> str:
    """A pattern of the published schema without the anchors that its generator puts around the model's own."""
    bare = pattern.removeprefix("^").removesuffix("$(?!\\n)")
    return bare.removeprefix("(?:").removesuffix(")") if bare.startswith("(?:") else bare


# What each pattern of the published schema wants.
FORMS = {
    r"[a-zA-Z0-9][a-zA-Z0-9\-_]*": "is no name: letters, digits, hyphens and underscores, a letter or digit first",
    r"arn:([a-z\d-]+):iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+": "is not the ARN of a role",
    r"arn:aws.*:kms:.*:[0-9]{12}:key/.*": "is not the ARN of a KMS key (an alias is none)",
    r"([A-Za-z0-9 \u00A0-\uFFFF_.:/=+\-@]*)": "has other characters than letters, digits, blanks and _ . : / = + - @",
    r"arn:([a-z\d-]+):personalize:[^:]*:[^:]*:.+": "is not the ARN of a resource of Amazon Personalize",
    r"(s3|http|https)://.+": "is no place in S3, like s3://bucket/folder/",
    r"(rate|cron|at)\([^()]+\)": f"is no schedule. Write one like {schedule_expressions.EXAMPLES}",
    r"rate\(\d+ days?\)": "is no rate of days, like rate(7 days)",
    r"[A-Za-z_]+": "has more than letters and underscores",
    r"[A-Za-z_][A-Za-z\d_]*": "is no column's name: letters, digits and underscores, no digit first",
}


def _alternatives(error: Any) -> str:
    wanted = [_wanted(branch) for branch in error.validator_value]
    return f"is {_shown(error.instance)}; accepted are {' or '.join(wanted)}."


def _wanted(branch: dict[str, Any]) -> str:
    if "enum" in branch:
        return ", ".join(map(_shown, branch["enum"]))
    if branch["type"] == "array":
        return "a list of one of them and null"
    return f"{branch['type']}s"


WORDS: dict[str, Callable[[Any], str]] = {
    "type": lambda error: f"must be of type {error.validator_value}, not {_shown(error.instance)}.",
    "enum": lambda error: f"must be one of {_shown(error.validator_value)}, not {_shown(error.instance)}.",
    "const": lambda error: f"must be {_shown(error.validator_value)}, not {_shown(error.instance)}.",
    "anyOf": _alternatives,
    "pattern": _misformed,
    "maxLength": lambda error: f"has {len(error.instance)} characters; at most {error.validator_value} are allowed.",
    "minLength": lambda error: f"has {len(error.instance)} characters; at least {error.validator_value} are needed.",
    "maxItems": lambda error: f"has {len(error.instance)} entries; at most {error.validator_value} are allowed.",
    "minItems": lambda error: f"has {len(error.instance)} entries; at least {error.validator_value} are needed.",
    "maximum": lambda error: f"is {error.instance}; at most {error.validator_value} is allowed.",
    "minimum": lambda error: f"is {error.instance}; at least {error.validator_value} is needed.",
}
