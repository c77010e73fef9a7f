//! Hands out kubeconfigs for namespaces of tenants.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kube_schema::yaml;
use portico_api::words::install_kubelogin;
use portico_api::{FetchedKubeconfig, KubeconfigRow, KubectlPage};
use portico_domain::authz;
use portico_domain::documents::{ControlPlane, OidcSignIn, PublicAddress};
use portico_domain::names::{EnvironmentName, PlaneName, TenantName};
use portico_domain::tenancy::Viewer;
use portico_domain::tenant_namespace::{TenantNamespace, tenant_namespace};
use portico_planes::{PlaneError, ServerAddress};
use serde_json::{Value, json};

use crate::names::choice;
use crate::permissions::Attempt;
use crate::{Caller, Portal, PortalError, Result, Unavailable};

/// Fetches a kubeconfig for the namespace of an environment on a control plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchKubeconfig {
    /// The control plane.
    pub plane: PlaneName,
    /// The tenant.
    pub tenant: TenantName,
    /// The environment.
    pub environment: EnvironmentName,
}

impl Portal {
    /// Returns the namespaces that the viewer can fetch a kubeconfig for.
    #[must_use]
    pub fn kubectl_page(&self, viewer: &Viewer) -> KubectlPage {
        let configuration = self.configuration();
        let mut rows = Vec::new();
        for tenant in configuration.tenants.values() {
            for environment in &tenant.spec.environments {
                for plane in configuration.control_planes.values() {
                    let namespace = tenant_namespace(&configuration, plane, tenant, environment);
                    let Some(namespace) = namespace else { continue };
                    let Some(rights) = rights(viewer, plane, &namespace) else {
                        continue;
                    };
                    rows.push(KubeconfigRow {
                        plane: choice(plane),
                        tenant: tenant.name.clone(),
                        tenant_title: tenant.title().to_owned(),
                        environment: environment.name.clone(),
                        production: environment.production,
                        cluster_role: rights.cluster_role,
                        minutes: rights.minutes,
                        issuer: rights.issuer,
                        namespace: namespace.name,
                    });
                }
            }
        }
        KubectlPage { rows }
    }

    /// Fetches a kubeconfig with the rights of the caller's role, now. It is kept nowhere, and is in the audit log. If the
    /// control plane trusts an identity provider and knows groups of the caller, it holds no token: they sign in there.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] where there is none for the caller; [`PortalError::Unavailable`] while the namespace is
    /// not set up, or the control plane's address is not safe to hand out; the control plane's errors.
    pub async fn fetch_kubeconfig(
        &self,
        caller: Caller<'_>,
        command: &FetchKubeconfig,
    ) -> Result<FetchedKubeconfig> {
        let (plane, namespace) = self.tenant_namespace(command).ok_or(PortalError::NotFound)?;
        if let Some(oidc) = oidc(&plane)
            && authz::may_use_as_oneself(caller.viewer, &namespace).is_ok()
        {
            return self.own_kubeconfig(caller, &plane, &namespace, oidc).await;
        }
        let grant = authz::fetch_kubeconfig(caller.viewer, &plane.name, &namespace)
            .map_err(Attempt::Reveal.error())?;
        let address = self.address_for_people(&plane)?;
        let token = match self.planes().account_token(&grant).await {
            Ok(token) => token,
            Err(PlaneError::NotFound { .. }) => {
                return Err(PortalError::Unavailable(Unavailable::NamespaceNotReady));
            }
            Err(error) => return Err(error.into()),
        };
        let access = grant.target();
        // Written before it is handed out: what cannot be recorded is not.
        let details = json!({
            "signIn": "token", "namespace": access.namespace, "account": access.account,
            "expiresAt": token.expires_at, "credentialId": credential_id(&token.token),
        });
        let event = grant.audit(self.now(), caller.remote).with_details(details);
        self.store().append(event).await?;
        let user = format!("{}@{}", access.account, plane.name);
        Ok(FetchedKubeconfig {
            file: format!("{}.{}.kubeconfig", access.namespace, plane.name),
            kubeconfig: kubeconfig(
                &plane,
                &address,
                &namespace.name,
                &user,
                &json!({ "token": token.token }),
            ),
            expires_at: Some(token.expires_at),
        })
    }

    /// A kubeconfig without a token, for who signs in with this provider.
    async fn own_kubeconfig(
        &self,
        caller: Caller<'_>,
        plane: &ControlPlane,
        namespace: &TenantNamespace,
        oidc: &OidcSignIn,
    ) -> Result<FetchedKubeconfig> {
        let grant = authz::fetch_own_kubeconfig(caller.viewer, &plane.name, namespace)
            .map_err(Attempt::Reveal.error())?;
        let address = self.address_for_people(plane)?;
        let access = grant.target();
        let details = json!({
            "signIn": "oidc", "namespace": access.namespace, "issuer": oidc.issuer, "clientId": oidc.client_id,
            "clusterRoles": access.cluster_roles,
        });
        let event = grant.audit(self.now(), caller.remote).with_details(details);
        self.store().append(event).await?;
        let user = format!("oidc@{}", plane.name);
        Ok(FetchedKubeconfig {
            file: format!("{}.{}.kubeconfig", access.namespace, plane.name),
            kubeconfig: kubeconfig(plane, &address, &namespace.name, &user, &by_kubelogin(oidc)),
            expires_at: None,
        })
    }

