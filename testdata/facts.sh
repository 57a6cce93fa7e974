#!/bin/sh
# facts.sh - the facts of a capture: what a program saved of runtime/metrics and
# mallinfo2 right after its smaps, as the lines that stand before a saved smaps.
# There was one reading, so that before and after are the same.
#
#     testdata/facts.sh ../shared/captures/NAME/runtime.json > testdata/real/NAME.facts
set -eu

# The number behind a key, in lines of `"key": number,`.
value() {
	sed -n "s|^ *\"$1\": \([0-9]*\),*\$|\1|p" "$json"
}

class() {
	value "/memory/classes/$1:bytes"
}

json=$1
metadata=0
for class in metadata/mcache/free metadata/mcache/inuse metadata/mspan/free metadata/mspan/inuse \
	metadata/other profiling/buckets other; do
	metadata=$((metadata + $(class $class)))
done

echo "# memanalyzer capture: 1"
printf '# go.anchor: 0x%x\n' "$(value heap)"
echo "# go.heap_live: $(value /gc/heap/live:bytes)"
for class in objects unused free released stacks; do
	echo "# go.heap_$class: $(class heap/$class)"
done
echo "# go.metadata: $metadata"
echo "# go.work_buffers: $(class metadata/other)"
echo "# malloc.arena: $(value arena)"
echo "# malloc.in_use: $(value uordblks)"
echo "# malloc.retained: $(value fordblks)"
echo "# malloc.mapped: $(value hblkhd)"
