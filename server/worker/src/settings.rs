use std::time::Duration;

/// Settings of the worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How long a lease lasts. It is renewed while the work goes on; after a crash, others take over when it has run out.
    pub lease: Duration,
    /// Most requests processed at the same time.
    pub at_once: usize,
    /// About as many requests are processed at the same time for one control plane, at most half as many more, so that a
    /// slow one does not delay the others.
    pub at_once_on_a_plane: usize,
    /// The longest sleep while nothing is due. Other processes insert requests without notifying this one.
    pub idle: Duration,
    /// The pause before the second attempt; it doubles from one to the next. A control plane that answers 429 is left alone
    /// for as long by all requests, or for as long as its `Retry-After` says.
    pub first_pause: Duration,
    /// The longest pause between attempts.
    pub longest_pause: Duration,
    /// After so many attempts a request fails: about a day with the default pauses.
    pub most_attempts: u32,
    /// The longest pause between checks whether a claim that is being deleted is gone. A watch usually wakes it sooner.
    pub deletion_pause: Duration,
    /// How often expired requests are searched.
    pub expiry_every: Duration,
    /// How often new claims are checked for readiness.
    pub readiness_every: Duration,
    /// How often expired sessions are removed.
    pub housekeeping_every: Duration,
    /// How long running work may go on at shutdown.
    pub grace: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(20),
            at_once: 64,
            at_once_on_a_plane: 8,
            idle: Duration::from_secs(5),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_mins(5),
            most_attempts: 300,
            deletion_pause: Duration::from_secs(30),
            expiry_every: Duration::from_secs(15),
            readiness_every: Duration::from_secs(10),
            housekeeping_every: Duration::from_mins(10),
            grace: Duration::from_secs(5),
        }
    }
}
