//! A small blocking connection to one server: RESP2 and RESP3, no cluster logic.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How long a connection waits for bytes, unless told otherwise: a busy machine may need seconds.
const TIMEOUT: Duration = Duration::from_secs(15);
/// How long [`Connection::must`] repeats a command that a server refuses for the moment.
const REFUSAL_LIMIT: Duration = Duration::from_secs(10);
/// What servers refuse for the moment, before they have done anything: a replica is late, slots
/// move, a node is taken for dead by mistake, data are loaded. Valkey waits with CLUSTER SETSLOT
/// for its replicas, and answers the first.
const MOMENTARY: [&str; 5] =
    ["NOREPLICAS ", "TRYAGAIN ", "CLUSTERDOWN ", "LOADING ", "MASTERDOWN "];

/// A reply, with all its bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// `+`: a status such as `OK`.
    Simple(String),
    /// `-` or `!`: an error, its code first.
    Error(String),
    /// `:`: an integer.
    Integer(i64),
    /// `$`: bytes, or RESP2's null.
    Bulk(Option<Vec<u8>>),
    /// `*`: an array, or RESP2's null array.
    Array(Option<Vec<Self>>),
    /// `_`: null.
    Null,
    /// `#`: true or false.
    Boolean(bool),
    /// `,`: a double.
    Double(f64),
    /// `(`: a big number, as its digits.
    BigNumber(String),
    /// `=`: text with its three-letter format.
    Verbatim(String, Vec<u8>),
    /// `%`: a map, in the order received.
    Map(Vec<(Self, Self)>),
    /// `~`: a set.
    Set(Vec<Self>),
    /// `>`: a push.
    Push(Vec<Self>),
}

impl Reply {
    /// The text of a status, of bytes (lossy) or of verbatim text.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Simple(text) | Self::BigNumber(text) => Some(text.clone()),
            Self::Bulk(Some(bytes)) | Self::Verbatim(_, bytes) => {
                Some(String::from_utf8_lossy(bytes).into_owned())
            }
            _ => None,
        }
    }

    /// The bytes of a bulk.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bulk(Some(bytes)) | Self::Verbatim(_, bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The number of an integer.
    pub fn integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    /// The text of an error.
    pub fn error(&self) -> Option<&str> {
        if let Self::Error(text) = self { Some(text) } else { None }
    }

    /// The elements of an array, a set or a push; of anything else, none.
    pub fn elements(&self) -> &[Self] {
        match self {
            Self::Array(Some(elements)) | Self::Set(elements) | Self::Push(elements) => elements,
            _ => &[],
        }
    }

    /// The element at an index of an array, a set or a push.
    pub fn at(&self, index: usize) -> Option<&Self> {
        self.elements().get(index)
    }

    /// The value of a key in a map, or in an array that stands for one (RESP2).
    pub fn field(&self, name: &str) -> Option<&Self> {
        let is_name = |key: &Self| key.text().as_deref() == Some(name);
        if let Self::Map(pairs) = self {
            return pairs.iter().find(|(key, _)| is_name(key)).map(|(_, value)| value);
        }
        self.elements().chunks_exact(2).find_map(|pair| match pair {
            [key, value] if is_name(key) => Some(value),
            _ => None,
        })
    }

    /// Whether it is null in any protocol version.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null | Self::Bulk(None) | Self::Array(None))
    }

    /// Whether it is the status `OK`.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Simple(text) if text == "OK")
    }

    /// Whether the server did nothing, and may do it soon.
    fn is_momentary(&self) -> bool {
        self.error().is_some_and(|error| MOMENTARY.iter().any(|code| error.starts_with(code)))
    }

    /// Turns an error reply into an [`io::Error`].
    pub fn checked(self) -> io::Result<Self> {
        if let Self::Error(text) = self { Err(io::Error::other(text)) } else { Ok(self) }
    }
}

/// A connection to one server. Speaks RESP2 until `HELLO 3` is called.
pub struct Connection {
    stream: BufReader<Socket>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    fn set_read_timeout(&self, timeout: Duration) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_read_timeout(Some(timeout)),
            Self::Unix(stream) => stream.set_read_timeout(Some(timeout)),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.write_all(bytes),
            Self::Unix(stream) => stream.write_all(bytes),
        }
    }
}

impl Read for Socket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(into),
            Self::Unix(stream) => stream.read(into),
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connection").field(self.stream.get_ref()).finish()
    }
}

