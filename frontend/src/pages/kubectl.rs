use leptos::prelude::*;
use portico_api::words::{about_kubeconfigs, own_rights};
use portico_api::{Frame, KubeconfigRow, KubectlPage, Link, duration, names};

use crate::pages::claims::csrf;
use crate::parts::text::empty;
use crate::parts::{document, icon};

/// kubectl access: where can I use kubectl, and how do I get in?
#[must_use]
pub fn kubectl(frame: &Frame, page: &KubectlPage) -> String {
    document(frame, || {
        let as_oneself = page.rows.iter().any(|row| row.issuer.is_some());
        let with_token = page.rows.iter().any(|row| row.issuer.is_none());
        let list = if page.rows.is_empty() {
            empty(
                "kubernetes",
                "No namespaces for you",
                "Your platform team gives no access by kubectl to the namespaces of your tenants.",
                None,
            )
        } else {
            let rows: Vec<_> = page.rows.iter().map(|each| row(frame, each)).collect();
            view! {
                <div class="table-wrap"><table class="rows">
                    <caption class="unseen">"Namespaces"</caption>
                    <thead><tr>
                        <th scope="col">"Namespace"</th>
                        <th scope="col">"Tenant"</th>
                        <th scope="col">"Control plane"</th>
                        <th scope="col">"Your rights"</th>
                        <th scope="col"><span class="unseen">"What to do"</span></th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table></div>
                <p class="quiet">"Use the file with "<code>"kubectl --kubeconfig FILE get pods"</code>", or name it in the variable "<code>"KUBECONFIG"</code>"."</p>
                {as_oneself.then(|| view! { <p class="quiet">{own_rights()}</p> })}
            }
            .into_any()
        };
        view! {
            <div class="page-head"><div>
                <h1>"kubectl access"</h1>
                <p>{about_kubeconfigs(with_token, as_oneself)}</p>
            </div></div>
            <section aria-label="Your namespaces">{list}</section>
        }
        .into_any()
    })
}

fn row(frame: &Frame, row: &KubeconfigRow) -> impl IntoView + use<> {
    let length = match (row.minutes, &row.issuer) {
        (_, Some(_)) => ", as yourself".to_owned(),
        (Some(minutes), None) => format!(", for {}", duration(u64::from(minutes) * 60)),
        (None, None) => String::new(),
    };
    let signs_in = row
        .issuer
        .clone()
        .map(|issuer| view! { <p class="reason">"Sign in at "{issuer}</p> });
    let label = format!(
        "Download a kubeconfig for {} on {}",
        row.namespace, row.plane.title
    );
    view! {
        <tr>
            <th scope="row" class="mono">{row.namespace.clone()}</th>
            <td data-label="Tenant">{row.tenant_title.clone()}" / "{row.environment.to_string()}</td>
            <td data-label="Control plane">{row.plane.title.clone()}</td>
            <td data-label="Your rights"><span class="mono">{row.cluster_role.clone()}</span>{length}{signs_in}</td>
            <td class="act">
                <form method="post" action=Link::Kubectl.to_string()>
                    {csrf(frame)}
                    <input type="hidden" name=names::PLANE value=row.plane.name.to_string() />
                    <input type="hidden" name=names::WORKSPACE value=format!("{}/{}", row.tenant, row.environment) />
                    <button class="button small" aria-label=label>{icon("download")}"Kubeconfig"</button>
                </form>
            </td>
        </tr>
    }
}
