//! What a machine counts.

/// Counters of one machine, from its start on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Calls that were taken in.
    pub calls_submitted: u64,
    /// Calls that were refused at once, because a limit was reached or they could not be sent.
    pub calls_refused: u64,
    /// Calls that were completed, whatever their outcome.
    pub calls_completed: u64,
    /// Calls that were given up by their callers.
    pub calls_cancelled: u64,
    /// Parts of calls that ended because their time was up before they were sent.
    pub timeouts_queued: u64,
    /// Parts of calls that ended because their time was up after they were sent.
    pub timeouts_sent: u64,
    /// Parts of calls that may have run without an answer.
    pub maybe_executed: u64,
    /// `MOVED` redirections that were followed.
    pub moved_followed: u64,
    /// `ASK` redirections that were followed.
    pub ask_followed: u64,
    /// Redirections that were not followed, because the cluster does not list their target.
    pub redirections_refused: u64,
    /// Commands that were sent again after a pause: `TRYAGAIN`, `CLUSTERDOWN`, `LOADING` and so on.
    pub retries: u64,
    /// Scripts that a node did not have any more, and was sent in full.
    pub scripts_missed: u64,
    /// Commands that were sent again after a connection was lost.
    pub resent: u64,
    /// Commands that waited while their slot changed hands.
    pub fenced: u64,
    /// Commands that were cut out of what a link had to send, because their callers were done with
    /// them before the first byte had left.
    pub taken_back: u64,
    /// Replies that came after their callers had gone.
    pub late_replies: u64,
    /// Messages that are no replies.
    pub pushes: u64,
    /// Connections that were dialled.
    pub links_dialled: u64,
    /// Connections that were given up to make room for others, because there were
    /// `max_connections`.
    pub links_displaced: u64,
    /// Connections that were set up.
    pub links_ready: u64,
    /// Connections that were lost, or could not be made.
    pub links_lost: u64,
    /// Connections that were authenticated anew with other credentials.
    pub links_reauthenticated: u64,
    /// Connections whose nodes refused other credentials.
    pub reauthentications_refused: u64,
    /// Connections that were closed because they owed replies and were silent.
    pub links_stalled: u64,
    /// Connections that were closed because the node broke the protocol.
    pub protocol_errors: u64,
    /// Replies, and messages that are no replies, that were malformed or beyond a limit. Each
    /// concerned its own command only.
    pub replies_unusable: u64,
    /// Times that the topology was read again.
    pub refreshes: u64,
    /// Nodes that were asked for the topology.
    pub topology_queries: u64,
    /// Topologies that differed from the one before.
    pub topology_changes: u64,
}
