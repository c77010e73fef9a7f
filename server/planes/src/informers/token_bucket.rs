//! A token bucket that limits a rate.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Holds up to `capacity` tokens and gains one per interval.
#[derive(Debug)]
pub(super) struct TokenBucket {
    capacity: u32,
    /// The time until the next token.
    interval: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tokens: u32,
    /// When the last token was added; stands still while the bucket is full.
    filled_at: Instant,
}

impl TokenBucket {
    pub(super) fn new(capacity: u32, interval: Duration) -> Self {
        let state = State {
            tokens: capacity,
            filled_at: Instant::now(),
        };
        Self {
            capacity,
            interval,
            state: Mutex::new(state),
        }
    }

    /// Takes a token, if there is one.
    pub(super) fn try_take(&self) -> bool {
        self.try_take_at(Instant::now())
    }

    fn try_take_at(&self, now: Instant) -> bool {
        let mut state = self.state.lock();
        while state.tokens < self.capacity && now.saturating_duration_since(state.filled_at) >= self.interval
        {
            state.tokens += 1;
            state.filled_at += self.interval;
        }
        if state.tokens == self.capacity {
            state.filled_at = now;
        }
        let some = state.tokens > 0;
        state.tokens = state.tokens.saturating_sub(1);
        some
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allows_a_burst_and_then_one_per_interval() {
        let bucket = TokenBucket::new(3, Duration::from_secs(2));
        let start = Instant::now();
        let taken = |seconds: u64| {
            let now = start + Duration::from_secs(seconds);
            (0..10).filter(|_| bucket.try_take_at(now)).count()
        };
        assert_eq!(taken(1), 3);
        assert_eq!(taken(2), 0);
        assert_eq!(taken(3), 1);
        assert_eq!(taken(8), 2);
        assert_eq!(taken(1000), 3, "never more than the capacity");
    }
}
