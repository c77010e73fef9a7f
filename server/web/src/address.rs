//! The client's address.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;
use http::{Extensions, HeaderMap};

use super::app::App;

/// The client's address. Behind proxies, the address that the outermost trusted proxy saw; entries of
/// `X-Forwarded-For` that a client could have written are ignored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl ClientAddress {
    pub(super) fn of(headers: &HeaderMap, extensions: &Extensions, app: &App) -> Self {
        let peer = peer(extensions).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let proxies = usize::from(app.configuration.current().portal.spec.trusted_proxies);
        Self(forwarded(headers, proxies).unwrap_or(peer))
    }

    /// Returns the network that rate limits count as one client: the /64 for IPv6, the address itself for IPv4.
    pub(super) fn network(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
            v4 @ IpAddr::V4(_) => v4,
        }
    }
}

/// Returns the address of the connection's peer: the client, or the proxy next to Portico.
pub(super) fn peer(extensions: &Extensions) -> Option<IpAddr> {
    extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(address)| address.ip())
}

impl FromRequestParts<App> for ClientAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.headers, &parts.extensions, app))
    }
}

/// Returns the entry of `X-Forwarded-For` that the outermost of `proxies` trusted proxies wrote. Each proxy appends
/// the address that it saw.
fn forwarded(headers: &HeaderMap, proxies: usize) -> Option<IpAddr> {
    if proxies == 0 {
        return None;
    }
    let entries: Vec<&str> = headers
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

    fn forwarded_address(header: &str, proxies: usize) -> Option<String> {
        let request = http::Request::builder()
            .header("x-forwarded-for", header)
            .body(())
            .unwrap();
        forwarded(request.headers(), proxies).map(|address| address.to_string())
    }

    #[test]
    fn only_what_trusted_proxies_wrote_counts() {
        assert_eq!(forwarded_address("203.0.113.9, 192.0.2.1", 0), None);
        assert_eq!(
            forwarded_address("203.0.113.9, 192.0.2.1", 1).as_deref(),
            Some("192.0.2.1")
        );
        assert_eq!(
            forwarded_address("203.0.113.9, 192.0.2.1", 2).as_deref(),
            Some("203.0.113.9")
        );
        assert_eq!(forwarded_address("192.0.2.1", 2), None);
        assert_eq!(forwarded_address("nonsense", 1), None);
    }
}
