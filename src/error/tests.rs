//! Every text of an error, in one file that a reviewer reads.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

extern crate std;

use super::*;

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
    ServerError::new(text.into())
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
        V::UnknownType(_) => V::UnknownType(TLS_ALERT),
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

fn causes() -> Vec<Why> {
    use Why as W;
    let failures: Vec<_> = node().into_iter().map(|node| (node, NodeFailure::NoAnswer)).collect();
    let protocol = ProtocolError { offset: 12, violation: Violation::Number };
    each! { Why:
        W::ConnectFailed(_) => W::ConnectFailed(Disconnect::Refused),
        W::ConnectionLost(_) => W::ConnectionLost(Disconnect::Reset),
        W::LostTwice(_) => W::LostTwice(Disconnect::Reset),
        W::Protocol(_) => W::Protocol(protocol),
        W::Handshake(_) => W::Handshake(server("ERR max number of clients reached")),
        W::NotPermitted { .. } => W::NotPermitted { command: "PING", error: server("NOPERM no") },
        W::NoTransaction(_) => W::NoTransaction(server("NOPERM no")),
        W::SlotUnassigned => W::SlotUnassigned,
        W::SlotMoving => W::SlotMoving,
        W::CrossSlot(..) => W::CrossSlot(slot(1), slot(2)),
        W::NotAllowedHere { .. } => W::NotAllowedHere {
            command: "SELECT".into(),
            instead: "set `database` in the configuration",
        },
        W::NoTarget(_) => W::NoTarget("CLUSTER RESET".into()),
        W::Malformed(_) => W::Malformed("too few arguments"),
        W::UnknownNode => W::UnknownNode,
        W::NoNode => W::NoNode,
        W::NoCluster(_) => W::NoCluster(NodeFailures(failures.into())),
    }
}

fn conversions() -> Vec<ConversionError> {
    use ConversionError as C;
    each! { ConversionError:
        C::Type { .. } => C::Type { expected: "text", got: "an array" },
        C::Content { .. } => C::Content { expected: "u8", got: "integer" },
        C::Element(_) => C::Element(server("WRONGTYPE not a list")),
    }
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

fn errors() -> Vec<Error> {
    use Error as E;
    let (why, slot) = (Why::ConnectionLost(Disconnect::Reset), Some(slot(42)));
    let lost = E::MaybeExecuted { why: why.clone(), node: node(), slot };
    let part = |result| PartialPart { result, node: node(), slot, keys: Vec::from([0]) };
    let parts = Vec::from([part(Ok(":1\r\n".into())), part(Err(lost))]);
    each! { Error:
        E::Server(_) => E::Server(server("WRONGTYPE Operation against a key")),
        E::NotExecuted { .. } => E::NotExecuted { why: why.clone(), node: node(), slot },
        E::MaybeExecuted { .. } => E::MaybeExecuted { why: why.clone(), node: None, slot: None },
        E::TimedOut { .. } => E::TimedOut { phase: Phase::Sent, node: node(), slot },
        E::Partial(_) => E::Partial(Partial::new(parts.clone())),
        E::Overloaded { .. } => E::Overloaded { limit: "max_queued", node: node() },
        E::ShutDown => E::ShutDown,
        E::Conversion(_) => E::Conversion(ConversionError::Element(server("ERR no"))),
    }
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
    let causes = causes().into_iter().map(|why| Error::NotExecuted { why, node: None, slot: None });
    let phases = [Phase::Queued, Phase::Sent];
    let timeouts =
        phases.map(|phase| Error::TimedOut { phase, node: node(), slot: Some(slot(42)) });
    let sections = [
        section("Error", kinds_of(errors())),
        section("Error::TimedOut", timeouts),
        section("Why", kinds_of(causes.collect())),
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
        assert_eq!(error.is_timeout(), text.starts_with("timed out"), "{text}");
        assert_eq!(error.is_connection(), error.kind() == ErrorKind::Connection);
    }
}
