//! Kubeconfigs for people.

use jiff::Timestamp;
use portico_domain::names::{EnvironmentName, TenantName};
use serde::Serialize;

use crate::PlaneChoice;

/// The namespaces that a person can fetch a kubeconfig for.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KubectlPage {
    /// The namespaces, by tenant, environment and control plane.
    pub rows: Vec<KubeconfigRow>,
}

/// A namespace that a person can fetch a kubeconfig for.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KubeconfigRow {
    /// The control plane.
    pub plane: PlaneChoice,
    /// The tenant.
    pub tenant: TenantName,
    /// The tenant's name to show.
    pub tenant_title: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// True if that is production.
    pub production: bool,
    /// The namespace.
    pub namespace: String,
    /// The `ClusterRole` that it gives there; more than one with commas.
    pub cluster_role: String,
    /// For how many minutes it is valid; `null` if it holds no token.
    pub minutes: Option<u32>,
    /// The identity provider that the person signs in to the control plane with, by its issuer, if the kubeconfig holds no
    /// token. Then it gives all rights that the person has on that control plane.
    pub issuer: Option<String>,
}

/// A kubeconfig.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FetchedKubeconfig {
    /// The name for its file.
    pub file: String,
    /// The kubeconfig as YAML: a secret, unless it holds no token.
    pub kubeconfig: String,
    /// When it ends; `null` if it holds no token.
    pub expires_at: Option<Timestamp>,
}
