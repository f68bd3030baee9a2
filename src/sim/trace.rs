//! The trace of a run, as text to read and as a number to compare two runs by.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::world::SocketEvent;
use crate::time::Instant;

/// The trace of a run.
#[derive(Debug, Default)]
pub(super) struct Trace {
    /// What people read; kept on request only.
    lines: Option<Vec<String>>,
    hash: u64,
}

impl Trace {
    pub(super) fn new(keeps_lines: bool) -> Self {
        Self { lines: keeps_lines.then(Vec::new), hash: 0xCBF2_9CE4_8422_2325 }
    }

    pub(super) fn line(&mut self, now: Instant, text: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{:>12.6} {}", now.since_epoch().as_secs_f64(), text()));
        }
    }

    /// Something reached a client: it counts for the number.
    pub(super) fn event(&mut self, now: Instant, event: &SocketEvent) {
        self.mix(&now.since_epoch().as_nanos().to_le_bytes());
        self.mix(&event.connection().0.to_le_bytes());
        match event {
            SocketEvent::Received(_, bytes) => self.mix(bytes),
            SocketEvent::Connected(_) => self.mix(b"connected"),
            SocketEvent::Writable(_) => self.mix(b"writable"),
            SocketEvent::Closed(..) => self.mix(b"closed"),
        }
    }

    pub(super) fn mix(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }

    pub(super) const fn hash(&self) -> u64 {
        self.hash
    }

    pub(super) fn lines(&self) -> &[String] {
        self.lines.as_deref().unwrap_or_default()
    }
}
