//! Which addresses a registry or an identity provider may have, decided after the name was resolved.
//!
//! Its host name is an operator's setting, but what it resolves to is up to whoever runs
//! its DNS. The check therefore sits in the resolver that the connection itself uses: the address
//! that was judged is the address that is dialled, and a name that changes its answer between two
//! look-ups gains nothing. It must never let a connection out that was not judged here.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

/// How far from the public internet an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// An ordinary public address.
    Public,
    /// This machine or a network of the operator's own; the text names which.
    Private(&'static str),
    /// Nothing that a server of theirs can have: it is refused even where private ones are allowed.
    Never(&'static str),
}

/// IANA's special-purpose registries for IPv4 (RFC 6890 and its updates), and the address at which
/// Azure hosts find their platform agent. The first row that matches decides.
const SPECIAL_V4: &[(Ipv4Addr, u32, Reach)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, Reach::Never("unspecified")),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Reach::Private("private")),
    (Ipv4Addr::new(100, 100, 100, 200), 32, Reach::Never("cloud metadata")),
    (Ipv4Addr::new(100, 64, 0, 0), 10, Reach::Private("carrier-grade NAT")),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Reach::Private("loopback")),
    (Ipv4Addr::new(168, 63, 129, 16), 32, Reach::Never("cloud metadata")),
    (Ipv4Addr::new(169, 254, 0, 0), 16, Reach::Never("link-local or cloud metadata")),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Reach::Private("private")),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Reach::Never("protocol assignment or cloud metadata")),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Reach::Never("documentation")),
    (Ipv4Addr::new(192, 88, 99, 0), 24, Reach::Never("6to4 relay")),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Reach::Private("private")),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Reach::Private("benchmarking")),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Reach::Never("documentation")),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Reach::Never("documentation")),
    (Ipv4Addr::new(224, 0, 0, 0), 4, Reach::Never("multicast")),
    (Ipv4Addr::new(240, 0, 0, 0), 4, Reach::Never("reserved or broadcast")),
];

/// The same for IPv6. Everything outside 2000::/3 that no row names is refused as well, so that a
/// range which IANA hands out tomorrow is not reachable by default. Addresses that carry an IPv4
/// address inside (NAT64, 6to4, Teredo) are refused whole: they are a way around the table above.
const SPECIAL_V6: &[(Ipv6Addr, u32, Reach)] = &[
    (Ipv6Addr::LOCALHOST, 128, Reach::Private("loopback")),
    (Ipv6Addr::UNSPECIFIED, 128, Reach::Never("unspecified")),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, Reach::Never("NAT64")),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, Reach::Never("NAT64")),
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128, Reach::Never("cloud metadata")),
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128, Reach::Never("cloud metadata")),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Reach::Private("unique local")),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, Reach::Never("link-local")),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, Reach::Never("site-local")),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, Reach::Never("multicast")),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, Reach::Never("Teredo")),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, Reach::Never("protocol assignment")),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, Reach::Never("documentation")),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, Reach::Never("6to4")),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Reach::Never("documentation")),
    (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3, Reach::Public),
];

/// Says how far away an address is.
pub(crate) fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => SPECIAL_V4
            .iter()
            .find(|(net, bits, _)| (address.to_bits() ^ net.to_bits()) >> (32 - bits) == 0)
            .map_or(Reach::Public, |(_, _, reach)| *reach),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            // A public address has no reason to arrive in this costume.
            Some(inner) => match reach(IpAddr::V4(inner)) {
                Reach::Public => Reach::Never("IPv4-mapped"),
                inside => inside,
            },
            None => SPECIAL_V6
                .iter()
                .find(|(net, bits, _)| (address.to_bits() ^ net.to_bits()) >> (128 - bits) == 0)
                .map_or(Reach::Never("reserved"), |(_, _, reach)| *reach),
        },
    }
}

/// Whom a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// The registry of terminals.
    Registry,
    /// The company's identity provider.
    IdentityProvider,
    /// A labelscan that runs elsewhere. Whoever typed its address means it, be it private.
    Service,
}

