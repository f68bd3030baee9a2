//! Every text of an error, in one file that a reviewer reads.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

extern crate std;

use super::*;
use crate::command::Command;

/// Values of a type, one for each of its variants: a variant without a value does not compile.
macro_rules! each {
    ($type:ty: $($variant:pat => $value:expr,)+) => {{
        const fn is_listed(value: &$type) {
            match value {
                $($variant => {})+
            }
        }
        let values: Vec<$type> = Vec::from([$($value),+]);
        values.iter().for_each(is_listed);
        values
    }};
}

fn server(text: &'static str) -> ServerError {
    ServerError::new(text)
}

fn node() -> Option<Address> {
    Address::new("10.0.0.1", 7000).ok()
}

const fn slot(number: u16) -> Slot {
    Slot::new(number).expect("is a slot")
}

fn disconnects() -> Vec<Disconnect> {
    use Disconnect as D;
    each! { Disconnect:
        D::Refused => D::Refused,
        D::Unreachable => D::Unreachable,
        D::NameResolution(_) => D::NameResolution(SystemText::new("Name or service not known")),
        D::TimedOut => D::TimedOut,
        D::Reset => D::Reset,
        D::EndOfStream => D::EndOfStream,
        D::Tls(_) => D::Tls(TlsFailure::Expired),
        D::Forbidden => D::Forbidden,
        D::Credentials => D::Credentials,
        D::Panicked(_) => D::Panicked(SystemText::new("index out of bounds")),
        D::Other(_) => D::Other(SystemText::new("No buffer space available")),
    }
}

fn failures() -> Vec<TlsFailure> {
    use TlsFailure as T;
    each! { TlsFailure:
        T::UnknownIssuer => T::UnknownIssuer,
        T::WrongName => T::WrongName,
        T::InvalidName => T::InvalidName,
        T::Expired => T::Expired,
        T::NotYetValid => T::NotYetValid,
        T::Revoked => T::Revoked,
        T::BadSignature => T::BadSignature,
        T::BadCertificate => T::BadCertificate,
        T::ClientCertificateWanted => T::ClientCertificateWanted,
        T::ClientCertificateRefused => T::ClientCertificateRefused,
        T::NotTls => T::NotTls,
        T::NoAnswer => T::NoAnswer,
        T::NoCommonProtocol => T::NoCommonProtocol,
        T::Other => T::Other,
    }
}

fn violations() -> Vec<Violation> {
    use Violation as V;
    each! { Violation:
        V::UnknownType(_) => V::UnknownType(0x15),
        V::LineEnd => V::LineEnd,
        V::BulkEnd => V::BulkEnd,
        V::Number => V::Number,
        V::Length => V::Length,
        V::NegativeLength => V::NegativeLength,
        V::Malformed => V::Malformed,
        V::Streamed => V::Streamed,
        V::NestedPush => V::NestedPush,
        V::FrameTooLong => V::FrameTooLong,
        V::TooLongForItsKind => V::TooLongForItsKind,
        V::NoRoom => V::NoRoom,
        V::TooManyWait => V::TooManyWait,
        V::TooManyElements => V::TooManyElements,
        V::TooDeep => V::TooDeep,
        V::Trailing => V::Trailing,
        V::Truncated => V::Truncated,
        V::Unsolicited => V::Unsolicited,
    }
}

fn node_failures() -> Vec<NodeFailure> {
    use NodeFailure as N;
    each! { NodeFailure:
        N::Unreachable(_) => N::Unreachable(Disconnect::Refused),
        N::NoAnswer => N::NoAnswer,
        N::Authentication(_) => N::Authentication(server("WRONGPASS invalid password")),
        N::Permission { .. } => N::Permission { command: "HELLO", error: server("NOPERM no") },
        N::Database { .. } => N::Database { database: 3, error: server("ERR DB out of range") },
        N::NotACluster(_) => N::NotACluster(server("ERR cluster support disabled")),
        N::Refused(_) => N::Refused(server("LOADING Redis is loading")),
        N::Unusable(_) => N::Unusable("the reply lists no slots".into()),
    }
}

