//! The Host header of a request as it came over the connection (RFC 9112, 3.2).

use axum::http::{Request, Version, header, uri::Authority};

/// What is wrong with it. A proxy in front may have taken another host for the one that is meant, so nothing is
/// answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostFault(pub &'static str);

impl HostFault {
    /// Looks at the headers. HTTP/1.0 and HTTP/2 need no Host, but nobody may send two.
    pub fn of<B>(request: &Request<B>) -> Option<Self> {
        let mut hosts = request.headers().get_all(header::HOST).iter();
        match (hosts.next(), hosts.next()) {
            (_, Some(_)) => Some(Self("the Host header is given twice")),
            (None, None) if request.version() == Version::HTTP_11 => Some(Self("HTTP/1.1 needs a Host header")),
            (None, None) => None,
            (Some(host), None) => {
                let is_host = host.is_empty() || host.to_str().is_ok_and(|host| host.parse::<Authority>().is_ok());
                (!is_host).then_some(Self("the Host header is not a host with an optional port"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_is_needed_and_it_is_one() {
        let fault = |version: Version, hosts: &[&str]| {
            let request = hosts
                .iter()
                .fold(Request::builder().version(version), |request, host| request.header(header::HOST, *host));
            HostFault::of(&request.body(()).expect("a request")).is_some()
        };
        for host in ["localhost", "a.example:8080", "[::1]:80", ""] {
            assert!(!fault(Version::HTTP_11, &[host]), "{host}");
        }
        for hosts in [&[][..], &["a", "a"], &["a b"], &["a/b"]] {
            assert!(fault(Version::HTTP_11, hosts), "{hosts:?}");
        }
        assert!(!fault(Version::HTTP_10, &[]) && !fault(Version::HTTP_2, &[]) && fault(Version::HTTP_2, &["a", "b"]));
    }
}
