//! Two clusters that are asked the same: a real one and a simulated one.

use std::io::{self, Cursor};
use std::time::Duration;

use hashslot::sim::{Session, Version, World};

use crate::servers::cluster::Cluster;
use crate::servers::raw::{Connection, Reply, encode, read_reply};

/// The primaries of each cluster.
pub(super) const NODE_COUNT: usize = 3;

/// One word of a command, before it is said what the nodes are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    Text(Vec<u8>),
    Id(usize),
    Host(usize),
    Port(usize),
}

impl<T: AsRef<[u8]>> From<T> for Word {
    fn from(text: T) -> Self {
        Self::Text(text.as_ref().to_vec())
    }
}

/// Several words in one text.
pub(super) fn words(text: &str) -> Vec<Word> {
    text.split(' ').map(Word::from).collect()
}

/// What the nodes of one side are called.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    ids: Vec<String>,
    host: String,
    ports: Vec<u16>,
}

impl Names {
    fn say(&self, word: &Word) -> Vec<u8> {
        match word {
            Word::Text(text) => text.clone(),
            Word::Id(node) => self.ids[*node].clone().into_bytes(),
            Word::Host(_) => self.host.clone().into_bytes(),
            Word::Port(node) => self.ports[*node].to_string().into_bytes(),
        }
    }

    fn node_with_id(&self, id: &str) -> Option<usize> {
        self.ids.iter().position(|known| known == id)
    }

    fn node_at(&self, endpoint: &str) -> Option<usize> {
        let (host, port) = endpoint.rsplit_once(':')?;
        let port: u16 = port.parse().ok()?;
        (host == self.host).then(|| self.ports.iter().position(|known| *known == port))?
    }

    /// The reply as it would be if both sides called their nodes alike, and answered in order.
    pub(super) fn compared(&self, words: &[Word], reply: &Reply) -> Reply {
        let word = |at: usize| match words.get(at) {
            Some(Word::Text(text)) => String::from_utf8_lossy(text).to_ascii_uppercase(),
            _ => String::new(),
        };
        match (word(0).as_str(), word(1).as_str(), reply) {
            (_, _, Reply::Error(text)) => Reply::Error(self.error(text)),
            ("SMEMBERS", ..) => sorted(reply),
            ("CLUSTER", "SLOTS" | "SHARDS", _) => sorted(&without_offsets(&self.renamed(reply))),
            ("HGETALL", ..) => paired(reply),
            ("HELLO", ..) => greeting(reply),
            ("CLUSTER", "NODES", Reply::Bulk(Some(text))) => {
                Reply::Bulk(Some(self.lines(text).into_bytes()))
            }
            ("CLUSTER", "NODES", Reply::Verbatim(format, text)) => {
                Reply::Verbatim(format.clone(), self.lines(text).into_bytes())
            }
            ("CLUSTER", "MYID", _) => self.renamed(reply),
            _ => reply.clone(),
        }
    }

    /// A redirection whole, with the node instead of its address; of other errors, the code.
    fn error(&self, text: &str) -> String {
        let words = text.split(' ').collect::<Vec<_>>();
        match words[..] {
            [code @ ("MOVED" | "ASK"), slot, endpoint] => {
                let node = self.node_at(endpoint);
                node.map_or_else(|| text.to_owned(), |node| format!("{code} {slot} node-{node}"))
            }
            [code, ..] => code.to_owned(),
            [] => String::new(),
        }
    }

    fn renamed(&self, reply: &Reply) -> Reply {
        let all = |replies: &[Reply]| replies.iter().map(|reply| self.renamed(reply)).collect();
        match reply {
            Reply::Bulk(Some(text)) => {
                let text = String::from_utf8_lossy(text);
                let name = self.node_with_id(&text).map(|node| format!("node-{node}"));
                let name = name.or_else(|| (text == self.host).then(|| "host".to_owned()));
                Reply::Bulk(Some(name.unwrap_or_else(|| text.into_owned()).into_bytes()))
            }
            Reply::Integer(number) => {
                let port = u16::try_from(*number).ok();
                let node = self.ports.iter().position(|known| port == Some(*known));
                node.map_or_else(
                    || reply.clone(),
                    |node| Reply::Simple(format!("port of node-{node}")),
                )
            }
            Reply::Array(Some(elements)) => Reply::Array(Some(all(elements))),
            Reply::Map(pairs) => Reply::Map(
                pairs.iter().map(|(key, value)| (key.clone(), self.renamed(value))).collect(),
            ),
            _ => reply.clone(),
        }
    }

