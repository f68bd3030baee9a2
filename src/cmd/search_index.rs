//! Search: indexes with their fields, aliases, synonyms and dictionaries.

use alloc::string::String;
use core::time::Duration;

use super::insert::counted;
use super::record::record;
use super::search_field::SearchField;
use super::typed::{Typed, start, with_options};
use crate::command::{Command, FromValue, OneOrMore, ToArg};

/// Gives an index another name: `FT.ALIASADD`.
///
/// An alias that exists is an error of the server.
///
/// **Since**: `RediSearch` 1.4. **Complexity**: O(1).
pub fn ft_aliasadd(alias: impl ToArg, index: impl ToArg) -> Typed<()> {
    start!("FT.ALIASADD").arg(alias).arg(index)
}

/// Takes a name from an index: `FT.ALIASDEL`.
///
/// An alias that does not exist is an error of the server.
///
/// **Since**: `RediSearch` 1.4. **Complexity**: O(1).
pub fn ft_aliasdel(alias: impl ToArg) -> Typed<()> {
    start!("FT.ALIASDEL").arg(alias)
}

/// Gives an index another name, which is taken from the index that has it: `FT.ALIASUPDATE`.
///
/// **Since**: `RediSearch` 1.4. **Complexity**: O(1).
pub fn ft_aliasupdate(alias: impl ToArg, index: impl ToArg) -> Typed<()> {
    start!("FT.ALIASUPDATE").arg(alias).arg(index)
}

with_options! {
    /// `FT.ALTER`, made by [`ft_alter`]: whether documents are read again.
    FtAlter
}

/// Adds fields to an index: `FT.ALTER`.
///
/// Documents are read again in the background. An index that does not exist is an error of the
/// server.
///
/// **Since**: `RediSearch` 1.0. **Complexity**: O(n) in the number of keys.
pub fn ft_alter(index: impl ToArg, fields: impl IntoIterator<Item = SearchField>) -> FtAlter<()> {
    let head = start!("FT.ALTER").arg(index).arg("SCHEMA").arg("ADD");
    FtAlter(head.with(|command| schema(command, fields)))
}

impl<R> FtAlter<R> {
    /// Reads documents only when they change: `SKIPINITIALSCAN`.
    #[doc(alias = "skipinitialscan")]
    pub fn skip_initial_scan(self) -> Self {
        Self(self.0.insert_after(2, ["SKIPINITIALSCAN"]))
    }
}

fn schema(command: Command, fields: impl IntoIterator<Item = SearchField>) -> Command {
    fields.into_iter().fold(command, |command, field| field.append_to(command))
}

/// Returns options of the module with their values: `FT.CONFIG GET`.
///
/// `*` asks for all. Ask for a map or for pairs; a value may be a null. Since Redis 8.0 `CONFIG
/// GET` has the options as well, by other names.
///
/// **Since**: `RediSearch` 1.0. **Complexity**: O(1).
pub fn ft_config_get<V: FromValue>(option: impl ToArg) -> Typed<V> {
    start!("FT.CONFIG GET").arg(option)
}

/// Sets an option of the module on all primaries: `FT.CONFIG SET`.
///
/// Since Redis 8.0 `CONFIG SET` sets the options as well, by other names.
///
/// **Since**: `RediSearch` 1.0. **Complexity**: O(1).
pub fn ft_config_set(option: impl ToArg, value: impl ToArg) -> Typed<()> {
    start!("FT.CONFIG SET").arg(option).arg(value)
}

with_options! {
    /// `FT.CREATE`, made by [`ft_create`]: which documents an index has, and what it keeps of them.
    FtCreate
}

/// Makes an index of hashes or JSON documents: `FT.CREATE`.
///
/// Documents that exist are read in the background: [`ft_info`] tells how far that is. An index
/// that exists is an error of the server. The options are methods of [`FtCreate`].
///
/// **Since**: `RediSearch` 1.0. **Complexity**: O(n) in the number of keys.
///
/// ```
/// use hashslot::cmd::{self, SearchField};
/// let fields = [SearchField::text("title").sortable(), SearchField::numeric("year")];
/// let command = cmd::ft_create("books", fields).prefixes("book:");
/// ```
pub fn ft_create(index: impl ToArg, fields: impl IntoIterator<Item = SearchField>) -> FtCreate<()> {
    let head = start!("FT.CREATE").arg(index).arg("SCHEMA");
    FtCreate(head.with(|command| schema(command, fields)))
}

impl<R> FtCreate<R> {
    /// The documents are of JSON: `ON JSON`. By default they are hashes.
    pub fn on_json(self) -> Self {
        Self(self.0.insert_after(2, ["ON", "JSON"]))
    }

