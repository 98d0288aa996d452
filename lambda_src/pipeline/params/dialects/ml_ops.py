"""ml_ops of amazon-personalize-samples.

Source: the README and sample configurations of aws-samples/amazon-personalize-samples, next_steps/operations/ml_ops.
"""

from __future__ import annotations

from pipeline.params.dialects.common import Object, by_type, complete_avro, drop_auto_ml
from pipeline.params.dialects.notes import Notes, place_of

NO_SOLUTION = "Not carried over, since its key is no solution's key with Campaign at the end"
EVERY_UPLOAD = (
    "Data is imported when it changed, and solutions are trained when data was imported. (The sample does both at "
    'every upload; for that, set "import" and "train" to "always" at the root.)'
)


def recognises(document: Object) -> bool:
    """Whether `solutions` is an object by key (and not one solution)."""
    keyed = document.get("solutions")
    if not isinstance(keyed, dict) or isinstance(keyed.get("name"), str):
        return False
    return any(isinstance(solution, dict) for solution in keyed.values())


def translate(document: Object, notes: Notes) -> None:
    """params.json of ml_ops: as ours, but solutions and campaigns are objects by key, paired by their keys."""
    solutions: Object = {}
    for key, entry in document["solutions"].items():
        solutions[key] = entry
        if isinstance(entry, dict):
            solutions[key] = {"name": key} | entry
            drop_auto_ml(f"$.solutions.{key}", solutions[key], notes)
    if isinstance(document.get("campaigns"), dict):
        for key, campaign in document.pop("campaigns").items():
            solution = _solution_of(key, solutions)
            if solution is None:
                named = campaign.get("name") if isinstance(campaign, dict) else None
                notes.add(NO_SOLUTION, place_of(f"$.campaigns.{key}", named))
                continue
            if isinstance(campaign, dict):
                campaign = {"name": key} | campaign
            solution["campaigns"] = [*solution.get("campaigns", []), campaign]
    document["solutions"] = list(solutions.values())
    if isinstance(document.get("filters"), dict):
        document["filters"] = list(document["filters"].values())

    def dataset(where: str, kind: str, entry: Object) -> Object:
        result = dict(entry)
        complete_avro(where, kind, result, notes)
        return result

    if isinstance(document.get("datasets"), dict):
        document["datasets"] = by_type(document["datasets"], dataset)
    if "import" not in document and "train" not in document:
        notes.add(EVERY_UPLOAD)


def _solution_of(campaign: str, solutions: Object) -> Object | None:
    """The solution that a campaign's key belongs to; a single solution has all campaigns."""
    matching = [
        solution
        for key, solution in solutions.items()
        if len(solutions) == 1 or campaign.lower() in (key.lower(), f"{key}campaign".lower())
    ]
    usable = [each for each in matching if isinstance(each, dict) and isinstance(each.get("campaigns", []), list)]
    return usable[0] if usable else None
