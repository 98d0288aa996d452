"""What is wrong with an upload, said so that its author can mend it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One fault: `where` is a JSON path in the params (`$.campaign.name`) or a key; `what` is to be mended."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"
