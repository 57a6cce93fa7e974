"""read_openmetrics.py FILE...: checks that the reference parser accepts each file and that it adds up.

Prints the sum of resident memory, one file a line. Needs prometheus_client."""

import sys

from prometheus_client.openmetrics import parser

PARTS = {"memanalyzer_go_heap_bytes": "go/heap"}


def read(file):
    """The samples of each metric: the value by a tuple of labels."""
    metrics = {}
    with open(file, encoding="utf-8", newline="") as f:
        for family in parser.text_fd_to_metric_families(f):
            assert family.type == "gauge" and family.documentation, family
            assert family.samples, f"{family.name} has no samples"
            assert family.name not in metrics, f"{family.name} is repeated"
            samples = {tuple(s.labels.items()): s.value for s in family.samples}
            assert len(samples) == len(family.samples), f"a sample of {family.name} is repeated"
            assert all(s.name == family.name for s in family.samples)
            metrics[family.name] = samples
    return metrics


def check(metrics):
    resident = metrics.get("memanalyzer_resident_bytes", {})
    names = metrics.get("memanalyzer_named_resident_bytes", {})
    rest = metrics.get("memanalyzer_named_overflow_resident_bytes", {(): 0})
    assert len(names) <= 50
    assert sum(names.values()) + rest[()] == resident.get((("category", "named"),), 0)
    for name, category in PARTS.items():
        if name in metrics:
            assert sum(metrics[name].values()) == resident[(("category", category),)], name
    return sum(resident.values())


assert len(sys.argv) > 1
for path in sys.argv[1:]:
    try:
        print(check(read(path)))
    except (AssertionError, ValueError) as error:
        sys.exit(f"{path}: {error}")
