"""Prices of Amazon Personalize: the dated table beside this file, or what the deployment's owner says (`prices`).

docs/costs.md has the sources of the table, and what of it is confirmed. A price that is not known is none, never zero.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("prices.json")
Tier = tuple[Decimal | None, Decimal]  # up to which quantity a month (None: and so on), and the price of one


@dataclass(frozen=True)
class Charge:
    """An amount in the table's currency. What is beyond the tiers that are known comes on top of it: `is_at_least`."""

    amount: Decimal
    is_at_least: bool = False


@dataclass(frozen=True)
class Prices:
    """Prices by name, in tiers; `given` are the names of those that the deployment's owner set."""

    currency: str
    region: str
    date: str
    tiers: dict[str, tuple[Tier, ...]]
    given: tuple[str, ...] = ()

    def charge(self, name: str, quantity: Decimal) -> Charge | None:
        """What a quantity costs in a month; None where the price is not known.

        Tiers are of the whole account's use. Here each resource begins with the first, so that sums err to the high
        side.
        """
        tiers, amount, below = self.tiers[name], Decimal(0), Decimal(0)
        if not tiers:
            return None
        for limit, price in tiers:
            within = quantity if limit is None else min(quantity, limit)
            amount += max(within - below, Decimal(0)) * price
            below = within
        return Charge(amount, is_at_least=below < quantity)

    @property
    def about(self) -> dict[str, Any]:
        """Which prices they are, for whoever reads a figure."""
        return {"currency": self.currency, "region": self.region, "date": self.date, "given": list(self.given)}


def prices(given: Mapping[str, float]) -> Prices:
    """The table with the owner's own prices in it.

    Raises:
        KeyError: there is no price of such a name.
    """
    table = _table()
    own = {name: ((None, Decimal(str(price))),) for name, price in given.items()}
    if unknown := own.keys() - table["prices"].keys():
        raise KeyError(f"no price is called {', '.join(sorted(unknown))}")
    tiers = {
        name: tuple((None if limit is None else Decimal(limit), Decimal(str(price))) for limit, price in entries)
        for name, entries in table["prices"].items()
    }
    return Prices(table["currency"], table["region"], table["date"], tiers | own, tuple(sorted(own)))


@functools.cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return table
