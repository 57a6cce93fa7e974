#!/bin/sh
# facts.sh - converts the figures of runtime/metrics and mallinfo2 that a program saved right after its
# smaps into the lines at the start of a saved capture. They were read once, so there is one number for
# before and after.
#
#     testdata/facts.sh ../shared/captures/NAME/runtime.json > testdata/real/NAME.facts
set -eu

# value KEY: the number of a key, in lines of `"key": number,`.
value() {
	sed -n "s|^ *\"$1\": \([0-9]*\),*\$|\1|p" "$json"
}

# class NAME: the bytes of a class of /memory/classes.
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