    /// Only documents whose keys begin with one of these: `PREFIX`.
    #[doc(alias = "prefix")]
    pub fn prefixes(self, prefixes: impl OneOrMore) -> Self {
        Self(self.0.insert(2, |command| {
            counted(command.arg("PREFIX"), |command| prefixes.append_to(command))
        }))
    }

    /// Only documents that meet an expression, such as `@year > 1980`: `FILTER`.
    pub fn filter(self, expression: impl ToArg) -> Self {
        Self(self.0.insert(2, |command| command.arg("FILTER").arg(expression)))
    }

    /// In which language documents are, `english` by default: `LANGUAGE`.
    pub fn language(self, language: impl ToArg) -> Self {
        Self(self.0.insert(2, |command| command.arg("LANGUAGE").arg(language)))
    }

    /// Which field of a document tells its language: `LANGUAGE_FIELD`.
    pub fn language_field(self, field: impl ToArg) -> Self {
        Self(self.0.insert(2, |command| command.arg("LANGUAGE_FIELD").arg(field)))
    }

    /// By what the score of documents is multiplied, 1 by default: `SCORE`.
    pub fn score(self, score: f64) -> Self {
        Self(self.0.insert(2, |command| command.arg("SCORE").arg(score)))
    }

    /// Which field of a document tells by what its score is multiplied: `SCORE_FIELD`.
    pub fn score_field(self, field: impl ToArg) -> Self {
        Self(self.0.insert(2, |command| command.arg("SCORE_FIELD").arg(field)))
    }

    /// Leaves room for more than 32 texts: `MAXTEXTFIELDS`.
    #[doc(alias = "maxtextfields")]
    pub fn max_text_fields(self) -> Self {
        Self(self.0.insert_after(2, ["MAXTEXTFIELDS"]))
    }

    /// The server deletes the index, with its documents, when it was not used for this time,
    /// rounded up to seconds: `TEMPORARY`.
    pub fn temporary(self, period: Duration) -> Self {
        let seconds = period.as_secs() + u64::from(period.subsec_nanos() > 0);
        Self(self.0.insert(2, |command| command.arg("TEMPORARY").arg(seconds)))
    }

    /// Does not keep where words stand: `NOOFFSETS`.
    #[doc(alias = "nooffsets")]
    pub fn no_offsets(self) -> Self {
        Self(self.0.insert_after(2, ["NOOFFSETS"]))
    }

    /// Does not keep what highlighting needs: `NOHL`.
    #[doc(alias = "nohl")]
    pub fn no_highlight(self) -> Self {
        Self(self.0.insert_after(2, ["NOHL"]))
    }

    /// Does not keep in which fields words stand: `NOFIELDS`.
    #[doc(alias = "nofields")]
    pub fn no_fields(self) -> Self {
        Self(self.0.insert_after(2, ["NOFIELDS"]))
    }

    /// Does not keep how often words occur: `NOFREQS`.
    #[doc(alias = "nofreqs")]
    pub fn no_frequencies(self) -> Self {
        Self(self.0.insert_after(2, ["NOFREQS"]))
    }

    /// Leaves these words out: `STOPWORDS`. By default the server has a list of its own.
    #[doc(alias = "stopwords")]
    pub fn stop_words(self, words: impl OneOrMore) -> Self {
        Self(self.0.insert(2, |command| {
            counted(command.arg("STOPWORDS"), |command| words.append_to(command))
        }))
    }

    /// Leaves no words out: `STOPWORDS 0`.
    pub fn no_stop_words(self) -> Self {
        Self(self.0.insert_after(2, ["STOPWORDS", "0"]))
    }

    /// Reads documents only when they change: `SKIPINITIALSCAN`.
    #[doc(alias = "skipinitialscan")]
    pub fn skip_initial_scan(self) -> Self {
        Self(self.0.insert_after(2, ["SKIPINITIALSCAN"]))
    }

    /// Adds words that no method adds, before the fields.
    pub fn raw(self, words: impl OneOrMore) -> Self {
        Self(self.0.insert(2, |command| words.append_to(command)))
    }
}

/// Adds words to a dictionary, and returns how many were new: `FT.DICTADD`.
///
/// **Since**: `RediSearch` 1.4. **Complexity**: O(n) in the number of words.
pub fn ft_dictadd(dictionary: impl ToArg, words: impl OneOrMore) -> Typed<u64> {
    start!("FT.DICTADD").arg(dictionary).args(words)
}

/// Deletes words from a dictionary, and returns how many there were: `FT.DICTDEL`.
///
/// **Since**: `RediSearch` 1.4. **Complexity**: O(n) in the number of words.
pub fn ft_dictdel(dictionary: impl ToArg, words: impl OneOrMore) -> Typed<u64> {
    start!("FT.DICTDEL").arg(dictionary).args(words)
}

