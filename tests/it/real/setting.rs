//! Settings of servers that hold while a test runs.

use super::{Done, Failure};
use crate::servers::cluster::Cluster;

/// Sets an option of each running node, and sets it back when it is dropped.
pub(super) struct Setting<'a> {
    cluster: &'a Cluster,
    name: &'static str,
    before: &'static str,
}

impl<'a> Setting<'a> {
    pub(super) fn new(
        cluster: &'a Cluster,
        name: &'static str,
        value: &str,
        before: &'static str,
    ) -> Result<Self, Failure> {
        let setting = Self { cluster, name, before };
        setting.set(value)?;
        Ok(setting)
    }

    fn set(&self, value: &str) -> Done {
        for node in self.cluster.running() {
            self.cluster.call(node, &["CONFIG", "SET", self.name, value])?.checked()?;
        }
        Ok(())
    }
}

impl Drop for Setting<'_> {
    fn drop(&mut self) {
        // An error here is one on top of the error that the test has ended with.
        self.set(self.before).ok();
    }
}