impl Connection {
    /// Connects to an address: a `SocketAddr`, `"127.0.0.1:7000"` or `("127.0.0.1", 7000)`.
    pub fn connect(address: impl ToSocketAddrs) -> io::Result<Self> {
        let address = address.to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
        let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Self { stream: BufReader::new(Socket::Tcp(stream)) })
    }

    /// Connects to a socket in the file system.
    pub fn to_file(path: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Self { stream: BufReader::new(Socket::Unix(stream)) })
    }

    /// Connects to a port of 127.0.0.1.
    pub fn to_port(port: u16) -> io::Result<Self> {
        Self::connect(SocketAddr::from(([127, 0, 0, 1], port)))
    }

    /// Sets how long [`receive`](Self::receive) waits for bytes: 15 s at first.
    pub fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.stream.get_ref().set_read_timeout(timeout)
    }

    /// Sends one command and receives one reply. An error reply is `Ok(Reply::Error)`.
    pub fn call(&mut self, command: &[impl AsRef<[u8]>]) -> io::Result<Reply> {
        self.send(command)?;
        self.receive()
    }

    /// As [`call`](Self::call), with an error reply as an [`io::Error`] that names the command.
    /// What a server refuses for the moment is sent again for up to 10 s.
    pub fn must(&mut self, command: &[impl AsRef<[u8]>]) -> io::Result<Reply> {
        let deadline = Instant::now() + REFUSAL_LIMIT;
        let mut reply = self.call(command)?;
        while reply.is_momentary() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(20));
            reply = self.call(command)?;
        }
        reply.checked().map_err(|error| {
            let words = command.iter().map(|word| String::from_utf8_lossy(word.as_ref()));
            io::Error::other(format!("{}: {error}", words.collect::<Vec<_>>().join(" ")))
        })
    }

    /// Sends one command and waits for nothing.
    pub fn send(&mut self, command: &[impl AsRef<[u8]>]) -> io::Result<()> {
        self.send_bytes(&encode(command))
    }

    /// Sends bytes as they are.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Receives the next reply or push.
    ///
    /// **Errors**: `WouldBlock` or `TimedOut` when nothing comes in time; the connection is then of
    /// use only if no byte of the reply had come.
    pub fn receive(&mut self) -> io::Result<Reply> {
        read_reply(&mut self.stream)
    }
}

/// A command as the bytes that a client sends: an array of bulks.
pub fn encode(command: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", command.len()).into_bytes();
    for word in command.iter().map(AsRef::as_ref) {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// Reads one reply. Attributes are read and dropped; streamed types are refused, as no server has
/// them.
pub fn read_reply(from: &mut impl BufRead) -> io::Result<Reply> {
    loop {
        let line = read_line(from)?;
        let (kind, rest) = line.split_at_checked(1).ok_or_else(|| malformed(&line))?;
        return Ok(match kind {
            "+" => Reply::Simple(rest.to_owned()),
            "-" => Reply::Error(rest.to_owned()),
            ":" => Reply::Integer(parse(rest)?),
            "$" if rest == "-1" => Reply::Bulk(None),
            "$" => Reply::Bulk(Some(read_bytes(from, parse(rest)?)?)),
            "*" if rest == "-1" => Reply::Array(None),
            "*" => Reply::Array(Some(read_replies(from, parse(rest)?)?)),
            "_" => Reply::Null,
            "#" => Reply::Boolean(rest == "t"),
            "," => Reply::Double(parse(rest)?),
            "(" => Reply::BigNumber(rest.to_owned()),
            "!" => {
                let text = read_bytes(from, parse(rest)?)?;
                Reply::Error(String::from_utf8_lossy(&text).into_owned())
            }
            "=" => {
                let bytes = read_bytes(from, parse(rest)?)?;
                let (format, text) = bytes.split_at_checked(4).ok_or_else(|| malformed(&line))?;
                let format = String::from_utf8_lossy(format);
                Reply::Verbatim(format.trim_end_matches(':').to_owned(), text.to_vec())
            }
            "%" => Reply::Map(read_pairs(from, parse(rest)?)?),
            "~" => Reply::Set(read_replies(from, parse(rest)?)?),
            ">" => Reply::Push(read_replies(from, parse(rest)?)?),
            "|" => {
                read_pairs(from, parse(rest)?)?;
                continue;
            }
            _ => return Err(malformed(&line)),
        });
    }
}

/// Reads one line and takes its end off.
pub(super) fn read_line(from: &mut impl BufRead) -> io::Result<String> {
    let mut bytes = Vec::new();
    from.read_until(b'\n', &mut bytes)?;
    let line = bytes.strip_suffix(b"\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(String::from_utf8_lossy(line).into_owned())
}

/// Reads a bulk's bytes and the line end after them.
pub(super) fn read_bytes(from: &mut impl Read, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len + 2];
    from.read_exact(&mut bytes)?;
    if bytes.ends_with(b"\r\n") {
        bytes.truncate(len);
        return Ok(bytes);
    }
    Err(malformed("a bulk longer than it says"))
}

fn read_replies(from: &mut impl BufRead, count: usize) -> io::Result<Vec<Reply>> {
    (0..count).map(|_| read_reply(from)).collect()
}

fn read_pairs(from: &mut impl BufRead, count: usize) -> io::Result<Vec<(Reply, Reply)>> {
    (0..count).map(|_| Ok((read_reply(from)?, read_reply(from)?))).collect()
}

pub(super) fn parse<T: std::str::FromStr>(text: &str) -> io::Result<T> {
    text.parse().map_err(|_| malformed(text))
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not RESP: {what:?}"))
}
