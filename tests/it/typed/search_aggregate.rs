//! Aggregations and hybrid queries. What servers answer is in aggregate_exec.c, hybrid_exec.c and
//! test_resp3.py of RediSearch.

use std::collections::BTreeMap;
use std::time::Duration;

use hashslot::cmd::{self, AggregatePage, SearchReducer};

use super::recorded::{check, read, words};

type Map = BTreeMap<String, String>;

const RESP2: &str = "*3|:2|*2|\"f|\"1|*0";
const RESP3: &str = "%5|+attributes|*0|+warning|*0|+total_results|:2|+format|+STRING|+results|*2|\
                     %2|+extra_attributes|%1|\"f|\"1|+values|*0|%2|+extra_attributes|%0|+values|*0";

#[test]
fn rows_are_read_alike() {
    let results = read(cmd::ft_aggregate::<Map>("idx", "*"), RESP2);
    assert_eq!((results.total, results.rows.len()), (2, 2));
    assert_eq!(results.rows[0]["f"], "1");
    let command = cmd::ft_aggregate::<Map>("idx", "*");
    check(command, "FT.AGGREGATE idx *", [RESP2, RESP3], results);
    let expired = read(cmd::ft_aggregate::<Map>("idx", "*"), "*2|:1|$-1");
    assert_eq!(expired.rows, [Map::new()]);
}

#[test]
fn steps_stand_in_the_order_of_the_calls() {
    let aggregate = || cmd::ft_aggregate::<Map>("idx", "*");
    let command = aggregate()
        .load(["@a", "@b"])
        .apply("@a + 1", "c")
        .filter("@c > 3")
        .group_by(["@a", "@b"])
        .reduce(SearchReducer::count())
        .reduce(SearchReducer::sum("@c").alias("sum"))
        .sort_by(["@sum", "DESC"])
        .limit(0, 3);
    let expected = "FT.AGGREGATE idx * LOAD 2 @a @b APPLY @a + 1 AS c FILTER @c > 3 \
                    GROUPBY 2 @a @b REDUCE COUNT 0 REDUCE SUM 1 @c AS sum SORTBY 2 @sum DESC \
                    LIMIT 0 3";
    assert_eq!(words(command), expected);
    let command = aggregate().load_all().group_all().sort_by_max("@a", 9).verbatim().add_scores();
    let expected = "FT.AGGREGATE idx * LOAD * GROUPBY 0 SORTBY 1 @a MAX 9 VERBATIM ADDSCORES";
    assert_eq!(words(command), expected);
    let command = aggregate().scorer("TFIDF").params(("x", 7)).dialect(3).raw("WITHOUTCOUNT");
    let expected = "FT.AGGREGATE idx * SCORER TFIDF PARAMS 2 x 7 DIALECT 3 WITHOUTCOUNT";
    assert_eq!(words(command), expected);
    let command = aggregate().timeout(Duration::from_secs(1));
    assert_eq!(words(command), "FT.AGGREGATE idx * TIMEOUT 1000");
}

#[test]
fn reducers() {
    let all = [
        (SearchReducer::count_distinct("@a"), "COUNT_DISTINCT 1 @a"),
        (SearchReducer::count_distinctish("@a"), "COUNT_DISTINCTISH 1 @a"),
        (SearchReducer::min("@a"), "MIN 1 @a"),
        (SearchReducer::max("@a"), "MAX 1 @a"),
        (SearchReducer::avg("@a"), "AVG 1 @a"),
        (SearchReducer::stddev("@a"), "STDDEV 1 @a"),
        (SearchReducer::to_list("@a"), "TOLIST 1 @a"),
        (SearchReducer::quantile("@a", 0.5), "QUANTILE 2 @a 0.5"),
        (SearchReducer::random_sample("@a", 3).alias("x"), "RANDOM_SAMPLE 2 @a 3 AS x"),
        (SearchReducer::first_value("@a").argument("BY").argument("@b"), "FIRST_VALUE 3 @a BY @b"),
        (SearchReducer::new("HLL").argument("@a"), "HLL 1 @a"),
    ];
    for (reducer, expected) in all {
        let command = cmd::ft_aggregate::<Map>("idx", "*").group_all().reduce(reducer);
        assert_eq!(words(command), format!("FT.AGGREGATE idx * GROUPBY 0 REDUCE {expected}"));
    }
    let secret = format!("{:?}", SearchReducer::max("@a"));
    assert_eq!(secret, "SearchReducer(1 arguments)");
}

