# `make` alone prints the targets. `make check` is all that CI does.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS   := -s -w -X github.com/oneshelf/oneshelf/internal/version.version=$(VERSION)
GENERATED := $(wildcard ent graph)
# Where goroutines of ours meet; the rest is sequential and would only cost time.
RACED     := $(addprefix ./,$(addsuffix /...,$(wildcard auth commerce events integrations internal jobs read server graph)))
SOURCES   := find . -name '*.go' -not -path '*/node_modules/*' -not -path './.*'

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: build ## build, then serve a demo shop
	./bin/oneshelf demo

.PHONY: build
build: ## build the static binary bin/oneshelf
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/oneshelf ./cmd/oneshelf

.PHONY: generate
generate: ## write the generated code again (ent, gqlgen)
ifneq ($(GENERATED),)
	go generate $(addprefix ./,$(GENERATED))
endif

.PHONY: verify
verify: ## fail when the generated code is not what its sources say
	scripts/verify $(GENERATED)

.PHONY: test
test: ## run every test against SQLite, a real PostgreSQL and a real Redis
	scripts/testenv go test -timeout 10m ./...

.PHONY: soak
soak: ## kill servers 200 times an engine, or as often as KILLS says, under load; let 10,000 buyers rush; repeat with ONESHELF_SEED
	ONESHELF_SOAK=$(or $(KILLS),1) scripts/testenv go test -count=1 -v -timeout 180m -run 'Killed|ARush' ./cmd/oneshelf
	scripts/testenv go test -count=20 -v -timeout 60m -run TestWhateverHappens ./commerce/orders

.PHONY: race
race: ## run the tests of the concurrent rooms under the race detector (needs a C compiler)
	CGO_ENABLED=1 scripts/testenv go test -race -timeout 20m $(RACED)

.PHONY: bench
bench: build ## measure beside a hand-written program; BENCH=--short for a glance, --profile DIR for where the time goes
	scripts/testenv --durable go run ./bench --server bin/oneshelf --write docs/performance.md $(BENCH)

.PHONY: conformance
conformance: ## run what every marketplace adapter must pass, anew
	go test -count=1 -timeout 10m ./integrations/...

.PHONY: audit
audit: ## hold a fresh demo against all 61 audits of GraphQL over HTTP (needs npm)
	go test -count=1 -v -run 'TestClients/every_audit' ./clients

.PHONY: page
page: ## bundle the page at / again (needs npm)
	scripts/nodeenv clients node page/build.mjs

.PHONY: lint
lint: ## vet, formatting, staticcheck, and the direction of imports
	go vet ./...
	@unformatted=$$($(SOURCES) -exec gofmt -l {} +); \
	if [ -n "$$unformatted" ]; then printf 'gofmt these:\n%s\n' "$$unformatted"; exit 1; fi
	go tool -modfile=tools/go.mod staticcheck ./...
	go test -count=1 ./internal/arch

.PHONY: vuln
vuln: ## look for known vulnerabilities in what we call
	scripts/vuln ./...

.PHONY: tidy
tidy: ## tidy go.mod (-e: a test of a dependency's dependency may be out of reach)
	go mod tidy -e

.PHONY: clean
clean: ## remove what was built
	rm -rf bin

.PHONY: check
check: lint verify build test ## everything CI does
