"""CreateSchema."""

from __future__ import annotations

from .. import avro
from ..models import PersonalizeBackend
from .common import Params


def create(backend: PersonalizeBackend, params: Params) -> Params:
    """Valid JSON, an Avro record of flat fields with known types, names unique without punctuation, string-only
    attributes; 500 to a region.

    Source: guide "Creating schema JSON files for Amazon Personalize schemas"
    """
    parsed = None
    if backend.switches.check_schemas:
        parsed = avro.parse(params["schema"], backend.switches)
        kind = avro.dataset_type_of(parsed, backend.switches)
        if backend.switches.required_columns_checked_by == "CreateSchema" and kind is not None:
            avro.check(parsed, kind, params.get("domain"), backend.switches)
    schema = backend.create("schema", params)
    schema.inner["schema"] = parsed
    return {"schemaArn": schema.arn}
