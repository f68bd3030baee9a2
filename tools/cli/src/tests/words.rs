//! Lines and command lines become words and options.

use std::time::Duration;

use clap::Error;
use clap::error::ErrorKind;
use hashslot::config::Protocol;
use hashslot::{Config, Credentials, Slot, Target};

use crate::arguments::Arguments;
use crate::line::{is_skipped, words};

#[test]
fn lines_are_split_as_redis_cli_splits_them() {
    let cases: [(&[u8], &[&[u8]]); 15] = [
        (b"", &[]),
        (b" \t\r\n", &[]),
        (b"GET a\r\n", &[b"GET", b"a"]),
        (b"  GET\t a  ", &[b"GET", b"a"]),
        (br#"SET a "b c""#, &[b"SET", b"a", b"b c"]),
        (br#""\n\r\t\a\b\\\"\x00\xfF""#, &[b"\n\r\t\x07\x08\\\"\x00\xff"]),
        (br#""\x4g\q\x""#, &[b"x4gqx"]),
        (br"'a\'b' 'c\nd' '\\e'", &[b"a'b", br"c\nd", br"\\e"]),
        (br#"'"' "'""#, &[b"\"", b"'"]),
        (br#""" ''"#, &[b"", b""]),
        (br#"a"b c" d'e f'"#, &[b"ab c", b"de f"]),
        (br"a\nb \", &[br"a\nb", b"\\"]),
        (b"\xff\xfe \x80", &[b"\xff\xfe", b"\x80"]),
        (b"a\x0bb\x0b \x0bc", &[b"a\x0bb\x0b", b"c"]),
        (b"GET #a", &[b"GET", b"#a"]),
    ];
    for (line, expected) in cases {
        let found = words(line).unwrap();
        assert_eq!(found, expected, "{}", line.escape_ascii());
    }
}

#[test]
fn quotes_that_are_not_balanced_are_errors() {
    let cases = [
        ("\"", "nothing closes the one in column 1"),
        ("'", "nothing closes the one in column 1"),
        ("GET \"a", "nothing closes the one in column 5"),
        ("GET 'a", "nothing closes the one in column 5"),
        ("SET 'ä' \"ä", "nothing closes the one in column 9"),
        ("\"a\\\"", "nothing closes the one in column 1"),
        ("'a\\'", "nothing closes the one in column 1"),
        ("\"\\x4\\", "nothing closes the one in column 1"),
        ("\"a\"b", "no blank behind the one in column 3"),
        ("'a'b", "no blank behind the one in column 3"),
        ("GET 'ä'b", "no blank behind the one in column 7"),
        ("a\"b\"\"c\"", "no blank behind the one in column 4"),
    ];
    for (line, problem) in cases {
        let error = words(line.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), format!("unbalanced quotes: {problem}"), "{line}");
    }
}

#[test]
fn blank_lines_and_comments_are_skipped() {
    for line in ["", "\n", " \t \r\n", "#", "# GET a", "  # GET a"] {
        assert!(is_skipped(line.as_bytes()), "{line:?}");
    }
    for line in ["GET #", "\"#\"", "'"] {
        assert!(!is_skipped(line.as_bytes()), "{line:?}");
    }
}

fn parse(line: &str, password: Option<&str>) -> Result<Arguments, Error> {
    let words = words(line.as_bytes()).unwrap().into_iter();
    let words = words.map(|word| String::from_utf8(word).unwrap().into());
    Arguments::of(words, password.map(str::to_owned), None)
}

#[test]
fn options_say_how_the_client_is_configured() {
    let line = "--nodes a:1,[::1]:2 --json --no-split --explain --resp2 --timeout 0.25 \
                --user ann --pass secret --target key:{x}y SET --json --";
    let arguments = parse(line, Some("other")).unwrap();
    assert_eq!(arguments.nodes(), ["a:1".parse().unwrap(), "::1:2".parse().unwrap()]);
    assert!(arguments.json && arguments.explain && arguments.no_split);
    assert_eq!(arguments.target, Some(Target::Slot(Slot::of_key(b"x"))));
    assert_eq!(arguments.command, [b"SET".to_vec(), b"--json".to_vec(), b"--".to_vec()]);
    let mut config = Config::default();
    arguments.configure(&mut config);
    assert_eq!(config.protocol, Protocol::Resp2);
    assert_eq!(config.credentials, Some(Credentials::user("ann", "secret")));
    assert_eq!(config.call_timeout, Duration::from_millis(250));
}

#[test]
fn without_options_everything_is_as_usual() {
    let arguments = parse("--nodes a:1 -- --odd", Some("secret")).unwrap();
    assert!(!arguments.json && !arguments.explain && !arguments.no_split);
    assert!(arguments.target.is_none());
    assert_eq!(arguments.command, [b"--odd".to_vec()]);
    let mut config = Config::default();
    arguments.configure(&mut config);
    assert_eq!(config.credentials, Some(Credentials::password("secret")));
    config.credentials = None;
    assert_eq!(config, Config::default());
    assert!(parse("--nodes a:1", None).unwrap().command.is_empty());
    assert!(parse("--nodes a:1 --pipeline", None).unwrap().pipeline && !arguments.pipeline);
}

#[test]
fn the_url_of_the_environment_is_for_want_of_nodes() {
    let url = Some("redis://ann:secret@db:7000?protocol=2&call_timeout=5s");
    let parse = |line: &[&str], url| Arguments::of(line.iter().map(Into::into), None, url);
    let arguments = parse(&["--timeout", "1", "GET", "a"], url).unwrap();
    let mut config = arguments.url.clone().unwrap().config;
    arguments.configure(&mut config);
    assert_eq!(config.protocol, Protocol::Resp2);
    assert_eq!(config.credentials, Some(Credentials::user("ann", "secret")));
    assert_eq!(config.call_timeout, Duration::from_secs(1));
    assert_eq!(arguments.first_node(), "db:7000");
    let arguments = parse(&["--nodes", "a:1,b:2"], url).unwrap();
    assert!(arguments.url.is_none());
    assert_eq!(arguments.first_node(), "a:1");
    let problem = parse(&["GET", "a"], Some("redis://ann:secret@db:x")).err().unwrap().to_string();
    let expected = "error: HASHSLOT_URL: malformed URL: the host `db:x`";
    assert!(problem.starts_with(expected), "{problem}");
}

/// An alias may have options already: the last of them counts. A value may begin with a hyphen.
#[test]
fn an_option_that_is_given_twice_has_its_last_value() {
    let arguments = parse("--nodes a:1 --timeout 1 --timeout 2 --nodes b:2 --pass -x", None);
    let arguments = arguments.unwrap();
    let mut config = Config::default();
    arguments.configure(&mut config);
    assert_eq!(arguments.nodes(), ["b:2".parse().unwrap()]);
    assert_eq!(config.call_timeout, Duration::from_secs(2));
    assert_eq!(config.credentials, Some(Credentials::password("-x")));
}

#[test]
fn targets_are_read() {
    let cases = [
        ("any", Target::Any),
        ("primaries", Target::AllPrimaries),
        ("replicas", Target::AllReplicas),
        ("nodes", Target::AllNodes),
        ("slot:16383", Target::Slot(Slot::new(16383).unwrap())),
        ("key:", Target::key("")),
        ("key:any", Target::key("any")),
        ("db:7000", Target::Node("db:7000".parse().unwrap())),
    ];
    for (text, expected) in cases {
        let arguments = parse(&format!("--nodes a:1 --target {text}"), None).unwrap();
        assert_eq!(arguments.target, Some(expected), "{text}");
    }
}

#[test]
fn wrong_usage_says_what_is_wrong() {
    let cases = [
        ("", "--nodes or HASHSLOT_URL is needed"),
        ("GET a", "--nodes or HASHSLOT_URL is needed"),
        ("--nodes ,", "--nodes or HASHSLOT_URL is needed"),
        ("--nodes", "a value is required for '--nodes <HOST:PORT,..>'"),
        ("--nodes a", "`a` has no port"),
        ("--nodes a:1 --odd", "unexpected argument '--odd'"),
        ("--nodes a:1 --timeout 0", "'0' for '--timeout <SECONDS>': not a number"),
        ("--nodes a:1 --timeout -1", "'-1' for '--timeout <SECONDS>': not a number"),
        ("--nodes a:1 --timeout nan", "'nan' for '--timeout <SECONDS>': not a number"),
        ("--nodes a:1 --timeout 1e300", "'1e300' for '--timeout <SECONDS>': not a number"),
        ("--nodes a:1 --target slot:16384", "a slot is a number from 0 to 16383"),
        ("--nodes a:1 --target all", "`all` has no port"),
        ("--nodes a:1 --user ann", "--user needs --pass"),
        ("--nodes a:1 --pipeline GET a", "'--pipeline' cannot be used with '[COMMAND]...'"),
    ];
    for (line, expected) in cases {
        let error = parse(line, None).err().unwrap();
        assert!(error.to_string().contains(expected), "{line}: {error}");
        assert_eq!(error.exit_code(), 2);
    }
    let help = parse("--nodes a:1 --help", None).err().unwrap();
    assert_eq!((help.kind(), help.exit_code()), (ErrorKind::DisplayHelp, 0));
}
