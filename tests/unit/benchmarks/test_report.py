"""Medians, ratios, tables and the JSON of the benchmark's report."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from benchmarks.measure import Measurements, Sample, Settings
from benchmarks.report import METRICS, Metric, advantage, document, median, table, tables, target_table, write
from benchmarks.targets import Target

CPU = METRICS[0]
STARTED = datetime(2025, 3, 14, 9, 26, 53)


def sample(*, cpu_us: float = 10.0, rate: float = 1000.0, errors: int = 0) -> Sample:
    return Sample(requests=100, requests_per_second=rate, p50_ms=1.0, p99_ms=2.0, cpu_us=cpu_us, errors=errors)


def measured() -> Measurements:
    return Measurements(
        samples={
            "hello": {"bolt": [sample(cpu_us=8.0)], "peer": [sample(cpu_us=10.0)]},
            "page": {"peer": [sample(errors=3)]},
        },
        rss_mib={"bolt": 40.0, "peer": 80.0},
        versions={"bolt": {"python": "3.13.0"}, "peer": {"python": "3.13.0"}},
        database={"name": "sqlite"},
    )


def test_the_median_of_each_figure_is_taken_by_itself():
    rounds = [sample(cpu_us=30, rate=1), sample(cpu_us=10, rate=2), sample(cpu_us=11, rate=9, errors=2)]
    figures = median(rounds)
    assert (figures["cpu_us"], figures["requests_per_second"]) == (11, 2)
    assert figures["errors"] == 2


@pytest.mark.parametrize(("value", "more_is_better", "expected"), [(5.0, False, 2.0), (5.0, True, 0.5)])
def test_an_advantage_above_one_is_better_whatever_the_figure(value, more_is_better, expected):
    assert advantage(value, 10.0, more_is_better=more_is_better) == expected


def test_a_table_shows_values_ratios_gaps_and_failures():
    rows = {"hello": {"bolt": 8.0, "peer": 10.0}, "page": {"peer": 1234.5}}
    text = table(CPU, rows, columns=["bolt", "peer"], reference="peer", failed=frozenset({("page", "peer")}))
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    assert lines[0] == ["CPU µs per request", "bolt", "peer"]
    assert lines[2:] == [["hello", "8.0 (1.25x)", "10.0"], ["page", "–", "1,234.5!"]]
    assert len({len(line) for line in text.splitlines()}) == 1


def test_without_the_reference_a_table_has_no_ratios():
    rate = Metric(field="requests_per_second", title="requests/s", form=",.0f", more_is_better=True)
    text = table(rate, {"hello": {"bolt": 90_000.0}}, columns=["bolt"], reference="peer")
    assert "90,000" in text
    assert "x)" not in text


def test_the_report_has_every_metric_the_memory_and_the_notes():
    text = tables(measured(), reference="peer")
    for title in [*(metric.title for metric in METRICS), "RSS of the worker, MiB"]:
        assert f"| {title}" in text
    assert "40.0 (2.00x)" in text
    assert "better than peer" in text
    assert "! = requests failed" in text


def test_a_target_stands_beside_what_was_measured():
    targets = [Target(endpoint="hello", factor=1.6), Target(endpoint="page", factor=2.0)]
    text = target_table(targets, {"hello": {"bolt": median([sample(cpu_us=8)]), "peer": median([sample(cpu_us=10)])}})
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    assert lines[2:] == [["hello", "CPU µs per request", "8.0", "peer 10.0", "1.25x", "1.60x"]]
    assert text in tables(measured(), reference="peer", targets=targets)


def test_a_target_may_be_a_rate_and_is_marked_where_requests_failed():
    target = Target(endpoint="user", factor=5.0, reference="django", field="requests_per_second")
    medians = {"user": {"bolt": median([sample(rate=3000, errors=1)]), "django": median([sample(rate=500)])}}
    assert "| 6.00x! |" in target_table([target], medians)


def test_a_target_may_be_beside_another_endpoint_or_a_difference():
    medians = {"hello": {"bolt": median([sample(cpu_us=8)])}, "guarded": {"bolt": median([sample(cpu_us=10)])}}
    ratio = Target(endpoint="guarded", factor=0.9, reference="bolt", beside="hello")
    extra = Target(endpoint="guarded", reference="bolt", beside="hello", extra=3.5)
    lines = target_table([ratio, extra], medians).splitlines()
    assert [cell.strip() for cell in lines[-2].split("|")[1:-1]][3:] == ["bolt hello 8.0", "0.80x", "0.90x"]
    assert [cell.strip() for cell in lines[-1].split("|")[1:-1]][3:] == ["bolt hello 8.0", "+2.0", "at most +3.5"]


def test_without_a_measured_target_there_is_no_table_of_them():
    assert target_table([Target(endpoint="user", factor=2.0)], {"user": {"peer": median([sample()])}}) == ""


def test_the_json_keeps_medians_samples_machine_settings_and_versions(tmp_path):
    result = document(measured(), started=STARTED, machine={"cpu": "a CPU"}, settings=Settings(rounds=1))
    path = write(result, directory=tmp_path / "results", started=STARTED, suffix="-scaling")
    assert path.name == "2025-03-14-0926-scaling.json"
    read = json.loads(path.read_text())
    assert read["started"] == "2025-03-14T09:26:53"
    assert read["machine"] == {"cpu": "a CPU"}
    assert read["settings"] == {"rounds": 1, "seconds": 3.0, "connections": 64, "database": "sqlite"}
    assert read["database"] == {"name": "sqlite"}
    assert read["contestants"]["bolt"] == {"versions": {"python": "3.13.0"}, "rss_mib": 40.0}
    hello = read["endpoints"]["hello"]["bolt"]
    assert hello["median"]["cpu_us"] == hello["samples"][0]["cpu_us"] == 8.0
    assert [each.name for each in path.parent.iterdir()] == [path.name]