impl Peer {
    /// What allows private addresses, where they are not allowed anyway.
    fn way_out(self) -> String {
        let setting = match self {
            Self::Registry => "LABELSCAN_REGISTRY_ALLOW_PRIVATE",
            Self::IdentityProvider => "LABELSCAN_OIDC_ALLOW_PRIVATE",
            Self::Service => return String::new(),
        };
        format!(": set {setting}=true if the {self} is there")
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Registry => "registry",
            Self::IdentityProvider => "identity provider",
            Self::Service => "service",
        })
    }
}

/// What the operator allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowed {
    /// Who is called, for the message to the operator.
    pub(crate) peer: Peer,
    /// Loopback and private addresses.
    pub(crate) private: bool,
    /// Public addresses. Plain text does not leave the operator's own networks, so this is false
    /// for `http` and `nats`.
    pub(crate) public: bool,
}

/// Why an address may not be dialled.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressRefused {
    #[error("{0} is a {1} address{way_out}", way_out = .2.way_out())]
    Private(IpAddr, &'static str, Peer),
    #[error("{0} is a {1} address: no {2} can be there")]
    Never(IpAddr, &'static str, Peer),
    #[error("{0} is a public address: use an encrypted scheme (https, tls) to reach it")]
    Unencrypted(IpAddr),
    #[error("the {0}'s name has no address")]
    Nothing(Peer),
}

impl Allowed {
    /// Judges one address.
    pub(crate) fn check(self, address: IpAddr) -> Result<(), AddressRefused> {
        match reach(address) {
            Reach::Public if self.public => Ok(()),
            Reach::Public => Err(AddressRefused::Unencrypted(address)),
            Reach::Private(_) if self.private => Ok(()),
            Reach::Private(what) => Err(AddressRefused::Private(address, what, self.peer)),
            Reach::Never(what) => Err(AddressRefused::Never(address, what, self.peer)),
        }
    }

    /// Keeps the addresses that may be dialled; if none is left, says why of the first.
    pub(crate) fn filter(
        self,
        addresses: impl Iterator<Item = SocketAddr>,
    ) -> Result<Vec<SocketAddr>, AddressRefused> {
        let mut refused = None;
        let mut kept = Vec::new();
        for address in addresses {
            match self.check(address.ip()) {
                Ok(()) => kept.push(address),
                Err(why) => refused = refused.or(Some(why)),
            }
        }
        match kept.is_empty() {
            false => Ok(kept),
            true => Err(refused.unwrap_or(AddressRefused::Nothing(self.peer))),
        }
    }
}

/// A resolver that lets through only allowed addresses of what `lookup` answers.
pub(crate) struct GuardedResolver<L> {
    pub(crate) allowed: Allowed,
    pub(crate) lookup: Arc<L>,
}

impl<L: Resolve + 'static> Resolve for GuardedResolver<L> {
    fn resolve(&self, name: Name) -> Resolving {
        let (allowed, lookup) = (self.allowed, self.lookup.clone());
        Box::pin(async move {
            let kept = allowed.filter(lookup.resolve(name).await?)?;
            Ok(Box::new(kept.into_iter()) as Addrs)
        })
    }
}

/// The operating system's resolver: hosts file, search domains and all.
pub(crate) struct SystemLookup;

