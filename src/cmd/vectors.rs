//! Vector sets: elements with vectors, found by similarity. Redis 8.0 has them.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::record::record;
use super::typed::{Typed, start, with_options};
use crate::command::{Command, FromValue, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// A vector of 32-bit floats, as vector sets and vector fields of search indexes take it.
///
/// It is made from slices, arrays and vectors of `f32` or `f64`. 64-bit floats are rounded to the
/// nearest 32-bit ones, as servers do.
///
/// ```
/// use hashslot::cmd::Vector;
/// let vector = Vector::from([1.0, 0.5]);
/// assert_eq!(vector.as_bytes().as_ref(), [0, 0, 0x80, 0x3f, 0, 0, 0, 0x3f]);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Vector(Bytes);

impl Vector {
    /// The vector that these bytes are: 32-bit floats, each with its lowest byte first.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }

    /// The bytes that travel, for a hash field or a parameter of a query: 32-bit floats, each with
    /// its lowest byte first.
    #[must_use]
    #[inline]
    pub const fn as_bytes(&self) -> &Bytes {
        &self.0
    }
}

impl fmt::Debug for Vector {
    /// Shows the number of bytes, never a content: it may be a secret.
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vector({} bytes)", self.0.len())
    }
}

/// A float that becomes one of 32 bits.
trait Component: Copy {
    fn round(self) -> f32;
}

impl Component for f32 {
    #[inline]
    fn round(self) -> f32 {
        self
    }
}

impl Component for f64 {
    #[allow(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "rounds to the nearest, as is wanted"
    )]
    #[inline]
    fn round(self) -> f32 {
        self as f32
    }
}

fn vector<F: Component>(components: &[F]) -> Vector {
    let bytes = components.iter().flat_map(|component| component.round().to_le_bytes());
    Vector(bytes.collect())
}

/// What [`vsim`] compares elements with: the name of an element, which is any [`ToArg`], or a
/// vector, which is a [`Vector`] or a list of floats.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither the name of an element nor a vector",
    label = "neither text or bytes, nor a `Vector` or a list of floats"
)]
pub trait VSimQuery {
    /// The command with the query behind its own arguments.
    #[must_use]
    fn append_to(self, command: Command) -> Command;
}

impl<T: ToArg> VSimQuery for T {
    fn append_to(self, command: Command) -> Command {
        command.arg("ELE").arg(self)
    }
}

impl VSimQuery for Vector {
    #[inline]
    fn append_to(self, command: Command) -> Command {
        command.arg("FP32").arg(self.0)
    }
}

impl VSimQuery for &Vector {
    #[inline]
    fn append_to(self, command: Command) -> Command {
        command.arg("FP32").arg(&self.0)
    }
}

macro_rules! vectors {
    ($($float:ty: $([$($generics:tt)*] $list:ty),*;)*) => {$($(
        impl<$($generics)*> From<$list> for Vector {
            fn from(components: $list) -> Self {
                vector::<$float>(components.as_ref())
            }
        }

        impl<$($generics)*> VSimQuery for $list {
            fn append_to(self, command: Command) -> Command {
                Vector::from(self).append_to(command)
            }
        }
    )*)*};
}

vectors! {
    f32:
        [] &[f32], [] Vec<f32>, [] &Vec<f32>,
        [const N: usize] [f32; N], [const N: usize] &[f32; N];
    f64:
        [] &[f64], [] Vec<f64>, [] &Vec<f64>,
        [const N: usize] [f64; N], [const N: usize] &[f64; N];
}

with_options! {
    /// `VADD`, made by [`vadd`]: how the set keeps vectors, and attributes.
    VAdd
}

/// Adds an element with a vector to the set at `key`, and returns whether it was new: `VADD`.
///
/// An element that exists has the new vector then. The options are methods of [`VAdd`]; what they
/// say of the set counts when the first element is added, and has to be the same later.
///
/// **Since**: Redis 8.0. **Complexity**: O(log n) in the number of elements.
///
/// ```
/// use hashslot::{Command, cmd};
/// let command = cmd::vadd("words", [0.1, 1.2, 0.5], "apple").attributes(r#"{"len": 5}"#);
/// assert_eq!(Command::from(command).len(), 7);
/// ```
pub fn vadd(key: impl ToArg, vector: impl Into<Vector>, element: impl ToArg) -> VAdd<bool> {
    VAdd(start!("VADD").key(key).arg("FP32").arg(vector.into().0).arg(element))
}

impl<R> VAdd<R> {
    /// Projects vectors onto so many dimensions: `REDUCE`.
    #[doc(alias = "reduce")]
    pub fn reduce_to(self, dimensions: u64) -> Self {
        Self(self.0.insert(2, |command| command.arg("REDUCE").arg(dimensions)))
    }

