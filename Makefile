# Everything one does with this project; a bare `make` explains itself.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PORT ?= 4180
FUZZ_SECS ?= 60
FUZZ_RUNS ?= -1

# Runs a command and prints how long it took: $(call part,name,command)
part = start=$$SECONDS; $(2); printf -- '--- %s: %s s\n' '$(1)' "$$((SECONDS - start))"

.PHONY: help run demo test check fmt lint doc tools store e2e assistants topologies servers browser conformance pictures supply image container reproducible apiserver slow mutants fuzz bench instructions needs

help: ## Show this
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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
	@$(call part,doors,cargo test --test layers --test requirements --test http --test start_up --test demo --test golden --test releases --test rotation --test monitoring)
	@$(call part,store,cargo test --test store)
	@$(call part,doctor,cargo test --test doctor)
	@$(call part,replicas,cargo test --test replicas)
	@$(call part,gateway,cargo test --test gateway)
	@$(call part,drowned,SOAK_SECS=20 cargo test --test drowned)
	@$(call part,kubernetes,cargo test --test kubernetes)
	@$(call part,end to end,cargo test --test e2e)
	@$(call part,topologies,cargo test --test topologies)
	@$(call part,servers,cargo test --test servers)
	@$(call part,browser,cargo test --test browser)
	@$(call part,conformance,cargo test --test conformance)

check: ## What CI runs: formatting, lints, dependencies, documentation, tests
	@$(call part,fmt,$(MAKE) --no-print-directory fmt)
	@$(call part,lint,$(MAKE) --no-print-directory lint)
	@$(call part,supply,$(MAKE) --no-print-directory supply)
	@$(call part,doc,$(MAKE) --no-print-directory doc)
	@$(call part,instructions,$(MAKE) --no-print-directory instructions)
	@$(call part,test,$(MAKE) --no-print-directory test)

fmt: needs ## Is the code formatted?
	@cargo fmt --check

lint: needs ## Clippy, every warning an error
	@cargo clippy --all-targets --test apiserver --test assistants -- -D warnings

doc: needs ## Build the documentation, every warning an error
	@RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items --quiet

tools: ## Install the pinned parts that the tests run against (into tests/tools)
	@$(call part,tools,tests/tools/install.sh)

store: needs tools ## Replicas that share a real Redis
	@cargo test --test store

e2e: needs tools ## The end-to-end tests alone
	@cargo test --test e2e

assistants: needs tools ## Claude Code, Codex, Copilot, opencode, VS Code and others, connected by what the landing page tells (two gigabytes to install)
	@tests/tools/install.sh assistant_parts
	@cargo test --test assistants

topologies: needs tools ## Every topology of deploy/, started as it stands, with every MCP server: the table of docs/topologies.md
	@cargo build --quiet --example rmcp_server
	@cargo test --test topologies

servers: needs tools ## MCP servers that know nothing of OAuth, in every revision: the table of docs/servers.md
	@cargo test --test servers

browser: needs tools ## The pages in Chromium, with screenshots into tests/screenshots
	@cargo test --test browser

conformance: needs tools ## Judges that others wrote, as one table
	@cargo test --test conformance

pictures: needs tools ## Draw docs/pictures anew: the deployment, the dashboard, and the pages as Chromium shows them
	@tests/tools/install.sh graphviz
	@cargo test --test browser everybody_can_read
	@DASHBOARD_SECS=90 cargo test --test monitoring every_panel
	@cp tests/screenshots/question-loopback-desktop-light.png docs/pictures/consent.png
	@cp tests/screenshots/landing-internal-desktop-light.png docs/pictures/landing.png
	@cp tests/screenshots/dashboard.png docs/pictures/dashboard.png
	@dot -Tsvg docs/pictures/deployment.dot -o docs/pictures/deployment.svg

supply: needs ## Is every dependency used, of a licence and from a registry that deny.toml allows?
	@tests/tools/install.sh python_parts
	@PATH="$$PWD/tests/tools/.venv/bin:$$PATH"; cargo deny --locked check --hide-inclusion-graph licenses bans sources; cargo shear

image: needs ## Build a release into target/image: the static program, its container image, the list of its parts
	@tests/tools/install.sh image_parts
	@deploy/image/build.sh

container: image ## Run that image as a runtime does, read-only, as nobody: a whole flow (wants root)
	@tests/tools/install.sh debian_parts python_parts
	@cargo test --test image

reproducible: image ## Build the same release in another folder and compare every byte (minutes on an idle machine, hours on a busy one)
	@deploy/image/again.sh

apiserver: needs ## The Kubernetes files and the nightly job on a real API server, which takes minutes to install
	@tests/tools/install.sh api_server manifest_parts debian_parts
	@cargo test --test apiserver

slow: needs tools ## What takes longer than a test may: an API server, the assistants, replicas under load, floods, streams held still and half a load for hours
	@$(call part,apiserver,$(MAKE) --no-print-directory apiserver)
	@$(call part,assistants,$(MAKE) --no-print-directory assistants)
	@$(call part,replicas,REPLICAS_SECS=300 cargo test --test replicas load)
	@$(call part,gateway,GATEWAY_HOLD_SECS=3600 cargo test --test gateway stands_still)
	@$(call part,drowned,DROWN_SECS=600 cargo test --test drowned whoever)
	@$(call part,soak,SOAK_SECS=3600 cargo test --test drowned half_load)
	@$(call part,image,$(MAKE) --no-print-directory container)
	@$(call part,mutants,tests/mutants.sh)

mutants: needs ## Take the guards of docs/threats.md out, one change at a time: some hours, or a part (SHARD=0/2, elsewhere, text, src/flow/verify.rs)
	@tests/mutants.sh $(SHARD)

fuzz: needs ## Throw mutations of fuzz/corpus at everything that reads what strangers send (FUZZ_SECS=60 for each target, or FUZZ_RUNS=10000000)
	@tests/tools/install.sh cargo_fuzz
	@fuzz/run.sh "$(FUZZ_SECS)" "$(FUZZ_RUNS)"

bench: needs ## What it costs, each figure beside another of the same run, with pictures (CHAPTERS="memory 1000000")
	@tests/tools/install.sh debian_parts node_parts python_parts
	@cargo bench --bench bench -- $(CHAPTERS)

instructions: needs ## Instructions of each operation, compared with benches/instructions.txt (RENEW=renew writes it anew)
	@tests/tools/install.sh debian_parts
	@cargo bench --quiet --profile dev --bench instructions -- $(RENEW)

needs:
	@for tool in cargo cc perl; do command -v $$tool >/dev/null || { echo "$$tool is needed (cargo from rustup, a C compiler and perl for the OpenSSL that is built in)"; exit 1; }; done
