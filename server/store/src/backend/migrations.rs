//! The files of `migrations/`, embedded by the build script.

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Version, description and text of a migration.
type Embedded = (i64, &'static str, &'static str);

pub(super) const POSTGRES: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/postgres.rs"));
pub(super) const SQLITE: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/sqlite.rs"));

/// Creates a migrator for these migrations.
pub(super) fn migrator(migrations: &[Embedded]) -> Migrator {
    let migrations = migrations.iter().map(|&(version, description, text)| {
        Migration::new(
            version,
            description.into(),
            MigrationType::Simple,
            text.into_sql_str(),
            false,
        )
    });
    Migrator::with_migrations(migrations.collect())
}
