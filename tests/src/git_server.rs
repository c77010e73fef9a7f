//! A Git server on loopback: one repository, served by git's own `http-backend`.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A repository with the branch `main`, and a work tree of it. The server ends when this is dropped.
#[derive(Debug)]
pub struct GitServer {
    address: SocketAddr,
    work_tree: PathBuf,
    serving: JoinHandle<()>,
    _folder: TempDir,
}

impl GitServer {
    /// Whether git can serve HTTP here.
    #[must_use]
    pub fn is_here() -> bool {
        backend().is_some()
    }

    /// Starts a server with an empty repository.
    ///
    /// # Panics
    /// When git fails.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        let bare = home.join("repository.git");
        let _ = git(
            home,
            &[
                "init",
                "--quiet",
                "--bare",
                "--initial-branch=main",
                "repository.git",
            ],
        );
        let _ = git(home, &["clone", "--quiet", "repository.git", "work"]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(serve(listener, bare));
        Self {
            address,
            work_tree: home.join("work"),
            serving,
            _folder: folder,
        }
    }

    /// The repository's address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/repository.git", self.address)
    }

    /// Commits a file, or its removal (`None`), and pushes that. Returns the commit.
    ///
    /// # Panics
    /// When git fails.
    #[must_use]
    pub fn push(&self, name: &str, content: Option<&str>) -> String {
        let file = self.work_tree.join(name);
        match content {
            Some(content) => fs::write(file, content).unwrap(),
            None => fs::remove_file(file).unwrap(),
        }
        let _ = git(&self.work_tree, &["add", "--all"]);
        let _ = git(&self.work_tree, &["commit", "--quiet", "--message", "change"]);
        let _ = git(&self.work_tree, &["push", "--quiet", "origin", "HEAD:main"]);
        git(&self.work_tree, &["rev-parse", "HEAD"])
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The path of `git http-backend`.
fn backend() -> Option<PathBuf> {
    let said = Command::new("git").arg("--exec-path").output().ok()?;
    let folder = String::from_utf8(said.stdout).ok()?;
    Some(Path::new(folder.trim()).join("git-http-backend")).filter(|program| program.is_file())
}

/// Runs git without the settings of whoever runs the tests.
fn git(folder: &Path, arguments: &[&str]) -> String {
    let said = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=Tests", "-c", "user.email=tests@portico.example"])
        .args(["-c", "commit.gpgsign=false"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(
        said.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&said.stderr)
    );
    String::from_utf8_lossy(&said.stdout).trim().to_owned()
}

async fn serve(listener: TcpListener, repository: PathBuf) {
    while let Ok((stream, _)) = listener.accept().await {
        let repository = repository.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(repository.clone(), request));
            // The client may go away.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Answers a request by a run of the program, as CGI (RFC 3875) has it.
async fn answer(
    repository: PathBuf,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let text = |name| {
        let value = head.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let mut command = tokio::process::Command::new(backend().expect("it is here"));
    command
        .env(
            "GIT_PROJECT_ROOT",
            repository.parent().expect("it is in a folder"),
        )
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", head.method.as_str())
        .env("PATH_INFO", head.uri.path())
        .env("QUERY_STRING", head.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", text(CONTENT_TYPE))
        .env("HTTP_CONTENT_ENCODING", text(CONTENT_ENCODING))
        .env("CONTENT_LENGTH", body.len().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // It may end before it has read everything; its answer still counts.
    let _ = stdin.write_all(&body).await;
    drop(stdin);
    let said = child.wait_with_output().await.unwrap().stdout;
    Ok(response(&said))
}

/// Makes a response of what the program said: lines of headers, an empty line, a body.
fn response(said: &[u8]) -> Response<Full<Bytes>> {
    let end = said.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let (headers, body) = said.split_at(end.map_or(said.len(), |end| end + 4));
    let mut response = Response::builder();
    for line in String::from_utf8_lossy(headers).lines() {
        match line.split_once(':') {
            Some(("Status", status)) => {
                response = response.status(status.trim().split(' ').next().unwrap_or_default());
            }
            Some((name, value)) => response = response.header(name, value.trim()),
            None => {}
        }
    }
    response.body(Full::new(Bytes::copy_from_slice(body))).unwrap()
}
