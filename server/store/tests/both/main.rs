//! Tests of the store. Every case runs on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails loudly")]

mod advisory_lock;
mod agents;
mod approvals;
mod audit_log;
mod claimed_planes;
mod clusters;
mod comments;
mod cordons;
mod files;
mod migrations;
mod people;
mod publications;
mod queue;
mod readiness;
mod requests;
mod role;
mod saved_views;
mod sessions;
mod statements;
mod tokens;
mod usage_samples;

use portico_domain::tenancy::{Person, Role, Scope, Viewer};
use portico_store::testing::TestStore;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

/// Defines each test for each database.
macro_rules! on_both {
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$case(&portico_store::testing::sqlite().await).await;
                }
            )*
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let test = concat!(module_path!(), "::", stringify!($case));
                    if let Some(database) = portico_store::testing::postgres(test).await {
                        super::$case(&database).await;
                    }
                }
            )*
        }
    };
}
pub(crate) use on_both;

/// Returns the scope of a viewer of these tenants.
pub(crate) fn scope_of(tenants: &[&str]) -> Scope {
    let vic = Viewer::for_tests(Person {
        subject: "https://sso.example#vic".into(),
        name: "Vic".into(),
        email: None,
    });
    let vic = tenants.iter().fold(vic, |vic, tenant| {
        vic.with_role(tenant.parse().unwrap(), Role::Viewer)
    });
    vic.scope()
}

/// Runs a statement as somebody with the database's password could.
pub(crate) async fn run(database: &TestStore, statement: &str) -> Result<(), sqlx::Error> {
    let query = sqlx::raw_sql(AssertSqlSafe(statement));
    if database.url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(&database.url).await?;
        query.execute(&mut connection).await?;
    } else {
        let mut connection = PgConnection::connect(&database.url).await?;
        query.execute(&mut connection).await?;
    }
    Ok(())
}
