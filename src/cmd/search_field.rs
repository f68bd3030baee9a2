//! Search: fields of indexes.

use alloc::vec::Vec;
use core::fmt;

use super::insert::counted;
use crate::command::{Arg, Command, ToArg};

/// A field of an index: what [`ft_create`](super::ft_create) and [`ft_alter`](super::ft_alter)
/// take.
///
/// ```
/// use hashslot::cmd::{SearchField, VectorAlgorithm, VectorMetric};
/// let fields = [
///     SearchField::text("title").weight(2.0).sortable(),
///     SearchField::tag("$.genres[*]").alias("genres"),
///     SearchField::numeric("year").sortable(),
///     SearchField::vector("embedding", VectorAlgorithm::Hnsw, 768, VectorMetric::Cosine)
///         .attribute("M", 32),
/// ];
/// ```
pub struct SearchField {
    name: Arg<'static>,
    alias: Option<Arg<'static>>,
    kind: Kind,
    /// The words that only fields of this kind have.
    own: Vec<Arg<'static>>,
    is_missing_indexed: bool,
    sortable: &'static [&'static str],
    is_not_indexed: bool,
}

#[derive(Clone, Copy)]
enum Kind {
    Plain(&'static str),
    Vector {
        algorithm: VectorAlgorithm,
        component: VectorComponent,
        dimensions: u64,
        metric: VectorMetric,
    },
}

/// How an index finds near vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum VectorAlgorithm {
    /// Compares with all vectors: `FLAT`.
    Flat,
    /// Follows links between near vectors: `HNSW`.
    Hnsw,
    /// Follows links between near vectors, which may be compressed: `SVS-VAMANA`. **Since**: Redis
    /// 8.2.
    SvsVamana,
}

/// How far vectors are from one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum VectorMetric {
    /// The distance between two points: `L2`.
    L2,
    /// The inner product: `IP`.
    InnerProduct,
    /// The angle: `COSINE`.
    Cosine,
}

/// What the components of vectors are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum VectorComponent {
    /// Floats of 32 bits: `FLOAT32`.
    Float32,
    /// Floats of 64 bits: `FLOAT64`.
    Float64,
    /// Floats of 16 bits, of which 5 are the exponent: `FLOAT16`.
    Float16,
    /// Floats of 16 bits, of which 8 are the exponent: `BFLOAT16`.
    Bfloat16,
    /// Integers of 8 bits: `INT8`.
    Int8,
    /// Integers of 8 bits without a sign: `UINT8`.
    Uint8,
}

impl VectorAlgorithm {
    #[inline]
    const fn word(self) -> &'static str {
        match self {
            Self::Flat => "FLAT",
            Self::Hnsw => "HNSW",
            Self::SvsVamana => "SVS-VAMANA",
        }
    }
}

impl VectorMetric {
    #[inline]
    const fn word(self) -> &'static str {
        match self {
            Self::L2 => "L2",
            Self::InnerProduct => "IP",
            Self::Cosine => "COSINE",
        }
    }
}

impl VectorComponent {
    #[inline]
    const fn word(self) -> &'static str {
        match self {
            Self::Float32 => "FLOAT32",
            Self::Float64 => "FLOAT64",
            Self::Float16 => "FLOAT16",
            Self::Bfloat16 => "BFLOAT16",
            Self::Int8 => "INT8",
            Self::Uint8 => "UINT8",
        }
    }
}

impl SearchField {
    fn new(name: impl ToArg, kind: Kind) -> Self {
        Self {
            name: name.into_arg().into_owned(),
            alias: None,
            kind,
            own: Vec::new(),
            is_missing_indexed: false,
            sortable: &[],
            is_not_indexed: false,
        }
    }

    /// A text, of which words are found: `TEXT`. The name is that of a field of hashes, or a path
    /// of JSON documents.
    #[must_use]
    pub fn text(name: impl ToArg) -> Self {
        Self::new(name, Kind::Plain("TEXT"))
    }

    /// A text that is found as a whole, or several with a separator between them: `TAG`.
    #[must_use]
    pub fn tag(name: impl ToArg) -> Self {
        Self::new(name, Kind::Plain("TAG"))
    }

    /// A number: `NUMERIC`.
    #[must_use]
    pub fn numeric(name: impl ToArg) -> Self {
        Self::new(name, Kind::Plain("NUMERIC"))
    }

    /// A longitude and a latitude, with a comma between them: `GEO`.
    #[must_use]
    pub fn geo(name: impl ToArg) -> Self {
        Self::new(name, Kind::Plain("GEO"))
    }

    /// A point or polygon as well-known text: `GEOSHAPE`. It is on the earth unless
    /// [`flat`](Self::flat) is set.
    #[must_use]
    pub fn geoshape(name: impl ToArg) -> Self {
        Self::new(name, Kind::Plain("GEOSHAPE"))
    }

    /// A vector of floats of 32 bits: `VECTOR`.
    #[must_use]
    pub fn vector(
        name: impl ToArg,
        algorithm: VectorAlgorithm,
        dimensions: u64,
        metric: VectorMetric,
    ) -> Self {
        let component = VectorComponent::Float32;
        Self::new(name, Kind::Vector { algorithm, component, dimensions, metric })
    }

