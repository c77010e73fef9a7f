//! Waits for conditions.

use std::fmt::Debug;
use std::future::Future;
use std::time::{Duration, Instant};

/// Polls until there is a value.
///
/// # Panics
/// When there is none within `bound`; prints what was awaited.
pub async fn until<T, F>(what: &str, bound: Duration, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < bound, "waited {bound:?} in vain for {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Polls until the value is right; the panic shows the last wrong one.
///
/// # Panics
/// When it is not right within `bound`.
pub async fn until_right<T: Debug, F>(
    what: &str,
    bound: Duration,
    mut ask: impl FnMut() -> F,
    right: impl Fn(&T) -> bool,
) -> T
where
    F: Future<Output = T>,
{
    let begun = Instant::now();
    loop {
        let answer = ask().await;
        if right(&answer) {
            return answer;
        }
        assert!(
            begun.elapsed() < bound,
            "waited {bound:?} in vain for {what}; last: {answer:#?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
