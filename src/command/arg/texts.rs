//! Arguments that are text or bytes.

use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use super::{Arg, Content, ToArg};
use crate::command::LARGE_LEN;
use crate::resp::short::Short;

impl ToArg for [u8] {
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        Arg(Content::Borrowed(self))
    }
}

impl ToArg for str {
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        self.as_bytes().to_arg()
    }
}

impl<const N: usize> ToArg for [u8; N] {
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        self.as_slice().to_arg()
    }
}

impl ToArg for char {
    fn to_arg(&self) -> Arg<'_> {
        Arg(Content::Short(Short::format(format_args!("{self}"))))
    }
}

/// What owns its memory: moved into the argument.
macro_rules! moved {
    ($($owned:ty: |$value:ident| $content:expr),* $(,)?) => {$(
        impl ToArg for $owned {
            #[inline]
            fn to_arg(&self) -> Arg<'_> {
                (**self).to_arg()
            }

            #[inline]
            fn into_arg<'a>(self) -> Arg<'a>
            where
                Self: 'a,
            {
                let $value = self;
                Arg($content)
            }
        }
    )*};
}

moved! {
    Vec<u8>: |bytes| Content::Owned(bytes),
    String: |text| Content::Owned(text.into_bytes()),
    Box<[u8]>: |bytes| Content::Owned(bytes.into_vec()),
    Box<str>: |text| Content::Owned(text.into_boxed_bytes().into_vec()),
    BytesMut: |bytes| Content::Shared(bytes.freeze()),
}

/// What other owners share: its memory cannot be moved.
macro_rules! shared {
    ($($owned:ty),* $(,)?) => {$(
        impl ToArg for $owned {
            fn to_arg(&self) -> Arg<'_> {
                (**self).to_arg()
            }
        }
    )*};
}

shared!(Arc<str>, Arc<[u8]>, Rc<str>, Rc<[u8]>);

impl ToArg for Bytes {
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        if self.len() >= LARGE_LEN {
            Arg(Content::Shared(self.clone()))
        } else {
            Arg(Content::Borrowed(self))
        }
    }

    #[inline]
    fn into_arg<'a>(self) -> Arg<'a>
    where
        Self: 'a,
    {
        Arg(Content::Shared(self))
    }
}

impl<B> ToArg for Cow<'_, B>
where
    B: ToArg + ToOwned<Owned: ToArg> + ?Sized,
{
    fn to_arg(&self) -> Arg<'_> {
        match self {
            Self::Borrowed(borrowed) => borrowed.to_arg(),
            Self::Owned(owned) => owned.to_arg(),
        }
    }

    fn into_arg<'a>(self) -> Arg<'a>
    where
        Self: 'a,
    {
        match self {
            Self::Borrowed(borrowed) => borrowed.to_arg(),
            Self::Owned(owned) => owned.into_arg(),
        }
    }
}
