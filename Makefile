# What a developer types. Each target is one line of work; what is longer lives in scripts/.

SWIFT ?= swift
# Arguments for pytest (`make test-acceptance ARGS="-k docker"`) or for the benchmark.
ARGS ?=
# All tests at once would starve those that wait for something, on few processors.
WIDTH = --experimental-maximum-parallelization-width 8

.DEFAULT_GOAL := help
.PHONY: help run build build-tests clients test test-unit test-acceptance test-cluster lint format bench install-deps install-clients clean

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

run: install-deps build ## Build and serve on 127.0.0.1:5000, with everything under ./data
	@exec scripts/run

build: ## Build the release binary, .build/release/cove
	$(SWIFT) build -c release --product cove

test: ## Everything CI runs
	$(MAKE) --jobs=2 build-tests clients
	$(MAKE) lint test-unit build test-acceptance test-cluster

build-tests: install-deps
	$(SWIFT) build --build-tests

# Beside the build: what the clients need comes over the network, and keeps no processor busy.
clients: install-clients
	scripts/acceptance --version

test-unit: ## The unit tests; those of the metadata store on SQLite and on PostgreSQL
	$(SWIFT) test $(WIDTH) --skip 'CoveRedisTests|RedisRegistryTests'
	$(SWIFT) test $(WIDTH) --skip-build --filter 'CoveRedisTests|RedisRegistryTests'
	scripts/with-postgresql $(SWIFT) test $(WIDTH) --skip-build --filter 'CoveMetadataTests|CoveRegistryTests' --skip RedisRegistryTests

# More tests at once than there are processors: many of them mostly wait. A file stays with one worker, for what its tests share.
test-acceptance: ## Real clients against a real server (needs a build)
	scripts/acceptance -n 3 --dist loadfile --no-loadscope-reorder --ignore=Cluster $(ARGS)

test-cluster: ## The same clients against three nodes behind nginx, and all that is about many nodes (needs a build)
	scripts/acceptance --cluster -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: ## Check the format
	$(SWIFT) format lint --strict --recursive Sources Tests Package.swift

format: ## Put the format right
	$(SWIFT) format --in-place --recursive Sources Tests Package.swift

bench: build ## Cove beside Debian's docker-registry, as a table of ratios
	scripts/bench $(ARGS)

install-deps: ## The libraries a build needs (as root; else says what is missing)
	@scripts/install-deps

install-clients: install-deps ## The clients the acceptance tests drive (as root; else says what is missing)
	@scripts/install-clients

clean: ## Remove what was built
	$(SWIFT) package clean
