//! Caches.

use super::{Program, Protocol};

pub(super) const REDIS: Protocol = Protocol {
    name: "redis",
    shell: (
        "redis-cli",
        r#"REDISCLI_AUTH="$<PASSWORD>" redis-cli -h "$<HOST>" -p "$<PORT>" --tls ping"#,
    ),
    programs: &[
        Program {
            language: "Python",
            by_uri: Some(
                r#"import os
import redis

cache = redis.Redis.from_url(os.environ["<URI>"])
print(cache.ping())
"#,
            ),
            by_parts: r#"import os
import redis

cache = redis.Redis(
    host=os.environ["<HOST>"], port=int(os.environ["<PORT>"]), password=os.environ["<PASSWORD>"], ssl=True
)
print(cache.ping())
"#,
        },
        Program {
            language: "Node.js",
            by_uri: Some(
                r#"import { createClient } from "redis";

const cache = createClient({ url: process.env.<URI> });
await cache.connect();
console.log(await cache.ping());
"#,
            ),
            by_parts: r#"import { createClient } from "redis";

const { <HOST>: host, <PORT>: port, <PASSWORD>: password } = process.env;
const cache = createClient({ socket: { host, port: Number(port), tls: true }, password });
await cache.connect();
console.log(await cache.ping());
"#,
        },
        Program {
            language: "Go",
            by_uri: Some(
                r#"// github.com/redis/go-redis/v9
options, err := redis.ParseURL(os.Getenv("<URI>"))
if err != nil {
	return err
}
cache := redis.NewClient(options)
"#,
            ),
            by_parts: r#"// github.com/redis/go-redis/v9
cache := redis.NewClient(&redis.Options{
	Addr:      net.JoinHostPort(os.Getenv("<HOST>"), os.Getenv("<PORT>")),
	Password:  os.Getenv("<PASSWORD>"),
	TLSConfig: &tls.Config{},
})
"#,
        },
        Program {
            language: "Java",
            by_uri: Some(
                r#"// redis.clients:jedis
try (var cache = new JedisPooled(System.getenv("<URI>"))) {
    cache.set("greeting", "hello");
    System.out.println(cache.get("greeting"));
}
"#,
            ),
            by_parts: r#"// redis.clients:jedis
var address = new HostAndPort(System.getenv("<HOST>"), Integer.parseInt(System.getenv("<PORT>")));
var settings = DefaultJedisClientConfig.builder().password(System.getenv("<PASSWORD>")).ssl(true).build();
try (var cache = new JedisPooled(address, settings)) {
    System.out.println(cache.get("greeting"));
}
"#,
        },
        Program {
            language: "Rust",
            by_uri: Some(
                r#"// redis, with a TLS feature
let client = redis::Client::open(std::env::var("<URI>")?)?;
let mut cache = client.get_connection()?;
redis::cmd("PING").exec(&mut cache)?;
println!("it answers");
"#,
            ),
            by_parts: r#"// redis, with a TLS feature
use std::env;

let address = format!("rediss://:{}@{}:{}", env::var("<PASSWORD>")?, env::var("<HOST>")?, env::var("<PORT>")?);
let mut cache = redis::Client::open(address)?.get_connection()?;
redis::cmd("PING").exec(&mut cache)?;
"#,
        },
    ],
};
