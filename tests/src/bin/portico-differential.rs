//! The program behind `cargo xtask differential`: compares a control plane's validation with Portico's.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use portico_simulator::kube::{ControlPlane, Settings};
use portico_tests::apiserver::ApiServer;
use portico_tests::differential::{Corpus, Options, Tally, run, run_definitions};
use portico_tests::raw_client::RawClient;

#[derive(Parser)]
struct Arguments {
    /// The folder of definitions and samples; by default `PORTICO_CORPUS`, else `../shared/corpus`.
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// Mutations per sample.
    #[arg(long, default_value_t = 20)]
    mutations: usize,
    /// The seed of the mutations.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only definitions whose name contains this.
    #[arg(long, default_value = "")]
    filter: String,
    /// Compares definitions instead of objects, with this many mutations each.
    #[arg(long)]
    definitions: Option<usize>,
    /// Uses the simulator instead of a real API server.
    #[arg(long)]
    simulator: bool,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let folder = arguments
        .corpus
        .or_else(Corpus::folder)
        .context("there is no corpus; --corpus says where one is")?;
    let corpus = Corpus::read(&folder);
    let options = Options {
        mutations: arguments.mutations,
        seed: arguments.seed,
        filter: arguments.filter,
        loud: true,
    };
    let tally = if arguments.simulator {
        let plane = ControlPlane::new("differential", Settings::default());
        let serving = plane.serve(tokio::net::TcpListener::bind("127.0.0.1:0").await?)?;
        let folder = tempfile::tempdir()?;
        let kubeconfig = folder.path().join("kubeconfig.yaml");
        std::fs::write(&kubeconfig, plane.kubeconfig(serving.address()))?;
        let tally = ask(
            &RawClient::of(&kubeconfig),
            &corpus,
            &options,
            arguments.definitions,
        )
        .await;
        serving.shutdown().await;
        tally
    } else {
        if !ApiServer::is_here("differential") {
            anyhow::bail!("KUBEBUILDER_ASSETS names no folder with kube-apiserver, or there is no etcd");
        }
        let server = ApiServer::start().await;
        ask(&server.raw_client(), &corpus, &options, arguments.definitions).await
    };
    println!("of those that agree, worded otherwise {}", tally.worded.len());
    println!(
        "agree {}, disagree {}, could not judge {}",
        tally.agree,
        tally.disagree.len(),
        tally.unjudged.len()
    );
    Ok(if tally.disagree.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn ask(plane: &RawClient, corpus: &Corpus, options: &Options, definitions: Option<usize>) -> Tally {
    match definitions {
        Some(changes) => run_definitions(plane, corpus, changes, options).await,
        None => run(plane, corpus, options).await,
    }
}
