//! A program without std that uses the core.
//!
//! It brings its own panic handler. As soon as anything in the tree links std, which has one too,
//! rustc stops with E0152, duplicate lang item `panic_impl`, and names the crate. So when this
//! builds, neither the core nor a dependency of it can reach a socket, a clock or a thread through
//! std.

#![no_std]

extern crate alloc;

use alloc::vec;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::iter;
use core::panic::PanicInfo;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering};

use hashslot::resp::{Frame, Value};
use hashslot::{Action, Address, Call, Cluster, Command, Config, Instant};

/// Uses a cluster, a command and a reply; returns 0 when all went as it should.
#[unsafe(no_mangle)]
pub extern "C" fn probe() -> i32 {
    let Ok(seed) = "127.0.0.1:7000".parse::<Address>() else { return 1 };
    let now = Instant::EPOCH;
    let Ok(mut cluster) = Cluster::<u32>::new(Config::default(), vec![seed.clone()], 1) else {
        return 2;
    };
    if cluster.submit(now, Call::new(Command::get("k")), 7).is_err() {
        return 3;
    }
    let mut actions = iter::from_fn(|| cluster.poll_action());
    if !actions.any(|it| matches!(it, Action::Connect { address, .. } if address == seed)) {
        return 4;
    }
    let Ok(frame) = Frame::parse(&b"*2\r\n:0\r\n$2\r\nab\r\n"[..], &Default::default()) else {
        return 5;
    };
    let Some(elements) = frame.value().elements() else { return 6 };
    if !elements.eq([Value::Integer(0), Value::Bulk(b"ab")]) {
        return 7;
    }
    0
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        safe fn abort() -> !;
    }
    abort()
}

/// Named by the compiled `core` of targets that unwind; nothing here does.
#[unsafe(no_mangle)]
pub extern "C" fn rust_eh_personality() {}

const HEAP_LEN: usize = 16 << 20; // a cluster with its slot table, many times over

/// Hands out a static array from front to back and takes nothing back.
struct Bump {
    heap: UnsafeCell<[u8; HEAP_LEN]>,
    used: AtomicUsize,
}

// SAFETY: `used` hands every byte of `heap` out at most once, so threads never share one.
unsafe impl Sync for Bump {}

// SAFETY: a block lies inside `heap`, is aligned, and no other block overlaps it.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let start = self.heap.get().cast::<u8>();
        let place = |used: usize| {
            let padding = start.wrapping_add(used).align_offset(layout.align());
            let from = used.checked_add(padding)?;
            let to = from.checked_add(layout.size())?;
            (to <= HEAP_LEN).then_some((from, to))
        };
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                place(used).map(|(_, to)| to)
            })
            .ok()
            .and_then(place)
            .map_or(null_mut(), |(from, _)| start.wrapping_add(from))
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static HEAP: Bump = Bump { heap: UnsafeCell::new([0; HEAP_LEN]), used: AtomicUsize::new(0) };
