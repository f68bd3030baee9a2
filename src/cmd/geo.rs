//! Positions on the earth: sorted sets whose scores are places.

use alloc::string::String;
use alloc::vec::Vec;

use super::typed::{Typed, start, with_options};
use crate::command::{Arg, Command, Each, FromValue, OneOrMore, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// A position on the earth.
///
/// Servers accept latitudes up to about 85.05 degrees. They round a position to a cell of less than
/// a meter.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a position is two numbers")]
pub struct GeoPosition {
    /// Degrees to the east, from -180 to 180.
    pub longitude: f64,
    /// Degrees to the north.
    pub latitude: f64,
}

impl GeoPosition {
    #[inline]
    fn add_to(self, command: Command) -> Command {
        command.arg(self.longitude).arg(self.latitude)
    }
}

impl FromValue for GeoPosition {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let (longitude, latitude) = FromValue::from_value(value, frame)?;
        Ok(Self { longitude, latitude })
    }
}

/// A unit of length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GeoUnit {
    /// Meters: `m`.
    Meters,
    /// Kilometers: `km`.
    Kilometers,
    /// Feet: `ft`.
    Feet,
    /// Miles: `mi`.
    Miles,
}

impl ToArg for GeoUnit {
    /// The word of the server.
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        match self {
            Self::Meters => "m",
            Self::Kilometers => "km",
            Self::Feet => "ft",
            Self::Miles => "mi",
        }
        .into_arg()
    }
}

/// One place or several for [`geoadd`]: a pair of a [`GeoPosition`] and a member, or a list of
/// pairs.
///
/// **Shape**: arrays, slices and vectors, by value or by reference. An iterator goes through
/// [`cmd::each`](crate::cmd::each).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a place nor a list of places",
    label = "neither `(GeoPosition, member)`, nor a list of such pairs",
    note = "an iterator of pairs goes through `cmd::each(..)`"
)]
pub trait PlaceOrMore {
    /// The command with these places behind its own arguments: each position before its member.
    #[must_use]
    fn append_to(self, command: Command) -> Command;
}

impl<M: ToArg> PlaceOrMore for (GeoPosition, M) {
    fn append_to(self, command: Command) -> Command {
        self.0.add_to(command).arg(self.1)
    }
}

impl<M: ToArg> PlaceOrMore for &(GeoPosition, M) {
    fn append_to(self, command: Command) -> Command {
        self.0.add_to(command).arg(&self.1)
    }
}

macro_rules! places {
    ($([$($generics:tt)*] $list:ty),* $(,)?) => {$(
        impl<M: ToArg, $($generics)*> PlaceOrMore for $list {
            fn append_to(self, command: Command) -> Command {
                self.into_iter().fold(command, |command, place| place.append_to(command))
            }
        }
    )*};
}

places! {
    [const N: usize] [(GeoPosition, M); N],
    [const N: usize] &[(GeoPosition, M); N],
    [] &[(GeoPosition, M)],
    [] Vec<(GeoPosition, M)>,
    [] &Vec<(GeoPosition, M)>,
}

impl<I: IntoIterator<Item: PlaceOrMore>> PlaceOrMore for Each<I> {
    fn append_to(self, command: Command) -> Command {
        self.0.into_iter().fold(command, |command, place| place.append_to(command))
    }
}

