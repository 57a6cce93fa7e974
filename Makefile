# `make help` lists the targets.

# One of make's own rules would make the folder go from go.mod.
MAKEFLAGS += --no-builtin-rules

CC ?= cc
AR ?= ar
OBJCOPY ?= objcopy
# -O3: with -O2 parser and report take an eighth longer.
CFLAGS ?= -O3 -g
PREFIX ?= /usr/local
DESTDIR ?=
ADDR ?= 127.0.0.1:6060

VERSION := $(shell sed -n 's/^.define MEMA_VERSION "\(.*\)"/\1/p' csrc/memanalyzer.h)

# Warnings are errors here, never in a user's build.
STRICT := -std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Werror
SANITIZE := -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

# The compiler writes which headers an object depends on, beside the object.
DEPEND = -MMD -MP -MF $(basename $@).d -MT $@

# The seconds that `make fuzz` runs, and its sanitizer; memory is the other choice.
SECONDS ?= 60
SANITIZER ?= address,undefined
FUZZ := -g -O2 -fsanitize=fuzzer,$(SANITIZER) -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_LIMITS := -max_len=8000 -timeout=10 -rss_limit_mb=1024
FUZZ_SEEDS = $(wildcard testdata/real testdata/rules testdata/hostile ../shared/corpus)

# csrc/tests/failing.c replaces these.
WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

# The core is freestanding; the rest of the library touches the system.
CORE := names region allocators smaps smaps_line smaps_fast smaps_capture classify classify_rules report report_split \
	report_apportion report_bounds report_sums report_arena report_names report_rows report_run report_warnings diff render \
	render_shared render_round render_text render_text_diff render_json render_json_values render_json_diff \
	render_openmetrics render_smaps escape elf
LINUX := limits_linux lines_linux pagemap_linux process_linux system_linux self_labels_linux self_malloc_linux self_heap_linux self_memory_linux self_metadata_linux self_object_linux self_read_linux self_stack_linux self_range_linux \
	source_scan_linux source_smaps_linux source_text_linux
HOSTED := collect error limits_cgroup source_file source_owners source_reader
LIBRARY := $(CORE) $(HOSTED) \
	$(if $(filter Linux,$(shell uname -s)),$(LINUX),self_other source_other)
