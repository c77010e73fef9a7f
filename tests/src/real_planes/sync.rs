//! Lets the demo's provisioners serve a real control plane: copies each claim to the simulated one, and copies
//! status and secrets back.

use std::collections::HashMap;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{bare, list, set_status};
use crate::raw_client::RawClient;

/// The polling interval. The tests' provisioners take steps of 150 ms.
const PACE: Duration = Duration::from_millis(150);

/// A running synchronization. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct StatusSync {
    task: JoinHandle<()>,
}

impl StatusSync {
    /// Copies the simulated control plane's initial claims, then synchronizes both.
    pub(super) async fn start(simulated: RawClient, real: RawClient, definitions: &[Value]) -> Self {
        let mut kinds: Vec<Kind> = definitions.iter().filter_map(Kind::of).collect();
        let mut secrets = Secrets::default();
        for kind in &mut kinds {
            kind.begin(&mut secrets, &simulated, &real).await;
        }
        let task = tokio::spawn(async move {
            loop {
                for kind in &mut kinds {
                    kind.keep(&mut secrets, &simulated, &real).await;
                }
                tokio::time::sleep(PACE).await;
            }
        });
        Self { task }
    }
}

impl Drop for StatusSync {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An offered kind.
struct Kind {
    /// `/apis/group/version`.
    api: String,
    plural: String,
    twins: HashMap<String, Twin>,
}

/// What was last copied of a claim, in each direction.
struct Twin {
    uid: Value,
    spec: Value,
    /// The generation of the claim whose spec was copied.
    generation: i64,
    status: Value,
}

impl Kind {
    /// The demo's namespaced kinds, without those of composed resources.
    fn of(definition: &Value) -> Option<Self> {
        let spec = &definition["spec"];
        let group = spec["group"].as_str()?;
        let is_asked_for = spec["scope"] == "Namespaced" && !group.starts_with("cloud.");
        is_asked_for.then(|| Self {
            api: format!(
                "/apis/{group}/{}",
                spec["versions"][0]["name"].as_str().unwrap_or_default()
            ),
            plural: spec["names"]["plural"].as_str().unwrap_or_default().to_owned(),
            twins: HashMap::new(),
        })
    }

    fn everywhere(&self) -> String {
        format!("{}/{}", self.api, self.plural)
    }

    fn collection(&self, object: &Value) -> String {
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
        format!("{}/namespaces/{namespace}/{}", self.api, self.plural)
    }

    fn path(&self, object: &Value) -> String {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        format!("{}/{name}", self.collection(object))
    }

    async fn begin(&mut self, secrets: &mut Secrets, simulated: &RawClient, real: &RawClient) {
        for twin in list(simulated, &self.everywhere()).await {
            // The portal created them, according to their field manager.
            let path = self.path(&twin);
            let apply = format!("{path}?fieldManager=portico");
            let applied = real.ask(Method::PATCH, &apply, Some(&bare(&twin))).await;
            assert!(applied.is_success(), "{path}: {applied:?}");
            let claim = real.get(&path).await.unwrap();
            self.twins.insert(path, Twin::of(&claim));
        }
        self.keep(secrets, simulated, real).await;
    }

