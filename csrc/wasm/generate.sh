#!/bin/sh
# generate.sh - translates the library to Go: clang compiles it for WebAssembly, and wasm2go does the rest.
# `make generate` installs the tools.  Writes go/internal/plain/{layout.go,module/,sources.sum}.
#
#   generate.sh [FOLDER]    FOLDER: where to write in place of go/internal/plain
set -eu
cd "$(dirname "$0")/../.."
out=${1:-go/internal/plain} work=build/module tools=build/tools
# Bytes.  The stack is at most 39,000 deep; below it is nothing, so that more is a panic.  Go maps `memory`, and the
# linker wants whole pages of WebAssembly.
memory=245760 stack=49152 pages=262144

library="names region allocators smaps smaps_line smaps_fast smaps_capture classify classify_rules
	report report_split report_apportion report_bounds report_sums report_arena report_names report_rows report_run
	report_warnings diff render render_shared render_round render_text render_text_diff render_json
	render_json_values render_json_diff render_openmetrics render_smaps escape elf
	collect error limits_cgroup limits_linux lines_linux pagemap_linux process_linux
	self_labels_linux self_memory_linux self_metadata_linux self_object_linux self_range_linux self_stack_linux
	source_owners source_reader source_scan_linux source_smaps_linux source_text_linux"
# Most of the time of a report is spent in these; the others are optimized for size.
hot="region smaps smaps_fast classify classify_rules report report_names report_run report_rows report_split report_sums collect self_memory_linux
	source_smaps_linux"
structs="mema_sums mema_category mema_part mema_proof mema_checks mema_name mema_region mema_malloc mema_go
	mema_facts mema_limits mema_threads mema_context mema_options mema_origin mema_output_options mema_error
	mema_owner mema_report"

case $(clang-19 --version) in
*"version 19.1.7 "*) ;;
*) echo "generate.sh: the pinned compiler is clang 19.1.7, not $(clang-19 --version | head -n 1)" >&2 && exit 1 ;;
esac

rm -rf "$work"
mkdir -p "$work" "$out/module"
"$tools/libc-gen" -c-out "$work/libc"

compile() { # NAME SOURCE [FLAG]...
	name=$1 source=$2
	shift 2
	clang-19 --target=wasm32 -std=c11 "$optimize" -ffreestanding -nostdinc -isystem csrc/wasm/include -isystem "$work/libc" \
		-isystem "$(clang-19 -print-resource-dir)/include" -mbulk-memory -msign-ext "$@" -c -o "$work/$name.o" "$source"
}

for name in $library; do
	case " $hot " in
	*" $name "*) optimize=-O2 ;;
	*) optimize=-Os ;;
	esac
	case $name in
	self_labels_linux) set -- -Dmema_labels_copy=mema_labels_of_registry ;; # self.c has the other one
	source_smaps_linux) set -- -include csrc/wasm/sys.h "-DMEMA_HAS_SHADOW=sys_number(SYS_HAS_SHADOW)" ;;
	collect) set -- -DMEMA_OWN_ARENA=16384 ;; # memory apart from what is read may grow
	report_sums) set -- -mllvm -unroll-threshold=5000 ;; # unrolls its loops over fields entirely
	*) set -- ;;
	esac
	compile "$name" "csrc/$name.c" "$@"
done
optimize=-Os
compile wasm_posix csrc/wasm/posix.c
compile wasm_self csrc/wasm/self.c
compile wasm_glue csrc/wasm/glue.c
compile wasm_libc csrc/wasm/libc.c -w -DMEMORY=$memory # not ours
wasm-ld-19 --no-entry --import-memory --initial-memory=$pages --stack-first -z stack-size=$stack \
	--allow-undefined-file=csrc/wasm/imports.txt -o "$work/module.wasm" "$work"/*.o

"$tools/libc-gen" -wasm "$work/module.wasm" -deref-mem -pkg module -o "$out/module/libc.go"
# -unsafe: one bounds check for a load or store of several bytes, in place of the two of a slice expression.
"$tools/wasm2go" -unsafe -provided "$out/module/libc.go" -pkg module -o "$out/module/module.go" "$work/module.wasm"

# ARM has the layout of WebAssembly, and debug information that Go can read.
printf '#include "../../csrc/memanalyzer.h"\n' >"$work/layout.c"
for struct in $structs; do printf 'struct %s _%s;\n' "$struct" "$struct" >>"$work/layout.c"; done
clang-19 --target=armv7a-none-eabi -std=c11 -ffreestanding -g -c -o "$work/layout.o" "$work/layout.c"
# shellcheck disable=SC2086 # a list
go run ./csrc/wasm/layout "$work/layout.o" plain $structs >"$out/layout.go"
printf '\nconst initialMemory = %d // bytes\n' $memory >>"$out/layout.go"

sha256sum $(for name in $library; do echo "csrc/$name.c"; done) $(find csrc/wasm -type f) csrc/*.h | LC_ALL=C sort -k 2 >"$out/sources.sum"
