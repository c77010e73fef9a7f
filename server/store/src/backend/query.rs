use std::fmt::Write as _;

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// A bound value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(Option<String>),
    Integer(Option<i64>),
}

/// A statement with its values. Its text consists of the program's literals; values are bound to placeholders, so
/// input never becomes SQL.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    text: String,
    values: Vec<Value>,
}

impl Query {
    /// Creates a statement with `$1`, `$2` … for `values`.
    pub(crate) fn new<const N: usize>(text: &'static str, values: [Value; N]) -> Self {
        Self {
            text: text.to_owned(),
            values: values.into(),
        }
    }

    /// Appends text.
    pub(crate) fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a placeholder for a value.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        // Writing to a String does not fail.
        let _ = write!(self.text, "${}", self.values.len());
        self
    }

    /// Appends `($n, $n+1, …)`; without values, a list that matches nothing.
    pub(crate) fn bind_list(&mut self, values: impl IntoIterator<Item = impl Into<Value>>) -> &mut Self {
        self.push("(NULL");
        for value in values {
            self.push(", ").bind(value);
        }
        self.push(")")
    }

    #[cfg(feature = "testing")]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Prepends text to the statement.
    #[cfg(feature = "testing")]
    pub(crate) fn prepend(mut self, text: &'static str) -> Self {
        self.text.insert_str(0, text);
        self
    }

    pub(crate) fn into_parts(self) -> (SqlStr, Vec<Value>) {
        (AssertSqlSafe(self.text).into_sql_str(), self.values)
    }
}

impl From<&str> for Value {
    /// Removes NUL, which PostgreSQL's text cannot contain.
    fn from(text: &str) -> Self {
        Self::Text(Some(text.replace('\0', "\u{FFFD}")))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        if text.contains('\0') {
            text.as_str().into()
        } else {
            Self::Text(Some(text))
        }
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        text.map_or(Self::Text(None), Self::from)
    }
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Self::Integer(Some(integer))
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Integer(Some(at.as_microsecond()))
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(at: Option<Timestamp>) -> Self {
        Self::Integer(at.map(Timestamp::as_microsecond))
    }
}
