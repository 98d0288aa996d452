"""Which resource types IAM is asked about for each operation, by the name that they have in ARNs.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon Personalize", in the form in
which AWS publishes it with cfn-lint; and, beside it, what is known from elsewhere.

`python -m personalize_emulator.reference` makes reference.json anew from the cfn-lint that is installed.
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
from pathlib import Path
from typing import Any, Literal

#: Other than the resource that a call is about: all, those without what is only an analogy, or none.
Scope = Literal["all", "known", "own"]

#: What calls have been refused without, or the developer guide has in its policies, though the table lacks it.
SEEN: dict[str, frozenset[str]] = {
    "CreateSolution": frozenset({"recipe"}),
    "CreateRecommender": frozenset({"recipe"}),
    "GetRecommendations": frozenset({"recommender", "filter"}),
    "GetPersonalizedRanking": frozenset({"filter"}),
}
#: What calls build on in the same way, of which no source speaks.
BY_ANALOGY: dict[str, frozenset[str]] = {
    "CreateDataset": frozenset({"schema"}),
    "UpdateDataset": frozenset({"schema"}),
    "CreateBatchInferenceJob": frozenset({"filter"}),
    "CreateBatchSegmentJob": frozenset({"filter", "solution"}),
    "UpdateCampaign": frozenset({"solution"}),
    "GetActionRecommendations": frozenset({"filter"}),
}

_TABLE = Path(__file__).with_name("reference.json")


def checked(operation: str, scope: Scope = "all") -> frozenset[str]:
    """The types that an operation is checked against."""
    if scope == "own":
        return frozenset()
    known = listed(operation) | SEEN.get(operation, frozenset())
    return known | BY_ANALOGY.get(operation, frozenset()) if scope == "all" else known


def listed(operation: str) -> frozenset[str]:
    """The types that AWS's table lists for an operation; none where it has no resource level."""
    return frozenset(_listed()[operation.lower()])


@functools.cache
def _listed() -> dict[str, list[str]]:
    return dict(json.loads(_TABLE.read_text(encoding="utf-8")))


def arn_type(arn: str) -> str:
    """`dataset-group` of a dataset group's ARN, of a pattern or of a format."""
    return arn.split(":", 5)[-1].partition("/")[0]


def published(service: str = "personalize") -> dict[str, Any]:
    """A service in the table of the cfn-lint that is installed: `Actions` and `Resources`, by names in lower case."""
    file = importlib.metadata.distribution("cfn-lint").locate_file("cfnlint/data/AdditionalSpecs/Policies.json")
    return dict(json.loads(Path(str(file)).read_text(encoding="utf-8"))[service])


def extract() -> str:
    """The text of reference.json: the types of each operation of Personalize, whose name is in lower case."""
    table = published()
    formats = {name: resource["ARNFormats"][0] for name, resource in table["Resources"].items()}
    types = {
        action: sorted(arn_type(formats[name.lower()]) for name in entry.get("Resources", []))
        for action, entry in table["Actions"].items()
    }
    return "{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(types[name])}" for name in sorted(types)) + "\n}\n"


if __name__ == "__main__":
    _TABLE.write_text(extract(), encoding="utf-8")
