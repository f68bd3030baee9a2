//! Ranges of time series. What servers answer is in module.c and reply.c of RedisTimeSeries.

use std::time::Duration;

use hashslot::Command;
use hashslot::cmd::{self, TsAggregator, TsBuckets, TsFilter};

use super::recorded::{check, read, words};

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn ranges() {
    let samples = vec![(1000, 1.5), (2000, f64::NAN)];
    let replies = ["*2|*2|:1000|+1.5|*2|:2000|+NaN", "*2|*2|:1000|,1.5|*2|:2000|,nan"];
    check(cmd::ts_range("k", "-", "+"), "TS.RANGE k - +", replies, samples.clone());
    check(cmd::ts_revrange("k", 1, 2), "TS.REVRANGE k 1 2", replies, samples);
    assert!(read(cmd::ts_range("k", "-", "+"), "*0").is_empty());
    let range = cmd::ts_range("k", "-", "+").count(5).values(0.5, 9.0).timestamps([7, 8]).latest();
    let expected = "TS.RANGE k - + LATEST FILTER_BY_TS 7 8 FILTER_BY_VALUE 0.5 9 COUNT 5";
    assert_eq!(words(range), expected);
}

#[test]
fn buckets_have_their_words_in_the_order_of_the_server() {
    let buckets = TsBuckets::new(TsAggregator::StdP, MINUTE).with_empty().at_middle().align("-");
    assert_eq!(format!("{buckets:?}"), "TsBuckets(std.p of 60s)");
    let range = cmd::ts_range("k", 1, "+").aggregate(buckets);
    let expected = "TS.RANGE k 1 + ALIGN - AGGREGATION std.p 60000 BUCKETTIMESTAMP mid EMPTY";
    assert_eq!(words(range), expected);
    let range = cmd::ts_range("k", 1, 2);
    let range = range.aggregate(TsBuckets::new(TsAggregator::Sum, MINUTE).at_end()).count(3);
    let expected = "TS.RANGE k 1 2 COUNT 3 AGGREGATION sum 60000 BUCKETTIMESTAMP end";
    assert_eq!(words(range), expected);
    let all = [
        (TsAggregator::Avg, "avg"),
        (TsAggregator::Min, "min"),
        (TsAggregator::Max, "max"),
        (TsAggregator::Range, "range"),
        (TsAggregator::Count, "count"),
        (TsAggregator::CountNan, "countNaN"),
        (TsAggregator::CountAll, "countAll"),
        (TsAggregator::First, "first"),
        (TsAggregator::Last, "last"),
        (TsAggregator::StdS, "std.s"),
        (TsAggregator::VarP, "var.p"),
        (TsAggregator::VarS, "var.s"),
    ];
    for (aggregator, word) in all {
        let group = cmd::ts_mrange(1, 2, "a=1").group_by("room", aggregator);
        assert_eq!(words(group), format!("TS.MRANGE 1 2 FILTER a=1 GROUPBY room REDUCE {word}"));
    }
}

#[test]
fn filters() {
    let filters = [
        TsFilter::is("a", 1),
        TsFilter::is_not("a", "x"),
        TsFilter::is_one_of("a", ["x", "y"]),
        TsFilter::is_none_of("a", [1, 2]),
        TsFilter::has("a"),
        TsFilter::lacks("a"),
    ];
    let index = cmd::ts_queryindex::<Vec<String>>(&filters);
    assert_eq!(words(index), "TS.QUERYINDEX a=1 a!=x a=(x,y) a!=(1,2) a!= a=");
    let keys = vec![String::from("k1"), String::from("k2")];
    let index = cmd::ts_queryindex("a=1");
    check(index, "TS.QUERYINDEX a=1", ["*2|\"k1|\"k2", "~2|\"k1|\"k2"], keys);
}

#[test]
fn ts_get_of_a_series_without_samples() {
    let last = read(cmd::ts_get("k"), "*2|:7|,1.5");
    assert_eq!(last.sample, Some((7, 1.5)));
    check(cmd::ts_get("k").latest(), "TS.GET k LATEST", ["*2|:7|+1.5", "*2|:7|,1.5"], last);
    assert_eq!(read(cmd::ts_get("k"), "*0").sample, None);
}