    /// What `CLUSTER NODES` says, without times and epochs, sorted.
    fn lines(&self, text: &[u8]) -> String {
        let text = String::from_utf8_lossy(text);
        let mut lines: Vec<_> = text.lines().map(|line| self.line(line)).collect();
        lines.sort();
        lines.join("\n")
    }

    fn line(&self, line: &str) -> String {
        let name = |id: &str| {
            self.node_with_id(id).map_or_else(|| id.to_owned(), |node| format!("node-{node}"))
        };
        let mut words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        for (index, word) in words.iter_mut().enumerate() {
            *word = match index {
                0 | 3 => name(word),
                1 => {
                    let (address, bus) = word.split_once('@').unwrap_or((word, ""));
                    let (bus, more) = bus.split_at(bus.find(',').unwrap_or(bus.len()));
                    // Shards have IDs since 7.2, which say nothing here.
                    let more: Vec<_> =
                        more.split(',').filter(|part| !part.starts_with("shard-id=")).collect();
                    let port = address.rsplit(':').next().and_then(|port| port.parse().ok());
                    let is_bus =
                        port.map(|port: u32| (port + 10_000).to_string()).as_deref() == Some(bus);
                    format!("{:?} {is_bus} {more:?}", self.node_at(address))
                }
                4..=6 => "0".to_owned(),
                // [slot->-id] and [slot-<-id]
                8.. if word.starts_with('[') => {
                    let id = word
                        .trim_end_matches(']')
                        .get(word.len().saturating_sub(41)..)
                        .unwrap_or("");
                    word.replace(id, &name(id))
                }
                _ => word.clone(),
            };
        }
        let mut slots = words.split_off(words.len().min(8));
        // Servers before Valkey 9 still call a slot migrating when it has gone.
        let has = |slot: &str| {
            let slot = slot.parse::<u16>().ok();
            slots.iter().any(|range| {
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                let bound = |text: &str| text.parse::<u16>().ok();
                bound(first).is_some() && bound(first) <= slot && slot <= bound(last)
            })
        };
        let is_stale = |word: &str| {
            word.strip_prefix('[')
                .and_then(|word| word.split_once("->-"))
                .is_some_and(|(slot, _)| !has(slot))
        };
        let mut shown: Vec<_> = slots.iter().filter(|word| !is_stale(word)).cloned().collect();
        shown.sort();
        slots = shown;
        words.append(&mut slots);
        words.join(" ")
    }
}

/// `CLUSTER SHARDS` without what grows by itself.
fn without_offsets(reply: &Reply) -> Reply {
    let is_name = |reply: &Reply| reply.text().as_deref() == Some("replication-offset");
    match reply {
        Reply::Array(Some(elements)) => {
            let is_offset = |index: usize| index > 0 && is_name(&elements[index - 1]);
            let elements = elements.iter().enumerate().map(|(index, element)| {
                if is_offset(index) { Reply::Integer(0) } else { without_offsets(element) }
            });
            Reply::Array(Some(elements.collect()))
        }
        Reply::Map(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| {
                let value = if is_name(key) { Reply::Integer(0) } else { without_offsets(value) };
                (key.clone(), value)
            });
            Reply::Map(pairs.collect())
        }
        _ => reply.clone(),
    }
}

fn sorted(reply: &Reply) -> Reply {
    let sorted = |elements: &[Reply]| {
        let mut elements = elements.to_vec();
        elements.sort_by_key(|element| format!("{element:?}"));
        elements
    };
    match reply {
        Reply::Array(Some(elements)) => Reply::Array(Some(sorted(elements))),
        Reply::Set(elements) => Reply::Set(sorted(elements)),
        _ => reply.clone(),
    }
}

