"""Params files in the shapes of other projects, read as ours before the published schema checks them.

What has no counterpart here, or means something else, is named for the mail. Nothing raises: what is not understood
stays where it is, for the schema check to refuse. Places are named as in the file, but without their `serviceConfig`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.params.dialects import aws_solution, cdk_sample, ml_ops
from pipeline.params.dialects.common import Object
from pipeline.params.dialects.notes import Notes


@dataclass(frozen=True)
class Dialect:
    """Another project's shape. `translate` gets a copy of the document's root, and leaves nothing to recognise."""

    name: str
    recognises: Callable[[Object], bool]
    translate: Callable[[Object, Notes], None]


DIALECTS = (  # the first that recognises a document has it: the CDK sample's shape is a kind of the AWS Solution's
    Dialect("the AWS CDK sample automate-mlops-personalize-cdk-pipeline", cdk_sample.recognises, cdk_sample.translate),
    Dialect(
        'the AWS Solution "Maintaining Personalized Experiences with Machine Learning"',
        aws_solution.recognises,
        aws_solution.translate,
    ),
    Dialect("the ml_ops sample of amazon-personalize-samples", ml_ops.recognises, ml_ops.translate),
)


def is_foreign(document: Object) -> bool:
    """Whether a document has the shape of another project."""
    return isinstance(document, dict) and any(dialect.recognises(document) for dialect in DIALECTS)


def normalise(document: Object) -> tuple[Object, list[str]]:
    """The document in our own shape, and what the mail should say of the translation (nothing if it was ours).

    A teardown may stand alone, `{"teardown": "shop"}`: the dataset group that it names is the file's.
    """
    lines: list[str] = []
    while isinstance(document, dict) and (dialect := next((d for d in DIALECTS if d.recognises(document)), None)):
        notes = Notes()
        notes.add(f"The params file has the shape of {dialect.name}, and is translated (docs/dialects.md).")
        document = dict(document)
        dialect.translate(document, notes)
        lines += notes.lines()
    if isinstance(document, dict) and isinstance(document.get("teardown"), str):
        document = {"datasetGroup": {"name": document["teardown"]}} | document
    return document, lines
