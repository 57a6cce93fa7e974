#!/usr/bin/python3
"""read_json.py SCHEMA FILE...: checks that each file is valid by the schema and adds up."""

import json
import sys

import jsonschema

# Members that are not sums.
NOT_ADDED_UP = {"id", "name", "method", "low", "high", "parts", "categories"}


def unique(pairs):
    members = dict(pairs)
    assert len(members) == len(pairs), "a member is repeated"
    return members


def total(things, column):
    """The sum of the known values; None if there are none."""
    known = [thing[column] for thing in things if thing[column] is not None]
    return sum(known) if known else None


def check_sums(what, whole, things):
    for column in whole.keys() - NOT_ADDED_UP:
        assert total(things, column) == whole[column], (what, column, total(things, column), whole[column])


def check_bounds(what, bounded):
    if bounded["rss"] is not None:
        assert bounded["low"] <= bounded["rss"] <= bounded["high"], (what, bounded)


def check_law(report):
    groups = report["groups"]
    categories = [category for group in groups for category in group["categories"]]
    by_id = {category["id"]: category for category in categories}

    check_sums("totals", report["totals"], groups)
    for group in groups:
        check_sums(group["id"], group, group["categories"])
        assert sum(part["rss"] for part in group["parts"]) <= (group["rss"] or 0)
    for category in categories:
        check_bounds(category["id"], category)
        for part in category["parts"]:
            check_bounds(category["id"], part)
        if category["parts"]:
            assert sum(part["rss"] for part in category["parts"]) == category["rss"]
    if report["names"]:
        check_sums("names", by_id["named"], report["names"])
    for region in report["regions"]:
        assert region["category"] in by_id, region
        if region["start"] is not None:
            assert int(region["start"], 16) < int(region["end"], 16), region
    for proof in report["proofs"]:
        assert proof["held"] == (proof["least"] <= proof["found"] <= proof["most"] + proof["beside"]), proof


def check_differences(d):
    changes = d["changes"]
    for thing in d["categories"] + changes:
        if thing["change"] is not None:
            assert thing["change"] == thing["now"] - thing["before"], thing
    if d["before"]["rss"] is None or d["now"]["rss"] is None:
        assert not changes and total(d["categories"], "change") is None
        return
    for column, whole in ("before", d["before"]["rss"]), ("now", d["now"]["rss"]):
        assert total(d["categories"], column) == whole, (column, whole)
    sizes = [abs(c["change"]) for c in changes]
    assert sizes == sorted(sizes, reverse=True) and 0 not in sizes
    for c in changes:
        assert (c["kind"] == "new") <= (c["before"] == 0) and (c["kind"] == "gone") <= (c["now"] == 0), c
        assert c["change"] > 0 if c["kind"] in ("new", "grown") else c["change"] < 0, c


def main(schema, *files):
    with open(schema, encoding="ascii") as f:
        validator = jsonschema.Draft202012Validator(json.load(f))
    validator.check_schema(validator.schema)
    assert files
    for file in files:
        with open(file, encoding="ascii") as f:
            report = json.load(f, object_pairs_hook=unique)
        for error in validator.iter_errors(report):
            sys.exit(f"{file}: {error.json_path}: {error.message}")
        try:
            (check_differences if "changes" in report else check_law)(report)
        except AssertionError as error:
            sys.exit(f"{file}: {error}")


main(*sys.argv[1:])
