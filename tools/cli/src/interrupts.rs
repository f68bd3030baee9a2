//! Ctrl-C while a command runs.

use std::future::{pending, poll_fn};
use std::io::{self, Write as _};
use std::task::Poll;

use tokio::runtime::Runtime;
use tokio::signal::ctrl_c;
use tokio::sync::watch;

/// Tells whether Ctrl-C was pressed. While there is one, it does not end the program.
pub(crate) struct Interrupts(watch::Receiver<()>);

impl Interrupts {
    /// Begins to listen. The editor of lines has to be open: it replaces the handler of the signal,
    /// and this one calls that of the editor.
    pub(crate) fn listen(runtime: &Runtime) -> Self {
        let (sender, receiver) = watch::channel(());
        let mut next = Box::pin(ctrl_c());
        // The first poll installs the handler. It is over only if that failed.
        let first = runtime.block_on(poll_fn(|context| Poll::Ready(next.as_mut().poll(context))));
        if first.is_pending() {
            runtime.spawn(async move {
                while next.await.is_ok() && sender.send(()).is_ok() {
                    next = Box::pin(ctrl_c());
                }
            });
        }
        Self(receiver)
    }

    /// Forgets what was pressed before.
    pub(crate) fn forget(&mut self) {
        self.0.mark_unchanged();
    }

    /// Waits for the next one, forever if there is no way to learn of it.
    pub(crate) async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            pending::<()>().await;
        }
    }

    /// Whether one has come that nothing has waited for.
    pub(crate) fn has_come(&self) -> bool {
        self.0.has_changed().unwrap_or_default()
    }
}

/// Says that something was interrupted, on a line of its own: the terminal has shown `^C`.
pub(crate) fn tell(consequence: &str) {
    writeln!(io::stderr(), "\nhashslot-cli: interrupted: {consequence}").ok();
}
