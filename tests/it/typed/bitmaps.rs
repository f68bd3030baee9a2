//! Bitmaps.

use hashslot::Commands;
use hashslot::cmd::{self, BitOffset, BitOperation, BitOverflow, BitType};

use super::live::{SINCE_7_0, cases, refusal};

cases! {
    "BITCOUNT" => |c| {
        c.set("k", "foobar")?;
        assert_eq!(c.bitcount("k")?, 26);
        assert_eq!(c.run(cmd::bitcount("k").bytes(1, 1))?, 6);
        assert_eq!(c.run(cmd::bitcount("k").bytes(-2, -1))?, 7);
        assert_eq!(c.bitcount("missing")?, 0);
    }
    "BITCOUNT" on SINCE_7_0 => |c| {
        c.set("k", "foobar")?;
        assert_eq!(c.run(cmd::bitcount("k").bits(5, 30))?, 17);
        assert_eq!(c.run(cmd::bitpos("k", true).bits(8, -1))?, 9);
        assert_eq!(c.run(cmd::bitpos("k", true).bits(3, 4))?, -1);
    }
    "BITFIELD" => |c| {
        let (coins, signed) = (BitType::Unsigned(8), BitType::Signed(5));
        assert_eq!(c.bitfield("k")?, []);
        assert_eq!(c.exists("k")?, 0);
        let command = cmd::bitfield("k").set(coins, 0, 200).get(coins, 0).incrby(signed, 100, -3);
        assert_eq!(c.run(command)?, [Some(0), Some(200), Some(-3)]);
        let command = cmd::bitfield("k")
            .incrby(coins, 0, 100)
            .overflow(BitOverflow::Saturate)
            .incrby(coins, BitOffset::Integer(0), 1000)
            .overflow(BitOverflow::Fail)
            .incrby(coins, 0, 1)
            .overflow(BitOverflow::Wrap)
            .incrby(coins, 0, 1)
            .set(coins, BitOffset::Integer(1), 7)
            .get(coins, BitOffset::Bit(8));
        let replies = c.run(command)?;
        assert_eq!(replies, [Some(44), Some(255), None, Some(0), Some(0), Some(7)]);
        let wide = cmd::bitfield("wide").set(BitType::Signed(64), 0, i64::MIN);
        assert_eq!(c.run(wide.get(BitType::Signed(64), 0))?, [Some(0), Some(i64::MIN)]);
        let refused = cmd::bitfield("k").get(BitType::Unsigned(64), 0);
        assert!(refusal(c.run(refused)).starts_with("ERR Invalid bitfield type"));
        let read = cmd::bitfield_ro("k").get(coins, 8).get(coins, BitOffset::Integer(9));
        assert_eq!(c.run(read)?, [7, 0]);
        assert_eq!(c.bitfield_ro("missing")?, [0_i64; 0]);
        assert_eq!(c.run(cmd::bitfield_ro("missing").get(coins, 0))?, [0]);
    }
    "BITOP" => |c| {
        c.mset([("{a}1", b"\x0f\xff"), ("{a}2", b"\x3c\x01")])?;
        let keys = ["{a}1", "{a}2"];
        let stored = || c.get::<Vec<u8>>("{a}d");
        assert_eq!(c.bitop(BitOperation::And, "{a}d", keys)?, 2);
        assert_eq!(stored()?, b"\x0c\x01");
        assert_eq!(c.bitop(BitOperation::Or, "{a}d", keys)?, 2);
        assert_eq!(stored()?, b"\x3f\xff");
        assert_eq!(c.bitop(BitOperation::Xor, "{a}d", keys)?, 2);
        assert_eq!(stored()?, b"\x33\xfe");
        assert_eq!(c.bitop(BitOperation::Not, "{a}d", "{a}1")?, 2);
        assert_eq!(stored()?, b"\xf0\x00");
        assert_eq!(c.bitop(BitOperation::And, "{a}d", "{a}missing")?, 0);
        assert_eq!(c.exists("{a}d")?, 0);
    }
    "BITOP" on &["redis-8.2"] => |c| {
        c.mset([("{a}1", b"\x0f"), ("{a}2", b"\x3c"), ("{a}3", b"\x01")])?;
        let keys = ["{a}1", "{a}2", "{a}3"];
        for (operation, expected) in [
            (BitOperation::Diff, b"\x02"),
            (BitOperation::Diff1, b"\x30"),
            (BitOperation::AndOr, b"\x0d"),
            (BitOperation::One, b"\x32"),
        ] {
            assert_eq!(c.bitop(operation, "{a}d", keys)?, 1);
            assert_eq!(c.get::<Vec<u8>>("{a}d")?, expected, "{operation:?}");
        }
    }
    "BITPOS" => |c| {
        c.set("k", b"\xff\xf0\x00")?;
        assert_eq!(c.bitpos("k", false)?, 12);
        assert_eq!(c.bitpos("k", true)?, 0);
        assert_eq!(c.run(cmd::bitpos("k", true).bytes_from(-2))?, 8);
        assert_eq!(c.run(cmd::bitpos("k", true).bytes(2, 2))?, -1);
        c.set("ones", b"\xff")?;
        assert_eq!(c.bitpos("ones", false)?, 8);
        assert_eq!(c.run(cmd::bitpos("ones", false).bytes(0, -1))?, -1);
        assert_eq!(c.bitpos("missing", true)?, -1);
        assert_eq!(c.bitpos("missing", false)?, 0);
    }
    "SETBIT" => |c| {
        assert!(!c.setbit("k", 7, true)?);
        assert!(c.setbit("k", 7, true)?);
        assert!(c.getbit("k", 7)?);
        assert!(!c.getbit("k", 6)?);
        assert!(!c.getbit("missing", 6)?);
        assert!(c.setbit("k", 7, false)?);
        assert_eq!(c.get::<Vec<u8>>("k")?, b"\0");
    }
}
