//! Sketches. What servers answer is in rm_cms.c, rm_topk.c and rm_tdigest.c of RedisBloom.

use hashslot::Command;
use hashslot::cmd;

use super::recorded::{check, read, words};

#[test]
fn count_min_sketches() {
    let counts = vec![3, 1];
    let incrby = cmd::cms_incrby("k", [("a", 2), ("b", 1)]);
    check(incrby, "CMS.INCRBY k a 2 b 1", ["*2|:3|:1"; 2], counts.clone());
    check(cmd::cms_query("k", ["a", "b"]), "CMS.QUERY k a b", ["*2|:3|:1"; 2], counts);
    check(cmd::cms_initbydim("k", 2000, 5), "CMS.INITBYDIM k 2000 5", ["+OK"; 2], ());
    check(cmd::cms_initbyprob("k", 0.001, 0.01), "CMS.INITBYPROB k 0.001 0.01", ["+OK"; 2], ());
    check(cmd::cms_merge("{a}d", "{a}1"), "CMS.MERGE {a}d 1 {a}1", ["+OK"; 2], ());
    let merge = cmd::cms_merge("{a}d", ["{a}1", "{a}2"]).weights([1, 3]);
    let keys = Command::from(merge.clone());
    assert_eq!(keys.keys(), Ok(vec![&b"{a}d"[..], b"{a}1", b"{a}2"]));
    assert_eq!(words(merge), "CMS.MERGE {a}d 2 {a}1 {a}2 WEIGHTS 1 3");
    let fields = "+width|:2000|+depth|:5|+count|:7";
    let info = read(cmd::cms_info("k"), &format!("%3|{fields}"));
    assert_eq!((info.width, info.depth, info.count), (2000, 5, 7));
    check(
        cmd::cms_info("k"),
        "CMS.INFO k",
        [&format!("*6|{fields}"), &format!("%3|{fields}")],
        info,
    );
}

#[test]
fn most_frequent_items() {
    let displaced = vec![None, Some(String::from("x"))];
    let replies = ["*2|$-1|\"x", "*2|_|\"x"];
    check(cmd::topk_add("k", ["a", "b"]), "TOPK.ADD k a b", replies, displaced.clone());
    let incrby = cmd::topk_incrby("k", [("a", 3), ("b", 1)]);
    check(incrby, "TOPK.INCRBY k a 3 b 1", replies, displaced);
    check(cmd::topk_count("k", ["a", "b"]), "TOPK.COUNT k a b", ["*2|:3|:0"; 2], vec![3, 0]);
    let both = vec![true, false];
    check(cmd::topk_query("k", ["a", "b"]), "TOPK.QUERY k a b", ["*2|:1|:0", "*2|#t|#f"], both);
    let items = vec![String::from("a"), String::from("b")];
    check(cmd::topk_list("k"), "TOPK.LIST k", ["*2|\"a|\"b"; 2], items);
    let counts = vec![(String::from("a"), 3), (String::from("b"), 1)];
    let list = cmd::topk_list("k").with_count();
    check(list, "TOPK.LIST k WITHCOUNT", ["*4|\"a|:3|\"b|:1"; 2], counts);
    check(cmd::topk_reserve("k", 50), "TOPK.RESERVE k 50", ["+OK"; 2], ());
    let reserve = cmd::topk_reserve("k", 50).counters(2000, 7, 0.925);
    assert_eq!(words(reserve), "TOPK.RESERVE k 50 2000 7 0.925");
    let fields = "+k|:50|+width|:2000|+depth|:7|+decay";
    let info = read(cmd::topk_info("k"), &format!("%4|{fields}|,0.925"));
    assert_eq!((info.k, info.width, info.depth, info.decay), (50, 2000, 7, 0.925));
    let replies = [&*format!("*8|{fields}|\"0.92500000000000004"), &format!("%4|{fields}|,0.925")];
    check(cmd::topk_info("k"), "TOPK.INFO k", replies, info);
}

#[test]
fn t_digests() {
    check(cmd::tdigest_create("k"), "TDIGEST.CREATE k", ["+OK"; 2], ());
    let create = cmd::tdigest_create("k").compression(500);
    assert_eq!(words(create), "TDIGEST.CREATE k COMPRESSION 500");
    check(cmd::tdigest_add("k", [1.5, -2.0]), "TDIGEST.ADD k 1.5 -2", ["+OK"; 2], ());
    check(cmd::tdigest_reset("k"), "TDIGEST.RESET k", ["+OK"; 2], ());
    let merge = cmd::tdigest_merge("{a}d", ["{a}1", "{a}2"]).compression(200).replace();
    assert_eq!(words(merge), "TDIGEST.MERGE {a}d 2 {a}1 {a}2 COMPRESSION 200 OVERRIDE");
    let infinite = vec![1.5, f64::INFINITY];
    let byrank = cmd::tdigest_byrank("k", [0, 9]);
    check(byrank, "TDIGEST.BYRANK k 0 9", ["*2|\"1.5|\"inf", "*2|,1.5|,inf"], infinite);
    let infinite = vec![3.0, f64::NEG_INFINITY];
    let byrevrank = cmd::tdigest_byrevrank("k", [0, 9]);
    check(byrevrank, "TDIGEST.BYREVRANK k 0 9", ["*2|\"3|\"-inf", "*2|,3|,-inf"], infinite);
    let none = vec![f64::NAN];
    check(cmd::tdigest_cdf("k", 3), "TDIGEST.CDF k 3", ["*1|\"nan", "*1|,nan"], none);
    let shares = vec![0.5, 0.25];
    let replies = ["*2|\"0.5|\"0.25", "*2|,0.5|,0.25"];
    check(cmd::tdigest_quantile("k", [0.5, 0.1]), "TDIGEST.QUANTILE k 0.5 0.1", replies, shares);
    let ranks = vec![3, -1, -2];
    check(cmd::tdigest_rank("k", [1, 2, 3]), "TDIGEST.RANK k 1 2 3", ["*3|:3|:-1|:-2"; 2], ranks);
    check(cmd::tdigest_revrank("k", 1), "TDIGEST.REVRANK k 1", ["*1|:0"; 2], vec![0]);
    check(cmd::tdigest_min("k"), "TDIGEST.MIN k", ["\"-2", ",-2"], -2.0);
    check(cmd::tdigest_max("k"), "TDIGEST.MAX k", ["\"nan", ",nan"], f64::NAN);
    let mean = cmd::tdigest_trimmed_mean("k", 0.1, 0.9);
    check(mean, "TDIGEST.TRIMMED_MEAN k 0.1 0.9", ["\"0.5", ",0.5"], 0.5);
}

#[test]
fn tdigest_info_is_a_record() {
    let fields = "+Compression|:100|+Capacity|:610|+Merged nodes|:3|+Unmerged nodes|:2|\
                  +Merged weight|:120|+Unmerged weight|:20|+Observations|:140|\
                  +Total compressions|:1|+Memory usage|:9768";
    let info = read(cmd::tdigest_info("k"), &format!("%9|{fields}"));
    assert_eq!((info.compression, info.capacity), (100, 610));
    assert_eq!((info.merged_nodes, info.unmerged_nodes), (3, 2));
    assert_eq!((info.merged_weight, info.unmerged_weight), (120.0, 20.0));
    assert_eq!((info.observations, info.total_compressions), (140.0, 1));
    assert_eq!(info.memory_usage, 9768);
    let replies = [&*format!("*18|{fields}"), &format!("%9|{fields}")];
    check(cmd::tdigest_info("k"), "TDIGEST.INFO k", replies, info);
}
