//! Replies of several nodes or slots become one.
//!
//! Rules of this file: every part has an end before its reply is looked at. If one of them failed,
//! the whole call has, and tells what became of each part; the rules say which exceptions there
//! are.
//!
//! A merged frame is what one node would have sent that has all keys. Elements are copied as the
//! bytes that they came as, with their attributes, so that nulls and types are those of the
//! protocol that the links speak; what is computed has the type of what it is computed from. The
//! attributes of the replies themselves become one, each pair once. Where some links speak RESP2
//! and others RESP3, who reads the frame has to read both, as readers of RESP3 do.

use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::ToString;
use alloc::vec::Vec;

use super::Options;
use crate::address::Address;
use crate::command::{Command, CommandInfo, ResponsePolicy};
use crate::config::Protocol;
use crate::error::{
    Code, ConversionError, Error, ErrorKind, Failure, Partial, PartialPart, Rejection,
};
use crate::random::Random;
use crate::resp::value::{self, all_attributes};
use crate::resp::{Elements, Frame, Value, encode};
use crate::slot::Slot;

/// The pieces that one command became.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(crate) struct Joint {
    policy: ResponsePolicy,
    /// What the rule of `CLUSTER SLOT-STATS` needs to know of the command.
    order: SlotOrder,
    /// The name of the command, for errors; empty if it is unknown.
    name: &'static str,
    origin: Origin,
    /// How many pieces there are.
    pub(crate) count: usize,
}

/// What the pieces are for.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(crate) enum Origin {
    /// The slot of each, and the piece that each key of the caller's is in.
    Keys { slots: Vec<Slot>, part_of_key: Vec<usize> },
    /// The node of each.
    Nodes(Vec<Address>),
}

/// What replies become.
#[derive(Debug)]
pub(crate) enum Merged {
    One(Frame),
    PerNode(Vec<(Address, Result<Frame, Error>)>),
}

impl Joint {
    /// The pieces of a command, which are merged as the caller says, or as the table says.
    pub(super) fn of(
        command: &Command,
        info: &CommandInfo,
        options: &Options,
        origin: Origin,
        count: usize,
    ) -> Result<Self, Error> {
        let policy = options.merge.unwrap_or_else(|| policy_of(command, info));
        let policy = match (&origin, policy) {
            // What one node answers tells nothing for all.
            (Origin::Nodes(_), ResponsePolicy::Single | ResponsePolicy::KeyOrder) => {
                ResponsePolicy::PerNode
            }
            (Origin::Keys { .. }, ResponsePolicy::PerNode | ResponsePolicy::Single) => {
                let problem = "it is split by slot: its parts have no nodes to tell them apart";
                return Err(Rejection::Malformed(problem).into());
            }
            (_, policy) => policy,
        };
        let is_by_slot = policy == ResponsePolicy::SlotStats;
        let order = if is_by_slot { SlotOrder::of(command) } else { SlotOrder::default() };
        Ok(Self { policy, order, name: command.info().name, origin, count })
    }

    /// Whether the replies stay apart.
    pub(super) const fn is_per_node(&self) -> bool {
        matches!(self.policy, ResponsePolicy::PerNode)
    }

    /// The rule that the replies become one by.
    pub(super) const fn policy(&self) -> ResponsePolicy {
        self.policy
    }

    /// The replies in the order of the pieces, as one.
    ///
    /// # Errors
    /// [`Failure::Partial`] if a part failed, unless the rule allows that; the parts' own error if
    /// all of them failed alike; [`Failure::Conversion`] if replies are not what the rule is for.
    pub(crate) fn merge(
        self,
        results: Vec<Result<Frame, Error>>,
        random: &mut Random,
    ) -> Result<Merged, Error> {
        let name = self.name;
        self.merge_unnamed(results, random).map_err(|error| error.of(name))
    }

    fn merge_unnamed(
        self,
        results: Vec<Result<Frame, Error>>,
        random: &mut Random,
    ) -> Result<Merged, Error> {
        match (self.policy, self.origin) {
            (ResponsePolicy::PerNode, Origin::Nodes(nodes)) => {
                Ok(Merged::PerNode(nodes.into_iter().zip(results).collect()))
            }
            (ResponsePolicy::OneSucceeded, origin) => {
                one_succeeded(results, &origin).map(Merged::One)
            }
            (policy, origin) => {
                let frames = all_succeeded(results, &origin)?;
                join(policy, &self.order, &origin, frames, random).map(Merged::One)
            }
        }
    }
}