/// Pairs in order, whether they are a map or stand in an array.
fn paired(reply: &Reply) -> Reply {
    match reply {
        Reply::Array(Some(elements)) => {
            let (pairs, odd) = elements.as_chunks::<2>();
            let mut pairs = pairs.to_vec();
            pairs.sort_by_key(|pair| format!("{pair:?}"));
            Reply::Array(Some(pairs.into_iter().flatten().chain(odd.iter().cloned()).collect()))
        }
        Reply::Map(pairs) => {
            let mut pairs = pairs.clone();
            pairs.sort_by_key(|pair| format!("{pair:?}"));
            Reply::Map(pairs)
        }
        _ => reply.clone(),
    }
}

/// The reply to `HELLO` without what differs between two servers of one version.
fn greeting(reply: &Reply) -> Reply {
    let blank = |key: &Reply, value: &Reply| match (key.text().as_deref(), value) {
        (Some("id"), Reply::Integer(_)) => Reply::Integer(0),
        (Some("version"), Reply::Bulk(Some(text))) => {
            let text = String::from_utf8_lossy(text);
            let minor: Vec<_> = text.split('.').take(2).collect();
            Reply::Bulk(Some(minor.join(".").into_bytes()))
        }
        // They may have been built in.
        (Some("modules"), Reply::Array(Some(_))) => Reply::Array(Some(Vec::new())),
        _ => value.clone(),
    };
    match reply {
        Reply::Array(Some(elements)) => {
            let pairs = elements.as_chunks::<2>().0;
            let pairs = pairs.iter().flat_map(|[key, value]| [key.clone(), blank(key, value)]);
            Reply::Array(Some(pairs.collect()))
        }
        Reply::Map(pairs) => {
            Reply::Map(pairs.iter().map(|(key, value)| (key.clone(), blank(key, value))).collect())
        }
        _ => reply.clone(),
    }
}

/// One of the two.
pub(super) trait Side {
    fn names(&self) -> &Names;

    /// Sends a command on a connection, and receives the reply.
    fn call(&mut self, connection: usize, words: &[Word]) -> io::Result<Reply>;

    /// Sends commands on a connection of its own to a node, and receives the replies.
    fn ask_all(&mut self, node: usize, commands: &[Vec<Word>]) -> io::Result<Vec<Reply>>;

    /// The same with one command.
    fn ask(&mut self, node: usize, words: &[Word]) -> io::Result<Reply> {
        let mut replies = self.ask_all(node, &[words.to_vec()])?;
        replies.pop().ok_or_else(|| io::Error::other("no reply"))
    }

    /// Who owns a slot, as each of the nodes sees it.
    fn owners(&mut self, slots: &[u16]) -> io::Result<Vec<Option<usize>>> {
        let mut owners = Vec::new();
        for node in 0..NODE_COUNT {
            let reply = self.ask(node, &words("CLUSTER SLOTS"))?;
            for slot in slots {
                let is_it = |row: &&Reply| {
                    let bound = |at| row.at(at).and_then(Reply::integer).unwrap_or(-1);
                    (bound(0)..=bound(1)).contains(&i64::from(*slot))
                };
                let row = reply.elements().iter().find(is_it);
                let id = row.and_then(|row| row.at(2)?.at(2)?.text());
                owners.push(id.and_then(|id| self.names().node_with_id(&id)));
            }
        }
        Ok(owners)
    }

    /// Whether a node imports a slot.
    fn imports(&mut self, node: usize, slot: u16) -> io::Result<bool> {
        let text = self.ask(node, &words("CLUSTER NODES"))?.text().unwrap_or_default();
        Ok(text.contains(&format!("[{slot}-<-")))
    }
}

/// The real cluster.
#[derive(Debug)]
pub(super) struct Real {
    names: Names,
    connections: Vec<Connection>,
    own: Vec<Connection>,
}

impl Real {
    pub(super) fn new(cluster: &Cluster) -> io::Result<Self> {
        let own =
            (0..NODE_COUNT).map(|node| cluster.connection(node)).collect::<io::Result<_>>()?;
        let nodes = cluster.nodes();
        let names = Names {
            ids: nodes.iter().map(|node| node.id.clone()).collect(),
            host: "127.0.0.1".to_owned(),
            ports: nodes.iter().map(|node| node.port).collect(),
        };
        Ok(Self { names, connections: Vec::new(), own })
    }

