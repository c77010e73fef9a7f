//! How many files and connections the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Below this the log warns: a control plane takes a few connections, and so does a person.
const FEW: u64 = 4096;

/// Raises the limit as far as the process may, as Go programs do when they start. Many systems start programs with 1,024,
/// for the sake of those that use `select`.
pub(crate) fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if limit.current != limit.maximum
        && let Err(error) = setrlimit(Resource::Nofile, raised)
    {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
    let limit = getrlimit(Resource::Nofile).current;
    if limit.is_some_and(|limit| limit < FEW) {
        tracing::warn!(
            limit,
            "few files may be open: with many control planes or people, connections will fail. Raise the hard limit of \
             open files (LimitNOFILE in systemd)"
        );
    }
}
