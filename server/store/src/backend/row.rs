use jiff::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use crate::{Result, StoreError};

/// A row of either database.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    pub(crate) fn text(&self, column: &str) -> Result<String> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn text_if_any(&self, column: &str) -> Result<Option<String>> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn integer(&self, column: &str) -> Result<i64> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn time(&self, column: &str) -> Result<Timestamp> {
        to_time(column, self.integer(column)?)
    }

    pub(crate) fn time_if_any(&self, column: &str) -> Result<Option<Timestamp>> {
        let microseconds: Option<i64> = match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        };
        microseconds
            .map(|microseconds| to_time(column, microseconds))
            .transpose()
    }

    /// Parses a text column.
    pub(crate) fn parsed<T>(&self, column: &str) -> Result<T>
    where
        T: std::str::FromStr,
        T::Err: std::fmt::Display,
    {
        self.text(column)?
            .parse()
            .map_err(|error| StoreError::unreadable(column, error))
    }

    /// Decodes a JSON column.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        serde_json::from_str(&self.text(column)?).map_err(|error| StoreError::unreadable(column, error))
    }

    pub(crate) fn json_if_any<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>> {
        self.text_if_any(column)?
            .map(|text| serde_json::from_str(&text).map_err(|error| StoreError::unreadable(column, error)))
            .transpose()
    }
}

fn to_time(column: &str, microseconds: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(microseconds).map_err(|error| StoreError::unreadable(column, error))
}
