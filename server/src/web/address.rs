//! Where a request came from.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;

use super::app::App;

/// The client's address. Behind proxies it is what the outermost trusted one saw; what anybody
/// could have written into the header counts for nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl FromRequestParts<App> for ClientAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| {
                address.ip()
            });
        let proxies = usize::from(app.configuration.current().portal.spec.trusted_proxies);
        Ok(Self(forwarded(parts, proxies).unwrap_or(peer)))
    }
}

/// The entry that the outermost of so many trusted proxies wrote: each appends the address it saw.
fn forwarded(parts: &Parts, proxies: usize) -> Option<IpAddr> {
    if proxies == 0 {
        return None;
    }
    let entries: Vec<&str> = parts
        .headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    entries.get(entries.len().checked_sub(proxies)?)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::forwarded;

    fn from(header: &str, proxies: usize) -> Option<String> {
        let request = http::Request::builder()
            .header("x-forwarded-for", header)
            .body(())
            .unwrap();
        forwarded(&request.into_parts().0, proxies).map(|address| address.to_string())
    }

    #[test]
    fn only_what_trusted_proxies_wrote_counts() {
        assert_eq!(from("203.0.113.9, 192.0.2.1", 0), None);
        assert_eq!(from("203.0.113.9, 192.0.2.1", 1).as_deref(), Some("192.0.2.1"));
        assert_eq!(from("203.0.113.9, 192.0.2.1", 2).as_deref(), Some("203.0.113.9"));
        assert_eq!(from("192.0.2.1", 2), None);
        assert_eq!(from("nonsense", 1), None);
    }
}
