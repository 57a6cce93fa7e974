#!/bin/sh
# DuckDB's own account of its memory drops to 0 with a table, and its pages stay resident.
#
# Guess: after DROP TABLE, RSS falls with duckdb_memory(), and a limit reads back as it was set.
# Seen:  duckdb_memory() says 0 MB; nine tenths of the growth of RSS stay. A limit of 100MB reads back as 95.3 MiB:
#        MB is decimal when it is set, and the answer is binary.
# Why:   the gap between the engine's figure and RSS is no leak, and no bug of who shows RSS.
# With:  duckdb 1.4.1 of PyPI
. "$(dirname "$0")/lib.sh"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check duckdb==1.4.1 || cannot 'pip cannot install duckdb 1.4.1'
cat >main.py <<'X'
import os
import duckdb

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def account():
    return db.execute("SELECT sum(memory_usage_bytes) FROM duckdb_memory()").fetchone()[0]

db = duckdb.connect()
db.execute("SET memory_limit = '100MB'")
print("100MB reads back as", db.execute("SELECT current_setting('memory_limit')").fetchone()[0])
db.execute("SET memory_limit = '2GB'; SET threads = 2")
before = resident()
db.execute("CREATE TABLE t AS SELECT range a, hash(range) b, range::VARCHAR s FROM range(5000000)")
grown = resident() - before
print("the table is in its account:", account() > 100e6)
db.execute("DROP TABLE t")
print("account after DROP TABLE, in MB:", int(account()) >> 20)
print("most of the growth is still resident:", resident() - before > 0.9 * grown)
X
expect "$(venv/bin/python main.py)" <<'X'
100MB reads back as 95.3 MiB
the table is in its account: True
account after DROP TABLE, in MB: 0
most of the growth is still resident: True
X