    /// Looks for neighbors in the background, and adds the element only then: `CAS`.
    pub fn cas(self) -> Self {
        Self(self.0.arg("CAS"))
    }

    /// Keeps the floats of 32 bits: `NOQUANT`.
    #[doc(alias = "noquant")]
    pub fn unquantized(self) -> Self {
        Self(self.0.arg("NOQUANT"))
    }

    /// Keeps 8 bits of each component, as sets do by default: `Q8`.
    pub fn q8(self) -> Self {
        Self(self.0.arg("Q8"))
    }

    /// Keeps the sign of each component: `BIN`.
    #[doc(alias = "bin")]
    pub fn binary(self) -> Self {
        Self(self.0.arg("BIN"))
    }

    /// How many candidates for neighbors are looked at, 200 by default: `EF`.
    #[doc(alias = "ef")]
    pub fn effort(self, candidates: u64) -> Self {
        Self(self.0.arg("EF").arg(candidates))
    }

    /// Sets attributes of the element, which are a JSON object: `SETATTR`. See [`vsetattr`].
    #[doc(alias = "setattr")]
    pub fn attributes(self, json: impl ToArg) -> Self {
        Self(self.0.arg("SETATTR").arg(json))
    }

    /// How many links each element has, 16 by default: `M`.
    #[doc(alias = "m")]
    pub fn links(self, links: u64) -> Self {
        Self(self.0.arg("M").arg(links))
    }
}

/// Returns the number of elements of the vector set at `key`: `VCARD`.
///
/// 0 if the key is missing.
///
/// **Since**: Redis 8.0. **Complexity**: O(1).
pub fn vcard(key: impl ToArg) -> Typed<u64> {
    start!("VCARD").key(key)
}

/// Returns the number of dimensions of the vectors in the set at `key`: `VDIM`.
///
/// A missing key is an error of the server.
///
/// **Since**: Redis 8.0. **Complexity**: O(1).
pub fn vdim(key: impl ToArg) -> Typed<u64> {
    start!("VDIM").key(key)
}

with_options! {
    /// `VEMB`, made by [`vemb`]: in which form a vector is returned.
    VEmb
}

/// Returns the vector of an element, about as it was added: `VEMB`.
///
/// Ask for an `Option<Vec<f32>>`: a missing key or element is a null.
///
/// **Since**: Redis 8.0. **Complexity**: O(n) in the number of dimensions.
pub fn vemb<V: FromValue>(key: impl ToArg, element: impl ToArg) -> VEmb<V> {
    VEmb(start!("VEMB").key(key).arg(element))
}

impl<R> VEmb<R> {
    /// Returns the vector as the server keeps it: `RAW`. `None` if the key or the element is
    /// missing.
    pub fn raw(self) -> VEmb<Option<RawVector>> {
        VEmb(self.0.arg("RAW").reply())
    }
}

/// A vector as the server keeps it: the reply of [`VEmb::raw`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RawVector {
    /// How the components are kept: `f32`, `int8` or `bin`.
    pub quantization: String,
    /// The components of the normalized vector: floats of 32 bits, bytes or bits.
    pub bytes: Bytes,
    /// The length of the vector before it was normalized.
    pub norm: f64,
    /// For `int8` what the component 127 stands for.
    pub range: Option<f64>,
}

impl FromValue for RawVector {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let has_range = value.elements().is_some_and(|elements| elements.len() == 4);
        let (quantization, bytes, norm, range) = if has_range {
            FromValue::from_value(value, frame)?
        } else {
            let (quantization, bytes, norm) = FromValue::from_value(value, frame)?;
            (quantization, bytes, norm, None)
        };
        Ok(Self { quantization, bytes, norm, range })
    }
}

/// Returns the attributes of an element, a JSON text: `VGETATTR`.
///
/// A null if the key or the element is missing, or has no attributes.
///
/// **Since**: Redis 8.0. **Complexity**: O(1).
pub fn vgetattr<V: FromValue>(key: impl ToArg, element: impl ToArg) -> Typed<V> {
    start!("VGETATTR").key(key).arg(element)
}

