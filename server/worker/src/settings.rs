use std::time::Duration;

/// How the worker goes about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How long a lease lasts; it is renewed while the work goes on. After a crash, others take over
    /// when it has run out.
    pub lease: Duration,
    /// How many requests are worked on at once.
    pub at_once: usize,
    /// With so many under way on one control plane no more are taken up for it: one that is slow costs its own
    /// requests time, and no others.
    pub at_once_on_a_plane: usize,
    /// How long it sleeps at most when nothing is due: another process may have put something in.
    pub idle: Duration,
    /// The pause before the second attempt; it doubles from one to the next.
    pub first_pause: Duration,
    /// The longest pause between attempts.
    pub longest_pause: Duration,
    /// After so many attempts that came to nothing, a request fails. With the pauses as they are,
    /// about a day.
    pub most_attempts: u32,
    /// The longest pause between two looks whether a claim that is being deleted is gone. A watch
    /// tells of it sooner.
    pub deletion_pause: Duration,
    /// How often expiry is looked for.
    pub expiry_every: Duration,
    /// How often new claims are looked at, whether they turned ready.
    pub readiness_every: Duration,
    /// How often what is no longer needed is removed.
    pub housekeeping_every: Duration,
    /// How long work under way may go on when the worker is told to stop.
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
