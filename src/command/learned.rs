//! What a server tells of commands that the table does not have.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::keys::{self, KeyError, MISSING, Take};

use super::specs::Spec;
use super::{Command, CommandInfo, KeyShape, RequestPolicy, ResponsePolicy, table};
use crate::error::ConversionError;
use crate::resp::{Elements, Frame, Value};
use crate::slot::Slot;

/// What is kept at most: servers have about 400 commands and subcommands, modules some hundreds
/// more.
const COMMAND_COUNT_MAX: usize = 4096;
/// No command of a server has a longer name, not even with its subcommand.
const NAME_LEN_MAX: usize = 64;
/// No command of a server has more than three.
const SPEC_COUNT_MAX: usize = 8;

/// Commands that a server has and the table of this crate does not: those of modules, and of
/// servers that are newer. Read from the reply to `COMMAND`.
///
/// **Limit**: 4096 commands with names of up to 64 bytes and up to 8 key specifications; what goes
/// beyond is not learned. That is at most about 5 MB, and less than 1 KB for each command.
///
/// ```
/// use hashslot::command::LearnedCommands;
/// use hashslot::{Command, Frame, Slot};
/// let reply = Frame::parse(
///     &b"*1\r\n*6\r\n$6\r\nmy.set\r\n:4\r\n*1\r\n+write\r\n:2\r\n:2\r\n:1\r\n"[..],
///     &Default::default(),
/// )?;
/// let learned = LearnedCommands::read(&reply)?;
/// let command = Command::new("MY.SET").args(["option", "key", "value"]);
/// let known = learned.get(&command).expect("was in the reply");
/// assert_eq!(known.slot(&command)?, Some(Slot::of_key(b"key")));
/// assert!(!known.read_only());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LearnedCommands {
    /// Sorted by name.
    commands: Vec<LearnedCommand>,
}

/// What a server tells of one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearnedCommand {
    /// In capitals, a subcommand's behind its command's and a blank.
    name: Box<str>,
    arity: i64,
    specs: Box<[Spec]>,
    /// The same facts as in a row of the table, except the name.
    info: CommandInfo,
}

impl LearnedCommands {
    /// Reads the reply to `COMMAND` or `COMMAND INFO`, in RESP2 or RESP3. Of servers before Redis
    /// 7.0 it has no subcommands and only ranges of keys.
    ///
    /// # Errors
    /// [`ConversionError`] if it is not such a reply. Commands of which the server says null are
    /// left out, as is all that the reader does not know.
    pub fn read(reply: &Frame) -> Result<Self, ConversionError> {
        Self::read_if(reply, |name, subcommand| match (table::find(name.as_bytes()), subcommand) {
            (None, _) => true,
            (Some(info), Some(subcommand)) if info.has_subcommands => {
                table::find_subcommand(info, subcommand.as_bytes()).is_none()
            }
            (Some(_), _) => false,
        })
    }

    /// As [`LearnedCommands::read`], with the commands that the table has too: to compare the two.
    ///
    /// # Errors
    /// As [`LearnedCommands::read`].
    pub fn read_all(reply: &Frame) -> Result<Self, ConversionError> {
        Self::read_if(reply, |_, _| true)
    }

    fn read_if(
        reply: &Frame,
        is_wanted: impl Fn(&str, Option<&str>) -> bool,
    ) -> Result<Self, ConversionError> {
        let mut commands = Vec::new();
        let mut keep = |command: Option<LearnedCommand>| {
            if let Some(command) = command
                && commands.len() < COMMAND_COUNT_MAX
            {
                let (name, subcommand) = match command.name.split_once(' ') {
                    Some((name, subcommand)) => (name, Some(subcommand)),
                    None => (&*command.name, None),
                };
                if is_wanted(name, subcommand) {
                    commands.push(command);
                }
            }
        };
        for entry in elements(reply.value(), "the reply to COMMAND")? {
            if entry.is_null() {
                continue;
            }
            let fields = elements(entry, "a command")?;
            keep(LearnedCommand::read(fields)?);
            for subcommand in fields.get(9).and_then(|all| all.elements()).into_iter().flatten() {
                keep(LearnedCommand::read(elements(subcommand, "a subcommand")?)?);
            }
        }
        commands.sort_by(|one, other| one.name.cmp(&other.name));
        commands.dedup_by(|one, other| one.name == other.name);
        Ok(Self { commands })
    }

