"""The text of the mail: plain, for the person who uploaded the files."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from typing import Any

from pipeline.costs.formulas import told

from . import links, page
from .headline import advice, headline, why
from .words import counted, duration, printable

LONGEST_SUBJECT = 99  # characters, ASCII, no line breaks (SNS Publish)
LARGEST = 262_144  # bytes of the message and its attributes together (SNS Publish)
CUT = "\n\n[Cut here: a mail takes no more. The rest is in the report in the bucket.]"

WIDTH = 78  # columns; addresses are longer, and stay whole
FOLD = " " * 6  # before what goes on from the line above
BILLS = "What bills in this dataset group from now on, until you stop it"
COLUMN = 20  # characters of the first one


def compose(document: dict[str, Any]) -> tuple[str, str]:
    """The subject and the text of a report's mail, each of its lines whole."""
    document = printable(document)
    run = document["run"]
    about = f"{document['outcome']}: {run.get('datasetGroup') or run.get('key') or run['id']}"
    why_so = document["news"]["what"] if "news" in document else why(document)
    subject = "; ".join(part for part in (f"[personalize-pipeline] {about}", why_so) if part)
    plain = "".join(character if 32 <= ord(character) < 127 else "?" for character in subject)
    return plain[:LONGEST_SUBJECT], "\n\n".join(part for part in _parts(document) if part)


def message(document: dict[str, Any]) -> dict[str, Any]:
    """A report's mail, as `Publish` takes it; what SNS would refuse as too large is cut, and says so.

    Its attributes, for filter policies: what is known of `outcome`, `datasetGroup` and `run`, as the report has them.
    """
    subject, text = compose(document)
    text = "\n".join(map(_fold, text.splitlines()))
    run = printable(document["run"])
    known = {"outcome": document["outcome"], "datasetGroup": run.get("datasetGroup"), "run": run["id"]}
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in known.items() if value}
    room = LARGEST - sum(len(part.encode()) for name, value in attributes.items() for part in (name, *value.values()))
    if len(text.encode()) > room:
        text = text.encode()[: room - len(CUT.encode())].decode(errors="ignore") + CUT
    return {"Subject": subject, "Message": text, "MessageAttributes": attributes}


def costs_of_plan(costs: dict[str, Any]) -> str:
    """What an upload would cost, once and each month."""
    once = _section("What it would cost once", [*_once(costs)])
    monthly = _section("What would bill in this dataset group each month", [*_monthly(costs), *_a_month(costs)])
    return f"{once}\n\n{monthly}"


def failure_text(document: dict[str, Any], longest: float = math.inf) -> str:
    """What failed, one line each, as far as `longest` characters go; the last line says how many more there are."""
    lines = [f"{failure['where']}: {failure['what']}{_at(failure)}" for failure in printable(document["failures"])]
    total = document.get("failureCount", len(lines))
    while True:
        more = [f"... and {total - len(lines):,} more"] if total > len(lines) else []
        excess = len("\n".join(lines + more)) - longest
        if excess <= 0:
            return "\n".join(lines + more)
        if len(lines) == 1:
            lines[0] = lines[0][: -int(excess)]
        else:
            lines.pop()


def _at(failure: dict[str, Any]) -> str:
    """Where in the params file, if it is known."""
    return f" (line {failure['line']}, column {failure['column']})" if "line" in failure else ""


def _parts(document: dict[str, Any]) -> Iterator[str]:
    """In the order in which a reader wants to know."""
    if news := document.get("news"):
        yield _section(f"{document['run']['datasetGroup']} {news['what']}.", news["lines"])
        yield from _where_to_look(document)
        yield "\n".join(_about(document))
        return
    yield headline(document)
    yield from _to_do(document)
    yield from _what_bills(document)
    yield from _where_to_look(document)
    yield "\n".join(_about(document))
    yield from _what_it_recommends(document)
    yield from _how_good(document)
    yield from _the_rest(document)


