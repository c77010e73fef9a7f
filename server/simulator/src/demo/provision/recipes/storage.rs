use serde_json::json;

use super::super::recipe::{Connection, Part, Recipe, Site, Style};

pub(super) const BUCKET: Recipe = Recipe {
    group: "storage.demo.portico.dev",
    kind: "Bucket",
    style: Style::Operator,
    parts: |site| {
        let settings =
            json!({ "quota": site.text("/quota", "50Gi"), "class": site.text("/storageClass", "standard") });
        vec![
            Part::new("StorageBucket", "bucket", "the bucket", settings),
            Part::new(
                "AccessKey",
                "key",
                "the access key",
                json!({ "rights": ["read", "write"] }),
            ),
        ]
    },
    status: |site| {
        json!({
            "bucketName": bucket(site),
            "endpoint": endpoint(site),
            "binding": { "name": format!("{}-s3", site.name) },
        })
    },
    connection: |site, credentials| Connection {
        name: format!("{}-s3", site.name),
        kind: "servicebinding.io/s3",
        data: vec![
            ("type", "s3".to_owned()),
            ("endpoint", endpoint(site)),
            ("bucket", bucket(site)),
            ("region", "demo".to_owned()),
            (
                "accessKey",
                format!("DEMO{}", site.name.to_uppercase().replace(['-', '.'], "")),
            ),
            ("secretKey", credentials.password.clone()),
        ],
    },
};

fn bucket(site: &Site<'_>) -> String {
    format!("{}-{}", site.namespace, site.name)
}

fn endpoint(site: &Site<'_>) -> String {
    format!("https://s3.{}.demo.internal", site.plane)
}
