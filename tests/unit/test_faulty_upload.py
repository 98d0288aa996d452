"""The mail of the docs: thirty faults of one upload, told at once."""

from __future__ import annotations

from local.figures import faulty_upload


def test_thirty_faults_are_told_in_one_mail_which_the_docs_show() -> None:
    mail = faulty_upload.mail()
    wrong = mail.partition("What is wrong\n")[2].partition("\n\n")[0]
    assert len(wrong.splitlines()) == faulty_upload.FAULTS
    assert faulty_upload.draw() == faulty_upload.PICTURE.read_text(encoding="utf-8"), (
        "run `python -m local.figures.faulty_upload`"
    )
