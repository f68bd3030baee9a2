//! Runs cases against real servers.

use std::any::Any;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

use hashslot::blocking::Client;
use hashslot::config::Protocol;
use hashslot::resp::OwnedValue;
use hashslot::{Call, Command, Error, Target};

use crate::real::{Done, Failure, shared};
use crate::servers::NAMES;

/// A program of typed commands.
pub(super) struct Case {
    /// The command that a server has to have.
    pub(super) needs: &'static str,
    /// The servers that it runs on; all that have the command if there are none.
    pub(super) on: &'static [&'static str],
    pub(super) run: fn(&Client) -> Done,
}

/// Servers from this one on: NAMES has Redis before Valkey, each the oldest first.
pub(super) const SINCE_7_0: &[&str] = &["redis-7.0", "redis-8.2", "valkey-8.1", "valkey-9.1"];

/// Declares the cases of a file as one test.
///
/// `"INCR" => |c| { .. }` runs where the server has `INCR`; `"SET" on [..] => |c| { .. }` on the
/// servers that are listed.
macro_rules! cases {
    ($($needs:literal $(on $on:expr)? => |$client:ident| $body:block)*) => {
        #[test]
        fn against_servers() -> $crate::real::Done {
            const CASES: &[$crate::typed::live::Case] = &[$(
                $crate::typed::live::Case {
                    needs: $needs,
                    on: cases!(@on $($on)?),
                    run: |$client| {
                        $body
                        Ok(())
                    },
                },
            )*];
            $crate::typed::live::run(module_path!(), CASES)
        }
    };
    (@on) => { &[] };
    (@on $on:expr) => { $on };
}

pub(super) use cases;

/// Runs each case on each server that has its command, in both protocols.
pub(super) fn run(file: &str, cases: &[Case]) -> Done {
    let mut ran = vec![false; cases.len()];
    let mut failures = Vec::new();
    let mut is_any = false;
    for name in NAMES {
        let Some(cluster) = shared(name)? else { continue };
        is_any = true;
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let mut builder = Client::builder().configure(|config| config.protocol = protocol);
            for seed in cluster.addresses() {
                builder = builder.seed(seed.parse()?);
            }
            let client = builder.connect()?;
            for (case, ran) in cases.iter().zip(&mut ran) {
                if !case.on.is_empty() && !case.on.contains(&name) || !has(&client, case.needs)? {
                    continue;
                }
                *ran = true;
                let end = catch_unwind(AssertUnwindSafe(|| (case.run)(&client)));
                if let Err(reason) = end.unwrap_or_else(|panic| Err(message(&*panic))) {
                    failures.push(format!("{} on {name}, {protocol:?}: {reason}", case.needs));
                }
                client.command::<()>(Command::new("FLUSHALL"))?;
                client.command::<()>(Command::new("FUNCTION").arg("FLUSH")).ok();
            }
            client.close();
        }
    }
    for (case, ran) in cases.iter().zip(ran) {
        if is_any && !ran {
            failures.push(format!("{} ran nowhere", case.needs));
        }
    }
    if failures.is_empty() {
        return Ok(());
    }
    for failure in &failures {
        eprintln!("{failure}");
    }
    Err(format!("{file}: {} failures, which are told above", failures.len()).into())
}

/// What the server answered instead of a reply.
pub(super) fn refusal<V: Debug>(end: Result<V, Error>) -> String {
    let error = end.expect_err("the server refuses");
    let text = error.server().map(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    text.unwrap_or_else(|| error.to_string())
}

/// Whether a server has a command.
fn has(client: &Client, name: &str) -> Result<bool, Failure> {
    let mut words = name.split(' ');
    let command = words.next().unwrap_or_default();
    let info = Command::new("COMMAND").arg("INFO").arg(match words.next() {
        None => command.to_owned(),
        Some(subcommand) => format!("{command}|{subcommand}"),
    });
    let info: Vec<OwnedValue> = client.call_as(Call::new(info).target(Target::Any))?;
    let is_null = |value: &OwnedValue| matches!(value, OwnedValue::Null);
    if name.contains(' ') && info.iter().all(is_null) {
        // Redis 6.2 tells nothing of subcommands: a case says where it runs.
        let of_command: Vec<OwnedValue> =
            client.command(Command::new("COMMAND").arg("INFO").arg(command))?;
        let knows_subcommands = of_command.iter().any(|value| match value {
            OwnedValue::Array(facts) => facts.len() > 7,
            _ => false,
        });
        return Ok(!knows_subcommands);
    }
    Ok(!info.iter().all(is_null))
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> Failure {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panicked").into()
}