/// How the table says that replies become one.
fn policy_of(command: &Command, info: &CommandInfo) -> ResponsePolicy {
    // `CLIENT KILL address`: the node that had the connection says OK, all others have an error.
    // With filters it tells how many there were.
    if info.name == "CLIENT KILL" && command.len() == 3 {
        return ResponsePolicy::OneSucceeded;
    }
    info.reply
}

/// The replies, if none is an error.
fn all_succeeded(results: Vec<Result<Frame, Error>>, origin: &Origin) -> Result<Vec<Frame>, Error> {
    if results.iter().any(Result::is_err) {
        return Err(partial(results, origin));
    }
    let mut frames = Vec::with_capacity(results.len());
    frames.extend(results.into_iter().flatten());
    Ok(frames)
}

/// The first reply that is no error. If all are, one that tells more than that a node had nothing
/// to do.
fn one_succeeded(results: Vec<Result<Frame, Error>>, origin: &Origin) -> Result<Frame, Error> {
    if let Some(frame) = results.iter().flatten().next() {
        return Ok(frame.clone());
    }
    let is_idle = |error: &Error| matches!(error.failure(), Failure::Server(error) if error.known_code() == Code::NotBusy);
    let errors = || results.iter().filter_map(|result| result.as_ref().err());
    let mut telling = errors().filter(|error| !is_idle(error));
    match (telling.next(), telling.next()) {
        (None, _) => Err(errors().next().cloned().unwrap_or_else(nothing)),
        (Some(error), None) => Err(error.clone()),
        (Some(_), Some(_)) => Err(partial(results, origin)),
    }
}

/// Whether two parts failed alike. A server that does not know a command quotes its arguments,
/// which differ.
fn is_alike(error: &Error, other: &Error) -> bool {
    match (error.failure(), other.failure()) {
        (Failure::Server(error), Failure::Server(other)) => {
            error == other || (error.is_unknown_command() && other.is_unknown_command())
        }
        // Nodes refuse one user alike.
        (failure, of_other) if error.kind() == ErrorKind::Authentication => failure == of_other,
        _ => error == other,
    }
}

/// The error of a call of which parts failed.
fn partial(results: Vec<Result<Frame, Error>>, origin: &Origin) -> Error {
    if let Some(Err(first)) = results.first()
        && results.iter().all(|result| result.as_ref().is_err_and(|error| is_alike(error, first)))
    {
        // One that may have run speaks for all.
        let mut errors = results.iter().filter_map(|result| result.as_ref().err());
        let told = errors.find(|error| error.may_have_executed()).unwrap_or(first).clone();
        return if results.len() > 1 { told.anywhere() } else { told };
    }
    let mut parts: Vec<PartialPart> = results
        .into_iter()
        .map(|result| PartialPart {
            result: result.map(|frame| frame.as_bytes().clone()),
            node: None,
            slot: None,
            keys: Vec::new(),
        })
        .collect();
    match origin {
        Origin::Keys { slots, part_of_key } => {
            for (part, slot) in parts.iter_mut().zip(slots) {
                part.slot = Some(*slot);
            }
            for (key, part) in part_of_key.iter().enumerate() {
                if let Some(part) = parts.get_mut(*part) {
                    part.keys.push(key);
                }
            }
        }
        Origin::Nodes(nodes) => {
            for (part, node) in parts.iter_mut().zip(nodes) {
                part.node = Some(node.clone());
            }
        }
    }
    Partial::new(parts).into()
}

