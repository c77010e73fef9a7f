//! The real API server validates as Portico does.

use portico_tests::apiserver::ApiServer;
use portico_tests::differential::{Corpus, Options, Tally, run, run_definitions};
use portico_tests::long::when_full;
use portico_tests::raw_client::RawClient;

/// Few mutations per sample, to finish in a minute; `cargo xtask test --full` compares over 20,000 cases.
fn mutations() -> usize {
    when_full(76, 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_validates_the_corpus_as_portico_does() {
    let test = "the_api_server_validates_the_corpus_as_portico_does";
    let Some(folder) = Corpus::folder() else {
        println!("no corpus: PORTICO_CORPUS says where it is");
        return;
    };
    if !ApiServer::is_here(test) {
        return;
    }
    let server = ApiServer::start().await;
    agrees(&server.raw_client(), &folder, mutations(), 400).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_validates_our_definitions_as_portico_does() {
    if !ApiServer::is_here("the_api_server_validates_our_definitions_as_portico_does") {
        return;
    }
    let server = ApiServer::start().await;
    agrees(&server.raw_client(), &Corpus::of_our_own(), 2, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_are_refused_for_the_same_reasons_as_by_the_api_server() {
    if !ApiServer::is_here("definitions_are_refused_for_the_same_reasons_as_by_the_api_server") {
        return;
    }
    let corpus = Corpus::read(&Corpus::of_our_own());
    let server = ApiServer::start().await;
    let changes = when_full(100, 20);
    let tally = run_definitions(&server.raw_client(), &corpus, changes, &options(0)).await;
    assert!(tally.disagree.is_empty(), "{}", tally.disagree.join("\n"));
    assert!(tally.agree > 15 * changes, "{} cases are too few", tally.agree);
}

async fn agrees(plane: &RawClient, folder: &std::path::Path, mutations: usize, least: usize) {
    let corpus = Corpus::read(folder);
    let Tally {
        agree,
        worded,
        disagree,
        unjudged,
    } = run(plane, &corpus, &options(mutations)).await;
    assert!(disagree.is_empty(), "{}", disagree.join("\n"));
    assert!(unjudged.is_empty(), "{}", unjudged.join("\n"));
    assert!(worded.is_empty(), "{}", worded.join("\n"));
    assert!(agree > least, "{agree} cases are too few");
}

fn options(mutations: usize) -> Options {
    Options {
        mutations,
        seed: 1,
        filter: String::new(),
        loud: false,
    }
}
