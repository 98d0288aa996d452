"""CreateBatchInferenceJob and CreateBatchSegmentJob: JSON Lines in, JSON Lines out.

Sources: developer guide, "Preparing input data for user segments" and the pages on batch output, "Filtering batch
recommendations and user segments", "Common error messages in Amazon Personalize".
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import BinaryIO, cast

from ..clock import Pause
from ..exceptions import InvalidInputException, JobFailure, PersonalizeError
from ..models import PersonalizeBackend, WorkInSteps
from ..objects import READ, WRITE, JobAccess, Location
from ..quotas import check_size, check_volume
from ..recipes import INTERACTIONS, ITEMS
from ..resources import Resource
from ..rows import quoted
from .campaigns import check_suited
from .common import Params
from .data_jobs import output_location
from .datasets import dataset_of, schema_of
from .filters import parsed_filter
from .recipes import recipe_of_solution
from .serving import Served, keeper
from .solution_versions import model_of

DEFAULT_RESULTS = 25
#: Quotas on the lines of a file of a segment job, by recipe.
_SEGMENT_QUERIES = {
    "aws-item-affinity": "queries of an item affinity file",
    "aws-item-attribute-affinity": "queries of an item attribute affinity file",
}
#: How many lines are answered between two looks at the time.
LINES_AT_A_STEP = 100

#: Members that a line must have, by the recipe's type.
_LINE_NEEDS = {
    "USER_PERSONALIZATION": ("userId",),
    "POPULAR_ITEMS": ("userId",),
    "PERSONALIZED_RANKING": ("userId", "itemList"),
    "RELATED_ITEMS": ("itemId",),
}
_ATTRIBUTE = re.compile(r'\s*ITEMS\.(?P<field>[A-Za-z_]\w*)\s*=\s*"(?P<value>[^"]*)"\s*', re.IGNORECASE)

Answer = Callable[[Params], Params]


def create_inference(backend: PersonalizeBackend, params: Params) -> Params:
    """Version ACTIVE; recipe made for it; filter ACTIVE; output a folder other than the input; themes only with
    similar-items and 100 records; 1000 files, 1 GB, 50 million records to a file; 5 running to a region. Writes
    `<file>.out`, an error to each line it cannot answer.

    Source: guide pages on batch recommendations
    """
    themes = params.get("batchInferenceJobMode") == "THEME_GENERATION"
    if themes != ("themeGenerationConfig" in params):
        raise InvalidInputException("themeGenerationConfig goes with batchInferenceJobMode THEME_GENERATION.")
    return _create(backend, params, "batch inference job", themes=themes)


def create_segment(backend: PersonalizeBackend, params: Params) -> Params:
    """Version ACTIVE; recipe made for it; filter ACTIVE; output a folder other than the input; 500 items or 10
    attribute queries to a file, 1000 files, 1 GB, 5 million users to a segment; 5 running to a region. Writes
    `<file>.out`.

    Source: guide "Preparing input data for user segments"
    """
    return _create(backend, params, "batch segment job")


def _create(backend: PersonalizeBackend, params: Params, label: str, *, themes: bool = False) -> Params:
    version = backend.get_active("solution version", params["solutionVersionArn"])
    solution = backend.get_active("solution", version.record["solutionArn"])
    recipe = recipe_of_solution(backend, solution)
    segments = label == "batch segment job"
    check_suited(backend, recipe.segments if segments else recipe.batch, recipe, f"{label}s")
    if themes:
        check_suited(backend, recipe.themes, recipe, "THEME_GENERATION")
    group = version.record["datasetGroupArn"]
    if "filterArn" in params:
        made = backend.get_active("filter", params["filterArn"])
        if recipe.name == "aws-item-attribute-affinity" and any(
            condition.dataset == INTERACTIONS for condition in parsed_filter(made).conditions
        ):
            raise InvalidInputException("Interactions filters cannot be used with Item-Attribute-Affinity.")
    try:
        source = Location.parse(params["jobInput"]["s3DataSource"]["path"], "Invalid S3 input path")
    except JobFailure as failure:
        raise InvalidInputException(str(failure)) from failure
    target = output_location(params["jobOutput"])
    if source == target:
        raise InvalidInputException("Invalid S3 output path")
    if segments and params.get("numResults", DEFAULT_RESULTS) > backend.settings.quota("users in a segment"):
        most = backend.settings.quota("users in a segment")
        raise InvalidInputException(f"numResults must be at most {most}.")
    served = Served(backend, recipe, model_of(version), group, live=False)
    job = backend.create(
        label,
        params,
        lambda: _run(served, job, source, target),
        numResults=params.get("numResults", DEFAULT_RESULTS),
        batchInferenceJobMode=None if segments else params.get("batchInferenceJobMode", "BATCH_INFERENCE"),
        solutionArn=solution.arn,
        datasetGroupArn=group,
    )
    return {job.type.arn_member: job.arn}


def _run(served: Served, job: Resource, source: Location, target: Location) -> WorkInSteps:
    access = JobAccess(served.backend, job.record["roleArn"], job.arn)
    access.require(source, READ)
    access.require(target, WRITE)
    files = access.files(source)
    if not files:
        raise JobFailure("Invalid S3 input path")
    settings = served.backend.settings
    check_volume(settings, "files of a batch job", len(files), "Files of the input")
    check_size(settings, "bytes of a batch job", files)
    quota = _SEGMENT_QUERIES.get(served.recipe.name, "records of a batch inference file")
    if job.record.get("batchInferenceJobMode") == "THEME_GENERATION":
        quota = "records of a theme generation file"
    limit = settings.quota(quota)
    answer = _segment_answer(served, job) if job.type.label == "batch segment job" else _inference_answer(served, job)
    outputs: list[tuple[str, BinaryIO]] = []
    with ExitStack() as opened:
        for key, _size in files:
            file = opened.enter_context(cast(BinaryIO, tempfile.TemporaryFile()))  # noqa: SIM115
            for number, line in enumerate(_answered(access.lines(source, key), answer, limit), 1):
                file.write(line)
                if number % LINES_AT_A_STEP == 0:
                    yield Pause.STEP
            file.seek(0)
            outputs.append((f"{key.rpartition('/')[2]}.out", file))
        written = opened.pop_all()

    def commit() -> None:
        with written:
            for name, file in outputs:
                access.write(target, name, file)

    return commit


def _answered(lines: Iterator[str], answer: Answer, limit: int) -> Iterator[bytes]:
    """Output lines, one for each input line; a line that cannot be answered carries its error."""
    for number, line in enumerate((text for text in lines if text.strip()), 1):
        if number > limit:
            raise JobFailure(f"The input holds more than {limit} records.")
        try:
            given = json.loads(line)
            result = answer(given)
        except (ValueError, KeyError, TypeError, AttributeError) as err:
            result = {"input": line, "output": None, "error": f"The line cannot be read: {err!r}"}
        except PersonalizeError as err:
            result = {"input": given, "output": None, "error": err.message}
        yield json.dumps(result).encode() + b"\n"


def _inference_answer(served: Served, job: Resource) -> Answer:
    kind, most = served.type, job.record["numResults"]

    def answer(given: Params) -> Params:
        missing = [name for name in _LINE_NEEDS[kind] if name not in given]
        if missing:
            raise InvalidInputException(f"The line needs {', '.join(missing)}.")
        user, item = given.get("userId"), given.get("itemId")
        values = given.get("filterValues", {})
        keep = keeper(served.backend, served.group_arn, job.record.get("filterArn"), values, user, item)
        if kind == "PERSONALIZED_RANKING":
            found = [one for one in served.rank(given["itemList"], given["userId"]) if keep(one[0])]
        else:
            found = served.recommend(keep, most, user, item)
        output: Params = {"recommendedItems": [one for one, _ in found]}
        if served.with_scores:
            output["scores"] = [score for _, score in found]
        return {"input": given, "output": output, "error": None}

    return answer


def _segment_answer(served: Served, job: Resource) -> Answer:
    most = job.record["numResults"]

    def answer(given: Params) -> Params:
        values = given.get("filterValues", {})
        keep = keeper(served.backend, served.group_arn, job.record.get("filterArn"), values)
        if served.recipe.name == "aws-item-affinity":
            items = [given["itemId"]]
        else:
            items = _items_with(served, given["itemAttributes"])
        return {"input": given, "output": {"usersList": served.users(keep, most, items)}, "error": None}

    return answer


def _items_with(served: Served, query: str) -> list[str]:
    """Items for which `ITEMS.field = "value" AND ...` holds. Raises InvalidInputException."""
    dataset = dataset_of(served.backend, served.group_arn, ITEMS)
    schema = schema_of(served.backend, dataset) if dataset is not None else None
    if dataset is None or schema is None:
        raise InvalidInputException("The dataset group has no Items dataset.")
    names = {field.name.upper(): field.name for field in schema.fields}
    conditions, values = [], []
    for part in re.split(r"\bAND\b", query):
        match = _ATTRIBUTE.fullmatch(part)
        if match is None or match["field"].upper() not in names:
            raise InvalidInputException(f"Invalid item attributes: {part.strip()}")
        column = quoted(names[match["field"].upper()])
        conditions.append(f"instr('|' || {column} || '|', '|' || ? || '|') > 0")
        values.append(match["value"])
    table = served.backend.rows.table(dataset.arn).name
    found = served.backend.rows.query(f"SELECT ITEM_ID FROM {table} WHERE {' AND '.join(conditions)}", *values)
    return [str(item) for (item,) in found]