    fn tenant_namespace(&self, command: &FetchKubeconfig) -> Option<(ControlPlane, TenantNamespace)> {
        let configuration = self.configuration();
        let tenant = configuration.tenants.get(&command.tenant)?;
        let environment = tenant.environment(&command.environment)?;
        let plane = configuration.control_planes.get(&command.plane)?;
        let namespace = tenant_namespace(&configuration, plane, tenant, environment)?;
        Some((plane.clone(), namespace))
    }

    fn address_for_people(&self, plane: &ControlPlane) -> Result<ServerAddress> {
        if let Some(PublicAddress {
            server,
            certificate_authority,
            ..
        }) = &plane.spec.public_address
        {
            return Ok(ServerAddress {
                server: server.clone(),
                authorities: certificate_authority.clone(),
                server_name: None,
                checked: true,
            });
        }
        if plane.has_agent() {
            let plane = plane.title().to_owned();
            return Err(PortalError::Unavailable(Unavailable::ReachedByAgent { plane }));
        }
        let address = self.planes().server_address(&plane.name)?;
        if address.checked && address.server.starts_with("https://") {
            Ok(address)
        } else {
            let plane = plane.title().to_owned();
            Err(PortalError::Unavailable(Unavailable::AddressNotSafe { plane }))
        }
    }
}

/// What a kubeconfig gives to somebody in a namespace.
struct Rights {
    cluster_role: String,
    minutes: Option<u32>,
    issuer: Option<String>,
}

/// The rights that a kubeconfig would give to the viewer; `None` if they can fetch none.
fn rights(viewer: &Viewer, plane: &ControlPlane, namespace: &TenantNamespace) -> Option<Rights> {
    if let Some(oidc) = oidc(plane)
        && let Ok((_, cluster_roles)) = authz::may_use_as_oneself(viewer, namespace)
    {
        let cluster_roles: Vec<String> = cluster_roles.into_iter().collect();
        return Some(Rights {
            cluster_role: cluster_roles.join(", "),
            minutes: None,
            issuer: Some(oidc.issuer.clone()),
        });
    }
    let (_, account) = authz::may_fetch_kubeconfig(viewer, namespace).ok()?;
    Some(Rights {
        cluster_role: namespace.cluster_role(&account).unwrap_or_default().to_owned(),
        minutes: namespace.kubeconfig.as_ref().map(|access| access.minutes),
        issuer: None,
    })
}

/// The provider that the control plane trusts, if it says so.
fn oidc(plane: &ControlPlane) -> Option<&OidcSignIn> {
    plane.spec.public_address.as_ref()?.oidc.as_ref()
}

/// A user that signs in by the plugin kubelogin. It holds nothing that is secret.
fn by_kubelogin(oidc: &OidcSignIn) -> Value {
    let mut arguments = vec![
        "oidc-login".to_owned(),
        "get-token".to_owned(),
        format!("--oidc-issuer-url={}", oidc.issuer),
        format!("--oidc-client-id={}", oidc.client_id),
    ];
    let scopes = oidc.extra_scopes.iter();
    arguments.extend(scopes.map(|scope| format!("--oidc-extra-scope={scope}")));
    let authority = oidc.certificate_authority.iter();
    arguments.extend(authority.map(|pem| format!("--certificate-authority-data={}", STANDARD.encode(pem))));
    json!({ "exec": {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "kubectl",
        "args": arguments,
        "interactiveMode": "IfAvailable",
        "provideClusterInfo": false,
        "installHint": install_kubelogin(),
    } })
}

/// The id that the API server puts into its audit log for calls with this token.
fn credential_id(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    Some(format!("JTI={}", claims.get("jti")?.as_str()?))
}

fn kubeconfig(
    plane: &ControlPlane,
    address: &ServerAddress,
    namespace: &str,
    user: &str,
    credentials: &Value,
) -> String {
    let mut cluster = json!({ "server": address.server });
    if let Some(authorities) = &address.authorities {
        cluster["certificate-authority-data"] = json!(STANDARD.encode(authorities));
    }
    if let Some(name) = &address.server_name {
        cluster["tls-server-name"] = json!(name);
    }
    let context = format!("{namespace}@{}", plane.name);
    yaml::print(&json!({
        "apiVersion": "v1", "kind": "Config",
        "clusters": [{ "name": plane.name, "cluster": cluster }],
        "users": [{ "name": user, "user": credentials }],
        "contexts": [{
            "name": context, "context": { "cluster": plane.name, "user": user, "namespace": namespace },
        }],
        "current-context": context,
    }))
}
