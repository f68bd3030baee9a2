//! Specifics of a client without a runtime: a waiting thread drives it, for all the others.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hashslot::blocking::Client;
use hashslot::error::ErrorKind;
use hashslot::{Call, Command, Commands, Config, Error, Event, Frame, Reply, Scan};

use super::{Done, USUAL, shared};
use crate::servers::cluster::Cluster;
use crate::servers::slots::slot_of;
use crate::servers::wait_until;

fn connect(cluster: &Cluster) -> Result<Client, super::Failure> {
    Ok(Client::connect(&format!("redis://{}", cluster.addresses().join(",")))?)
}

fn on_usual(test: impl FnOnce(&Cluster) -> Done) -> Done {
    let Some(cluster) = shared(USUAL)? else { return Ok(()) };
    test(&cluster)
}

#[test]
fn many_threads_share_a_client_and_each_gets_its_own_answers() -> Done {
    on_usual(|cluster| {
        let client = connect(cluster)?;
        thread::scope(|scope| {
            for thread in 0..32 {
                let client = &client;
                scope.spawn(move || {
                    for turn in 0..200 {
                        let (key, value) =
                            (format!("t{thread}:{turn}"), format!("{thread}/{turn}"));
                        client.set(key.as_str(), value.as_str()).unwrap();
                        assert_eq!(client.get::<String>(key.as_str()).unwrap(), value);
                    }
                });
            }
        });
        let stats = client.stats()?;
        assert_eq!(stats.late_replies, 0);
        Ok(())
    })
}

#[test]
fn who_waits_long_drives_for_those_who_come_and_go() -> Done {
    on_usual(|cluster| {
        let client = connect(cluster)?;
        let is_done = AtomicBool::new(false);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| client.events().find(is_of_the_end));
            let callers = (0..4).map(|index| {
                let client = &client;
                scope.spawn(move || {
                    for _ in 0..300 {
                        client.incr(format!("waits:{index}").as_str()).unwrap();
                    }
                })
            });
            for caller in callers.collect::<Vec<_>>() {
                caller.join().unwrap();
            }
            is_done.store(true, Ordering::Release);
            client.close();
            assert_eq!(waiting.join().unwrap(), None, "the stream ends with the client");
        });
        assert!(
            client
                .get::<Option<String>>("x")
                .is_err_and(|error| error.kind() == ErrorKind::ShutDown)
        );
        Ok(())
    })
}

fn is_of_the_end(_: &Event) -> bool {
    false
}

#[test]
fn the_seat_passes_on_when_its_holder_is_served() -> Done {
    on_usual(|cluster| {
        let client = connect(cluster)?;
        client.set("seat", "taken")?;
        // The slow call is the first to wait; the quick ones must neither wait for it, nor it for
        // them.
        thread::scope(|scope| {
            let slow = scope.spawn(|| {
                let sleep = Command::new("DEBUG").arg("SLEEP").arg("0.3");
                let node = cluster.addresses().swap_remove(0).parse().unwrap();
                client.call_as::<Frame>(Call::new(sleep).on_node(node))
            });
            for _ in 0..2_000 {
                assert_eq!(client.get::<String>("seat").unwrap(), "taken");
            }
            slow.join().unwrap().unwrap();
        });
        Ok(())
    })
}

#[test]
fn who_comes_while_another_waits_long_is_served_by_other_nodes_meanwhile() -> Done {
    on_usual(|cluster| {
        let (client, keys) = one_key_of_a_node_that_pauses(cluster)?;
        thread::scope(|scope| {
            let slow = scope.spawn(|| client.get::<String>(keys[0].as_str()));
            let others = (0..4).map(|_| {
                scope.spawn(|| {
                    for _ in 0..50 {
                        assert_eq!(client.get::<String>(keys[1].as_str()).unwrap(), keys[1]);
                    }
                })
            });
            let same = scope.spawn(|| client.get::<String>(keys[0].as_str()));
            for other in others.collect::<Vec<_>>() {
                other.join().unwrap();
            }
            assert!(!slow.is_finished() && !same.is_finished(), "their node pauses");
            for waited in [slow, same] {
                assert_eq!(waited.join().unwrap().unwrap(), keys[0]);
            }
        });
        assert_eq!(client.stats()?.late_replies, 0);
        Ok(())
    })
}

#[test]
fn deadlines_pass_while_others_wait_and_while_nobody_does() -> Done {
    on_usual(|cluster| {
        let (client, keys) = one_key_of_a_node_that_pauses(cluster)?;
        let impatient = |time| {
            let get = Command::new("GET").arg(keys[0].as_str());
            client.call(Call::new(get).timeout(Duration::from_millis(time)))
        };
        let timed_out = |ended: Result<Reply, Error>| ended.as_ref().is_err_and(Error::is_timeout);
        thread::scope(|scope| {
            let slow = scope.spawn(|| client.get::<String>(keys[0].as_str()));
            let many = [40, 10, 70, 20].map(|time| scope.spawn(move || impatient(time)));
            for impatient in many {
                assert!(timed_out(impatient.join().unwrap()));
            }
            assert_eq!(client.get::<String>(keys[1].as_str()).unwrap(), keys[1]);
            assert!(!slow.is_finished(), "it has time");
            assert_eq!(slow.join().unwrap().unwrap(), keys[0]);
        });
        // The replies that came too late reach no caller.
        assert_eq!(client.get::<String>(keys[0].as_str())?, keys[0]);
        Ok(())
    })
}

