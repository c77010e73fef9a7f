use serde_json::json;

use super::super::recipe::{Connection, Part, Recipe, Site, Style};

pub(super) const NOTEBOOK: Recipe = Recipe {
    group: "science.demo.portico.dev",
    kind: "Notebook",
    style: Style::Operator,
    parts: |site| {
        let settings = json!({
            "image": site.text("/image", "python"), "memory": site.text("/memory", "8Gi"),
            "accelerators": site.number("/accelerators", 0),
        });
        vec![
            Part {
                suffix: "home".to_owned(),
                ..Part::disk(site.gibibytes("/disk"), "standard")
            },
            Part::new("NotebookServer", "server", "the server", settings),
        ]
    },
    status: |site| json!({ "url": url(site) }),
    connection: |site, credentials| Connection {
        name: format!("{}-notebook", site.name),
        kind: "Opaque",
        data: vec![("url", url(site)), ("token", credentials.password.clone())],
    },
};

fn url(site: &Site<'_>) -> String {
    format!("https://{}/lab", site.host("notebooks"))
}
