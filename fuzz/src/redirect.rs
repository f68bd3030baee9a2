//! Errors that may be redirections.

use hashslot::config::{AddressMap, Limits, RedirectPolicy};
use hashslot::error::{Failure, ServerError};
use hashslot::resp::{Frame, Value, encode};
use hashslot::topology::Endpoint;
use hashslot::verdict::{About, Verdict, judge};
use hashslot::{Address, Slot};

use crate::host;
use crate::source::Source;

/// Verdicts: every error has one; a redirection is one for the right slot, to a port that there is;
/// whatever is not acted on reaches the caller as the server sent it. A second parser agrees.
///
/// **Shape**: the first byte says what is known about the command, the second how the text comes
/// about: as the rest has it, or made from words that errors have.
///
/// # Panics
/// If the property does not hold.
pub fn redirect(data: &[u8]) {
    let [choice, form, rest @ ..] = data else { return };
    let text = if form & 1 == 0 { rest.to_vec() } else { made(Source::new(rest)) };
    let expected = read(&text);

    let slot = match choice & 3 {
        0 => None,
        1 => Slot::new(3999),
        _ => expected.as_ref().and_then(|expected| Slot::new(expected.slot)),
    };
    let mut about = slot.map_or_else(About::keyless, About::keyed);
    about.script = choice & 4 != 0;
    about.idempotent = choice & 8 != 0;
    if choice & 16 != 0 {
        about.policy = RedirectPolicy::Any;
    }

    let mut bytes = Vec::new();
    encode::value(&mut bytes, &Value::Error(&text));
    let frame = Frame::parse(bytes, &Limits::default()).expect("what is written is RESP");
    let verdict = judge(&frame, &about);
    if about.script && !about.idempotent && about.policy == RedirectPolicy::Listed {
        // A script can say anything, after it has written.
        let Verdict::Fail(error) = &verdict else { panic!("a script is believed: {verdict:?}") };
        assert!(error.may_have_executed());
        assert_eq!(error.server().expect("it is the script's").as_bytes(), text);
    } else {
        let is_trusted = about.policy == RedirectPolicy::Any
            || expected.as_ref().map(|expected| expected.slot) == slot.map(Slot::number);
        check(&verdict, &text, expected.filter(|_| is_trusted));
    }

    // The same text is an answer if it is no error.
    let mut bytes = Vec::new();
    encode::bulk(&mut bytes, &text);
    let frame = Frame::parse(bytes, &Limits::default()).expect("what is written is RESP");
    assert_eq!(judge(&frame, &about), Verdict::Deliver);
}

/// What a redirection says.
#[derive(Debug, PartialEq)]
struct Read {
    is_ask: bool,
    slot: u16,
    host: String,
    port: u16,
}

fn check(verdict: &Verdict, text: &[u8], expected: Option<Read>) {
    let code = text.split(|byte| *byte == b' ').next().unwrap_or_default();
    match verdict {
        Verdict::Redirect { slot, to } | Verdict::Ask { slot, to } => {
            let expected = expected.expect("nobody else takes it for a redirection");
            assert_eq!(matches!(verdict, Verdict::Ask { .. }), expected.is_ask);
            assert_eq!(slot.number(), expected.slot);
            leads(to, &expected);
        }
        Verdict::Fail(error) if matches!(error.failure(), Failure::Server(_)) => {
            assert_eq!(expected, None, "a redirection is not followed");
            assert_eq!(
                error.server().map(ServerError::as_bytes),
                Some(text),
                "the caller gets another text"
            );
            let acted_on: [&[u8]; 4] = [b"TRYAGAIN", b"LOADING", b"CLUSTERDOWN", b"READONLY"];
            assert!(!acted_on.contains(&code), "nothing is done about it");
        }
        Verdict::RetryAfter(pause) => {
            let codes: [&[u8]; 3] = [b"TRYAGAIN", b"LOADING", b"MASTERDOWN"];
            assert!(codes.contains(&code) && !pause.is_zero());
        }
        Verdict::ReinitTopology => {
            let codes: [&[u8]; 3] = [b"CLUSTERDOWN", b"READONLY", b"UNBLOCKED"];
            assert!(codes.contains(&code));
        }
        other => panic!("not what an error means: {other:?}"),
    }
}

