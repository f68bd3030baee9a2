//! Scripts: sent by name, and in full where the name is not known.

use alloc::sync::Arc;
use core::fmt;

use bytes::Bytes;

use super::{Command, CommandInfo, Large, ToArg, packed, sha1, table};

const EVAL: &CommandInfo = table::known("EVAL");
const EVAL_RO: &CommandInfo = table::known("EVAL_RO");
const EVALSHA: &CommandInfo = table::known("EVALSHA");
const EVALSHA_RO: &CommandInfo = table::known("EVALSHA_RO");

/// A Lua script, which servers know by the SHA-1 of its source.
///
/// The first invocation on a connection carries the source (`EVAL`), which has the node keep the
/// script; those behind it carry the name (`EVALSHA`). A node that has lost the script meanwhile
/// says so, `NOSCRIPT`, before it runs anything, and is sent the source once more. Between `MULTI`
/// and `EXEC` it is always the source. Nothing has to be loaded before, and `SCRIPT FLUSH`, a
/// restart or a failover do no harm.
///
/// Like any script, one that may have run is not sent again. Only the whole text with which servers
/// say that they do not have it is taken for proof: a script that wants to be run twice can answer
/// with the same text, and is.
///
/// **Order**: a script that a node has lost may be overtaken by commands of its slot that were on
/// their way already, as by any refusal that is not a redirection; never by those submitted later.
///
/// **Cost**: a clone counts a reference. The source is shared by all invocations, and copied on its
/// way only if it is shorter than 1 KiB.
///
/// ```
/// use hashslot::{Call, Script, Slot};
/// let take = Script::new("return redis.call('DECRBY', KEYS[1], ARGV[1])");
/// assert_eq!(take.sha1(), "ab0b568ef6433e28dfca6c3ee6109a94e4cf9f33");
/// let command = take.invoke(["stock:{7}"]).arg(3);
/// assert_eq!(command.slot(), Ok(Some(Slot::of_key(b"stock:{7}"))));
/// let call = Call::new(command).idempotent(); // if it is
/// ```
#[derive(Clone)]
pub struct Script {
    source: Arc<Source>,
    evalsha: &'static CommandInfo,
}

/// What a script is.
pub(crate) struct Source {
    text: Bytes,
    sha1: Sha1,
}

/// The name of a script, in hexadecimal digits.
pub(crate) type Sha1 = [u8; 40];

impl Script {
    /// The script with this source.
    ///
    /// **Cost**: one pass over the source. Make it once, and keep it.
    #[must_use]
    pub fn new(source: impl Into<Bytes>) -> Self {
        let text = source.into();
        let sha1 = sha1::hex(&text);
        Self { source: Arc::new(Source { text, sha1 }), evalsha: EVALSHA }
    }

    /// Marks the script as a read, which servers enforce (`EVALSHA_RO`, since Redis 7.0). The
    /// client may send it again when it may have run, and may send it to a replica.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.evalsha = EVALSHA_RO;
        self
    }

    /// The name that servers know it by.
    ///
    /// **Shape**: 40 hexadecimal digits, small letters.
    #[must_use]
    pub fn sha1(&self) -> &str {
        core::str::from_utf8(&self.source.sha1).unwrap_or_default()
    }

    /// The command that runs it on these keys, `KEYS`. Add what it is to have as `ARGV` with
    /// [`Command::arg`].
    ///
    /// All keys must be in one slot; otherwise the client refuses the command.
    #[must_use]
    pub fn invoke<A, K>(&self, keys: K) -> Command
    where
        A: ToArg,
        K: IntoIterator<Item = A, IntoIter: ExactSizeIterator>,
    {
        let keys = keys.into_iter();
        self.start().arg(keys.len()).args(keys)
    }

    /// The command that runs it, without its keys and their number yet.
    pub(crate) fn start(&self) -> Command {
        Command::of(self.evalsha).arg(&self.source.sha1).named(&self.source)
    }
}

impl Command {
    /// The same command, which names this script.
    fn named(mut self, source: &Arc<Source>) -> Self {
        self.rare.get_or_insert_default().script = Some(Arc::clone(source));
        self
    }

    fn source(&self) -> Option<&Arc<Source>> {
        self.rare.as_ref()?.script.as_ref()
    }

    /// The name of the script that it runs, if its source is at hand.
    pub(crate) fn script(&self) -> Option<&Sha1> {
        self.source().map(|source| &source.sha1)
    }

    /// Whether it has the source of its script in place of the name.
    pub(crate) fn is_spelled_out(&self) -> bool {
        self.source().is_some() && matches!(self.info.name, "EVAL" | "EVAL_RO")
    }

    /// The same command with the source of its script in place of the name; `None` if it has no
    /// script, or is spelled out already. Large arguments are shared.
    pub(crate) fn spelled_out(&self) -> Option<Self> {
        let source = self.source().filter(|_| !self.is_spelled_out())?;
        let packed = self.packed.as_slice();
        let mut rest = packed;
        for _ in ["EVALSHA", "its name"] {
            let (len, header_len) = packed::read_bulk_header(rest)?;
            rest = rest.get(header_len + len + 2..)?;
        }
        let cut = packed.len() - rest.len();
        let eval = if self.info.read_only { EVAL_RO } else { EVAL };
        let mut spelled = Self::of(eval).arg(&source.text);
        let start = spelled.packed.as_slice().len();
        spelled.packed.push(rest);
        let moved = |large: &Large| Large { at: large.at - cut + start, ..large.clone() };
        spelled.rare.get_or_insert_default().large.extend(self.large().iter().map(moved));
        spelled.count = self.count;
        Some(spelled.named(source))
    }
}

impl fmt::Debug for Script {
    /// Shows the name, never the source: it may have a secret in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Script({})", self.sha1())
    }
}
