//! What Tab offers.

use crate::completion::candidates;

/// Where the completed word begins, and what it may become.
fn offered(text: &str) -> (usize, String) {
    let (start, words) = candidates(text);
    (start, words.join("|"))
}

#[test]
fn the_case_is_that_of_what_is_typed() {
    for (text, start, expected) in [
        ("GETR", 0, "GETRANGE "),
        ("getr", 0, "getrange "),
        ("gETR", 0, "gETRANGE "),
        ("GETr", 0, "GETrange "),
        ("geoh", 0, "geohash "),
        ("  incrb", 2, "incrby|incrbyfloat"),
        ("config s", 7, "set "),
        ("config S", 7, "SET "),
        ("config ge", 7, "get "),
        ("Config \tREW", 8, "REWRITE "),
        ("config ", 7, "get|help|resetstat|rewrite|set"),
        ("CONFIG ", 7, "GET|HELP|RESETSTAT|REWRITE|SET"),
    ] {
        assert_eq!(offered(text), (start, expected.to_owned()), "{text}");
    }
}

#[test]
fn without_a_letter_all_names_are_offered_in_capitals() {
    let (start, words) = candidates("");
    assert_eq!(start, 0);
    assert!(words.len() > 300, "{}", words.len());
    assert!(words.contains(&"GET".to_owned()) && words.contains(&"JSON.GET".to_owned()));
    // Names of subcommands are offered behind their command only.
    assert!(words.iter().all(|word| !word.contains(' ')));
    assert!(words.is_sorted());
}

#[test]
fn a_name_that_begins_others_is_offered_with_them() {
    assert_eq!(offered("bitfield"), (0, "bitfield|bitfield_ro".to_owned()));
    assert_eq!(offered("json.num"), (0, "json.numincrby|json.nummultby|json.numpowby".to_owned()));
}

#[test]
fn nothing_is_offered_for_arguments() {
    for text in ["GET ", "GET a", "nosuch ", "config get ", "config get max", "qqq", "\"ge", "ä"] {
        assert_eq!(candidates(text).1, Vec::<String>::new(), "{text}");
    }
}
