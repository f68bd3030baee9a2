//! What it costs to give a caller what it wants a reply to be, per reply.

mod report;

use std::hint::black_box;

use bytes::Bytes;
use hashslot::config::{Limits, Protocol};
use hashslot::resp::encode;
use hashslot::{Frame, FromValue};

fn main() {
    report::head("reply");
    let text = frame(|out| encode::bulk(out, &[b'x'; 64]));
    case::<Bytes>("64 B as Bytes", &text);
    case::<String>("64 B as String", &text);
    case::<Option<String>>("64 B as Option<String>", &text);
    case::<Vec<u8>>("64 B as Vec<u8>", &text);
    case::<i64>("integer as i64", &frame(|out| encode::integer(out, 12_345)));
    case::<i64>("text as i64", &frame(|out| encode::bulk(out, b"12345")));
    case::<bool>("+OK as bool", &frame(|out| encode::simple(out, b"OK")));
    case::<f64>("text as f64", &frame(|out| encode::bulk(out, b"0.25")));
    let array = frame(|out| {
        encode::array_header(out, 100);
        (0..100).for_each(|_| encode::bulk(out, &[b'x'; 64]));
    });
    case::<Vec<Bytes>>("array of 100 as Vec<Bytes>", &array);
    case::<Vec<String>>("array of 100 as Vec<String>", &array);
    for (name, protocol) in [("map", Protocol::Resp3), ("array", Protocol::Resp2)] {
        let pairs = frame(|out| {
            encode::map_header(out, 100, protocol);
            for index in 0..100 {
                encode::bulk(out, format!("field:{index:010}").as_bytes());
                encode::bulk(out, &[b'x'; 64]);
            }
        });
        case::<Vec<Bytes>>(&format!("{name} of 100 fields as Vec<Bytes>"), &pairs);
        case::<Vec<(Bytes, Bytes)>>(&format!("{name} of 100 fields as pairs"), &pairs);
    }
}

fn frame(write: impl Fn(&mut Vec<u8>)) -> Frame {
    let mut reply = Vec::new();
    write(&mut reply);
    Frame::parse(reply, &Limits::default()).expect("well-formed")
}

fn case<T: FromValue>(name: &str, frame: &Frame) {
    report::report(name, 1, || {
        black_box(T::from_frame(black_box(frame).clone())).expect("fits");
    });
}
