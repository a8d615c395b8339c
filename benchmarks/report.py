"""Samples into medians, medians into tables and dated JSON.

Pure but for `write`; nothing here measures.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.measure import Measurements, Sample, Settings
from benchmarks.targets import SUBJECT, Target

ERRORS_MARK = "!"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One figure of a sample: the field it is, its title, how it is written, and whether more of it is better."""

    field: str
    title: str
    form: str
    more_is_better: bool = False


METRICS = (
    Metric(field="cpu_us", title="CPU µs per request", form=",.1f"),
    Metric(field="requests_per_second", title="requests/s", form=",.0f", more_is_better=True),
    Metric(field="p50_ms", title="p50 ms", form=",.2f"),
    Metric(field="p99_ms", title="p99 ms", form=",.2f"),
)
MEMORY = Metric(field="rss_mib", title="RSS of the worker, MiB", form=",.1f")


def median(samples: Sequence[Sample]) -> dict[str, float]:
    """Return the median of every figure, each by itself, and the sum of the errors."""
    figures = {
        metric.field: statistics.median(getattr(sample, metric.field) for sample in samples) for metric in METRICS
    }
    return {**figures, "errors": sum(sample.errors for sample in samples)}


def advantage(value: float, reference: float, *, more_is_better: bool) -> float:
    """Return how many times better `value` is than `reference`: above 1 is better, whatever the figure."""
    better, worse = (value, reference) if more_is_better else (reference, value)
    return better / worse if worse else float("nan")


def table(
    metric: Metric,
    rows: Mapping[str, Mapping[str, float]],
    *,
    columns: Sequence[str],
    reference: str | None = None,
    failed: frozenset[tuple[str, str]] = frozenset(),
) -> str:
    """Return one metric as a Markdown table: `rows` maps a row's name to the value of each column that has one.

    Beside each value stands its advantage over the column `reference`, where there is one; cells in `failed`
    (row, column) are marked.
    """
    lines = [[metric.title, *columns]]
    for name, values in rows.items():
        base = values.get(reference) if reference else None
        cells = []
        for column in columns:
            cell = _cell(metric, values.get(column), base=None if column == reference else base)
            cells.append(cell + ERRORS_MARK if (name, column) in failed else cell)
        lines.append([name, *cells])
    return _markdown(lines)


def _cell(metric: Metric, value: float | None, *, base: float | None) -> str:
    if value is None:
        return "–"
    text = format(value, metric.form)
    if base is None:
        return text
    return f"{text} ({advantage(value, base, more_is_better=metric.more_is_better):.2f}x)"


def _markdown(lines: Sequence[Sequence[str]]) -> str:
    """Return lines of cells, the first of them the titles, as a table whose figures are aligned to the right."""
    title, *rest = lines
    widths = [max(len(line[index]) for line in lines) for index in range(len(title))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_row(line, widths) for line in [title, rule, *rest])


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, *figures = cells
    aligned = [figure.rjust(width) for figure, width in zip(figures, widths[1:], strict=True)]
    return f"| {' | '.join([name.ljust(widths[0]), *aligned])} |"


def target_table(targets: Sequence[Target], medians: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """Return what was measured beside each target, as a Markdown table; empty where none was measured.

    `medians` maps an endpoint to the contestants that have it, and each of those to its figures.
    """
    metrics = {metric.field: metric for metric in METRICS}
    lines = [["target", "figure", SUBJECT, "beside", "ratio", "wanted"]]
    for target in targets:
        ours, theirs = medians.get(target.endpoint, {}), medians.get(target.beside or target.endpoint, {})
        if SUBJECT in ours and target.reference in theirs:
            lines.append(_target_row(target, metrics[target.field], ours[SUBJECT], theirs[target.reference]))
    return _markdown(lines) if len(lines) > 1 else ""


def _target_row(target: Target, metric: Metric, ours: Mapping[str, float], theirs: Mapping[str, float]) -> list[str]:
    mine, other = ours[metric.field], theirs[metric.field]
    ratio = advantage(mine, other, more_is_better=metric.more_is_better)
    mark = ERRORS_MARK if ours["errors"] or theirs["errors"] else ""
    beside = " ".join(filter(None, [target.reference, target.beside, format(other, metric.form)]))
    seen, wanted = f"{ratio:.2f}x", f"{target.factor:.2f}x"
    if target.extra:
        seen, wanted = format(mine - other, f"+{metric.form}"), f"at most +{target.extra:g}"
    return [target.endpoint, metric.title, format(mine, metric.form), beside, f"{seen}{mark}", wanted]


def tables(measurements: Measurements, *, reference: str, targets: Sequence[Target] = ()) -> str:
    """Return the tables of all metrics, the memory, the targets, and a note about what the marks mean.

    Ratios refer to the contestant `reference`, where it took part.
    """
    columns = list(measurements.versions)
    medians = {
        endpoint: {name: median(samples) for name, samples in row.items()}
        for endpoint, row in measurements.samples.items()
    }
    failed = frozenset(
        (endpoint, name) for endpoint, row in medians.items() for name, figures in row.items() if figures["errors"]
    )
    parts = []
    for metric in METRICS:
        rows = {
            endpoint: {name: figures[metric.field] for name, figures in row.items()}
            for endpoint, row in medians.items()
        }
        parts.append(table(metric, rows, columns=columns, reference=reference, failed=failed))
    memory = {"after all rounds": measurements.rss_mib}
    parts.append(table(MEMORY, memory, columns=columns, reference=reference))
    if beside_targets := target_table(targets, medians):
        parts.append(beside_targets)
    if reference in columns:
        parts.append(f"(1.25x) = 1.25 times better than {reference}, in every table.")
    if failed:
        parts.append(f"{ERRORS_MARK} = requests failed in at least one round: no comparison holds for that cell.")
    return "\n\n".join(parts)


def document(
    measurements: Measurements, *, started: datetime, machine: Mapping[str, Any], settings: Settings
) -> dict[str, Any]:
    """Return everything known about a run, ready for JSON: medians, every sample, the machine, the versions."""
    return {
        "started": started.isoformat(timespec="seconds"),
        "machine": dict(machine),
        "settings": asdict(settings),
        "database": measurements.database,
        "contestants": {
            name: {"versions": versions, "rss_mib": round(measurements.rss_mib[name], 2)}
            for name, versions in measurements.versions.items()
        },
        "endpoints": {
            endpoint: {
                name: {"median": median(samples), "samples": [asdict(sample) for sample in samples]}
                for name, samples in row.items()
            }
            for endpoint, row in measurements.samples.items()
        },
    }


def write(result: Mapping[str, Any], *, directory: Path, started: datetime, suffix: str = "") -> Path:
    """Write a run as `YYYY-MM-DD-HHMM<suffix>.json` below `directory` and return the file."""
    directory.mkdir(exist_ok=True)
    path = directory / f"{started:%Y-%m-%d-%H%M}{suffix}.json"
    unfinished = path.with_suffix(".json.tmp")
    unfinished.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    unfinished.replace(path)
    return path
