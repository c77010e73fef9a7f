//! Slow and long-lived connections delay neither others nor shutdown.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use portico_tests::demo::Demo;
use portico_tests::processes::{Owned, portico};
use portico_tests::separate_process::SeparateProcess;
use portico_tests::until::until;

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_takes_seconds_despite_open_streams_and_slow_connections() {
    let mut demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    let address = demo.ready.portal.trim_start_matches("http://").to_owned();
    let cookies: Vec<String> = dana
        .cookies()
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let looks_on = || {
        let mut connection = TcpStream::connect(&address).unwrap();
        connection
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        write!(
            connection,
            "GET /events HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\ncookie: {}\r\n\r\n",
            cookies.join("; ")
        )
        .unwrap();
        let mut head = [0; 15];
        connection.read_exact(&mut head).unwrap();
        assert_eq!(&head, b"HTTP/1.1 200 OK");
        connection
    };
    let mut streams: Vec<TcpStream> = (0..3).map(|_| looks_on()).collect();
    // Hundreds of connections that never finish their headers.
    let dawdlers: Vec<TcpStream> = (0..300)
        .map(|number| {
            let mut connection = TcpStream::connect(&address).unwrap();
            let says: &[u8] = match number % 3 {
                0 => b"",
                1 => b"GET /catalog HTTP/1.1\r\nhost: somewhere\r\nx-",
                _ => b"PRI * HTTP/2.0\r\n",
            };
            connection.write_all(says).unwrap();
            connection
        })
        .collect();
    let _ = dana.get("/catalog").await.expect(200);

    let (status, took) = demo.stop();
    assert!(status.success(), "{status}\n{}", demo.log());
    assert!(took < Duration::from_secs(12), "stopped within {took:?}");
    for stream in &mut streams {
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap();
        assert!(rest.ends_with("0\r\n\r\n"), "the stream ends properly: {rest}");
    }
    drop(dawdlers);
}

/// Systems start programs with 1,024 open files; a watch of a control plane takes one.
#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_open_files_is_raised() {
    let world = SeparateProcess::world().await;
    let mut command = Command::new("sh");
    command
        .args(["-c", r#"ulimit -S -n 256 && exec "$0" serve --config "$1""#])
        .arg(portico())
        .arg(&world.ready.configuration);
    let portal = Owned::start(&command, |command| {
        command.stdout(Stdio::null()).stderr(Stdio::null());
    });
    let page = format!("{}/sign-in", world.ready.portal);
    until("the portal's first page", Duration::from_secs(30), async || {
        reqwest::get(&page).await.ok()
    })
    .await;
    let limits = fs::read_to_string(format!("/proc/{}/limits", portal.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    let values: Vec<&str> = line.unwrap().split_whitespace().collect();
    assert_eq!(values[3], values[4], "soft and hard: {values:?}");
    assert_ne!(values[3], "256");
}
