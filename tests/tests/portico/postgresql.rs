//! The main flow over PostgreSQL, with `--database postgres://…`.

use portico_store::testing::PostgresServer;
use portico_tests::demo::Demo;
use portico_tests::report;

#[tokio::test(flavor = "multi_thread")]
async fn the_main_flow_works_over_postgresql() {
    // The function reports by itself when PostgreSQL is missing.
    let Some(server) = PostgresServer::shared("the_main_flow_works_over_postgresql") else {
        return;
    };
    let database = server.fresh_database().await.unwrap();
    report::took_part("PostgreSQL", &version());
    let demo = Demo::start_with(&["--database", &database]).await;
    crate::story::the_story(&demo).await;
}

fn version() -> String {
    let said = std::process::Command::new("psql").arg("--version").output();
    said.map_or_else(
        |_| "of unknown version".to_owned(),
        |said| {
            String::from_utf8_lossy(&said.stdout)
                .trim()
                .replace("psql (PostgreSQL) ", "")
        },
    )
}
