# Run `make help` for the list of targets.

GO        ?= go
CACHE     := $(CURDIR)/.cache
GOLANGCI  := $(CACHE)/bin/golangci-lint
FUZZTIME  ?= 30s
# MODULES are the Go modules with code, the root one aside. Those in tools/ that only pin a version have none.
MODULES   := $(shell git ls-files '*/go.mod' | xargs -n1 dirname | while read m; do git ls-files "$$m/*.go" | grep -q . && echo $$m; done)

.PHONY: help run build test unit peers e2e e2e-postgres lint fuzz long bench generate verify clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/sluice
	$(GO) build -o bin/sluice ./cmd/sluice

run: ## serve http://localhost:8080 from Caddyfile.example, with an S3-compatible store (S3=off leaves it out)
	@scripts/run.sh

test: tools unit peers e2e ## install what the tests need, then run all tests

.PHONY: tools
tools: ## install what the tests need; what cannot be installed is named
	@scripts/install-tools.sh

unit: ## run the tests of the root module with the race detector, and check the coverage of the packages in scripts/coverage.txt
	scripts/unit.sh

peers: ## run the tests against independent implementations
	@for m in $(filter-out e2e bench,$(MODULES)); do scripts/gotest.sh $$m ./... || exit 1; done

e2e: ## run the binary against real clients and servers, then two processes on PostgreSQL
	scripts/gotest.sh e2e -count=1 -timeout 40m ./...
	SLUICE_E2E_STORE=postgres scripts/gotest.sh e2e -count=1 -timeout 30m -skip '^($(NOT_ON_POSTGRES)|$(LATER_ON_POSTGRES))$$' .

e2e-postgres: ## run all end-to-end tests that can be run with two processes on PostgreSQL
	SLUICE_E2E_STORE=postgres scripts/gotest.sh e2e -count=1 -timeout 40m -skip '^($(NOT_ON_POSTGRES))$$' .

# This file lists, each with a reason, those that run with one process on SQLite only, and those that make e2e leaves to make e2e-postgres.
NOT_ON_POSTGRES   = $(shell sed -n 's/^\(Test[A-Za-z0-9]*\): .*/\1/p' scripts/e2e-postgres.txt | paste -sd '|')
LATER_ON_POSTGRES = $(shell sed -n 's/^\(Test[A-Za-z0-9]*\), later: .*/\1/p' scripts/e2e-postgres.txt | paste -sd '|')

$(GOLANGCI): tools/golangci-lint/go.mod
	$(GO) -C tools/golangci-lint build -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

lint: $(GOLANGCI) ## run gofmt and golangci-lint on every module
	@bad=$$(git ls-files '*.go' | xargs gofmt -l); if [ -n "$$bad" ]; then echo "gofmt would change:"; echo "$$bad"; exit 1; fi
	@for m in . $(MODULES); do echo "lint $$m"; (cd $$m && $(GOLANGCI) run --config $(CURDIR)/.golangci.yml ./...) || exit 1; done

fuzz: long ## run the long random tests, then every fuzz target for FUZZTIME
	@scripts/fuzz.sh $(FUZZTIME)

long: ## run the random and measuring tests that are shortened otherwise, without the race detector
	@scripts/long.sh

bench: ## run the measurements of docs/benchmarks.md, each next to its baseline
	@scripts/bench.sh

generate: ## regenerate the wire types and the compatibility table
	$(GO) -C tools/wiregen run . -root ../..
	$(GO) test ./server/compat -run TestCompatibility -update
	gofmt -w api

verify: generate ## fail when a generated file is stale
	@git diff --exit-code -- api docs/compatibility.md || { echo "generated files are stale: run make generate and commit the result"; exit 1; }

clean: ## remove what was built; data stays
	rm -rf bin .cache
