//! Bloom filters and cuckoo filters. What servers answer is in rebloom.c of RedisBloom.

use hashslot::cmd::{self, CfInsertReply};
use hashslot::error::ServerError;

use super::recorded::{check, read, words};

#[test]
fn bloom_filters() {
    check(cmd::bf_add("k", "a"), "BF.ADD k a", [":1", "#t"], true);
    check(cmd::bf_card("k"), "BF.CARD k", [":2"; 2], 2);
    check(cmd::bf_exists("k", 7), "BF.EXISTS k 7", [":0", "#f"], false);
    let added = vec![true, false];
    check(cmd::bf_madd("k", ["a", "b"]), "BF.MADD k a b", ["*2|:1|:0", "*2|#t|#f"], added.clone());
    check(cmd::bf_mexists("k", ["a", "b"]), "BF.MEXISTS k a b", ["*2|:1|:0", "*2|#t|#f"], added);
    check(cmd::bf_load("k", "data"), "BF.LOAD k data", ["+OK"; 2], ());
    check(cmd::bf_loadchunk("k", 1, "data"), "BF.LOADCHUNK k 1 data", ["+OK"; 2], ());
    check(cmd::bf_reserve("k", 0.01, 100), "BF.RESERVE k 0.01 100", ["+OK"; 2], ());
    let reserve = cmd::bf_reserve("k", 0.01, 100).expansion(4);
    assert_eq!(words(reserve), "BF.RESERVE k 0.01 100 EXPANSION 4");
    let reserve = cmd::bf_reserve("k", 0.01, 100).fixed_size();
    assert_eq!(words(reserve), "BF.RESERVE k 0.01 100 NONSCALING");
}

#[test]
fn bf_insert_has_options_before_its_items() {
    let insert = cmd::bf_insert("k", ["a", "b"]).capacity(10).error_rate(0.5).expansion(2);
    assert_eq!(words(insert), "BF.INSERT k EXPANSION 2 ERROR 0.5 CAPACITY 10 ITEMS a b");
    let insert = cmd::bf_insert("k", "a").fixed_size().only_existing().scales_to(99);
    assert_eq!(words(insert), "BF.INSERT k VALIDATESCALETO 99 NOCREATE NONSCALING ITEMS a");
    let insert = cmd::bf_insert("k", "a");
    check(insert, "BF.INSERT k ITEMS a", ["*1|:1", "*1|#t"], vec![true]);
    let full = cmd::bf_insert("k", ["a", "b"]).reply::<Vec<Result<bool, ServerError>>>();
    let reply = read(full, "*2|#t|-ERR non scaling filter is full");
    assert!(matches!(&reply[..], [Ok(true), Err(_)]));
}

#[test]
fn bf_info_is_a_record() {
    let fields = "+Capacity|:100|+Size|:240|+Number of filters|:1|+Number of items inserted|:2|\
                  +Expansion rate";
    let info = read(cmd::bf_info("k"), &format!("%5|{fields}|:4"));
    assert_eq!((info.capacity, info.size, info.filters, info.items), (100, 240, 1, 2));
    assert_eq!((info.expansion, info.error_rate), (Some(4), None));
    let replies = [&*format!("*10|{fields}|:4"), &format!("%5|{fields}|:4")];
    check(cmd::bf_info("k"), "BF.INFO k", replies, info);
    assert_eq!(read(cmd::bf_info("k"), &format!("*10|{fields}|$-1")).expansion, None);
    let of_valkey = "+Error rate|\"0.01|+Tightening ratio|\"0.5|+Max scaled capacity|:26214300";
    let info = read(cmd::bf_info("k"), &format!("*16|{fields}|:2|{of_valkey}"));
    assert_eq!((info.error_rate, info.tightening_ratio), (Some(0.01), Some(0.5)));
    assert_eq!(info.max_scaled_capacity, Some(26_214_300));
}

#[test]
fn dumps_are_read_part_by_part() {
    let part = read(cmd::bf_scandump("k", 0), "*2|:1|\"header");
    assert_eq!((part.iterator, part.data.as_ref()), (1, &b"header"[..]));
    check(cmd::bf_scandump("k", 0), "BF.SCANDUMP k 0", ["*2|:1|\"header"; 2], part);
    let end = read(cmd::bf_scandump("k", 7), "*2|:0|\"");
    check(cmd::cf_scandump("k", 7), "CF.SCANDUMP k 7", ["*2|:0|$-1", "*2|:0|_"], end);
}

#[test]
fn cuckoo_filters() {
    check(cmd::cf_add("k", "a"), "CF.ADD k a", [":1", "#t"], ());
    check(cmd::cf_addnx("k", "a"), "CF.ADDNX k a", [":0", "#f"], false);
    check(cmd::cf_compact("k"), "CF.COMPACT k", ["+OK"; 2], ());
    check(cmd::cf_count("k", "a"), "CF.COUNT k a", [":2"; 2], 2);
    check(cmd::cf_del("k", "a"), "CF.DEL k a", [":1", "#t"], true);
    check(cmd::cf_exists("k", "a"), "CF.EXISTS k a", [":1", "#t"], true);
    let both = vec![true, false];
    check(cmd::cf_mexists("k", ["a", "b"]), "CF.MEXISTS k a b", ["*2|:1|:0", "*2|#t|#f"], both);
    check(cmd::cf_loadchunk("k", 1, "data"), "CF.LOADCHUNK k 1 data", ["+OK"; 2], ());
    let reserve = cmd::cf_reserve("k", 100).bucket_size(4).max_iterations(10).expansion(0);
    let expected = "CF.RESERVE k 100 BUCKETSIZE 4 MAXITERATIONS 10 EXPANSION 0";
    check(reserve, expected, ["+OK"; 2], ());
}

#[test]
fn cf_insert_tells_a_full_filter_in_either_protocol() {
    use CfInsertReply::{Added, Exists, Full};
    let insert = cmd::cf_insert("k", ["a", "b"]).capacity(10).only_existing();
    let expected = "CF.INSERT k NOCREATE CAPACITY 10 ITEMS a b";
    check(insert, expected, ["*2|:1|:-1", "*2|#t|#f"], vec![Added, Full]);
    let insert = cmd::cf_insertnx("k", ["a", "b", "c"]);
    check(insert, "CF.INSERTNX k ITEMS a b c", ["*3|:1|:0|:-1"; 2], vec![Added, Exists, Full]);
}

#[test]
fn cf_info_is_a_record() {
    let fields = "+Size|:1080|+Number of buckets|:512|+Number of filters|:1|\
                  +Number of items inserted|:3|+Number of items deleted|:1|+Bucket size|:2|\
                  +Expansion rate|:1|+Max iterations|:20";
    let info = read(cmd::cf_info("k"), &format!("%8|{fields}"));
    assert_eq!((info.size, info.buckets, info.filters, info.items), (1080, 512, 1, 3));
    assert_eq!((info.deleted, info.bucket_size), (1, 2));
    assert_eq!((info.expansion, info.max_iterations), (1, 20));
    check(
        cmd::cf_info("k"),
        "CF.INFO k",
        [&format!("*16|{fields}"), &format!("%8|{fields}")],
        info,
    );
}
