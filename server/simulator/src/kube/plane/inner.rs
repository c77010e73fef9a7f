//! The state that the HTTP server and the in-process client of a control plane share.

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use rustls::ServerConfig;
use tokio::sync::watch;

use super::access::{Access, Identity};
use super::audit::Audit;
use super::credentials::Credentials;
use super::faults::Faults;
use super::load::{self, load};
use super::settings::Settings;
use super::shard::Shard;
use crate::kube::registry::state::State;

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) name: String,
    pub(crate) settings: Settings,
    state: Mutex<State>,
    /// The revision of the last write, for watches.
    pub(crate) revision: watch::Sender<u64>,
    pub(crate) access: Access,
    pub(crate) faults: Faults,
    pub(crate) audit: Audit,
    pub(crate) credentials: Credentials,
    /// `None` without a certificate; then the server speaks only plain HTTP.
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// Of a workspace of kcp.
    shard: Option<Arc<Shard>>,
}

impl Inner {
    /// Loads the snapshot and the credentials.
    pub(crate) fn new(name: &str, settings: Settings) -> Self {
        let state = load(&settings);
        let revision = watch::Sender::new(state.store.revision());
        let (credentials, tls) = credentials(name, &settings);
        let access = Access::default();
        access.add_token(&credentials.token, Identity::new("portico", ["system:masters"]));
        Self {
            name: name.into(),
            settings,
            state: Mutex::new(state),
            revision,
            access,
            faults: Faults::default(),
            audit: Audit::default(),
            credentials,
            tls,
            shard: None,
        }
    }

    /// A workspace of kcp, which is served with the certificate of `front` and knows the same tokens. Its snapshot is beside
    /// that of `front`.
    pub(crate) fn workspace(name: &str, cluster: &str, front: &Self, shard: &Arc<Shard>) -> Self {
        let snapshot = front.settings.snapshot.as_deref();
        let settings = Settings {
            snapshot: snapshot.map(|path| path.with_extension(format!("{cluster}.json"))),
            ..front.settings.clone()
        };
        let state = load::workspace(&settings, shard.clock.clone(), cluster);
        Self {
            name: name.into(),
            revision: watch::Sender::new(state.store.revision()),
            settings,
            state: Mutex::new(state),
            access: Access::with_tokens_of(&front.access),
            faults: Faults::default(),
            audit: Audit::default(),
            credentials: front.credentials.clone(),
            tls: front.tls.clone(),
            shard: Some(Arc::clone(shard)),
        }
    }

    /// Locks the state, to read it.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Runs `write` on the state, journals the result, then wakes watches.
    pub(crate) fn write<T>(&self, write: impl FnOnce(&mut State) -> T) -> T {
        let (result, revision) = {
            let _turn = self.shard.as_ref().map(|shard| shard.turn.lock());
            let mut state = self.state.lock();
            let result = write(&mut state);
            state.keep();
            (result, state.store.revision())
        };
        if let Some(shard) = &self.shard {
            shard.written.send_if_modified(|last| {
                let is_new = *last < revision;
                *last = revision.max(*last);
                is_new
            });
        }
        self.revision
            .send_if_modified(|last| std::mem::replace(last, revision) != revision);
        result
    }
}

/// The credentials, and TLS if they allow it.
fn credentials(name: &str, settings: &Settings) -> (Credentials, Option<Arc<ServerConfig>>) {
    let obtained = Credentials::obtain(name, settings.token.clone(), settings.snapshot.as_deref());
    let usable = obtained.and_then(|credentials| Ok((credentials.tls()?, credentials)));
    match usable {
        Ok((tls, credentials)) => (credentials, Some(tls)),
        Err(error) => {
            tracing::error!(plane = name, %error, "this control plane speaks plain HTTP only");
            (Credentials::without_certificate(settings.token.clone()), None)
        }
    }
}
