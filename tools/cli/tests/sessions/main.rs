//! The program itself, on real clusters.

#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

mod clusters;
mod interactive;
mod pty;
// The harness of the tests starts the servers; this needs a part of it.
#[path = "../../../../tests/servers/mod.rs"]
mod servers;

use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};
use std::thread;

use clusters::{USUAL, brittle, shared};
use servers::cluster::Cluster;
use servers::fake::Bound;
use servers::find_or_skip;
use servers::lone::Lone;

/// What a test ends with.
type Done = Result<(), Failure>;
/// What ends a test.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What is typed, and what comes of it.
const SESSION: &str = include_str!("session.txt");

fn command(options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hashslot-cli"));
    command.args(options).env_remove("REDISCLI_AUTH").env_remove("HASHSLOT_URL");
    command
}

/// Runs the program on an input.
fn output(mut command: Command, input: &[u8]) -> Result<Output, Failure> {
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn()?;
    let (mut stdin, input) = (child.stdin.take().ok_or("no pipe")?, input.to_vec());
    let writer = thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output()?;
    // A program that does not read its input has not failed.
    writer.join().expect("no panic").ok();
    Ok(output)
}

/// What the program prints, without a word on standard error, and its exit status.
fn told(options: &[&str], input: &str) -> Result<(String, i32), Failure> {
    let output = output(command(options), input.as_bytes())?;
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{options:?}");
    let status = output.status.code().ok_or("killed")?;
    Ok((String::from_utf8(output.stdout)?, status))
}

/// Plays one run of the program: the lines with `>` before them. What came of each stands behind
/// it.
fn play(cluster: &Cluster, options: &str, lines: &[&str]) -> Result<String, Failure> {
    let nodes = cluster.node(0).address.clone();
    let options = with_addresses(cluster, options);
    let mut words = vec!["--nodes", &nodes];
    words.extend(options.split_whitespace());
    let mut transcript = Vec::new();
    if words.contains(&"--pipeline") && words.contains(&"--explain") {
        let (printed, status) = told(&words, &with_addresses(cluster, &(lines.join("\n") + "\n")))?;
        let printed = without_addresses(cluster, &printed);
        return Ok(format!("> {}\n{printed}status {status}\n", lines.join("\n> ")));
    }
    if words.iter().any(|word| ["--target", "--explain"].contains(word)) {
        let mut statuses = Vec::new();
        for line in lines {
            let (printed, status) = told(&words, &with_addresses(cluster, line))?;
            transcript.push(format!("> {line}\n{}", without_addresses(cluster, &printed)));
            statuses.push(status.to_string());
        }
        transcript.push(format!("status {}\n", statuses.join(" ")));
        return Ok(transcript.concat());
    }
    // Each line is followed by one whose answer is known, which tells where its own answer ends.
    let marked = |(index, line): (_, &&str)| format!("{line}\nECHO end-{index}-\n");
    let input: String = lines.iter().enumerate().map(marked).collect();
    let (printed, status) = told(&words, &input)?;
    let mut rest = printed.as_str();
    for (index, line) in lines.iter().enumerate() {
        let end = format!("\"end-{index}-\"\n");
        let (answer, behind) = rest.split_once(&end).ok_or_else(|| format!("{line}: {rest}"))?;
        transcript.push(format!("> {line}\n{}", without_addresses(cluster, answer)));
        rest = behind;
    }
    assert_eq!(rest, "");
    transcript.push(format!("status {status}\n"));
    Ok(transcript.concat())
}

/// `node-0` is the address of the first node.
fn with_addresses(cluster: &Cluster, text: &str) -> String {
    let nodes = cluster.addresses().into_iter().enumerate();
    nodes.fold(text.to_owned(), |text, (index, address)| {
        text.replace(&format!("node-{index}"), &address)
    })
}

fn without_addresses(cluster: &Cluster, text: &str) -> String {
    let nodes = cluster.addresses().into_iter().enumerate();
    nodes.fold(text.replace('\r', ""), |text, (index, address)| {
        text.replace(&address, &format!("node-{index}"))
    })
}

