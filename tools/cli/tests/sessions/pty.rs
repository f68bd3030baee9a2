//! The program on a terminal of its own, as a person has it.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Failure;

/// How long the program may take for anything: far more than it takes on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A program, and the other side of its terminal.
#[derive(Debug)]
pub(crate) struct Pty {
    child: Child,
    keys: File,
    pieces: Receiver<Vec<u8>>,
    /// What came on the screen, without escape sequences, from what was last found on.
    shown: String,
}

impl Pty {
    pub(crate) fn start(mut command: Command) -> Result<Self, Failure> {
        let size = Winsize { ws_row: 50, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None)?;
        command.stdin(pty.slave.try_clone()?).stdout(pty.slave.try_clone()?).stderr(pty.slave);
        let child = command.env("TERM", "xterm").spawn()?;
        // It holds the terminal open.
        drop(command);
        let keys = File::from(pty.master);
        let (screen, (sender, pieces)) = (keys.try_clone()?, channel());
        thread::spawn(move || forward(screen, &sender));
        Ok(Self { child, keys, pieces, shown: String::new() })
    }

    pub(crate) fn press(&mut self, keys: &str) -> io::Result<()> {
        self.keys.write_all(keys.as_bytes())
    }

    /// Waits until a text is on the screen, behind what was waited for before.
    pub(crate) fn wait_for(&mut self, text: &str) -> Result<(), Failure> {
        let end = Instant::now() + LIMIT;
        while !self.has_come(text) {
            let left = end.saturating_duration_since(Instant::now());
            let piece = self.pieces.recv_timeout(left);
            let piece = piece.map_err(|_| format!("no {text:?} behind {:?}", self.shown))?;
            self.shown.push_str(&printed(&piece));
        }
        Ok(())
    }

    /// Interrupts the program, as Ctrl-C does while a command runs.
    pub(crate) fn interrupt(&self) -> Result<(), Failure> {
        Ok(kill(Pid::from_raw(self.child.id().try_into()?), Signal::SIGINT)?)
    }

    fn has_come(&mut self, text: &str) -> bool {
        let Some((_, behind)) = self.shown.split_once(text) else { return false };
        self.shown = behind.to_owned();
        true
    }

    /// Waits for the end of the program. Returns its status.
    pub(crate) fn end(mut self) -> Result<i32, Failure> {
        let end = Instant::now() + LIMIT;
        loop {
            // A program whose output nothing reads would not end.
            while let Ok(piece) = self.pieces.try_recv() {
                self.shown.push_str(&printed(&piece));
            }
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.code().ok_or("killed")?);
            }
            if Instant::now() >= end {
                return Err(format!("it does not end behind {:?}", self.shown).into());
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Reads what comes on the screen until the program has ended.
fn forward(mut screen: File, sender: &Sender<Vec<u8>>) {
    let mut piece = [0; 4096];
    while let Ok(len @ 1..) = screen.read(&mut piece) {
        if sender.send(piece.iter().take(len).copied().collect()).is_err() {
            return;
        }
    }
}

/// A piece of output without escape sequences, of which the program writes each in one go.
fn printed(piece: &[u8]) -> String {
    let text = String::from_utf8_lossy(piece);
    let mut parts = text.split("\x1b[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| matches!(c, '\x20'..='\x3f'));
        out.extend(rest.chars().skip(1));
    }
    out
}
