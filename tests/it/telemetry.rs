//! What clients tell `tracing` and `metrics`, held against the tables of `runtimes/telemetry.md`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use hashslot::error::ErrorKind;
use hashslot::{Call, Command, Commands, Config, Credentials, cmd};
use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};

use crate::servers::fake::{Bound, FakeNode, Reaction, Request, answers_handshake, id_of};

type Done = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// The rows of the tables, cell by cell.
fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let page = include_str!("../../runtimes/telemetry.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect()
    })
}

// --- tracing ---------------------------------------------------------------------------------

/// A span or an event, as it was emitted.
#[derive(Debug, Clone)]
struct Told {
    name: &'static str,
    what: String,
    values: BTreeMap<&'static str, String>,
}

/// Keeps all that it is told, and which spans have ended, in that order.
#[derive(Debug, Default)]
struct Log(Mutex<Vec<Told>>, Mutex<Vec<usize>>);

impl Visit for Told {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.values.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.values.insert(field.name(), format!("{value:?}"));
    }
}

impl Log {
    fn tell(
        &self,
        metadata: &'static tracing::Metadata<'static>,
        fill: impl FnOnce(&mut Told),
    ) -> u64 {
        assert_eq!(metadata.target(), "hashslot");
        let kind = if metadata.is_span() { "span" } else { "event" };
        let fields: BTreeSet<_> = metadata.fields().iter().map(|field| field.name()).collect();
        let fields: Vec<_> = fields.into_iter().filter(|name| *name != "message").collect();
        let what = format!("{kind} {} {}", metadata.level(), fields.join(" "));
        let mut told = Told { name: metadata.name(), what, values: BTreeMap::new() };
        fill(&mut told);
        let mut all = self.0.lock().unwrap();
        all.push(told);
        all.len() as u64
    }

    /// What was told under a name.
    fn of(&self, name: &str) -> Vec<Told> {
        self.0.lock().unwrap().iter().filter(|told| told.name == name).cloned().collect()
    }

    /// The spans that have ended, with their values at the end: what a subscriber logs that logs
    /// ends.
    fn ended(&self) -> Vec<Told> {
        let all = self.0.lock().unwrap();
        self.1.lock().unwrap().iter().map(|place| all[*place].clone()).collect()
    }

    /// The values of the last call.
    fn last_call(&self) -> BTreeMap<&'static str, String> {
        self.of("hashslot.call").pop().unwrap().values
    }
}

thread_local! {
    /// Who listens on this thread.
    static LISTENER: RefCell<Option<Arc<Log>>> = const { RefCell::new(None) };
}

/// Hands everything to the test that listens on the thread on which it is told. There is one
/// subscriber for the whole process: `tracing` remembers for each event whether a subscriber wants
/// it. Tests without a subscriber would make it skip the events of tests with one.
struct Listeners;

/// A span to which no test listens.
const NOBODY: u64 = u64::MAX;

fn listener() -> Option<Arc<Log>> {
    LISTENER.with_borrow(Clone::clone)
}

