//! A person types at a terminal.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, process};

use super::clusters::{brittle, shared};
use super::pty::{LIMIT, Pty};
use super::servers::wait_until;
use super::{Done, command};

/// A history file that is removed in the end.
struct History(PathBuf);

impl History {
    fn new(name: &str) -> Self {
        let name = format!("hashslot-cli-{name}-history-{}", process::id());
        Self(env::temp_dir().join(name))
    }

    fn of(&self, options: &[&str]) -> Command {
        with_history(options, &self.0)
    }
}

impl Drop for History {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}

fn with_history(options: &[&str], path: &Path) -> Command {
    let mut command = command(options);
    command.env("HASHSLOT_HISTORY", path);
    command
}

#[test]
fn lines_are_edited_completed_and_kept() -> Done {
    let Some(cluster) = shared()? else { return Ok(()) };
    let history = History::new("edited");
    let node = cluster.node(0).address.as_str();
    let prompt = format!("{node}> ");
    let mut pty = Pty::start(history.of(&["--nodes", node]))?;
    pty.wait_for(&prompt)?;
    pty.press("mset a 1 b 2\r")?;
    pty.wait_for("OK\r\n")?;
    pty.wait_for(&prompt)?;
    // Left over the 2, then a 1 before it.
    pty.press("mget a b2\x1b[D\x7fa \x08\r")?;
    pty.wait_for("2) (nil)\r\n")?;
    pty.wait_for(&prompt)?;
    pty.press("cluster keysl\t")?;
    pty.wait_for("cluster keyslot ")?;
    pty.press("a\r")?;
    pty.wait_for("(integer) 15495\r\n")?;
    pty.wait_for(&prompt)?;
    pty.press("AUTH s3cret\r")?;
    pty.wait_for("(client) rejected AUTH: ")?;
    pty.wait_for(&prompt)?;
    pty.press("get \"a\r")?;
    pty.wait_for("unbalanced quotes: nothing closes the one in column 5\r\n")?;
    pty.wait_for(&prompt)?;
    // It can be mended.
    pty.press("\x1b[A\"\r")?;
    pty.wait_for("\r\n\"1\"\r\n")?;
    pty.wait_for(&prompt)?;
    // Ctrl-C: the line does not count.
    pty.press("flushall\x03")?;
    pty.wait_for(&prompt)?;
    // Ctrl-D.
    pty.press("\x04")?;
    assert_eq!(pty.end()?, 1);
    let kept = fs::read_to_string(&history.0)?;
    let lines: Vec<_> = kept.lines().skip(1).collect();
    assert_eq!(lines, ["mset a 1 b 2", "mget a a2", "cluster keyslot a", "get \"a\""]);

    let mut pty = Pty::start(history.of(&["--nodes", node, "--json"]))?;
    pty.wait_for(&prompt)?;
    pty.press("\x1b[A\r")?;
    pty.wait_for("\r\n\"1\"\r\n")?;
    pty.wait_for(&prompt)?;
    pty.press("quit\r")?;
    assert_eq!(pty.end()?, 0);
    cluster.flush_all()?;
    Ok(())
}

#[test]
fn nothing_is_kept_if_the_variable_is_empty() -> Done {
    let Some(cluster) = shared()? else { return Ok(()) };
    let node = cluster.node(0).address.as_str();
    let prompt = format!("{node}> ");
    let mut command = with_history(&["--nodes", node], Path::new(""));
    let home = env::temp_dir().join(format!("hashslot-cli-home-{}", process::id()));
    fs::create_dir_all(&home)?;
    command.env("HOME", &home);
    let mut pty = Pty::start(command)?;
    pty.wait_for(&prompt)?;
    pty.press("ping\r")?;
    pty.wait_for("PONG\r\n")?;
    pty.wait_for(&prompt)?;
    pty.press("exit\r")?;
    assert_eq!(pty.end()?, 0);
    // It fails if there is a file in it.
    fs::remove_dir(&home)?;
    Ok(())
}

/// The node answers no writes until the test ends that.
#[test]
fn an_interrupt_abandons_the_command_that_runs() -> Done {
    let Some(cluster) = brittle()? else { return Ok(()) };
    let history = History::new("interrupted");
    let node = cluster.node(0).address.as_str();
    let prompt = format!("{node}> ");
    cluster.call(0, &["CLIENT", "PAUSE", "600000", "WRITE"])?;
    let typed = || -> Done {
        let mut pty = Pty::start(history.of(&["--nodes", node, "--timeout", "600"]))?;
        pty.wait_for(&prompt)?;
        pty.press("set b 1\r")?;
        wait_until("the command is held", LIMIT, || {
            let clients = cluster.call(0, &["CLIENT", "LIST"])?.text();
            Ok(clients.is_some_and(|clients| clients.contains(" flags=b ")))
        })?;
        pty.interrupt()?;
        pty.wait_for("interrupted: the command may have run\r\n")?;
        pty.wait_for(&prompt)?;
        pty.press("get b\r")?;
        pty.wait_for("(nil)\r\n")?;
        pty.wait_for(&prompt)?;
        pty.press("exit\r")?;
        assert_eq!(pty.end()?, 1);
        Ok(())
    };
    let typed = typed();
    cluster.call(0, &["CLIENT", "UNPAUSE"])?;
    cluster.flush_all()?;
    typed
}
