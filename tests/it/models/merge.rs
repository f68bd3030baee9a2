//! Replies of several nodes that become one, against definitions on trees.

use std::time::Duration;

use hashslot::command::ResponsePolicy;
use hashslot::config::{Limits, Protocol};
use hashslot::error::ErrorKind;
use hashslot::resp::{Frame, Value};
use hashslot::sim::strategies::{Cuts, Tree, cuts, frames};
use hashslot::{Call, Command, Reply, Target};
use proptest::prelude::*;

use super::{cases, quiet};
use crate::support::script::*;

const POLICIES: [ResponsePolicy; 16] = [
    ResponsePolicy::Single,
    ResponsePolicy::AllSucceeded,
    ResponsePolicy::OneSucceeded,
    ResponsePolicy::Equal,
    ResponsePolicy::And,
    ResponsePolicy::Or,
    ResponsePolicy::Min,
    ResponsePolicy::Max,
    ResponsePolicy::Sum,
    ResponsePolicy::Concat,
    ResponsePolicy::Union,
    ResponsePolicy::SumByName,
    ResponsePolicy::KeyOrder,
    ResponsePolicy::NonNull,
    ResponsePolicy::SlotStats,
    ResponsePolicy::PerNode,
];

/// What replies become.
enum Expected {
    One(Tree),
    /// One of these, at random.
    Any(Vec<Tree>),
    /// A conversion error.
    Wrong,
    /// An error that tells of each part.
    Partial,
    Apart,
}

fn integer(tree: &Tree) -> Option<i64> {
    let text = match tree {
        Tree::Integer(number) => return Some(*number),
        Tree::Boolean(truth) => return Some((*truth).into()),
        Tree::Attributed(_, tree) => return integer(tree),
        Tree::Simple(text) | Tree::Bulk(text) => text,
        _ => return None,
    };
    let number: i64 = str::from_utf8(text).ok()?.parse().ok()?;
    (number.to_string().as_bytes() == text).then_some(number)
}

/// A value without what is said about it.
fn bare(tree: &Tree) -> Tree {
    let all = |trees: &[Tree]| trees.iter().map(bare).collect();
    match tree {
        Tree::Attributed(_, tree) => bare(tree),
        Tree::Array(trees) => Tree::Array(all(trees)),
        Tree::Set(trees) => Tree::Set(all(trees)),
        Tree::Map(pairs) => Tree::Map(pairs.iter().map(|(a, b)| (bare(a), bare(b))).collect()),
        other => other.clone(),
    }
}

/// A value, and all that is said about it in front of it.
fn unwrapped(mut tree: &Tree) -> (&Tree, Vec<(Tree, Tree)>) {
    let mut said = Vec::new();
    while let Tree::Attributed(pairs, inner) = tree {
        said.extend(pairs.iter().cloned());
        tree = inner;
    }
    (tree, said)
}

/// What is made of replies, and what was said about any of them, each of it once.
fn saying(replies: &[Tree], made: Tree) -> Tree {
    let mut said: Vec<(Tree, Tree)> = Vec::new();
    let pairs = replies.iter().map(|reply| unwrapped(reply).1);
    for pair in pairs.clone().flatten() {
        let bytes = |(key, value): &(Tree, Tree)| {
            [key.encode(Protocol::Resp3), value.encode(Protocol::Resp3)]
        };
        if said.iter().all(|known| bytes(known) != bytes(&pair)) {
            said.push(pair);
        }
    }
    // Something was said, if only that there is nothing to say.
    let are_silent = replies.iter().all(|reply| !matches!(reply, Tree::Attributed(..)));
    if are_silent { made } else { Tree::Attributed(said, Box::new(made)) }
}

fn elements(tree: &Tree) -> Option<&[Tree]> {
    match unwrapped(tree).0 {
        Tree::Array(trees) | Tree::Set(trees) => Some(trees),
        _ => None,
    }
}

