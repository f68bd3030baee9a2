//! F-74: passwords are shown nowhere. A canary is put into everything that can hold one.

use std::fmt::{Debug, Display};

use hashslot::{
    Action, Call, Cluster, Command, Config, Credentials, Instant, LinkId, Script, Target, ToArg,
};

use crate::support::script::{A, World, at, config, ms};

const CANARY: &str = "s3cr3t-canary";

/// Text, lists of bytes in decimal and in hexadecimal digits: whatever a `Debug` makes of bytes.
#[track_caller]
fn check(shown: &str) {
    let lower = shown.to_ascii_lowercase();
    let decimal: Vec<_> = CANARY.bytes().map(|byte| byte.to_string()).collect();
    let hexadecimal: Vec<_> = CANARY.bytes().map(|byte| format!("{byte:02x}")).collect();
    for form in [CANARY, &decimal.join(", "), &hexadecimal.concat()] {
        assert!(!lower.contains(form), "{shown}");
    }
}

#[track_caller]
fn check_debug(value: &impl Debug) {
    check(&format!("{value:?}"));
    check(&format!("{value:#?}").split_whitespace().collect::<Vec<_>>().join(" "));
}

#[track_caller]
fn check_both(value: &(impl Debug + Display)) {
    check_debug(value);
    check(&value.to_string());
}

fn credentials() -> Credentials {
    Credentials::user("ann", CANARY)
}

/// Commands with a secret among their arguments.
fn commands() -> Vec<Command> {
    let long = CANARY.repeat(200);
    [
        vec!["AUTH", CANARY],
        vec!["AUTH", "ann", CANARY],
        vec!["AUTH", &long],
        vec!["HELLO", "3", "AUTH", "ann", CANARY],
        vec!["ACL", "SETUSER", "ann", "on", &format!(">{CANARY}")],
        vec!["CONFIG", "SET", "requirepass", CANARY],
        vec!["CONFIG", "SET", "masterauth", CANARY, "masteruser", CANARY],
        vec!["MIGRATE", "h", "1", "", "0", "5", "AUTH", CANARY, "KEYS", "k"],
        vec!["MIGRATE", "h", "1", "", "0", "5", "AUTH2", "ann", CANARY, "KEYS", "k"],
        vec!["SET", "key", CANARY],
        vec!["X.UNKNOWN", CANARY, CANARY],
    ]
    .into_iter()
    .map(|words| Command::new(words[0]).args(words[1..].iter().copied()))
    .collect()
}

#[test]
fn f74_credentials_and_configurations() {
    check_debug(&credentials());
    check_debug(&Credentials::password(CANARY));
    let mut config = Config::default();
    config.credentials = Some(credentials());
    check_debug(&config);
}

#[cfg(feature = "tokio")]
#[test]
fn f74_builders() {
    let url = format!("redis://{CANARY}:{CANARY}@h?client_name=app");
    let builder = hashslot::tokio::Client::builder_from(url.parse().unwrap());
    check_debug(&builder);
    let provider = credentials();
    let provide = move |_| Ok::<_, ()>(provider.clone());
    check_debug(&builder.credentials(credentials()).credentials_from(provide));
}

#[test]
fn f74_commands_calls_and_their_arguments() {
    for command in commands() {
        check_debug(&command);
        check_debug(&command.arguments());
        check_debug(&command.slot());
        check_debug(&Call::new(command.clone()).target(Target::Any));
        check_debug(&Call::pipeline([command.clone(), command.clone()]));
        check_debug(&Call::transaction([command.clone()]));
    }
    check_debug(&CANARY.into_arg());
    check_debug(&CANARY.as_bytes().into_arg());
    check_debug(&CANARY.to_owned().into_arg());
    check_debug(&bytes::Bytes::from(CANARY).into_arg());
    let script = Script::new(format!("return '{CANARY}'"));
    check_debug(&script);
    check_debug(&script.invoke(["key"]).arg(CANARY));
}

/// What a link has to send, without taking it.
fn sendable(cluster: &Cluster<u32>, link: LinkId) -> String {
    let mut slices = [&[][..]; 16];
    let count = cluster.sendable(link, &mut slices);
    String::from_utf8_lossy(&slices[..count].concat()).into_owned()
}

/// A machine shows nothing of what it holds, wherever that is: queued, to be sent, sent, refused.
#[test]
fn f74_machines_and_what_they_say() {
    let now = Instant::EPOCH;
    let mut config = Config::default();
    config.credentials = Some(credentials());
    let seeds = vec!["127.0.0.1:7000".parse().unwrap()];
    let mut cluster = Cluster::new(config, seeds, 1).unwrap();
    for (token, command) in commands().into_iter().enumerate() {
        let call = Call::new(command).on_node("127.0.0.1:7000".parse().unwrap());
        match cluster.submit(now, call, u32::try_from(token).unwrap()) {
            Ok(_) => {}
            Err(refused) => check_both(&refused),
        }
        check_debug(&cluster);
    }
    let link = loop {
        match cluster.poll_action() {
            Some(Action::Connect { link, .. }) => break link,
            Some(action) => check_debug(&action),
            None => panic!("no dial"),
        }
    };
    cluster.handle_connected(now, link);
    assert!(sendable(&cluster, link).contains(CANARY), "the handshake has it");
    check_debug(&cluster);
    cluster.handle_sent(now, link, 10);
    check_debug(&cluster);
    cluster.handle_sent(now, link, usize::MAX);
    let hello = b"%1\r\n$7\r\nversion\r\n$5\r\n8.0.0\r\n+OK\r\n+OK\r\n-ERR no\r\n";
    cluster.handle_received(now, link, hello);
    cluster.handle_sent(now, link, usize::MAX);
    // A reply that is cut is kept.
    cluster.handle_received(now, link, format!("$4000\r\n{CANARY}").as_bytes());
    check_debug(&cluster);
    cluster.set_credentials(now, Some(Credentials::user("ann", CANARY)));
    let next = Command::new("SET").arg("k").arg(CANARY.repeat(200));
    let next = Call::new(next).on_node("127.0.0.1:7000".parse().unwrap());
    cluster.submit(now, next, 99).unwrap();
    assert!(sendable(&cluster, link).contains(CANARY), "AUTH and SET have it");
    check_debug(&cluster);
    let late = now + std::time::Duration::from_secs(100);
    cluster.handle_timeout(late);
    while let Some(action) = cluster.poll_action() {
        check_debug(&action);
        if let Action::Complete { outcome: Err(error), .. } = action {
            check_both(&error);
        }
    }
    check_debug(&cluster);
}

