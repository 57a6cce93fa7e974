#!/usr/bin/python3
"""names.py FILE: the bytes of the names of a report's regions, in hexadecimal, a line a name."""

import json
import sys


def taken_back(name):
    """As the schema says: what is not UTF-8 stands from U+EF00 on."""
    return b"".join(bytes([ord(c) & 0xFF]) if 0xEF00 <= ord(c) <= 0xEFFF else c.encode() for c in name)


with open(sys.argv[1], encoding="ascii") as f:
    for region in json.load(f)["regions"]:
        print(taken_back(region["name"]).hex())
