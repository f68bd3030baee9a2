//! The runtimes that tasks run on. None has more than two threads for them; `scripts/bench-peers`
//! sees to it for smol, which reads that from the environment, and async-std.

use std::future::Future;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use crate::Outcome;

/// A runtime. A task is always spawned: one that ran within `block_on` would be woken through
/// another thread each time.
pub(crate) trait Executor: Send {
    fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T>;

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T;
}

/// One tokio for all clients that run on it.
#[derive(Clone)]
pub(crate) struct OnTokio(Arc<Runtime>);

impl OnTokio {
    pub(crate) fn new(current_thread: bool) -> Outcome<Self> {
        let runtime = if current_thread {
            Builder::new_current_thread().enable_all().build()?
        } else {
            Builder::new_multi_thread().worker_threads(2).enable_all().build()?
        };
        Ok(Self(Arc::new(runtime)))
    }
}

impl Executor for OnTokio {
    fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> {
        let task = self.0.spawn(future);
        async { task.await.expect("tasks do not panic") }
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.block_on(future)
    }
}

/// smol's global executor.
pub(crate) struct OnSmol;

impl Executor for OnSmol {
    fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> {
        smol::spawn(future)
    }

    /// Not `smol::block_on`, which would wait for sockets as well, in rivalry with the executor.
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        smol::future::block_on(future)
    }
}

/// async-std's global executor.
pub(crate) struct OnAsyncStd;

impl Executor for OnAsyncStd {
    fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> {
        async_std::task::spawn(future)
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        smol::future::block_on(future)
    }
}