/// The middle of a [`GeoArea`]: a [`GeoPosition`], or a member of the sorted set.
#[derive(Debug)]
pub struct GeoCenter(Vec<Arg<'static>>);

impl Clone for GeoCenter {
    #[inline]
    fn clone(&self) -> Self {
        Self(copy(&self.0))
    }
}

impl From<GeoPosition> for GeoCenter {
    #[inline]
    fn from(position: GeoPosition) -> Self {
        let degrees = [position.longitude.into_arg(), position.latitude.into_arg()];
        Self(["FROMLONLAT".into_arg()].into_iter().chain(degrees).collect())
    }
}

impl<M: ToArg> From<M> for GeoCenter {
    fn from(member: M) -> Self {
        Self([ToArg::into_arg("FROMMEMBER"), member.into_arg().into_owned()].into())
    }
}

/// The area that [`geosearch`] searches: around a position or around a member, which is its name.
///
/// ```
/// use hashslot::cmd::{GeoArea, GeoPosition, GeoUnit};
/// let around_rome = GeoArea::circle("Rome", 200.0, GeoUnit::Kilometers);
/// let here = GeoPosition { longitude: 12.5, latitude: 41.9 };
/// let around_here = GeoArea::rectangle(here, 400.0, 300.0, GeoUnit::Kilometers);
/// ```
#[derive(Debug)]
pub struct GeoArea(Vec<Arg<'static>>);

impl Clone for GeoArea {
    #[inline]
    fn clone(&self) -> Self {
        Self(copy(&self.0))
    }
}

#[inline]
fn copy(words: &[Arg<'static>]) -> Vec<Arg<'static>> {
    words.iter().map(|word| word.to_arg().into_owned()).collect()
}

impl GeoArea {
    /// All places within a distance of the center: `BYRADIUS`.
    #[doc(alias = "byradius")]
    pub fn circle(center: impl Into<GeoCenter>, radius: f64, unit: GeoUnit) -> Self {
        let shape = ["BYRADIUS".into_arg(), radius.into_arg(), unit.into_arg()];
        Self(center.into().0.into_iter().chain(shape).collect())
    }

    /// All places in a rectangle, whose sides lead to the east and to the north: `BYBOX`.
    #[doc(alias = "bybox")]
    pub fn rectangle(center: impl Into<GeoCenter>, width: f64, height: f64, unit: GeoUnit) -> Self {
        let sides = [width.into_arg(), height.into_arg(), unit.into_arg()];
        let shape = ["BYBOX".into_arg()].into_iter().chain(sides);
        Self(center.into().0.into_iter().chain(shape).collect())
    }

    /// All places in a polygon, whose corners are given in order: `BYPOLYGON`.
    ///
    /// **Since**: Valkey 9.0.
    #[doc(alias = "bypolygon")]
    #[inline]
    pub fn polygon(corners: &[GeoPosition]) -> Self {
        let degrees = corners.iter().flat_map(|corner| [corner.longitude, corner.latitude]);
        let count = ["BYPOLYGON".into_arg(), corners.len().into_arg()];
        Self(count.into_iter().chain(degrees.map(ToArg::into_arg)).collect())
    }
}

with_options! {
    /// `GEOADD`, made by [`geoadd`]: conditions, and what is counted.
    GeoAdd
}

/// Sets positions of members of the sorted set at `key`, and returns how many are new: `GEOADD`.
///
/// The options are methods of [`GeoAdd`]. [`zrem`](super::zrem) removes members.
///
/// **Since**: Redis 3.2. **Complexity**: O(m · log n) for m places and n members.
///
/// ```
/// use hashslot::cmd::{self, GeoAdd, GeoPosition};
/// let rome = GeoPosition { longitude: 12.5, latitude: 41.9 };
/// let milan = GeoPosition { longitude: 9.19, latitude: 45.46 };
/// let one: GeoAdd<u64> = cmd::geoadd("cities", (rome, "Rome"));
/// let two = cmd::geoadd("cities", [(rome, "Rome"), (milan, "Milan")]).nx();
/// ```
pub fn geoadd(key: impl ToArg, places: impl PlaceOrMore) -> GeoAdd<u64> {
    let head: Typed<u64> = start!("GEOADD").key(key);
    GeoAdd(Typed::new(places.append_to(head.into())))
}

impl<R> GeoAdd<R> {
    /// Only members that are new: `NX`. **Since**: Redis 6.2.
    pub fn nx(self) -> Self {
        Self(self.0.insert_after(2, ["NX"]))
    }

    /// Only members that are there already: `XX`. **Since**: Redis 6.2.
    pub fn xx(self) -> Self {
        Self(self.0.insert_after(2, ["XX"]))
    }

    /// Counts the members whose positions changed together with the new ones: `CH`. **Since**:
    /// Redis 6.2.
    #[doc(alias = "ch")]
    pub fn count_changed(self) -> Self {
        Self(self.0.insert_after(2, ["CH"]))
    }
}

/// Returns the distance of two members of the sorted set at `key`: `GEODIST`.
///
/// `None` if one of them is missing.
///
/// **Since**: Redis 3.2. **Complexity**: O(1).
pub fn geodist(
    key: impl ToArg,
    first: impl ToArg,
    second: impl ToArg,
    unit: GeoUnit,
) -> Typed<Option<f64>> {
    start!("GEODIST").key(key).arg(first).arg(second).arg(unit)
}

/// Returns the positions of members of the sorted set at `key` as texts of 11 letters, in order:
/// `GEOHASH`.
///
/// `None` for a missing member. The texts are what the site geohash.org reads.
///
/// **Since**: Redis 3.2. **Complexity**: O(n) in the number of members that are asked for.
pub fn geohash(key: impl ToArg, members: impl OneOrMore) -> Typed<Vec<Option<String>>> {
    start!("GEOHASH").key(key).args(members)
}

/// Returns the positions of members of the sorted set at `key`, in order: `GEOPOS`.
///
/// `None` for a missing member.
///
/// **Since**: Redis 3.2. **Complexity**: O(n) in the number of members that are asked for.
pub fn geopos(key: impl ToArg, members: impl OneOrMore) -> Typed<Vec<Option<GeoPosition>>> {
    start!("GEOPOS").key(key).args(members)
}

/// A place that [`geosearch`] found, with what the options of [`GeoSearch`] ask for.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GeoFound<M> {
    /// The member.
    pub member: M,
    /// The distance from the center, in the unit of the area: [`GeoSearch::with_distance`].
    pub distance: Option<f64>,
    /// The score in the sorted set, which stands for the position: [`GeoSearch::with_hash`].
    pub hash: Option<u64>,
    /// The position: [`GeoSearch::with_position`].
    pub position: Option<GeoPosition>,
}

impl<M: FromValue> FromValue for GeoFound<M> {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let (member, facts) = match value.elements() {
            None => (M::from_value(value, frame)?, None),
            Some(mut facts) => {
                let member = facts.next().unwrap_or(Value::Null);
                (M::from_value(&member, frame).map_err(|error| error.at(0))?, Some(facts))
            }
        };
        let mut found = Self { member, distance: None, hash: None, position: None };
        // The type of a fact tells what it is.
        for (index, fact) in (1..).zip(facts.into_iter().flatten()) {
            let end = if fact.elements().is_some() {
                FromValue::from_value(&fact, frame).map(|position| found.position = Some(position))
            } else if let Value::Integer(_) = fact {
                FromValue::from_value(&fact, frame).map(|hash| found.hash = Some(hash))
            } else {
                FromValue::from_value(&fact, frame).map(|distance| found.distance = Some(distance))
            };
            end.map_err(|error| error.at(index))?;
        }
        Ok(found)
    }
}

with_options! {
    /// `GEOSEARCH`, made by [`geosearch`]: the order, how many members, and what is returned.
    GeoSearch
}

/// Returns the members of the sorted set at `key` that are in an area: `GEOSEARCH`.
///
/// A missing key is an empty sorted set, but a center that is a missing member is an error of the
/// server. The options are methods of [`GeoSearch`]. With distances, hashes or positions, ask for a
/// `Vec` of [`GeoFound`], or of tuples.
///
/// **Since**: Redis 6.2. **Complexity**: O(n + log m) for m members in the area, and n in the cells
/// that it touches.
///
/// ```
/// use hashslot::cmd::{self, GeoArea, GeoFound, GeoSearch, GeoUnit};
/// let area = GeoArea::circle("Rome", 200.0, GeoUnit::Kilometers);
/// let nearest: GeoSearch<Vec<GeoFound<String>>> =
///     cmd::geosearch("cities", area).nearest_first().count(10).with_distance();
/// ```
#[doc(alias = "georadius")]
#[doc(alias = "georadius_ro")]
#[doc(alias = "georadiusbymember")]
#[doc(alias = "georadiusbymember_ro")]
pub fn geosearch<V: FromValue>(key: impl ToArg, area: GeoArea) -> GeoSearch<V> {
    GeoSearch(start!("GEOSEARCH").key(key).args(area.0))
}

/// The options that both commands have.
macro_rules! search_options {
    ($name:ident) => {
        impl<R> $name<R> {
            /// Sorts by the distance from the center, the nearest first: `ASC`.
            #[doc(alias = "asc")]
            pub fn nearest_first(self) -> Self {
                Self(self.0.arg("ASC"))
            }

            /// Sorts by the distance from the center, the farthest first: `DESC`.
            #[doc(alias = "desc")]
            pub fn farthest_first(self) -> Self {
                Self(self.0.arg("DESC"))
            }

            /// Up to so many members, the nearest ones unless it sorts otherwise: `COUNT`.
            pub fn count(self, count: u64) -> Self {
                Self(self.0.arg("COUNT").arg(count))
            }

            /// Up to so many members, the first ones that the server finds: `COUNT ANY`.
            #[doc(alias = "any")]
            pub fn count_any(self, count: u64) -> Self {
                Self(self.0.arg("COUNT").arg(count).arg("ANY"))
            }
        }
    };
}

search_options!(GeoSearch);
search_options!(GeoSearchStore);

impl<R> GeoSearch<R> {
    /// Returns distances from the center, in the unit of the area: `WITHDIST`.
    #[doc(alias = "withdist")]
    pub fn with_distance(self) -> Self {
        Self(self.0.arg("WITHDIST"))
    }

    /// Returns the scores in the sorted set, which stand for positions: `WITHHASH`.
    #[doc(alias = "withhash")]
    pub fn with_hash(self) -> Self {
        Self(self.0.arg("WITHHASH"))
    }

    /// Returns positions: `WITHCOORD`.
    #[doc(alias = "withcoord")]
    pub fn with_position(self) -> Self {
        Self(self.0.arg("WITHCOORD"))
    }
}

with_options! {
    /// `GEOSEARCHSTORE`, made by [`geosearchstore`]: which members, and what their scores are.
    GeoSearchStore
}

/// Stores the members of a sorted set that are in an area, and returns how many there are:
/// `GEOSEARCHSTORE`.
///
/// Replaces the destination; deletes it if there is no such member. Both keys have to be in one
/// slot. The options are methods of [`GeoSearchStore`].
///
/// **Since**: Redis 6.2. **Complexity**: O(n + log m) for m members in the area, and n in the cells
/// that it touches.
#[doc(alias = "georadius")]
#[doc(alias = "georadiusbymember")]
pub fn geosearchstore(
    destination: impl ToArg,
    source: impl ToArg,
    area: GeoArea,
) -> GeoSearchStore<u64> {
    GeoSearchStore(start!("GEOSEARCHSTORE").arg(destination).arg(source).args(area.0))
}

impl<R> GeoSearchStore<R> {
    /// Stores distances from the center as scores, in the unit of the area: `STOREDIST`.
    #[doc(alias = "storedist")]
    pub fn store_distances(self) -> Self {
        Self(self.0.arg("STOREDIST"))
    }
}
