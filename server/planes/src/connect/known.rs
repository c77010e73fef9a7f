//! Keeps a call off connections that are opened for it: who is at their end is not known yet.

use std::error::Error as StdError;

use super::explain::chain;

tokio::task_local! {
    static KNOWN_CONNECTIONS_ONLY: ();
}

/// A call needs a new connection, and may not open one. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("a new connection is needed")]
pub(super) struct NeedsConnection;

/// Makes a call over connections that are open already; fails if it needs another, see [`needs_connection`].
pub(crate) async fn over_known_connections<F: Future>(call: F) -> F::Output {
    KNOWN_CONNECTIONS_ONLY.scope((), call).await
}

/// True if the call failed only because it may open no connection.
pub(crate) fn needs_connection(error: &(dyn StdError + 'static)) -> bool {
    chain(error).any(<dyn StdError + 'static>::is::<NeedsConnection>)
}

/// Fails within [`over_known_connections`].
pub(super) fn may_connect() -> Result<(), NeedsConnection> {
    match KNOWN_CONNECTIONS_ONLY.try_with(|()| ()) {
        Ok(()) => Err(NeedsConnection),
        Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::Request;
    use http_body_util::BodyExt as _;
    use kube::client::Body;
    use portico_domain::documents::{ActAs, Connection, ControlPlane, Limits};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::connect::{SharedClients, connect, no_secrets};
    use crate::shared::Settings;

    /// Answers every request, and keeps connections.
    async fn serve(listener: TcpListener) {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = [0; 4096];
                while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
                    if stream.write_all(answer).await.is_err() {
                        return;
                    }
                }
            });
        }
    }

    #[tokio::test]
    async fn a_call_that_may_open_no_connection_takes_one_that_is_there() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(serve(listener));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kubeconfig");
        let text = format!(
            "current-context: c\nclusters: [{{ name: a, cluster: {{ server: 'http://{address}' }} }}]\n\
             users: [{{ name: u, user: {{ token: t }} }}]\n\
             contexts: [{{ name: c, context: {{ cluster: a, user: u }} }}]\n"
        );
        std::fs::write(&path, text).unwrap();
        let connection = Connection::Kubeconfig {
            path: path.display().to_string(),
            context: None,
        };
        let document = ControlPlane::bare(
            "a".parse().unwrap(),
            connection,
            ActAs::Portico,
            Limits::default(),
        );
        let clients = SharedClients::default();
        let connected = connect(&document, &Settings::default(), &no_secrets(), &clients).await;
        let http = connected.unwrap().connection.http.for_calls().clone();
        let call = async || {
            let answer = http
                .send(Request::get("/version").body(Body::empty()).unwrap())
                .await?;
            answer.into_body().collect().await?;
            Ok::<_, kube::Error>(())
        };

        let refused = over_known_connections(call()).await.unwrap_err();
        assert!(needs_connection(&refused), "{refused:?}");
        call().await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        over_known_connections(call()).await.unwrap();
        server.abort();
    }
}
