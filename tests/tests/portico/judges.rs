//! The real API server judges as Portico does.

use portico_tests::apiserver::ApiServer;
use portico_tests::differential::{Corpus, Options, Tally, run, run_definitions};
use portico_tests::direct::Direct;
use portico_tests::full::when_full;

/// Mutations of each sample: few, so that it is done in a minute; `cargo xtask test --full` asks over 20,000 cases.
fn mutations() -> usize {
    when_full(76, 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_judges_the_corpus_as_portico_does() {
    let test = "the_api_server_judges_the_corpus_as_portico_does";
    let Some(folder) = Corpus::folder() else {
        println!("no corpus: PORTICO_CORPUS says where it is");
        return;
    };
    if !ApiServer::is_here(test) {
        return;
    }
    let server = ApiServer::start().await;
    agrees(&server.direct(), &folder, mutations(), 400).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_judges_definitions_of_our_own_as_portico_does() {
    if !ApiServer::is_here("the_api_server_judges_definitions_of_our_own_as_portico_does") {
        return;
    }
    let server = ApiServer::start().await;
    agrees(&server.direct(), &Corpus::of_our_own(), 2, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_are_refused_for_what_the_api_server_refuses_them_for() {
    if !ApiServer::is_here("definitions_are_refused_for_what_the_api_server_refuses_them_for") {
        return;
    }
    let corpus = Corpus::read(&Corpus::of_our_own());
    let server = ApiServer::start().await;
    let changes = when_full(100, 20);
    let tally = run_definitions(&server.direct(), &corpus, changes, &options(0)).await;
    assert!(tally.disagree.is_empty(), "{}", tally.disagree.join("\n"));
    assert!(tally.agree > 15 * changes, "{} cases are too few", tally.agree);
}

async fn agrees(plane: &Direct, folder: &std::path::Path, mutations: usize, least: usize) {
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
