"""What an alarm sees: data points of its metrics, the expressions on them that the module's alarms use, and a state.

From CloudWatch's user guide, "Alarm evaluation" and "Metric math syntax and functions".
"""

import ast
import operator
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Points = list[float | None]  # oldest first; None where there is no data

MINUTE = 60  # seconds; every minute an alarm is evaluated, on the periods that end there
_EXTRA = 2  # periods that are looked at beyond those to evaluate, in the guide's example
_STATISTICS = {"Maximum": max, "Minimum": min, "Average": statistics.fmean, "Sum": sum, "SampleCount": len}
COMPARISONS = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def minutes_seen(alarm: Mapping[str, Any]) -> int:
    """How many of the latest minutes an alarm takes into account."""
    longest = max(int(query["MetricStat"]["Period"]) for query in queries(alarm) if "MetricStat" in query)
    return (int(alarm["EvaluationPeriods"]) + _EXTRA) * longest // MINUTE


def queries(alarm: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The alarm's `Metrics`; of an alarm on one metric, that metric alone."""
    if alarm.get("Metrics"):
        return list(alarm["Metrics"])
    metric = {name: alarm.get(name) for name in ("Namespace", "MetricName", "Dimensions")}
    return [{"Id": "m", "MetricStat": {"Metric": metric, "Period": alarm["Period"], "Stat": alarm["Statistic"]}}]


def judge(alarm: Mapping[str, Any], minutes: Sequence[float | None]) -> str:
    """The state of an alarm on one metric, or on expressions of it.

    Args:
        alarm: as DescribeAlarms has it.
        minutes: the metric's value in each minute, the latest last; None where there is no data.
    """
    evaluated = int(alarm["EvaluationPeriods"])
    by_id = {query["Id"]: query for query in queries(alarm)}

    def points(name: str) -> Points:
        if "Expression" in by_id[name]:
            return _value(parsed(by_id[name]["Expression"]), points)
        stat = by_id[name]["MetricStat"]
        return _periods(minutes, stat["Period"] // MINUTE, evaluated + _EXTRA, _STATISTICS[stat["Stat"]])

    (returned,) = (name for name, query in by_id.items() if query.get("ReturnData", True))
    data = [point for point in points(returned) if point is not None][-evaluated:]
    breaches = COMPARISONS[alarm["ComparisonOperator"]]
    breaching = sum(breaches(point, alarm["Threshold"]) for point in data)
    if breaching >= alarm.get("DatapointsToAlarm", evaluated):
        return "ALARM"
    return "OK" if data or alarm.get("TreatMissingData") == "notBreaching" else "INSUFFICIENT_DATA"


def parsed(expression: str) -> ast.expr:
    """An expression of `DIFF(a)`, `IF(a, b, 0)`, `a > b` and names; raises ValueError for any other."""
    try:
        tree = ast.parse(expression, mode="eval").body
    except SyntaxError:
        raise ValueError(f"{expression} can't be read") from None
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="IF"), args=[_, _, ast.Constant(value=int())], keywords=[]):
                pass
            case ast.Call(func=ast.Name(id="DIFF"), args=[_], keywords=[]):
                pass
            case ast.Compare(ops=[ast.Gt()]) | ast.Gt() | ast.Name() | ast.Load() | ast.Constant():
                pass
            case _:
                raise ValueError(f"{expression} has more than the local stack can evaluate: {ast.unparse(node)}")
    return tree


def _periods(minutes: Sequence[float | None], length: int, number: int, statistic: Any) -> Points:
    ends = [len(minutes) - length * back for back in reversed(range(number))]
    data = [[value for value in minutes[max(end - length, 0) : max(end, 0)] if value is not None] for end in ends]
    return [float(statistic(values)) if values else None for values in data]


def _value(node: ast.expr, points: Callable[[str], Points]) -> Points:
    match node:
        case ast.Name(id=name):
            return points(name)
        case ast.Call(func=ast.Name(id="DIFF"), args=[of]):
            return _differences(_value(of, points))
        case ast.Call(args=[condition, so, ast.Constant(value=otherwise)]):
            rows = zip(_value(condition, points), _value(so, points), strict=True)
            return [None if true is None else (value or 0.0) if true else float(str(otherwise)) for true, value in rows]
        case ast.Compare(left=left, comparators=[right]):
            # Where one side has no data, it counts as 0.
            pairs = zip(_value(left, points), _value(right, points), strict=True)
            return [None if a is b is None else float((a or 0) > (b or 0)) for a, b in pairs]
    raise AssertionError(ast.unparse(node))


def _differences(points: Points) -> Points:
    """To the preceding value, however long ago that is; the first has none."""
    found: Points = []
    before: float | None = None
    for point in points:
        found.append(None if point is None or before is None else point - before)
        before = before if point is None else point
    return found
