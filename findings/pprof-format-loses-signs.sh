#!/bin/sh
# The profile library of Node.js turns a decrease of 4 KiB into growth of 16 EiB.
#
# Guess: values of samples are int64 in profile.proto, and what it encodes as -4096 it decodes as -4096.
# Seen:  it encodes the sign, and decodes the same 64 bits without it.
# Why:   differences of memory profiles have negative values; a tool that reads and writes one changes them.
# With:  pprof-format 2.3.2 of npm
. "$(dirname "$0")/lib.sh"

npm install --silent --no-audit --no-fund --cache "$folder/cache" pprof-format@2.3.2 >/dev/null 2>&1 || cannot 'npm cannot install pprof-format 2.3.2'
cat >main.js <<'X'
const { Profile, Sample, StringTable, ValueType } = require('pprof-format')

const stringTable = new StringTable()
const sampleType = [new ValueType({ type: stringTable.dedup('rss'), unit: stringTable.dedup('bytes') })]
const profile = new Profile({ stringTable, sampleType, sample: [new Sample({ locationId: [], value: [-4096] })] })
const [value] = Profile.decode(profile.encode()).sample[0].value
console.log(`decoded: ${value}, as int64: ${BigInt.asIntN(64, BigInt(value))}`)
X
expect "$(node main.js)" <<'X'
decoded: 18446744073709547520, as int64: -4096
X
