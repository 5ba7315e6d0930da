# Two commands do all the set-up: `make up` and `make test`.

WEIR := target/release/weir

.PHONY: up build test test-crash check unit lab peers clients console fuzz deny bench clean help deb

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 14

up: build ## install what is missing, build, and record this host's traffic
	scripts/as-root $(WEIR) up --interval 10 --deliver-every-window

build: ## install what is missing and build the program
	scripts/setup build
	cargo build --release --locked --package weir

test: check unit deny peers clients console fuzz ## everything that CI runs

check: ## formatting, lints, documentation, compiled eBPF programs
	scripts/setup test
	crates/capture/bpf/build --check
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- --deny warnings
	RUSTDOCFLAGS="--deny warnings" cargo doc --locked --workspace --no-deps

unit: ## unit, golden, property, scenario, crash and network namespace tests
	scripts/as-root env PATH="$$PATH" HOME="$$HOME" cargo test --locked --workspace

test-crash: ## kill programs that append at 50 random moments in a row; KILLS=500 for more
	WEIR_CRASH_KILLS=$(or $(KILLS),50) cargo test --locked --package weir-store --lib logs::tests::crash
	WEIR_CRASH_KILLS=$(or $(KILLS),50) cargo test --locked --package weir-watch --test crash

deny: ## licences and sources of the dependencies
	cargo deny --locked check licenses bans sources

peers: ## our counts beside those of other tools, on the same packets
	scripts/peers

clients: ## AWS clients against the program: command lines, Python, JavaScript, Rust
	scripts/clients

console: ## the console in a browser, on real packets; pictures to target/console
	scripts/console

fuzz: ## a short run of every fuzz target; SECONDS=600 for a long one
	fuzz/run $(or $(SECONDS),30)
	WEIR_FUZZ_SECONDS=$(or $(SECONDS),30) cargo test --locked --workspace --test query -- fuzz

bench: build ## measure, beside peers in the same run; figures to docs/benchmarks.md
	scripts/setup bench
	bench/run

deb: ## Debian packages of both programs, in target/debian
	scripts/setup deb
	cargo build --release --locked --package weir
	cargo build --profile agent --locked --package weir-agent
	mkdir -p target/man target/man-agent
	target/release/weir man target/man
	target/agent/weir-agent man > target/man-agent/weir-agent.1
	cargo deb --locked --no-build --package weir
	cargo deb --locked --no-build --profile agent --package weir-agent

clean: ## remove what was built
	cargo clean
	rm -rf fuzz/target bench/data
