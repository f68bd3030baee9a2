//! Streams of RESP.

use hashslot::config::Limits;
use hashslot::error::ProtocolError;
use hashslot::resp::{Elements, Frame, Scan, Scanner, Value, encode};

/// RESP: frames do not depend on how their bytes are cut, every frame can be read to its end, and
/// what was read can be written and read again. A frame that cannot be used ends where it would if
/// it could be.
///
/// **Shape**: the first byte chooses the limits, the second the cuts, the rest is the stream.
///
/// # Panics
/// If the property does not hold.
pub fn scan(data: &[u8]) {
    let [choice, seed, stream @ ..] = data else { return };
    let limits = limits(*choice);
    let whole = hear(stream, stream.len(), 0, limits);
    let pieces = hear(stream, usize::from(choice >> 4) + 1, *seed, limits);
    assert_eq!(pieces, whole, "the cuts matter");
    assert_eq!(hear(stream, 1, 0, limits), whole, "single bytes matter");

    let mut rest = stream;
    for found in whole.frames {
        let (bytes, behind) = rest.split_at(found.len);
        match found.error {
            None => read_and_write(bytes, &limits),
            Some(error) => end_is_where_it_would_be(bytes, error),
        }
        rest = behind;
    }
}

/// Without limits a frame that broke one is a frame of the same length.
fn end_is_where_it_would_be(bytes: &[u8], error: ProtocolError) {
    assert!(error.offset() < bytes.len(), "an offence that is not there");
    let found = Scanner::new(limits(0)).scan(bytes);
    let len = match found {
        Ok(Scan::Frame { len } | Scan::Broken { len, .. }) => len,
        other => panic!("not one frame: {other:?}"),
    };
    assert_eq!(len, bytes.len(), "it ends elsewhere");
}

fn limits(choice: u8) -> Limits {
    let mut limits = Limits::default();
    if choice & 1 != 0 {
        limits.max_frame_bytes = 200;
    }
    if choice & 2 != 0 {
        limits.max_skipped_bytes = 400;
    }
    if choice & 4 != 0 {
        limits.max_elements = 10;
    }
    if choice & 8 != 0 {
        limits.max_depth = 3;
    }
    limits
}

/// How a stream was understood.
#[derive(Debug, PartialEq)]
struct Heard {
    frames: Vec<Found>,
    /// The last frame is being skipped.
    skips: Option<ProtocolError>,
    error: Option<ProtocolError>,
}

/// A frame, or one that cannot be used.
#[derive(Debug, PartialEq)]
struct Found {
    len: usize,
    error: Option<ProtocolError>,
}

/// Feeds the stream in pieces of about this length.
fn hear(stream: &[u8], piece_len: usize, seed: u8, limits: Limits) -> Heard {
    let mut scanner = Scanner::new(limits);
    let mut frames = Vec::new();
    let (mut start, mut end) = (0, 0);
    // How much of a frame was skipped, and why.
    let (mut skipped, mut skips) = (0, None);
    let mut jitter = usize::from(seed);
    loop {
        let buffer = &stream[start..end];
        match scanner.scan(buffer) {
            Ok(Scan::Frame { len }) => {
                assert!((3..=buffer.len()).contains(&len), "an impossible frame");
                assert!(len <= limits.max_frame_bytes, "a frame beyond the limit");
                assert_eq!(skips, None, "what is skipped is no frame");
                start += len;
                frames.push(Found { len, error: None });
                continue;
            }
            Ok(Scan::Broken { len, error, .. }) => {
                assert!((1..=buffer.len()).contains(&len), "an impossible end");
                assert!(skips.is_none_or(|skips| skips == error), "another reason");
                start += len;
                frames.push(Found { len: skipped + len, error: Some(error) });
                (skipped, skips) = (0, None);
                continue;
            }
            Ok(Scan::Skipped { error, .. }) => {
                assert!(skips.is_none_or(|skips| skips == error), "another reason");
                skipped += buffer.len();
                start = end;
                skips = Some(error);
            }
            Ok(Scan::More { needed }) => {
                assert!(needed > 0, "nothing found and nothing needed");
                assert_eq!(skips, None, "what is skipped is not kept");
            }
            Err(error) => {
                assert!(error.offset() < skipped + buffer.len(), "an offence that is not there");
                assert_eq!(scanner.scan(buffer), Err(error), "an error that goes away");
                return Heard { frames, skips: None, error: Some(error) };
            }
        }
        if end == stream.len() {
            return Heard { frames, skips, error: None };
        }
        end = (end + piece_len + jitter % 7).min(stream.len());
        jitter = jitter * 5 % 251;
    }
}

fn read_and_write(bytes: &[u8], limits: &Limits) {
    let frame = Frame::parse(bytes.to_vec(), limits).expect("a scanned frame is one");
    walk(frame.value());
    for (key, value) in frame.attributes().into_iter().flatten() {
        walk(key);
        walk(value);
    }
    assert_eq!(frame.is_error(), frame.error().is_some());
    assert_eq!(frame.is_push(), matches!(frame.value(), Value::Push(_)));
    assert!(format!("{frame:?}").starts_with("Frame("));

    let written = write(frame.value());
    let again = Frame::parse(written.clone(), &Limits::default()).expect("what is written is RESP");
    assert_eq!(again.value().kind(), frame.value().kind());
    assert_eq!(write(again.value()), written, "writing is not stable");
    if !written.windows(4).any(|window| window == b",nan") {
        assert_eq!(again.value(), frame.value(), "what was written is another value");
    }
}

fn write(value: Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    encode::value(&mut out, &value);
    out
}

/// Reads everything, in every way, and checks that as much is there as is declared.
fn walk(value: Value<'_>) {
    let _ = (value.as_str(), value.as_integer());
    if let Value::Verbatim { format, .. } = value {
        assert_eq!(format.len(), 3);
    }
    if let Some(elements) = value.elements() {
        assert_eq!(elements.count(), elements.len(), "elements are missing");
        assert_eq!(elements.get(elements.len()), None);
        nth_is_next(elements);
        elements.for_each(walk);
    }
    if let Some(pairs) = value.pairs() {
        assert_eq!(pairs.count(), pairs.len(), "pairs are missing");
        if let Value::Map(_) = value {
            pairs.for_each(|(key, value)| {
                walk(key);
                walk(value);
            });
        }
    }
}

/// Indices give what the walk gives, as far as is cheap to try.
fn nth_is_next(elements: Elements<'_>) {
    for (index, value) in elements.enumerate().take(8) {
        let found = elements.get(index).expect("an element in bounds");
        assert_eq!(write(found), write(value));
    }
}
