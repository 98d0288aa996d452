"""What one thing costs, and by which formula: once, or per month of 730 hours while it exists.

Sources of the rules: docs/costs.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pipeline.data.batch_input import Lines
from pipeline.params import recipes

from .prices import Charge, Prices

HOURS = 730  # of a month, as AWS's calculator has it
SECONDS = 3600  # of an hour: requests that 1 TPS is billed as
BLOCK = 100_000  # users that a recommender's hour is priced by
INCLUDED = 4000  # requests that a recommender's hour includes, at the least
GIGABYTE = 10**9
UNITS = ((GIGABYTE, "GB"), (10**6, "MB"), (10**3, "KB"), (1, "bytes"))
METADATA = "; item metadata comes on top"
CENT = Decimal("0.01")
Json = dict[str, Any]


@dataclass(frozen=True)
class Cost:
    """By which `formula` something costs which `amount`; one of None is not known, and may be anything."""

    formula: str
    amount: Decimal | None = None
    is_at_least: bool = False

    def line(self, what: str, resource: str | None = None) -> Json:
        """As `docs/report.schema.json` has it: `what` it is for, and the id of the `resource` where it is none."""
        amount = None if self.amount is None else float(_cents(self.amount))
        told = {"what": what, "resource": resource or what, "formula": self.formula, "amount": amount}
        return told | ({"isAtLeast": True} if self.is_at_least else {})


def total(lines: Iterable[Json]) -> Json:
    """The sum of lines. What is not known makes it one that is at least so much."""
    lines = list(lines)
    known = sum((Decimal(str(line["amount"])) for line in lines if line["amount"] is not None), Decimal(0))
    unsure = any(line["amount"] is None or line.get("isAtLeast") for line in lines)
    return {"amount": float(known)} | ({"isAtLeast": True} if unsure else {})


def importing(prices: Prices, size: int) -> Cost:
    """The import of that many bytes."""
    name, gigabytes = "ingestion_per_gb", Decimal(size) / GIGABYTE
    return _cost(f"{_shown(size)} x {_price(prices, name)} per GB", prices.charge(name, gigabytes))


def training(prices: Prices, recipe: str, interactions: int | None, hours: float | None, *, more: bool = False) -> Cost:
    """One training: of a -v2 recipe by interactions, of which there are `more`, of another one by billed hours."""
    if recipe not in recipes.RECIPES:
        return _unknown(recipe)
    if is_v2(recipe):
        name = "training_v2_per_1000_interactions"
        price = f"{_price(prices, name)} per 1,000 interactions"
        if interactions is None:
            return Cost(f"interactions, which were not counted, x {price}")
        charge = prices.charge(name, Decimal(interactions) / 1000)
        return _cost(f"{interactions:,} x {price}", charge, at_least=more)
    name = "training_per_hour"
    if hours is None:
        return Cost(f"hours, which only a first training tells, x {_price(prices, name)} per hour")
    return _cost(f"{hours:g} training hours x {_price(prices, name)}", prices.charge(name, Decimal(str(hours))))


def serving(prices: Prices, recipe: str, tps: int, *, metadata: bool) -> Cost:
    """A month of a campaign at its minimum."""
    if recipe not in recipes.RECIPES:
        return _unknown(recipe)
    if is_v2(recipe):  # where item metadata is included
        name, requests = "campaign_v2_per_1000_requests", tps * SECONDS * HOURS
        formula = f"{tps} TPS x {SECONDS:,} s x {HOURS} h x {_price(prices, name)} per 1,000 requests"
        return _cost(formula, prices.charge(name, Decimal(requests) / 1000))
    name = "campaign_per_tps_hour"
    formula = f"{tps} TPS x {HOURS} h x {_price(prices, name)} per TPS-hour"
    extra = METADATA if metadata else ""
    return _cost(formula + extra, prices.charge(name, Decimal(tps * HOURS)), at_least=metadata)


def recommending(prices: Prices, users: int | None, rate: int, *, metadata: bool) -> Cost:
    """A month of a recommender at its minimum; where its users were not counted, of the fewest that are priced."""
    hour, more = "recommender_per_100000_users_and_hour", "recommender_per_1000_requests"
    counted = max(users or 0, BLOCK)
    blocks = prices.charge(hour, Decimal(counted))
    if blocks is None:
        return Cost(f"{HOURS} h x {_price(prices, hour)}")
    per_hour = blocks.amount / BLOCK
    who = "up to 100,000 users" if counted == BLOCK else f"{counted:,} users"
    formula = f"{HOURS} h x ${per_hour.normalize():f} for {who}"
    beyond = max(rate * SECONDS - INCLUDED, 0) * HOURS
    requests = prices.charge(more, Decimal(beyond) / 1000)
    if beyond:
        formula += f" + {beyond:,} requests x {_price(prices, more)} per 1,000"
    if requests is None:
        return Cost(formula)
    formula += METADATA if metadata else ""
    unsure = users is None or blocks.is_at_least or metadata
    return Cost(formula, per_hour * HOURS + requests.amount, is_at_least=unsure)


def batch(prices: Prices, kind: str, recipe: str, lines: Lines | None) -> Cost:
    """One batch job of that type over that many lines of input."""
    if recipe not in recipes.RECIPES:
        return _unknown(recipe)
    name = "segments_per_1000_lines" if kind == "batchSegmentJob" else "batch_per_1000_lines"
    name = "batch_v2_per_1000_lines" if is_v2(recipe) else name
    if lines is None:
        return Cost("lines, which were not counted")
    about = "about " if lines.is_about else ""
    formula = f"{about}{lines.number:,} lines x {_price(prices, name)} per 1,000"
    return _cost(formula, prices.charge(name, Decimal(lines.number) / 1000))


def every(days: int, once: Cost, *, more: bool) -> Cost:
    """A month of what comes every so many days."""
    formula = f"every {days} days: {once.formula}"
    if once.amount is None:
        return Cost(formula)
    return Cost(formula, once.amount * HOURS / (24 * days), is_at_least=once.is_at_least or more)


def is_v2(recipe: str) -> bool:
    """Whether it has the prices of User-Personalization-v2 (its page in the Developer Guide: another pricing model)."""
    return recipe.endswith("-v2")


def money(amount: float | None) -> str:
    """`$1,394.20`; an amount that is not known says so."""
    if amount is None:
        return "not known"
    return f"${amount:,.2f}"


def told(sum_: Json) -> str:
    """A total in words: `at least $394.20`."""
    return ("at least " if sum_.get("isAtLeast") else "") + money(sum_["amount"])


def _cost(formula: str, charge: Charge | None, *, at_least: bool = False) -> Cost:
    return Cost(formula) if charge is None else Cost(formula, charge.amount, at_least or charge.is_at_least)


def _unknown(recipe: str) -> Cost:
    return Cost(f"the price of the recipe {recipe} is not known")


def _price(prices: Prices, name: str) -> str:
    """The first tier's, for a formula."""
    if not (tiers := prices.tiers[name]):
        return "a price that is not known"
    limit, price = tiers[0]
    return f"${price.normalize():f}" + (f" (less beyond {limit:,})" if len(tiers) > 1 else "")


def _shown(size: int) -> str:
    """`27.8 KB`."""
    unit, name = next((one for one in UNITS if size >= one[0]), UNITS[-1])
    return f"{size / unit:,.4g} {name}"


def _cents(amount: Decimal) -> Decimal:
    """What is not free is a cent at least."""
    return max(amount.quantize(CENT, ROUND_HALF_UP), CENT) if amount else Decimal(0)