fn causes() -> Vec<Cause> {
    use Cause as C;
    let failures: Vec<_> = node().into_iter().map(|node| (node, NodeFailure::NoAnswer)).collect();
    let protocol = ProtocolError { offset: 12, violation: Violation::Number };
    each! { Cause:
        C::TimedOut => C::TimedOut,
        C::Node(_) => C::Node(NodeFailure::Unreachable(Disconnect::Refused)),
        C::ConnectionLost(_) => C::ConnectionLost(Disconnect::Reset),
        C::LostTwice(_) => C::LostTwice(Disconnect::Reset),
        C::Protocol(_) => C::Protocol(protocol),
        C::NoTransaction(_) => C::NoTransaction(server("NOPERM no")),
        C::SlotUnassigned => C::SlotUnassigned,
        C::SlotMoving => C::SlotMoving,
        C::UnknownNode => C::UnknownNode,
        C::NoNode => C::NoNode,
        C::NoCluster(_) => C::NoCluster(NodeFailures(failures.into())),
        C::Runtime(_) => C::Runtime(SystemText::new("it dropped the task")),
    }
}

fn rejections() -> Vec<Rejection> {
    use Rejection as R;
    each! { Rejection:
        R::Malformed(_) => R::Malformed("too few arguments"),
        R::CrossSlot(..) => R::CrossSlot(slot(1), slot(2)),
        R::NotAllowedHere { .. } => R::NotAllowedHere {
            instead: "set `database` in the configuration",
        },
        R::NoTarget => R::NoTarget,
    }
}

fn conversions() -> Vec<ConversionError> {
    use crate::resp::{Frame, Value};
    type C = ConversionError;
    let frame = |bytes: &'static str| Frame::parse(bytes, &crate::config::Limits::default());
    let of = |expected: &'static str, bytes: &'static str| {
        C::new(expected, &frame(bytes).expect("is a frame").value())
    };
    let long = "+a simple string that is too long to be shown\r\n";
    Vec::from([
        of("text", "_\r\n"),
        of("text", "*2\r\n:1\r\n:2\r\n"),
        of("text", "~1\r\n:1\r\n"),
        of("text", "%1\r\n:1\r\n:2\r\n"),
        of("an integer", "$5\r\nhello\r\n").at(3),
        of("an integer", "$1\r\nx\r\n").at_key(0).at(2),
        of("an integer", "=5\r\ntxt:x\r\n").at_value(7),
        of("an integer", "+QUEUED\u{1b}\r\n"),
        of("an integer", long),
        of("an array", ":7\r\n"),
        of("an array", ",1.5\r\n"),
        of("an array", "#t\r\n"),
        of("an array", "(12345678901234567890\r\n"),
        of("an array", "-WRONGTYPE not a list\r\n").at(0),
        C::new("a date", &Value::Bulk(b"x")).because("it has no year"),
        C::out_of_range("u8", &Value::Integer(-3)),
        C::out_of_range("u8", &Value::Bulk(b"300")),
        C::custom("a port is not 0").at(1),
        C::unexpected("a reply", "none"),
    ])
}

fn configurations() -> Vec<ConfigError> {
    use ConfigError as C;
    let url = "redis://h?call_timeout=5x".parse::<crate::Url>().expect_err("is malformed");
    let C::Url(url) = url else { panic!("{url}") };
    each! { ConfigError:
        C::NoSeeds => C::NoSeeds,
        C::Field { .. } => C::Field { field: "call_timeout", problem: "is above 366 days" },
        C::Tls(_) => C::Tls("no private key in the file".into()),
        C::Url(_) => C::Url(url.clone()),
        C::NoTls => C::NoTls,
    }
}

/// Errors as the machine makes them.
fn errors() -> Vec<Error> {
    use Failure as F;
    let whole = |error: Error| error.with_command("INCR").with_slot(slot(42)).at(node(), None);
    let lost = |ran| Error::new(Cause::ConnectionLost(Disconnect::Reset), ran);
    let part = |result| PartialPart { result, node: node(), slot: None, keys: Vec::from([0]) };
    let parts = Vec::from([part(Ok(":1\r\n".into())), part(Err(whole(lost(Ran::Maybe))))]);
    let failures = each! { Failure:
        F::Rejected(_) => F::Rejected(Rejection::CrossSlot(slot(1), slot(2))),
        F::Server(_) => F::Server(server("WRONGTYPE Operation against a key")),
        F::Failed(_) => F::Failed(Cause::ConnectionLost(Disconnect::Reset)),
        F::Partial(_) => F::Partial(Partial::new(parts.clone())),
        F::Overloaded { .. } => F::Overloaded { limit: "max_queued" },
        F::ShutDown => F::ShutDown,
        F::Conversion(_) => F::Conversion(conversions().remove(0)),
        F::Config(_) => F::Config(ConfigError::NoSeeds),
    };
    let mut errors: Vec<_> = failures
        .into_iter()
        .map(|failure| match failure {
            F::Server(_) | F::Failed(_) => whole(Error::new(failure, Ran::No)),
            F::Overloaded { .. } => {
                Error::new(failure, Ran::No).with_command("GET").at(node(), None)
            }
            F::Config(_) => Error::new(failure, Ran::No),
            F::Rejected(_) | F::Partial(_) | F::ShutDown | F::Conversion(_) => {
                Error::new(failure, Ran::No).with_command("MGET")
            }
        })
        .collect();
    errors.push(whole(lost(Ran::Maybe)));
    errors.push(lost(Ran::Maybe).with_slot(slot(42)));
    errors.push(lost(Ran::Maybe));
    errors.push(lost(Ran::No));
    errors.push(whole(Error::new(Cause::TimedOut, Ran::No)));
    errors.push(whole(Error::new(Cause::TimedOut, Ran::Maybe)));
    errors.push(lost(Ran::No).with_command("G\u{1b}[2JET"));
    errors
}

