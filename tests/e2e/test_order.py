"""Several uploads for one dataset group: they take effect in the order in which they were made, and all are told."""

from __future__ import annotations

import datetime as dt

from .stack import FAST, Json, Pipeline
from .uploads import params


def with_tps(tps: int) -> Json:
    return params(campaign={"name": "Campaign", "minProvisionedTPS": tps})


def test_of_three_uploads_of_a_file_while_a_run_works_the_newest_is_deployed_and_the_others_are_told(
    shop: Pipeline,
) -> None:
    personalize = shop.stack.personalize
    personalize.run_at(0)
    working = shop.start().planned()
    later = [shop.start(with_tps(tps)) for tps in (20, 30, 40)]
    personalize.run_at(FAST)
    assert [run.ended().status for run in (working, *later)] == ["SUCCEEDED"] * 4
    assert [len(run.mails()) for run in (working, *later)] == [1] * 4
    assert [run.report["outcome"] for run in later] == ["superseded", "superseded", "succeeded"]
    for run in later[:2]:
        assert run.subject == "[personalize-pipeline] superseded: DatasetGroup"
        assert ": nothing was done, a newer upload took this one's place" in run.mail
        assert f"Superseded by: {shop.folder}params.json" in run.mail
    (campaign,) = personalize.resources("campaign")
    described = personalize.client.describe_campaign(campaignArn=campaign["arn"])["campaign"]
    assert described["minProvisionedTPS"] == 40
    assert len(personalize.calls("UpdateCampaign")) == 1
    assert len(personalize.calls("CreateSolutionVersion")) == 1


def test_an_older_file_whose_event_comes_late_does_not_undo_a_teardown(shop: Pipeline) -> None:
    """It is the newest version of that file, and an event that has not been seen before: S3 may be hours late."""
    document = params(solution=None, campaign=None)
    older = shop.beside("older/")
    older.upload_data()
    built = older.run(document)
    assert built.status == "SUCCEEDED", built.mail
    assert shop.run(document | {"teardown": "DatasetGroup"}).report["outcome"] == "torn down"
    before = shop.stack.personalize.writes()

    upload = built.upload
    a_second_earlier = dt.datetime.fromisoformat(upload["time"]) - dt.timedelta(seconds=1)
    (name,) = shop.invoke(shop.uploaded(upload["key"], upload["versionId"], f"{a_second_earlier:%Y-%m-%dT%H:%M:%SZ}"))[
        "started"
    ]
    late = older.run_named(name).ended()
    assert late.name != built.name
    assert late.report["outcome"] == "superseded"
    assert f"Superseded by: {shop.folder}params.json" in late.mail
    assert "took effect already. Upload this one again if it is still wanted" in late.mail
    assert shop.stack.personalize.writes() == before
    assert shop.stack.personalize.resources("dataset group") == []