    /// Whether each node has heard of all configuration epochs: what comes next does not depend on
    /// messages that are on their way.
    pub(super) fn is_quiet(&mut self) -> io::Result<bool> {
        let mut heard: Option<Vec<String>> = None;
        for node in 0..NODE_COUNT {
            let text = self.ask(node, &words("CLUSTER NODES"))?.text().unwrap_or_default();
            let epoch = |line: &str| {
                let words: Vec<_> = line.split(' ').collect();
                format!("{:?} {:?}", words.first(), words.get(6))
            };
            let mut epochs: Vec<_> = text.lines().map(epoch).collect();
            epochs.sort();
            if *heard.get_or_insert_with(|| epochs.clone()) != epochs {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Has new connections, one to each of these nodes.
    pub(super) fn connect(&mut self, cluster: &Cluster, nodes: &[usize]) -> io::Result<()> {
        self.connections.clear();
        for node in nodes {
            self.connections.push(cluster.connection(*node)?);
        }
        Ok(())
    }
}

impl Side for Real {
    fn names(&self) -> &Names {
        &self.names
    }

    fn call(&mut self, connection: usize, words: &[Word]) -> io::Result<Reply> {
        let words: Vec<_> = words.iter().map(|word| self.names.say(word)).collect();
        self.connections[connection].call(&words)
    }

    fn ask_all(&mut self, node: usize, commands: &[Vec<Word>]) -> io::Result<Vec<Reply>> {
        let say = |words: &Vec<Word>| {
            encode(&words.iter().map(|word| self.names.say(word)).collect::<Vec<_>>())
        };
        let bytes: Vec<_> = commands.iter().flat_map(say).collect();
        self.own[node].send_bytes(&bytes)?;
        commands.iter().map(|_| self.own[node].receive()).collect()
    }
}

/// The simulated cluster.
#[derive(Debug)]
pub(super) struct Model {
    names: Names,
    world: World,
    connections: Vec<(usize, Session)>,
}

impl Model {
    pub(super) fn new(version: Version, nodes: &[usize]) -> io::Result<Self> {
        let world = World::still(version, NODE_COUNT);
        let ports = world.seeds().iter().map(hashslot::Address::port).collect();
        let host = world.seeds()[0].host().to_owned();
        let names = Names { ids: vec![String::new(); NODE_COUNT], host, ports };
        let connections = nodes.iter().map(|node| (*node, Session::new(0))).collect();
        let mut model = Self { names, world, connections };
        for node in 0..NODE_COUNT {
            let id = model.ask(node, &words("CLUSTER MYID"))?.text();
            model.names.ids[node] = id.unwrap_or_default();
        }
        Ok(model)
    }

    fn run(&mut self, node: usize, session: &mut Session, words: &[Word]) -> io::Result<Reply> {
        let words: Vec<_> = words.iter().map(|word| self.names.say(word)).collect();
        let bytes = self.world.execute(node, session, &words);
        // What the nodes tell each other takes no time, but it does not come at once.
        let soon = self.world.now() + Duration::from_millis(1);
        while self.world.next_event(Some(soon)).is_some() {}
        let mut left = Cursor::new(bytes);
        let reply = read_reply(&mut left)?;
        let len = u64::try_from(left.get_ref().len()).unwrap_or(0);
        if left.position() == len { Ok(reply) } else { Err(io::Error::other("two replies")) }
    }
}

impl Side for Model {
    fn names(&self) -> &Names {
        &self.names
    }

    fn call(&mut self, connection: usize, words: &[Word]) -> io::Result<Reply> {
        let mut taken = std::mem::replace(&mut self.connections[connection], (0, Session::new(0)));
        let reply = self.run(taken.0, &mut taken.1, words);
        self.connections[connection] = taken;
        reply
    }

    fn ask_all(&mut self, node: usize, commands: &[Vec<Word>]) -> io::Result<Vec<Reply>> {
        let mut session = Session::new(0);
        commands.iter().map(|words| self.run(node, &mut session, words)).collect()
    }
}
