//! Whether the record is as it was written.
//!
//! The page that says so is looked at again with every event. What held a moment ago is not read again each time: one
//! goes on from there, and begins anew only now and then.

use jiff::{SignedDuration, Timestamp};
use portico_domain::view::ChainState;
use portico_store::{ChainEnd, ChainVerdict};

use super::{Portal, Result};

/// How long what held is believed to hold: a change to an old event is found after this at the latest.
const WHOLE_EVERY: SignedDuration = SignedDuration::from_mins(10);

/// How far the chain was judged.
#[derive(Debug)]
pub(super) struct Judged {
    /// When from its beginning.
    whole_at: Timestamp,
    end: ChainEnd,
}

impl Portal {
    pub(super) async fn chain(&self) -> Result<ChainState> {
        // Of several who look at once, one judges.
        let mut judged = self.shared.chain.lock().await;
        let now = self.now();
        let known = judged.take().filter(|known| is_fresh(known, now));
        let (whole_at, end) = match known {
            Some(known) => (known.whole_at, known.end),
            None => (now, ChainEnd::beginning()),
        };
        Ok(match self.store().verify_chain_after(end).await? {
            ChainVerdict::Intact { events, head } => {
                let end = ChainEnd {
                    sequence: events,
                    hash: head,
                };
                *judged = Some(Judged { whole_at, end });
                ChainState {
                    holds: true,
                    verified: events,
                    breaks_at: None,
                }
            }
            ChainVerdict::Broken { sequence, .. } => ChainState {
                holds: false,
                verified: (sequence - 1).max(0),
                breaks_at: Some(sequence),
            },
        })
    }
}

fn is_fresh(judged: &Judged, now: Timestamp) -> bool {
    now.duration_since(judged.whole_at).abs() < WHOLE_EVERY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_held_ten_minutes_ago_is_judged_from_the_beginning() {
        let judged = Judged {
            whole_at: Timestamp::from_second(1_000).unwrap(),
            end: ChainEnd::beginning(),
        };
        let after = |seconds: i64| is_fresh(&judged, Timestamp::from_second(1_000 + seconds).unwrap());
        assert!(after(0) && after(599));
        assert!(!after(600));
        assert!(!after(-3_600), "a clock that was set back proves nothing");
    }
}
