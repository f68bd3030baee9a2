//! Room for the rest of a long reply.

use alloc::vec::Vec;
use core::fmt;

use bytes::BufMut;

/// The buffer grows by at least this much if a length promises as much: memory that nothing was
/// written to costs addresses only, and a buffer that grows in many steps is moved as often.
pub(crate) const GROWTH_LEN: usize = 2 << 20;
/// The same where all links together have promised much.
pub(crate) const GROWTH_LEN_MIN: usize = 16 << 10;
/// How much is cleared at a time, so that it is read into while it is in the processor's cache.
pub(super) const CLEARED_LEN: usize = 128 << 10;
/// How much is cleared at first: who promises much may send little.
const CLEARED_LEN_MIN: usize = 16 << 10;

/// Room that the machine lends for the rest of a long reply that is on its way in, or for the reply
/// behind one: bytes that are read straight into it need not be copied. It is never empty, and not
/// longer than the reply lacks; behind a reply it is as long as that, and 64 bytes.
///
/// ```
/// use bytes::BufMut;
/// use hashslot::driver::ReceiveBuffer;
/// /// For readers that want memory that was written to before, as those of `std::io` do.
/// fn read(from: &mut impl std::io::Read, room: &mut ReceiveBuffer<'_>) -> std::io::Result<usize> {
///     from.read(room.as_slice())
/// }
/// /// For those that can do without.
/// fn copy(from: &[u8], room: &mut ReceiveBuffer<'_>) -> usize {
///     let mut buf = room.as_buf();
///     let len = from.len().min(buf.remaining_mut());
///     buf.put_slice(&from[..len]);
///     len
/// }
/// ```
pub struct ReceiveBuffer<'a> {
    /// Behind what was received there may be some that was cleared.
    pub(super) buffer: &'a mut Vec<u8>,
    pub(super) received: usize,
    /// How much the reply lacks at least.
    pub(super) needed: usize,
    /// By how much the buffer grows.
    pub(super) growth_len: usize,
}

impl ReceiveBuffer<'_> {
    /// Room that is cleared; what is in it means nothing. **Shape**: 1 byte to 128 KiB, and not
    /// more than eight times what has come of the reply, or 16 KiB.
    pub fn as_slice(&mut self) -> &mut [u8] {
        if self.buffer.len() == self.received {
            // Short reads at first cost a reader of long replies a third more.
            let len = self.received.saturating_mul(8).clamp(CLEARED_LEN_MIN, CLEARED_LEN);
            self.buffer.resize(self.received + self.needed.min(len), 0);
        }
        self.buffer.get_mut(self.received..).unwrap_or_default()
    }

    /// Room that nothing was written to yet, which saves clearing it. **Shape**: 1 byte to 2 MiB.
    pub fn as_buf(&mut self) -> impl BufMut {
        self.buffer.truncate(self.received);
        if self.buffer.capacity() == self.received {
            self.buffer.reserve(self.needed.min(self.growth_len));
        }
        let len = self.needed.min(self.buffer.capacity() - self.received).min(GROWTH_LEN);
        (&mut *self.buffer).limit(len)
    }
}

impl fmt::Debug for ReceiveBuffer<'_> {
    /// Shows no bytes: they may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReceiveBuffer({} bytes are lacking)", self.needed)
    }
}
