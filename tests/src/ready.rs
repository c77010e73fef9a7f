//! The file in which a demo describes itself once it answers.

use std::path::PathBuf;

use serde::Deserialize;

/// The contents of the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ready {
    /// The portal's URL, without a trailing slash.
    pub portal: String,
    /// The identity provider's URL.
    pub issuer: String,
    /// The folder of the portal's configuration.
    pub configuration: PathBuf,
    /// The people who can sign in.
    pub people: Vec<DemoPerson>,
    /// The control planes.
    pub control_planes: Vec<Plane>,
}

/// A person who can sign in.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoPerson {
    /// The value of the provider's button.
    pub username: String,
    /// The label of the button.
    pub name: String,
}

/// A control plane.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plane {
    /// The name.
    pub name: String,
    /// The path of its kubeconfig.
    pub kubeconfig: PathBuf,
}