    /// The name of the field in queries: `AS`.
    #[must_use]
    pub fn alias(self, name: impl ToArg) -> Self {
        Self { alias: Some(name.into_arg().into_owned()), ..self }
    }

    /// Results can be sorted by the field: `SORTABLE`. Not for vectors and shapes.
    #[must_use]
    #[inline]
    pub fn sortable(self) -> Self {
        Self { sortable: &["SORTABLE"], ..self }
    }

    /// The same as [`sortable`](Self::sortable), with capitals and accents told apart:
    /// `SORTABLE UNF`.
    #[must_use]
    #[doc(alias = "unf")]
    #[inline]
    pub fn sortable_as_is(self) -> Self {
        Self { sortable: &["SORTABLE", "UNF"], ..self }
    }

    /// The field is kept for sorting only: `NOINDEX`.
    #[must_use]
    #[doc(alias = "noindex")]
    #[inline]
    pub fn not_indexed(self) -> Self {
        Self { is_not_indexed: true, ..self }
    }

    /// Documents without the field can be found: `INDEXMISSING`.
    ///
    /// **Since**: `RediSearch` 2.10.
    #[must_use]
    #[doc(alias = "indexmissing")]
    #[inline]
    pub fn index_missing(self) -> Self {
        Self { is_missing_indexed: true, ..self }
    }

    /// An empty text or tag can be found: `INDEXEMPTY`.
    ///
    /// **Since**: `RediSearch` 2.10.
    #[must_use]
    #[doc(alias = "indexempty")]
    #[inline]
    pub fn index_empty(self) -> Self {
        self.word("INDEXEMPTY")
    }

    /// Words of a text or tag are found by their ends quickly: `WITHSUFFIXTRIE`.
    #[must_use]
    #[doc(alias = "withsuffixtrie")]
    #[inline]
    pub fn with_suffix_trie(self) -> Self {
        self.word("WITHSUFFIXTRIE")
    }

    /// How much a text counts for the score, 1 by default: `WEIGHT`.
    #[must_use]
    #[inline]
    pub fn weight(self, weight: f64) -> Self {
        self.word("WEIGHT").word(weight)
    }

    /// Other forms of the words of a text are not found: `NOSTEM`.
    #[must_use]
    #[doc(alias = "nostem")]
    #[inline]
    pub fn no_stem(self) -> Self {
        self.word("NOSTEM")
    }

    /// Words of a text that sound alike are found, with a matcher such as `dm:en`: `PHONETIC`.
    #[must_use]
    pub fn phonetic(self, matcher: impl ToArg) -> Self {
        self.word("PHONETIC").word(matcher)
    }

    /// What separates tags, a comma by default: `SEPARATOR`.
    #[must_use]
    #[inline]
    pub fn separator(self, separator: char) -> Self {
        self.word("SEPARATOR").word(separator)
    }

    /// Tags differ in capitals: `CASESENSITIVE`.
    #[must_use]
    #[doc(alias = "casesensitive")]
    #[inline]
    pub fn case_sensitive(self) -> Self {
        self.word("CASESENSITIVE")
    }

    /// A shape is in a plane: `FLAT`.
    #[must_use]
    #[inline]
    pub fn flat(self) -> Self {
        self.word("FLAT")
    }

    /// What the components of a vector are: `TYPE`.
    #[must_use]
    #[inline]
    pub fn components(self, component: VectorComponent) -> Self {
        let kind = match self.kind {
            Kind::Vector { algorithm, dimensions, metric, .. } => {
                Kind::Vector { algorithm, component, dimensions, metric }
            }
            kind @ Kind::Plain(_) => kind,
        };
        Self { kind, ..self }
    }

    /// An attribute of a vector's algorithm, such as `M` or `EF_CONSTRUCTION`.
    #[must_use]
    pub fn attribute(self, name: impl ToArg, value: impl ToArg) -> Self {
        self.word(name).word(value)
    }

    fn word(mut self, word: impl ToArg) -> Self {
        self.own.push(word.into_arg().into_owned());
        self
    }

    /// The words in the one order that servers accept.
    #[inline]
    pub(super) fn append_to(self, command: Command) -> Command {
        let command = command.arg(self.name);
        let command = match self.alias {
            Some(alias) => command.arg("AS").arg(alias),
            None => command,
        };
        let own = self.own;
        let command = match self.kind {
            Kind::Plain(kind) => command.arg(kind).args(own),
            Kind::Vector { algorithm, component, dimensions, metric } => {
                let command = command.arg("VECTOR").arg(algorithm.word());
                counted(command, |command| {
                    let command = command.arg("TYPE").arg(component.word());
                    let command = command.arg("DIM").arg(dimensions);
                    command.arg("DISTANCE_METRIC").arg(metric.word()).args(own)
                })
            }
        };
        let command = command.arg_opt(self.is_missing_indexed.then_some("INDEXMISSING"));
        let command = command.args(self.sortable);
        command.arg_opt(self.is_not_indexed.then_some("NOINDEX"))
    }
}

impl fmt::Debug for SearchField {
    /// Shows the kind, never a name.
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Plain(kind) => kind,
            Kind::Vector { .. } => "VECTOR",
        };
        write!(f, "SearchField({kind})")
    }
}
