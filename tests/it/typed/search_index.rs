//! Search indexes. What servers answer is in module.c, spec.c and test_resp3.py of RediSearch.

use std::collections::BTreeMap;
use std::time::Duration;

use hashslot::cmd::{self, SearchField, VectorAlgorithm, VectorComponent, VectorMetric};

use super::recorded::{check, read, words};

#[test]
fn fields_have_their_words_in_the_order_of_the_server() {
    let all = [
        (SearchField::text("f"), "f TEXT"),
        (
            SearchField::text("f").sortable().not_indexed().weight(2.5).alias("g").no_stem(),
            "f AS g TEXT WEIGHT 2.5 NOSTEM SORTABLE NOINDEX",
        ),
        (
            SearchField::text("f").sortable_as_is().phonetic("dm:en").with_suffix_trie(),
            "f TEXT PHONETIC dm:en WITHSUFFIXTRIE SORTABLE UNF",
        ),
        (
            SearchField::tag("f").index_missing().separator(';').case_sensitive().index_empty(),
            "f TAG SEPARATOR ; CASESENSITIVE INDEXEMPTY INDEXMISSING",
        ),
        (SearchField::numeric("f").sortable().index_missing(), "f NUMERIC INDEXMISSING SORTABLE"),
        (SearchField::geo("$.place").alias("place"), "$.place AS place GEO"),
        (SearchField::geoshape("f").flat(), "f GEOSHAPE FLAT"),
        (
            SearchField::vector("f", VectorAlgorithm::Flat, 3, VectorMetric::L2),
            "f VECTOR FLAT 6 TYPE FLOAT32 DIM 3 DISTANCE_METRIC L2",
        ),
        (
            SearchField::vector("f", VectorAlgorithm::Hnsw, 3, VectorMetric::InnerProduct)
                .attribute("M", 32)
                .components(VectorComponent::Bfloat16)
                .index_missing(),
            "f VECTOR HNSW 8 TYPE BFLOAT16 DIM 3 DISTANCE_METRIC IP M 32 INDEXMISSING",
        ),
        (
            SearchField::vector("f", VectorAlgorithm::SvsVamana, 3, VectorMetric::Cosine),
            "f VECTOR SVS-VAMANA 6 TYPE FLOAT32 DIM 3 DISTANCE_METRIC COSINE",
        ),
    ];
    for (field, expected) in all {
        let command = cmd::ft_create("idx", [field]);
        assert_eq!(words(command), format!("FT.CREATE idx SCHEMA {expected}"));
    }
    for (component, word) in [
        (VectorComponent::Float32, "FLOAT32"),
        (VectorComponent::Float64, "FLOAT64"),
        (VectorComponent::Float16, "FLOAT16"),
        (VectorComponent::Int8, "INT8"),
        (VectorComponent::Uint8, "UINT8"),
    ] {
        let field = SearchField::vector("f", VectorAlgorithm::Flat, 3, VectorMetric::L2);
        let command = cmd::ft_create("idx", [field.components(component)]);
        assert!(words(command).contains(&format!("TYPE {word} ")));
    }
    let field = SearchField::text("secret").components(VectorComponent::Int8);
    assert_eq!(format!("{field:?}"), "SearchField(TEXT)");
}

#[test]
fn indexes_are_made_and_changed() {
    let fields = || [SearchField::text("a"), SearchField::tag("b")];
    let command = cmd::ft_create("idx", fields());
    check(command, "FT.CREATE idx SCHEMA a TEXT b TAG", ["+OK"; 2], ());
    let command = cmd::ft_create("idx", fields()).prefixes(["x:", "y:"]).on_json().score(0.5);
    let expected = "FT.CREATE idx SCORE 0.5 ON JSON PREFIX 2 x: y: SCHEMA a TEXT b TAG";
    assert_eq!(words(command), expected);
    let command = cmd::ft_create("idx", fields())
        .filter("@a > 1")
        .language("german")
        .language_field("lang")
        .score_field("rank")
        .max_text_fields()
        .temporary(Duration::from_millis(1500));
    let expected = "FT.CREATE idx TEMPORARY 2 MAXTEXTFIELDS SCORE_FIELD rank LANGUAGE_FIELD lang \
                    LANGUAGE german FILTER @a > 1 SCHEMA a TEXT b TAG";
    assert_eq!(words(command), expected);
    let command = cmd::ft_create("idx", fields())
        .no_offsets()
        .no_highlight()
        .no_fields()
        .no_frequencies()
        .stop_words(["the", "a"])
        .skip_initial_scan()
        .raw(["INDEXALL", "ENABLE"]);
    let expected = "FT.CREATE idx INDEXALL ENABLE SKIPINITIALSCAN STOPWORDS 2 the a NOFREQS \
                    NOFIELDS NOHL NOOFFSETS SCHEMA a TEXT b TAG";
    assert_eq!(words(command), expected);
    let command = cmd::ft_create("idx", vec![SearchField::text("a")]).no_stop_words();
    assert_eq!(words(command), "FT.CREATE idx STOPWORDS 0 SCHEMA a TEXT");
    let command = cmd::ft_alter("idx", fields());
    check(command, "FT.ALTER idx SCHEMA ADD a TEXT b TAG", ["+OK"; 2], ());
    let command = cmd::ft_alter("idx", [SearchField::geo("g")]).skip_initial_scan();
    assert_eq!(words(command), "FT.ALTER idx SKIPINITIALSCAN SCHEMA ADD g GEO");
    check(cmd::ft_dropindex("idx"), "FT.DROPINDEX idx", ["+OK"; 2], ());
    assert_eq!(words(cmd::ft_dropindex("idx").with_documents()), "FT.DROPINDEX idx DD");
}

