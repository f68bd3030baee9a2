//! Counts what is allocated, over all threads.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// The system's allocator, and a count of what it is asked for.
pub(crate) struct Counting;

/// The counters of a few threads. Each has a cache line of its own: were there one for all, threads
/// that allocate at the same time would slow each other down, and clients that allocate would be
/// measured as slower than they are.
#[repr(align(128))]
struct Shard {
    count: AtomicU64,
    bytes: AtomicU64,
    freed: AtomicU64,
}

const SHARD_COUNT: usize = 64;

static SHARDS: [Shard; SHARD_COUNT] =
    [const { Shard { count: ZERO, bytes: ZERO, freed: ZERO } }; SHARD_COUNT];
#[expect(clippy::declare_interior_mutable_const, reason = "each use is a counter of its own")]
const ZERO: AtomicU64 = AtomicU64::new(0);
static NEXT_SHARD: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Which shard this thread counts in. Needs no destructor and no allocation, so that it may be
    /// used within the allocator.
    static SHARD: Cell<usize> = const { Cell::new(usize::MAX) };
}

fn shard() -> &'static Shard {
    let index = SHARD.with(|shard| {
        if shard.get() == usize::MAX {
            shard.set(NEXT_SHARD.fetch_add(1, Relaxed) % SHARD_COUNT);
        }
        shard.get()
    });
    &SHARDS[index]
}

fn count(bytes: usize) {
    let shard = shard();
    shard.count.fetch_add(1, Relaxed);
    shard.bytes.fetch_add(bytes as u64, Relaxed);
}

fn free(bytes: usize) {
    shard().freed.fetch_add(bytes as u64, Relaxed);
}

/// The bytes that are allocated now.
pub(crate) fn held() -> u64 {
    let freed: u64 = SHARDS.iter().map(|shard| shard.freed.load(Relaxed)).sum();
    counted().1.saturating_sub(freed)
}

/// How many allocations there have been, and of how many bytes. One that grows counts once more,
/// with its new size.
pub(crate) fn counted() -> (u64, u64) {
    SHARDS.iter().fold((0, 0), |(count, bytes), shard| {
        (count + shard.count.load(Relaxed), bytes + shard.bytes.load(Relaxed))
    })
}

#[expect(unsafe_code, reason = "a global allocator cannot be written without")]
// SAFETY: every method hands its arguments to the system's allocator as they are.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        free(layout.size());
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        free(layout.size());
        unsafe { System.dealloc(block, layout) }
    }
}
