//! The small worlds that are explored.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::setup::Event::{Die, Learn, Revive, TakeOver};
use super::setup::{A, B, C, Setup};

/// A key of the first primary.
const K: usize = 0;
/// Another key of its slot.
const L: usize = 1;
/// A key of another slot of the first primary.
const M: usize = 2;
/// A key of the second primary.
const N: usize = 3;

impl Setup {
    /// All small worlds.
    #[must_use]
    pub fn all() -> Vec<Self> {
        [
            Self::steady(),
            Self::moves_of_slots(),
            Self::migrations(),
            Self::units(),
            Self::failovers(),
        ]
        .concat()
    }

    /// The small world of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|setup| setup.name == name)
    }

    /// Worlds in which nothing moves.
    fn steady() -> Vec<Self> {
        vec![
            Self::new("calm", "writes to both primaries, cut anywhere by the transport")
                .writes(&[K, K, N])
                .read(K)
                .budget(|budget| budget.cuts = 2),
            Self::new("greeting", "the handshake of a lost connection, step by step")
                .writes(&[K, K])
                .budget(|budget| (budget.losses, budget.cuts) = (1, 1))
                .with_handshake(),
            Self::new("cancel", "callers cancel two calls")
                .writes(&[K, K, K, K])
                .budget(|budget| (budget.cancels, budget.cuts) = (2, 1)),
            Self::new("flaky", "two connections are lost, and the transport cuts commands")
                .writes(&[K, K])
                .read(K)
                .repeatable_write(K)
                .budget(|budget| (budget.losses, budget.cuts) = (2, 1)),
            Self::new("refused", "a node refuses a command that it has not read to its end")
                .writes(&[K, K, K])
                .budget(|budget| (budget.rejections, budget.cuts) = (1, 2)),
            Self::new("late", "the driver is late, and a connection has stalled meanwhile")
                .writes(&[K, K])
                .config(|config| config.stall_timeout = Duration::from_millis(50))
                .budget(|budget| (budget.delays, budget.timers) = (2, 2)),
        ]
    }

    /// Worlds in which slots move at once.
    fn moves_of_slots() -> Vec<Self> {
        vec![
            Self::new("moved", "a slot moves at once")
                .writes(&[K, K, K])
                .read(K)
                .moves(&[K])
                .budget(|budget| budget.timers = 2),
            Self::new("moved-late", "a slot moves, and the nodes learn it one after the other")
                .writes(&[K, K])
                .migrates_until(&[K], &[Learn(Some(B), K), Learn(Some(A), K)])
                .budget(|budget| budget.timers = 1),
            Self::new("moved-cancel", "a slot moves, and a caller cancels")
                .writes(&[K, K, K])
                .moves(&[K])
                .budget(|budget| (budget.cancels, budget.cuts) = (1, 1)),
            Self::new("moved-lost", "a slot moves, and a connection is lost")
                .writes(&[K, K, K])
                .moves(&[K])
                .budget(|budget| (budget.losses, budget.timers) = (1, 1)),
            Self::new("lanes", "a slot moves, and each node has two links")
                .writes(&[K, M, K])
                .moves(&[K])
                .config(|config| config.links_per_node = 2)
                .budget(|budget| budget.losses = 1),
            Self::new("two-moved", "two slots of a node move, one after the other")
                .pipeline(&[K, M, M, M])
                .writes(&[M, M])
                .moves(&[K])
                .moves(&[M]),
            Self::new("deadline", "a call has less time than a redirection takes")
                .writes(&[K, K])
                .moves(&[K])
                .config(|config| config.call_timeout = Duration::from_millis(5))
                .budget(|budget| (budget.timers, budget.losses) = (3, 1)),
            Self::new("disagreement", "each of two nodes redirects to the other")
                .writes(&[K])
                .migrates_until(&[K], &[Learn(Some(A), K), Learn(Some(B), K)])
                .with_redirections(17)
                .budget(|budget| budget.timers = 2),
        ]
    }

    /// Worlds in which a slot moves key by key.
    fn migrations() -> Vec<Self> {
        vec![
            Self::new("migration", "a slot moves key by key")
                .writes(&[K, K, K])
                .migrates(&[K])
                .budget(|budget| budget.timers = 1),
            Self::new("migration-of-two", "a slot of two keys moves key by key")
                .writes(&[K, L, K])
                .migrates(&[K, L]),
            Self::new("migration-lost", "a slot moves key by key, and a connection is lost")
                .writes(&[K, K])
                .migrates(&[K])
                .budget(|budget| (budget.losses, budget.cuts) = (1, 1)),
            Self::new("migration-cancel", "a slot moves key by key, and a caller cancels")
                .writes(&[K, K, K])
                .migrates(&[K])
                .budget(|budget| budget.cancels = 1),
        ]
    }

    /// Worlds with calls of several commands.
    fn units() -> Vec<Self> {
        vec![
            Self::new("transaction", "a transaction while its slot moves key by key")
                .transaction(&[K, K])
                .writes(&[K])
                .migrates(&[K]),
            Self::new("transaction-lost", "a transaction on a connection that is lost")
                .writes(&[K])
                .transaction(&[K, K])
                .budget(|budget| (budget.losses, budget.cuts) = (1, 2)),
            Self::new("torn", "a transaction whose MULTI is refused, on a connection that is lost")
                .transaction(&[K, K])
                .refusing_multi()
                .budget(|budget| (budget.losses, budget.cuts) = (1, 2)),
            Self::new(
                "combined",
                "a transaction, a migration, a lost connection and a cancelled call",
            )
            .writes(&[K])
            .transaction(&[K, K])
            .writes(&[K])
            .migrates(&[K])
            .budget(|budget| (budget.losses, budget.cancels) = (1, 1)),
            Self::new("pipeline", "a pipeline of two slots, one of which moves")
                .pipeline(&[K, N, K])
                .moves(&[K]),
            Self::new("split", "a command of two slots, one of which moves")
                .split(&[K, M])
                .writes(&[M])
                .moves(&[K])
                .budget(|budget| budget.losses = 1),
        ]
    }

    /// Worlds in which a primary dies.
    fn failovers() -> Vec<Self> {
        vec![
            Self::new("failover", "a primary dies, and its replica takes over")
                .writes(&[K, K])
                .read(K)
                .then(&[Die(A), TakeOver(C)])
                .budget(|budget| budget.timers = 2),
            Self::new(
                "failover-cancel",
                "a primary dies, its replica takes over, a caller cancels",
            )
            .writes(&[K, N])
            .read(K)
            .then(&[Die(A), TakeOver(C)])
            .budget(|budget| (budget.cancels, budget.cuts, budget.timers) = (1, 1, 1)),
            Self::new("handed-over", "a replica takes over, and the former primary comes back")
                .writes(&[K, K])
                .then(&[Die(A), TakeOver(C), Revive(A)])
                .budget(|budget| budget.timers = 1),
        ]
    }
}
