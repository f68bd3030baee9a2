//! Time series. What servers answer is in module.c and reply.c of RedisTimeSeries.

use std::collections::BTreeMap;
use std::time::Duration;

use hashslot::Command;
use hashslot::cmd::{self, TsAggregator, TsDuplicatePolicy, UnixTime};
use hashslot::error::ServerError;

use super::recorded::{check, read, words};

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn samples_are_added_and_deleted() {
    check(cmd::ts_add("k", "*", 21.5), "TS.ADD k * 21.5", [":1798761600000"; 2], 1_798_761_600_000);
    let add = cmd::ts_add("k", UnixTime::from_millis(1000), 1.0);
    let add = add.labels([("room", "hall"), ("floor", "2")]).retention(MINUTE).uncompressed();
    let expected = "TS.ADD k 1000 1 ENCODING UNCOMPRESSED RETENTION 60000 LABELS room hall floor 2";
    assert_eq!(words(add), expected);
    let add = cmd::ts_add("k", 1000, 1.0).if_duplicate(TsDuplicatePolicy::Sum);
    assert_eq!(words(add), "TS.ADD k 1000 1 ON_DUPLICATE SUM");
    check(cmd::ts_incrby("k", 2.0), "TS.INCRBY k 2", [":7"; 2], 7);
    let decrby = cmd::ts_decrby("k", 2.0).timestamp(7).labels(("a", 1)).chunk_size(128);
    assert_eq!(words(decrby), "TS.DECRBY k 2 CHUNK_SIZE 128 TIMESTAMP 7 LABELS a 1");
    check(cmd::ts_del("k", 1, 9), "TS.DEL k 1 9", [":3"; 2], 3);
    let madd = cmd::ts_madd([("{a}1", "*", 1.0), ("{a}2", "*", 2.5)]);
    check(madd, "TS.MADD {a}1 * 1 {a}2 * 2.5", ["*2|:7|:8"; 2], vec![7, 8]);
    let madd = cmd::ts_madd(vec![("{a}1", 7, 1.0), ("{a}2", 8, 2.0)]);
    assert_eq!(Command::from(madd.clone()).keys(), Ok(vec![&b"{a}1"[..], b"{a}2"]));
    let each = read(madd.reply::<Vec<Result<i64, ServerError>>>(), "*2|:7|-TSDB: refused");
    assert!(matches!(&each[..], [Ok(7), Err(_)]));
}

#[test]
fn series_are_made_and_changed() {
    check(cmd::ts_create("k"), "TS.CREATE k", ["+OK"; 2], ());
    let create = cmd::ts_create("k").labels(("a", "b")).duplicate_policy(TsDuplicatePolicy::Last);
    let create = create.ignore(MINUTE, 0.5);
    let expected = "TS.CREATE k IGNORE 60000 0.5 DUPLICATE_POLICY LAST LABELS a b";
    assert_eq!(words(create), expected);
    let no_labels: BTreeMap<&str, &str> = BTreeMap::new();
    let alter = cmd::ts_alter("k").labels(no_labels).retention(Duration::ZERO);
    check(alter, "TS.ALTER k RETENTION 0 LABELS", ["+OK"; 2], ());
    let all = [
        (TsDuplicatePolicy::Block, "BLOCK"),
        (TsDuplicatePolicy::First, "FIRST"),
        (TsDuplicatePolicy::Min, "MIN"),
        (TsDuplicatePolicy::Max, "MAX"),
    ];
    for (policy, word) in all {
        let alter = cmd::ts_alter("k").duplicate_policy(policy);
        assert_eq!(words(alter), format!("TS.ALTER k DUPLICATE_POLICY {word}"));
    }
}

#[test]
fn rules() {
    let rule = cmd::ts_createrule("{a}1", "{a}2", TsAggregator::Avg, MINUTE);
    check(rule, "TS.CREATERULE {a}1 {a}2 AGGREGATION avg 60000", ["+OK"; 2], ());
    let rule = cmd::ts_createrule("{a}1", "{a}2", TsAggregator::Twa, MINUTE).align(7);
    assert_eq!(Command::from(rule.clone()).keys(), Ok(vec![&b"{a}1"[..], b"{a}2"]));
    assert_eq!(words(rule), "TS.CREATERULE {a}1 {a}2 AGGREGATION twa 60000 7");
    check(cmd::ts_deleterule("{a}1", "{a}2"), "TS.DELETERULE {a}1 {a}2", ["+OK"; 2], ());
}

#[test]
fn ts_info_is_a_record() {
    let numbers = "+totalSamples|:3|+memoryUsage|:4246|+firstTimestamp|:1000|+lastTimestamp|:3000|\
                   +retentionTime|:60000|+chunkCount|:1|+chunkSize|:4096|+chunkType|+compressed|\
                   +duplicatePolicy|+last";
    let resp2 = format!(
        "*28|{numbers}|+labels|*2|*2|\"a|\"1|*2|\"b|\"2|+sourceKey|$-1|\
         +rules|*1|*4|\"hourly|:3600000|+AVG|:0|+ignoreMaxTimeDiff|:5|+ignoreMaxValDiff|\"0.5"
    );
    let resp3 = format!(
        "%14|{numbers}|+labels|%2|\"a|\"1|\"b|\"2|+sourceKey|_|\
         +rules|%1|\"hourly|*3|:3600000|+AVG|:0|+ignoreMaxTimeDiff|:5|+ignoreMaxValDiff|,0.5"
    );
    let info = read(cmd::ts_info("k"), &resp3);
    assert_eq!((info.total_samples, info.memory_usage, info.chunk_count), (3, 4246, 1));
    assert_eq!((info.first_timestamp, info.last_timestamp, info.retention), (1000, 3000, 60_000));
    assert_eq!((info.chunk_size, info.chunk_type.as_str()), (4096, "compressed"));
    assert_eq!((info.duplicate_policy.as_deref(), info.source.as_deref()), (Some("last"), None));
    assert_eq!(info.labels, [("a".into(), "1".into()), ("b".into(), "2".into())]);
    let [rule] = &info.rules[..] else { panic!("one rule") };
    assert_eq!((rule.destination.as_str(), rule.aggregator.as_str()), ("hourly", "AVG"));
    assert_eq!((rule.bucket, rule.align), (60 * MINUTE, Some(0)));
    assert_eq!((info.ignore_max_time, info.ignore_max_value), (Some(5), Some(0.5)));
    assert_eq!(info.chunks, None);
    check(cmd::ts_info("k"), "TS.INFO k", [&resp2, &resp3], info);
    let rest = "+startTimestamp|:1|+endTimestamp|:2|+samples|:3|+size|:4096|+bytesPerSample";
    let head =
        format!("{numbers}|+labels|*0|+sourceKey|\"raw|+rules|*0|+keySelfName|\"k|+Chunks|*1");
    let resp2 = format!("*28|{head}|*10|{rest}|\"1.5");
    let resp3 = format!("%14|{head}|%5|{rest}|,1.5").replace("*0|", "%0|");
    let info = read(cmd::ts_info("k").debug(), &resp2);
    assert_eq!((info.source.as_deref(), info.rules.len(), info.labels.len()), (Some("raw"), 0, 0));
    let chunk = &info.chunks.as_deref().expect("chunks")[0];
    assert_eq!((chunk.start, chunk.end, chunk.samples, chunk.size), (1, 2, 3, 4096));
    assert_eq!(chunk.bytes_per_sample, 1.5);
    check(cmd::ts_info("k").debug(), "TS.INFO k DEBUG", [&resp2, &resp3], info);
}