#[test]
fn every_text_is_in_a_file() {
    fn section(title: &str, texts: impl IntoIterator<Item = impl fmt::Display>) -> String {
        let lines: Vec<_> = texts.into_iter().map(|text| format!("- {text}\n")).collect();
        format!("## {title}\n\n{}\n", lines.concat())
    }
    let kinds_of = |errors: Vec<Error>| {
        errors.into_iter().map(|error| format!("{:?}: {error}", error.kind())).collect::<Vec<_>>()
    };
    let causes = causes().into_iter().map(|cause| Error::new(cause, Ran::No));
    let lines: Vec<_> = errors().into_iter().chain(causes.clone()).collect();
    let lines =
        lines.iter().map(|error| String::from_utf8_lossy(&error.to_resp()).trim_end().to_string());
    let sections = [
        section("Error", kinds_of(errors())),
        section("Cause", kinds_of(causes.clone().collect())),
        section("Error::to_resp", lines),
        section("Rejection", rejections()),
        section("NodeFailure", node_failures()),
        section("Disconnect", disconnects()),
        section("TlsFailure", failures()),
        section("Violation", violations()),
        section("ConversionError", conversions()),
        section("ConfigError", configurations()),
    ];
    let head = "# Texts of errors\n\nA kind stands before some of them. Written by a test: `HASHSLOT_BLESS=1 cargo test --lib error`.\n\n";
    let text = (head.to_string() + &sections.concat()).trim_end().to_string() + "\n";
    if std::env::var_os("HASHSLOT_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/error/texts.md");
        std::fs::write(path, &text).expect("can be written");
        return;
    }
    assert_eq!(include_str!("texts.md"), text, "run the test with HASHSLOT_BLESS=1");
}

#[test]
fn errors_say_where_they_happened() {
    for error in errors() {
        let text = error.to_string();
        assert_eq!(error.node().is_some(), text.contains("10.0.0.1:7000"), "{text}");
        assert_eq!(error.slot().is_some(), text.contains("slot 42"), "{text}");
        assert_eq!(error.is_timeout(), text.contains("timed out"), "{text}");
        assert_eq!(error.command().is_some_and(|name| text.starts_with(name)), {
            error.command().is_some()
        });
        assert_eq!(error.is_connection(), error.kind() == ErrorKind::Connection);
    }
}

/// An outcome is small, since all of them are moved.
#[test]
fn an_error_is_one_word() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Result<crate::Frame, Error>>(), size_of::<crate::Frame>());
}

#[test]
fn a_code_proves_that_nothing_ran_only_if_servers_send_it_before() {
    let proves = |text| !Error::from(server(text)).may_have_executed();
    assert!(proves("MOVED 1 h:1") && proves("OOM no") && proves("NOSCRIPT No matching script"));
    assert!(!proves("ERR no") && !proves("WRONGTYPE no") && !proves("") && !proves("MOVEDON no"));
}

#[test]
fn an_error_names_its_command_once() {
    let get = Command::get("k");
    let error = Error::from(Rejection::NoTarget).of(get.title()).of("SET");
    assert_eq!(error.command(), Some("GET"));
    let unknown = Command::new("my.cmd").arg("s3cret");
    assert_eq!(Error::shut_down().of(unknown.title()).command(), Some("MY.CMD"));
    let long = Error::shut_down().with_command(&"x".repeat(1000));
    assert_eq!(long.command().map(str::len), Some(64));
}
