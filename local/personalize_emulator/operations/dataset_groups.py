"""CreateDatasetGroup."""

from __future__ import annotations

from ..exceptions import InvalidInputException
from ..models import PersonalizeBackend
from .common import Params


def create(backend: PersonalizeBackend, params: Params) -> Params:
    """`kmsKeyArn` and `roleArn` together or not at all; 5 to a region.

    Source: guide "Giving Amazon Personalize permission to use your AWS KMS key"
    """
    # "Giving Amazon Personalize permission to use your AWS KMS key": the two come together or not at all.
    if ("kmsKeyArn" in params) != ("roleArn" in params):
        raise InvalidInputException("kmsKeyArn and roleArn must be specified together.")
    group = backend.create("dataset group", params)
    answer = {"datasetGroupArn": group.arn}
    return answer | ({"domain": params["domain"]} if "domain" in params else {})