impl Subscriber for Listeners {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "hashslot"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let told = listener().map(|log| log.tell(span.metadata(), |told| span.record(told)));
        Id::from_u64(told.unwrap_or(NOBODY))
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        if let Some(log) = listener().filter(|_| span.into_u64() != NOBODY) {
            let place = usize::try_from(span.into_u64()).unwrap() - 1;
            values.record(&mut log.0.lock().unwrap()[place]);
        }
    }

    fn event(&self, event: &Event<'_>) {
        assert!(event.is_root(), "an event of the cluster has no parent");
        if let Some(log) = listener() {
            log.tell(event.metadata(), |told| event.record(told));
        }
    }

    fn try_close(&self, span: Id) -> bool {
        if let Some(log) = listener().filter(|_| span.into_u64() != NOBODY) {
            let place = usize::try_from(span.into_u64()).unwrap() - 1;
            log.1.lock().unwrap().push(place);
        }
        true
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

// --- metrics ---------------------------------------------------------------------------------

/// Keeps all that is counted.
#[derive(Debug, Default)]
struct Counts {
    described: Mutex<BTreeMap<String, String>>,
    counters: Mutex<BTreeMap<String, Arc<AtomicU64>>>,
    gauges: Mutex<BTreeMap<String, Arc<AtomicU64>>>,
    histograms: Mutex<BTreeMap<String, Arc<Seconds>>>,
}

#[derive(Debug, Default)]
struct Seconds(Mutex<Vec<f64>>);

impl HistogramFn for Seconds {
    fn record(&self, value: f64) {
        self.0.lock().unwrap().push(value);
    }
}

fn place<V: Default>(map: &Mutex<BTreeMap<String, Arc<V>>>, key: &Key) -> Arc<V> {
    assert_eq!(key.labels().len(), 0);
    Arc::clone(map.lock().unwrap().entry(key.name().to_owned()).or_default())
}

impl Counts {
    fn describe(&self, name: &KeyName, description: &SharedString) {
        self.described.lock().unwrap().insert(name.as_str().to_owned(), description.to_string());
    }

    /// Kind and description by name.
    fn kinds(&self) -> BTreeMap<String, String> {
        fn names<V>(map: &Mutex<BTreeMap<String, V>>) -> Vec<String> {
            map.lock().unwrap().keys().cloned().collect()
        }
        let kinds = [
            ("counter", names(&self.counters)),
            ("gauge", names(&self.gauges)),
            ("histogram", names(&self.histograms)),
        ];
        let described = self.described.lock().unwrap();
        let pairs = kinds.into_iter().flat_map(|(kind, names)| {
            let described = &described;
            names.into_iter().map(move |name| {
                let what = format!("{kind} {}", described[&name]);
                (name, what)
            })
        });
        pairs.collect()
    }

    fn count(&self, name: &str) -> u64 {
        self.counters.lock().unwrap()[name].load(Ordering::SeqCst)
    }

    fn gauge(&self, name: &str) -> f64 {
        f64::from_bits(self.gauges.lock().unwrap()[name].load(Ordering::SeqCst))
    }

    fn times(&self) -> usize {
        self.histograms.lock().unwrap()["hashslot_call_seconds"].0.lock().unwrap().len()
    }
}

impl Recorder for Counts {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, description: SharedString) {
        self.describe(&name, &description);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, description: SharedString) {
        self.describe(&name, &description);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, description: SharedString) {
        self.describe(&name, &description);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(place(&self.counters, key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(place(&self.gauges, key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(place(&self.histograms, key))
    }
}

// --- the cluster -----------------------------------------------------------------------------

/// Two nodes, a primary and its replica, until they change places.
struct Pair {
    nodes: [FakeNode; 2],
    has_failed_over: Arc<AtomicBool>,
    is_broken: Arc<AtomicBool>,
}

fn slots(primary: u16, replica: u16) -> Reaction {
    let node =
        |port| format!("*4\r\n$9\r\n127.0.0.1\r\n:{port}\r\n$40\r\n{}\r\n*0\r\n", id_of(port));
    let nodes = format!("{}{}", node(primary), node(replica));
    Reaction::Reply(format!("*1\r\n*4\r\n:0\r\n:16383\r\n{nodes}").into_bytes())
}

impl Pair {
    fn start() -> std::io::Result<Self> {
        let bound = [Bound::new()?, Bound::new()?];
        let ports = [bound[0].port(), bound[1].port()];
        let (has_failed_over, is_broken) = (Arc::default(), Arc::default());
        let answer = |myself: usize, failed_over: &Arc<AtomicBool>, broken: &Arc<AtomicBool>| {
            let (failed_over, broken) = (Arc::clone(failed_over), Arc::clone(broken));
            move |request: &Request| {
                let primary = usize::from(failed_over.load(Ordering::SeqCst));
                let other = ports[1 - primary];
                match request.arg(1).as_str() {
                    _ if request.is("CLUSTER") && broken.load(Ordering::SeqCst) => {
                        Reaction::line("-ERR no secret plan")
                    }
                    _ if request.is("CLUSTER SLOTS") => slots(ports[primary], other),
                    _ if request.is("CLUSTER") => Reaction::line("-ERR unknown subcommand"),
                    _ if request.is("EXEC") => Reaction::line("*1\r\n+OK"),
                    _ if request.is("MULTI") => Reaction::line("+OK"),
                    _ if request.is("AUTH") && request.arg(2) == "refused" => {
                        Reaction::line("-WRONGPASS of secret")
                    }
                    "queued" => Reaction::line("+QUEUED"),
                    "wrong" => Reaction::line("-WRONGTYPE of secret"),
                    "stray" => {
                        let slot = hashslot::Slot::of_key(b"stray");
                        Reaction::line(&format!("-MOVED {slot} 127.0.0.1:1"))
                    }
                    "silent" => Reaction::Silent,
                    "close" => Reaction::Close,
                    _ if request.is("GET") && myself != primary => {
                        let slot = hashslot::Slot::of_key(request.arg(1).as_bytes());
                        Reaction::line(&format!("-MOVED {slot} 127.0.0.1:{}", ports[primary]))
                    }
                    _ if request.is("GET") => Reaction::bulk(b"secret"),
                    _ => answers_handshake(request, &[]).unwrap_or_else(|| Reaction::line("+OK")),
                }
            }
        };
        let [first, second] = bound;
        let nodes = [
            first.start(answer(0, &has_failed_over, &is_broken))?,
            second.start(answer(1, &has_failed_over, &is_broken))?,
        ];
        Ok(Self { nodes, has_failed_over, is_broken })
    }
}

fn change(config: &mut Config) {
    config.credentials = Some(Credentials::password("secret"));
}

/// Runs a test in which all is kept that is told.
fn watched(test: impl FnOnce(&Log, &Counts) -> Done) -> Done {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        tracing::subscriber::set_global_default(Listeners).expect("there is no other");
    });
    let (log, counts) = (Arc::new(Log::default()), Counts::default());
    LISTENER.set(Some(Arc::clone(&log)));
    let done = metrics::with_local_recorder(&counts, || test(&log, &counts));
    LISTENER.set(None);
    done?;
    let told = format!("{:?}", log.0.lock().unwrap());
    assert!(!told.contains("secret") && !told.contains("key:"), "{told}");
    Ok(())
}

/// Waits for something to be told.
async fn until(log: &Log, name: &str, condition: impl Fn(&BTreeMap<&str, String>) -> bool) {
    for _ in 0..1000 {
        if log.of(name).iter().any(|told| condition(&told.values)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no such {name} within ten seconds: {:#?}", log.0.lock().unwrap());
}

// --- the tests -------------------------------------------------------------------------------

/// Everything that can be told is, and it is what the tables say.
#[test]
fn the_tables_say_what_is_told() -> Done {
    watched(|log, counts| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let stats = runtime.block_on(everything(log))?;
        let told = |told: &Told| (told.name.to_owned(), told.what.clone());
        let told: BTreeMap<_, _> = log.0.lock().unwrap().iter().map(told).collect();
        let (words, numbers): (Vec<_>, Vec<_>) = rows().partition(|row| row.len() == 4);
        let listed = words.iter().map(|row| {
            let fields: BTreeSet<_> =
                row[3].split(['`', ' ']).filter(|name| !name.is_empty()).collect();
            let fields = fields.into_iter().collect::<Vec<_>>().join(" ");
            (row[0].to_owned(), format!("{} {} {fields}", row[1], row[2]))
        });
        assert_eq!(told, listed.collect());
        let listed =
            numbers.iter().map(|row| (row[0].to_owned(), format!("{} {}", row[1], row[2])));
        assert_eq!(counts.kinds(), listed.collect());

        // The counters are those of the machine, by their names.
        let mut fields = 0;
        for field in format!("{stats:?}").trim_end_matches(" }").split(['{', ',']).skip(1) {
            let (name, count) = field.split_once(':').unwrap();
            let name = format!("hashslot_{}_total", name.trim());
            assert_eq!(counts.count(&name).to_string(), count.trim(), "{name}");
            fields += 1;
        }
        assert_eq!(counts.counters.lock().unwrap().len(), fields);
        assert_eq!(
            counts.times() as u64,
            stats.calls_completed,
            "those that were given up have none"
        );
        // The client is gone, and so is its share.
        assert_eq!(counts.gauge("hashslot_calls_in_progress").to_bits(), 0);
        assert_eq!(counts.gauge("hashslot_links_open").to_bits(), 0);
        Ok(())
    })
}

/// Has everything happen that is worth telling. What was counted in the end.
async fn everything(
    log: &Log,
) -> Result<hashslot::Stats, Box<dyn std::error::Error + Send + Sync>> {
    let pair = Pair::start()?;
    let builder = hashslot::tokio::Client::builder().configure(change);
    let client = builder.seed(pair.nodes[0].address().parse()?).connect().await?;
    assert_eq!(log.last_call()["kind"], "discovery");

    assert_eq!(client.get::<String>("key:1").await?, "secret");
    let call = log.last_call();
    assert_eq!((&*call["kind"], &*call["command"], &*call["commands"]), ("one", "GET", "1"));
    assert_eq!(call["slot"], hashslot::Slot::of_key(b"key:1").to_string());
    assert_eq!(call["outcome"], "ok");
    assert!(!call.contains_key("error") && !call.contains_key("failed"), "{call:?}");

    assert!(client.get::<String>("wrong").await.is_err());
    let call = log.last_call();
    assert_eq!(
        (&*call["outcome"], &*call["error"], &*call["code"]),
        ("error", "server", "WRONGTYPE")
    );
    assert_eq!(call["may_have_executed"], "true");

    let commands = [Command::get("key:1"), Command::get("wrong"), Command::get("key:2")];
    let ends = client.pipeline_each(commands).await?;
    assert_eq!(ends.each_ref().map(Result::is_ok), [true, false, true]);
    let call = log.last_call();
    assert_eq!((&*call["kind"], &*call["commands"], &*call["failed"]), ("pipeline", "3", "1"));
    client.transaction([cmd::get::<String>("queued")]).await?;
    assert_eq!((&*log.last_call()["kind"], &*log.last_call()["outcome"]), ("transaction", "ok"));

    assert!(client.set_credentials(Credentials::user("secret", "refused")).await.is_err());
    client.set_credentials(Credentials::password("secret")).await?;
    assert_eq!(log.of("hashslot.authentication_refused")[0].values["code"], "WRONGPASS");

    let odd = client.command::<String>(Command::new("SET key:1 secret")).await;
    assert!(odd.is_ok());
    assert_eq!(log.last_call()["command"], "other");

    let given_up = tokio::time::timeout(Duration::from_millis(50), client.get::<String>("silent"));
    assert!(given_up.await.is_err());
    assert_eq!(log.last_call()["outcome"], "cancelled");

    // The connection with the silent answer is lost, a node pushes, two nodes change places.
    assert!(client.call(Call::new(Command::incr("close"))).await.is_err());
    assert_eq!(log.last_call()["error"], "connection");
    client.get::<String>("key:1").await?;
    let connection = pair.nodes[0].connection_count() - 1;
    pair.nodes[0].send(connection, b">2\r\n+invalidate\r\n*1\r\n$6\r\nsecret\r\n")?;
    until(log, "hashslot.pushed", |pushed| pushed["kind"] == "invalidate").await;
    pair.has_failed_over.store(true, Ordering::SeqCst);
    client.get::<String>("key:1").await?;
    let follower = pair.nodes[0].address();
    let has_changed = |role: &BTreeMap<&str, String>| role["node"] == follower;
    until(log, "hashslot.role_changed", has_changed).await;

    // A node names one that is none, and then no node knows anything.
    let own = client.clone();
    let stray = tokio::spawn(async move { own.get::<String>("stray").await });
    until(log, "hashslot.redirection_refused", |refused| refused["to"] == "127.0.0.1:1").await;
    stray.abort();
    pair.is_broken.store(true, Ordering::SeqCst);
    client.refresh_topology();
    let has_failed = |seed: &BTreeMap<&str, String>| seed["failure"] == "refused";
    until(log, "hashslot.seed_failed", has_failed).await;
    assert_eq!(log.of("hashslot.seed_failed")[0].values["code"], "ERR");

    let stats = client.stats().await?;
    client.close().await;
    Ok(stats)
}

/// The page's example logs the ends of spans, at this level: that is a line for each call, which
/// tells what it was and how it ended.
#[test]
fn a_subscriber_as_in_the_example_of_the_page_logs_each_call() -> Done {
    let page = include_str!("../../runtimes/telemetry.md");
    let example = page.split("```").nth(1).ok_or("no example")?;
    for part in [".with_span_events(FmtSpan::CLOSE)", "\"hashslot=debug\""] {
        assert!(example.contains(part), "the example lacks {part}:\n{example}");
    }
    watched(|log, _| {
        let pair = Pair::start()?;
        let builder = hashslot::blocking::Client::builder().configure(change);
        let client = builder.seed(pair.nodes[0].address().parse()?).connect()?;
        client.set("key:1", "value")?;
        client.get::<String>("key:1")?;
        assert!(client.get::<String>("wrong").is_err());
        let ends = client.pipeline_each([Command::get("key:1"), Command::get("wrong")])?;
        assert_eq!(ends.each_ref().map(Result::is_ok), [true, false]);
        let short = Call::new(Command::get("silent")).timeout(Duration::from_millis(50));
        assert!(client.call(short).is_err());
        let lines = log.ended().into_iter().map(|told| {
            assert!(told.what.starts_with("span DEBUG "), "{told:?}");
            let fields = ["kind", "command", "outcome", "error", "code", "failed"];
            let values = fields.iter().filter_map(|field| told.values.get(field).cloned());
            format!("{} {}", told.name, values.collect::<Vec<_>>().join(" "))
        });
        let expected = [
            "hashslot.call discovery ok",
            "hashslot.call one SET ok",
            "hashslot.call one GET ok",
            "hashslot.call one GET error server WRONGTYPE",
            "hashslot.call pipeline GET ok 1",
            "hashslot.call one GET error timeout",
        ];
        assert_eq!(lines.collect::<Vec<_>>(), expected);
        Ok(())
    })
}

/// The same on the caller's own thread.
#[test]
fn a_client_without_a_runtime_tells_the_same() -> Done {
    watched(|log, counts| {
        let pair = Pair::start()?;
        let builder = hashslot::blocking::Client::builder().configure(change);
        let client = builder.seed(pair.nodes[0].address().parse()?).connect()?;
        for _ in 0..10 {
            assert_eq!(client.get::<String>("key:1")?, "secret");
        }
        assert!(
            client.get::<String>("wrong").is_err_and(|error| error.kind() == ErrorKind::Server)
        );
        assert_eq!(log.last_call()["code"], "WRONGTYPE");
        assert_eq!(log.of("hashslot.call").len(), 12);
        assert!(!log.of("hashslot.link_ready").is_empty());
        assert_eq!(counts.count("hashslot_calls_completed_total"), 12);
        assert_eq!(counts.times(), 12);
        assert_eq!(counts.gauge("hashslot_calls_in_progress").to_bits(), 0);
        assert!(counts.gauge("hashslot_links_open") > 0.5);
        drop(client);
        assert_eq!(counts.gauge("hashslot_links_open").to_bits(), 0);
        Ok(())
    })
}