/// Replies of which none is an error.
fn join(
    policy: ResponsePolicy,
    order: &SlotOrder,
    origin: &Origin,
    frames: Vec<Frame>,
    random: &mut Random,
) -> Result<Frame, Error> {
    match policy {
        ResponsePolicy::And => fold(&frames, |a, b| Some(i64::from(a != 0 && b != 0))),
        ResponsePolicy::Or => fold(&frames, |a, b| Some(i64::from(a != 0 || b != 0))),
        ResponsePolicy::Min => fold(&frames, |a, b| Some(a.min(b))),
        ResponsePolicy::Max => fold(&frames, |a, b| Some(a.max(b))),
        ResponsePolicy::Sum => fold(&frames, i64::checked_add),
        ResponsePolicy::Concat => concat(&frames),
        ResponsePolicy::Union => union(&frames),
        ResponsePolicy::SumByName => sum_by_name(&frames),
        ResponsePolicy::SlotStats => order.join(&frames),
        ResponsePolicy::KeyOrder => in_key_order(&frames, origin),
        ResponsePolicy::Equal => match frames.first() {
            Some(first) if frames.iter().all(|frame| frame.value() == first.value()) => {
                Ok(first.clone())
            }
            _ => Err(partial(frames.into_iter().map(Ok).collect(), origin)),
        },
        ResponsePolicy::NonNull => {
            let filled: Vec<_> = frames.iter().filter(|frame| !frame.value().is_null()).collect();
            let chosen = filled.get(random.below(filled.len())).copied();
            chosen.or_else(|| frames.first()).cloned().ok_or_else(nothing)
        }
        ResponsePolicy::Single
        | ResponsePolicy::AllSucceeded
        | ResponsePolicy::OneSucceeded
        | ResponsePolicy::PerNode => frames.into_iter().next().ok_or_else(nothing),
    }
}

/// Combines numbers, or arrays of them element by element.
fn fold(frames: &[Frame], combine: impl Fn(i64, i64) -> Option<i64>) -> Result<Frame, Error> {
    let (frame, rest) = frames.split_first().ok_or_else(nothing)?;
    let first = frame.value();
    let mut numbers = numbers(&first)?;
    if rest.is_empty() {
        return Ok(frame.clone());
    }
    for frame in rest {
        let value = frame.value();
        let others = self::numbers(&value)?;
        let is_like = value.elements().is_some() == first.elements().is_some();
        if others.len() != numbers.len() || !is_like {
            return Err(wrong("replies of one length", &value));
        }
        for (number, other) in numbers.iter_mut().zip(others) {
            *number = combine(*number, other).ok_or_else(|| {
                ConversionError::unexpected("a number of 64 bits", "a sum beyond it")
            })?;
        }
    }
    let mut out = attributes(frames);
    if let Some(elements) = first.elements() {
        aggregate(&mut out, frames, numbers.len());
        for (number, element) in numbers.iter().zip(elements) {
            number_like(&mut out, *number, &element);
        }
    } else if let Some(number) = numbers.first() {
        number_like(&mut out, *number, &first);
    }
    Ok(Frame::from_scanned(out.into()))
}

/// A number in the type of those that it was made from.
fn number_like(out: &mut Vec<u8>, number: i64, like: &Value<'_>) {
    let text = || number.to_string();
    if let Value::Boolean(_) = like {
        encode::boolean(out, number != 0);
    } else if let Value::Bulk(_) = like {
        encode::bulk(out, text().as_bytes());
    } else if let Value::Simple(_) = like {
        encode::simple(out, text().as_bytes());
    } else {
        encode::integer(out, number);
    }
}

/// The number that a value is, or those that it has.
fn numbers(value: &Value<'_>) -> Result<Vec<i64>, Error> {
    let number = |value: &Value<'_>| {
        let truth = if let Value::Boolean(truth) = value { Some(i64::from(*truth)) } else { None };
        truth.or_else(|| value.as_integer()).ok_or_else(|| wrong("an integer", value))
    };
    match value.elements() {
        Some(elements) => elements.map(|element| number(&element)).collect(),
        None => Ok(alloc::vec![number(value)?]),
    }
}

/// All elements, one reply's after the other's; all pairs, if the replies are maps.
fn concat(frames: &[Frame]) -> Result<Frame, Error> {
    let mut lists = Vec::with_capacity(frames.len());
    let mut count = 0;
    let are_maps = frames.first().is_some_and(|first| matches!(first.value(), Value::Map(_)));
    for frame in frames {
        let value = frame.value();
        if let Value::Map(pairs) = value
            && are_maps
        {
            count += pairs.len();
            lists.push(pairs.flat());
        } else if are_maps {
            return Err(wrong("a map", &value));
        } else {
            let elements = elements(&value)?;
            count += elements.len();
            lists.push(elements);
        }
    }
    let len = frames.iter().map(|frame| frame.as_bytes().len()).sum::<usize>();
    let mut out = attributes(frames);
    out.reserve(len + HEADER_LEN_MAX);
    aggregate(&mut out, frames, count);
    for list in lists {
        out.extend_from_slice(list.to_bytes());
    }
    Ok(Frame::from_scanned(out.into()))
}

