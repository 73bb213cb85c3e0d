# Each target installs what it needs, or says what is missing. `make test` is what CI runs.
CARGO ?= cargo

# Most tests of the bridge wait for another program most of the time. Those in alone:: do not: they run after the others.
TESTS_AT_A_TIME = $(shell expr 3 \* $$(nproc))

CLIENT = npm run --silent --prefix web/client
APP = npm run --silent --prefix web/app

# Where the Debian package goes.
DEB_FOLDER = target/dist

# As npm leaves it behind an installation.
NODE_MODULES = web/node_modules/.package-lock.json

.PHONY: help demo test check setup memory bench sbom notices dist release page image deb deb-files deb-check shipping-test web web-test web-long web-bench web-api

help: ## these lines
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

demo: page ## the bridge with a server of its own, to try
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

notices: web ## the licences of all that is in the binary, as THIRD-PARTY
	.ci/notices.py > target/THIRD-PARTY
	mv target/THIRD-PARTY THIRD-PARTY

dist: image web ## everything that a release carries, in target/dist
	.ci/dist

release: page ## the optimised binary, with the file manager page
	$(CARGO) build --locked --release

# The image is built while the bridge's tests wait for their peers.
test: setup web check ## everything: checks, unit, integration and documentation tests, here and in browsers
	$(CARGO) check --locked
	$(CARGO) test --locked --all-features --lib --bins --test house --test docs
	$(CARGO) test --locked --all-features --doc
	nice -n 19 tests/container/build.sh & image=$$!; \
	    RUST_TEST_THREADS=$(TESTS_AT_A_TIME) $(CARGO) test --locked --all-features --test bridge -- \
	    --skip alone:: --skip shipping:: || { kill $$image 2>/dev/null; exit 1; }; \
	    wait $$image
	RUST_TEST_THREADS=1 $(CARGO) test --locked --all-features --test bridge -- alone::
	$(MAKE) --no-print-directory shipping-test
	$(MAKE) --no-print-directory web-test

image: setup ## the container image without a registry, as localhost/sftpbridge:dev; its binary as target/dist/sftpbridge
	tests/container/build.sh

shipping-test: setup web image ## the image, the chart, the packages and the commands of the documents alone
	$(CARGO) test --locked --all-features --test bridge -- shipping::

deb: ## the Debian package around target/dist/sftpbridge, which `make image` makes
	@test -x target/dist/sftpbridge || { echo "make: target/dist/sftpbridge is missing: make image" >&2; exit 1; }
	flock target/dist $(MAKE) --no-print-directory deb-files

# By one at a time: tests call it side by side. All times in it are the commit's.
deb-files:
	rm -rf target/deb
	target/dist/sftpbridge man --out target/deb/man
	target/dist/sftpbridge completions bash > target/deb/sftpbridge
	target/dist/sftpbridge completions zsh > target/deb/_sftpbridge
	target/dist/sftpbridge completions fish > target/deb/sftpbridge.fish
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} \
	    $(CARGO) deb --locked --no-build --no-strip --output $(DEB_FOLDER)/

deb-check: deb ## what lintian says about the package
	@command -v lintian >/dev/null || { echo "make: lintian is missing: apt-get install lintian" >&2; exit 1; }
	lintian --fail-on error,warning target/dist/sftpbridge_*.deb

web: $(NODE_MODULES) ## the client library and the file manager page, for the next build of the binary
	npm run --silent --prefix web build --workspaces --if-present

# The same for those who may be without npm: the binary is of use without the page, too.
page:
	@if ! command -v npm >/dev/null; then \
	    echo "make: the file manager page is left out: install Node 20.19 or newer with npm, then run this again"; \
	elif ! $(MAKE) --silent --no-print-directory $(NODE_MODULES); then \
	    echo "make: the file manager page is left out: npm cannot install its packages; see above, then run this again"; \
	else \
	    $(MAKE) --no-print-directory web; \
	fi

# No package's own scripts run, as in tests/setup.sh.
$(NODE_MODULES): web/package-lock.json
	cd web && npm ci --ignore-scripts --no-audit --no-fund </dev/null
	touch $@

web-test: setup web ## the client library and the page alone: checks, size, package, tests in Node and in browsers
	$(CARGO) build --locked --all-features
	$(CLIENT) check
	$(CLIENT) api:check
	$(CLIENT) size
	$(CLIENT) package
	$(CLIENT) test
	$(APP) check
	$(APP) test

web-long: setup web ## the long tests of both: more cuts, more noise, larger files
	$(CARGO) build --locked --release
	SFTPBRIDGE_BINARY=$(CURDIR)/target/release/sftpbridge $(CLIENT) test:long
	SFTPBRIDGE_BINARY=$(CURDIR)/target/release/sftpbridge $(APP) test:long

web-bench: setup ## the client library's speed over slow and distant links, beside fixed windows and sftp-ws
	$(CARGO) build --locked --release
	SFTPBRIDGE_BINARY=$(CURDIR)/target/release/sftpbridge $(CLIENT) bench

web-api: setup ## writes the client library's API reference anew, into web/client/docs/api
	$(CLIENT) api