    async fn keep(&mut self, secrets: &mut Secrets, simulated: &RawClient, real: &RawClient) {
        let by_path = |objects: Vec<Value>| -> HashMap<String, Value> {
            objects
                .into_iter()
                .map(|object| (self.path(&object), object))
                .collect()
        };
        let claims = by_path(list(real, &self.everywhere()).await);
        let twins = by_path(list(simulated, &self.everywhere()).await);
        for (path, twin) in &twins {
            let is_of = |claim: &&Value| {
                let known = self.twins.get(path);
                known.is_some_and(|known| known.uid == claim["metadata"]["uid"])
            };
            let claim = claims.get(path).filter(is_of);
            if let (Some(uid), Some(claim)) = (twin["metadata"]["uid"].as_str(), claim) {
                secrets.owners.insert(uid.to_owned(), owner_reference(claim));
            }
        }
        // Copy the secret first, so that it exists when the claim becomes ready.
        secrets.copy(simulated, real).await;
        for (path, claim) in &claims {
            let known = self
                .twins
                .get_mut(path)
                .filter(|known| known.uid == claim["metadata"]["uid"]);
            match (known, twins.get(path)) {
                (Some(known), Some(twin)) => keep_alike(known, path, claim, twin, simulated, real).await,
                // A copy of an earlier claim with the same name must go first.
                (None, Some(_)) => drop(simulated.ask(Method::DELETE, path, None).await),
                (_, None) => {
                    let made = simulated
                        .ask(Method::POST, &self.collection(claim), Some(&bare(claim)))
                        .await;
                    if made.is_success() {
                        self.twins.insert(path.clone(), Twin::of(claim));
                    }
                }
            }
        }
        for path in twins.keys().filter(|path| !claims.contains_key(*path)) {
            drop(simulated.ask(Method::DELETE, path, None).await);
            self.twins.remove(path);
        }
    }
}

impl Twin {
    fn of(claim: &Value) -> Self {
        Self {
            uid: claim["metadata"]["uid"].clone(),
            spec: claim["spec"].clone(),
            generation: generation(claim),
            status: Value::Null,
        }
    }
}

async fn keep_alike(
    known: &mut Twin,
    path: &str,
    claim: &Value,
    twin: &Value,
    simulated: &RawClient,
    real: &RawClient,
) {
    if known.spec != claim["spec"] {
        let path = format!("{path}?fieldManager=mirror&force=true");
        let applied = simulated.ask(Method::PATCH, &path, Some(&bare(claim))).await;
        if applied.is_success() {
            known.spec = claim["spec"].clone();
            known.generation = generation(claim);
        }
        return;
    }
    let status = status_for(known.generation, twin);
    if status != known.status && !status.is_null() && set_status(real, path, &status).await {
        known.status = status;
    }
}

fn generation(object: &Value) -> i64 {
    object["metadata"]["generation"].as_i64().unwrap_or_default()
}

/// The status of the copy, with the generation of the claim.
fn status_for(claim_generation: i64, twin: &Value) -> Value {
    let translate = |observed: &mut Value| {
        if let Some(number) = observed.as_i64() {
            let behind = i64::from(number < generation(twin));
            *observed = json!(claim_generation - behind);
        }
    };
    let mut status = twin["status"].clone();
    if let Some(observed) = status.get_mut("observedGeneration") {
        translate(observed);
    }
    let conditions = status.get_mut("conditions").and_then(Value::as_array_mut);
    for condition in conditions.into_iter().flatten() {
        if let Some(observed) = condition.get_mut("observedGeneration") {
            translate(observed);
        }
    }
    status
}

/// The secrets of provisioners by path, with the version that was copied.
#[derive(Default)]
struct Secrets {
    copied: HashMap<String, (Value, Value)>,
    /// The uids of claims by the uid of their copy, for owner references.
    owners: HashMap<String, Value>,
}

fn owner_reference(claim: &Value) -> Value {
    json!({
        "apiVersion": claim["apiVersion"], "kind": claim["kind"], "name": claim["metadata"]["name"],
        "uid": claim["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true,
    })
}

impl Secrets {
    async fn copy(&mut self, simulated: &RawClient, real: &RawClient) {
        for secret in list(simulated, "/api/v1/secrets").await {
            let metadata = &secret["metadata"];
            let text = |name: &str| metadata[name].as_str().unwrap_or_default();
            let path = format!(
                "/api/v1/namespaces/{}/secrets/{}",
                text("namespace"),
                text("name")
            );
            // The owner reference names the uid of the claim on its own control plane.
            let owner = metadata["ownerReferences"][0]["uid"].as_str();
            let owner = match owner.map(|uid| self.owners.get(uid)) {
                Some(Some(owner)) => json!([owner]),
                // The claim is not known yet.
                Some(None) => continue,
                None => json!([]),
            };
            let version = (metadata["resourceVersion"].clone(), owner.clone());
            if self.copied.get(&path) == Some(&version) {
                continue;
            }
            let mut copy = bare(&secret);
            copy["metadata"]["ownerReferences"] = owner;
            let apply = format!("{path}?fieldManager=mirror&force=true");
            if real.ask(Method::PATCH, &apply, Some(&copy)).await.is_success() {
                self.copied.insert(path, version);
            }
        }
    }
}
