use serde_json::{Value, json};

use super::super::recipe::{Connection, Part, Recipe, Style};

pub(super) const TOPIC: Recipe = Recipe {
    group: "streaming.demo.portico.dev",
    kind: "Topic",
    style: Style::Composite,
    parts: |site| {
        let settings =
            json!({ "partitions": site.number("/partitions", 3), "replicas": site.number("/replicas", 3) });
        let mut parts = vec![Part::new("KafkaTopic", "topic", "the topic", settings)];
        let access = site.spec["access"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        for (index, entry) in access.iter().enumerate() {
            let what = format!(
                "the access of {}",
                entry["principal"].as_str().unwrap_or_default()
            );
            parts.push(Part::new(
                "KafkaAccess",
                format!("access-{index}"),
                what,
                entry.clone(),
            ));
        }
        parts
    },
    status: |site| {
        json!({
            "topicName": format!("{}.{}", site.namespace, site.name),
            "bootstrapServers": bootstrap(site.plane),
            "binding": { "name": format!("{}-kafka", site.name) },
        })
    },
    connection: |site, credentials| Connection {
        name: format!("{}-kafka", site.name),
        kind: "servicebinding.io/kafka",
        data: vec![
            ("type", "kafka".to_owned()),
            ("bootstrapServers", bootstrap(site.plane)),
            ("topic", format!("{}.{}", site.namespace, site.name)),
            ("securityProtocol", "SASL_SSL".to_owned()),
            ("saslMechanism", "SCRAM-SHA-512".to_owned()),
            ("username", format!("{}-{}", site.namespace, site.name)),
            ("password", credentials.password.clone()),
            ("ca.crt", credentials.authority.clone()),
        ],
    },
};

pub(super) const QUEUE: Recipe = Recipe {
    group: "messaging.demo.portico.dev",
    kind: "Queue",
    style: Style::Composite,
    parts: |site| {
        let nodes = site.number("/nodes", 1).max(1);
        let broker = |number: u64| {
            let zone = ["a", "b", "c"]
                .get(usize::try_from(number % 3).unwrap_or(0))
                .copied()
                .unwrap_or("a");
            let settings = json!({ "zone": zone, "type": site.text("/type", "quorum") });
            Part::new(
                "Broker",
                format!("broker-{number}"),
                format!("broker {} of {nodes}", number + 1),
                settings,
            )
        };
        (0..nodes).map(broker).collect()
    },
    status: |site| json!({ "host": site.host("mq"), "queueName": site.name, "waiting": 0 }),
    connection: |site, credentials| {
        let (host, password) = (site.host("mq"), credentials.password.clone());
        let user = site
            .spec
            .pointer("/users/0/name")
            .and_then(Value::as_str)
            .unwrap_or("app")
            .to_owned();
        Connection {
            name: format!("{}-amqp", site.name),
            kind: "Opaque",
            data: vec![
                ("uri", format!("amqps://{user}:{password}@{host}:5671/%2F")),
                ("host", host),
                ("port", "5671".to_owned()),
                ("queue", site.name.to_owned()),
                ("username", user),
                ("password", password),
            ],
        }
    },
};

fn bootstrap(plane: &str) -> String {
    format!("kafka-0.{plane}.stream.demo.internal:9093,kafka-1.{plane}.stream.demo.internal:9093")
}