    /// How many commands and subcommands were learned.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.commands.len()
    }

    /// Whether nothing was learned.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// All that was learned, sorted by name.
    #[must_use]
    pub fn commands(&self) -> impl ExactSizeIterator<Item = &LearnedCommand> {
        self.commands.iter()
    }

    /// What was learned of a command: of its subcommand, if it has some and this one was among
    /// them.
    ///
    /// **Cost**: two searches in a sorted list, no allocation.
    #[must_use]
    pub fn get(&self, command: &Command) -> Option<&LearnedCommand> {
        let mut arguments = command.arguments();
        let name = arguments.next()?;
        let of_subcommand = arguments
            .next()
            .and_then(|subcommand| self.find(&name.iter().chain(b" ").chain(subcommand)));
        of_subcommand.or_else(|| self.find(&name.iter()))
    }

    fn find<'a>(&self, name: &(impl Iterator<Item = &'a u8> + Clone)) -> Option<&LearnedCommand> {
        let index = self.commands.binary_search_by(|command| {
            command.name.bytes().cmp(name.clone().map(u8::to_ascii_uppercase))
        });
        self.commands.get(index.ok()?)
    }
}

impl LearnedCommand {
    /// One entry; `None` if it goes beyond the limits.
    fn read(fields: Elements<'_>) -> Result<Option<Self>, ConversionError> {
        let field = |index: usize, expected: &'static str| {
            fields.get(index).ok_or_else(|| ConversionError::unexpected(expected, "nothing"))
        };
        let integer = |index: usize, expected: &'static str| {
            let value = field(index, expected)?;
            value.as_integer().ok_or_else(|| ConversionError::hinting(expected, &value, None))
        };
        let name = field(0, "a name")?;
        let name = name.as_str().ok_or_else(|| ConversionError::hinting("a name", &name, None))?;
        let flags = elements(field(2, "flags")?, "flags")?;
        let has = |flag: &str| flags.into_iter().any(|found| found.as_str() == Some(flag));
        let legacy = (integer(3, "a position")?, integer(4, "a position")?, integer(5, "a step")?);
        // The further fields came with Redis 7.0.
        let further = |index: usize| fields.get(index).and_then(|value| value.elements());
        let specs: Vec<_> = match further(8) {
            Some(specs) if specs.len() > SPEC_COUNT_MAX => return Ok(None),
            Some(specs) => specs.filter_map(Spec::read).collect(),
            None => Spec::legacy(legacy.0, legacy.1, legacy.2).into_iter().collect(),
        };
        let arity = integer(1, "a number of arguments")?;
        let info = CommandInfo {
            name: "",
            arity: i8::try_from(arity).unwrap_or(-1),
            keys: shape(&specs, has("movablekeys")),
            read_only: has("readonly"),
            blocking: has("blocking"),
            script: has("no_mandatory_keys"),
            repeatable: false,
            overtakes: false,
            secret: true,
            has_subcommands: false,
            request: RequestPolicy::Keyed,
            reply: ResponsePolicy::Single,
        };
        let mut command = Self {
            name: name.replacen('|', " ", 1).to_ascii_uppercase().into(),
            arity,
            specs: specs.into(),
            info,
        };
        command.follow(further(7), further(9).is_some_and(|all| !all.is_empty()));
        Ok((name.len() <= NAME_LEN_MAX).then_some(command))
    }

    /// Takes over where the server thinks that the command goes.
    fn follow(&mut self, tips: Option<Elements<'_>>, has_subcommands: bool) {
        let tip = |name: &str| {
            let mut tips = tips.into_iter().flatten();
            tips.find_map(|tip| tip.as_str()?.strip_prefix(name)?.strip_prefix(':'))
        };
        let has_keys = self.info.keys != KeyShape::None;
        self.info.request = match tip("request_policy") {
            Some("all_nodes") => RequestPolicy::AllNodes,
            Some("all_shards") => RequestPolicy::AllShards,
            Some("multi_shard") if matches!(self.info.keys, KeyShape::Range { .. }) => {
                RequestPolicy::MultiShard
            }
            _ if has_keys => RequestPolicy::Keyed,
            Some("special") => RequestPolicy::ExplicitNode,
            None if has_subcommands => RequestPolicy::ExplicitNode,
            _ => RequestPolicy::AnyNode,
        };
        self.info.reply = match (tip("response_policy"), self.info.request) {
            (_, RequestPolicy::Keyed | RequestPolicy::AnyNode | RequestPolicy::ExplicitNode) => {
                ResponsePolicy::Single
            }
            (Some("all_succeeded"), _) => ResponsePolicy::AllSucceeded,
            (Some("one_succeeded"), _) => ResponsePolicy::OneSucceeded,
            (Some("agg_logical_and"), _) => ResponsePolicy::And,
            (Some("agg_logical_or"), _) => ResponsePolicy::Or,
            (Some("agg_min"), _) => ResponsePolicy::Min,
            (Some("agg_max"), _) => ResponsePolicy::Max,
            (Some("agg_sum"), _) => ResponsePolicy::Sum,
            (None, RequestPolicy::MultiShard) => ResponsePolicy::KeyOrder,
            (None, _) => ResponsePolicy::Concat,
            (Some(_), _) => ResponsePolicy::PerNode,
        };
    }

    /// The name in capitals; a subcommand's follows its command's after a blank.
    #[must_use]
    pub const fn name(&self) -> &str {
        &self.name
    }

    /// The number of arguments with the name; negative if it is the least number.
    #[must_use]
    pub const fn arity(&self) -> i64 {
        self.arity
    }

    /// Whether it only reads: it may run twice, and on a replica.
    #[must_use]
    pub const fn read_only(&self) -> bool {
        self.info.read_only
    }

    /// Whether it may wait at the server, and hold its connection. Servers before Redis 7.0 do not
    /// tell.
    #[must_use]
    pub const fn blocking(&self) -> bool {
        self.info.blocking
    }

    /// Whether it may run code of the user's. Servers do not tell; it is taken for granted where
    /// keys may be given or not, as with `EVAL` and `FCALL`.
    #[must_use]
    pub const fn script(&self) -> bool {
        self.info.script
    }

    /// Where it goes, as the server's tip says. It can be split only if its keys are a range;
    /// otherwise, and without a tip, it goes where its keys are, or to any primary if it has none.
    /// A command with subcommands, of which this is none, goes only where the caller says.
    #[must_use]
    pub const fn request(&self) -> RequestPolicy {
        self.info.request
    }

    /// How the replies of several nodes become one, as the server's tip says. Without one: those of
    /// nodes one after the other, those of keys in the order of the keys.
    #[must_use]
    pub const fn reply(&self) -> ResponsePolicy {
        self.info.reply
    }

    /// Where its keys are, as far as one shape can say it; else [`KeyShape::Unknown`], and only
    /// [`LearnedCommand::keys`] tells.
    #[must_use]
    pub const fn shape(&self) -> KeyShape {
        self.info.keys
    }

    /// The same facts as in a row of the table, except the name.
    #[inline]
    pub(crate) const fn info(&self) -> &CommandInfo {
        &self.info
    }

    /// The keys of a command of this name, in the order in which the server describes them. If it
    /// only says that they are somewhere, the first argument is taken for the key.
    ///
    /// # Errors
    /// [`KeyError`] if the arguments do not have the shape of the command.
    pub fn keys<'a>(&self, command: &'a Command) -> Result<Vec<&'a [u8]>, KeyError> {
        keys::all(|take| self.each(command, take))
    }

    /// The slot of the keys; `None` if the command has no key.
    ///
    /// # Errors
    /// [`KeyError`] if the keys cannot be found, or if they are in different slots.
    pub fn slot(&self, command: &Command) -> Result<Option<Slot>, KeyError> {
        keys::common_slot(|take| self.each(command, take))
    }

    fn each<'a>(&self, command: &'a Command, take: Take<'_, 'a>) -> Result<(), KeyError> {
        let arity = usize::try_from(self.arity.unsigned_abs()).unwrap_or(usize::MAX);
        if command.len() < arity {
            return Err(MISSING);
        }
        if self.specs.is_empty() && self.info.keys != KeyShape::None {
            return command.arguments().nth(1).map_or(Ok(()), take);
        }
        self.specs.iter().try_for_each(|spec| spec.each(command, take))
    }
}

/// Where keys are, as far as one shape can say it.
fn shape(specs: &[Spec], has_movable_keys: bool) -> KeyShape {
    match specs {
        [] if !has_movable_keys => KeyShape::None,
        [one] => one.shape().unwrap_or(KeyShape::Unknown),
        _ => KeyShape::Unknown,
    }
}

/// The elements of an array or set.
fn elements<'a>(value: Value<'a>, expected: &'static str) -> Result<Elements<'a>, ConversionError> {
    value.elements().ok_or_else(|| ConversionError::hinting(expected, &value, None))
}