/// Returns the words of a dictionary: `FT.DICTDUMP`.
///
/// **Since**: `RediSearch` 1.4. **Complexity**: O(n) in the number of words.
pub fn ft_dictdump<V: FromValue>(dictionary: impl ToArg) -> Typed<V> {
    start!("FT.DICTDUMP").arg(dictionary)
}

with_options! {
    /// `FT.DROPINDEX`, made by [`ft_dropindex`]: whether documents are deleted.
    FtDropIndex
}

/// Deletes an index: `FT.DROPINDEX`.
///
/// Documents stay, unless [`FtDropIndex::with_documents`] is set. An index that does not exist is
/// an error of the server.
///
/// **Since**: `RediSearch` 2.0. **Complexity**: O(1); O(n) in the number of documents it deletes.
pub fn ft_dropindex(index: impl ToArg) -> FtDropIndex<()> {
    FtDropIndex(start!("FT.DROPINDEX").arg(index))
}

impl<R> FtDropIndex<R> {
    /// Deletes the documents of the index as well, in the background: `DD`.
    #[doc(alias = "dd")]
    pub fn with_documents(self) -> Self {
        Self(self.0.arg("DD"))
    }
}

record! {
    /// Facts about an index: the reply of [`ft_info`].
    pub struct SearchIndexInfo {
        /// The name of the index.
        pub name: String = "index_name",
        /// The number of documents.
        pub documents: u64 = "num_docs",
        /// The number of different words; `valkey-search` does not tell it.
        pub terms: Option<u64> = "num_terms",
        /// The number of pairs of a word and a document.
        pub records: Option<u64> = "num_records",
        /// How many documents could not be read.
        pub failures: Option<u64> = "hash_indexing_failures",
        /// How many nodes are reading documents that existed before the index.
        pub indexing: Option<u64> = "indexing",
        /// Which share of them is read, from 0 to 1.
        pub percent_indexed: Option<f64> = "percent_indexed",
    }
}

/// Returns facts about an index: `FT.INFO`.
///
/// Servers tell more than [`SearchIndexInfo`] has: ask for a map of
/// [`OwnedValue`](crate::resp::OwnedValue)s with [`Typed::reply`]. An index that does not exist is
/// an error of the server.
///
/// **Since**: `RediSearch` 1.0. **Complexity**: O(1).
pub fn ft_info(index: impl ToArg) -> Typed<SearchIndexInfo> {
    start!("FT.INFO").arg(index)
}

/// Returns the names of all indexes: `FT._LIST`.
///
/// **Since**: `RediSearch` 2.0. **Complexity**: O(n) in the number of indexes.
#[doc(alias = "ft__list")]
pub fn ft_list<V: FromValue>() -> Typed<V> {
    start!("FT._LIST")
}

/// Returns the groups of synonyms of an index, word by word: `FT.SYNDUMP`.
///
/// Ask for a map of lists: words with the names of their groups.
///
/// **Since**: `RediSearch` 1.2. **Complexity**: O(n) in the number of words.
pub fn ft_syndump<V: FromValue>(index: impl ToArg) -> Typed<V> {
    start!("FT.SYNDUMP").arg(index)
}

with_options! {
    /// `FT.SYNUPDATE`, made by [`ft_synupdate`]: whether documents are read again.
    FtSynUpdate
}

/// Adds words to a group of synonyms, which is made if it does not exist: `FT.SYNUPDATE`.
///
/// Documents are read again in the background.
///
/// **Since**: `RediSearch` 1.2. **Complexity**: O(n) in the number of keys.
#[doc(alias = "ft_synadd")]
pub fn ft_synupdate(
    index: impl ToArg,
    group: impl ToArg,
    words: impl OneOrMore,
) -> FtSynUpdate<()> {
    FtSynUpdate(start!("FT.SYNUPDATE").arg(index).arg(group).args(words))
}

impl<R> FtSynUpdate<R> {
    /// Reads documents only when they change: `SKIPINITIALSCAN`.
    #[doc(alias = "skipinitialscan")]
    pub fn skip_initial_scan(self) -> Self {
        Self(self.0.insert_after(3, ["SKIPINITIALSCAN"]))
    }
}

/// Returns the different tags that documents of an index have in a field: `FT.TAGVALS`.
///
/// **Since**: `RediSearch` 1.0. **Complexity**: O(n) in the number of different tags.
pub fn ft_tagvals<V: FromValue>(index: impl ToArg, field: impl ToArg) -> Typed<V> {
    start!("FT.TAGVALS").arg(index).arg(field)
}