/// What servers make of arguments when they repeat them.
fn repeated(words: &[&str]) -> Vec<String> {
    let last = words.last().copied().unwrap_or_default();
    let quoted =
        |quote: char| format!("{quote}{}{quote}", words[1..].join(&format!("{quote} {quote}")));
    vec![
        format!("ERR unknown command '{}', with args beginning with: {}", words[0], quoted('\'')),
        format!("ERR unknown command `{}`, with args beginning with: {}, ", words[0], quoted('`')),
        format!("ERR Error in ACL SETUSER modifier '{last}': Syntax error"),
        format!("ERR CONFIG SET failed (possibly related to argument '{last}') - no"),
        format!("ERR {last}"),
        format!("ERR cannot do {}", words[1..].join(" ")),
        format!("ERR {}", last.to_ascii_uppercase()),
        format!("ERR \"{last}\" is wrong"),
        format!("{last} is wrong"),
        format!("WRONGPASS ({last})"),
    ]
}

/// Commands with secrets, and unknown commands: an error does not show what the server repeats.
#[test]
fn f74_what_servers_repeat_of_commands() {
    let commands: [&[&str]; 7] = [
        &["ACL", "SETUSER", "ann", "on", "<s3cr3t-canary"],
        &["CONFIG", "SET", "requirepass", CANARY],
        &["CONFGI", "SET", "requirepass", CANARY],
        &["CONFIG", "STE", "requirepass", CANARY],
        &["AUHT", "ann", CANARY],
        &["X.UNKNOWN", CANARY],
        &["MIGRATE", "h", "1", "", "0", "5", "AUTH", CANARY],
    ];
    for words in commands {
        for text in repeated(words) {
            for in_transaction in [false, true] {
                let (mut world, [a, ..]) = World::linked(Config::default());
                let command = Command::new(words[0]).args(words[1..].iter().copied());
                let call =
                    if in_transaction { Call::transaction([command]) } else { Call::new(command) };
                let token = world.submit(call.on_node(at(A)));
                world.reads(a);
                let ok = if in_transaction { "+OK\r\n" } else { "" };
                let abort = if in_transaction { "-EXECABORT x\r\n" } else { "" };
                world.answer(a, &format!("{ok}-{text}\r\n{abort}"));
                let error = world.result(token).as_ref().expect_err("it is refused");
                check_both(error);
                let told = error.server().expect("the server's own");
                assert_eq!(told.text(), text, "whoever wants it has it all");
                assert!(words[0] == "X.UNKNOWN" || told.to_string().len() > 2, "{told}");
            }
        }
    }
}

/// The answer to a handshake, in words that are not known: nothing of it is shown or kept.
#[test]
fn f74_what_servers_repeat_of_a_handshake() {
    let with_password = || config(|config| config.credentials = Some(credentials()));
    for text in repeated(&["HELLO", "3", "AUTH", "ann", CANARY]) {
        for text in
            [text.clone(), text.replace(CANARY, "s3cr3t-canar"), format!("{text} at {CANARY}")]
        {
            let mut world = World::new(with_password(), &[A]);
            let get = world.submit(Call::new(Command::get("bar")).timeout(ms(50)));
            let a = world.accept(A);
            world.reads(a);
            world.answer(a, &format!("-{text}\r\n").repeat(4));
            world.reads(a);
            if !world.is_closed(a) {
                world.answer(a, &format!("-{text}\r\n").repeat(2));
            }
            world.advance(ms(50));
            let error = world.result(get).as_ref().expect_err("nobody lets it in");
            check_both(error);
            assert!(!format!("{error:?}{error}").contains("s3cr3t"), "{error}");
            check_debug(&world.machine);
        }
    }
}

/// Words that are known are told on.
#[test]
fn f74_what_is_known_of_a_refusal_is_told() {
    let with_password = || config(|config| config.credentials = Some(credentials()));
    for (text, told) in [
        (
            "WRONGPASS invalid username-password pair or user is disabled.",
            "authentication failed: WRONGPASS invalid username-password pair or user is disabled.",
        ),
        ("ERR max number of clients reached", "it answered: ERR max number of clients reached"),
        ("ERR invalid password", "authentication failed: ERR invalid password"),
        (
            "WRONGPASS so nicht",
            "authentication failed: WRONGPASS (its words are left out: they may repeat the password)",
        ),
    ] {
        let mut world = World::new(with_password(), &[A]);
        let get = world.submit(Call::new(Command::get("bar")).timeout(ms(50)));
        let a = world.accept(A);
        world.reads(a);
        world.answer(a, &format!("-{text}\r\n"));
        world.advance(ms(50));
        assert!(world.outcome(get).ends_with(told), "{}", world.outcome(get));
    }
}
