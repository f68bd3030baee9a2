//! Runs commands of the documentation, each with a bound.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::Failure;
use super::servers::cluster::Cluster;

/// A command that takes longer hangs. The longest takes a minute on an idle machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(600);

/// Stands for cargo: runs what `scripts/docs` has built, and tests as `scripts/test` does, so that
/// nothing is built twice. What is documented is the quickest program; here it only has to be
/// right. Benches are built as tests, and measure as well.
const CARGO: &str = r#"#!/bin/sh
verb=$1
case $verb in
run | test | bench) ;;
*) exec "$HASHSLOT_DOCS_CARGO" "$@" ;;
esac
shift
if [ "$verb" = run ]; then
    program=
    while [ $# -gt 0 ]; do
        case $1 in
        --package) program=$2 && shift ;;
        --example) program=examples/$2 && shift ;;
        --features) shift ;;
        --release | --quiet) ;;
        --) shift && break ;;
        -*) echo "tests/docs/run.rs: what is $1?" >&2 && exit 1 ;;
        *) break ;;
        esac
        shift
    done
    exec "$HASHSLOT_DOCS_BUILT/$program" "$@"
fi
count=$# own=false chosen=false
while [ "$count" -gt 0 ]; do
    word=$1
    shift
    count=$((count - 1))
    if ! $own; then
        case $word in
        --) own=true ;;
        --bench) chosen=true ;;
        --all-features) continue ;;
        esac
    fi
    set -- "$@" "$word"
done
case $verb-$chosen in
bench-false) set -- --benches "$@" ;;
esac
exec "$HASHSLOT_DOCS_CARGO" test --workspace --all-features "$@"
"#;

/// The cargo that runs this, else the one on the path.
pub(crate) fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

/// Takes away what cargo tells programs about their package. Build scripts of dependencies read it,
/// so that they would run again, and all that depends on them would be built anew.
pub(crate) fn forget_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
}

/// Runs bash in the root of the package, with [`CARGO`] on its path.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(crate) root: PathBuf,
    /// The folder for all that runs write.
    pub(crate) folder: PathBuf,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// The end of all that was printed.
    pub(crate) fn tail(&self) -> String {
        let all = format!("{}{}", self.stdout, self.stderr);
        let lines: Vec<_> = all.lines().rev().take(30).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Runner {
    /// The folder where cargo builds.
    pub(crate) fn target(&self) -> PathBuf {
        let named = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        self.root.join(named)
    }

    pub(crate) fn new(root: &Path) -> io::Result<Self> {
        let folder = super::servers::process::new_folder()?;
        let shim = folder.join("bin/cargo");
        fs::create_dir_all(folder.join("bin"))?;
        fs::write(&shim, CARGO)?;
        fs::set_permissions(&shim, fs::Permissions::from_mode(0o755))?;
        Ok(Self { root: root.to_owned(), folder })
    }

    /// Runs a text with bash.
    pub(crate) fn bash(&self, text: &str) -> Result<Output, Failure> {
        self.try_bash(text).map_err(|error| error.to_string())
    }

    fn try_bash(&self, text: &str) -> io::Result<Output> {
        self.finish(self.shell(text))
    }

    fn shell(&self, text: &str) -> Command {
        let mut command = Command::new("bash");
        let mut path = self.folder.join("bin").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        command.args(["-c", text]).current_dir(&self.root).env("PATH", path);
        command.env("HASHSLOT_DOCS_CARGO", cargo());
        command.env("HASHSLOT_DOCS_BUILT", self.target().join("debug"));
        command.env_remove("HASHSLOT_URL").env_remove("REDISCLI_AUTH");
        forget_package(&mut command);
        command
    }

    /// A text for bash, to be started, and the file that gets all that it prints. Its processes
    /// are a group.
    pub(crate) fn command(&self, text: &str) -> io::Result<(Command, PathBuf)> {
        let [out, _] = self.files();
        let file = File::create(&out)?;
        let mut command = self.shell(text);
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).process_group(0);
        Ok((command, out))
    }

    /// Names of files for what a program prints.
    fn files(&self) -> [PathBuf; 2] {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        ["out", "err"].map(|kind| self.folder.join(format!("{number}.{kind}")))
    }

    /// Waits for the end of a program, which is killed with all its children if it hangs.
    pub(crate) fn finish(&self, mut command: Command) -> io::Result<Output> {
        let [out, err] = self.files();
        // Files and not pipes: a grandchild that stays does not hold this up.
        command.stdin(Stdio::null()).stdout(File::create(&out)?).stderr(File::create(&err)?);
        let mut child = command.process_group(0).spawn()?;
        let deadline = Instant::now() + LIMIT;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if Instant::now() >= deadline {
                signal(&child, "KILL")?;
                child.wait()?;
                let told = fs::read_to_string(&out)?;
                let message = format!("hangs: no end within {LIMIT:?}; it printed: {told}");
                return Err(io::Error::other(message));
            }
            thread::sleep(Duration::from_millis(10));
        };
        let read = |path: &Path| -> io::Result<String> {
            Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned())
        };
        Ok(Output { status, stdout: read(&out)?, stderr: read(&err)? })
    }
}

