//! Limits attempts to sign in by address.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};

/// Attempts in a burst.
const BURST: NonZeroU32 = NonZeroU32::MIN.saturating_add(59);
/// Attempts per second after the burst.
const PER_SECOND: NonZeroU32 = NonZeroU32::MIN;
/// Maximum number of addresses before idle ones are dropped.
const MAX_ADDRESSES: usize = 10_000;

/// Counts sign-in attempts by address.
pub struct Limits {
    sign_in: DefaultKeyedRateLimiter<IpAddr>,
    clock: DefaultClock,
}

impl Default for Limits {
    fn default() -> Self {
        Self::of(BURST)
    }
}

impl Limits {
    /// Creates limits with this burst.
    pub(crate) fn of(burst: NonZeroU32) -> Self {
        let quota = Quota::per_second(PER_SECOND).allow_burst(burst);
        Self {
            sign_in: DefaultKeyedRateLimiter::keyed(quota),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a sign-in attempt from `address`.
    ///
    /// # Errors
    /// When there were too many: how long to wait.
    pub fn sign_in(&self, address: IpAddr) -> Result<(), Duration> {
        if self.sign_in.len() > MAX_ADDRESSES {
            self.sign_in.retain_recent();
        }
        self.sign_in
            .check_key(&network(address))
            .map_err(|refusal| refusal.wait_time_from(self.clock.now()))
    }
}

/// Returns the network that counts as one client: the /64 for IPv6, the address itself for IPv4.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::Limits;

    #[test]
    fn one_address_is_slowed_down_and_others_are_not() {
        let limits = Limits::default();
        let one = "192.0.2.1".parse().unwrap();
        let refused = (0..100).find_map(|_| limits.sign_in(one).err());
        assert!(refused.is_some_and(|wait| !wait.is_zero()));
        assert!(limits.sign_in("192.0.2.2".parse().unwrap()).is_ok());
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        let limits = Limits::default();
        let refused = (0..100u16).find_map(|host| {
            limits
                .sign_in(format!("2001:db8::{host:x}").parse().unwrap())
                .err()
        });
        assert!(refused.is_some());
    }
}
