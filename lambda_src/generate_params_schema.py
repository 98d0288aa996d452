"""Writes pipeline/params/params.schema.json from botocore's service model: `make schema`. Not in the Lambda package.

Each section of params.json is the parameter set of one boto3 call, so what is legal comes from the model of that call.
Only the frame (which sections exist, what the pipeline fills in by itself, the Avro schema) is written here.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import botocore.session
from botocore.model import Shape

TARGET = Path(__file__).parent / "pipeline" / "params" / "params.schema.json"

# What the pipeline fills in: accepted, never required.
FILLED_IN = {
    "datasetGroupArn",
    "datasetArn",
    "datasetType",
    "schemaArn",
    "solutionArn",
    "solutionVersionArn",
    "dataSource",
    "jobInput",
    "jobOutput",
    "metricsOutputConfig",
    "roleArn",
}

# What a resource can be asked to be; the others are only made.
STATES = {
    "CreateCampaign": ("present", "absent"),
    "CreateEventTracker": ("present", "absent"),
    "CreateFilter": ("present", "absent"),
    "CreateMetricAttribution": ("present", "absent"),
    "CreateRecommender": ("present", "stopped", "absent"),
}

AVRO_TYPES = ["float", "double", "int", "long", "string", "boolean", "null"]
AVRO_SCHEMA: dict[str, Any] = {
    "description": "The dataset's Avro schema, as an object or as the JSON text that CreateSchema takes.",
    "anyOf": [{"type": "object"}, {"type": "string"}],
    "if": {"type": "object"},
    "then": {
        "properties": {
            "type": {"const": "record"},
            "name": {"type": "string"},
            "namespace": {"type": "string"},
            "version": {"type": "string"},
            "fields": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {
                            "type": "string",
                            "pattern": "^[A-Za-z_][A-Za-z\\d_]*$(?!\\n)",
                            "maxLength": 150,
                        },
                        "type": {
                            "anyOf": [
                                {"enum": AVRO_TYPES},
                                {
                                    "type": "array",
                                    "items": {"enum": AVRO_TYPES},
                                    "minItems": 1,
                                    "maxItems": 2,
                                },
                            ]
                        },
                        "categorical": {"type": "boolean"},
                        "textual": {"type": "boolean"},
                        "itemName": {"type": "boolean"},
                    },
                    "required": ["name", "type"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["type", "name", "namespace", "fields", "version"],
        "additionalProperties": False,
    },
}
WHEN = {"type": "string", "enum": ["auto", "always", "never"]}
# The three forms of EventBridge Scheduler ("Schedule types"): a slip ends here, not after hours of work.
SCHEDULE = {"type": "string", "pattern": r"^(?:(rate|cron|at)\([^()]+\))$(?!\n)", "maxLength": 256}
FILTER_NAME = {"type": "string", "description": "A filter of this file, in place of its `filterArn`."}
DEPLOY_WHEN = {
    "description": "Hold the campaign on its version unless the new one's metric is good enough.",
    "type": "object",
    "properties": {
        "metric": {"type": "string", "minLength": 1, "description": "A key of GetSolutionMetrics."},
        "minimum": {"type": "number", "description": "The least value that may be deployed."},
        "maxRegression": {
            "type": "number",
            "minimum": 0,
            "description": "How much may be lost against the serving version.",
        },
    },
    "required": ["metric"],
    "additionalProperties": False,
}
PURPOSES = ("run", "import", "retrain", "batch", "stop", "start")  # of schedules
DATASET_TYPES = ("Interactions", "Users", "Items", "Actions", "Action_Interactions")


# Python's `re`, which validates in the Lambda, has no \\p classes: letters, separators and digits are spelt as
# ranges that every dialect knows. They accept a little more than the service does beyond ASCII.
UNICODE_CLASSES = ("\\p{L}\\p{Z}\\p{N}", "A-Za-z0-9 \\u00A0-\\uFFFF")
MOST_TAGS = 50  # the model says 200; the service answers TooManyTagsException above 50 (Developer Guide, quotas)


def first_sentence(documentation: str) -> str:
    """The model's HTML documentation, cut to one plain sentence for an editor's tooltip."""
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", documentation)).split())
    return re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]


def from_shape(shape: Shape) -> dict[str, Any]:
    """The JSON Schema of one botocore shape, patterns anchored at both ends as the service applies them."""
    shape_type: str = shape.type_name
    limits: dict[str, Any] = shape.metadata
    if shape_type == "structure":
        return structure(shape)
    if shape_type == "map":
        schema = {
            "type": "object",
            "propertyNames": from_shape(shape.key),  # type: ignore[attr-defined]
            "additionalProperties": from_shape(shape.value),  # type: ignore[attr-defined]
        }
        bounds = ("minProperties", "maxProperties")
    elif shape_type == "list":
        schema = {"type": "array", "items": from_shape(shape.member)}  # type: ignore[attr-defined]
        bounds = ("minItems", "maxItems")
        if shape.name == "Tags":
            limits = limits | {"max": MOST_TAGS}
    elif shape_type == "string":
        schema = {"type": "string"}
        bounds = ("minLength", "maxLength")
        if "enum" in limits:
            schema["enum"] = limits["enum"]
        if "pattern" in limits:
            pattern = limits["pattern"].removeprefix("^").removesuffix("$").replace(*UNICODE_CLASSES)
            # Two wildcards side by side make a search of minutes of a text of colons.
            pattern = pattern.replace(".*:.*:", "[^:]*:[^:]*:")
            schema["pattern"] = f"^(?:{pattern})$(?!\\n)"
    else:
        schema = {"type": {"boolean": "boolean", "integer": "integer", "long": "integer"}.get(shape_type, "number")}
        bounds = ("minimum", "maximum")
    schema |= {ours: limits[theirs] for ours, theirs in zip(bounds, ("min", "max"), strict=True) if theirs in limits}
    return schema


def structure(shape: Shape, **more: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of a structure, with the properties of `more` added to the call's own."""
    members: dict[str, Shape] = shape.members  # type: ignore[attr-defined]
    properties = {
        name: from_shape(member) | {"description": first_sentence(member.documentation)}
        for name, member in members.items()
    }
    required = [name for name in shape.metadata.get("required", []) if name not in FILLED_IN]
    return {
        "type": "object",
        "properties": properties | more,
        "required": required,
        "additionalProperties": False,
    }


