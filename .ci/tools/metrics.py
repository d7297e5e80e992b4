"""Reads what a hub tells at /metrics, from standard input, with the parsers of Prometheus' own client.

    metrics.py text|openmetrics < FILE

Prints, as JSON, each family with its type and its samples; fails on whatever the format does not allow.
"""

import json
import sys

from prometheus_client import parser
from prometheus_client.openmetrics import parser as strict

text = sys.stdin.read()
read = {"text": parser, "openmetrics": strict}[sys.argv[1]].text_string_to_metric_families
families = {}
for family in read(text):
    assert family.name not in families, f"{family.name} comes twice"
    assert family.documentation, f"{family.name} says nothing of itself"
    samples = [[one.name, one.labels, str(one.value)] for one in family.samples]
    keys = [(name, tuple(sorted(labels.items()))) for name, labels, _ in samples]
    assert len(set(keys)) == len(keys), f"{family.name} has a sample twice"
    families[family.name] = {"type": family.type, "samples": samples}
json.dump(families, sys.stdout)