#[test]
fn newest_samples_of_many_series() {
    let resp2 = "*2|*3|\"k1|*2|*2|\"a|\"1|*2|\"b|$-1|*2|:7|+1.5|*3|\"k2|*0|*0";
    let resp3 = "%2|\"k1|*2|%2|\"a|\"1|\"b|_|*2|:7|,1.5|\"k2|*2|%0|*0";
    let all = read(cmd::ts_mget("a=1"), resp2);
    let [first, second] = &all[..] else { panic!("two series") };
    assert_eq!((first.key.as_str(), first.sample), ("k1", Some((7, 1.5))));
    assert_eq!(first.labels, [("a".into(), Some("1".into())), ("b".into(), None)]);
    assert_eq!((second.key.as_str(), second.sample, second.labels.len()), ("k2", None, 0));
    let mget = cmd::ts_mget(["a=1", "b!="]).selected_labels(["a", "b"]).latest();
    let expected = "TS.MGET LATEST SELECTED_LABELS a b FILTER a=1 b!=";
    check(mget, expected, [resp2, resp3], all);
    let mget = cmd::ts_mget(TsFilter::is("a", 1)).with_labels();
    assert_eq!(words(mget), "TS.MGET WITHLABELS FILTER a=1");
}

#[test]
fn ranges_of_many_series() {
    let resp2 = "*1|*3|\"k1|*1|*2|\"a|\"1|*2|*2|:7|+1.5|*2|:8|+2";
    let resp3 = "%1|\"k1|*3|%1|\"a|\"1|%1|+aggregators|*1|+avg|*2|*2|:7|,1.5|*2|:8|,2";
    let all = read(cmd::ts_mrange("-", "+", "a=1"), resp3);
    let [series] = &all[..] else { panic!("one series") };
    assert_eq!((series.key.as_str(), &series.samples[..]), ("k1", &[(7, 1.5), (8, 2.0)][..]));
    assert_eq!(series.labels, [("a".into(), Some("1".into()))]);
    assert!(series.sources.is_empty());
    let buckets = TsBuckets::new(TsAggregator::Avg, MINUTE);
    let range = cmd::ts_mrange("-", "+", "a=1").latest().with_labels().aggregate(buckets);
    let expected = "TS.MRANGE - + AGGREGATION avg 60000 WITHLABELS LATEST FILTER a=1";
    check(range, expected, [resp2, resp3], all);
    let range = cmd::ts_mrevrange(1, 2, ["a=1", "b=2"]).latest().selected_labels("a").count(3);
    // Servers take all words up to the next that they know for labels: the labels are the last.
    let expected = "TS.MREVRANGE 1 2 COUNT 3 LATEST SELECTED_LABELS a FILTER a=1 b=2";
    assert_eq!(words(range.clone()), expected);
    assert_eq!(Command::from(range).keys(), Ok(vec![]));
}

#[test]
fn groups_of_series() {
    let resp2 = "*1|*3|\"a=1|*3|*2|\"a|\"1|*2|\"__reducer__|\"max|*2|\"__source__|\"k1,k2|\
                 *1|*2|:7|+1.5";
    let resp3 = "%1|\"a=1|*4|%1|\"a|\"1|%1|+reducers|*1|\"max|%1|+sources|*2|\"k1|\"k2|\
                 *1|*2|:7|,1.5";
    let all = read(cmd::ts_mrange("-", "+", "a=1"), resp2);
    let [group] = &all[..] else { panic!("one group") };
    assert_eq!((group.key.as_str(), &group.samples[..]), ("a=1", &[(7, 1.5)][..]));
    assert_eq!(group.labels, [("a".into(), Some("1".into()))]);
    assert_eq!(group.sources, ["k1", "k2"]);
    let range = cmd::ts_mrange("-", "+", "a=1").group_by("a", TsAggregator::Max).with_labels();
    let expected = "TS.MRANGE - + WITHLABELS FILTER a=1 GROUPBY a REDUCE max";
    check(range, expected, [resp2, resp3], all);
}
