//! `--database postgres://…` is all it takes: the story, whole, over PostgreSQL.

use portico_store::testing::PostgresServer;
use portico_tests::demo::Demo;
use portico_tests::report;

#[tokio::test(flavor = "multi_thread")]
async fn the_story_over_postgresql() {
    let test = "the_story_over_postgresql";
    let Some(server) = PostgresServer::shared(test) else {
        report::skip(test, "PostgreSQL");
        return;
    };
    let database = server.fresh_database().await.unwrap();
    report::took_part("PostgreSQL", "Debian's, in a temporary directory");
    let demo = Demo::start_with(&["--database", &database]).await;
    crate::story::the_story(&demo).await;
}
