//! Reaches a host over one of its addresses: the core's [`Race`], with the sleeps and dials of a
//! runtime.

use super::std;

use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll};
use std::boxed::Box;
use std::io;
use std::time::Instant as Clock;
use std::vec::Vec;

use super::cause::{dial_failed_by, is_name};
use super::permit::Permit;
use super::runtime::Runtime;
use crate::driver::{Race, RaceStep};
use crate::error::{Disconnect, SystemText};
use crate::{Address, Config, Instant};

type Boxed<V> = Pin<Box<dyn Future<Output = V> + Send>>;

/// Connects to an address, or to what its name stands for. Dropped, it gives all attempts up.
pub(super) async fn reach<R: Runtime>(
    runtime: &R,
    address: Address,
    config: &Config,
    permit: &Permit,
) -> Result<R::Stream, Disconnect> {
    permit.check(&address)?;
    if !is_name(&address) {
        let connected = runtime.connect(address.clone()).await;
        return connected.map_err(|error| dial_failed_by(&address, &error));
    }
    let unresolved = |error: io::Error| Disconnect::NameResolution(SystemText::new(&words(&error)));
    let addresses = runtime.resolve(address).await.map_err(unresolved)?;
    let (allowed, forbidden): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| permit.check(address).is_ok());
    if allowed.is_empty() && !forbidden.is_empty() {
        return Err(Disconnect::Forbidden);
    }
    let mut attempts = Attempts {
        runtime: runtime.clone(),
        race: Race::new(allowed, config),
        begun_at: Clock::now(),
        running: Vec::new(),
        alarm: None,
    };
    poll_fn(|cx| attempts.poll(cx)).await
}

/// A race, and the dials that are on their way.
struct Attempts<R: Runtime> {
    runtime: R,
    race: Race,
    begun_at: Clock,
    running: Vec<(Address, Boxed<io::Result<R::Stream>>)>,
    /// Wakes the task when the next one may begin.
    alarm: Option<Boxed<()>>,
}

impl<R: Runtime> Attempts<R> {
    fn now(&self) -> Instant {
        Instant::from_epoch(self.begun_at.elapsed())
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<R::Stream, Disconnect>> {
        loop {
            if let Some(stream) = self.poll_running(cx) {
                return Poll::Ready(Ok(stream));
            }
            let now = self.now();
            match self.race.next(now) {
                RaceStep::Dial(address) => {
                    let (runtime, to) = (self.runtime.clone(), address.clone());
                    let dial = Box::pin(async move { runtime.connect(to).await });
                    self.running.push((address, dial));
                    self.alarm = None;
                }
                RaceStep::Wait(None) => return Poll::Pending,
                RaceStep::Wait(Some(at)) => {
                    let runtime = &self.runtime;
                    let alarm = self.alarm.get_or_insert_with(|| {
                        let (runtime, time) = (runtime.clone(), at.since(now));
                        Box::pin(async move { runtime.sleep(time).await })
                    });
                    if alarm.as_mut().poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                    self.alarm = None;
                }
                RaceStep::Lost(cause) => return Poll::Ready(Err(cause)),
            }
        }
    }

    /// Polls the dials: the first connection, if there is one. The race is told of failures.
    fn poll_running(&mut self, cx: &mut Context<'_>) -> Option<R::Stream> {
        let mut index = 0;
        while let Some((_, dial)) = self.running.get_mut(index) {
            match dial.as_mut().poll(cx) {
                Poll::Pending => index += 1,
                Poll::Ready(Ok(stream)) => return Some(stream),
                Poll::Ready(Err(error)) => {
                    let (address, _) = self.running.swap_remove(index);
                    self.race.failed(self.now(), dial_failed_by(&address, &error));
                }
            }
        }
        None
    }
}

/// What a resolver says, without what every one of its errors begins with.
fn words(error: &io::Error) -> std::string::String {
    use std::string::ToString as _;
    let text = error.to_string();
    let common = "failed to lookup address information: ";
    text.strip_prefix(common).map(Into::into).unwrap_or(text)
}

#[cfg(all(
    test,
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "blocking")
))]
pub(super) mod tests;