impl Resolve for SystemLookup {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, public: &str, private_allowed: bool) {
        let address: IpAddr = address.parse().unwrap();
        let found = match reach(address) {
            Reach::Public => "public",
            Reach::Private(what) | Reach::Never(what) => what,
        };
        assert_eq!(found, public, "{address}");
        let strict = Allowed { peer: Peer::Registry, private: false, public: true };
        assert_eq!(strict.check(address).is_ok(), public == "public", "{address}");
        let lenient = Allowed { peer: Peer::Registry, private: true, public: true };
        assert_eq!(lenient.check(address).is_ok(), private_allowed, "{address}");
    }

    #[test]
    fn the_table_of_addresses() {
        for (address, found, private_allowed) in [
            ("1.1.1.1", "public", true),
            ("8.8.8.8", "public", true),
            ("9.255.255.255", "public", true),
            ("11.0.0.0", "public", true),
            ("100.63.255.255", "public", true),
            ("100.128.0.0", "public", true),
            ("172.15.255.255", "public", true),
            ("172.32.0.0", "public", true),
            ("2606:4700::1111", "public", true),
            ("2a00:1450:4001::200e", "public", true),
            ("127.0.0.1", "loopback", true),
            ("127.255.255.254", "loopback", true),
            ("::1", "loopback", true),
            ("10.0.0.1", "private", true),
            ("172.16.0.1", "private", true),
            ("172.31.255.255", "private", true),
            ("192.168.1.1", "private", true),
            ("100.64.0.1", "carrier-grade NAT", true),
            ("100.127.255.255", "carrier-grade NAT", true),
            ("198.18.0.1", "benchmarking", true),
            ("fd12:3456::1", "unique local", true),
            ("fc00::1", "unique local", true),
            ("::ffff:127.0.0.1", "loopback", true),
            ("::ffff:10.0.0.1", "private", true),
            ("::ffff:169.254.169.254", "link-local or cloud metadata", false),
            ("::ffff:8.8.8.8", "IPv4-mapped", false),
            ("0.0.0.0", "unspecified", false),
            ("0.1.2.3", "unspecified", false),
            ("::", "unspecified", false),
            ("169.254.0.1", "link-local or cloud metadata", false),
            ("169.254.169.254", "link-local or cloud metadata", false),
            ("168.63.129.16", "cloud metadata", false),
            ("100.100.100.200", "cloud metadata", false),
            ("192.0.0.192", "protocol assignment or cloud metadata", false),
            ("fd00:ec2::254", "cloud metadata", false),
            ("fd20:ce::254", "cloud metadata", false),
            ("fe80::1", "link-local", false),
            ("febf::1", "link-local", false),
            ("fec0::1", "site-local", false),
            ("224.0.0.1", "multicast", false),
            ("239.255.255.255", "multicast", false),
            ("ff02::1", "multicast", false),
            ("255.255.255.255", "reserved or broadcast", false),
            ("240.0.0.1", "reserved or broadcast", false),
            ("64:ff9b::7f00:1", "NAT64", false),
            ("64:ff9b::808:808", "NAT64", false),
            ("64:ff9b:1::a00:1", "NAT64", false),
            ("2002:7f00:1::", "6to4", false),
            ("2002:a00:1::1", "6to4", false),
            ("192.88.99.1", "6to4 relay", false),
            ("2001::1", "Teredo", false),
            ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "Teredo", false),
            ("2001:20::1", "protocol assignment", false),
            ("2001:db8::1", "documentation", false),
            ("3fff::1", "documentation", false),
            ("192.0.2.1", "documentation", false),
            ("198.51.100.1", "documentation", false),
            ("203.0.113.1", "documentation", false),
            ("::7f00:1", "reserved", false),
            ("100::1", "reserved", false),
            ("4000::1", "reserved", false),
        ] {
            check(address, found, private_allowed);
        }
    }

    #[test]
    fn plain_text_stays_on_the_operators_networks() {
        let plain = Allowed { peer: Peer::Registry, private: true, public: false };
        assert!(plain.check("10.0.0.1".parse().unwrap()).is_ok());
        assert!(matches!(
            plain.check("1.1.1.1".parse().unwrap()),
            Err(AddressRefused::Unencrypted(_))
        ));
    }

    #[test]
    fn a_mixed_answer_loses_only_its_bad_addresses() {
        let strict = Allowed { peer: Peer::Registry, private: false, public: true };
        let answer = ["127.0.0.1:0", "1.1.1.1:0"].map(|address| address.parse().unwrap());
        assert_eq!(strict.filter(answer.into_iter()), Ok(vec![answer[1]]));
        assert!(matches!(
            strict.filter(answer[..1].iter().copied()),
            Err(AddressRefused::Private(_, "loopback", _))
        ));
        assert_eq!(strict.filter([].into_iter()), Err(AddressRefused::Nothing(Peer::Registry)));
    }
}
