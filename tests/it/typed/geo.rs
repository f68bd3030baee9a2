//! Positions on the earth.

use hashslot::cmd::{self, GeoArea, GeoFound, GeoPosition, GeoUnit, TypedCommand};
use hashslot::{Commands, Frame, FromValue};

use super::live::{cases, refusal};

const PALERMO: GeoPosition = GeoPosition { longitude: 13.361_389, latitude: 38.115_556 };
const CATANIA: GeoPosition = GeoPosition { longitude: 15.087_269, latitude: 37.502_669 };
const BETWEEN: GeoPosition = GeoPosition { longitude: 15.0, latitude: 37.0 };

/// Whether a server that rounded a position still means this one.
fn is_near(position: GeoPosition, other: GeoPosition) -> bool {
    (position.longitude - other.longitude).abs() < 1e-4
        && (position.latitude - other.latitude).abs() < 1e-4
}

cases! {
    "GEOADD" => |c| {
        assert_eq!(c.geoadd("k", (PALERMO, "Palermo"))?, 1);
        let both = [(PALERMO, "Palermo"), (CATANIA, "Catania")];
        assert_eq!(c.geoadd("k", &both)?, 1);
        assert_eq!(c.geoadd("k", both.to_vec())?, 0);
        let names = [String::from("Noto"), String::from("Gela")];
        assert_eq!(c.geoadd("k", cmd::each(names.iter().map(|name| (BETWEEN, name))))?, 2);
        assert_eq!(c.run(cmd::geoadd("k", (BETWEEN, "Palermo")).nx())?, 0);
        assert_eq!(c.run(cmd::geoadd("k", (BETWEEN, "missing")).xx())?, 0);
        assert_eq!(c.run(cmd::geoadd("k", (BETWEEN, "Palermo")).count_changed())?, 1);
    }
    "GEODIST" => |c| {
        c.geoadd("k", [(PALERMO, "Palermo"), (CATANIA, "Catania")])?;
        let (a, b) = ("Palermo", "Catania");
        assert_eq!(c.geodist("k", a, b, GeoUnit::Meters)?, Some(166_274.151_6));
        assert_eq!(c.geodist("k", a, b, GeoUnit::Kilometers)?, Some(166.274_2));
        assert_eq!(c.geodist("k", a, b, GeoUnit::Miles)?, Some(103.318_2));
        assert!(c.geodist("k", a, b, GeoUnit::Feet)? > Some(545_000.0));
        assert_eq!(c.geodist("k", a, "missing", GeoUnit::Meters)?, None);
        let hashes = c.geohash("k", ["Palermo", "missing"])?;
        assert_eq!(hashes, [Some("sqc8b49rny0".into()), None]);
        assert_eq!(c.geohash("missing", "Palermo")?, [None]);
        let positions = c.geopos("k", ["Palermo", "missing", "Catania"])?;
        assert!(positions[0].is_some_and(|position| is_near(position, PALERMO)));
        assert_eq!(positions[1], None);
        assert!(positions[2].is_some_and(|position| is_near(position, CATANIA)));
        assert_eq!(c.geopos("missing", "Palermo")?, [None]);
    }
    "GEOSEARCH" => |c| {
        c.geoadd("k", [(PALERMO, "Palermo"), (CATANIA, "Catania")])?;
        let near = || GeoArea::circle(BETWEEN, 100.0, GeoUnit::Kilometers);
        let far = || GeoArea::circle(BETWEEN, 200.0, GeoUnit::Kilometers);
        assert_eq!(c.geosearch::<Vec<String>>("k", near())?, ["Catania"]);
        let found: Vec<String> = c.run(cmd::geosearch("k", far()).nearest_first())?;
        assert_eq!(found, ["Catania", "Palermo"]);
        let found: Vec<String> = c.run(cmd::geosearch("k", far()).farthest_first())?;
        assert_eq!(found, ["Palermo", "Catania"]);
        let found: Vec<String> = c.run(cmd::geosearch("k", far()).count(1))?;
        assert_eq!(found, ["Catania"]);
        let found: Vec<String> = c.run(cmd::geosearch("k", far()).count_any(1))?;
        assert_eq!(found.len(), 1);
        let around = GeoArea::circle("Palermo", 10_000.0, GeoUnit::Feet);
        assert_eq!(c.geosearch::<Vec<String>>("k", around)?, ["Palermo"]);
        let wide = GeoArea::rectangle("Palermo", 400.0, 200.0, GeoUnit::Kilometers);
        assert_eq!(c.geosearch::<Vec<String>>("k", wide)?.len(), 2);
        let narrow = GeoArea::rectangle(PALERMO, 10.0, 200.0, GeoUnit::Miles);
        assert_eq!(c.geosearch::<Vec<String>>("k", narrow)?, ["Palermo"]);
        assert_eq!(c.geosearch::<Vec<String>>("missing", near())?, [""; 0]);
        let unknown = GeoArea::circle("missing", 1.0, GeoUnit::Meters);
        let told = refusal(c.geosearch::<Vec<String>>("k", unknown));
        assert!(told.starts_with("ERR ") && told.contains("member"), "{told}");
    }
    "GEOSEARCH" => |c| {
        c.geoadd("k", [(PALERMO, "Palermo"), (CATANIA, "Catania")])?;
        let search = cmd::geosearch::<Vec<GeoFound<String>>>(
            "k",
            GeoArea::circle(BETWEEN, 200.0, GeoUnit::Kilometers),
        );
        let search = search.nearest_first();
        let plain = c.run(search.clone())?;
        assert_eq!(plain.len(), 2);
        assert_eq!((plain[0].distance, plain[0].hash, plain[0].position), (None, None, None));
        let found = c.run(search.clone().with_distance())?;
        assert_eq!(found[0].member, "Catania");
        assert_eq!(found[0].distance, Some(56.441_3));
        assert_eq!((found[0].hash, found[0].position), (None, None));
        let found = c.run(search.clone().with_position().with_hash().with_distance())?;
        assert_eq!(found[1].member, "Palermo");
        assert_eq!(found[1].distance, Some(190.442_4));
        assert_eq!(found[1].hash, Some(3_479_099_956_230_698));
        assert!(found[1].position.is_some_and(|position| is_near(position, PALERMO)));
        let pairs: Vec<(String, f64)> = c.run(search.clone().with_distance().reply())?;
        assert_eq!(pairs[0], ("Catania".into(), 56.441_3));
        let places: Vec<(String, GeoPosition)> = c.run(search.with_position().reply())?;
        assert!(is_near(places[0].1, CATANIA));
    }
    "GEOSEARCH" on &["valkey-9.1"] => |c| {
        c.geoadd("k", [(PALERMO, "Palermo"), (CATANIA, "Catania")])?;
        let corner = |longitude, latitude| GeoPosition { longitude, latitude };
        let corners = [corner(14.0, 36.0), corner(16.0, 37.0), corner(15.0, 39.0)];
        let polygon = GeoArea::polygon(&corners);
        assert_eq!(c.geosearch::<Vec<String>>("k", polygon)?, ["Catania"]);
    }
    "GEOSEARCHSTORE" => |c| {
        c.geoadd("{a}1", [(PALERMO, "Palermo"), (CATANIA, "Catania")])?;
        let far = || GeoArea::circle(BETWEEN, 200.0, GeoUnit::Kilometers);
        assert_eq!(c.geosearchstore("{a}d", "{a}1", far())?, 2);
        assert_eq!(c.zscore("{a}d", "Palermo")?, Some(3_479_099_956_230_698.0));
        let nearest = cmd::geosearchstore("{a}d", "{a}1", far()).nearest_first().count(1);
        assert_eq!(c.run(nearest.store_distances())?, 1);
        let distance = c.zscore("{a}d", "Catania")?.ok_or("is there")?;
        assert!((distance - 56.4413).abs() < 1e-3, "{distance}");
        let any = cmd::geosearchstore("{a}d", "{a}1", far()).count_any(1).farthest_first();
        assert_eq!(c.run(any)?, 1);
        assert_eq!(c.geosearchstore("{a}d", "{a}missing", far())?, 0);
        assert_eq!(c.exists("{a}d")?, 0);
    }
}

