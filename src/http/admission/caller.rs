//! Callers, as far as admission tells them apart.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

/// Bits of an IPv6 address that name one network of one client.
const IPV6_CLIENT_BITS: u32 = 64;

/// Whose share of a bound a request takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CallerId {
    /// The holder of a key, by its name.
    Key(Arc<str>),
    /// A client without a key, by its address.
    Address(ClientAddress),
}

/// The address of a client: an IPv4 address, or the 64-bit network of an IPv6 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// Describes the client behind an address.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = u128::from(address) >> (128 - IPV6_CLIENT_BITS) << (128 - IPV6_CLIENT_BITS);
                Self(IpAddr::V6(Ipv6Addr::from(network)))
            }
            address @ IpAddr::V4(_) => Self(address),
        }
    }

    /// Stands for clients whose address is not known: requests that came over no connection.
    pub const fn unknown() -> Self {
        Self(IpAddr::V6(Ipv6Addr::UNSPECIFIED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_an_address_or_a_network() {
        let of = |text: &str| ClientAddress::of(text.parse().expect("an address"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:1:ffff::"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
    }
}
