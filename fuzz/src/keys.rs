//! Commands, and where their keys are.

use hashslot::command::{KeyError, KeyShape};
use hashslot::config::Limits;
use hashslot::resp::{Frame, Value, encode};
use hashslot::{Command, Slot};

use crate::source::Source;

/// Commands: keys are arguments of their command, in its order; the slot is theirs; what is
/// written is the command. A second search for the keys finds the same.
///
/// **Shape**: the name and the arguments, one a line; a line that begins with `^` is made 1100
/// bytes long. If the first byte is below 32, the rest chooses among names and words that commands
/// have.
///
/// # Panics
/// If the property does not hold.
pub fn keys(data: &[u8]) {
    let args = match data {
        [choice, rest @ ..] if *choice < 32 => made(Source::new(rest)),
        _ => data.split(|byte| *byte == b'\n').map(lengthened).collect(),
    };
    let Some((name, behind)) = args.split_first() else { return };
    let name = String::from_utf8_lossy(name).into_owned();
    let mut args = vec![name.clone().into_bytes()];
    args.extend_from_slice(behind);
    let mut command = Command::new(&name);
    for (index, arg) in behind.iter().enumerate() {
        command = if index % 2 == 0 { command.arg(arg) } else { command.arg(arg.clone()) };
    }
    is_written(&command, &args);

    let found = command.keys().map(|keys| keys.into_iter().map(<[u8]>::to_vec).collect::<Vec<_>>());
    let expected = search(&command, &args);
    assert_eq!(found.clone().ok(), expected, "{command:?}");
    if let Ok(keys) = &found {
        let mut rest = args.iter().skip(1);
        assert!(keys.iter().all(|key| rest.any(|arg| arg == key)), "no arguments of it, in order");
    }
    let slots: Option<Vec<_>> =
        expected.map(|keys| keys.iter().map(|key| Slot::of_key(key)).collect());
    match (command.slot(), slots.as_deref()) {
        (Ok(None), Some([])) | (Err(KeyError::Malformed(_)), None) => {}
        (Ok(Some(slot)), Some([first, rest @ ..])) => {
            assert!(slot == *first && rest.iter().all(|other| other == first));
        }
        (Err(KeyError::CrossSlot(one, other)), Some([first, rest @ ..])) => {
            assert!(one == *first && other != one);
            assert_eq!(rest.iter().find(|slot| *slot != first), Some(&other));
        }
        (slot, slots) => panic!("{slot:?} of {slots:?}"),
    }
}

fn lengthened(arg: &[u8]) -> Vec<u8> {
    let mut arg = arg.to_vec();
    if arg.first() == Some(&b'^') {
        arg.resize(1100, b'.');
    }
    arg
}

fn is_written(command: &Command, args: &[Vec<u8>]) {
    let mut written = Vec::new();
    encode::command(&mut written, args);
    assert_eq!(command.to_bytes(), written);
    assert_eq!(command.encoded_len(), written.len());
    assert_eq!(command.len(), args.len());
    assert!(command.arguments().eq(args));
    assert_eq!(command.name(), args[0]);
    let frame = Frame::parse(written, &Limits::default()).expect("a command is RESP");
    let read = frame.value().elements().expect("a command is an array");
    assert!(read.eq(args.iter().map(|arg| Value::Bulk(arg))));
    let name = String::from_utf8_lossy(&args[0]);
    let shown = format!("Command({name}, {} arguments)", args.len() - 1);
    assert_eq!(format!("{command:?}"), shown, "arguments may be secrets");
}

/// The second search: over a list of arguments, and by the names of the commands where those have
/// shapes of their own.
fn search(command: &Command, args: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let name = String::from_utf8_lossy(&args[0]).to_ascii_uppercase();
    let arg = |index: usize| args.get(index).cloned();
    match name.as_str() {
        "EVAL" | "EVALSHA" | "EVAL_RO" | "EVALSHA_RO" | "FCALL" | "FCALL_RO" | "BLMPOP"
        | "BZMPOP" => counted(args, None, 2, 1),
        "LMPOP" | "ZMPOP" | "SINTERCARD" | "ZINTERCARD" | "ZINTER" | "ZUNION" | "ZDIFF" => {
            counted(args, None, 1, 1)
        }
        "ZUNIONSTORE" | "ZINTERSTORE" | "ZDIFFSTORE" | "CMS.MERGE" => counted(args, Some(1), 2, 1),
        "MSETEX" => counted(args, None, 1, 2),
        "XREAD" => streams(&args[1..]),
        "XREADGROUP" => streams(args.get(4..)?),
        "SORT" => store(args, 2, &["STORE"], true),
        "GEORADIUS" => store(args, 6, &["STORE", "STOREDIST"], false),
        "GEORADIUSBYMEMBER" => store(args, 5, &["STORE", "STOREDIST"], false),
        "STRALGO" => stralgo(args.get(2..)?),
        "MIGRATE" => migrate(args),
        _ => match command.info().keys {
            KeyShape::None => Some(Vec::new()),
            KeyShape::Unknown => Some(arg(1).into_iter().collect()),
            KeyShape::At(index) => Some(vec![arg(index.into())?]),
            KeyShape::Range { first, last, step } => {
                let len = isize::try_from(args.len()).expect("few arguments");
                let last = if last < 0 { len + isize::from(last) } else { last.into() };
                let last = last.min(len - 1);
                let positions = (isize::from(first)..=last).step_by(step.into());
                let keys: Vec<_> = positions.filter_map(|at| arg(at.try_into().ok()?)).collect();
                (!keys.is_empty()).then_some(keys)
            }
            other => panic!("{name} has the shape {other:?}"),
        },
    }
}

