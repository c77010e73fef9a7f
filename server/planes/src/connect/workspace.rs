//! The workspace of kcp that a connection is for: by the document, or by the address in the kubeconfig.

use std::sync::Arc;

use http::Uri;
use portico_domain::documents::{Connection, ControlPlane, is_workspace_path};

use super::HttpClient;
use super::kubeconfig::Kubeconfig;

/// A workspace of kcp, and how to reach others with the same credentials.
#[derive(Clone)]
pub(crate) struct WorkspaceAddress {
    /// `root:tenants:payments`
    pub(crate) path: Arc<str>,
    /// `/clusters/root:tenants:payments`
    pub(crate) prefix: Arc<str>,
    /// The same for all workspaces that are reached by the same kubeconfig.
    pub(crate) source: Arc<str>,
    pub(crate) client: Arc<HttpClient>,
}

/// The path of a workspace, and the source of the credentials for it.
type Found = (Arc<str>, Arc<str>);

/// Finds the workspace, and takes it out of the kubeconfig's address. Returns its path and source; `None` if the control
/// plane is none.
pub(super) fn address(
    config: &mut Kubeconfig,
    document: &ControlPlane,
    connection: &Connection,
) -> Result<Option<Found>, String> {
    let kcp = document.spec.kcp.as_ref();
    let path = config.server.path().trim_end_matches('/').to_owned();
    if path.contains("/services/") && (kcp.is_some() || path.starts_with("/services/")) {
        return Err(format!(
            "clusters[].cluster.server: {path} is a virtual workspace of kcp: name a workspace, such as \
             https://kcp.example.com/clusters/root:tenants"
        ));
    }
    let (root, in_address) = match path.rsplit_once("/clusters/") {
        // Elsewhere `/clusters/` stands for other things, so without a document's word only the plain form counts.
        Some((root, name)) if is_workspace_path(name) && (kcp.is_some() || root.is_empty()) => {
            (root.to_owned(), Some(name.to_owned()))
        }
        _ => (path, None),
    };
    let claimed = document.claim().filter(|claim| claim.workspace.is_some());
    let workspace = if let Some(claim) = claimed {
        let parent = claim
            .workspace
            .as_ref()
            .and_then(|workspace| workspace.parent_path.clone());
        let parent = parent.or(in_address).ok_or(
            "the control plane that serves its claim is no workspace of kcp: neither its document (spec.kcp.workspace) nor \
             the address in its kubeconfig names one",
        )?;
        Some(format!("{parent}:{}", claim.claim.name))
    } else {
        let in_document = kcp.and_then(|kcp| kcp.workspace.clone());
        in_document.or(in_address)
    };
    let Some(workspace) = workspace else {
        return match kcp {
            None => Ok(None),
            Some(_) => Err(
                "clusters[].cluster.server: names no workspace of kcp (/clusters/<path>), and neither does spec.kcp.workspace"
                    .to_owned(),
            ),
        };
    };
    config.server = without_workspace(&config.server, &root)
        .ok_or_else(|| "clusters[].cluster.server: is not an address".to_owned())?;
    // A document's connection holds no credential, only where one is.
    let source = format!("{connection:?}");
    Ok(Some((workspace.into(), source.into())))
}

fn without_workspace(server: &Uri, path: &str) -> Option<Uri> {
    let scheme = server.scheme_str()?;
    let authority = server.authority()?;
    format!("{scheme}://{authority}{path}").parse().ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use portico_domain::documents::{ActAs, Kcp, Limits};

    use super::*;

    fn found(server: &str, kcp: Option<&str>) -> Result<Option<(String, String)>, String> {
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{{ name: c, cluster: {{ server: '{server}' }} }}]\n\
             contexts: [{{ name: c, context: {{ cluster: c, user: u }} }}]\nusers: [{{ name: u, user: {{ token: abc }} }}]\n"
        );
        let mut config = Kubeconfig::of(&text, Path::new("kubeconfig"), None).map_err(|it| it.to_string())?;
        let connection = Connection::Kubeconfig {
            path: "kubeconfig".into(),
            context: None,
        };
        let name = "a".parse().unwrap();
        let mut document = ControlPlane::bare(name, connection.clone(), ActAs::Portico, Limits::default());
        document.spec.kcp = kcp.map(|workspace| Kcp {
            workspace: (!workspace.is_empty()).then(|| workspace.to_owned()),
            exports: Vec::new(),
        });
        let found = address(&mut config, &document, &connection)?;
        Ok(found.map(|(path, _)| (config.server.to_string(), path.to_string())))
    }

    #[test]
    fn the_document_goes_before_the_address() {
        let of = |server: &str, kcp| found(server, kcp).unwrap();
        let workspace = |server: &str, path: &str| Some((server.to_owned(), path.to_owned()));
        assert_eq!(of("https://kcp:6443", None), None);
        assert_eq!(
            of("https://kcp:6443/clusters/root:a", None),
            workspace("https://kcp:6443/", "root:a")
        );
        assert_eq!(
            of("https://kcp:6443/clusters/root:a/", Some("root:b")),
            workspace("https://kcp:6443/", "root:b")
        );
        assert_eq!(
            of("https://kcp:6443", Some("root:b")),
            workspace("https://kcp:6443/", "root:b")
        );
        assert_eq!(
            of("https://kcp/below/clusters/root", Some("")),
            workspace("https://kcp/below", "root")
        );
    }

    #[test]
    fn other_addresses_with_clusters_stay_as_they_are() {
        assert_eq!(found("https://rancher/k8s/clusters/c-m-abc", None), Ok(None));
        assert_eq!(found("https://any/clusters/with/more", None), Ok(None));
    }

    #[test]
    fn what_names_no_workspace_is_told() {
        let told = found("https://kcp:6443", Some("")).unwrap_err();
        assert!(told.contains("names no workspace of kcp"), "{told}");
        let told = found("https://kcp:6443/services/apiexport/root/x/clusters/*", None).unwrap_err();
        assert!(told.contains("virtual workspace"), "{told}");
    }
}