/// As many bytes as the header of an aggregate may have.
const HEADER_LEN_MAX: usize = 24;

/// The header of an aggregate of the type of the replies.
fn aggregate(out: &mut Vec<u8>, frames: &[Frame], count: usize) {
    let is_all = |is: fn(&Value<'_>) -> bool| {
        !frames.is_empty() && frames.iter().all(|frame| is(&frame.value()))
    };
    if is_all(|value| matches!(value, Value::Map(_))) {
        encode::map_header(out, count, Protocol::Resp3);
    } else if is_all(|value| matches!(value, Value::Set(_))) {
        encode::set_header(out, count, Protocol::Resp3);
    } else {
        encode::array_header(out, count);
    }
}

/// The attributes of all replies as one, each pair once; nothing if no reply has any.
fn attributes(frames: &[Frame]) -> Vec<u8> {
    let mut out = Vec::new();
    if frames.iter().any(|frame| frame.as_bytes().first() == Some(&b'|')) {
        let (mut seen, mut pairs) = (BTreeSet::new(), Vec::new());
        for attribute in frames.iter().flat_map(|frame| all_attributes(frame.as_bytes())) {
            let mut flat = attribute.flat();
            while let (Some(key), Some(value)) = (flat.next_bytes(), flat.next_bytes()) {
                if seen.insert((key, value)) {
                    pairs.push((key, value));
                }
            }
        }
        encode::attribute_header(&mut out, pairs.len());
        for (key, value) in pairs {
            out.extend_from_slice(key);
            out.extend_from_slice(value);
        }
    }
    out
}

/// All elements, equal ones once: the first of them.
fn union(frames: &[Frame]) -> Result<Frame, Error> {
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for frame in frames {
        let mut elements = elements(&frame.value())?;
        while let Some(bytes) = elements.next_bytes() {
            if seen.insert(content(bytes)) {
                kept.push(bytes);
            }
        }
    }
    let mut out = attributes(frames);
    aggregate(&mut out, frames, kept.len());
    for bytes in kept {
        out.extend_from_slice(bytes);
    }
    Ok(Frame::from_scanned(out.into()))
}

/// The bytes by which a value is told from others: without attributes, and each null the same.
fn content(bytes: &[u8]) -> Cow<'_, [u8]> {
    match value::read(bytes) {
        Some((Value::Bulk(_), _)) if bytes.first() == Some(&b'$') => Cow::Borrowed(bytes),
        Some((value, _)) => {
            let mut canonical = Vec::new();
            encode::value(&mut canonical, &value);
            Cow::Owned(canonical)
        }
        None => Cow::Borrowed(bytes),
    }
}

/// A name with its number, as they came first, and the sum if there are other numbers of that name.
struct Named<'a> {
    name: &'a [u8],
    number: &'a [u8],
    total: i64,
    is_alone: bool,
}

/// Names and numbers: the sum for each name, in the order of the first reply.
fn sum_by_name(frames: &[Frame]) -> Result<Frame, Error> {
    let mut sums: Vec<Named<'_>> = Vec::new();
    let mut places = BTreeMap::new();
    for frame in frames {
        let value = frame.value();
        let pairs = value.pairs().ok_or_else(|| wrong("names and numbers", &value))?;
        let mut flat = pairs.flat();
        for (name, number) in pairs {
            let text = name.as_bytes().ok_or_else(|| wrong("a name", &name))?;
            let added = number.as_integer().ok_or_else(|| wrong("an integer", &number))?;
            let (name, number) = flat.next_bytes().zip(flat.next_bytes()).ok_or_else(nothing)?;
            let place = *places.entry(text).or_insert(sums.len());
            match sums.get_mut(place) {
                Some(known) => {
                    known.total = known.total.saturating_add(added);
                    known.is_alone = false;
                }
                None => sums.push(Named { name, number, total: added, is_alone: true }),
            }
        }
    }
    let mut out = attributes(frames);
    if frames.iter().any(|frame| matches!(frame.value(), Value::Map(_))) {
        encode::map_header(&mut out, sums.len(), Protocol::Resp3);
    } else {
        encode::array_header(&mut out, sums.len() * 2);
    }
    for Named { name, number, total, is_alone } in sums {
        out.extend_from_slice(name);
        match value::read(number) {
            Some((like, _)) if !is_alone => number_like(&mut out, total, &like),
            _ => out.extend_from_slice(number),
        }
    }
    Ok(Frame::from_scanned(out.into()))
}

