//! Replies about the topology, odd ones among them.

use hashslot::config::Protocol;
use hashslot::resp::encode;

use crate::source::Source;

const HOSTS: &[&str] = &["127.0.0.1", "127.0.0.1", "127.0.0.1", "::1", "db-1.example.net", ""];
const ODD_HOSTS: &[&str] = &["?", "a b", "", "[::1]", "x@y", "\u{e9}", "[[x]]", "host\t"];

/// Writes replies from a grammar: where a reply has a place for a number or a name, now and then
/// stands another, or something else.
pub(crate) struct Writer<'a, 'b> {
    pub(crate) source: &'b mut Source<'a>,
    pub(crate) protocol: Protocol,
    pub(crate) out: Vec<u8>,
}

impl Writer<'_, '_> {
    /// A reply to `CLUSTER SLOTS`.
    pub(crate) fn slots(&mut self) {
        let count = self.source.below(7);
        encode::array_header(&mut self.out, count);
        let mut first = 0;
        for row in 0..count {
            let is_last = row + 1 == count;
            let len = if is_last { 16_384 } else { i64::from(self.source.number() % 5000) };
            let last = (first + len).min(16_383);
            let node_count = self.source.pick(&[1, 1, 2, 3, 0]);
            encode::array_header(&mut self.out, 2 + node_count);
            self.integer(first);
            self.integer(last);
            for _ in 0..node_count {
                self.node();
            }
            first = last + 1 + i64::from(self.is_odd());
        }
    }

    fn node(&mut self) {
        if self.is_odd() {
            return self.odd();
        }
        let part_count = self.source.pick(&[3, 4, 2, 4]);
        encode::array_header(&mut self.out, part_count);
        self.host();
        self.port();
        if part_count > 2 {
            self.id();
        }
        if part_count > 3 {
            self.metadata();
        }
    }

    fn metadata(&mut self) {
        let count = self.source.below(3);
        encode::map_header(&mut self.out, count, self.protocol);
        for _ in 0..count {
            let key = self.source.pick(&["hostname", "ip", "availability-zone", "new"]);
            encode::bulk(&mut self.out, key.as_bytes());
            self.host();
        }
    }

    /// A reply to `CLUSTER SHARDS`.
    pub(crate) fn shards(&mut self) {
        let count = self.source.below(5);
        encode::array_header(&mut self.out, count);
        for _ in 0..count {
            encode::map_header(&mut self.out, 2, self.protocol);
            encode::bulk(&mut self.out, b"slots");
            encode::array_header(&mut self.out, 2);
            self.integer(0);
            self.integer(16_383);
            encode::bulk(&mut self.out, b"nodes");
            let node_count = self.source.below(4);
            encode::array_header(&mut self.out, node_count);
            for _ in 0..node_count {
                self.member();
            }
        }
    }

    fn member(&mut self) {
        if self.is_odd() {
            return self.odd();
        }
        let count = self.source.below(9);
        let keys = [
            "id",
            "endpoint",
            "port",
            "tls-port",
            "health",
            "replication-offset",
            "hostname",
            "ip",
            "role",
        ];
        encode::map_header(&mut self.out, count, self.protocol);
        for key in &keys[..count] {
            encode::bulk(&mut self.out, key.as_bytes());
            match *key {
                "id" => self.id(),
                "port" | "tls-port" => self.port(),
                "replication-offset" => self.integer(-1),
                "health" => {
                    let health = self.source.pick(&["online", "loading", "fail", "?"]);
                    encode::bulk(&mut self.out, health.as_bytes());
                }
                _ => self.host(),
            }
        }
    }

    /// A reply to `CLUSTER NODES`.
    pub(crate) fn nodes(&mut self) {
        let mut text = String::new();
        for _ in 0..self.source.below(7) {
            let digit = self.source.pick(&['a', 'b', 'c', 'd', 'e', '-']);
            let host = self.host_text();
            let port = self.port_number();
            let bus = self.source.pick(&["@17000", "@17000,db-1.example.net", "", "@1,,x=y", ","]);
            let flags = self.source.pick(&[
                "master",
                "myself,master",
                "slave",
                "master,fail?",
                "slave,fail",
                "handshake",
                "noaddr",
            ]);
            let slots =
                self.source.pick(&["", " 0-5460", " 5461", " 16384", " 9-3", " [93-<-id] 7", " x"]);
            let id: String = [digit; 40].iter().collect();
            let line = format!("{id} {host}:{port}{bus} {flags} - 0 0 3 connected{slots}\n");
            text.push_str(&line);
        }
        if self.is_odd() {
            text.truncate(text.len() / 2);
        }
        match self.protocol {
            Protocol::Resp2 => encode::bulk(&mut self.out, text.as_bytes()),
            _ => encode::verbatim(&mut self.out, b"txt", text.as_bytes()),
        }
    }

    fn is_odd(&mut self) -> bool {
        self.source.one_in(24)
    }

    fn host_text(&mut self) -> &'static str {
        if self.is_odd() { self.source.pick(ODD_HOSTS) } else { self.source.pick(HOSTS) }
    }

    fn host(&mut self) {
        match self.source.below(16) {
            15 => encode::null(&mut self.out, self.protocol),
            14 => self.odd(),
            _ => {
                let host = self.host_text();
                encode::bulk(&mut self.out, host.as_bytes());
            }
        }
    }

    fn port_number(&mut self) -> i64 {
        if self.is_odd() {
            return self.source.pick(&[0, -1, 65_535, 65_536, 1, i64::MAX]);
        }
        i64::from(self.source.byte() % 6) + 7000
    }

    fn port(&mut self) {
        let port = self.port_number();
        self.integer(port);
    }

    fn id(&mut self) {
        let digit = self.source.pick(b"abcdefg0-");
        let len = if self.is_odd() { 39 } else { 40 };
        encode::bulk(&mut self.out, &[digit; 40][..len]);
    }

    fn integer(&mut self, number: i64) {
        if self.is_odd() {
            return self.odd();
        }
        encode::integer(&mut self.out, number);
    }

    /// Something else.
    fn odd(&mut self) {
        match self.source.below(8) {
            0 => encode::null(&mut self.out, self.protocol),
            1 => encode::bulk(&mut self.out, b"7000"),
            2 => encode::array_header(&mut self.out, 0),
            3 => encode::integer(&mut self.out, 16_384),
            4 => encode::integer(&mut self.out, -1),
            5 => encode::error(&mut self.out, b"ERR inside"),
            6 => encode::double(&mut self.out, 7000.0),
            _ => encode::bulk(&mut self.out, self.source.text(20)),
        }
    }
}
