//! Which lines are kept, and where.

use std::path::{Path, PathBuf};
use std::{env, fs, io, process};

use crate::history::{History, MAX_LINES, may_keep, place};

/// A folder that is removed in the end.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> io::Result<Self> {
        let path = env::temp_dir().join(format!("hashslot-cli-{name}-{}", process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub(super) fn file(&self) -> PathBuf {
        self.0.join("history")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

pub(super) fn lines(path: &Path) -> Vec<String> {
    History::open(path.to_owned()).unwrap().lines().cloned().collect()
}

#[test]
fn the_variable_says_where_the_file_is() {
    let home = || Some(PathBuf::from("/home/ann"));
    assert_eq!(place(None, home()), Some("/home/ann/.hashslot_history".into()));
    assert_eq!(place(Some("/x/y".into()), home()), Some("/x/y".into()));
    assert_eq!(place(Some("".into()), home()), None);
    assert_eq!(place(Some("/dev/null".into()), home()), None);
    assert_eq!(place(None, None), None);
    assert_eq!(place(None, Some(PathBuf::new())), None);
}

#[test]
fn lines_with_secrets_are_not_kept() {
    for line in [
        "AUTH s3cret",
        "auth ann s3cret",
        "\"AUTH\" s3cret",
        "\"\\x41uth\" s3cret",
        "HELLO 3 AUTH ann s3cret",
        "ACL SETUSER ann on >s3cret",
        "acl  'setuser' ann on >s3cret",
        "CONFIG SET requirepass s3cret",
        "config set masterauth s3cret",
        "CONFIG SET maxmemory 1mb primaryauth s3cret",
        "CONFIG SET masteruser ann",
        "MIGRATE db 7000 key 0 5000 AUTH s3cret",
        "MIGRATE db 7000 '' 0 5000 AUTH2 ann s3cret KEYS a b",
        // Names with typing errors.
        "AUHT s3cret",
        "ACL SETUSR ann >s3cret",
        "CONFIG STE requirepass s3cret",
        "AUTH \"s3cret",
        "# AUTH s3cret",
        // The person asks for it.
        " GET a",
        "\tGET a",
        "",
    ] {
        assert!(!may_keep(line), "{line}");
    }
}

#[test]
fn other_lines_are_kept() {
    for line in [
        "GET a",
        "set a \"b c\"",
        "CONFIG GET requirepass",
        "ACL WHOAMI",
        "JSON.GET doc",
        "EVAL 'return 1' 0",
        "MGET a b ",
    ] {
        assert!(may_keep(line), "{line}");
    }
}

#[test]
fn the_file_has_the_lines_of_all_runs() -> io::Result<()> {
    let folder = Folder::new("runs")?;
    let path = folder.file();
    let mut first = History::open(path.clone())?;
    let mut other = History::open(path.clone())?;
    first.add("GET a")?;
    other.add("GET b")?;
    first.add("AUTH s3cret")?;
    first.add("GET c")?;
    assert_eq!(lines(&path), ["GET a", "GET b", "GET c"]);
    assert!(!fs::read_to_string(&path)?.contains("s3cret"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
    }
    Ok(())
}

#[test]
fn the_oldest_lines_give_way() -> io::Result<()> {
    let folder = Folder::new("oldest")?;
    let path = folder.file();
    let mut history = History::open(path.clone())?;
    for number in 0..MAX_LINES + 2 {
        history.add(&format!("GET {number}"))?;
    }
    let kept = lines(&path);
    assert_eq!(kept.len(), MAX_LINES);
    assert_eq!(kept.first().map(String::as_str), Some("GET 2"));
    Ok(())
}

#[test]
fn a_file_that_is_none_is_named() -> io::Result<()> {
    let folder = Folder::new("named")?;
    fs::create_dir(folder.file())?;
    let error = History::open(folder.file()).err().unwrap();
    let expected = format!("no history in {}: ", folder.file().display());
    assert!(error.to_string().starts_with(&expected), "{error}");
    let missing = folder.file().join("no").join("file");
    let mut history = History::open(missing.clone())?;
    let error = history.add("GET a").unwrap_err();
    let expected = format!("no history in {}: ", missing.display());
    assert!(error.to_string().starts_with(&expected), "{error}");
    Ok(())
}