/// Elements in the order of the caller's keys.
fn in_key_order(frames: &[Frame], origin: &Origin) -> Result<Frame, Error> {
    let Origin::Keys { part_of_key, .. } = origin else { return Err(nothing()) };
    let mut parts = Vec::with_capacity(frames.len());
    for frame in frames {
        parts.push(elements(&frame.value())?);
    }
    let len: usize = frames.iter().map(|frame| frame.as_bytes().len()).sum();
    let mut out = attributes(frames);
    out.reserve(len);
    encode::array_header(&mut out, part_of_key.len());
    for part in part_of_key {
        let element = parts.get_mut(*part).and_then(Elements::next_bytes);
        out.extend_from_slice(element.ok_or_else(nothing)?);
    }
    if parts.iter().any(|part| !part.is_empty()) {
        return Err(ConversionError::unexpected("an element for each key", "more elements").into());
    }
    Ok(Frame::from_scanned(out.into()))
}

/// The order in which the caller wants what `CLUSTER SLOT-STATS` tells.
#[derive(Debug, Default)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
struct SlotOrder {
    /// What to order by, descending or not; by slot if there is none.
    metric: Option<(Vec<u8>, bool)>,
    limit: Option<usize>,
}

impl SlotOrder {
    /// `CLUSTER SLOT-STATS ORDERBY metric [LIMIT n] [ASC | DESC]`, or by slot.
    fn of(command: &Command) -> Self {
        let mut words = command.arguments().skip(2);
        let mut stats = Self::default();
        if !words.next().is_some_and(|word| word.eq_ignore_ascii_case(b"ORDERBY")) {
            return stats;
        }
        let metric = words.next().unwrap_or_default().to_ascii_lowercase();
        let mut descending = true;
        while let Some(word) = words.next() {
            if word.eq_ignore_ascii_case(b"ASC") {
                descending = false;
            } else if word.eq_ignore_ascii_case(b"LIMIT") {
                let text = words.next().and_then(|text| core::str::from_utf8(text).ok());
                stats.limit = text.and_then(|text| text.parse().ok());
            }
        }
        stats.metric = Some((metric, descending));
        stats
    }

    fn join(&self, frames: &[Frame]) -> Result<Frame, Error> {
        let mut rows = Vec::new();
        for frame in frames {
            let mut elements = elements(&frame.value())?;
            while let Some(bytes) = elements.next_bytes() {
                let (row, _) = value::read(bytes).ok_or_else(nothing)?;
                let slot = row.elements().and_then(|mut row| row.next()?.as_integer());
                let slot = slot.ok_or_else(|| wrong("a slot and its figures", &row))?;
                rows.push((self.figure(&row), slot, bytes));
            }
        }
        rows.sort_by(|(figure, slot, _), (other_figure, other_slot, _)| {
            let by_figure = match &self.metric {
                Some((_, true)) => other_figure.cmp(figure),
                Some((_, false)) => figure.cmp(other_figure),
                None => core::cmp::Ordering::Equal,
            };
            by_figure.then(slot.cmp(other_slot))
        });
        rows.truncate(self.limit.unwrap_or(usize::MAX));
        let mut out = attributes(frames);
        encode::array_header(&mut out, rows.len());
        for (_, _, row) in rows {
            out.extend_from_slice(row);
        }
        Ok(Frame::from_scanned(out.into()))
    }

    /// What a row is ordered by.
    fn figure(&self, row: &Value<'_>) -> Option<i64> {
        let (metric, _) = self.metric.as_ref()?;
        row.elements()?.get(1)?.pairs()?.get(metric)?.as_integer()
    }
}

impl PartialPart {
    /// The reply, if the part succeeded.
    #[must_use]
    pub fn reply(&self) -> Option<Frame> {
        self.result.as_ref().ok().map(|bytes| Frame::from_scanned(bytes.clone()))
    }
}

/// The elements of an array or set.
fn elements<'a>(value: &Value<'a>) -> Result<Elements<'a>, Error> {
    value.elements().ok_or_else(|| wrong("an array", value))
}

fn wrong(expected: &'static str, value: &Value<'_>) -> Error {
    ConversionError::hinting(expected, value, None).into()
}

fn nothing() -> Error {
    ConversionError::unexpected("a reply", "none").into()
}
