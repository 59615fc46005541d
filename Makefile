# payrack. `make demo` and `make test` are all that a newcomer needs; both work on Debian 12 with Go, gcc and make.

SHELL    := bash
GO       ?= go
VERSION  ?= 0.1.0
OUT      := dist/out
HOME_DIR := $(OUT)/linux-amd64
LDFLAGS  := -s -w -X main.release=$(VERSION)
BUILD    := $(GO) build
MODULES  := sendy sbp kvell socproc lombard

export CGO_ENABLED ?= 1
# A checkout that belongs to somebody else, or none at all, builds as well. What is built in one stage serves the next where the flags are
# the same.
export GOFLAGS += -buildvcs=false -trimpath

.PHONY: all build windows demo demo-sbp demo-payout demo-social test test-callers test-windows bench sim torture mutants fuzz generate fmt clean library programs cashier

all: build

build: programs library cashier
	cd $(HOME_DIR) && sha256sum payrack $(foreach m,$(MODULES),modules/$(m)/$(m)) > payrack.sha256

programs:
	@mkdir -p $(HOME_DIR)
	CGO_ENABLED=0 $(BUILD) -ldflags "$(LDFLAGS)" -o $(HOME_DIR)/payrack ./cmd/payrack
	CGO_ENABLED=0 $(BUILD) -ldflags "$(LDFLAGS)" -o $(HOME_DIR)/payrack-sandbox ./cmd/payrack-sandbox
	@for m in $(MODULES); do mkdir -p $(HOME_DIR)/modules/$$m; \
	  echo "build module $$m"; CGO_ENABLED=0 $(BUILD) -ldflags "$(LDFLAGS)" -o $(HOME_DIR)/modules/$$m/$$m ./plugins/$$m || exit 1; done

library:
	$(BUILD) -buildmode=c-shared -ldflags "-s -w -X main.version=$(VERSION) -extldflags '-Wl,-z,nodelete'" -o $(HOME_DIR)/libpayrack.so ./abi
	@rm -f $(HOME_DIR)/libpayrack.h
	cp abi/payrack.h $(HOME_DIR)/payrack.h

cashier: library
	$(MAKE) --no-print-directory -C abi/examples/c OUT=$(abspath $(HOME_DIR))

# The installations for 32- and 64-bit Windows, cross-built: the library with mingw-w64, the programs without C.
windows: windows-386 windows-amd64
windows-386: CROSS := i686-w64-mingw32-gcc
windows-amd64: CROSS := x86_64-w64-mingw32-gcc
windows-%:
	@mkdir -p $(OUT)/$@
	CGO_ENABLED=1 GOOS=windows GOARCH=$* CC=$(CROSS) $(BUILD) -buildmode=c-shared -ldflags "-s -w -X main.version=$(VERSION) -extldflags '-Wl,--kill-at'" -o $(OUT)/$@/payrack.dll ./abi
	cp abi/payrack.h $(OUT)/$@/payrack.h
	$(MAKE) --no-print-directory -C abi/examples/c CC=$(CROSS) OUT=$(abspath $(OUT)/$@) $(foreach c,cashier cashier-stdcall,$(abspath $(OUT)/$@)/$(c).exe)
	CGO_ENABLED=0 GOOS=windows GOARCH=$* $(BUILD) -ldflags "$(LDFLAGS)" -o $(OUT)/$@/payrack.exe ./cmd/payrack
	CGO_ENABLED=0 GOOS=windows GOARCH=$* $(BUILD) -ldflags "$(LDFLAGS)" -o $(OUT)/$@/payrack-sandbox.exe ./cmd/payrack-sandbox
	@for m in $(MODULES); do mkdir -p $(OUT)/$@/modules/$$m; echo "build module $$m.exe"; \
	  CGO_ENABLED=0 GOOS=windows GOARCH=$* $(BUILD) -ldflags "$(LDFLAGS)" -o $(OUT)/$@/modules/$$m/$$m.exe ./plugins/$$m || exit 1; done
	cd tools && $(GO) run ./properties $(VERSION) $(abspath $(OUT)/$@) payrack.dll payrack.exe payrack-sandbox.exe $(foreach m,$(MODULES),modules/$(m)/$(m).exe)
	cd $(OUT)/$@ && sha256sum payrack.exe $(foreach m,$(MODULES),modules/$(m)/$(m).exe) > payrack.sha256

# Builds everything, sells, refunds and closes a day through libpayrack.so, and compares the till with the sandbox's ledger.
demo: build
	@scripts/demo.sh $(HOME_DIR)

# The same at the three banks of the SBP, side by side.
demo-sbp: build
	@scripts/demo-sbp.sh $(HOME_DIR)

# Payouts to a client's card: every dialogue, refusals, lost answers and kills, and the ledgers.
demo-payout: build
	@scripts/demo-payout.sh $(HOME_DIR)

# Receipts of which public funds pay a part, and SBP the rest.
demo-social: build
	@scripts/demo-social.sh $(HOME_DIR)

test:
	@scripts/prepare.sh
	@$(GO) run ./internal/stages scripts/stages.txt

# The same scenario at a till in Free Pascal, C#, Python, Node and C++.
test-callers:
	@scripts/prepare-callers.sh
	@$(GO) run ./internal/stages scripts/callers-stages.txt

# What was built for Windows, 32 and 64 bit, under Wine.
test-windows:
	@$(GO) run ./internal/stages scripts/windows-stages.txt

bench: build
	@$(GO) run ./internal/bench -home $(HOME_DIR) -out $(OUT)/bench.json

# The proof about money; docs/en/proof.md says what each does. TIME is how long a run takes.
TIME ?= 60s

# SEED=n replays one run; SEEDS=n runs so many; STATE=file goes on from where an earlier run stopped, and adds up.
sim:
	@$(GO) run ./internal/proof/sim $(if $(SEED),-seed $(SEED),$(if $(SEEDS),-seeds $(SEEDS),-for $(TIME)) $(if $(STATE),-state $(STATE)) -out $(OUT)/sim.json)

# CYCLES=n kills so often, however long that takes; SEED=n chooses what is killed when.
torture: build
	@$(GO) run ./internal/proof/torture -home $(HOME_DIR) $(if $(CYCLES),-cycles $(CYCLES),-for $(TIME)) $(if $(SEED),-seed $(SEED)) -out $(OUT)/torture.json

# ONLY=id,id plants these only; COUNT=n so many in turn.
mutants:
	@$(GO) run ./internal/proof/mutants $(if $(ONLY),-only $(ONLY)) $(if $(COUNT),-count $(COUNT)) -out $(OUT)/mutants.json

fuzz:
	@scripts/fuzz.sh $(TIME)

generate:
	cd internal/rpc && $(GO) tool -modfile=../../tools/go.mod buf generate
	$(GO) generate ./...

fmt:
	gofmt -w $$(git ls-files '*.go')

clean:
	rm -rf $(OUT) .demo
