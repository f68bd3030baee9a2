//! Options that several commands share.

/// When keys expire: for types whose options stand behind their arguments.
macro_rules! expiry_options {
    ($name:ident) => {
        impl<R> $name<R> {
            /// The key expires after this time, rounded up to milliseconds: `EX` or `PX`.
            #[doc(alias = "ex")]
            #[doc(alias = "px")]
            pub fn ttl(self, ttl: core::time::Duration) -> Self {
                Self(self.0.period("EX", "PX", $crate::cmd::time::Period::of(ttl)))
            }

            /// The key expires at this point in time: `EXAT` or `PXAT`.
            #[doc(alias = "exat")]
            #[doc(alias = "pxat")]
            pub fn expire_at(self, at: impl Into<$crate::cmd::UnixTime>) -> Self {
                Self(self.0.period("EXAT", "PXAT", $crate::cmd::time::Period::until(at.into())))
            }
        }
    };
}

/// When servers free the memory of what a command deletes.
macro_rules! flush_options {
    ($name:ident) => {
        impl<R> $name<R> {
            /// The server frees the memory in the background: `ASYNC`.
            #[doc(alias = "async")]
            pub fn in_background(self) -> Self {
                Self(self.0.arg("ASYNC"))
            }

            /// The server frees the memory before it answers: `SYNC`. **Since**: Redis 6.2.
            #[doc(alias = "sync")]
            pub fn at_once(self) -> Self {
                Self(self.0.arg("SYNC"))
            }
        }
    };
}

pub(super) use expiry_options;
pub(super) use flush_options;
