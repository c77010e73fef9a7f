//! Serves one empty control plane and writes its kubeconfig to the file that is named: to try
//! `kubectl` against it by hand.

use portico_simulator::kube::{ControlPlane, Settings};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments
        .next()
        .ok_or("usage: control_plane KUBECONFIG [SNAPSHOT]")?;
    let settings = Settings {
        snapshot: arguments.next().map(Into::into),
        ..Settings::default()
    };
    let plane = ControlPlane::new("trial", settings);
    let serving = plane.serve(tokio::net::TcpListener::bind("127.0.0.1:0").await?)?;
    std::fs::write(&file, plane.kubeconfig(serving.address()))?;
    println!("{}", plane.url(serving.address()));
    tokio::signal::ctrl_c().await?;
    serving.shutdown().await;
    Ok(())
}
