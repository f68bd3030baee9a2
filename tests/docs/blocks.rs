//! Runs the Rust of the documentation that needs servers: all blocks in one program, on one
//! cluster.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};

use super::Failure;
use super::found::Block;
use super::run::{Runner, cargo, forget_package};
use super::servers::cluster::{Cluster, Options};
use super::servers::tls::Tls;
use super::servers::{find_any_or_skip, find_or_skip};

/// What stands for the addresses of the documentation.
const SEEDS: [&str; 3] = ["10.0.0.1:7000", "10.0.0.2:7000", "127.0.0.1:7000"];

/// The folder of the program: the same in each run, so that cargo replaces what it has built.
fn folder(runner: &Runner) -> PathBuf {
    runner.target().join("docs")
}

pub(crate) fn run(runner: &Runner, blocks: &[Block]) -> Result<(), Failure> {
    let Some(server) = find_any_or_skip() else { return Ok(()) };
    let cluster = Cluster::start(Options::new(server)).map_err(|error| error.to_string())?;
    for index in cluster.running() {
        // The user of the examples; tokens are passwords of any kind.
        let user = ["ACL", "SETUSER", "ann", "on", "nopass", "~*", "&*", "+@all"];
        cluster.call(index, &user).map_err(|error| error.to_string())?;
    }
    let secured = secured(&folder(runner)).map_err(|error| error.to_string())?;
    let program = program(&cluster, secured.as_ref(), blocks)?;
    build_and_run(runner, &program).map_err(|error| error.to_string())?
}

/// A cluster with TLS, if there is a server that speaks it, and the files of its clients: those
/// that the blocks read.
fn secured(folder: &Path) -> Result<Option<Cluster>, Box<dyn Error>> {
    let Some(server) = find_or_skip("redis-7.0") else { return Ok(None) };
    let mut params = CertificateParams::new([])?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "authority");
    let key = KeyPair::generate()?;
    let authority = params.self_signed(&key)?.pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()])?;
    // OpenSSL takes a certificate that is named like its authority for self-signed.
    params.distinguished_name.push(DnType::CommonName, "node");
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = params.signed_by(&key, &issuer)?.pem();
    let key = key.serialize_pem();
    fs::create_dir_all(folder)?;
    for (name, content) in [("ca.pem", &authority), ("app.pem", &certificate), ("app.key", &key)] {
        fs::write(folder.join(name), content)?;
    }
    let tls = Some(Tls { authority, certificate, key });
    Ok(Some(Cluster::start(Options { replicas: 0, tls, ..Options::new(server) })?))
}

/// One module for each block, and a main function that runs them.
fn program(
    cluster: &Cluster,
    secured: Option<&Cluster>,
    blocks: &[Block],
) -> Result<String, Failure> {
    let (mut modules, mut calls) = (String::new(), String::new());
    for (index, block) in blocks.iter().enumerate() {
        let cluster = if block.code.contains("Tls::") { secured } else { Some(cluster) };
        let Some(cluster) = cluster else { continue };
        let mut code = String::new();
        for line in block.code.lines() {
            // What rustdoc hides.
            let line =
                if line.trim() == "#" { "" } else { line.strip_prefix("# ").unwrap_or(line) };
            code.push_str(line);
            code.push('\n');
        }
        for (node, seed) in SEEDS.into_iter().enumerate() {
            code = code.replace(seed, &cluster.node(node).address);
        }
        // The program is not optimized, and later blocks walk all keys.
        code = code.replace("1_000_000", "1_000");
        let entry = entry(&code).ok_or_else(|| format!("{}: nothing to call", block.place))?;
        let body = if code.contains("fn ") { code } else { in_main(&code) };
        writeln!(modules, "mod block_{index} {{\n{body}\n{entry}\n}}").expect("a string grows");
        let place = &block.place;
        writeln!(calls, "println!(\"{place}\"); block_{index}::run_block()?;")
            .expect("a string grows");
    }
    let main =
        format!("fn main() -> Result<(), Box<dyn std::error::Error>> {{\n{calls}Ok(())\n}}\n");
    Ok(format!("#![allow(dead_code, unused)]\n{modules}{main}"))
}

/// What rustdoc does with a block that has no function.
fn in_main(code: &str) -> String {
    format!("fn main() -> Result<(), Box<dyn std::error::Error>> {{\n{code}\n}}")
}

/// A function `run_block` that calls what the block has.
fn entry(code: &str) -> Option<String> {
    const CLIENT: &str = "hashslot::tokio::Client::connect(SEED).await?";
    let result = "pub(crate) fn run_block() -> Result<(), Box<dyn std::error::Error>>";
    let on_tokio = |call: &str| {
        let runtime = "tokio::runtime::Runtime::new()?.block_on(async";
        format!("{result} {{ {runtime} {{ {call}; Ok(()) }}) }}")
    };
    if code.contains("fn main()") || !code.contains("fn ") {
        return Some(format!("{result} {{ main() }}"));
    }
    let seed = "&std::env::var(\"HASHSLOT_DOCS_SEED\")?";
    if code.lines().any(|line| line.starts_with("fn run(client: &Client) -> Result")) {
        let client = format!("hashslot::blocking::Client::connect({seed})?");
        return Some(format!("{result} {{ Ok(run(&{client})?) }}"));
    }
    let line = code.lines().find(|line| line.starts_with("async fn f("))?;
    let question = if line.contains("-> Result") { "?" } else { "" };
    let argument =
        if line.contains("client:") { CLIENT.replace("SEED", seed) } else { String::new() };
    Some(on_tokio(&format!("f({argument}).await{question}")))
}

/// The features and the profile of the workspace, so that cargo has built most of it.
const MANIFEST: &str = r#"[package]
name = "hashslot-docs"
edition = "2024"

[workspace]

[dependencies]
async-std = "1.13"
hashslot = { path = "ROOT", features = [
    "async-std", "blocking", "metrics", "proptest", "serde", "smol", "tls-aws-lc-rs", "tls-ring",
    "tokio", "tracing",
] }
serde = { version = "1", default-features = false, features = ["alloc", "derive"] }
smol = "2"
tokio = { version = "1.40", features = ["macros", "rt-multi-thread", "signal", "sync", "time"] }

[profile.dev]
debug = "line-tables-only"

[profile.dev.package."*"]
debug = false
"#;

fn build_and_run(runner: &Runner, program: &str) -> std::io::Result<Result<(), Failure>> {
    let folder = folder(runner);
    fs::create_dir_all(folder.join("src"))?;
    let manifest = MANIFEST.replace("ROOT", &runner.root.display().to_string());
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::copy(runner.root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    fs::write(folder.join("src/main.rs"), program)?;
    let mut command = Command::new(cargo());
    forget_package(&mut command);
    command.args(["run", "--quiet", "--offline"]).current_dir(&folder);
    command.env("CARGO_TARGET_DIR", runner.target());
    let seed = program.split("redis://").nth(1).and_then(|rest| rest.split([',', '"']).next());
    command.env("HASHSLOT_DOCS_SEED", format!("redis://{}", seed.unwrap_or_default()));
    let output = runner.finish(command)?;
    if output.status.success() {
        return Ok(Ok(()));
    }
    Ok(Err(format!("{}:\n{}", output.status, output.tail())))
}
