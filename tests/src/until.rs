//! Waiting for a condition, never for luck.

use std::fmt::Debug;
use std::future::Future;
use std::time::{Duration, Instant};

/// Asks again and again until there is an answer.
///
/// # Panics
/// When there is none within `bound`; says what was waited for.
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

/// Asks again and again until the answer is right; the last wrong one is told.
///
/// # Panics
/// When it is not right within `bound`.
pub async fn until_it<T: Debug, F>(
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
