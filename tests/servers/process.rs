//! Server processes that never outlive the tests.
//!
//! A process is killed when it is dropped. That is not enough: a test run may be killed, and a
//! cluster in a static is never dropped. So the first process also starts a watchdog, a shell that
//! reads from a pipe which processes to guard. When the test run ends, however it ends, the pipe
//! closes; the watchdog then kills exactly those processes and removes the run's folder.

use std::collections::VecDeque;
use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::fake::lock;

/// The file in a process's folder that has what it printed.
pub const LOG: &str = "server.log";

/// How long a process may take to stand still.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// Guards the processes of `add` lines until their `forget` lines. `$1` is the run's folder.
const WATCHDOG: &str = r#"
trap '' HUP INT TERM
pids=
while read -r word pid; do
    case $word in
    add) pids="$pids $pid" ;;
    forget)
        left=
        for other in $pids; do [ "$other" = "$pid" ] || left="$left $other"; done
        pids=$left ;;
    esac
done
[ -z "$pids" ] || kill -9 $pids
rm -rf -- "$1"
"#;

/// The pipe to the watchdog; open as long as this process lives.
static WATCHDOG_PIPE: Mutex<Option<ChildStdin>> = Mutex::new(None);

/// The first of the ports that [`free_port`] hands out, and how many there are. The cluster bus is
/// at port + 10000: no port is another one's bus, and all are below 32768, where the ports of
/// outgoing connections begin.
const PORTS: (u16, u16) = (11_000, 10_000);
/// How many of the ports that were handed out last are kept from other test runs. Each takes a
/// file.
const RESERVED_COUNT: usize = 64;

fn tell_watchdog(line: &str) -> io::Result<()> {
    let mut pipe = lock(&WATCHDOG_PIPE);
    if pipe.is_none() {
        let mut shell = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(run_folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        *pipe = shell.stdin.take();
    }
    let pipe = pipe.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
    pipe.write_all(format!("{line}\n").as_bytes())
}

/// The folder of all that this test run writes. The watchdog removes it.
fn run_folder() -> PathBuf {
    env::temp_dir().join(format!("hashslot-servers-{}", process::id()))
}

/// Creates an empty folder, which is removed at the end of the test run at the latest.
pub fn new_folder() -> io::Result<PathBuf> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let folder = run_folder().join(COUNT.fetch_add(1, Ordering::Relaxed).to_string());
    if folder.exists() {
        // Left by an earlier run with the same process ID.
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A port of 127.0.0.1 that is free, as is port + 10000, the cluster bus's. Not handed out again
/// soon, here or in another test run beside this one: a UDP socket at the same number, which
/// servers do not use, holds it until 64 more were handed out, and its server has it by then.
pub fn free_port() -> io::Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    static RESERVED: Mutex<VecDeque<UdpSocket>> = Mutex::new(VecDeque::new());
    let (first, count) = PORTS;
    // Test runs at the same time have process IDs close together: spread them.
    let spread = u16::try_from(process::id() % u32::from(count)).unwrap_or(0);
    for _ in 0..count {
        let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let offset = (u32::from(spread) * 97 + step) % u32::from(count);
        let port = first + u16::try_from(offset).unwrap_or(0);
        let Ok(reservation) = UdpSocket::bind(("127.0.0.1", port)) else { continue };
        let bind = |port| TcpListener::bind(("127.0.0.1", port));
        if bind(port).and_then(|_listener| bind(port + 10_000)).is_ok() {
            let mut reserved = lock(&RESERVED);
            reserved.push_back(reservation);
            if reserved.len() > RESERVED_COUNT {
                reserved.pop_front();
            }
            return Ok(port);
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no free port below 32768"))
}

/// A server process. Killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    killed: bool,
    frozen: bool,
}

impl Process {
    /// Starts a program in a folder. What it prints goes to the end of the file [`LOG`] there.
    pub fn start(program: &Path, args: &[String], folder: &Path) -> io::Result<Self> {
        let log = OpenOptions::new().create(true).append(true).open(folder.join(LOG))?;
        let child = Command::new(program)
            .args(args)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()?;
        let process = Self { child, killed: false, frozen: false };
        tell_watchdog(&format!("add {}", process.pid()))?;
        Ok(process)
    }

    /// The process ID.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it is neither killed nor frozen.
    pub fn is_running(&self) -> bool {
        !self.killed && !self.frozen
    }

    /// Whether it has ended without having been killed here.
    pub fn has_failed(&mut self) -> io::Result<bool> {
        Ok(!self.killed && self.child.try_wait()?.is_some())
    }

    /// Ends the process at once (SIGKILL) and waits for its end. A second time it does nothing.
    pub fn kill(&mut self) -> io::Result<()> {
        if self.killed {
            return Ok(());
        }
        self.child.kill()?;
        // Before the wait, while the process ID cannot belong to another process.
        tell_watchdog(&format!("forget {}", self.pid()))?;
        self.child.wait()?;
        self.killed = true;
        Ok(())
    }

    /// Stops the process without ending it: connections stay open and are not answered. Where the
    /// system tells of threads, all of them stand still when this returns.
    pub fn freeze(&mut self) -> io::Result<()> {
        self.signal("STOP")?;
        self.frozen = true;
        let deadline = Instant::now() + STOP_LIMIT;
        while self.has_moving_thread() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Whether a thread of it is not known to be stopped.
    fn has_moving_thread(&self) -> bool {
        let Ok(threads) = fs::read_dir(format!("/proc/{}/task", self.pid())) else { return false };
        let mut stats =
            threads.flatten().filter_map(|task| fs::read_to_string(task.path().join("stat")).ok());
        // The state stands behind the name, which is in parentheses.
        stats.any(|stat| {
            stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['T', 't', 'Z']))
        })
    }

    /// Lets a frozen process go on.
    pub fn thaw(&mut self) -> io::Result<()> {
        self.signal("CONT")?;
        self.frozen = false;
        Ok(())
    }

    fn signal(&self, name: &str) -> io::Result<()> {
        if self.killed {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the process has been killed"));
        }
        // The shell's own `kill`: not every machine has the program.
        let command = format!("kill -{name} {}", self.pid());
        let status = Command::new("sh").args(["-c", &command]).status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(command)) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing to be done about an error: the watchdog is the second net.
        self.kill().ok();
    }
}
