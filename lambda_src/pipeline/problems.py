"""What is wrong with an upload, said so that its author can mend it."""

from __future__ import annotations

from dataclasses import dataclass

MOST_TOLD = 100  # of a run: a reader mends the first ones first
LONGEST = 1000  # characters told of a place or a fault: a file may name things of any length


@dataclass(frozen=True)
class Problem:
    """One fault: `where` is a JSON path in the params (`$.campaign.name`) or a key; `what` is to be mended."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"

    def told(self) -> dict[str, str]:
        """For the record and the mail."""
        return {"where": _short(self.where), "what": _short(self.what)}


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST // 2] + " ... " + text[-LONGEST // 2 :]