fn pairs(tree: &Tree) -> Option<Vec<(Tree, Tree)>> {
    match unwrapped(tree).0 {
        Tree::Map(pairs) => Some(pairs.clone()),
        Tree::Array(flat) if flat.len() % 2 == 0 => {
            Some(flat.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
        }
        _ => None,
    }
}

/// A number in the type of another.
fn like(number: i64, like: &Tree) -> Tree {
    let text = || number.to_string().into_bytes();
    match unwrapped(like).0 {
        Tree::Boolean(_) => Tree::Boolean(number != 0),
        Tree::Bulk(_) => Tree::Bulk(text()),
        Tree::Simple(_) => Tree::Simple(text()),
        _ => Tree::Integer(number),
    }
}

fn is_set(tree: &Tree) -> bool {
    matches!(unwrapped(tree).0, Tree::Set(_))
}

fn is_map(tree: &Tree) -> bool {
    matches!(unwrapped(tree).0, Tree::Map(_))
}

/// Elements in the type of the replies.
fn list(replies: &[Tree], elements: Vec<Tree>) -> Tree {
    if replies.iter().all(is_set) { Tree::Set(elements) } else { Tree::Array(elements) }
}

/// Numbers, or lists of them, combined.
fn folded(replies: &[Tree], combine: fn(i64, i64) -> Option<i64>) -> Option<Tree> {
    let is_list = elements(&replies[0]).is_some();
    let numbers = |tree: &Tree| match elements(tree) {
        Some(trees) if is_list => trees.iter().map(integer).collect(),
        None if !is_list => Some(vec![integer(tree)?]),
        _ => None,
    };
    let lists: Vec<Vec<i64>> = replies.iter().map(numbers).collect::<Option<_>>()?;
    if let [one] = replies {
        return Some(one.clone());
    }
    let mut sums = lists[0].clone();
    for list in &lists[1..] {
        if list.len() != sums.len() {
            return None;
        }
        for (sum, number) in sums.iter_mut().zip(list) {
            *sum = combine(*sum, *number)?;
        }
    }
    let made = match elements(&replies[0]) {
        Some(first) => {
            list(replies, sums.iter().zip(first).map(|(n, tree)| like(*n, tree)).collect())
        }
        None => like(sums[0], &replies[0]),
    };
    Some(saying(replies, made))
}

/// All elements in the type of the replies.
fn joined(replies: &[Tree], once: bool) -> Option<Tree> {
    if !once && is_map(&replies[0]) {
        let all = replies.iter().map(|reply| if is_map(reply) { pairs(reply) } else { None });
        let all = all.collect::<Option<Vec<_>>>()?.concat();
        return Some(saying(replies, Tree::Map(all)));
    }
    let lists = replies.iter().map(elements).collect::<Option<Vec<_>>>()?;
    let mut all: Vec<Tree> = Vec::new();
    let content = |tree: &Tree| bare(tree).encode(Protocol::Resp3);
    for tree in lists.concat() {
        if !once || all.iter().all(|other| content(other) != content(&tree)) {
            all.push(tree);
        }
    }
    Some(saying(replies, list(replies, all)))
}

fn summed_by_name(replies: &[Tree]) -> Option<Tree> {
    let mut sums: Vec<(Vec<u8>, Tree, Tree, i64)> = Vec::new();
    for reply in replies {
        for (name, number) in pairs(reply)? {
            let text = match unwrapped(&name).0 {
                Tree::Simple(text) | Tree::Bulk(text) | Tree::Verbatim(_, text) => text.clone(),
                Tree::BigNumber(digits) => digits.clone().into_bytes(),
                _ => return None,
            };
            let is_boolean = matches!(unwrapped(&number).0, Tree::Boolean(_));
            let added = integer(&number).filter(|_| !is_boolean)?;
            match sums.iter_mut().find(|(known, ..)| *known == text) {
                Some((_, _, told, sum)) => {
                    *sum = sum.saturating_add(added);
                    *told = like(*sum, told);
                }
                None => sums.push((text, name, number, added)),
            }
        }
    }
    let sums = sums.into_iter().map(|(_, name, told, _)| (name, told));
    let made = if replies.iter().any(is_map) {
        Tree::Map(sums.collect())
    } else {
        Tree::Array(sums.flat_map(|(name, told)| [name, told]).collect())
    };
    Some(saying(replies, made))
}

/// Rows of a slot and its figures, by slot.
fn by_slot(replies: &[Tree]) -> Option<Tree> {
    let lists = replies.iter().map(elements).collect::<Option<Vec<_>>>()?;
    let slot = |row: &Tree| {
        let first = elements(row)?.first()?;
        integer(first).filter(|_| !matches!(unwrapped(first).0, Tree::Boolean(_)))
    };
    let mut rows = lists.concat();
    if rows.iter().any(|row| slot(row).is_none()) {
        return None;
    }
    rows.sort_by_key(|row| slot(row));
    Some(saying(replies, Tree::Array(rows)))
}

fn expected(policy: ResponsePolicy, replies: &[Tree]) -> Expected {
    let one = |tree: Option<Tree>| tree.map_or(Expected::Wrong, Expected::One);
    let folded = |combine| one(folded(replies, combine));
    match policy {
        ResponsePolicy::Single | ResponsePolicy::KeyOrder | ResponsePolicy::PerNode => {
            Expected::Apart
        }
        ResponsePolicy::AllSucceeded | ResponsePolicy::OneSucceeded => {
            Expected::One(replies[0].clone())
        }
        ResponsePolicy::Equal => {
            if replies.iter().all(|reply| bare(reply) == bare(&replies[0])) {
                Expected::One(replies[0].clone())
            } else {
                Expected::Partial
            }
        }
        ResponsePolicy::And => folded(|a, b| Some((a != 0 && b != 0).into())),
        ResponsePolicy::Or => folded(|a, b| Some((a != 0 || b != 0).into())),
        ResponsePolicy::Min => folded(|a, b| Some(a.min(b))),
        ResponsePolicy::Max => folded(|a, b| Some(a.max(b))),
        ResponsePolicy::Sum => folded(i64::checked_add),
        ResponsePolicy::Concat => one(joined(replies, false)),
        ResponsePolicy::Union => one(joined(replies, true)),
        ResponsePolicy::SumByName => one(summed_by_name(replies)),
        ResponsePolicy::SlotStats => one(by_slot(replies)),
        ResponsePolicy::NonNull => {
            let filled = replies.iter().filter(|reply| bare(reply) != Tree::Null);
            let filled: Vec<_> = filled.cloned().collect();
            Expected::Any(if filled.is_empty() { vec![replies[0].clone()] } else { filled })
        }
        _ => panic!("a policy without a definition"),
    }
}

fn numbers() -> BoxedStrategy<Tree> {
    prop_oneof![
        6 => (-3..3_i64).prop_map(Tree::Integer),
        2 => any::<bool>().prop_map(Tree::Boolean),
        1 => any::<i64>().prop_map(Tree::Integer),
        1 => (-5..100_i64).prop_map(|number| Tree::Bulk(number.to_string().into_bytes())),
        1 => Just(Tree::Bulk(b"007".to_vec())),
    ]
    .boxed()
}

fn names() -> impl Strategy<Value = Tree> {
    let name =
        || prop::sample::select(vec!["a", "b", "c"]).prop_map(|name| Tree::Bulk(name.into()));
    prop_oneof![8 => name(), 1 => said().prop_flat_map(move |said| saying_of(said, name()))]
}

/// What is said about a value.
fn said() -> impl Strategy<Value = Vec<(Tree, Tree)>> {
    let key = prop::sample::select(vec!["ttl", "popularity"]);
    let pair = (key, 0..3_i64).prop_map(|(key, n)| (Tree::Simple(key.into()), Tree::Integer(n)));
    prop::collection::vec(pair, 0..3)
}

fn saying_of(
    said: Vec<(Tree, Tree)>,
    tree: impl Strategy<Value = Tree>,
) -> impl Strategy<Value = Tree> {
    tree.prop_map(move |tree| Tree::Attributed(said.clone(), Box::new(tree)))
}

/// Replies of one shape, most of them, or of any.
fn replies() -> impl Strategy<Value = Vec<Tree>> {
    let lists = |len: usize| prop::collection::vec(numbers(), len).prop_map(Tree::Array).boxed();
    let words = || prop::collection::vec(names(), 0..4).boxed();
    let flat = |pairs: Vec<(Tree, Tree)>| {
        Tree::Array(pairs.into_iter().flat_map(|(name, number)| [name, number]).collect())
    };
    let by_name = || prop::collection::vec((names(), numbers()), 0..4);
    let row = (0..16_384_i64, numbers()).prop_map(|(slot, figure)| {
        let figures = Tree::Map(vec![(Tree::Bulk(b"key-count".to_vec()), figure)]);
        Tree::Array(vec![Tree::Integer(slot), figures])
    });
    let shape = prop_oneof![
        Just(numbers()),
        (0..4_usize).prop_map(lists),
        Just(words().prop_map(Tree::Array).boxed()),
        Just(words().prop_map(Tree::Set).boxed()),
        Just(by_name().prop_map(Tree::Map).boxed()),
        Just(by_name().prop_map(flat).boxed()),
        Just(prop::collection::vec(row, 0..4).prop_map(Tree::Array).boxed()),
        Just(prop_oneof![Just(Tree::Null), names()].boxed()),
        Just(frames().boxed()),
    ];
    (shape, 1..6_usize).prop_flat_map(|(shape, count)| {
        let plain = shape.clone();
        let attributed = said().prop_flat_map(move |said| saying_of(said, shape.clone()));
        let reply = prop_oneof![30 => plain, 6 => attributed, 1 => frames().boxed()];
        prop::collection::vec(reply, count)
    })
}

/// A machine that knows so many primaries, and has submitted a call that all of them got.
fn asked(
    count: usize,
    policy: ResponsePolicy,
    protocol: Protocol,
) -> (World, Token, Vec<hashslot::LinkId>) {
    let names: Vec<String> = (0..count).map(|node| format!("127.0.0.1:{}", 7000 + node)).collect();
    let nodes: Vec<[&str; 1]> = names.iter().map(|name| [name.as_str()]).collect();
    let share = 16_384 / u16::try_from(count).unwrap();
    let rows: Vec<Row<'_>> = (0..count)
        .map(|node| {
            let first = u16::try_from(node).unwrap() * share;
            let last = if node + 1 == count { 16_383 } else { first + share - 1 };
            (first, last, &nodes[node][..])
        })
        .collect();
    let mut config = quiet();
    config.connect_timeout = Duration::from_secs(1_000_000);
    config.protocol = protocol;
    let mut world = World::knowing(config, &rows);
    let call = Call::new(Command::new("NO.SUCH").arg("x"));
    let call = world.submit(call.target(Target::AllPrimaries).merge(policy));
    let links: Vec<_> = names.iter().map(|name| world.open(name)).collect();
    for link in &links {
        assert_eq!(world.reads(*link), "NO.SUCH x");
    }
    (world, call, links)
}

/// The nodes answer, each when it is its turn.
fn answer(
    world: &mut World,
    links: &[hashslot::LinkId],
    replies: &[Vec<u8>],
    turns: &[usize],
    cuts: &Cuts,
) {
    let mut order: Vec<usize> = (0..links.len()).collect();
    order.sort_by_key(|index| turns[*index]);
    for index in order {
        for piece in cuts.pieces(&replies[index]) {
            world.answer_bytes(links[index], piece);
        }
    }
}

fn is_error(tree: &Tree) -> bool {
    match tree {
        Tree::Error(_) => true,
        Tree::Attributed(_, tree) => is_error(tree),
        _ => false,
    }
}

fn is_frame(frame: &Frame) -> bool {
    Frame::parse(frame.as_bytes().clone(), &Limits::default()).as_ref() == Ok(frame)
}

/// Whether a tree has a double: there is no one value that is not a number.
fn has_nan(value: Value<'_>) -> bool {
    match value {
        Value::Double(number) => number.is_nan(),
        Value::Map(pairs) => pairs.into_iter().any(|(a, b)| has_nan(a) || has_nan(b)),
        other => other.elements().into_iter().flatten().any(has_nan),
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn replies_are_merged_as_their_rule_says(
        policy in prop::sample::select(&POLICIES[..]),
        replies in replies(),
        protocol in prop::sample::select(vec![Protocol::Resp2, Protocol::Resp3]),
        turns in prop::collection::vec(0..100_usize, 6),
        cuts in cuts(500),
    ) {
        let is_resp2 = protocol == Protocol::Resp2;
        let replies: Vec<Tree> =
            replies.iter().map(|tree| if is_resp2 { tree.in_resp2() } else { tree.clone() }).collect();
        prop_assume!(!replies.iter().any(is_error));
        let (mut world, call, links) = asked(replies.len(), policy, protocol);
        let bytes: Vec<_> = replies.iter().map(|tree| tree.encode(protocol)).collect();
        answer(&mut world, &links, &bytes, &turns, &cuts);
        let outcome = world.result(call);
        if let Ok(Reply::One(frame)) = outcome {
            prop_assert!(is_frame(frame) || has_nan(frame.value()), "{:?} is no frame", frame);
        }
        let is = |frame: &Frame, tree: &Tree| frame.as_bytes()[..] == tree.encode(protocol);
        match (expected(policy, &replies), outcome) {
            (Expected::One(tree), Ok(Reply::One(frame))) => {
                prop_assert!(is(frame, &tree), "{:?} is not {:?}", frame, tree);
            }
            (Expected::Any(trees), Ok(Reply::One(frame))) => {
                prop_assert!(trees.iter().any(|tree| is(frame, tree)), "{:?}", frame);
            }
            (Expected::Wrong, Err(error)) if error.kind() == ErrorKind::Conversion => {}
            (Expected::Partial, Err(error)) if error.partial().is_some() => {}
            // What is no number is not even equal to itself.
            (Expected::One(tree), Err(error))
                if error.partial().is_some() && policy == ResponsePolicy::Equal && format!("{tree:?}").contains("NaN") => {}
            (Expected::Apart, Ok(Reply::PerNode(told))) => {
                prop_assert_eq!(told.len(), replies.len());
                for (place, ((node, reply), tree)) in told.iter().zip(&replies).enumerate() {
                    prop_assert_eq!(usize::from(node.port()), 7000 + place);
                    prop_assert!(is(reply.as_ref().unwrap(), tree));
                }
                prop_assert_eq!(told.protocol(), protocol);
                let nodes = told.iter().map(|(node, _)| Tree::Bulk(node.to_string().into_bytes()));
                let map = Tree::Map(nodes.zip(replies.iter().cloned()).collect());
                prop_assert!(is(&told.to_frame(), &map), "{:?}", told.to_frame());
            }
            (_, outcome) => panic!("{policy:?} of {replies:?} is {outcome:?}"),
        }
    }

    #[test]
    fn errors_are_merged_as_their_rule_says(
        policy in prop::sample::select(&POLICIES[..]),
        errors in prop::collection::vec(
            prop::option::of(prop::sample::select(vec!["NOTBUSY a", "ERR b", "ERR c"])), 1..5),
        turns in prop::collection::vec(0..100_usize, 6),
        cuts in cuts(300),
    ) {
        let (mut world, call, links) = asked(errors.len(), policy, Protocol::Resp3);
        let replies: Vec<Vec<u8>> = errors
            .iter()
            .map(|error| error.map_or(":1\r\n".into(), |text| format!("-{text}\r\n").into()))
            .collect();
        answer(&mut world, &links, &replies, &turns, &cuts);
        let failed: Vec<&str> = errors.iter().copied().flatten().collect();
        let are_alike = failed.len() == errors.len() && failed.iter().all(|text| *text == failed[0]);
        let idle = failed.iter().filter(|text| text.starts_with("NOTBUSY")).count();
        match world.result(call) {
            Ok(Reply::PerNode(told)) => {
                let is_apart = matches!(
                    policy,
                    ResponsePolicy::PerNode | ResponsePolicy::Single | ResponsePolicy::KeyOrder
                );
                prop_assert!(is_apart);
                for ((_, reply), error) in told.iter().zip(&errors) {
                    prop_assert_eq!(reply.is_err(), error.is_some());
                }
            }
            Ok(Reply::One(frame)) => {
                let is_one = policy == ResponsePolicy::OneSucceeded && failed.len() < errors.len();
                prop_assert!(is_one || failed.is_empty());
                prop_assert_eq!(frame.value().as_integer().is_some(), true);
            }
            Err(error) if error.kind() == ErrorKind::Server => {
                let error = error.server().expect("is a server's");
                let is_telling = policy == ResponsePolicy::OneSucceeded && failed.len() - idle <= 1;
                prop_assert!(failed.len() == errors.len() && (are_alike || is_telling));
                let has_more = failed.iter().any(|text| !text.starts_with("NOTBUSY"));
                prop_assert_eq!(error.code() == "NOTBUSY", !has_more);
            }
            Err(error) if error.partial().is_some() => {
                let partial = error.partial().expect("is in parts");
                prop_assert!(!failed.is_empty() && !are_alike);
                prop_assert_eq!(partial.parts().len(), errors.len());
                for (place, (part, error)) in partial.parts().iter().zip(&errors).enumerate() {
                    prop_assert_eq!(part.error().is_some(), error.is_some());
                    prop_assert_eq!(usize::from(part.node().unwrap().port()), 7000 + place);
                    prop_assert!(part.slot().is_none() && part.keys().is_empty());
                }
            }
            // A number is no list.
            Err(error) if error.kind() == ErrorKind::Conversion => prop_assert!(failed.is_empty()),
            other => panic!("{policy:?} of {errors:?} is {other:?}"),
        }
    }

    /// Whatever bytes come, and wherever they end: it holds, and what comes out is a frame.
    #[test]
    fn hostile_replies_are_merged_or_refused(
        policy in prop::sample::select(&POLICIES[..]),
        nested in prop::collection::vec((prop::sample::select(HOSTILE), 0..60_usize), 2..4),
        turns in prop::collection::vec(0..100_usize, 6),
        cuts in cuts(300),
    ) {
        let (mut world, call, links) = asked(nested.len(), policy, Protocol::Resp3);
        let replies: Vec<Vec<u8>> = nested
            .iter()
            .map(|(text, depth)| [&b"*1\r\n".repeat(*depth), text.as_bytes()].concat())
            .collect();
        answer(&mut world, &links, &replies, &turns, &cuts);
        world.advance(Duration::from_secs(2_000_000));
        let parsed: Vec<_> =
            replies.iter().map(|reply| Frame::parse(reply.clone(), &Limits::default())).collect();
        let are_well = parsed.iter().all(|frame| frame.as_ref().is_ok_and(|frame| !frame.is_error()));
        match world.result(call) {
            Ok(Reply::One(frame)) => {
                prop_assert!(is_frame(frame) || has_nan(frame.value()));
                prop_assert!(are_well || policy == ResponsePolicy::OneSucceeded);
            }
            Ok(Reply::PerNode(told)) => prop_assert_eq!(told.len(), replies.len()),
            Err(error) if error.kind() == ErrorKind::Conversion => prop_assert!(are_well),
            Err(_) => prop_assert!(!are_well || policy == ResponsePolicy::Equal),
            other => panic!("{other:?}"),
        }
    }
}

/// Replies that no server should send, and some that look like them.
const HOSTILE: &[&str] = &[
    "*1000000\r\n",
    "%4294967295\r\n",
    "$536870913\r\n",
    "*0\r\n",
    "*-1\r\n",
    "~0\r\n",
    "%0\r\n",
    "|1\r\n+a\r\n:1\r\n:2\r\n",
    "*1\r\n|1\r\n+a\r\n:1\r\n:2\r\n",
    ":9223372036854775807\r\n",
    ":-9223372036854775808\r\n",
    "*2\r\n+a\r\n:9223372036854775807\r\n",
    "%1\r\n+a\r\n:1\r\n",
    "%1\r\n*1\r\n+a\r\n%1\r\n+b\r\n_\r\n",
    "~2\r\n+a\r\n+a\r\n",
    "*1\r\n*1\r\n*1\r\n:1\r\n",
    "*1\r\n-ERR inside\r\n",
    "#t\r\n",
    ",nan\r\n",
    "(123456789012345678901234567890\r\n",
    "=7\r\ntxt:abc\r\n",
    "!8\r\nERR a\r\nb\r\n",
    "-ERR a\r\n",
];