#[test]
fn cursors() {
    let (resp2, resp3) = (format!("*2|{RESP2}|:42"), format!("*2|{RESP3}|:42"));
    let page: AggregatePage<Map> = read(cmd::ft_cursor_read("idx", 42), &resp2);
    assert_eq!((page.rows.len(), page.cursor), (2, 42));
    let command = cmd::ft_aggregate::<Map>("idx", "*").with_cursor(50);
    let expected = "FT.AGGREGATE idx * WITHCURSOR COUNT 50";
    check(command, expected, [&resp2, &resp3], page.clone());
    let idle = Duration::from_secs(9);
    let command = cmd::ft_aggregate::<Map>("idx", "*").with_idle_cursor(50, idle).load("a");
    let expected = "FT.AGGREGATE idx * WITHCURSOR COUNT 50 MAXIDLE 9000 LOAD 1 a";
    assert_eq!(words(command), expected);
    let command = cmd::ft_cursor_read::<Map>("idx", 42).count(5);
    check(command, "FT.CURSOR READ idx 42 COUNT 5", [&resp2, &resp3], page);
    check(cmd::ft_cursor_del("idx", 42), "FT.CURSOR DEL idx 42", ["+OK"; 2], ());
}

#[test]
fn hybrid_queries() {
    let rows = "+results|*1|%2|\"__key|\"doc:1|\"__score|\"0.03";
    let resp3 = format!("%4|+total_results|:3|{rows}|+warnings|*1|+slow|+execution_time|,0.25");
    let resp2 = "*8|+total_results|:3|+results|*1|*4|\"__key|\"doc:1|\"__score|\"0.03|\
                 +warnings|*1|+slow|+execution_time|\"0.25";
    let found = read(cmd::ft_hybrid::<Map>("idx", "a", "@v", "$v"), resp2);
    assert_eq!((found.total, found.rows[0]["__key"].as_str()), (3, "doc:1"));
    assert_eq!((&found.warnings[..], found.execution_time), (&["slow".to_owned()][..], 0.25));
    let command = cmd::ft_hybrid::<Map>("idx", "a", "@v", "$v");
    check(command, "FT.HYBRID idx SEARCH a VSIM @v $v", [resp2, &resp3], found);
    let command = cmd::ft_hybrid::<Map>("idx", "a", "@v", "$v")
        .nearest(9)
        .combine_ranks(60.0)
        .load(["@a", "@b"])
        .sort_by(["@a", "DESC"])
        .limit(0, 5)
        .params([("v", "blob")])
        .timeout(Duration::from_secs(1))
        .scorer("TFIDF");
    let expected = "FT.HYBRID idx SEARCH a SCORER TFIDF VSIM @v $v KNN 2 K 9 \
                    COMBINE RRF 2 CONSTANT 60 LOAD 2 @a @b SORTBY 2 @a DESC LIMIT 0 5 \
                    PARAMS 2 v blob TIMEOUT 1000";
    assert_eq!(words(command), expected);
    let command =
        cmd::ft_hybrid::<Map>("idx", "a", "@v", "$v").within(0.5).combine_scores(0.7, 0.3);
    let expected = "FT.HYBRID idx SEARCH a VSIM @v $v RANGE 2 RADIUS 0.5 \
                    COMBINE LINEAR 4 ALPHA 0.7 BETA 0.3 NOSORT";
    assert_eq!(words(command.raw("NOSORT")), expected);
}