CLI := main options reading watch color
TESTS := $(patsubst csrc/tests/%.c,%,$(wildcard csrc/tests/*.c))

# All C; csrc/wasm is not for the machine's own compiler.
C_WASM := $(wildcard csrc/wasm/*.c csrc/wasm/*.h csrc/wasm/include/*.h csrc/wasm/include/*/*.h)
C_SOURCES := $(wildcard csrc/*.c csrc/tests/*.c csrc/tests/programs/*.c csrc/fuzz/*.c cmd/memanalyzer/*.c)
C_HEADERS := $(wildcard csrc/*.h csrc/tests/*.h csrc/fuzz/*.h cmd/memanalyzer/*.h)
GO_SOURCES := $(shell find csrc go cmd -name '*.go' -not -path '*/plain/module/*' 2>/dev/null)
# Data that the tests of both languages read.
TEST_DATA := $(shell find testdata ../shared/captures ../shared/corpus -type f 2>/dev/null)

# Go 1.26 and 1.27 are supported: the machine's is one of them, and this is the newest of the other.
OTHER_GO := $(if $(findstring go1.27,$(shell go env GOVERSION 2>/dev/null)),go1.26.11,go1.27.4)
# The tools of `make generate`, their versions, which decide the bytes that they write, and the files of the library
# that it translates: csrc/wasm has its own in place of the others.
GENERATE_PACKAGES := clang-19 lld-19
PLAIN := $(filter-out source_file self_heap_linux self_malloc_linux self_read_linux system_linux,$(CORE) $(HOSTED) $(LINUX))
WASM2GO := github.com/ncruces/wasm2go@v0.4.22 github.com/ncruces/wasm2go/libc-gen@v0.4.22
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

RUN_PACKAGES := libc6-dev curl ca-certificates
TEST_PACKAGES := $(RUN_PACKAGES) libcunit1-dev clang libclang-rt-dev lld clang-format mandoc \
	jq procps python3-jsonschema python3-venv
READER_PACKAGES := prometheus
QUICK_PLACES := plain_386 plain_s390x plain_wasip1 musl unprivileged read_only_root bare_chroot gvisor
QUICK_PLACE_PACKAGES := musl-tools runsc qemu-user-static
WAZERO := github.com/tetratelabs/wazero/cmd/wazero@v1.12.0
FOREIGN_PACKAGES := libjemalloc2 libmimalloc-dev libtcmalloc-minimal4 libclang-rt-dev musl-tools
PLACE_PACKAGES := $(QUICK_PLACE_PACKAGES) gcc-i686-linux-gnu libc6-dev-i386-cross gcc-s390x-linux-gnu \
	libc6-dev-s390x-cross gcc-aarch64-linux-gnu libc6-dev-arm64-cross debootstrap podman crun conmon
ENGINE_PACKAGES := $(RUN_PACKAGES) g++
KERNEL_PACKAGES := qemu-system-x86 busybox-static cpio

.PHONY: help
help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

## Building

.PHONY: cli
cli: bin/memanalyzer ## build the C command line, bin/memanalyzer (needs no Go)

.PHONY: lib
lib: build/libmemanalyzer.a ## build the static C library, build/libmemanalyzer.a

bin/memanalyzer: $(CLI:%=build/cli-%.o) $(LIBRARY:%=build/%.o)
	@mkdir -p bin
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

# One object, so that only what the header declares can be seen from outside.
build/libmemanalyzer.a: $(LIBRARY:%=build/%.o)
	$(CC) $(CFLAGS) -r -nostdlib -o build/memanalyzer.o $^
	$(OBJCOPY) --localize-hidden build/memanalyzer.o
	rm -f $@
	$(AR) rcs $@ build/memanalyzer.o

build/%.o: csrc/%.c build/flags
	$(CC) -std=c11 $(CFLAGS) $(DEPEND) -fvisibility=hidden -c -o $@ $<

build/cli-%.o: cmd/memanalyzer/%.c build/flags
	$(CC) -std=c11 $(CFLAGS) $(DEPEND) -c -o $@ $<

-include $(wildcard build/*.d build/wasm/*.d build/strict/*/*.d build/strict/*/*/*.d build/strict/*/*/*/*.d)

# All that is compiled depends on this file, which changes if the compiler or its flags do.
FLAGS := $(CC) $(CFLAGS) $(LDFLAGS) $(STRICT) $(SANITIZE) -MMD
ifneq ($(file <build/flags),$(FLAGS))
build/flags: always
endif
build/flags:
	@mkdir -p build
	@echo '$(FLAGS)' >$@

.PHONY: always

.PHONY: demo
demo: ## build the Go daemon with every kind of memory, bin/memdemo
	go build -buildvcs=false -o bin/memdemo ./cmd/memdemo

.PHONY: install
install: cli lib ## install command, man page, library, header and pkg-config file below PREFIX
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
run: ## run the demo at ADDR (127.0.0.1:6060) and show its first report; Ctrl-C, or ONCE=1, ends it
	@.ci/install $(RUN_PACKAGES)
	@[ -x bin/memdemo ] || echo 'Building the command line and the demo: about a minute, if Go has to compile its library first'
	@$(MAKE) --no-print-directory -s cli
	@go build -v -buildvcs=false -o bin/memdemo ./cmd/memdemo
	@exec cmd/memdemo/run.sh "$(or $(ADDR),127.0.0.1:6060)" "$(ONCE)"

## Testing

build/tests: $(LIBRARY:%=build/san-%.o) $(TESTS:%=build/san-tests-%.o)
	$(CC) $(SANITIZE) $(LDFLAGS) -o $@ $^ $(WRAP) -Wl,--wrap=mema_self_memory_look -lcunit

build/san-%.o: csrc/%.c build/flags
	$(CC) $(STRICT) $(SANITIZE) $(DEPEND) -c -o $@ $<

build/san-tests-%.o: csrc/tests/%.c build/flags
	$(CC) $(STRICT) $(SANITIZE) $(DEPEND) -c -o $@ $<

build/san-cli-%.o: cmd/memanalyzer/%.c build/flags
	$(CC) $(STRICT) $(SANITIZE) $(DEPEND) -c -o $@ $<

TEST_PROGRAMS := build/tests build/stopped build/restless build/stacks build/failing build/heaps
.PHONY: test-programs
test-programs: $(TEST_PROGRAMS)

# Programs that the tests look at, each linked by itself.
build/stopped build/restless build/stacks: build/%: csrc/tests/programs/%.c build/flags
	$(CC) $(STRICT) $(DEPEND) -O1 -static -pthread -o $@ $<

# Memory of other allocators and runtimes, in programs of their own, or preloaded into another.
FOREIGN := build/foreign build/foreign.so build/foreign-musl
build/foreign build/foreign.so: csrc/tests/programs/foreign.c build/flags
	$(CC) $(STRICT) -O1 -pthread -fvisibility=hidden $(if $(filter %.so,$@),-shared -fPIC) -o $@ $<

build/foreign-musl: csrc/tests/programs/foreign.c build/flags
	musl-gcc $(STRICT) -O1 -pthread -static -o $@ $<

.PHONY: foreign
foreign: $(FOREIGN)

# The command line without its main.c, which failing.c includes.
build/failing: build/san-programs-failing.o $(patsubst %,build/san-cli-%.o,$(filter-out main,$(CLI))) \
		build/san-tests-failing.o $(LIBRARY:%=build/san-%.o)
	$(CC) $(STRICT) $(SANITIZE) $(LDFLAGS) $(WRAP) -o $@ $^

# Judges its own C heap: the malloc of build/tests is a sanitizer's.
build/heaps: build/programs-heaps.o build/tests-expect_capture.o $(LIBRARY:%=build/%.o)
	$(CC) $(STRICT) -O1 -pthread $(LDFLAGS) -o $@ $^

build/san-programs-%.o: csrc/tests/programs/%.c build/flags
	$(CC) $(STRICT) $(SANITIZE) $(DEPEND) -c -o $@ $<

build/programs-%.o: csrc/tests/programs/%.c build/flags
	$(CC) $(STRICT) $(DEPEND) -O1 -pthread -c -o $@ $<

build/tests-%.o: csrc/tests/%.c build/flags
	$(CC) $(STRICT) $(DEPEND) -O1 -pthread -c -o $@ $<

# Without CUnit: csrc/fuzz/fuzz.c has the assertions of csrc/tests/records.c.
FUZZ_FILES := csrc/fuzz/fuzz csrc/tests/records csrc/tests/expect_output csrc/tests/harmless csrc/tests/failing \
	$(LIBRARY:%=csrc/%)
FUZZ_OBJECTS := $(FUZZ_FILES:%=build/fuzz/$(SANITIZER)/%.o)
-include $(wildcard build/fuzz/$(SANITIZER)/*/*.d build/fuzz/$(SANITIZER)/*/*/*.d)

FUZZERS := build/fuzz/$(SANITIZER)/fuzz_smaps build/fuzz/$(SANITIZER)/fuzz_report
$(FUZZERS): build/fuzz/$(SANITIZER)/fuzz_%: build/fuzz/$(SANITIZER)/csrc/fuzz/fuzz_%.o $(FUZZ_OBJECTS)
	clang $(FUZZ) $(WRAP) -o $@ $^

build/fuzz/$(SANITIZER)/%.o: %.c build/flags
	@mkdir -p $(@D)
	clang $(STRICT) $(FUZZ) $(DEPEND) -c -o $@ $<

# Packages of PyPI.
build/venv: .ci/requirements.txt
	/usr/bin/python3 -m venv --clear build/venv
	build/venv/bin/pip install -q --disable-pip-version-check -r $<
	@touch $@

# The core imports these two functions and no others: the rest of csrc/memory.h is
# instructions.
build/core.wasm: $(CORE:%=build/wasm/%.o)
	@printf 'memchr\nmemcmp\n' > build/core.imports
	clang --target=wasm32 -nostdlib -Wl,--no-entry -Wl,--export-all \
		-Wl,--allow-undefined-file=build/core.imports -o $@ $^

build/wasm/%.o: csrc/%.c build/flags
	@mkdir -p $(@D)
	clang --target=wasm32 $(STRICT) $(DEPEND) -O2 -ffreestanding -mbulk-memory -c -o $@ $<

# A check that passed leaves build/checked/NAME, and runs again if something that it
# depends on has changed since it began.
CHECKS := format strict man gofmt vet c go promcollector membench engines
BEGIN = @mkdir -p build/checked && touch $@.new
END = @mv $@.new $@

.PHONY: check checked
check: ## run formatters, linters and quick tests, only those that a change since they passed concerns
	@.ci/install $(TEST_PACKAGES)
	@if $(MAKE) -s -q checked; then echo 'make check: nothing has changed since it passed'; else \
		$(MAKE) --no-print-directory -s -j"$$(nproc)" -O checked; fi

checked: $(CHECKS:%=build/checked/%) build/core.wasm

build/checked/format: .clang-format $(C_SOURCES) $(C_HEADERS) $(C_WASM)
	$(BEGIN)
	clang-format --dry-run -Werror $(filter %.c %.h,$(if $(filter .clang-format,$?),$^,$?))
	$(END)

build/checked/strict: $(C_SOURCES:%.c=build/strict/%.ok)
	$(BEGIN)
	$(END)

build/strict/%.ok: %.c build/flags
	@mkdir -p $(@D)
	clang $(STRICT) $(DEPEND) -fsyntax-only $<
	@touch $@

# References to pages that are not installed are a matter of style.
build/checked/man: cmd/memanalyzer/memanalyzer.1
	$(BEGIN)
	mandoc -Tlint -W warning $<
	$(END)

build/checked/gofmt: $(GO_SOURCES)
	$(BEGIN)
	@test -z "$$(gofmt -l $? | tee /dev/stderr)"
	$(END)

# Programs that are built anew can be the same as those that passed.
build/checked/c: $(TEST_PROGRAMS) bin/memanalyzer $(TEST_DATA)
	$(BEGIN)
	@cat $^ | cksum >$@.sum.new
	@cmp -s $@.sum.new $@.sum || build/tests quick
	@mv $@.sum.new $@.sum
	$(END)

# Go's own cache knows which packages a change concerns. Vet comes first, and compiles the
# package that the modules share. A folder changes if a file is removed.
GO_PACKAGES := go.mod go.sum csrc go $(wildcard csrc/*.* go/*.go)
GO_MODULES := . go/promcollector cmd/membench cmd/engines
build/checked/vet: $(GO_PACKAGES) $(GO_SOURCES) $(wildcard cmd/* cmd/*/go.* go/*/go.*)
	$(BEGIN)
	for module in $(GO_MODULES); do go -C $$module vet ./... || exit; done
	$(END)

build/checked/go build/checked/promcollector build/checked/membench build/checked/engines: | build/checked/vet

build/checked/go: $(GO_PACKAGES) $(wildcard cmd/memdemo/*.go) $(TEST_DATA) build/venv
	$(BEGIN)
	go test -short -vet=off ./...
	$(END)

build/checked/promcollector: $(GO_PACKAGES) $(wildcard go/promcollector/* go/promcollector/testdata/*) $(TEST_DATA)
	$(BEGIN)
	go -C go/promcollector test -vet=off ./...
	$(END)

build/checked/membench: $(GO_PACKAGES) $(wildcard cmd/membench/*) bin/memanalyzer build/venv
	$(BEGIN)
	go -C cmd/membench test -short -vet=off ./...
	$(END)

build/checked/engines: $(GO_PACKAGES) $(wildcard cmd/engines/*) docs/engines.md
	$(BEGIN)
	go -C cmd/engines test -short -vet=off ./...
	$(END)

.PHONY: check-c check-go
check-c: test-programs bin/memanalyzer ## run all C tests but the long ones
	build/tests

check-go: build/venv bin/memanalyzer ## run all quick Go tests, cached or not
	go test -short -count=1 ./...
	go -C go/promcollector test -count=1 ./...
	go -C cmd/membench test -short -count=1 ./...
	go -C cmd/engines test -short -count=1 ./...

# The stages of `make test` and of `make test-all`. Stage NAME is `make test-NAME`.
STAGES := build lint generate c kernel go race fuzz places
ALL_STAGES := build-all lint generate c-long go-all race-all other-go engines fuzz-long places-all kernels

.PHONY: test test-all
test: ## run the tests, also in the quick places and on a kernel with names of memory
	@.ci/stages $(STAGES)

test-all: ## run `make test` and what is slow: long runs, both Go versions, all places and kernels
	@.ci/stages $(ALL_STAGES)

stage-%:
	@.ci/stage $* $(MAKE) --no-print-directory test-$*

# Builds for all other stages, two of which may run at the same time.
.PHONY: test-build test-build-all static-other-go
test-build:
	.ci/install $(GENERATE_PACKAGES) $(TEST_PACKAGES) $(READER_PACKAGES) $(FOREIGN_PACKAGES) $(QUICK_PLACE_PACKAGES) $(KERNEL_PACKAGES)
	$(MAKE) -s -j"$$(nproc)" cli demo test-programs foreign build/core.wasm build/venv $(FUZZERS) $(STATIC)

test-build-all: test-build static-other-go
	.ci/install $(PLACE_PACKAGES)

# A tree of static programs, which runs in other kernels and in an empty root.
STATIC := build/places/static/built
$(STATIC): $(C_SOURCES) $(C_HEADERS) $(GO_SOURCES) $(TEST_DATA) go.mod build/flags csrc/tests/places/static.sh
	csrc/tests/places/static.sh
	@touch $@

# The other Go's program that checks the amounts of memdemo; init runs it if it is there.
static-other-go: $(STATIC)
	GOTOOLCHAIN=$(OTHER_GO) csrc/tests/places/static.sh truth-other-go

build/staticcheck: Makefile
	GOBIN="$(CURDIR)/build" go install $(STATICCHECK)
	@touch $@

.PHONY: test-lint test-c test-go test-race test-c-long test-go-all test-race-all test-other-go
test-lint: build/checked/format build/checked/strict build/checked/man build/checked/gofmt build/checked/vet \
		build/staticcheck
	.ci/listed
	for module in $(GO_MODULES); do (cd $$module && \
		"$(CURDIR)/build/staticcheck" $$(go list ./... | grep -v /plain/module)) || exit; done

test-c: $(TEST_PROGRAMS) bin/memanalyzer
	build/tests
	build/tests long

test-c-long: $(TEST_PROGRAMS) bin/memanalyzer
	LONG=1 build/tests
	LONG=1 build/tests long

GO_TEST := test -v -count=1 -timeout 20m
test-go: build/venv bin/memanalyzer $(FOREIGN)
	go $(GO_TEST) ./...
	CGO_ENABLED=0 go $(GO_TEST) ./...
	go -C go/promcollector $(GO_TEST) ./...
	go -C cmd/membench $(GO_TEST) ./...
	go -C cmd/engines $(GO_TEST) ./...

test-race:
	go $(GO_TEST) -race -short ./go

# OTHER_GO has the tests build users' programs in a dozen ways.
test-go-all: export OTHER_GO := $(OTHER_GO)
test-go-all: test-go
	LONG=1 go $(GO_TEST) -run MappingsChange ./go

test-race-all:
	go $(GO_TEST) -race ./...

test-other-go:
	GOTOOLCHAIN=$(OTHER_GO) go $(GO_TEST) -short ./...
	GOTOOLCHAIN=$(OTHER_GO) CGO_ENABLED=0 go $(GO_TEST) ./...
	GOTOOLCHAIN=$(OTHER_GO) go $(GO_TEST) -tags memanalyzer_nocgo -short ./go
	GOTOOLCHAIN=$(OTHER_GO) go -C cmd/membench $(GO_TEST) ./...
	GOTOOLCHAIN=$(OTHER_GO) go $(GO_TEST) -race -short ./go

# v8go and duckdb do not link into one program: each has a copy of ICU.
.PHONY: test-engines
test-engines: ## let databases and other engines do 200 MB of work each, and check their rows; downloads 230 MB
	@.ci/install $(ENGINE_PACKAGES)
	go -C cmd/engines $(GO_TEST) -tags engines_all ./...
	go -C cmd/engines $(GO_TEST) -tags engines_v8 -run Engines/v8go ./...

.PHONY: fuzz fuzz-smaps fuzz-report test-fuzz test-fuzz-long
fuzz: ## run both fuzzers for SECONDS (60) under SANITIZER (address,undefined; or memory)
	@.ci/install $(TEST_PACKAGES)
	@$(MAKE) --no-print-directory -s -j2 fuzz-smaps fuzz-report

test-fuzz:
	$(MAKE) --no-print-directory -s -j2 fuzz-smaps fuzz-report SECONDS=10

test-fuzz-long:
	$(MAKE) --no-print-directory -s -j2 fuzz-smaps fuzz-report SECONDS=20

# A finding stays in build/fuzz; its text becomes a file of the tests.
fuzz-smaps fuzz-report: fuzz-%: build/fuzz/$(SANITIZER)/fuzz_%
	@mkdir -p build/fuzz/corpus-$*
	@$< $(FUZZ_LIMITS) -max_total_time=$(SECONDS) -dict=csrc/fuzz/smaps.dict -artifact_prefix=build/fuzz/$*- \
		build/fuzz/corpus-$* $(FUZZ_SEEDS) >build/fuzz/$*.log 2>&1 || { tail -n 60 build/fuzz/$*.log >&2; \
		echo 'fuzz: keep the input, build/fuzz/$*-*, as testdata/hostile/NN-name-of-the-defect.smaps' >&2; exit 1; }
	@sed -n 's/^Done/fuzz_$*: &/p' build/fuzz/$*.log

.PHONY: test-places test-places-all test-kernel test-kernels
test-places test-places-all: demo $(TEST_PROGRAMS) bin/memanalyzer $(STATIC) build/tools/wazero
test-kernel: $(STATIC)
test-kernels: static-other-go
test-places: ## run tests with musl, unprivileged, with a read-only root, in a bare chroot, in gVisor; without cgo on 386, s390x and WebAssembly
	@.ci/install $(QUICK_PLACE_PACKAGES)
	csrc/tests/places/places.sh $(QUICK_PLACES)

test-places-all: ## the same, in C on i386, s390x and arm64, without cgo on five more, and in Debian 13, sid and containers
	@.ci/install $(PLACE_PACKAGES)
	csrc/tests/places/places.sh

test-kernel: ## run the tests in QEMU on a kernel with names of memory
	@.ci/install $(KERNEL_PACKAGES)
	csrc/tests/kernels/kernels.sh named

test-kernels: ## run the tests in QEMU on five kernels: Linux 6.1, 6.12 and 7.2, with names of memory and without
	@.ci/install $(KERNEL_PACKAGES)
	csrc/tests/kernels/kernels.sh

.PHONY: test-bare
test-bare: ## run the README's commands on a bare Debian of SUITE (bookworm), with time and sizes; needs root
	@.ci/bare

.PHONY: findings
findings: ## run the findings about other software; needs the network, installs in temporary folders
	@.ci/install python3-venv prometheus
	@for finding in findings/*-*.sh; do $$finding || true; done

.PHONY: growth
growth: ## check that 100,000 reports leave no memory behind (`make test` makes 800): two minutes
	@LONG=1 MEMANALYZER_TEST_ALONE=1 go test -count=1 -v -run LeaveNothingBehind ./go

.PHONY: truth
truth: ## compare known amounts of each kind of memory with the report
	@.ci/install $(FOREIGN_PACKAGES)
	@$(MAKE) --no-print-directory -s foreign
	@go test -count=1 -v -run 'Truth|ForeignMemory' ./cmd/memdemo

build/tools/wasm2go: Makefile
	GOBIN="$(CURDIR)/build/tools" go install $(WASM2GO)
	@touch $@

build/tools/wazero: Makefile
	GOBIN="$(CURDIR)/build/tools" go install $(WAZERO)
	@touch $@

.PHONY: generate test-generate
generate: ## translate the C library to Go, for builds without cgo (go/internal/plain)
	@.ci/install $(GENERATE_PACKAGES)
	@$(MAKE) --no-print-directory -s build/tools/wasm2go
	csrc/wasm/generate.sh go/internal/plain $(PLAIN)

# What is committed must be what the tools write.
test-generate: build/tools/wasm2go
	.ci/install $(GENERATE_PACKAGES)
	rm -rf build/_generated
	csrc/wasm/generate.sh build/_generated $(PLAIN)
	for file in layout.go sources.sum module/libc.go module/module.go module/reset.go; do \
		cmp build/_generated/$$file go/internal/plain/$$file || exit; done
	@echo 'PASS: generated files'

.PHONY: golden
golden: ## rewrite the golden files from the captures; read the diff
	@.ci/install $(TEST_PACKAGES)
	@$(MAKE) --no-print-directory -s build/tests
	UPDATE_GOLDEN=1 build/tests golden diff
	UPDATE_GOLDEN=1 go test -count=1 -run GoldenProfiles ./go

.PHONY: bench
bench: ## what reports cost beside other readers, and what a daemon feels; six to nine minutes
	@.ci/install $(RUN_PACKAGES) procps python3-venv
	@$(MAKE) --no-print-directory -s cli
	-@$(MAKE) --no-print-directory -s build/venv
	go -C cmd/membench build -buildvcs=false -o ../../bin/membench .
	CGO_ENABLED=0 go -C cmd/membench build -buildvcs=false -o ../../bin/membench-nocgo .
	@PATH="$(CURDIR)/bin:$(CURDIR)/build/venv/bin:$$PATH" bin/membench
	go test -run '^$$' -bench . ./cmd/memdemo

.PHONY: rename-module
rename-module: ## change the module path to MODULE in every file
	@test -n "$(MODULE)" || { echo 'rename-module: set MODULE=path' >&2; exit 2; }
	git grep -lF "$$(go list -m)" | xargs sed -i "s|$$(go list -m)|$(MODULE)|g"

.PHONY: format
format: ## format C and Go sources
	clang-format -i $(C_SOURCES) $(C_HEADERS) $(C_WASM)
	gofmt -w csrc go cmd

.PHONY: clean
clean: ## remove bin and build
	rm -rf bin build
