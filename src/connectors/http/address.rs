//! Addresses: which may be spoken to, and how a path becomes one. Names are looked through where they are resolved, in `names`.
//!
//! Keeps the invariant that a call never leaves the origin of its base address and never climbs out of the path it names.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

use crate::connectors::error::ErrorKind;

/// Reads a configured address: https, or http where the host is this machine or was allowed by name; an address of a private
/// network only where it was allowed too.
pub(super) fn base(text: &str, plain_hosts: &[String], private_hosts: &[String]) -> Result<Url, String> {
    // The text is not repeated in the error: it may hold a password.
    let url = Url::parse(text)
        .map_err(|e| format!("the address cannot be read ({e}); write it like https://api.example/v1"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the address holds a user name or password; give them as settings of their own".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("the address holds a `?` or `#`; give the part before it".to_owned());
    }
    let host = url.host_str().ok_or("the address has no host")?;
    if bare(host).parse().is_ok_and(is_private) && !is_named(private_hosts, host) {
        return Err(format!("{host} is an address of a private network; where it is meant, name it in private_hosts"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(host) || plain_hosts.iter().any(|h| h.eq_ignore_ascii_case(host)) => Ok(url),
        "http" => Err(format!("{host} would be spoken to without TLS; use https, or allow plain http for this host")),
        other => Err(format!("`{other}` is not a way to call a service; use https")),
    }
}

/// Whether a list of hosts names this one; case, brackets and the dot at the end are spelling.
pub(super) fn is_named(hosts: &[String], host: &str) -> bool {
    hosts.iter().any(|named| bare(named) == bare(host))
}

fn bare(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase()
}

/// Addresses that lead into the network around this machine, such as a cloud's metadata service, or to no one machine.
/// This machine itself is another matter.
pub(super) fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [first, second, third, _] = ip.octets();
            let is_shared = first == 100 && second & 0xc0 == 64;
            let is_reserved = first == 0 || first >= 240 || (first, second, third) == (192, 0, 0);
            let is_bench = first == 198 && second & 0xfe == 18;
            ip.is_private() || ip.is_link_local() || ip.is_multicast() || is_shared || is_reserved || is_bench
        }
        IpAddr::V6(ip) => match inner(ip) {
            Some(inner) => inner.is_loopback() || is_private(IpAddr::V4(inner)),
            None => {
                let is_site_local = ip.segments()[0] & 0xffc0 == 0xfec0;
                let is_near = ip.is_unique_local() || ip.is_unicast_link_local() || is_site_local;
                is_near || ip.is_unspecified() || ip.is_multicast()
            }
        },
    }
}

/// The IPv4 address that an IPv6 address leads to: mapped, compatible, translated (NAT64) or tunnelled (6to4).
fn inner(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let joined = |high: u16, low: u16| Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match ip.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            joined(high, low)
        }
        [0, 0, 0, 0, 0, 0, high, low] if high > 0 => joined(high, low),
        _ => None,
    }
}

