//! Databases that speak SQL.

use super::{Program, Protocol};

pub(super) const POSTGRESQL: Protocol = Protocol {
    name: "postgresql",
    shell: (
        "psql",
        r#"psql "host=$<HOST> port=$<PORT> dbname=$<DATABASE> user=$<USERNAME>""#,
    ),
    programs: &[
        Program {
            language: "Python",
            by_uri: Some(
                r#"import os
import psycopg

with psycopg.connect(os.environ["<URI>"]) as connection:
    print(connection.execute("SELECT version()").fetchone())
"#,
            ),
            by_parts: r#"import os
import psycopg

with psycopg.connect(
    host=os.environ["<HOST>"],
    port=os.environ["<PORT>"],
    dbname=os.environ["<DATABASE>"],
    user=os.environ["<USERNAME>"],
    password=os.environ["<PASSWORD>"],
) as connection:
    print(connection.execute("SELECT version()").fetchone())
"#,
        },
        Program {
            language: "Node.js",
            by_uri: Some(
                r#"import pg from "pg";

const client = new pg.Client({ connectionString: process.env.<URI> });
await client.connect();
console.log((await client.query("SELECT version()")).rows);
"#,
            ),
            by_parts: r#"import pg from "pg";

const { <HOST>: host, <PORT>: port, <DATABASE>: database, <USERNAME>: user, <PASSWORD>: password } = process.env;
const client = new pg.Client({ host, port: Number(port), database, user, password });
await client.connect();
console.log((await client.query("SELECT version()")).rows);
"#,
        },
        Program {
            language: "Go",
            by_uri: Some(
                r#"// github.com/jackc/pgx/v5
connection, err := pgx.Connect(ctx, os.Getenv("<URI>"))
if err != nil {
	return err
}
defer connection.Close(ctx)
"#,
            ),
            by_parts: r#"// github.com/jackc/pgx/v5
address := fmt.Sprintf("host=%s port=%s dbname=%s user=%s password='%s'", os.Getenv("<HOST>"),
	os.Getenv("<PORT>"), os.Getenv("<DATABASE>"), os.Getenv("<USERNAME>"), os.Getenv("<PASSWORD>"))
connection, err := pgx.Connect(ctx, address)
if err != nil {
	return err
}
defer connection.Close(ctx)
"#,
        },
        Program {
            language: "Java",
            by_uri: None,
            by_parts: r#"// org.postgresql:postgresql
var env = System.getenv();
var address = "jdbc:postgresql://%s:%s/%s".formatted(env.get("<HOST>"), env.get("<PORT>"), env.get("<DATABASE>"));
try (var connection = DriverManager.getConnection(address, env.get("<USERNAME>"), System.getenv("<PASSWORD>"))) {
    System.out.println(connection.getMetaData().getDatabaseProductVersion());
}
"#,
        },
        Program {
            language: "Rust",
            by_uri: Some(
                r#"// sqlx, with the features postgres, runtime-tokio and a TLS provider
let pool = sqlx::PgPool::connect(&std::env::var("<URI>")?).await?;
let version: String = sqlx::query_scalar("SELECT version()").fetch_one(&pool).await?;
println!("{version}");
"#,
            ),
            by_parts: r#"// sqlx, with the features postgres, runtime-tokio and a TLS provider
use std::env;

let options = sqlx::postgres::PgConnectOptions::new()
    .host(&env::var("<HOST>")?)
    .port(env::var("<PORT>")?.parse()?)
    .database(&env::var("<DATABASE>")?)
    .username(&env::var("<USERNAME>")?)
    .password(&env::var("<PASSWORD>")?);
let pool = sqlx::PgPool::connect_with(options).await?;
"#,
        },
    ],
};

pub(super) const MYSQL: Protocol = Protocol {
    name: "mysql",
    shell: (
        "mysql",
        r#"mysql --host="$<HOST>" --port="$<PORT>" --user="$<USERNAME>" --password "$<DATABASE>""#,
    ),
    programs: &[
        Program {
            language: "Python",
            by_uri: None,
            by_parts: r#"import os
import pymysql

connection = pymysql.connect(
    host=os.environ["<HOST>"],
    port=int(os.environ["<PORT>"]),
    database=os.environ["<DATABASE>"],
    user=os.environ["<USERNAME>"],
    password=os.environ["<PASSWORD>"],
)
"#,
        },
        Program {
            language: "Node.js",
            by_uri: Some(
                r#"import mysql from "mysql2/promise";

const connection = await mysql.createConnection(process.env.<URI>);
const [rows] = await connection.query("SELECT version()");
console.log(rows);
"#,
            ),
            by_parts: r#"import mysql from "mysql2/promise";

const { <HOST>: host, <PORT>: port, <DATABASE>: database, <USERNAME>: user, <PASSWORD>: password } = process.env;
const connection = await mysql.createConnection({ host, port: Number(port), database, user, password });
const [rows] = await connection.query("SELECT version()");
console.log(rows);
"#,
        },
        Program {
            language: "Go",
            by_uri: None,
            by_parts: r#"// github.com/go-sql-driver/mysql
settings := mysql.NewConfig()
settings.User, settings.Passwd = os.Getenv("<USERNAME>"), os.Getenv("<PASSWORD>")
settings.Net, settings.Addr = "tcp", net.JoinHostPort(os.Getenv("<HOST>"), os.Getenv("<PORT>"))
settings.DBName = os.Getenv("<DATABASE>")
database, err := sql.Open("mysql", settings.FormatDSN())
"#,
        },
        Program {
            language: "Java",
            by_uri: None,
            by_parts: r#"// com.mysql:mysql-connector-j
var env = System.getenv();
var address = "jdbc:mysql://%s:%s/%s".formatted(env.get("<HOST>"), env.get("<PORT>"), env.get("<DATABASE>"));
try (var connection = DriverManager.getConnection(address, env.get("<USERNAME>"), System.getenv("<PASSWORD>"))) {
    System.out.println(connection.getMetaData().getDatabaseProductVersion());
}
"#,
        },
        Program {
            language: "Rust",
            by_uri: Some(
                r#"// sqlx, with the features mysql, runtime-tokio and a TLS provider
let pool = sqlx::MySqlPool::connect(&std::env::var("<URI>")?).await?;
let version: String = sqlx::query_scalar("SELECT version()").fetch_one(&pool).await?;
println!("{version}");
"#,
            ),
            by_parts: r#"// sqlx, with the features mysql, runtime-tokio and a TLS provider
use std::env;

let options = sqlx::mysql::MySqlConnectOptions::new()
    .host(&env::var("<HOST>")?)
    .port(env::var("<PORT>")?.parse()?)
    .database(&env::var("<DATABASE>")?)
    .username(&env::var("<USERNAME>")?)
    .password(&env::var("<PASSWORD>")?);
let pool = sqlx::MySqlPool::connect_with(options).await?;
"#,
        },
    ],
};
