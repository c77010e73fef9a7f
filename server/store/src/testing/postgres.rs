use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::StoreError;

/// Starts a server in a new folder, prints the folder, and stops the server when standard input ends. So it never
/// outlives the process that started it, even if that is killed.
const SCRIPT: &str = r#"
set -eu
dir="$(mktemp -d /tmp/portico-postgres.XXXXXX)"
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
"$1/initdb" --pgdata="$dir/data" --username=portico --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync \
    >"$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
"$1/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync=off -c max_connections=300 \
    >"$dir/log" 2>&1 </dev/null &
server=$!
echo "$dir"
cat >/dev/null
kill -INT "$server"
wait "$server" || true
"#;

static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A PostgreSQL server in a temporary folder, reached through a socket in it. Stops with this process.
#[derive(Debug)]
pub struct PostgresServer {
    folder: String,
    // Its standard input stays open as long as the server must run.
    _script: Child,
}

impl PostgresServer {
    /// Returns the server that all tests of this process share. `None`, with a line `SKIP: …` on standard error, if
    /// PostgreSQL is not installed.
    ///
    /// # Panics
    /// When it does not start; when it is not installed and `PORTICO_REQUIRE_POSTGRES=1`.
    #[must_use]
    pub fn shared(test: &str) -> Option<&'static Self> {
        static SHARED: OnceLock<Option<PostgresServer>> = OnceLock::new();
        let shared = SHARED
            .get_or_init(|| Self::start().unwrap_or_else(|why| panic!("PostgreSQL does not start: {why}")));
        if shared.is_none() {
            let required = std::env::var("PORTICO_REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
            assert!(
                !required,
                "PostgreSQL is required and not installed: apt-get install postgresql"
            );
            eprintln!("SKIP: {test}: PostgreSQL is not installed (apt-get install postgresql)");
            report_skip(test);
        }
        shared.as_ref()
    }

    /// Starts a server; `None` if PostgreSQL is not installed. For root it runs as `postgres`, because PostgreSQL
    /// refuses to run as root.
    ///
    /// # Errors
    /// Its output, when it does not start.
    pub fn start() -> Result<Option<Self>, String> {
        let Some(programs) = programs() else {
            return Ok(None);
        };
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        let mut script = command
            .args(["-c", SCRIPT, "portico-postgres"])
            .arg(programs)
            .current_dir("/tmp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut folder = String::new();
        if let Some(output) = script.stdout.take() {
            BufReader::new(output)
                .read_line(&mut folder)
                .map_err(|error| error.to_string())?;
        }
        let folder = folder.trim().to_owned();
        if folder.is_empty() {
            Err("initdb failed".to_owned())
        } else {
            Ok(Some(Self {
                folder,
                _script: script,
            }))
        }
    }

    /// Creates an empty database and returns its address.
    ///
    /// # Errors
    /// When the server does not start within 30 seconds.
    pub async fn fresh_database(&self) -> Result<String, StoreError> {
        let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let mut tries = 0;
        let mut connection = loop {
            match PgConnection::connect(&self.url("postgres")).await {
                Ok(connection) => break connection,
                Err(error) if tries == 300 => return Err(error.into()),
                Err(_) => tries += 1,
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        Ok(self.url(&name))
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://portico@localhost/{database}?host={}", self.folder)
    }
}

/// Reports the skipped test to `cargo xtask test` as a line of JSON in the file that it names.
fn report_skip(test: &str) {
    let Some(file) = std::env::var_os("PORTICO_TEST_REPORT") else {
        return;
    };
    let line = serde_json::json!({"skipped": {"test": test, "lack": "PostgreSQL"}});
    let opened = std::fs::OpenOptions::new().append(true).create(true).open(file);
    if let Ok(mut file) = opened {
        let _ = file.write_all(format!("{line}\n").as_bytes());
    }
}

/// Returns the folder of the newest PostgreSQL's programs, where Debian installs them.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    versions
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let programs = entry.path().join("bin");
            programs.join("initdb").exists().then_some((version, programs))
        })
        .max()
        .map(|(_, programs)| programs)
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    // The owner of this entry is the user of this process.
    std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}