fn is_loopback(host: &str) -> bool {
    is_localhost(host) || bare(host).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The one name that is meant to lead to this machine.
pub(super) fn is_localhost(host: &str) -> bool {
    bare(host) == "localhost"
}

/// The address of a call: a path below `base`, or an absolute link of the same origin.
pub(super) fn resolve(base: &Url, path_or_url: &str, query: &[(&str, &str)]) -> Result<Url, ErrorKind> {
    let refused = |what: String| ErrorKind::Malformed { at: "the address of the call".to_owned(), what };
    let mut url = if path_or_url.starts_with("https://") || path_or_url.starts_with("http://") {
        let url = Url::parse(path_or_url).map_err(|e| refused(format!("a link cannot be read: {e}")))?;
        if url.origin() != base.origin() {
            let found = url.host_str().unwrap_or("no host").to_owned();
            return Err(refused(format!(
                "expected a link to {}, found one to {found}; credentials are not sent elsewhere",
                base.origin().ascii_serialization()
            )));
        }
        url
    } else {
        let text = format!("{}/{}", base.as_str().trim_end_matches('/'), path_or_url.trim_start_matches('/'));
        let url = Url::parse(&text).map_err(|e| refused(format!("`{path_or_url}` is not a path: {e}")))?;
        let written = text.split(['?', '#']).next().unwrap_or_default();
        // Dot segments vanish in parsing; a changed path means the call would go elsewhere.
        if url.as_str().split(['?', '#']).next() != Some(written) {
            return Err(refused(format!("`{path_or_url}` is not a plain path below the base address")));
        }
        url
    };
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}

/// How errors and logs name a call: method, path and the caller's own parameters.
pub(super) fn operation(verb: &str, path_or_url: &str, query: &[(&str, &str)]) -> String {
    let path = match path_or_url.split_once("://") {
        // A link's parameters are the remote's; they may hold anything.
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/").split('?').next().unwrap_or("/"),
        None => path_or_url,
    };
    let mut text = format!("{verb} {path}");
    for (name, value) in query {
        let _ = write!(text, " {name}={value}");
    }
    text
}

/// One path segment from outside text: everything but unreserved characters is percent-encoded.
#[must_use]
pub fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tls_or_this_machine_is_spoken_to() {
        for accepted in [
            "https://api.example/v1",
            "http://127.0.0.1:8080",
            "http://127.9.9.9",
            "http://[::1]:9/x",
            "http://localhost:1",
        ] {
            assert!(base(accepted, &[], &[]).is_ok(), "{accepted}");
        }
        for refused in [
            "http://api.example/v1",
            "http://10.0.0.5",
            "http://127.0.0.1.evil.example",
            "ftp://api.example",
            "https://user:pw@api.example",
            "https://api.example/v1?key=1",
            "api.example",
            "",
        ] {
            assert!(base(refused, &[], &[]).is_err(), "{refused}");
        }
        assert!(base("http://psa.internal.example/api", &["PSA.internal.example".to_owned()], &[]).is_ok());
        assert!(!base("https://user:hunter2@api.example", &[], &[]).unwrap_err().contains("hunter2"));
    }

    #[test]
    fn a_private_network_is_spoken_to_only_where_it_is_meant() {
        for host in [
            "169.254.169.254",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "0.0.0.0",
            "2852039166",
            "0xa9fea9fe",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "[::ffff:169.254.169.254]",
            "[::ffff:127.0.0.1]",
            "[::10.0.0.1]",
            "[64:ff9b::169.254.169.254]",
            "[2002:a9fe:a9fe::1]",
            "[fec0::1]",
            "224.0.0.1",
            "255.255.255.255",
        ] {
            let address = format!("https://{host}/v1");
            let refused = base(&address, &[], &[]).unwrap_err();
            assert!(refused.contains("private_hosts"), "{refused}");
            let read = Url::parse(&address).unwrap().host_str().unwrap().to_owned();
            assert!(base(&address, &[], &[read]).is_ok(), "{host}");
        }
        for host in ["8.8.8.8", "[2606:4700::1111]", "[64:ff9b::8.8.8.8]", "[::1]"] {
            assert!(base(&format!("https://{host}/v1"), &[], &[]).is_ok(), "{host}");
        }
        let read = "10.1.2.3".to_owned();
        assert!(base("http://10.1.2.3/v1", &[], std::slice::from_ref(&read)).is_err(), "TLS is another matter");
        assert!(base("http://10.1.2.3/v1", std::slice::from_ref(&read), std::slice::from_ref(&read)).is_ok());
    }

    #[test]
    fn a_call_stays_below_its_base() {
        let base = base("https://api.example/v1/", &[], &[]).unwrap();
        let at = |path: &str| resolve(&base, path, &[("page", "0"), ("q", "a b&c")]).map(|u| u.to_string());
        assert_eq!(at("/companies").unwrap(), "https://api.example/v1/companies?page=0&q=a+b%26c");
        assert_eq!(at("https://api.example/v1/x?next=2").unwrap(), "https://api.example/v1/x?next=2&page=0&q=a+b%26c");
        for refused in [
            "https://evil.example/v1/companies",
            "http://api.example/v1/companies",
            "https://api.example:444/v1/companies",
            "/../v2/companies",
            "/companies/%2e%2e/x",
        ] {
            assert!(matches!(at(refused), Err(ErrorKind::Malformed { .. })), "{refused}");
        }
        assert_eq!(segment("a/b?c d%é"), "a%2Fb%3Fc%20d%25%C3%A9");
        assert!(resolve(&base, &format!("/companies/{}/contacts", segment("..")), &[]).is_err());
    }

    #[test]
    fn an_operation_shows_the_parameters_of_the_caller_only() {
        assert_eq!(operation("GET", "/companies", &[("page", "3")]), "GET /companies page=3");
        assert_eq!(operation("GET", "https://api.example/v1/x?token=secret", &[]), "GET /v1/x");
    }
}
