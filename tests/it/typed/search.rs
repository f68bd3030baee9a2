//! Queries of search indexes. What servers answer is in aggregate_exec.c and test_resp3.py of
//! RediSearch.

use std::collections::BTreeMap;
use std::time::Duration;

use hashslot::FromValue;
use hashslot::cmd::{self, Document, SearchResults, Vector};
use hashslot::resp::OwnedValue;

use super::recorded::{check, frame, read, words};

type Map = BTreeMap<String, String>;

/// A reply of RESP3 to a search.
fn resp3(total: u64, results: &str) -> String {
    format!(
        "%5|+attributes|*0|+warning|*0|+total_results|:{total}|+format|+STRING|+results|{results}"
    )
}

#[test]
fn documents_are_read_alike() {
    let resp2 = "*5|:7|\"doc:1|*4|\"title|\"Dune|\"year|\"1965|\"doc:2|*0";
    let hits = "*2|%3|+id|\"doc:1|+extra_attributes|%2|\"title|\"Dune|\"year|\"1965|+values|*0|\
                %3|+id|\"doc:2|+extra_attributes|%0|+values|*0";
    let found = read(cmd::ft_search::<Map>("idx", "*"), resp2);
    assert_eq!((found.total, found.documents.len()), (7, 2));
    assert_eq!(found.documents[0].key, "doc:1");
    assert_eq!(found.documents[0].fields["year"], "1965");
    assert!(found.documents[1].fields.is_empty());
    check(cmd::ft_search("idx", "*"), "FT.SEARCH idx *", [resp2, &resp3(7, hits)], found);
    let none: SearchResults<Document<Map>> = read(cmd::ft_search("idx", "*"), "*1|:0");
    assert_eq!((none.total, none.documents.len()), (0, 0));
}

#[test]
fn expired_documents_have_no_fields() {
    let resp2 = "*3|:1|\"doc:1|*-1";
    let resp3 = resp3(1, "*1|%3|+id|\"doc:1|+extra_attributes|_|+values|*0");
    for reply in [resp2, &resp3] {
        let found: SearchResults<Document<Map>> = read(cmd::ft_search("idx", "*"), reply);
        assert!(found.documents[0].fields.is_empty());
        let found: SearchResults<Document<Option<Map>>> = read(cmd::ft_search("idx", "*"), reply);
        assert_eq!(found.documents[0].fields, None);
    }
}

#[test]
fn options_change_what_is_returned() {
    let keys = read(cmd::ft_search::<()>("idx", "*").no_content(), "*3|:7|\"a|\"b");
    assert_eq!((keys.total, &keys.documents[..]), (7, &["a".to_owned(), "b".to_owned()][..]));
    let hits = resp3(7, "*2|%2|+id|\"a|+values|*0|%2|+id|\"b|+values|*0");
    let command = cmd::ft_search::<()>("idx", "*").no_content();
    check(command, "FT.SEARCH idx * NOCONTENT", ["*3|:7|\"a|\"b", &hits], keys);

    let resp2 = "*4|:7|\"a|\"0.5|*2|\"f|\"1";
    let scored = read(cmd::ft_search::<Map>("idx", "*").with_scores(), resp2);
    assert_eq!((scored.documents[0].key.as_str(), scored.documents[0].score), ("a", 0.5));
    assert_eq!(scored.documents[0].fields["f"], "1");
    let hits = resp3(7, "*1|%4|+id|\"a|+score|,0.5|+extra_attributes|%1|\"f|\"1|+values|*0");
    let command = cmd::ft_search::<Map>("idx", "*").with_scores();
    check(command, "FT.SEARCH idx * WITHSCORES", [resp2, &hits], scored);

    let pairs =
        read(cmd::ft_search::<()>("idx", "*").with_scores().no_content(), "*3|:7|\"a|\"0.5");
    assert_eq!(pairs.documents, [("a".to_owned(), 0.5)]);
    let hits = resp3(7, "*1|%3|+id|\"a|+score|,0.5|+values|*0");
    let command = cmd::ft_search::<()>("idx", "*").no_content().with_scores();
    check(command, "FT.SEARCH idx * NOCONTENT WITHSCORES", ["*3|:7|\"a|\"0.5", &hits], pairs);
}

#[test]
fn options_of_a_search() {
    let search = || cmd::ft_search::<Map>("idx", "*");
    let command = search().sort_by("year").limit(5, 10).fields(["$.title", "AS", "title"]);
    let expected = "FT.SEARCH idx * SORTBY year ASC LIMIT 5 10 RETURN 3 $.title AS title";
    assert_eq!(words(command), expected);
    let command = search().sort_by_descending("year").params([("lon", 7), ("lat", 8)]).dialect(2);
    let expected = "FT.SEARCH idx * SORTBY year DESC PARAMS 4 lon 7 lat 8 DIALECT 2";
    assert_eq!(words(command), expected);
    let command = search().filter("year", 1950, "(1960").in_keys(["a", "b"]).in_fields("title");
    let expected = "FT.SEARCH idx * FILTER year 1950 (1960 INKEYS 2 a b INFIELDS 1 title";
    assert_eq!(words(command), expected);
    let command = search().verbatim().slop(1).in_order().language("german").scorer("BM25STD");
    let expected = "FT.SEARCH idx * VERBATIM SLOP 1 INORDER LANGUAGE german SCORER BM25STD";
    assert_eq!(words(command), expected);
    let command = search().timeout(Duration::from_millis(1500)).raw(["HIGHLIGHT", "TAGS"]).raw("b");
    assert_eq!(words(command), "FT.SEARCH idx * TIMEOUT 1500 HIGHLIGHT TAGS b");
    let like = Vector::from([f32::from_le_bytes(*b"abcd")]);
    let command = search().params([("like", like.as_bytes())]);
    assert_eq!(words(command), "FT.SEARCH idx * PARAMS 2 like abcd");
}