def _to_do(document: dict[str, Any]) -> Iterator[str]:
    if document["failures"]:
        yield _section("What is wrong", failure_text(document).splitlines())
    yield advice(document)


def _what_bills(document: dict[str, Any]) -> Iterator[str]:
    costs = document.get("costs", {})
    if "bills" in document:
        lines = [f"{row['type'].capitalize()} {row['name']}: {_billed(row)}." for row in document["bills"]]
        nothing = "Nothing: no campaign or recommender is up, and no automatic training is on."
        yield _section(BILLS, [*(lines or [nothing]), *_a_month(costs)])
    elif document["outcome"] == "planned" and costs:
        yield costs_of_plan(costs)
    if "billsUnknown" in document:
        yield f"What bills from now on could not be looked at: {document['billsUnknown']}"


def _billed(row: dict[str, Any]) -> str:
    amount = f": {_amount(row | {'amount': row['monthly']})} a month" if "monthly" in row else ""
    return f"{row['billed']}{amount}"


def _amount(line: dict[str, Any]) -> str:
    """Of a line or a sum: `at least $394.20`."""
    return "its price is not known" if line["amount"] is None else told(line)


def _once(costs: dict[str, Any]) -> Iterator[str]:
    yield from (f"{_capitalized(line['what'])}: {_amount(line)} ({line['formula']})" for line in costs["upload"])
    yield (
        f"In all {told(costs['uploadTotal'])}." if costs["upload"] else "Nothing: there is nothing to import or train."
    )


def _monthly(costs: dict[str, Any]) -> Iterator[str]:
    yield from (f"{_capitalized(line['what'])}: {_amount(line)} ({line['formula']})" for line in costs["monthly"])


def _a_month(costs: dict[str, Any]) -> Iterator[str]:
    """The sum, and how it changes."""
    if not costs:
        return
    total, before = costs["monthlyTotal"], costs.get("monthlyBefore")
    change = "" if before is None else "; as before" if before == total else f"; before this run {told(before)}"
    yield f"In all {told(total)} a month{change}."
    yield f"By prices of {costs['prices']['region']} as of {costs['prices']['date']}, for the least that is billed."


def _capitalized(text: str) -> str:
    return text[0].upper() + text[1:]


def _where_to_look(document: dict[str, Any]) -> Iterator[str]:
    run = document["run"]
    if "bucket" not in run or ("report" not in document and "news" not in document):
        return
    lines = [f"Report: s3://{run['bucket']}/{document['report']}"] if "report" in document else []
    if arn := run.get("executionArn"):
        where = links.of_object(run["bucket"], page.key(run["id"]), arn)
        lines = [f"Page: {where}", f"Steps: {links.of_execution(arn)}", *lines]
    yield "\n".join(lines)


def _what_it_recommends(document: dict[str, Any]) -> Iterator[str]:
    lines = []
    for sample in document.get("samples", []):
        about = " and ".join(f"{name.removesuffix('Id')} {value}" for name, value in sample["about"].items())
        through = f" through filter {sample['filter']}" if "filter" in sample else ""
        names = "; ".join(entry.get("name", entry["id"]) for entry in sample.get("answer", []))
        answer = f"no answer: {sample['refused']}" if "refused" in sample else names or "nothing"
        lines.append(f"{sample['resource']}{through}, for {about}: {answer}")
    if lines:
        yield _section("What it recommends", lines)


def _how_good(document: dict[str, Any]) -> Iterator[str]:
    for row in document["resources"]:
        if row.get("metrics"):
            title = f"How good the model is: {row['type']} {row['name']}, measured offline by Personalize"
            yield _section(title, [f"{metric:<48} {value:.4f}" for metric, value in sorted(row["metrics"].items())])
        if row.get("comparison", {}).get("serving"):
            title = f"Campaign {row['name']}: the version it served before, and the new one"
            yield _section(title, list(_comparison(**row["comparison"])))


