# `make help` lists the targets.

CC ?= cc
AR ?= ar
OBJCOPY ?= objcopy
# -O3: with -O2 parser and report take an eighth longer.
CFLAGS ?= -O3 -g
PREFIX ?= /usr/local
DESTDIR ?=
ADDR ?= 127.0.0.1:6060

VERSION := $(shell sed -n 's/^.define MEMA_VERSION "\(.*\)"/\1/p' csrc/memanalyzer.h)

# What every C file must pass without a word; errors here, never in a user's build.
STRICT := -std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Werror
SANITIZE := -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

# How long `make fuzz` runs, and what watches: memory is the other one there is.
SECONDS ?= 60
SANITIZER ?= address,undefined
FUZZ := -g -O2 -fsanitize=fuzzer,$(SANITIZER) -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_LIMITS := -max_len=8000 -timeout=10 -rss_limit_mb=1024
FUZZ_SEEDS = $(wildcard testdata/real testdata/rules testdata/hostile ../shared/corpus)

# csrc/tests/failing.c stands before these.
WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

# The core is freestanding; the rest of the library touches the system.
CORE := names region smaps smaps_line smaps_fast smaps_capture classify classify_rules report report_split report_apportion \
	report_sums report_arena report_names report_rows report_run report_warnings diff render render_shared render_round render_text render_text_diff render_json render_json_values render_json_diff render_openmetrics render_smaps escape elf
LIBRARY := $(CORE) collect limits_cgroup limits_linux pagemap_linux process_linux self_labels self_malloc self_memory \
	source_file source_other source_owners source_scan_linux source_smaps_linux source_text
