//! What is done with each command that the documentation shows outside sessions.

/// A command, as it stands there.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) command: &'static str,
    pub(crate) how: How,
}

/// How a command is tested.
#[derive(Debug)]
pub(crate) enum How {
    /// It runs, ends well and prints these lines, among others. `...` stands for any text.
    Runs(&'static [&'static str]),
    /// Another command of the documentation runs in its place, for this reason.
    Instead(&'static str, #[expect(dead_code, reason = "for readers")] &'static str),
    /// It is a web service: it is asked for its pages, and then told to end.
    Serves,
    /// A step of `scripts/test` runs it: this text.
    Step(&'static str),
    /// A session runs it, with `--quiet`.
    Session,
    /// This program compares its own result.
    Here,
    /// It does not run, for this reason.
    Not(#[expect(dead_code, reason = "for readers")] &'static str),
}

use How::{Here, Instead, Not, Runs, Serves, Session, Step};

const fn entry(command: &'static str, how: How) -> Entry {
    Entry { command, how }
}

const PEERS: &str = "it builds other clients, which no test depends on, from the registry";
const ITSELF: &str = "it is what runs this";

/// Each command once.
pub(crate) const PLAN: &[Entry] = &[
    // Examples.
    entry("cargo run --release --example transport --features sim", Session),
    entry(
        "cargo run --release --package hashslot-simulate",
        Instead(
            "cargo run --release --package hashslot-simulate -- --seeds 0..20 --profile reshard",
            "it takes 1000 fresh seeds, which may find something new",
        ),
    ),
    entry(
        "cargo run --release --package hashslot-simulate -- --seeds 0..20 --profile reshard",
        Runs(&["seeds 0..20, 500 steps, reshard", "20 seeds in ...; 0 seeds failed"]),
    ),
    entry(
        "cargo run --release --package hashslot-explore -- --world moved --depth 12",
        Runs(&["moved ... 12 deep, ...", "1 world ... 0 wrong"]),
    ),
    entry(
        "cargo run --example custom_runtime --features sim,std",
        Runs(&["slot ... went from ... to ...: 1 redirection followed"]),
    ),
    entry(
        "cargo run --example event_loop 127.0.0.1:7000",
        Runs(&["Pipeline([Ok(...)])", "Stats { ..."]),
    ),
    entry(
        "cargo run --example session_store --features tokio -- redis://127.0.0.1:7000",
        Runs(&["loaded: true", "ended: true", "loaded: None"]),
    ),
    entry(
        "cargo run --example rate_limiter --features tokio -- redis://127.0.0.1:7000",
        Runs(&["request 3: true", "request 4: false"]),
    ),
    entry(
        "cargo run --example leaderboard --features tokio -- redis://127.0.0.1:7000",
        Runs(&["bob has 130.5", "1. bob 130.5", "3. cid 95", "cid is at 3 of 4"]),
    ),
    entry(
        "cargo run --example cache_aside --features tokio -- redis://127.0.0.1:7000",
        Runs(&["computed", "<h1>home</h1>"]),
    ),
    entry(
        "cargo run --example lock --features tokio -- redis://127.0.0.1:7000",
        Runs(&["ann locks: true", "bob unlocks: false", "ann unlocks: true", "bob locks: true"]),
    ),
    entry(
        "cargo run --example stream_worker --features tokio -- redis://127.0.0.1:7000",
        Runs(&["billed 150, pending 0"]),
    ),
    entry(
        "cargo run --example bulk_load --features tokio -- redis://127.0.0.1:7000 20000",
        Runs(&["20000 rows, 0 failed"]),
    ),
    entry("cargo run --package web-service -- redis://127.0.0.1:7000", Serves),
    // Scripts for users.
    entry("scripts/demo", Runs(DEMO)),
    entry("scripts/demo --runtime smol", Runs(DEMO)),
    entry("scripts/demo --announce hostname", Runs(DEMO)),
    entry("scripts/demo --nodes host:port,..", Runs(DEMO)),
    entry(
        "scripts/chaos",
        Instead("scripts/chaos --only C-7 --server valkey-9.1 --seconds 1", "it takes minutes"),
    ),
    entry("scripts/demo --help", Runs(&["      --announce <WAY>"])),
    entry("scripts/chaos --help", Runs(&["...--only <NAME,..>..."])),
    entry("scripts/chaos --list", Runs(&["C-0 ...", "C-12 ..."])),
    entry(
        "scripts/chaos --only C-7 --server valkey-9.1 --seconds 1",
        Runs(&["C-7 ...PASS ...", "chaos: ...: PASS"]),
    ),
    // Scripts for contributors.
    entry("scripts/test", Not(ITSELF)),
    entry(".ci/run", Not(ITSELF)),
    entry("scripts/test --quick", Not(ITSELF)),
    entry("scripts/test --combinations", Not("it builds each pair of features, for an hour")),
    entry("scripts/docs", Not(ITSELF)),
    entry("scripts/docs README", Not(ITSELF)),
    entry("scripts/servers", Step("    scripts/servers ||")),
    entry(
        "scripts/servers redis-7.0 valkey-9.1",
        Runs(&["redis-7.0   ...redis-7.0/server", "valkey-9.1  ...valkey-9.1/server"]),
    ),
    entry("scripts/faults", Step("table=$(scripts/faults)")),
    entry("scripts/faults --missing", Runs(&["... faults: ... with tests, ... later, 0 without"])),
    entry("scripts/instructions", Step("    scripts/instructions\n")),
    entry("scripts/instructions --valgrind", Step("scripts/instructions --valgrind")),
    entry("scripts/instructions --bless", Not("it writes figures anew that are compared")),
    entry("scripts/teeth", Not("it builds the crate once for each bug")),
    entry("scripts/teeth 3 20 no-fence", Not("it builds the crate once for each bug")),
    entry("scripts/teeth --quick ..", Not("it builds the crate once for each bug")),
    entry("scripts/fuzz", Step("counted cargo test --workspace --all-features")),
    entry("cargo tree -e normal", Here),
    entry("cargo test --package hashslot-cli", Step("counted cargo test --package hashslot-cli")),
    entry(
        "cargo test --all-features --test it real::adapter -- --nocapture",
        Runs(&[
            "async_std: ... tests",
            "blocking: ... tests",
            "smol: ... tests",
            "tokio: ... tests",
        ]),
    ),
    entry("HASHSLOT_BLESS=1 cargo test --lib error", Runs(&["test result: ok. ..."])),
    entry("HASHSLOT_BLESS=1 cargo test --lib url", Runs(&["test result: ok. ..."])),
    entry("HASHSLOT_BLESS=1 cargo test --test mistakes", Runs(&["test result: ok. ..."])),
    entry("HASHSLOT_BLESS=1 cargo test --test it table", Runs(&["test result: ok. ..."])),
    entry("HASHSLOT_BLESS=1 cargo test --test it typed::methods", Runs(&["test result: ok. ..."])),
    entry(
        "HASHSLOT_MISDEEDS=100..200 cargo test --all-features misdeeds",
        Not("it takes ten minutes; the suite runs a few cases"),
    ),
    // Benches.
    entry("cargo bench --bench slot", Runs(&["... ns   allocs", "16 B key ..."])),
    entry("cargo bench --bench slot -- \"40 B\"", Runs(&["40 B key ..."])),
    entry("cargo bench --bench encode", Runs(&["... ns   allocs"])),
    entry("cargo bench --bench lookup", Runs(&["... ns   allocs"])),
    entry("cargo bench --bench scan", Runs(&["... ns   allocs"])),
    entry("cargo bench --bench plan", Runs(&["... ns   allocs"])),
    entry("cargo bench --bench cluster", Runs(&["... ns   allocs"])),
    entry("cargo bench --bench handover", Runs(&["... ns   allocs"])),
    entry("cargo bench --bench cluster -- \"1 in flight\"", Runs(&["...1 in flight..."])),
    entry("cargo bench --no-run", Runs(&["  Executable benches/cluster.rs (...)"])),
    entry(
        "cargo bench --all-features --bench adapters",
        Instead("cargo bench --all-features --bench adapters -- 1", "seven rounds say the same"),
    ),
    entry(
        "cargo bench --all-features --bench adapters -- 1",
        Runs(&["GET, one after the other...", "GET, 64 tasks or threads..."]),
    ),
    entry(
        "valgrind --tool=callgrind --toggle-collect='*::report::measured'",
        Not("a part of a command; scripts/instructions runs it whole"),
    ),
    entry("callgrind_annotate --inclusive=yes", Not("it reads what another command has written")),
    entry("scripts/bench-peers", Not(PEERS)),
    entry("scripts/bench-peers --quick", Not(PEERS)),
    entry("scripts/bench-peers --list", Not(PEERS)),
    entry("scripts/bench-peers --help", Not(PEERS)),
    entry("scripts/bench-peers --idle", Not(PEERS)),
    entry("scripts/bench-peers --stream", Not(PEERS)),
    entry(
        "scripts/bench-peers --clients limit,hashslot-tokio,fred --workloads W1,W2 --csv out.csv",
        Not(PEERS),
    ),
    entry(
        "scripts/bench-peers --workloads scale,clients --rounds 5 --millis 1000 --clients \
         hashslot-tokio,hashslot-smol,hashslot-async-std,hashslot-blocking --markdown scale.md",
        Not(PEERS),
    ),
    entry(
        "scripts/bench-peers --redraw benches/README.md --svg benches/peers.svg --summary \
         benches/summary.svg",
        Not(PEERS),
    ),
];

/// How a demo ends.
const DEMO: &[&str] = &["demo: ... calls, 0 wrong, 0 unanswered, ..."];
