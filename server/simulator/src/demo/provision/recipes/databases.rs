use serde_json::{Value, json};

use super::super::recipe::{Connection, Part, Recipe, Site, Style};

pub(super) const POSTGRESQL: Recipe = Recipe {
    group: "databases.demo.portico.dev",
    kind: "PostgreSQLInstance",
    style: Style::Claim("XPostgreSQLInstance"),
    parts: |site| {
        let mut parts = vec![Part::disk(
            site.gibibytes("/storage/size"),
            &site.text("/storage/class", "standard"),
        )];
        parts.push(server(site, "postgresql", &site.text("/resources/memory", "2Gi")));
        let instances = site.number("/instances", 1);
        for standby in 1..instances {
            let settings =
                json!({ "engine": "postgresql", "follows": format!("{}-server", site.name), "zone": "c" });
            parts.push(Part::new(
                "DatabaseServer",
                format!("standby-{standby}"),
                format!("standby {standby}"),
                settings,
            ));
        }
        parts.extend(backups(site, "/backup/enabled"));
        parts.push(Part::new("FirewallRule", "access", "the firewall", json!({
            "port": site.number("/network/port", 5432),
            "ranges": site.spec.pointer("/network/allowedRanges").cloned().unwrap_or_else(|| json!(["10.0.0.0/8"])),
        })));
        parts
    },
    status: |site| {
        let mut status = json!({
            "host": site.host("db"),
            "port": site.number("/network/port", 5432),
            "version": format!("{}.4", site.text("/version", "17")),
            "primary": format!("{}-server", site.name),
            "usedStorage": "1Gi",
        });
        if site.number("/instances", 1) > 1 {
            status["readHost"] = json!(format!("ro.{}", site.host("db")));
        }
        status
    },
    connection: |site, credentials| {
        let (host, port) = (site.host("db"), site.number("/network/port", 5432));
        let database = site
            .spec
            .pointer("/databases/0/name")
            .and_then(Value::as_str)
            .unwrap_or("postgres")
            .to_owned();
        let password = credentials.password.clone();
        let name = site.text(
            "/writeConnectionSecretToRef/name",
            &format!("{}-connection", site.name),
        );
        Connection {
            name,
            kind: "connection.crossplane.io/v1alpha1",
            data: vec![
                (
                    "uri",
                    format!("postgresql://admin:{password}@{host}:{port}/{database}?sslmode=verify-full"),
                ),
                ("host", host),
                ("port", port.to_string()),
                ("database", database),
                ("username", "admin".to_owned()),
                ("password", password),
                ("ca.crt", credentials.authority.clone()),
            ],
        }
    },
};

pub(super) const MYSQL: Recipe = Recipe {
    group: "databases.demo.portico.dev",
    kind: "MySQLInstance",
    style: Style::Composite,
    parts: |site| {
        let mut parts = vec![Part::disk(site.number("/storageGiB", 0), "standard")];
        parts.push(server(site, "mysql", &site.text("/class", "db.small")));
        for replica in 1..=site.number("/replicas", 0) {
            let settings =
                json!({ "engine": "mysql", "follows": format!("{}-server", site.name), "zone": "c" });
            parts.push(Part::new(
                "DatabaseServer",
                format!("replica-{replica}"),
                format!("replica {replica}"),
                settings,
            ));
        }
        parts.extend(backups(site, ""));
        parts
    },
    status: |site| {
        let replicas = site.number("/replicas", 0);
        let mut status = json!({
            "endpoint": site.host("mysql"),
            "zones": if replicas > 0 { json!(["a", "b"]) } else { json!(["a"]) },
            "binding": { "name": format!("{}-mysql", site.name) },
        });
        if replicas > 0 {
            status["readEndpoint"] = json!(format!("ro.{}", site.host("mysql")));
        }
        status
    },
    connection: |site, credentials| {
        let (host, password) = (site.host("mysql"), credentials.password.clone());
        let database = site.text("/schemas/0", "app");
        Connection {
            name: format!("{}-mysql", site.name),
            kind: "servicebinding.io/mysql",
            data: vec![
                ("type", "mysql".to_owned()),
                ("uri", format!("mysql://root:{password}@{host}:3306/{database}")),
                ("host", host),
                ("port", "3306".to_owned()),
                ("database", database),
                ("username", "root".to_owned()),
                ("password", password),
                ("ca.crt", credentials.authority.clone()),
            ],
        }
    },
};

pub(super) const CACHE: Recipe = Recipe {
    group: "databases.demo.portico.dev",
    kind: "Cache",
    style: Style::Composite,
    parts: |site| {
        let shards = site.number("/shards", 1).max(1);
        let shard = |number| {
            let settings =
                json!({ "memory": site.text("/memory", "512Mi"), "replicas": site.number("/replicas", 0) });
            let what = if shards == 1 {
                "the server".to_owned()
            } else {
                format!("shard {number}")
            };
            Part::new("CacheServer", format!("shard-{number}"), what, settings)
        };
        (1..=shards).map(shard).collect()
    },
    status: |site| json!({ "host": site.host("cache"), "port": 6379, "usedMemory": "12Mi" }),
    connection: |site, credentials| {
        let (host, password) = (site.host("cache"), credentials.password.clone());
        let scheme = if site.spec["tls"] == false {
            "redis"
        } else {
            "rediss"
        };
        Connection {
            name: format!("{}-cache", site.name),
            kind: "Opaque",
            data: vec![
                ("uri", format!("{scheme}://:{password}@{host}:6379/0")),
                ("host", host),
                ("port", "6379".to_owned()),
                ("password", password),
            ],
        }
    },
};

fn server(site: &Site<'_>, engine: &str, class: &str) -> Part {
    let settings =
        json!({ "engine": engine, "version": site.text("/version", ""), "class": class, "zone": "a" });
    Part::new("DatabaseServer", "server", "the server", settings)
}

fn backups(site: &Site<'_>, enabled: &str) -> Option<Part> {
    let off = !enabled.is_empty() && site.spec.pointer(enabled) == Some(&Value::Bool(false));
    let days = site.number("/backup/retentionDays", 7);
    (!off && days > 0).then(|| {
        Part::new(
            "BackupPlan",
            "backups",
            "the backups",
            json!({ "retentionDays": days }),
        )
    })
}
