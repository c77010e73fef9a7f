//! `cargo xtask test --full`: the same promises, held longer.

/// `long` when all that takes long is asked for, else `short`.
pub fn when_full<T>(long: T, short: T) -> T {
    if std::env::var_os("PORTICO_TEST_FULL").is_some() {
        long
    } else {
        short
    }
}