fn leads(to: &Endpoint, expected: &Read) {
    let asked: Address = "10.9.8.7:6379".parse().expect("an address");
    let address = to.resolve(&asked, &AddressMap::default());
    let host = match expected.host.as_str() {
        "?" => {
            assert_eq!(address, None, "somebody would be dialled for `?`");
            return;
        }
        "" => "10.9.8.7",
        host => host,
    };
    let address = address.expect("an address to dial");
    assert_eq!((address.host(), address.port()), (host, expected.port));
    assert!(!address.host().is_empty() && address.host() != "?" && address.port() > 0);
}

/// The second parser: byte by byte, with numbers added up by hand.
fn read(text: &[u8]) -> Option<Read> {
    let (is_ask, rest) = match text {
        [b'M', b'O', b'V', b'E', b'D', b' ', rest @ ..] => (false, rest),
        [b'A', b'S', b'K', b' ', rest @ ..] => (true, rest),
        _ => return None,
    };
    let blank = rest.iter().position(|byte| *byte == b' ')?;
    let colon = rest.iter().rposition(|byte| *byte == b':').filter(|colon| *colon > blank)?;
    let slot = number(&rest[..blank]).filter(|slot| *slot < 16_384)?;
    let port = number(&rest[colon + 1..]).filter(|port| *port > 0)?;
    let host = String::from_utf8(rest[blank + 1..colon].to_vec()).ok()?;
    let host = if host.is_empty() || host == "?" { host } else { host::normal(&host)? };
    Some(Read { is_ask, slot, host, port })
}

fn number(digits: &[u8]) -> Option<u16> {
    let mut number = None;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        let value: u32 = number.unwrap_or(0) * 10 + u32::from(digit - b'0');
        number = Some(value.min(70_000));
    }
    u16::try_from(number?).ok()
}

/// A text from words that errors have.
fn made(mut source: Source<'_>) -> Vec<u8> {
    const CODES: &[&str] = &[
        "MOVED",
        "ASK",
        "MOVED",
        "ASK",
        "moved",
        "MOVEDX",
        "",
        "TRYAGAIN",
        "CLUSTERDOWN",
        "LOADING",
        "MASTERDOWN",
        "READONLY",
        "UNBLOCKED",
        "ERR",
        "EXECABORT",
    ];
    const SLOTS: &[&str] =
        &["3999", "0", "16383", "16384", "-1", "+1", "007", "", "65536", "4294967297", "1e3", "x"];
    const HOSTS: &[&str] = &[
        "127.0.0.1",
        "",
        "?",
        "::1",
        "[::1]",
        "db.example.net",
        "fe80::1%eth0",
        "a b",
        "user@host",
        "[",
        "[]",
        "[[x]]",
        "\u{2028}",
        "ho\u{e9}",
    ];
    const PORTS: &[&str] = &["6381", "0", "65535", "65536", "", "-1", "+7", "00080", "7000 ", "x"];
    let mut text = source.pick(CODES).as_bytes().to_vec();
    let blank: &[u8] = source.pick(&[&b" "[..], b" ", b" ", b"", b"  ", b"\t"]);
    text.extend_from_slice(blank);
    text.extend_from_slice(source.pick(SLOTS).as_bytes());
    text.extend_from_slice(source.pick(&[&b" "[..], b" ", b" ", b"", b"  "]));
    text.extend_from_slice(source.pick(HOSTS).as_bytes());
    text.extend_from_slice(source.pick(&[&b":"[..], b":", b":", b"", b"::"]));
    text.extend_from_slice(source.pick(PORTS).as_bytes());
    text.extend_from_slice(source.rest());
    text
}
