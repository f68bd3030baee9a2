//! HyperLogLogs.

use hashslot::Commands;

use super::live::cases;

cases! {
    "PFADD" => |c| {
        assert!(c.pfadd("{a}1", ["a", "b", "c"])?);
        assert!(!c.pfadd("{a}1", "a")?);
        assert!(c.pfadd("{a}2", [""; 0])?);
        assert!(!c.pfadd("{a}2", [""; 0])?);
        assert!(c.pfadd("{a}2", vec!["c", "d"])?);
        assert_eq!(c.pfcount("{a}1")?, 3);
        assert_eq!(c.pfcount(["{a}1", "{a}2"])?, 4);
        assert_eq!(c.pfcount("missing")?, 0);
    }
    "PFMERGE" => |c| {
        c.pfadd("{a}1", ["a", "b"])?;
        c.pfadd("{a}2", ["b", "c"])?;
        c.pfmerge("{a}d", ["{a}1", "{a}2"])?;
        assert_eq!(c.pfcount("{a}d")?, 3);
        c.pfadd("{a}3", "e")?;
        c.pfmerge("{a}d", "{a}3")?;
        assert_eq!(c.pfcount("{a}d")?, 4);
    }
}
