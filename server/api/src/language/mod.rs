//! The languages of the pages: one catalogue of messages for all of them, and numbers and dates as people write them.
//!
//! A [`Text`] is a message that is put into words late: the pages do it in the language of their reader, everything else
//! (the API, records, logs) by `Display`, which is English. So nothing stores or caches a sentence in somebody's language.

mod catalogue;
mod numbers;
mod preference;
#[cfg(test)]
mod tests;
mod text;

pub use numbers::grouped;
pub use portico_domain::language::Language;
pub use preference::preferred;
pub use text::{Arg, Text};

/// A message of the catalogue with its arguments, as a [`Text`]: `message!("claims-count", count = 3)`.
///
/// The key is a literal, so that a test can compare the keys in the code with those of the catalogue.
#[macro_export]
macro_rules! message {
    ($key:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::Text::message($key, vec![$((stringify!($name), $crate::Arg::from($value))),*])
    };
}