/// The session in `session.txt`. What it should be can be taken over from what a failure prints.
#[test]
fn a_session_goes_as_written_down() -> Done {
    let Some(cluster) = shared()? else { return Ok(()) };
    cluster.flush_all()?;
    let mut played = Vec::new();
    for run in SESSION.split("$ cli").skip(1) {
        let (options, rest) = run.split_once('\n').ok_or("no line")?;
        let lines: Vec<_> = rest.lines().filter_map(|line| line.strip_prefix("> ")).collect();
        let transcript = play(&cluster, options, &lines)?;
        played.push(format!("$ cli{options}\n{transcript}"));
    }
    cluster.flush_all()?;
    let played = played.concat();
    assert!(played == SESSION, "{played}");
    Ok(())
}

/// Arguments are taken as they are: blanks, quotes and backslashes need no second quoting.
#[test]
fn the_command_line_is_one_command() -> Done {
    let Some(cluster) = shared()? else { return Ok(()) };
    let node = cluster.node(3).address.as_str();
    let set = told(&["--nodes", node, "SET", "cli:a b", r#""\n'"#], "PING\n")?;
    let get = told(&["--nodes", node, "--json", "GET", "cli:a b"], "")?;
    let del = told(&["--nodes", node, "DEL", "cli:a b"], "")?;
    assert_eq!(set, ("OK\n".to_owned(), 0));
    assert_eq!(get, (format!("{}\n", r#""\"\\n'""#), 0));
    assert_eq!(del, ("(integer) 1\n".to_owned(), 0));
    Ok(())
}

/// More lines than leave together.
#[test]
fn a_pipeline_keeps_the_order_of_its_lines() -> Done {
    let Some(cluster) = shared()? else { return Ok(()) };
    let node = cluster.node(0).address.as_str();
    let numbers: Vec<_> = (0..10_001).map(|number| number.to_string()).collect();
    let input = format!("ECHO {}\n", numbers.join("\nECHO "));
    let (printed, status) = told(&["--nodes", node, "--pipeline"], &input)?;
    let expected = format!("\"{}\"\n", numbers.join("\"\n\""));
    assert!(printed == expected && status == 0, "{status}: {}", printed.len());
    // Numbers go on in what leaves later.
    let (printed, status) = told(&["--nodes", node, "--pipeline", "--explain"], &input)?;
    let expected = "command 10001 part 1/1 slot none node any merge none: \"ECHO\" \"10000\"\n";
    assert!(printed.ends_with(expected) && status == 0, "{printed}");
    Ok(())
}

/// An error of the client counts, though a pipeline has replies that stay apart as a value.
#[test]
fn a_client_error_of_one_node_of_a_pipeline_counts() -> Done {
    let Some(cluster) = brittle()? else { return Ok(()) };
    let node = cluster.node(1).address.as_str();
    cluster.call(0, &["CLIENT", "PAUSE", "600000", "WRITE"])?;
    let options = ["--nodes", node, "--pipeline", "--timeout", "2", "--target", "primaries"];
    let answer = told(&options, "SET b 1\n");
    cluster.call(0, &["CLIENT", "UNPAUSE"])?;
    let (printed, status) = answer?;
    let expected = format!("\"{}\" => (error) CLIENT SET at ", cluster.node(0).address);
    assert!(printed.contains(&expected) && status == 1, "{status}: {printed}");
    Ok(())
}

#[test]
fn replies_of_all_nodes_stay_apart() -> Done {
    let Some(cluster) = shared()? else { return Ok(()) };
    let nodes = cluster.addresses().join(",");
    let options = ["--nodes", &nodes, "--target", "nodes", "--json", "PING"];
    let (printed, status) = told(&options, "")?;
    let pairs = printed.trim_end().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let mut pairs: Vec<_> = pairs.ok_or("no object")?.split(',').collect();
    pairs.sort_unstable();
    let mut expected: Vec<_> =
        cluster.addresses().iter().map(|node| format!("\"{node}\":\"PONG\"")).collect();
    expected.sort_unstable();
    assert_eq!((pairs, status), (expected.iter().map(String::as_str).collect(), 0));
    Ok(())
}

/// Bytes are sent and printed as they are, whatever they are.
#[test]
fn any_byte_goes_through() -> Done {
    let Some(cluster) = shared()? else { return Ok(()) };
    let node = cluster.node(0).address.as_str();
    let mut input = b"ECHO ".to_vec();
    input.extend((0x80..=0xff).chain(0x0e..0x20).chain(1..9));
    input.extend(b"\nECHO '\x00\x0b\x0c'");
    let output = output(command(&["--nodes", node]), &input)?;
    let escaped = |bytes: &mut dyn Iterator<Item = u8>| {
        let escape = |byte| match byte {
            7 => r"\a".to_owned(),
            8 => r"\b".to_owned(),
            _ => format!("\\x{byte:02x}"),
        };
        bytes.map(escape).collect::<String>()
    };
    let first = escaped(&mut (0x80..=0xff).chain(0x0e..0x20).chain(1..9));
    let second = escaped(&mut [0, 0x0b, 0x0c].into_iter());
    let expected = format!("\"{first}\"\n\"{second}\"\n");
    assert_eq!(String::from_utf8(output.stdout)?, expected);
    Ok(())
}

/// One part of a split command is refused: what is done, and what is not, is told by key.
#[test]
fn parts_are_told_apart() -> Done {
    let Some(cluster) = brittle()? else { return Ok(()) };
    for node in 0..cluster.nodes().len() {
        let rules = ["ACL", "SETUSER", "cli", "on", ">pass", "~a", "~{a}*", "+@all"];
        cluster.call(node, &rules)?;
    }
    let node = cluster.node(0).address.as_str();
    let options = ["--nodes", node, "--user", "cli", "--pass", "pass"];
    let json: Vec<_> = options.iter().copied().chain(["--json"]).collect();
    let line = "MSET a 1 b 2 {a}x 3\n";
    let ((people, status), (programs, _)) = (told(&options, line)?, told(&json, line)?);
    for node in 0..cluster.nodes().len() {
        cluster.call(node, &["ACL", "DELUSER", "cli"])?;
    }
    cluster.flush_all()?;
    let head = "(client) partial MSET: 1 of 2 parts failed, the first for slot 3300 at ";
    assert!(people.starts_with(head), "{people}");
    assert!(people.contains(": the server answered: NOPERM "), "{people}");
    assert!(people.ends_with("; done: \"a\" \"{a}x\"; not done: \"b\"\n"), "{people}");
    assert!(programs.starts_with(r#"{"client":"partial","error":"MSET: 1 of 2"#), "{programs}");
    let end = ",\"done\":[\"a\",\"{a}x\"],\"not done\":[\"b\"]}\n";
    assert!(programs.ends_with(end), "{programs}");
    assert_eq!(status, 1);
    Ok(())
}

#[test]
fn passwords_come_from_options_or_environment() -> Done {
    let Some(cluster) = brittle()? else { return Ok(()) };
    for node in 0..cluster.nodes().len() {
        cluster.call(node, &["ACL", "SETUSER", "cli-auth", "on", ">pass", "~mine", "+@all"])?;
    }
    let node = cluster.node(0).address.as_str();
    let run = |options: &[&str], password: Option<&str>| {
        let options: Vec<_> = ["--nodes", node].iter().chain(options).copied().collect();
        let mut command = command(&options);
        if let Some(password) = password {
            command.env("REDISCLI_AUTH", password);
        }
        let output = output(command, b"GET mine\nGET other")?;
        let printed = String::from_utf8(output.stdout)?;
        Ok::<_, Failure>((printed, output.status.code()))
    };
    let option = run(&["--user", "cli-auth", "--pass", "pass"], Some("other"))?;
    let variable = run(&["--user", "cli-auth"], Some("pass"))?;
    let wrong = run(&["--user", "cli-auth", "--pass", "wrong"], None)?;
    let usage = run(&["--user", "cli-auth"], None)?;
    let by_url = || {
        let mut command = command(&[]);
        command.env("HASHSLOT_URL", format!("redis://cli-auth:pass@{node}"));
        let output = output(command, b"GET mine\nGET other")?;
        let printed = String::from_utf8(output.stdout)?;
        Ok::<_, Failure>((printed, output.status.code()))
    };
    let url = by_url()?;
    for node in 0..cluster.nodes().len() {
        cluster.call(node, &["ACL", "DELUSER", "cli-auth"])?;
    }
    let (wrong, wrong_status) = wrong;
    for (printed, status) in [option, variable, url] {
        assert!(printed.starts_with("(nil)\n(error) NOPERM "), "{printed}");
        assert_eq!(status, Some(0));
    }
    let head = format!("(client) cluster no seed led to a cluster: {node}: ");
    assert!(wrong.starts_with(&head) && wrong.contains("WRONGPASS"), "{wrong}");
    assert_eq!(wrong_status, Some(1));
    assert_eq!(usage, (String::new(), Some(2)));
    Ok(())
}

/// Without a cluster the answer names each seed and its reason.
#[test]
fn without_a_cluster_each_seed_is_named() -> Done {
    let Some(server) = find_or_skip(USUAL) else { return Ok(()) };
    let (lone, dead) = (Lone::start(&server, &[])?, Bound::new()?.port());
    let nodes = format!("127.0.0.1:{dead},{}", lone.address());
    let head = "(client) cluster no seed led to a cluster: ";
    let (printed, status) = told(&["--nodes", &nodes], "PING\nPING\n")?;
    assert!(printed.starts_with(head), "{printed}");
    assert!(printed.contains(&format!("127.0.0.1:{dead}: cannot connect: ")), "{printed}");
    assert!(
        printed.contains(&format!("{}: not a cluster node: ERR ", lone.address())),
        "{printed}"
    );
    assert_eq!((printed.lines().count(), status), (1, 1));
    let dead = format!("127.0.0.1:{dead}");
    let answer = told(&["--nodes", &dead, "--timeout", "0.3", "--json", "PING"], "")?;
    let why = format!("no seed led to a cluster: {dead}: cannot connect: connection refused");
    let expected = format!("{{\"client\":\"cluster\",\"error\":\"{why}\"}}\n");
    assert_eq!(answer, (expected, 1));
    Ok(())
}

/// A node that does not answer costs a line its time, and no more.
#[test]
fn a_line_ends_when_its_time_is_up() -> Done {
    let Some(cluster) = brittle()? else { return Ok(()) };
    cluster.flush_all()?;
    let (slow, other) = (cluster.node(0).address.as_str(), cluster.node(1).address.as_str());
    let options = ["--nodes", other, "--timeout", "0.5"];
    let (printed, status) = thread::scope(|scope| {
        let asleep = scope.spawn(|| cluster.call(0, &["DEBUG", "SLEEP", "3"]));
        // It sleeps as soon as it does not answer any more.
        while told(&["--nodes", slow, "--timeout", "0.5", "--target", slow, "PING"], "")
            .is_ok_and(|(_, status)| status == 0)
        {}
        let answer = told(&options, "GET b\nGET a\n");
        asleep.join().expect("no panic")?;
        answer
    })?;
    let (first, second) = printed.split_once('\n').ok_or("one line")?;
    assert!(first.starts_with("(client) timeout GET for slot 3300 at "), "{printed}");
    assert_eq!((second, status), ("(nil)\n", 1));
    Ok(())
}

#[test]
fn wrong_usage_names_the_problem_and_the_help() -> Done {
    for options in [&[][..], &["--nodes"], &["--nodes", "a:1", "--odd"], &["GET", "a"]] {
        let output = output(command(options), b"PING\n")?;
        let told = String::from_utf8(output.stderr)?;
        assert!(told.starts_with("error: ") && told.ends_with("try '--help'.\n"), "{told}");
        assert_eq!((output.stdout.len(), output.status.code()), (0, Some(2)));
    }
    let (help, status) = told(&["--help"], "")?;
    assert!(help.contains("Usage: hashslot-cli ") && status == 0, "{help}");
    Ok(())
}

/// The reader of the answers closes the pipe.
#[test]
fn a_closed_pipe_ends_it_quietly() -> Done {
    let Some(cluster) = shared()? else { return Ok(()) };
    let mut command = command(&["--nodes", &cluster.node(0).address]);
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn()?;
    let mut stdin = child.stdin.take().ok_or("no pipe")?;
    let mut stdout = child.stdout.take().ok_or("no pipe")?;
    stdin.write_all(b"ECHO a\n")?;
    stdout.read_exact(&mut [0; 4])?;
    drop(stdout);
    // It reads no more than a buffer of this.
    stdin.write_all(&b"ECHO b\n".repeat(1000)).ok();
    drop(stdin);
    let output = child.wait_with_output()?;
    assert_eq!(
        (String::from_utf8_lossy(&output.stderr), output.status.code()),
        ("".into(), Some(0))
    );
    Ok(())
}