fn counted(
    args: &[Vec<u8>],
    destination: Option<usize>,
    count: usize,
    step: usize,
) -> Option<Vec<Vec<u8>>> {
    let mut keys = Vec::new();
    if let Some(destination) = destination {
        keys.push(args.get(destination)?.clone());
    }
    let mut number = 0_u64;
    let digits = args.get(count)?;
    for digit in digits {
        number = number.saturating_mul(10).saturating_add(u64::from(digit.checked_sub(b'0')?));
        if *digit > b'9' || number > u64::from(u32::MAX) {
            return None;
        }
    }
    if digits.is_empty() || (digits.len() > 1 && digits[0] == b'0') {
        return None;
    }
    let mut at = count + 1;
    for _ in 0..number {
        keys.push(args.get(at)?.clone());
        at += step;
    }
    Some(keys)
}

fn is(word: &[u8], name: &str) -> bool {
    word.to_ascii_uppercase() == name.as_bytes()
}

fn streams(mut words: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    loop {
        let (word, rest) = words.split_first()?;
        if is(word, "STREAMS") {
            let half = rest.len() / 2;
            return (half > 0 && half * 2 == rest.len()).then(|| rest[..half].to_vec());
        }
        let has_value = is(word, "COUNT") || is(word, "BLOCK") || is(word, "CLAIM");
        words = rest.get(usize::from(has_value)..).unwrap_or_default();
    }
}

fn store(
    args: &[Vec<u8>],
    from: usize,
    names: &[&str],
    has_patterns: bool,
) -> Option<Vec<Vec<u8>>> {
    let (source, mut target) = (args.get(1)?.clone(), None);
    let mut at = from;
    while let Some(word) = args.get(at) {
        let values = match String::from_utf8_lossy(word).to_ascii_uppercase().as_str() {
            word if names.contains(&word) => {
                target = args.get(at + 1).cloned().or(target);
                1
            }
            "LIMIT" if has_patterns => 2,
            "BY" | "GET" if has_patterns => 1,
            _ => 0,
        };
        at += 1 + values;
    }
    Some([source].into_iter().chain(target).collect())
}

fn migrate(args: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let key = args.get(3)?;
    if !key.is_empty() {
        return Some(vec![key.clone()]);
    }
    let mut at = 6;
    loop {
        let Some(word) = args.get(at) else { return Some(vec![key.clone()]) };
        if is(word, "KEYS") {
            return Some(args[at + 1..].to_vec());
        }
        at += if is(word, "AUTH2") { 3 } else { 1 + usize::from(is(word, "AUTH")) };
    }
}

fn stralgo(words: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let at = words.iter().position(|word| is(word, "KEYS") || is(word, "STRINGS"))?;
    if is(&words[at], "STRINGS") {
        Some(Vec::new())
    } else {
        Some(words.get(at + 1..at + 3)?.to_vec())
    }
}

/// Names that commands have, of every shape.
const NAMES: &str = "GET set MGET MSET DEL EVAL EvalSha FCALL BLMPOP BZMPOP LMPOP SINTERCARD ZUNION \
    ZINTERSTORE ZDIFFSTORE MSETEX XREAD XREADGROUP SORT GEORADIUS GEORADIUSBYMEMBER MIGRATE BITOP \
    BLPOP RENAME OBJECT MEMORY XGROUP XINFO CLUSTER CLIENT PFMERGE PING NO.SUCH GEOSEARCHSTORE SCRIPT \
    STRALGO JSON.MGET JSON.MSET TS.MADD CMS.MERGE SPUBLISH WATCH LCS";
/// Words that stand among their arguments.
const WORDS: &str = "a {a}b b 0 1 2 3 1000000 4294967296 -1 +1 STREAMS streams COUNT BLOCK CLAIM GROUP \
    STORE StoreDist LIMIT BY GET KEYS AUTH AUTH2 COPY usage ENCODING CREATE 0-0 $ {}x {a 01 LCS STRINGS MEMORY";

/// A command from names and words that commands have.
fn made(mut source: Source<'_>) -> Vec<Vec<u8>> {
    let names: Vec<_> = NAMES.split(' ').collect();
    let words: Vec<_> = WORDS.split(' ').chain([""]).collect();
    let mut args = vec![source.pick(&names).as_bytes().to_vec()];
    while !source.is_empty() && args.len() < 40 {
        let word = source.byte();
        args.push(match word {
            0..=199 => words[usize::from(word) % words.len()].as_bytes().to_vec(),
            200..=204 => lengthened(b"^"),
            _ => source.text(12).to_vec(),
        });
    }
    args
}
