# Sluice. `make help` lists what there is.

GO        ?= go
CACHE     := $(CURDIR)/.cache
STATICCHECK := $(CACHE)/bin/staticcheck
FUZZTIME  ?= 30s
# MODULES are the Go modules beside the root one that hold code; those in tools/ may only pin a version.
MODULES   := $(shell git ls-files '*/go.mod' | xargs -n1 dirname | while read m; do git ls-files "$$m/*.go" | grep -q . && echo $$m; done)

.PHONY: help run build test unit peers e2e lint fuzz bench generate verify clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## /{printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/sluice
	$(GO) build -o bin/sluice ./cmd/sluice

run: ## serve http://localhost:8080 from Caddyfile.example, with an S3-compatible store (S3=off leaves it out)
	@scripts/run.sh

test: tools unit peers e2e ## everything that tests need, then all tests

.PHONY: tools
tools: ## install what tests need, or name what is missing
	@scripts/install-tools.sh

unit: ## the root module's tests, with the race detector
	scripts/gotest.sh . -race ./...

peers: ## the tests against independent implementations
	@for m in $(filter-out e2e bench,$(MODULES)); do scripts/gotest.sh $$m ./... || exit 1; done

e2e: ## the built binary against real clients and servers
	scripts/gotest.sh e2e -count=1 -timeout 20m ./...

$(STATICCHECK): tools/staticcheck/go.mod
	$(GO) -C tools/staticcheck build -o $@ honnef.co/go/tools/cmd/staticcheck

lint: $(STATICCHECK) ## gofmt, go vet, staticcheck on every module
	@bad=$$(git ls-files '*.go' | xargs gofmt -l); if [ -n "$$bad" ]; then echo "gofmt would change:"; echo "$$bad"; exit 1; fi
	@for m in . $(MODULES); do echo "lint $$m"; \
	  $(GO) -C $$m vet ./... || exit 1; \
	  (cd $$m && $(STATICCHECK) ./...) || exit 1; done

fuzz: ## every fuzz target for FUZZTIME
	@scripts/fuzz.sh $(FUZZTIME)

bench: ## the measurements of docs/benchmarks.md, each beside its baseline
	@scripts/bench.sh

generate: ## regenerate the wire types and the compatibility table
	$(GO) -C tools/wiregen run . -root ../..
	$(GO) test ./server/compat -run TestCompatibility -update
	gofmt -w api

verify: generate ## fail when something generated is stale
	@git diff --exit-code -- api docs/compatibility.md || { echo "generated files are stale: commit what make generate made"; exit 1; }

clean: ## remove what was built; data stays
	rm -rf bin .cache
