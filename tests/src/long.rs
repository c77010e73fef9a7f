//! `cargo xtask test --full` runs the same tests for longer.

/// Returns `long` with `--full`, else `short`.
pub fn when_full<T>(long: T, short: T) -> T {
    if std::env::var_os("PORTICO_TEST_FULL").is_some() {
        long
    } else {
        short
    }
}
