//! `portico demo`: starts simulated control planes and an identity provider, and the portal as `serve` would.
//!
//! The simulator writes a folder of configuration. The portal knows nothing else about it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use portico_simulator::demo::{Demo, Settings, StartError};
use portico_store::Store;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::demo_history;
use super::demo_past::{Failure, Past};
use super::serve::{ServeError, ServeOverrides, database_url, serve, system_authority};
use crate::config;

/// Marks a folder as a demo's, so that `--fresh` never empties another one.
const MARKER_FILE: &str = ".portico-demo";

/// Marks a folder whose database has a month of usage.
const HISTORY_FILE: &str = ".usage-history";

/// Marks a folder in whose database a publication was accepted.
const PUBLICATION_FILE: &str = ".publication";

/// Marks a folder in whose database a workspace of kcp was requested.
const WORKSPACE_FILE: &str = ".workspace";

/// The arguments of `portico demo`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct DemoArguments {
    /// The portal's port on 127.0.0.1; 0 chooses a free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The folder for its data.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Deletes the data of earlier runs.
    #[arg(long)]
    fresh: bool,
    /// A file to write when the portal answers, with addresses, people and control planes as JSON.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// The database, instead of SQLite in the data folder: `postgres://…`.
    #[arg(long, env = "PORTICO_DATABASE", hide_env_values = true)]
    database: Option<String>,
    /// How long each step of a provisioner takes, in milliseconds. A claim takes about five steps.
    #[arg(long, value_name = "MS")]
    step: Option<u64>,
    /// How long an approver can take a decision back, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    undo_seconds: u32,
    /// Starts without claims.
    #[arg(long)]
    empty: bool,
    /// Starts without kcp, and so without workspaces on request.
    #[arg(long)]
    no_kcp: bool,
    /// Starts only the control planes and the identity provider. Run the portal with `portico serve --config` and the
    /// folder that this prints.
    #[arg(long)]
    world_only: bool,
}

/// Why the demo ended.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The simulator did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The portal did not start, or failed.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// A file or folder could not be used.
    #[error("{what} {}: {why}", path.display())]
    File {
        /// What was attempted.
        what: &'static str,
        /// The path.
        path: PathBuf,
        /// The reason.
        why: io::Error,
    },
}

/// Runs the demo until `stop`.
///
/// # Errors
/// If the simulator or the portal cannot start.
pub async fn demo(arguments: DemoArguments, stop: CancellationToken) -> Result<(), DemoError> {
    let folder = arguments.data.clone().unwrap_or_else(default_folder);
    prepare(&folder, arguments.fresh)?;
    let folder = folder.canonicalize().map_err(file("finding", &folder))?;
    let address = format!("127.0.0.1:{}", arguments.port);
    let listening = |why| ServeError::Listen {
        address: address.clone(),
        why,
    };
    let listener = TcpListener::bind(&address).await.map_err(listening)?;
    let address = listener.local_addr().map_err(listening)?.to_string();

    let mut settings = Settings::new(&folder, &address);
    if let Some(step) = arguments.step {
        settings.step = std::time::Duration::from_millis(step);
    }
    settings.seeded = !arguments.empty;
    settings.kcp = !arguments.no_kcp;
    settings.undo_seconds = arguments.undo_seconds;
    let world = Demo::start(settings).await?;
    if let Some(path) = &arguments.ready_file {
        // A file of an earlier run would say that this one is ready.
        let _ = fs::remove_file(path);
    }
    if arguments.world_only {
        drop(listener);
        announce(
            &world,
            &format!("http://{address}"),
            arguments.ready_file.as_deref(),
        )?;
        stop.cancelled().await;
        world.shutdown().await;
        return Ok(());
    }
    let overrides = ServeOverrides {
        config: world.config_dir.clone(),
        database: arguments.database.clone(),
        ..ServeOverrides::default()
    };
    if !arguments.empty {
        insert_past(&overrides, &folder, &world).await?;
    }
    let mut announced = Ok(());
    let served = serve(overrides, Some(listener), stop, |portal, _| {
        announced = announce(
            &world,
            portal.as_str().trim_end_matches('/'),
            arguments.ready_file.as_deref(),
        );
    })
    .await;
    world.shutdown().await;
    served?;
    announced
}

