//! The program `portico`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use portico::commands::serve::{self, ServeOverrides};
use portico::commands::{
    self, LogFormat, begin_logging, begin_logging_and_traces, check_config, migrate, stop_on_signal,
};

/// The front door to a platform: one catalog over many Kubernetes control planes.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The format of the log.
    #[arg(long, value_enum, default_value_t, global = true, env = "PORTICO_LOG_FORMAT")]
    log_format: LogFormat,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the portal with a folder of configuration.
    Serve(ServeArguments),
    /// Serves the portal with simulated control planes and a simulated identity provider, to try it out.
    #[cfg(feature = "demo")]
    Demo(commands::demo::DemoArguments),
    /// Checks a configuration without starting. Exits with 1 if it has errors.
    CheckConfig {
        /// The folder of the configuration.
        config: PathBuf,
        /// Check what the home control plane holds too, with the folder's files. It is only read.
        #[arg(long)]
        home: bool,
    },
    /// Runs beside a control plane that Portico cannot reach: connects to Portico and carries its calls.
    Agent(commands::agent::AgentArguments),
    /// Makes an authority for the certificates of agents.
    AgentAuthority(commands::agent::AuthorityArguments),
    /// Prints the roles that a control plane must grant to Portico, for `kubectl apply`.
    Rbac(commands::rbac::RbacArguments),
    /// Prints the definitions of Portico's own kinds, for `kubectl apply --server-side`, so that a control plane can hold
    /// Portico's documents.
    Crds,
    /// Updates the schema of the database without starting.
    Migrate {
        /// The folder of the configuration.
        #[arg(long, required_unless_present = "database")]
        config: Option<PathBuf>,
        /// The database, instead of the configuration's.
        #[arg(long, env = "PORTICO_DATABASE", hide_env_values = true)]
        database: Option<String>,
    },
    /// Validates objects by the definitions of their kinds. Exits with 1 if one is refused, with 2 if one cannot be
    /// validated.
    Validate(commands::validate::ValidateArguments),
    /// Lists the routes of the portal.
    Routes {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
struct ServeArguments {
    /// The folder of the configuration.
    #[arg(long, env = "PORTICO_CONFIG")]
    config: PathBuf,
    /// The database, instead of the configuration's: `sqlite:<path>` or `postgres://…`.
    #[arg(long, env = "PORTICO_DATABASE", hide_env_values = true)]
    database: Option<String>,
    /// The address to listen on, instead of the configuration's: `0.0.0.0:8080`.
    #[arg(long, env = "PORTICO_LISTEN")]
    listen: Option<String>,
    /// The address to listen on for agents, instead of the configuration's.
    #[arg(long, env = "PORTICO_AGENTS_LISTEN")]
    agents_listen: Option<String>,
    /// The address that browsers use, instead of the configuration's.
    #[arg(long, env = "PORTICO_PUBLIC_URL")]
    public_url: Option<String>,
}

/// The stack size of each thread in bytes. Input may be nested as deep as its parser allows (YAML, JSON, schemas: a
/// hundred levels), and recursive functions need several frames per level.
const THREAD_STACK_BYTES: usize = 16 << 20;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    commands::install_tls();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(THREAD_STACK_BYTES)
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("portico: no threads to run on: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(arguments)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("portico: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Success if everything is accepted.
fn exit_code(accepted: bool) -> ExitCode {
    if accepted {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, Box<dyn std::error::Error>> {
    match arguments.command {
        Command::Serve(ServeArguments {
            config,
            database,
            listen,
            agents_listen,
            public_url,
        }) => {
            let traces = begin_logging_and_traces(arguments.log_format, "info");
            let stop = stop_on_signal()?;
            let served = serve::serve(
                ServeOverrides {
                    config,
                    database,
                    listen,
                    agents_listen,
                    public_url,
                },
                None,
                stop,
                |_, _| {},
            )
            .await;
            traces.finish().await;
            served?;
        }
        #[cfg(feature = "demo")]
        Command::Demo(demo) => {
            let traces = begin_logging_and_traces(arguments.log_format, "warn");
            let ended = commands::demo::demo(demo, stop_on_signal()?).await;
            traces.finish().await;
            ended?;
        }
        Command::CheckConfig { config, home } => {
            let mut out = std::io::stdout();
            if home {
                begin_logging(arguments.log_format, "warn");
                return Ok(exit_code(
                    check_config::check_config_with_home(&config, &mut out).await?,
                ));
            }
            return Ok(exit_code(check_config::check_config(&config, &mut out)?));
        }
        Command::Agent(agent) => {
            begin_logging(arguments.log_format, "info");
            commands::agent::agent(agent, stop_on_signal()?).await?;
        }
        Command::AgentAuthority(authority) => commands::agent::agent_authority(&authority)?,
        Command::Rbac(arguments) => commands::rbac::rbac(&arguments, &mut std::io::stdout())?,
        Command::Crds => commands::crds::crds(&mut std::io::stdout())?,
        Command::Migrate { config, database } => {
            begin_logging(arguments.log_format, "info");
            let url = match (database, config) {
                (Some(url), _) => url,
                (None, Some(folder)) => {
                    let loaded = portico::config::load(&folder);
                    let configuration =
                        loaded
                            .configuration
                            .ok_or_else(|| serve::ServeError::Configuration {
                                folder: folder.clone(),
                                problems: loaded.problems,
                            })?;
                    serve::database_url(
                        &ServeOverrides {
                            config: folder,
                            ..ServeOverrides::default()
                        },
                        &configuration.portal.spec,
                    )?
                }
                (None, None) => return Err("name a configuration or a database".into()),
            };
            migrate::migrate(&url).await?;
            println!("the database is up to date");
        }
        Command::Validate(arguments) => {
            // 1 means that an object was refused, so other errors must exit with another status.
            let (mut out, mut notes) = (std::io::stdout(), std::io::stderr());
            let overall = commands::validate::validate(&arguments, &mut out, &mut notes);
            return Ok(match overall {
                Ok(overall) => ExitCode::from(overall.exit_status()),
                Err(error) => {
                    eprintln!("portico: {error}");
                    ExitCode::from(2)
                }
            });
        }
        Command::Routes { json } => {
            if json {
                println!("{:#}", portico_web::routes::as_json());
            } else {
                for route in portico_web::routes::table() {
                    println!("{:6} {:60} {:?}", route.method, route.path, route.kind);
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
