use std::time::Duration;

/// The pause after the attempt of that number (from 1): it doubles from `first` to `longest`, and
/// `random` (0 to 1) takes up to half of it away, so that many who failed together do not come back
/// together.
pub(super) fn pause(attempt: u32, first: Duration, longest: Duration, random: f64) -> Duration {
    let doubled = first.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
    doubled.min(longest).mul_f64(1.0 - random.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::pause;

    const MIN_PAUSE: Duration = Duration::from_secs(1);
    const MAX_PAUSE: Duration = Duration::from_mins(5);

    #[test]
    fn it_doubles_up_to_the_longest() {
        let pauses = [1, 2, 3, 4, 9, 10, 1000, u32::MAX]
            .map(|attempt| pause(attempt, MIN_PAUSE, MAX_PAUSE, 0.0).as_secs());
        assert_eq!(pauses, [1, 2, 4, 8, 256, 300, 300, 300]);
    }

    #[test]
    fn chance_takes_no_more_than_half_of_it() {
        for random in [-1.0, 0.0, 0.3, 1.0, 7.0] {
            let pause = pause(3, MIN_PAUSE, MAX_PAUSE, random);
            assert!(pause >= 2 * MIN_PAUSE && pause <= 4 * MIN_PAUSE, "{pause:?}");
        }
    }
}