/// Sends a signal to all processes of a child's group: a shell or cargo may stand before the
/// program.
pub(crate) fn signal(child: &Child, name: &str) -> io::Result<()> {
    let kill = format!("kill -s {name} -- -{}", child.id());
    let status = Command::new("sh").args(["-c", &kill]).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(kill)) }
}

/// Runs a command, which ends well, prints these lines in this order, and changes no file of the
/// tree.
pub(crate) fn command(
    runner: &Runner,
    cluster: &Mutex<Cluster>,
    command: &str,
    prints: &[&str],
) -> Result<(), Failure> {
    let needs_cluster = ["127.0.0.1:7000", "host:port,.."].iter().any(|at| command.contains(at));
    let (text, before);
    let held = if needs_cluster {
        let cluster = cluster.lock().map_err(|_| "another run has failed")?;
        cluster.flush_all().map_err(|error| error.to_string())?;
        text = real(&cluster, command).replace("host:port,..", &cluster.addresses().join(","));
        Some(cluster)
    } else {
        text = command.to_owned();
        None
    };
    before = if command.contains("BLESS") { Some(tree(runner)?) } else { None };
    let output = runner.bash(&text)?;
    drop(held);
    if !output.status.success() {
        return Err(format!("{}:\n{}", output.status, output.tail()));
    }
    let all = format!("{}\n{}", output.stdout, output.stderr);
    let mut lines = all.lines();
    for expected in prints {
        if !lines.any(|line| matches(expected, line)) {
            return Err(format!("it does not print `{expected}`:\n{}", output.tail()));
        }
    }
    match before {
        Some(before) if before != tree(runner)? => Err("it changes files of the tree".into()),
        _ => Ok(()),
    }
}

/// The files that a command may make anew, with their contents.
fn tree(runner: &Runner) -> Result<BTreeMap<&'static str, Vec<u8>>, Failure> {
    let files = ["src/url/parameters.md", "src/command/table/rows.rs"];
    let read = |file| Ok((file, fs::read(runner.root.join(file))?));
    files.into_iter().map(read).collect::<io::Result<_>>().map_err(|error| error.to_string())
}

/// The addresses of the documentation, and those that stand for them.
fn addresses(cluster: &Cluster) -> Vec<(String, String)> {
    let real = cluster.addresses().into_iter().enumerate();
    real.map(|(index, address)| (format!("127.0.0.1:{}", 7000 + index), address)).collect()
}

/// A text with the addresses of the cluster in it.
pub(crate) fn real(cluster: &Cluster, text: &str) -> String {
    let each = addresses(cluster).into_iter();
    each.fold(text.to_owned(), |text, (shown, real)| text.replace(&shown, &real))
}

/// A text with the addresses of the documentation in it.
pub(crate) fn shown(cluster: &Cluster, text: &str) -> String {
    let each = addresses(cluster).into_iter();
    each.fold(text.to_owned(), |text, (shown, real)| text.replace(&real, &shown))
}

/// Whether a line is what is expected, where `...` stands for any text.
pub(crate) fn matches(expected: &str, line: &str) -> bool {
    let mut pieces = expected.split("...");
    let Some(mut rest) = line.strip_prefix(pieces.next().unwrap_or_default()) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}
