//! The lines that are kept from one run to the next.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use hashslot::Command;
use rustyline::Config;
use rustyline::error::ReadlineError;
use rustyline::history::{FileHistory, History as _};

use super::line;

/// How many lines are kept.
pub(crate) const MAX_LINES: usize = 1_000;

/// The file of the history. What is typed is in the memory of the editor as well.
pub(crate) struct History {
    path: PathBuf,
    file: FileHistory,
}

/// The file: what the variable `HASHSLOT_HISTORY` says, else one in the home directory. `None` if
/// the variable is empty or names `/dev/null`: nothing is kept then.
pub(crate) fn place(variable: Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    match variable {
        Some(path) if path.is_empty() || path == "/dev/null" => None,
        Some(path) => Some(path.into()),
        None => Some(home.filter(|home| !home.as_os_str().is_empty())?.join(".hashslot_history")),
    }
}

/// Whether a line may be written to a file: it begins with no blank, and has a command whose
/// arguments are no secrets. Those of a command that the table does not have may be: with a typing
/// error in its name, `AUTH` is one.
pub(crate) fn may_keep(line: &str) -> bool {
    let bytes = line.as_bytes();
    if bytes.first().is_none_or(|byte| line::is_blank(*byte)) || line::is_skipped(bytes) {
        return false;
    }
    let Ok(words) = line::words(bytes) else { return false };
    let Some((name, arguments)) = words.split_first() else { return false };
    let info = Command::new(name).args(arguments).info();
    !info.secret && !info.has_subcommands
}

impl History {
    /// Reads the file. If there is none, it is made with the first line.
    pub(crate) fn open(path: PathBuf) -> io::Result<Self> {
        let config = Config::builder().max_history_size(MAX_LINES).map_err(plain)?.build();
        let mut file = FileHistory::with_config(&config);
        match file.load(&path).map_err(plain) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(told(&path, &error)),
            Ok(()) | Err(_) => Ok(Self { path, file }),
        }
    }

    /// The lines, the oldest first.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &String> {
        self.file.iter()
    }

    /// Writes a line, if it may be kept. Other programs may write to the file at the same time.
    pub(crate) fn add(&mut self, line: &str) -> io::Result<()> {
        if !may_keep(line) {
            return Ok(());
        }
        let appended = self.file.add(line).and_then(|_| self.file.append(&self.path));
        appended.map_err(|error| told(&self.path, &plain(error)))
    }
}

/// An error that says which file it is about.
fn told(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("no history in {}: {error}", path.display()))
}

/// An error of the editor as one of the system.
pub(crate) fn plain(error: ReadlineError) -> io::Error {
    if let ReadlineError::Io(error) = error { error } else { io::Error::other(error) }
}