#[test]
fn ft_info_is_a_record() {
    let resp2 = "*16|+index_name|+idx|+index_options|*0|+num_docs|\"3|+num_terms|\"5|\
                 +num_records|\"7|+hash_indexing_failures|\"1|+indexing|\"0|+percent_indexed|\"1";
    let resp3 = "%8|+index_name|+idx|+index_options|*0|+num_docs|:3|+num_terms|:5|\
                 +num_records|:7|+hash_indexing_failures|:1|+indexing|:0|+percent_indexed|,1";
    let info = read(cmd::ft_info("idx"), resp2);
    assert_eq!((info.name.as_str(), info.documents), ("idx", 3));
    assert_eq!((info.terms, info.records, info.failures), (Some(5), Some(7), Some(1)));
    assert_eq!((info.indexing, info.percent_indexed), (Some(0), Some(1.0)));
    check(cmd::ft_info("idx"), "FT.INFO idx", [resp2, resp3], info);
}

#[test]
fn aliases_and_lists() {
    check(cmd::ft_aliasadd("a", "idx"), "FT.ALIASADD a idx", ["+OK"; 2], ());
    check(cmd::ft_aliasdel("a"), "FT.ALIASDEL a", ["+OK"; 2], ());
    check(cmd::ft_aliasupdate("a", "idx"), "FT.ALIASUPDATE a idx", ["+OK"; 2], ());
    let names = vec![String::from("i"), String::from("j")];
    check(cmd::ft_list(), "FT._LIST", ["*2|+i|+j", "~2|+i|+j"], names.clone());
    let tags = cmd::ft_tagvals("idx", "f");
    check(tags, "FT.TAGVALS idx f", ["*2|\"i|\"j", "~2|\"i|\"j"], names.clone());
    check(cmd::ft_dictadd("d", ["i", "j"]), "FT.DICTADD d i j", [":2"; 2], 2);
    check(cmd::ft_dictdel("d", "i"), "FT.DICTDEL d i", [":1"; 2], 1);
    check(cmd::ft_dictdump("d"), "FT.DICTDUMP d", ["*2|\"i|\"j", "~2|\"i|\"j"], names);
}

#[test]
fn synonyms() {
    let command = cmd::ft_synupdate("idx", "g", ["boy", "child"]);
    check(command, "FT.SYNUPDATE idx g boy child", ["+OK"; 2], ());
    let command = cmd::ft_synupdate("idx", "g", "boy").skip_initial_scan();
    assert_eq!(words(command), "FT.SYNUPDATE idx g SKIPINITIALSCAN boy");
    let groups = BTreeMap::from([
        (String::from("boy"), vec![String::from("g")]),
        ("child".into(), vec!["g".into(), "h".into()]),
    ]);
    let replies = ["*4|\"boy|*1|\"g|\"child|*2|\"g|\"h", "%2|\"boy|*1|\"g|\"child|*2|\"g|\"h"];
    check(cmd::ft_syndump("idx"), "FT.SYNDUMP idx", replies, groups);
}

#[test]
fn configuration() {
    let pairs =
        vec![(String::from("TIMEOUT"), Some(String::from("500"))), ("EXTLOAD".into(), None)];
    let replies = ["*2|*2|+TIMEOUT|\"500|*2|+EXTLOAD|$-1", "%2|+TIMEOUT|\"500|+EXTLOAD|_"];
    check(cmd::ft_config_get("*"), "FT.CONFIG GET *", replies, pairs);
    check(cmd::ft_config_set("TIMEOUT", 500), "FT.CONFIG SET TIMEOUT 500", ["+OK"; 2], ());
}