record! {
    /// Facts about a vector set: the reply of [`vinfo`].
    pub struct VInfo {
        /// How the components are kept: `f32`, `int8` or `bin`.
        pub quantization: String = "quant-type",
        /// How many links each element has.
        pub links: Option<u64> = "hnsw-m",
        /// The number of dimensions that are kept.
        pub dimensions: u64 = "vector-dim",
        /// The number of dimensions of the vectors that are added, if it is reduced; else 0.
        pub input_dimensions: Option<u64> = "projection-input-dim",
        /// The number of elements.
        pub len: u64 = "size",
        /// The highest layer of the graph.
        pub max_level: u64 = "max-level",
        /// The number of elements with attributes.
        pub attribute_count: Option<u64> = "attributes-count",
        /// The number of the set on its server.
        pub id: u64 = "vset-uid",
        /// The highest number that an element has had.
        pub max_node_id: u64 = "hnsw-max-node-uid",
    }
}

/// Returns facts about the vector set at `key`: `VINFO`.
///
/// `None` if the key is missing.
///
/// **Since**: Redis 8.0. **Complexity**: O(1).
pub fn vinfo(key: impl ToArg) -> Typed<Option<VInfo>> {
    start!("VINFO").key(key)
}

/// Returns whether the vector set at `key` has an element: `VISMEMBER`.
///
/// **Since**: Redis 8.0. **Complexity**: O(1).
pub fn vismember(key: impl ToArg, element: impl ToArg) -> Typed<bool> {
    start!("VISMEMBER").key(key).arg(element)
}

with_options! {
    /// `VLINKS`, made by [`vlinks`]: what is returned of neighbors.
    VLinks
}

/// Returns the neighbors of an element in each layer of the graph, the highest first: `VLINKS`.
///
/// Ask for an `Option<Vec<Vec<String>>>`: a missing key or element is a null.
///
/// **Since**: Redis 8.0. **Complexity**: O(1).
pub fn vlinks<V: FromValue>(key: impl ToArg, element: impl ToArg) -> VLinks<V> {
    VLinks(start!("VLINKS").key(key).arg(element))
}

impl<R> VLinks<R> {
    /// Returns the similarity with each neighbor: `WITHSCORES`. Ask for an
    /// `Option<Vec<Vec<(String, f64)>>>`.
    #[doc(alias = "withscores")]
    pub fn with_scores(self) -> Self {
        Self(self.0.arg("WITHSCORES"))
    }
}

with_options! {
    /// `VRANDMEMBER`, made by [`vrandmember`]: how many elements.
    VRandMember
}

/// Returns a random element of the vector set at `key`: `VRANDMEMBER`.
///
/// A missing key is a null.
///
/// **Since**: Redis 8.0. **Complexity**: O(n) in the number of elements that are returned.
pub fn vrandmember<V: FromValue>(key: impl ToArg) -> VRandMember<V> {
    VRandMember(start!("VRANDMEMBER").key(key))
}

impl<R> VRandMember<R> {
    /// Returns a list of so many different elements, or of all if there are fewer. With a negative
    /// number an element may be there several times. A missing key is an empty list.
    pub fn count<V: FromValue>(self, count: i64) -> VRandMember<V> {
        VRandMember(self.0.arg(count).reply())
    }
}

with_options! {
    /// `VRANGE`, made by [`vrange`]: how many elements.
    VRange
}

/// Returns elements of the vector set at `key` in the order of their names: `VRANGE`.
///
/// `start` and `end` are `[name` or `(name`, which leaves out the name itself; the first is `-`,
/// the last `+`. A missing key is an empty list.
///
/// **Since**: Redis 8.4. **Complexity**: O(n) in the number of elements that are returned.
pub fn vrange<V: FromValue>(key: impl ToArg, start: impl ToArg, end: impl ToArg) -> VRange<V> {
    VRange(start!("VRANGE").key(key).arg(start).arg(end))
}

impl<R> VRange<R> {
    /// Returns the first so many elements only.
    pub fn count(self, count: u64) -> Self {
        Self(self.0.arg(count))
    }
}

/// Removes an element from the vector set at `key`, and returns whether it was there: `VREM`.
///
/// **Since**: Redis 8.0. **Complexity**: O(log n) in the number of elements.
pub fn vrem(key: impl ToArg, element: impl ToArg) -> Typed<bool> {
    start!("VREM").key(key).arg(element)
}

/// Sets the attributes of an element, a JSON object, and returns whether the element exists:
/// `VSETATTR`.
///
/// An empty text removes them. Filters of [`vsim`] read them.
///
/// **Since**: Redis 8.0. **Complexity**: O(1).
pub fn vsetattr(key: impl ToArg, element: impl ToArg, json: impl ToArg) -> Typed<bool> {
    start!("VSETATTR").key(key).arg(element).arg(json)
}

with_options! {
    /// `VSIM`, made by [`vsim`]: how many elements, which of them, and what is returned.
    VSim
}

