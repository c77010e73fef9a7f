//! Queues and streams.

use super::{Program, Protocol};

pub(super) const AMQP: Protocol = Protocol {
    name: "amqp",
    shell: ("Address", "amqps://$<USERNAME>:$<PASSWORD>@$<HOST>:$<PORT>"),
    programs: &[
        Program {
            language: "Python",
            by_uri: Some(
                r#"import os
import pika

connection = pika.BlockingConnection(pika.URLParameters(os.environ["<URI>"]))
channel = connection.channel()
"#,
            ),
            by_parts: r#"import os
import ssl
import pika

connection = pika.BlockingConnection(pika.ConnectionParameters(
    host=os.environ["<HOST>"],
    port=int(os.environ["<PORT>"]),
    credentials=pika.PlainCredentials(os.environ["<USERNAME>"], os.environ["<PASSWORD>"]),
    ssl_options=pika.SSLOptions(ssl.create_default_context()),
))
channel = connection.channel()
"#,
        },
        Program {
            language: "Node.js",
            by_uri: Some(
                r#"import amqp from "amqplib";

const connection = await amqp.connect(process.env.<URI>);
const channel = await connection.createChannel();
"#,
            ),
            by_parts: r#"import amqp from "amqplib";

const { <HOST>: hostname, <PORT>: port, <USERNAME>: username, <PASSWORD>: password } = process.env;
const connection = await amqp.connect({ protocol: "amqps", hostname, port: Number(port), username, password });
const channel = await connection.createChannel();
"#,
        },
        Program {
            language: "Go",
            by_uri: Some(
                r#"// github.com/rabbitmq/amqp091-go
connection, err := amqp.Dial(os.Getenv("<URI>"))
if err != nil {
	return err
}
defer connection.Close()
"#,
            ),
            by_parts: r#"// github.com/rabbitmq/amqp091-go
address := url.URL{
	Scheme: "amqps",
	User:   url.UserPassword(os.Getenv("<USERNAME>"), os.Getenv("<PASSWORD>")),
	Host:   net.JoinHostPort(os.Getenv("<HOST>"), os.Getenv("<PORT>")),
}
connection, err := amqp.Dial(address.String())
"#,
        },
        Program {
            language: "Java",
            by_uri: Some(
                r#"// com.rabbitmq:amqp-client
var factory = new ConnectionFactory();
factory.setUri(System.getenv("<URI>"));
try (var connection = factory.newConnection(); var channel = connection.createChannel()) {
    System.out.println(channel.getChannelNumber());
}
"#,
            ),
            by_parts: r#"// com.rabbitmq:amqp-client
var factory = new ConnectionFactory();
factory.setHost(System.getenv("<HOST>"));
factory.setPort(Integer.parseInt(System.getenv("<PORT>")));
factory.setUsername(System.getenv("<USERNAME>"));
factory.setPassword(System.getenv("<PASSWORD>"));
factory.useSslProtocol(SSLContext.getDefault());
var connection = factory.newConnection();
"#,
        },
        Program {
            language: "Rust",
            by_uri: Some(
                r#"// lapin
use lapin::{Connection, ConnectionProperties};

let address = std::env::var("<URI>")?;
let connection = Connection::connect(&address, ConnectionProperties::default()).await?;
let channel = connection.create_channel().await?;
"#,
            ),
            by_parts: r#"// lapin
use lapin::{Connection, ConnectionProperties};
use std::env;

let (user, password) = (env::var("<USERNAME>")?, env::var("<PASSWORD>")?);
let address = format!("amqps://{user}:{password}@{}:{}", env::var("<HOST>")?, env::var("<PORT>")?);
let connection = Connection::connect(&address, ConnectionProperties::default()).await?;
"#,
        },
    ],
};

pub(super) const KAFKA: Protocol = Protocol {
    name: "kafka",
    shell: (
        "kcat",
        r#"kcat -L -b "$<HOST>" -X security.protocol=SASL_SSL -X sasl.mechanism=SCRAM-SHA-512 -X sasl.username="$<USERNAME>" -X sasl.password="$<PASSWORD>""#,
    ),
    programs: &[
        Program {
            language: "Python",
            by_uri: None,
            by_parts: r#"import os
from confluent_kafka import Producer

producer = Producer({
    "bootstrap.servers": os.environ["<HOST>"],
    "security.protocol": "SASL_SSL",
    "sasl.mechanism": "SCRAM-SHA-512",
    "sasl.username": os.environ["<USERNAME>"],
    "sasl.password": os.environ["<PASSWORD>"],
})
"#,
        },
        Program {
            language: "Node.js",
            by_uri: None,
            by_parts: r#"import { Kafka } from "kafkajs";

const { <HOST>: servers, <USERNAME>: username, <PASSWORD>: password } = process.env;
const kafka = new Kafka({
  brokers: servers.split(","),
  ssl: true,
  sasl: { mechanism: "scram-sha-512", username, password },
});
const producer = kafka.producer();
await producer.connect();
"#,
        },
        Program {
            language: "Go",
            by_uri: None,
            by_parts: r#"// github.com/twmb/franz-go
credentials := scram.Auth{User: os.Getenv("<USERNAME>"), Pass: os.Getenv("<PASSWORD>")}
client, err := kgo.NewClient(
	kgo.SeedBrokers(strings.Split(os.Getenv("<HOST>"), ",")...),
	kgo.DialTLS(),
	kgo.SASL(credentials.AsSha512Mechanism()),
)
"#,
        },
        Program {
            language: "Java",
            by_uri: None,
            by_parts: r#"// org.apache.kafka:kafka-clients
var login = "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"%s\" password=\"%s\";";
var settings = Map.<String, Object>of(
    "bootstrap.servers", System.getenv("<HOST>"),
    "security.protocol", "SASL_SSL",
    "sasl.mechanism", "SCRAM-SHA-512",
    "sasl.jaas.config", login.formatted(System.getenv("<USERNAME>"), System.getenv("<PASSWORD>")));
var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
"#,
        },
        Program {
            language: "Rust",
            by_uri: None,
            by_parts: r#"// rdkafka, with the feature ssl
use std::env;

let producer: rdkafka::producer::FutureProducer = rdkafka::ClientConfig::new()
    .set("bootstrap.servers", env::var("<HOST>")?)
    .set("security.protocol", "SASL_SSL")
    .set("sasl.mechanism", "SCRAM-SHA-512")
    .set("sasl.username", env::var("<USERNAME>")?)
    .set("sasl.password", env::var("<PASSWORD>")?)
    .create()?;
"#,
        },
    ],
};