/// A client, and two keys of two nodes. The value of each key is the key itself. The node of the
/// first key answers no command for two seconds from now on.
fn one_key_of_a_node_that_pauses(
    cluster: &Cluster,
) -> Result<(Client, [String; 2]), super::Failure> {
    let mut keys = (0..).map(|index| format!("of:{index}"));
    let one = keys.next().expect("there are many");
    let primary = cluster.primary_of(slot_of(&one))?;
    let other = loop {
        let key = keys.next().expect("there are many");
        if cluster.primary_of(slot_of(&key))? != primary {
            break key;
        }
    };
    let client = connect(cluster)?;
    let keys = [one, other];
    for key in &keys {
        client.set(key.as_str(), key.as_str())?;
    }
    cluster.call(primary, &["CLIENT", "PAUSE", "2000"])?;
    Ok((client, keys))
}

#[test]
fn an_idle_client_reads_what_came_before_it_looks_at_its_timers() -> Done {
    on_usual(|cluster| {
        let mut builder = Client::builder().configure(|config: &mut Config| {
            config.stall_timeout = Duration::from_millis(1500);
        });
        for address in cluster.addresses() {
            builder = builder.seed(address.parse()?);
        }
        let client = builder.connect()?;
        client.set("idle", "1")?;
        // Its reply comes when no thread waits any more. The client reads the reply only after
        // `stall_timeout`, when the link would have been given up as silent.
        let sleep = Command::new("DEBUG").arg("SLEEP").arg("1");
        let node = cluster.node(cluster.primary_of(slot_of("idle"))?);
        let sleep = Call::new(sleep).on_node(node.address.parse()?);
        let sleeping = client.call(sleep.timeout(Duration::from_millis(100)));
        assert!(sleeping.as_ref().is_err_and(Error::is_timeout), "{sleeping:?}");
        thread::sleep(Duration::from_secs(2));
        assert_eq!(client.get::<String>("idle")?, "1");
        let stats = client.stats()?;
        assert_eq!((stats.links_stalled, stats.late_replies), (0, 1));
        Ok(())
    })
}

#[test]
fn what_a_server_closed_meanwhile_is_made_anew() -> Done {
    on_usual(|cluster| {
        let client = connect(cluster)?;
        client.set("again", "1")?;
        for index in 0..cluster.nodes().len() {
            cluster.call(index, &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"])?;
        }
        for _ in 0..10 {
            assert_eq!(client.get::<String>("again")?, "1");
        }
        Ok(())
    })
}

#[test]
fn all_keys_come_page_by_page() -> Done {
    on_usual(|cluster| {
        cluster.flush_all()?;
        let client = connect(cluster)?;
        let all: BTreeSet<String> = (0..500).map(|index| format!("page:{index}")).collect();
        for key in &all {
            client.set(key.as_str(), "1")?;
        }
        let mut found = BTreeSet::new();
        for page in client.scan(Scan::new()) {
            found.extend(page?.iter().map(|key| String::from_utf8_lossy(key).into_owned()));
        }
        assert_eq!(found, all);
        Ok(())
    })
}

#[test]
fn nothing_is_left_of_clients_that_were_dropped() -> Done {
    on_usual(|cluster| {
        let client = connect(cluster)?;
        client.set("before", "1")?;
        let before = open_files()?;
        for _ in 0..100 {
            let client = Arc::new(connect(cluster)?);
            assert_eq!(client.get::<String>("before")?, "1");
            let other = Arc::clone(&client);
            let thread = thread::spawn(move || other.get::<String>("before"));
            drop(client);
            thread.join().unwrap()?;
        }
        // What other tests open at the same time passes.
        wait_until("the files are closed", Duration::from_secs(20), || {
            Ok(open_files()? <= before + 8)
        })?;
        Ok(())
    })
}

fn open_files() -> std::io::Result<usize> {
    Ok(fs::read_dir("/proc/self/fd")?.count())
}

#[test]
fn who_does_not_wait_for_the_cluster_waits_with_each_call() -> Done {
    let builder = Client::builder().seed("127.0.0.1:1".parse()?);
    let client = builder.call_timeout(Duration::from_millis(300)).connect_lazily()?;
    let begun_at = Instant::now();
    let failed = client.get::<String>("key");
    assert!(failed.is_err() && begun_at.elapsed() >= Duration::from_millis(300), "{failed:?}");
    assert!(failed.unwrap_err().to_string().contains("refused"));
    Ok(())
}

#[test]
fn names_are_resolved() -> Done {
    on_usual(|cluster| {
        let port = cluster.nodes()[0].port;
        let client = Client::connect(&format!("redis://localhost:{port}"))?;
        client.set("named", "1")?;
        let failed = Client::builder()
            .seed("no-such-host.invalid:7000".parse()?)
            .call_timeout(Duration::from_secs(3))
            .connect();
        assert!(failed.unwrap_err().to_string().contains("resolved"));
        Ok(())
    })
}