CLI := main options reading watch color
TESTS := $(patsubst csrc/tests/%.c,%,$(wildcard csrc/tests/*.c))

C_SOURCES := $(wildcard csrc/*.c csrc/tests/*.c csrc/tests/programs/*.c csrc/fuzz/*.c cmd/memanalyzer/*.c)
C_HEADERS := $(wildcard csrc/*.h csrc/tests/*.h csrc/fuzz/*.h cmd/memanalyzer/*.h)

# The older of the two Go versions that are supported; the newer is the machine's.
OLD_GO := go1.25.4
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

RUN_PACKAGES := libc6-dev curl ca-certificates
TEST_PACKAGES := $(RUN_PACKAGES) libcunit1-dev clang libclang-rt-dev lld clang-format mandoc \
	jq procps python3-jsonschema python3-venv
READER_PACKAGES := prometheus
PLACE_PACKAGES := gcc-i686-linux-gnu libc6-dev-i386-cross gcc-s390x-linux-gnu libc6-dev-s390x-cross \
	gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static musl-tools runsc
KERNEL_PACKAGES := qemu-system-x86 busybox-static cpio

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

## Building

.PHONY: cli
cli: bin/memanalyzer ## the C command line, at bin/memanalyzer (no Go needed)

.PHONY: lib
lib: build/libmemanalyzer.a ## the static C library

bin/memanalyzer: $(CLI:%=build/cli-%.o) $(LIBRARY:%=build/%.o)
	@mkdir -p bin
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

# One object, so that only what the header declares can be seen from outside.
build/libmemanalyzer.a: $(LIBRARY:%=build/%.o)
	$(CC) $(CFLAGS) -r -nostdlib -o build/memanalyzer.o $^
	$(OBJCOPY) --localize-hidden build/memanalyzer.o
	rm -f $@
	$(AR) rcs $@ build/memanalyzer.o

build/%.o: csrc/%.c $(C_HEADERS) build/flags
	$(CC) -std=c11 $(CFLAGS) -fvisibility=hidden -c -o $@ $<

build/cli-%.o: cmd/memanalyzer/%.c $(C_HEADERS) build/flags
	$(CC) -std=c11 $(CFLAGS) -c -o $@ $<

# Changes when the compiler or its flags do.
build/flags: always
	@mkdir -p build
	@echo '$(CC) $(CFLAGS) $(LDFLAGS) $(SANITIZE)' >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

.PHONY: always

.PHONY: demo
demo: ## the Go daemon with memory of every kind, at bin/memdemo
	go build -buildvcs=false -o bin/memdemo ./cmd/memdemo

.PHONY: install
install: cli lib ## command, man page, library, header and pkg-config file below PREFIX
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/include" \
		"$(DESTDIR)$(PREFIX)/lib/pkgconfig" "$(DESTDIR)$(PREFIX)/share/man/man1"
	install -m 755 bin/memanalyzer "$(DESTDIR)$(PREFIX)/bin/"
	install -m 644 csrc/memanalyzer.h "$(DESTDIR)$(PREFIX)/include/"
	install -m 644 build/libmemanalyzer.a "$(DESTDIR)$(PREFIX)/lib/"
	install -m 644 cmd/memanalyzer/memanalyzer.1 "$(DESTDIR)$(PREFIX)/share/man/man1/"
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' cmd/memanalyzer/memanalyzer.pc.in \
		> "$(DESTDIR)$(PREFIX)/lib/pkgconfig/memanalyzer.pc"

## Running

.PHONY: run
run: ## the demo at ADDR (127.0.0.1:6060), its first report, and on until Ctrl-C (ONCE=1: ends then)
	@.ci/install $(RUN_PACKAGES)
	@$(MAKE) --no-print-directory -s cli demo
	@exec cmd/memdemo/run.sh "$(or $(ADDR),127.0.0.1:6060)" "$(ONCE)"

## Testing

build/tests: $(LIBRARY:%=build/san-%.o) $(TESTS:%=build/san-tests-%.o)
	$(CC) $(SANITIZE) $(LDFLAGS) -o $@ $^ $(WRAP) -Wl,--wrap=mema_self_memory_look -lcunit

build/san-%.o: csrc/%.c $(C_HEADERS) build/flags
	$(CC) $(STRICT) $(SANITIZE) -c -o $@ $<

build/san-tests-%.o: csrc/tests/%.c $(C_HEADERS) build/flags
	$(CC) $(STRICT) $(SANITIZE) -c -o $@ $<

build/san-cli-%.o: cmd/memanalyzer/%.c $(C_HEADERS) build/flags
	$(CC) $(STRICT) $(SANITIZE) -c -o $@ $<

.PHONY: test-programs
test-programs: build/tests build/stopped build/restless build/stacks build/failing build/heaps

# Programs that the tests look at, each linked by itself.
build/stopped build/restless build/stacks: build/%: csrc/tests/programs/%.c build/flags
	$(CC) $(STRICT) -O1 -static -pthread -o $@ $<

# Of the command line all but main.c, which the program has in itself.
build/failing: csrc/tests/programs/failing.c $(patsubst %,build/san-cli-%.o,$(filter-out main,$(CLI))) \
		build/san-tests-failing.o $(LIBRARY:%=build/san-%.o) cmd/memanalyzer/main.c
	$(CC) $(STRICT) $(SANITIZE) $(LDFLAGS) $(WRAP) -o $@ $(filter-out %/main.c,$^)

# Without CUnit: csrc/fuzz/fuzz.c is what the tests' oracles stand on there.
build/fuzz/$(SANITIZER)/%: $(C_SOURCES) $(C_HEADERS)
	@mkdir -p $(@D)
	clang $(STRICT) $(FUZZ) $(WRAP) -o $@ csrc/fuzz/fuzz_$*.c csrc/fuzz/fuzz.c csrc/tests/records.c \
		csrc/tests/shown.c csrc/tests/harmless.c csrc/tests/failing.c $(LIBRARY:%=csrc/%.c)

# One that judges its own C heap: the tests' malloc is a sanitizer's.
build/heaps: csrc/tests/programs/heaps.c csrc/tests/saved.c $(LIBRARY:%=build/%.o)
	$(CC) $(STRICT) -O1 -pthread $(LDFLAGS) -o $@ $^

# PyPI's packages, in a place of their own.
build/venv: .ci/requirements.txt
	/usr/bin/python3 -m venv --clear build/venv
	build/venv/bin/pip install -q --disable-pip-version-check -r $<
	@touch $@

# Whoever embeds the core gives it these two functions, and nothing else creeps in:
# the other functions of csrc/memory.h become instructions.
build/core.wasm: $(C_SOURCES) $(C_HEADERS)
	@mkdir -p build
	@printf 'memchr\nmemcmp\n' > build/core.imports
	clang --target=wasm32 $(STRICT) -O2 -ffreestanding -nostdlib -mbulk-memory -Wl,--no-entry \
		-Wl,--export-all -Wl,--allow-undefined-file=build/core.imports -o $@ $(CORE:%=csrc/%.c)

.PHONY: check
check: ## the quick inner loop: formats, warnings, both test suites; below a minute once all is built
	@.ci/install $(TEST_PACKAGES)
	@clang-format --dry-run -Werror $(C_SOURCES) $(C_HEADERS)
	@$(MAKE) --no-print-directory -s -j"$$(nproc)" cli build/core.wasm build/venv test-programs strict
	@! mandoc -Tlint -W warning cmd/memanalyzer/memanalyzer.1 2>build/mandoc.log | grep . # the log is of the machine's own pages
	@test -z "$$(gofmt -l csrc go cmd | tee /dev/stderr)"
	@$(MAKE) --no-print-directory -j2 -O check-c check-go

.PHONY: strict check-c check-go
strict:
	clang $(STRICT) -fsyntax-only $(C_SOURCES)

check-c:
	build/tests

check-go:
	go vet ./...
	go test -short ./...
	go -C go/promcollector vet ./...
	go -C go/promcollector test ./...
	go -C cmd/membench vet ./...
	go -C cmd/membench test -short ./...

.PHONY: test
test: check ## every test there is
	@.ci/install $(READER_PACKAGES)
	@$(MAKE) --no-print-directory -s demo
	go run $(STATICCHECK) ./...
	go -C go/promcollector run $(STATICCHECK) ./...
	go -C cmd/membench run $(STATICCHECK) ./...
	GOTOOLCHAIN=$(OLD_GO) go -C cmd/membench test ./...
	CGO_ENABLED=0 go test -short ./...
	GOTOOLCHAIN=$(OLD_GO) go test -short ./...
	@$(MAKE) --no-print-directory -j2 -O test-race test-long
	@$(MAKE) --no-print-directory fuzz SECONDS=20
	@$(MAKE) --no-print-directory -s test-places test-kernels

# Programs of users are built in a dozen ways here, which takes its time without a cache.
.PHONY: test-race test-long
test-race:
	OLD_GO=$(OLD_GO) go test -race -count=1 -timeout 20m ./...

test-long:
	LONG=1 build/tests race long
	LONG=1 go test -count=1 -run MappingsChange ./go

.PHONY: fuzz fuzz-smaps fuzz-report
fuzz: ## both fuzzers for SECONDS (60), under SANITIZER (address,undefined; or memory)
	@.ci/install $(TEST_PACKAGES)
	@$(MAKE) --no-print-directory -s -j2 fuzz-smaps fuzz-report

# A finding stays in build/fuzz; its text becomes a file of the tests.
fuzz-smaps fuzz-report: fuzz-%: build/fuzz/$(SANITIZER)/%
	@mkdir -p build/fuzz/corpus-$*
	@$< $(FUZZ_LIMITS) -max_total_time=$(SECONDS) -dict=csrc/fuzz/smaps.dict -artifact_prefix=build/fuzz/$*- \
		build/fuzz/corpus-$* $(FUZZ_SEEDS) >build/fuzz/$*.log 2>&1 || { tail -n 60 build/fuzz/$*.log >&2; \
		echo 'fuzz: keep the input, build/fuzz/$*-*, as testdata/hostile/NN-what-it-is.smaps' >&2; exit 1; }
	@sed -n 's/^Done/fuzz_$*: &/p' build/fuzz/$*.log

.PHONY: test-places
test-places: ## where it runs: other machines, musl, without rights, in a chroot, in gVisor
	@.ci/install $(TEST_PACKAGES) $(PLACE_PACKAGES)
	@$(MAKE) --no-print-directory -s cli demo test-programs
	OLD_GO=$(OLD_GO) csrc/tests/places/places.sh

.PHONY: test-kernels
test-kernels: ## three kernels in QEMU, each booted once with the tests in it
	@.ci/install $(RUN_PACKAGES) libcunit1-dev $(KERNEL_PACKAGES)
	OLD_GO=$(OLD_GO) csrc/tests/kernels/kernels.sh

.PHONY: growth
growth: ## what 100,000 reports leave behind, of which `make test` makes 800: two minutes
	@LONG=1 MEMANALYZER_TEST_ALONE=1 go test -count=1 -v -run LeaveNothingBehind ./go

.PHONY: truth
truth: ## known amounts of each kind of memory, and what a report has of them
	@go test -count=1 -v -run Truth ./cmd/memdemo

.PHONY: golden
golden: ## rewrite the golden files from the captures: read the diff
	@.ci/install $(TEST_PACKAGES)
	@$(MAKE) --no-print-directory -s build/tests
	UPDATE_GOLDEN=1 build/tests golden diff
	UPDATE_GOLDEN=1 go test -count=1 -run GoldenProfiles ./go

.PHONY: bench
bench: ## what reports cost beside other readers, and what a daemon feels; below five minutes
	@.ci/install $(RUN_PACKAGES) procps python3-venv
	@$(MAKE) --no-print-directory -s cli
	-@$(MAKE) --no-print-directory -s build/venv
	go -C cmd/membench build -buildvcs=false -o ../../bin/membench .
	@PATH="$(CURDIR)/bin:$(CURDIR)/build/venv/bin:$$PATH" bin/membench
	go test -run '^$$' -bench . ./cmd/memdemo

.PHONY: rename-module
rename-module: ## give the module the path MODULE in every file that names it
	@test -n "$(MODULE)" || { echo 'rename-module: MODULE=path is wanted' >&2; exit 2; }
	git grep -lF "$$(go list -m)" | xargs sed -i "s|$$(go list -m)|$(MODULE)|g"

.PHONY: format
format: ## put C and Go into their formats
	clang-format -i $(C_SOURCES) $(C_HEADERS)
	gofmt -w csrc go cmd

.PHONY: clean
clean: ## remove what was built
	rm -rf bin build
