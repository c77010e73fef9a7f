//! The people and control planes of a published service.

use std::fs;
use std::time::Duration;

use portico_tests::kubectl::Kubectl;
use portico_tests::person::Person;
use portico_tests::separate_process::SeparateProcess;
use reqwest::Method;
use serde_json::{Value, json};

pub(super) const TIMEOUT: Duration = Duration::from_mins(1);
pub(super) const OFFERING: &str = "indexes.search.example.org";
pub(super) const NEEDED: [&str; 3] = ["takeClaims", "decide", "handOutSecrets"];

pub(super) const DEFINITION: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: indexes.search.example.org
  labels: { portico.dev/offered: 'true' }
spec:
  group: search.example.org
  scope: Namespaced
  names: { kind: Index, plural: indexes, singular: index }
  versions:
    - name: v1
      served: true
      storage: true
      subresources: { status: {} }
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: { type: object, properties: { shards: { type: integer, default: 1 } } }
            status: { type: object, x-kubernetes-preserve-unknown-fields: true }
";

/// `orders` is Ada's, who is in no team of the publisher.
pub(super) const TENANT: &str = "
apiVersion: portico.dev/v1alpha1
kind: Tenant
metadata: { name: orders }
spec:
  title: Orders
  members: [{ group: payments-approvers, role: developer }]
  environments: [{ name: dev, namespace: orders-dev }]
  controlPlanes: { matchLabels: { shared: 'true' } }
  quota: { claims: 5 }
---
apiVersion: portico.dev/v1alpha1
kind: Offering
metadata: { name: indexes.search.example.org }
spec:
  title: Search index
  access:
    secret: { name: '{name}-key' }
    secretLabels: { search.example.org/index: '{uid}' }
    keys: { password: key }
";

pub(super) fn publication(plane: &str, consumers: &str) -> String {
    format!(
        "
apiVersion: portico.dev/v1alpha1
kind: Publication
metadata: {{ name: search }}
spec:
  publisher: research
  offering: {OFFERING}
  controlPlane: {plane}
  consumers: {{ tenants: {consumers} }}
  approvers: {{ groups: [research-admins] }}
  permissions:
    - {{ permission: takeClaims, reason: They are on our cluster. }}
    - {{ permission: decide, reason: We plan capacity. }}
    - {{ permission: handOutSecrets, reason: They need a key. }}
    - {{ permission: knowRequesters, reason: We call back., optional: true }}
    - {{ permission: readNotes, reason: We read along., optional: true }}
"
    )
}

/// Everybody who takes part, and the publisher's control plane.
pub(super) struct Stage {
    pub(super) portal: SeparateProcess,
    pub(super) kubectl: Kubectl,
    pub(super) plane: &'static str,
    pub(super) pat: Person,
    pub(super) ruth: Person,
    pub(super) ada: Person,
    pub(super) dana: Person,
}

impl Stage {
    pub(super) async fn over(world: SeparateProcess, kubectl: Kubectl, plane: &'static str) -> Self {
        let [pat, ruth, ada, dana] = ["pat", "ruth", "ada", "dana"];
        Self {
            pat: world.world.sign_in(pat).await,
            ruth: world.world.sign_in(ruth).await,
            ada: world.world.sign_in(ada).await,
            dana: world.world.sign_in(dana).await,
            portal: world,
            kubectl,
            plane,
        }
    }

    /// The publication's page, as the API has it.
    pub(super) async fn publication(&self, person: &Person) -> Value {
        let path = "/api/v1/publications/search";
        person.api(Method::GET, path, None).await.expect(200).json()
    }

    pub(super) async fn permission(&self, permission: &str) -> Value {
        let page = self.publication(&self.pat).await;
        let mut all = page["permissions"].as_array().unwrap().iter();
        all.find(|one| one["permission"] == permission).unwrap().clone()
    }

    /// Pat decides on the page, without scripts.
    pub(super) async fn decides(&self, permission: &str, decision: &str) {
        let page = self.pat.get("/admin/publications/search").await.expect(200);
        let asked = self.permission(permission).await["asked"]
            .as_str()
            .unwrap()
            .to_owned();
        let csrf = self.pat.csrf().await;
        assert!(page.page().form("/decide").is_some());
        let answer = self
            .pat
            .post(
                "/admin/publications/search/decide",
                &[
                    ("_csrf", &csrf),
                    ("_permission", permission),
                    ("_asked", &asked),
                    ("_decision", decision),
                ],
            )
            .await
            .expect(200);
        assert!(answer.url.path().ends_with("/publications/search"));
    }

    /// True if the catalog of the person's workspace has the service.
    pub(super) async fn is_in_catalog(&self, person: &Person, workspace: &str) -> Value {
        let path = format!("/api/v1/offerings?q=search&{workspace}");
        let page = person.api(Method::GET, &path, None).await.expect(200).json();
        let mut cards = page["cards"]["items"].as_array().unwrap().iter();
        cards
            .find(|card| card["name"] == OFFERING)
            .cloned()
            .unwrap_or_default()
    }

    pub(super) async fn requests(&self, name: &str, status: u16) -> Value {
        let wish = json!({ "offering": OFFERING, "name": name, "note": "For the shop.", "object": { "spec": { "shards": 2 } } });
        let path = "/api/v1/requests?tenant=orders&environment=dev";
        let answer = self.ada.api(Method::POST, path, Some(&wish)).await;
        answer.expect(status).json()
    }

    pub(super) fn write(&self, file: &str, text: &str) {
        fs::write(self.portal.world.ready.configuration.join(file), text).unwrap();
    }

    /// The only namespace of a consumer on the publisher's control plane.
    pub(super) fn namespace(&self) -> String {
        let all = self.kubectl.json(&[
            "get",
            "namespaces",
            "--selector=portico.dev/tenant=orders",
            "--output=json",
        ]);
        let items = all["items"].as_array().unwrap();
        assert_eq!(items.len(), 1, "{all}");
        items[0]["metadata"]["name"].as_str().unwrap().to_owned()
    }

    pub(super) fn claim(&self, name: &str) -> Value {
        let namespace = format!("--namespace={}", self.namespace());
        self.kubectl.json(&[
            "get",
            "indexes.search.example.org",
            name,
            &namespace,
            "--output=json",
        ])
    }

    /// What the publisher's controller does: the status and a secret with a key.
    pub(super) fn provision(&self, name: &str) {
        let claim = self.claim(name);
        let (namespace, uid) = (
            self.namespace(),
            claim["metadata"]["uid"].as_str().unwrap().to_owned(),
        );
        self.kubectl.apply(
            &format!(
                "apiVersion: v1\nkind: Secret\nmetadata: {{ name: {name}-key, namespace: {namespace}, labels: {{ search.example.org/index: '{uid}' }} }}\nstringData: {{ key: hunter2 }}\n"
            ),
            &[],
        );
        let now = "2026-01-01T00:00:00Z";
        let patch = json!({ "status": { "conditions": [{ "type": "Ready", "status": "True", "reason": "Available", "message": "", "lastTransitionTime": now }] } });
        let _ = self.kubectl.run(&[
            "patch",
            "indexes.search.example.org",
            name,
            &format!("--namespace={namespace}"),
            "--subresource=status",
            "--type=merge",
            &format!("--patch={patch}"),
        ]);
    }
}
