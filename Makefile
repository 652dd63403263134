# Everything one does with this project; a bare `make` explains itself.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PORT ?= 4180
FUZZ_SECS ?= 60

# Runs a command and prints how long it took: $(call part,name,command)
part = start=$$SECONDS; $(2); printf -- '--- %s: %s s\n' '$(1)' "$$((SECONDS - start))"

.PHONY: help run demo test check fmt lint doc tools store e2e topologies servers browser conformance slow fuzz bench needs

help: ## Show this
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: needs ## Start everything on one machine, with a sign-in page in place of oauth2-proxy (PORT=4180)
	@cargo build --quiet --bin mcp-auth-sidecar --example demo
	@PORT=$(PORT) exec target/debug/examples/demo

demo: needs ## The same with the real oauth2-proxy and a provider with a sign-in form (PORT=4180)
	@tests/tools/install.sh oauth2_proxy node_parts
	@cargo build --quiet --bin mcp-auth-sidecar --example demo
	@PORT=$(PORT) exec target/debug/examples/demo --oauth2-proxy

test: needs tools ## Everything but the slow part: rules, doors, layers, demo, real parts, browser, judges
	@$(call part,build,cargo test --no-run)
	@$(call part,rules,cargo test --lib --bins)
	@$(call part,doors,cargo test --test layers --test requirements --test http --test start_up --test demo --test golden --test rotation --test monitoring)
	@$(call part,store,cargo test --test store)
	@$(call part,replicas,cargo test --test replicas)
	@$(call part,gateway,cargo test --test gateway)
	@$(call part,kubernetes,cargo test --test kubernetes)
	@$(call part,end to end,cargo test --test e2e)
	@$(call part,topologies,cargo test --test topologies)
	@$(call part,servers,cargo test --test servers)
	@$(call part,browser,cargo test --test browser)
	@$(call part,conformance,cargo test --test conformance)

check: ## What CI runs: formatting, lints, documentation, tests
	@$(call part,fmt,$(MAKE) --no-print-directory fmt)
	@$(call part,lint,$(MAKE) --no-print-directory lint)
	@$(call part,doc,$(MAKE) --no-print-directory doc)
	@$(call part,test,$(MAKE) --no-print-directory test)

fmt: needs ## Is the code formatted?
	@cargo fmt --check

lint: needs ## Clippy, every warning an error
	@cargo clippy --all-targets -- -D warnings

doc: needs ## Build the documentation, every warning an error
	@RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items --quiet

tools: ## Install the pinned parts that the tests run against (into tests/tools)
	@$(call part,tools,tests/tools/install.sh)

store: needs tools ## Replicas that share a real Redis
	@cargo test --test store

e2e: needs tools ## The end-to-end tests alone
	@cargo test --test e2e

topologies: needs tools ## Every topology of deploy/, started as it stands, with every MCP server: the README's table
	@cargo build --quiet --example rmcp_server
	@cargo test --test topologies

servers: needs tools ## MCP servers that know nothing of OAuth, in every revision: the table of docs/servers.md
	@cargo test --test servers

browser: needs tools ## The pages in Chromium, with screenshots into tests/screenshots
	@cargo test --test browser

conformance: needs tools ## Judges that others wrote, as one table
	@cargo test --test conformance

slow: needs tools ## What takes longer than a test may: replicas under load for five minutes, streams held still for an hour
	@$(call part,replicas,REPLICAS_SECS=300 cargo test --test replicas load)
	@$(call part,gateway,GATEWAY_HOLD_SECS=3600 cargo test --test gateway stands_still)

fuzz: needs ## Throw mutations of fuzz/corpus at everything that reads what strangers send (FUZZ_SECS=60 for each target)
	@tests/tools/install.sh cargo_fuzz
	@fuzz/run.sh "$(FUZZ_SECS)"

bench: needs ## What it costs, each figure beside another of the same run: flows, replicas, Redis, new keys, the gateway
	@tests/tools/install.sh debian_parts
	@cargo bench --bench bench

needs:
	@for tool in cargo cc perl; do command -v $$tool >/dev/null || { echo "$$tool is needed (cargo from rustup, a C compiler and perl for the OpenSSL that is built in)"; exit 1; }; done