fn words(command: impl TypedCommand) -> String {
    let command = command.into_command();
    let words = command.arguments().map(|word| String::from_utf8_lossy(word).into_owned());
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn an_area_is_around_a_member_or_a_position() {
    let search = |area: GeoArea| words(cmd::geosearch::<()>("k", area));
    let unit = GeoUnit::Kilometers;
    assert_eq!(
        search(GeoArea::circle("Rome", 200.0, unit).clone()),
        "GEOSEARCH k FROMMEMBER Rome BYRADIUS 200 km"
    );
    assert_eq!(
        search(GeoArea::rectangle(BETWEEN, 1.5, 2.0, unit)),
        "GEOSEARCH k FROMLONLAT 15 37 BYBOX 1.5 2 km"
    );
    assert_eq!(
        search(GeoArea::polygon(&[BETWEEN, PALERMO, CATANIA])),
        "GEOSEARCH k BYPOLYGON 3 15 37 13.361389 38.115556 15.087269 37.502669"
    );
}

#[test]
fn a_found_place_tells_where_it_is_wrong() {
    let reply = &b"*1\r\n*3\r\n$4\r\nRome\r\n$1\r\n1\r\n*1\r\n,1.5\r\n"[..];
    let frame = Frame::parse(reply, &Default::default()).expect("a reply");
    let error = Vec::<GeoFound<String>>::from_frame(frame).expect_err("no position");
    assert_eq!(
        error.to_string(),
        "element 0, element 2: expected an array of 2, got an array of 1"
    );
}
