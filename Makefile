# Each target installs what it needs, or says what is missing. `make test` is what CI runs.
CARGO ?= cargo

CLIENT = npm run --silent --prefix web/client

.PHONY: help demo test check setup memory bench sbom release web web-test web-long web-bench web-api

help: ## these lines
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: ## the bridge with a server of its own, to try
	$(CARGO) run --locked -- demo

setup: ## installs the peers and the user that the tests need
	tests/setup.sh

check: ## formatting, lints, documentation, licences
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps --all-features
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
	    if $(CARGO) deny --log-level off fetch db; then $(CARGO) deny check; else \
	        echo "check: the advisory database is out of reach; checking licences, bans and sources alone"; \
	        $(CARGO) deny --offline check licenses bans sources; \
	    fi; \
	else \
	    echo "check: cargo-deny is not installed, licences unchecked: cargo install --locked cargo-deny"; \
	fi

memory: setup ## what an idle session costs in memory, measured
	$(CARGO) bench --locked --bench memory

bench: setup ## speed through the bridge beside speed without it, in one run
	$(CARGO) bench --locked --bench throughput

sbom: ## what the binary is built from, as target/sbom.cdx.json (CycloneDX)
	mkdir -p target
	.ci/sbom.py > target/sbom.cdx.json

release: ## the optimised binary
	$(CARGO) build --locked --release

test: setup check ## everything: checks, unit, integration and documentation tests, here and in browsers
	$(CARGO) check --locked
	$(CARGO) test --locked --all-features
	$(MAKE) --no-print-directory web-test

web: setup ## the client library for browsers, as web/client/dist
	$(CLIENT) build

web-test: setup ## the client library alone: checks, size, package, tests in Node and in browsers
	$(CARGO) build --locked --all-features
	$(CLIENT) check
	$(CLIENT) api:check
	$(CLIENT) size
	$(CLIENT) package
	$(CLIENT) test

web-long: setup ## the client library's long tests: more cuts, more noise, larger files
	$(CARGO) build --locked --release
	SFTPBRIDGE_BINARY=$(CURDIR)/target/release/sftpbridge $(CLIENT) test:long

web-bench: setup ## the client library's speed over slow and distant links, beside fixed windows and sftp-ws
	$(CARGO) build --locked --release
	SFTPBRIDGE_BINARY=$(CURDIR)/target/release/sftpbridge $(CLIENT) bench

web-api: setup ## writes the client library's API reference anew, into web/client/docs/api
	$(CLIENT) api
