//! From a control plane's document to a client of its own: kubeconfig, TLS, connections.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::MaybeHttpsStream;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use kube::Config;
use kube::client::{Body, ClientBuilder, ConfigExt as _};
use kube::config::{KubeConfigOptions, Kubeconfig};
use parking_lot::Mutex;
use portico_domain::documents::{Connection, ControlPlane};
use tower::{BoxError, Service, ServiceBuilder};

use crate::actor::ImpersonateLayer;
use crate::certificate::not_after;
use crate::wire::Wire;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an exec plugin or a file system may take while the client is made.
const SET_UP_TIMEOUT: Duration = Duration::from_secs(30);

/// Why no client could be made. Never says what stands in a kubeconfig.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct SetUpError(String);

/// When the certificates on the way end, as they are seen.
#[derive(Debug, Default)]
pub(crate) struct Certificates {
    pub(crate) client: Option<Timestamp>,
    server: Mutex<Option<Timestamp>>,
}

impl Certificates {
    /// The end of the one that ends first.
    pub(crate) fn first_end(&self) -> Option<Timestamp> {
        [self.client, *self.server.lock()].into_iter().flatten().min()
    }
}

/// Makes the client. Reads files and may run an exec plugin, but does not talk to the plane.
pub(crate) async fn connect(document: &ControlPlane, base: Option<&Path>) -> Result<Wire, SetUpError> {
    let title = document
        .spec
        .title
        .clone()
        .unwrap_or_else(|| document.name.to_string());
    let config = configuration(&document.spec.connection, base).await?;
    // Signing in may run a program (exec plugins): never on the threads that serve requests.
    let work = tokio::task::spawn_blocking(move || client(config));
    let (client, certificates) = tokio::time::timeout(SET_UP_TIMEOUT, work)
        .await
        .map_err(|_| SetUpError("signing in took too long".to_owned()))?
        .map_err(|_| SetUpError("signing in failed".to_owned()))??;
    Ok(Wire::new(
        title,
        client,
        certificates,
        document.spec.act_as,
        &document.spec.limits,
    ))
}

async fn configuration(connection: &Connection, base: Option<&Path>) -> Result<Config, SetUpError> {
    match connection {
        Connection::Kubeconfig { path, context } => {
            let path = base.map_or_else(|| PathBuf::from(path), |base| base.join(path));
            let shown = path.display().to_string();
            let read = tokio::task::spawn_blocking(move || Kubeconfig::read_from(path)).await;
            let kubeconfig = read
                .map_err(|_| SetUpError(format!("the kubeconfig {shown} could not be read")))?
                .map_err(|error| {
                    SetUpError(format!(
                        "the kubeconfig {shown} could not be read: {}",
                        root(&error)
                    ))
                })?;
            let options = KubeConfigOptions {
                context: context.clone(),
                ..KubeConfigOptions::default()
            };
            Config::from_custom_kubeconfig(kubeconfig, &options)
                .await
                .map_err(|error| SetUpError(format!("the kubeconfig {shown} is of no use: {}", root(&error))))
        }
        Connection::InCluster {} => Config::incluster().map_err(|error| {
            SetUpError(format!(
                "Portico does not run in a cluster it could use: {}",
                root(&error)
            ))
        }),
    }
}

fn client(mut config: Config) -> Result<(kube::Client, Arc<Certificates>), SetUpError> {
    let failed = |_: kube::Error| SetUpError("its TLS settings or credentials are of no use".to_owned());
    // Fails only when somebody was quicker, which is as well.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.default_retry = false;
    let certificates = Arc::new(Certificates {
        client: client_end(&config),
        server: Mutex::new(None),
    });
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.set_keepalive(Some(Duration::from_secs(20)));
    tcp.set_keepalive_interval(Some(Duration::from_secs(5)));
    tcp.set_keepalive_retries(Some(3));
    let tls = config
        .rustls_https_connector_with_connector(tcp)
        .map_err(failed)?;
    let connector = Witness {
        inner: tls,
        certificates: certificates.clone(),
    };
    let pool = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
        .pool_idle_timeout(Duration::from_mins(1))
        .pool_max_idle_per_host(16)
        .build::<_, Body>(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(ImpersonateLayer)
        .option_layer(config.auth_layer().map_err(failed)?)
        .layer(config.extra_headers_layer().map_err(failed)?)
        .map_err(BoxError::from)
        .service(pool);
    Ok((
        ClientBuilder::new(service, config.default_namespace.clone()).build(),
        certificates,
    ))
}

/// When the certificate ends that Portico signs in with, where it does so with one.
fn client_end(config: &Config) -> Option<Timestamp> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let info = &config.auth_info;
    let pem = match (&info.client_certificate_data, &info.client_certificate) {
        (Some(data), _) => base64_decode(data)?,
        (None, Some(file)) => std::fs::read(file).ok()?,
        (None, None) => return None,
    };
    let chain = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok);
    chain.filter_map(|der| not_after(&der)).min()
}

fn base64_decode(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text.trim()).ok()
}

/// The text of the error that everything began with: what wraps it says nothing to a reader.
pub(crate) fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    portico_domain::claim::health::plain(&deepest.to_string())
}

/// Sees the certificate that each new connection is served with.
#[derive(Clone)]
struct Witness<C> {
    inner: C,
    certificates: Arc<Certificates>,
}

type Stream<T> = MaybeHttpsStream<T>;
type Connecting<T> = Pin<Box<dyn Future<Output = Result<Stream<T>, BoxError>> + Send>>;

impl<C, T> Service<Uri> for Witness<C>
where
    C: Service<Uri, Response = Stream<T>, Error = BoxError>,
    C::Future: Send + 'static,
    T: Send + 'static,
{
    type Response = Stream<T>;
    type Error = BoxError;
    type Future = Connecting<T>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = self.inner.call(to);
        let certificates = self.certificates.clone();
        Box::pin(async move {
            let stream = connecting.await?;
            if let MaybeHttpsStream::Https(tls) = &stream {
                let (_, session) = tls.inner().get_ref();
                let chain = session.peer_certificates().unwrap_or_default();
                let end = chain.iter().filter_map(|der| not_after(der)).min();
                *certificates.server.lock() = end;
            }
            Ok(stream)
        })
    }
}