/// Returns the elements of the vector set at `key` that are most similar: `VSIM`.
///
/// They are compared with an element, given by its name, or with a vector. The most similar ones
/// come first, 10 of them unless [`VSim::count`] is set. A missing key is an empty list; a missing
/// element is an error of the server.
///
/// **Since**: Redis 8.0. **Complexity**: O(log n) in the number of elements.
///
/// ```
/// use hashslot::cmd::{self, VSim};
/// let like_apple: VSim<Vec<String>> = cmd::vsim("words", "apple");
/// let like_vector: VSim<Vec<(String, f64)>> =
///     cmd::vsim("words", [0.1, 1.2, 0.5]).with_scores().count(3).filter(".len < 6");
/// ```
pub fn vsim<V: FromValue>(key: impl ToArg, query: impl VSimQuery) -> VSim<V> {
    VSim(start!("VSIM").key(key).with(|command| query.append_to(command)))
}

impl<R> VSim<R> {
    /// Returns the similarity of each element, from 0 to 1: `WITHSCORES`. Ask for pairs.
    #[doc(alias = "withscores")]
    pub fn with_scores(self) -> Self {
        Self(self.0.arg("WITHSCORES"))
    }

    /// Returns the attributes of each element, or a null: `WITHATTRIBS`. Ask for pairs of a
    /// `String` and an `Option<String>`.
    ///
    /// **Since**: Redis 8.2.
    #[doc(alias = "withattribs")]
    pub fn with_attributes(self) -> Self {
        Self(self.0.arg("WITHATTRIBS"))
    }

    /// Returns the similarity and the attributes of each element: `WITHSCORES WITHATTRIBS`.
    ///
    /// **Since**: Redis 8.2.
    pub fn with_scores_and_attributes<V: FromValue>(self) -> VSim<Vec<VSimMatch<V>>> {
        VSim(self.0.arg("WITHSCORES").arg("WITHATTRIBS").reply())
    }

    /// Returns so many elements at most: `COUNT`.
    pub fn count(self, count: u64) -> Self {
        Self(self.0.arg("COUNT").arg(count))
    }

    /// Only elements whose similarity is above 1 - `distance`: `EPSILON`.
    ///
    /// **Since**: Redis 8.2.
    #[doc(alias = "epsilon")]
    pub fn max_distance(self, distance: f64) -> Self {
        Self(self.0.arg("EPSILON").arg(distance))
    }

    /// How many candidates are looked at: `EF`. More of them find better ones.
    #[doc(alias = "ef")]
    pub fn effort(self, candidates: u64) -> Self {
        Self(self.0.arg("EF").arg(candidates))
    }

    /// Only elements whose attributes meet an expression, such as `.year > 1980`: `FILTER`.
    pub fn filter(self, expression: impl ToArg) -> Self {
        Self(self.0.arg("FILTER").arg(expression))
    }

    /// How many candidates the filter is tried on: `FILTER-EF`. 0 means without a limit.
    #[doc(alias = "filter_ef")]
    pub fn filter_effort(self, candidates: u64) -> Self {
        Self(self.0.arg("FILTER-EF").arg(candidates))
    }

    /// Compares with all elements, for an exact answer: `TRUTH`. O(n) in the number of elements.
    #[doc(alias = "truth")]
    pub fn exact(self) -> Self {
        Self(self.0.arg("TRUTH"))
    }

    /// Searches in the main thread: `NOTHREAD`. The server runs no other command meanwhile.
    #[doc(alias = "nothread")]
    pub fn in_main_thread(self) -> Self {
        Self(self.0.arg("NOTHREAD"))
    }
}

/// An element that is similar: part of the reply of [`VSim::with_scores_and_attributes`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct VSimMatch<V> {
    /// The element.
    pub element: V,
    /// How similar it is, from 0 to 1.
    pub score: f64,
    /// Its attributes, a JSON text.
    pub attributes: Option<String>,
}

impl<V: FromValue> FromValue for VSimMatch<V> {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let (element, score, attributes) = FromValue::from_value(value, frame)?;
        Ok(Self { element, score, attributes })
    }

    /// RESP2 sends three values for each element, RESP3 a map of pairs.
    #[inline]
    fn vec_from_value(value: &Value<'_>, frame: &Frame) -> Result<Vec<Self>, ConversionError> {
        if let Value::Map(_) = value {
            let pairs = Vec::<(V, (f64, Option<String>))>::from_value(value, frame)?;
            let one = |(element, (score, attributes))| Self { element, score, attributes };
            return Ok(pairs.into_iter().map(one).collect());
        }
        let rows = Vec::<(V, f64, Option<String>)>::from_value(value, frame)?;
        let one = |(element, score, attributes)| Self { element, score, attributes };
        Ok(rows.into_iter().map(one).collect())
    }
}
