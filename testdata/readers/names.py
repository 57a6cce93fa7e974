#!/usr/bin/python3
"""names.py FILE: prints the bytes of each region's name in hexadecimal, one name a line."""

import json
import sys


def name_bytes(name):
    """Recovers the bytes of a name, as the schema describes."""
    return b"".join(bytes([ord(c) & 0xFF]) if 0xEF00 <= ord(c) <= 0xEFFF else c.encode() for c in name)


with open(sys.argv[1], encoding="ascii") as f:
    for region in json.load(f)["regions"]:
        print(name_bytes(region["name"]).hex())