def state(operation: str) -> dict[str, dict[str, Any]]:
    """The property that asks a resource to be there or not; none where nothing can be asked."""
    if operation not in STATES:
        return {}
    what = "What it shall be; `present` unless said otherwise."
    return {"state": {"type": "string", "enum": list(STATES[operation]), "description": what}}


def list_of(definition: str) -> dict[str, Any]:
    """Any number of what `$defs` defines."""
    return {"type": "array", "items": {"$ref": f"#/$defs/{definition}"}}


def generate() -> dict[str, Any]:
    """The whole schema, as the value to be written as JSON."""
    model = botocore.session.get_session().get_service_model("personalize")

    def section(operation: str, **more: dict[str, Any]) -> dict[str, Any]:
        shape = model.operation_model(operation).input_shape
        assert shape is not None, operation
        return {"description": f"The parameters of {operation}."} | structure(shape, **state(operation), **more)

    group = section("CreateDatasetGroup")
    import_job = section("CreateDatasetImportJob")
    import_job["required"].remove("jobName")
    dataset = section("CreateDataset", schema={"$ref": "#/$defs/avroSchema"}, importJob={"$ref": "#/$defs/importJob"})
    campaign = section("CreateCampaign", deployWhen=DEPLOY_WHEN)
    solution = section(
        "CreateSolution",
        solutionVersion={"$ref": "#/$defs/solutionVersion"},
        campaigns=list_of("campaign"),
        batchInferenceJobs=list_of("batchInferenceJob"),
        batchSegmentJobs=list_of("batchSegmentJob"),
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "personalize-pipeline params",
        "type": "object",
        "properties": {
            "$schema": {"type": "string", "description": "For editors; the pipeline does not read it."},
            "datasetGroup": group,
            "datasets": {
                "type": "object",
                "properties": {dataset_type: {"$ref": "#/$defs/dataset"} for dataset_type in DATASET_TYPES},
                "required": ["Interactions"],
                "additionalProperties": False,
            },
            "eventTracker": section("CreateEventTracker"),
            "metricAttribution": section("CreateMetricAttribution"),
            "filters": list_of("filter"),
            "solution": {"$ref": "#/$defs/solution"},
            "campaign": {"$ref": "#/$defs/campaign"},
            "solutions": list_of("solution"),
            "recommenders": list_of("recommender"),
            "schedules": {
                "description": "EventBridge Scheduler expressions: `run` does what an upload does, `import` imports "
                "what changed, `retrain` trains in any case and deploys, `batch` runs the batch jobs anew, `stop` "
                "deletes the campaigns and stops the recommenders, `start` brings them back.",
                "type": "object",
                "properties": dict.fromkeys(PURPOSES, SCHEDULE),
                "additionalProperties": False,
            },
            "tags": group["properties"]["tags"]
            | {"description": "For every resource that takes tags; a resource's own tag of the same key wins."},
            "dataChecks": {
                "type": "string",
                "enum": ["full", "sample", "off"],
                "description": "How much of the data is looked at before anything is created: all of it, the first "
                "64 KiB of 50 files, or nothing. By default as the deployment is set up, which is `full` mostly.",
            },
            "dryRun": {"type": "boolean", "description": "Mail the plan, and do nothing."},
            "budget": {
                "type": "object",
                "properties": {
                    "monthly": {
                        "type": "number",
                        "minimum": 0,
                        "maximum": 1_000_000_000,
                        "description": "US dollars that the dataset group may cost a month, at its minimum.",
                    }
                },
                "required": ["monthly"],
                "additionalProperties": False,
            },
            "samples": {
                "type": "integer",
                "minimum": 0,
                "maximum": 5,
                "description": "For how many users the run asks each campaign and recommender. 0: it does not.",
            },
            "teardown": group["properties"]["name"]
            | {"description": "The dataset group's name again: delete it and all that belongs to it."},
            "import": WHEN | {"description": "Import data: `auto` (default) when it changed, `always`, or `never`."},
            "train": WHEN | {"description": "Train: `auto` (default) when data was imported, `always`, or `never`."},
            "batch": WHEN
            | {"description": "Batch jobs: `auto` (default) when input or model changed, `always`, `never`."},
            "serving": {
                "type": "string",
                "enum": ["on", "off", "keep"],
                "description": "Campaigns and recommenders: `on` (default) as their sections say, `off` deleted and "
                "stopped with nothing else done, or `keep`: what was switched off stays off.",
            },
        },
        # A teardown needs nothing but the name that it stands for.
        "if": {"required": ["teardown"]},
        "else": {"required": ["datasetGroup", "datasets"]},
        "dependentRequired": {"campaign": ["solution"]},
        "additionalProperties": False,
        "$defs": {
            "dataset": dataset,
            "importJob": import_job,
            "solutionVersion": section("CreateSolutionVersion"),
            "solution": solution,
            "campaign": campaign,
            "filter": section("CreateFilter"),
            "recommender": section("CreateRecommender"),
            "batchInferenceJob": section("CreateBatchInferenceJob", filterName=FILTER_NAME),
            "batchSegmentJob": section("CreateBatchSegmentJob", filterName=FILTER_NAME),
            "avroSchema": AVRO_SCHEMA,
        },
    }


if __name__ == "__main__":
    TARGET.write_text(json.dumps(generate(), indent=1) + "\n", encoding="utf-8")
    print(f"wrote {TARGET.name}")
