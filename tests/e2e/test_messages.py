"""What subscribers other than people get: messages with attributes, by which they choose."""

from __future__ import annotations

from .stack import Pipeline
from .uploads import params


def test_a_queue_gets_the_messages_that_its_filter_policy_asks_for(shop: Pipeline) -> None:
    with (
        shop.subscribed({"outcome": ["failed"]}) as failures,
        shop.subscribed({"datasetGroup": [{"prefix": "Dataset"}], "outcome": [{"anything-but": "failed"}]}) as others,
    ):
        shop.run("{")
        rejected = shop.run(params(teapot={}))
        planned = shop.run(params(dryRun=True))
        with shop.without("function", "personalize:CreateDatasetGroup"):
            failed = shop.run()
        (failure,), *found = failures(), *others()
    assert failure == {
        "subject": failed.subject,
        "text": failed.mails()[-1]["message"],
        "outcome": "failed",
        "datasetGroup": "DatasetGroup",
        "run": failed.name,
    }
    assert {(other["outcome"], other["run"]) for other in found} == {
        ("rejected", rejected.name),
        ("planned", planned.name),
    }