def _the_rest(document: dict[str, Any]) -> Iterator[str]:
    if resources := document["resources"]:
        describe = _planned if document["outcome"] == "planned" else _resource
        yield _section("Resources", [line for row in resources for line in describe(row)])
    if data := document.get("data"):
        yield _section("Data", [f"{dataset_type:<{COLUMN}} {_seen(seen)}" for dataset_type, seen in data.items()])
    if schedules := document.get("schedules"):
        yield _section("Schedules", [f"{done:<{COLUMN}} {purpose}" for purpose, done in schedules.items()])
    if "bills" in document and document.get("costs", {}).get("upload"):
        yield _section("What this run cost once", [*_once(document["costs"])])
    if document["delays"]:
        yield _section("What cost time besides the work", [_delay(**delay) for delay in document["delays"]])
    if document["notes"]:
        yield _section("Notes", document["notes"])


def _about(document: dict[str, Any]) -> Iterator[str]:
    run = document["run"]
    if "datasetGroup" in run:
        yield f"Dataset group: {run['datasetGroup']}"
    if run.get("key"):
        yield f"Params file:   {run['key']}"
    if "report" in document or "news" in document:  # else it is a plan for a terminal, of no run
        yield f"Run:           {run['id']}"
    if newer := document.get("supersededBy"):
        yield f"Superseded by: {newer['key']}{_of_run(newer)}"
    if "codeVersion" in document:
        begun = run.get("codeVersion", document["codeVersion"])  # an upgrade may have come between
        other = f", begun with {begun}" if begun != document["codeVersion"] else ""
        yield f"Code:          {document['codeVersion']}{other}"
    if "seconds" in document:
        yield f"Took:          {duration(document['seconds'])}"


def _of_run(newer: dict[str, Any]) -> str:
    """Which upload it was, for whoever wonders."""
    if "run" not in newer:
        return ", uploaded again since"
    if newer.get("isTheSame"):
        return f" of run {newer['run']}, which does the same and waits for its turn already"
    if newer.get("switches"):
        return f" of run {newer['run']}, which came due later"
    took_effect = "took effect already. Upload this one again if it is still wanted" if newer.get("tookEffect") else ""
    return f" of run {newer['run']}, uploaded later{', which ' if took_effect else ''}{took_effect}"


def _delay(resource: str, what: str, seconds: float) -> str:
    return f"{duration(seconds):<{COLUMN}} {resource}: {what}"


def _resource(row: dict[str, Any]) -> Iterator[str]:
    took = f" in {duration(row['seconds'])}" if row.get("seconds") else ""
    how = "; ".join(part for part in (row["status"], row["reason"]) if part)
    yield f"{row['done'] + took:<{COLUMN}} {row['type']} {row['name']} ({how})"
    if "trackingId" in row:
        yield f"{'':<{COLUMN}} tracking ID for your clients: {row['trackingId']}"


def _seen(seen: dict[str, Any]) -> str:
    return counted(seen) + (f" ({seen['change']})" if "change" in seen else "")


def _planned(row: dict[str, Any]) -> Iterator[str]:
    yield f"{row['plan']:<{COLUMN}} {row['type']} {row['name']} ({row['reason']})"


def _comparison(serving: dict[str, float], new: dict[str, float]) -> Iterator[str]:
    for metric in sorted(serving.keys() & new.keys()):
        yield f"{metric:<48} {serving[metric]:.4f} -> {new[metric]:.4f} ({new[metric] - serving[metric]:+.4f})"


def _section(title: str, lines: list[str]) -> str:
    return "\n".join((title, *(f"  {line}" for line in lines)))


def _fold(line: str) -> str:
    """A line in lines of which none is wider than a mail may be."""
    if len(line) <= WIDTH:
        return line
    indent = line[: len(line) - len(line.lstrip())]
    # Nothing is broken but between words, so that what was said can be searched for.
    return textwrap.fill(
        line.strip(),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=FOLD,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
        expand_tabs=False,
    )