#[test]
fn what_is_not_a_result_is_an_error() {
    let read = |lines: &str| SearchResults::<Document<Map>>::from_frame(frame(lines));
    let error = |lines: &str| read(lines).expect_err("no results").to_string();
    assert_eq!(error(":7"), "expected results of a search, got the integer 7");
    assert_eq!(error("*2|:1|\"doc:1"), "element 1: expected one more element, got none");
    let hits = resp3(1, "*1|%1|+extra_attributes|%0");
    assert!(error(&hits).starts_with("field `results`, element 0, field `id`: expected text"));
}

#[test]
fn plans_and_profiles() {
    let explain = cmd::ft_explain("idx", "a b").dialect(2);
    check(explain, "FT.EXPLAIN idx a b DIALECT 2", ["\"INTERSECT"; 2], "INTERSECT".into());
    let lines = vec!["INTERSECT {".into(), "}".into()];
    let explain = cmd::ft_explaincli("idx", "a b");
    check(explain, "FT.EXPLAINCLI idx a b", ["*2|+INTERSECT {|+}"; 2], lines);
    let query = cmd::ft_search::<()>("idx", "*").limit(0, 0);
    let profile = cmd::ft_profile::<OwnedValue>(query);
    assert_eq!(words(profile.clone()), "FT.PROFILE idx SEARCH QUERY * LIMIT 0 0");
    let expected = "FT.PROFILE idx SEARCH LIMITED QUERY * LIMIT 0 0";
    assert_eq!(words(profile.limited()), expected);
    let profile = cmd::ft_profile::<()>(cmd::ft_aggregate::<()>("idx", "*").load("f"));
    assert_eq!(words(profile), "FT.PROFILE idx AGGREGATE QUERY * LOAD 1 f");
    let profile = cmd::ft_profile::<()>(cmd::ft_hybrid::<()>("idx", "*", "@v", "$v"));
    assert_eq!(words(profile), "FT.PROFILE idx HYBRID QUERY SEARCH * VSIM @v $v");
}

#[test]
fn misspelled_words() {
    let resp2 = "*2|*3|+TERM|\"held|*2|*2|\"0.5|\"hello|*2|\"0.25|\"help|*3|+TERM|\"xyz|*0";
    let resp3 = "%1|+results|%2|\"held|*2|%1|\"hello|,0.5|%1|\"help|,0.25|\"xyz|*0";
    let found = read(cmd::ft_spellcheck("idx", "held xyz"), resp3);
    let [held, other] = &found[..] else { panic!("two words") };
    assert_eq!((held.term.as_str(), other.term.as_str()), ("held", "xyz"));
    assert_eq!(held.suggestions, [("hello".into(), 0.5), ("help".into(), 0.25)]);
    assert!(other.suggestions.is_empty());
    let command = cmd::ft_spellcheck("idx", "held xyz").distance(2).include("d1").exclude("d2");
    let expected = "FT.SPELLCHECK idx held xyz DISTANCE 2 TERMS INCLUDE d1 TERMS EXCLUDE d2 \
                    DIALECT 2";
    check(command.dialect(2), expected, [resp2, resp3], found);
}

#[test]
fn suggestions() {
    check(cmd::ft_sugadd("k", "hello", 1.0), "FT.SUGADD k hello 1", [":3"; 2], 3);
    let command = cmd::ft_sugadd("k", "hello", 0.5).increment().payload("x");
    assert_eq!(words(command), "FT.SUGADD k hello 0.5 INCR PAYLOAD x");
    check(cmd::ft_sugdel("k", "hello"), "FT.SUGDEL k hello", [":1"; 2], true);
    check(cmd::ft_suglen("k"), "FT.SUGLEN k", [":3"; 2], 3);
    let texts = vec![String::from("hell"), String::from("hello")];
    let command = cmd::ft_sugget("k", "hel").fuzzy().max(3);
    check(command, "FT.SUGGET k hel FUZZY MAX 3", ["*2|\"hell|\"hello"; 2], texts);
    let scored = vec![(String::from("hell"), 2.5)];
    let command = cmd::ft_sugget("k", "hel").with_scores();
    check(command, "FT.SUGGET k hel WITHSCORES", ["*2|\"hell|\"2.5", "*2|\"hell|,2.5"], scored);
    let all = vec![(String::from("hell"), 2.5, None), ("hello".into(), 1.0, Some("x".to_owned()))];
    let command = cmd::ft_sugget("k", "hel").with_scores().with_payloads();
    let replies = ["*6|\"hell|\"2.5|$-1|\"hello|\"1|\"x", "*6|\"hell|,2.5|_|\"hello|,1|\"x"];
    check(command, "FT.SUGGET k hel WITHSCORES WITHPAYLOADS", replies, all);
}