/// Gives the portal's database what happened before the demo began, once.
async fn insert_past(overrides: &ServeOverrides, folder: &Path, world: &Demo) -> Result<(), DemoError> {
    let [history, publication, workspace] =
        [HISTORY_FILE, PUBLICATION_FILE, WORKSPACE_FILE].map(|name| folder.join(name));
    let wants_workspace = world.workspaces.is_some() && !workspace.exists();
    if history.exists() && publication.exists() && !wants_workspace {
        return Ok(());
    }
    let configuration = config::open(&overrides.config).map_err(|problems| ServeError::Configuration {
        folder: overrides.config.clone(),
        problems,
    })?;
    let url = database_url(overrides, &configuration.current().portal.spec)?;
    let store = Store::connect(&url, &portico_store::Settings::default())
        .await
        .map_err(ServeError::from)?;
    if !history.exists() {
        demo_history::insert(&store, Timestamp::now())
            .await
            .map_err(ServeError::from)?;
        mark(&history)?;
    }
    let past = Past::new(world, &configuration, &store, &system_authority());
    if !publication.exists() {
        mark(&publication)?;
        report(past.publish().await, "a publication that is accepted");
    }
    if wants_workspace {
        mark(&workspace)?;
        report(past.request_workspace().await, "a workspace");
    }
    store.close().await;
    Ok(())
}

/// Marks something as done, once and whatever comes of it: the demo's documents may have been changed by hand.
fn mark(path: &Path) -> Result<(), DemoError> {
    fs::write(path, "").map_err(file("writing", path))
}

fn report(outcome: Result<(), Failure>, what: &str) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "the demo starts without {what}");
    }
}

fn default_folder() -> PathBuf {
    let data = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    data.or_else(home)
        .unwrap_or_else(std::env::temp_dir)
        .join("portico-demo")
}

fn prepare(folder: &Path, fresh: bool) -> Result<(), DemoError> {
    let mark = folder.join(MARKER_FILE);
    if fresh && folder.exists() {
        let empty = fs::read_dir(folder)
            .map_err(file("reading", folder))?
            .next()
            .is_none();
        if !empty && !mark.exists() {
            let why = io::Error::other("it is not empty and no demo's; name another with --data");
            return Err(file("emptying", folder)(why));
        }
        fs::remove_dir_all(folder).map_err(file("emptying", folder))?;
    }
    fs::create_dir_all(folder).map_err(file("making", folder))?;
    fs::write(
        &mark,
        "The data of a Portico demo. `portico demo --fresh` removes it.\n",
    )
    .map_err(file("writing", &mark))
}

fn file(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DemoError {
    let path = path.to_owned();
    move |why| DemoError::File { what, path, why }
}

/// Prints the addresses and people, and writes them to the ready file.
fn announce(world: &Demo, portal: &str, ready_file: Option<&Path>) -> Result<(), DemoError> {
    println!("Portico is at {portal}");
    println!("Sign in as:");
    for person in &world.people {
        println!("  {:8} {} ({})", person.username, person.name, person.about);
    }
    println!("Control planes, for kubectl --kubeconfig:");
    for plane in &world.planes {
        println!("  {:14} {}", plane.name, plane.kubeconfig_path.display());
    }
    if let Some(workspaces) = &world.workspaces {
        println!("  {:14} {}", "kcp", workspaces.kubeconfig_path.display());
    }
    println!("Configuration: {}", world.config_dir.display());
    println!("Ctrl-C stops it; what it holds is kept.");
    let Some(path) = ready_file else { return Ok(()) };
    let people: Vec<_> = world
        .people
        .iter()
        .map(|person| {
            json!({
                "username": person.username, "name": person.name, "email": person.email,
                "groups": person.groups, "about": person.about,
            })
        })
        .collect();
    let planes: Vec<_> = world
        .planes
        .iter()
        .map(|plane| (plane.name.as_str(), &plane.kubeconfig_path))
        .chain(world.workspaces.iter().map(|kcp| ("kcp", &kcp.kubeconfig_path)))
        .map(|(name, kubeconfig)| json!({ "name": name, "kubeconfig": kubeconfig }))
        .collect();
    let ready = json!({
        "portal": portal, "issuer": world.issuer, "configuration": world.config_dir,
        "people": people, "controlPlanes": planes,
    });
    // Rename it into place, so that nobody reads half of it.
    let half = path.with_extension("part");
    fs::write(&half, format!("{ready:#}\n")).map_err(file("writing", &half))?;
    fs::rename(&half, path).map_err(file("writing", path))
}
