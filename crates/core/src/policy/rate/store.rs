//! The address of the store in which the limits of many machines are counted: `redis://…`, or `rediss://…` over TLS.
//!
//! The names of TLS's options are those of redis-py. No message repeats an address: it may hold a password.

use crate::param::query::Query;

const MOST_OPTIONS: usize = 100;

/// Where the store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreAddress {
    /// The address without TLS, as clients take it.
    pub plain: String,
    /// How it is encrypted; `None`: it is not.
    pub tls: Option<StoreTls>,
}

/// Files in PEM that TLS needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreTls {
    /// Whom the store's certificate is signed by; `None`: one of those that the system trusts.
    pub ca_certs: Option<String>,
    /// The certificate that is shown to the store.
    pub certfile: Option<String>,
    /// Its key; in the same file unless given.
    pub keyfile: Option<String>,
}

impl StoreAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it, where that is about TLS; the rest is left to the client.
    pub fn parse(address: &str) -> Result<Self, String> {
        let Some(rest) = address.strip_prefix("rediss://") else {
            return Ok(Self { plain: address.to_owned(), tls: None });
        };
        if rest.contains('#') {
            return Err("a '#', after which nothing is known; write it as %23 in a password".to_owned());
        }
        let query = rest.split_once('?').map_or("", |(_, query)| query);
        Ok(Self { plain: format!("redis://{rest}"), tls: Some(StoreTls::parse(query)?) })
    }
}

impl StoreTls {
    fn parse(query: &str) -> Result<Self, String> {
        let query = Query::parse(query, MOST_OPTIONS).map_err(|error| error.to_string())?;
        let mut found = Self::default();
        for (name, value) in query.pairs() {
            let value = value.map_err(|bad| format!("{name}, whose value {}", bad.reason))?;
            let file = match name {
                "ssl_ca_certs" => &mut found.ca_certs,
                "ssl_certfile" => &mut found.certfile,
                "ssl_keyfile" => &mut found.keyfile,
                "ssl_cert_reqs" if value == "required" => continue,
                "ssl_check_hostname" if matches!(value, "true" | "True" | "1") => continue,
                "ssl_cert_reqs" | "ssl_check_hostname" => {
                    return Err(format!(
                        "{name}={value}; a certificate is always checked, name whom it is signed by in ssl_ca_certs"
                    ));
                }
                _ if name.starts_with("ssl_") => {
                    return Err(format!("the option {name}; known are ssl_ca_certs, ssl_certfile and ssl_keyfile"));
                }
                _ => continue,
            };
            if value.is_empty() {
                return Err(format!("{name} without a path"));
            }
            *file = Some(value.to_owned());
        }
        if found.keyfile.is_some() && found.certfile.is_none() {
            return Err("ssl_keyfile without ssl_certfile".to_owned());
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tls_an_address_is_left_as_it_is() {
        for address in ["redis://:p%23@host:1/0?protocol=3", "unix:///run/redis.sock", "no address"] {
            let plain = address.to_owned();
            assert_eq!(StoreAddress::parse(address), Ok(StoreAddress { plain, tls: None }));
        }
    }

    #[test]
    fn tls_and_its_files() {
        let plain = "redis://user:pw@host:6380/2".to_owned();
        let tls = Some(StoreTls::default());
        assert_eq!(StoreAddress::parse("rediss://user:pw@host:6380/2"), Ok(StoreAddress { plain, tls }));
        let query = "ssl_ca_certs=%2Fetc%2Fa+b.pem&ssl_certfile=/c.pem&ssl_keyfile=/k.pem&protocol=resp3";
        let wanted = StoreTls {
            ca_certs: Some("/etc/a b.pem".to_owned()),
            certfile: Some("/c.pem".to_owned()),
            keyfile: Some("/k.pem".to_owned()),
        };
        assert_eq!(StoreTls::parse(query), Ok(wanted));
        assert_eq!(StoreTls::parse("ssl_cert_reqs=required&ssl_check_hostname=True"), Ok(StoreTls::default()));
    }

    #[test]
    fn what_would_be_less_than_asked_for_is_refused() {
        for (query, found) in [
            ("ssl_cert_reqs=none", "ssl_cert_reqs=none; a certificate is always checked"),
            ("ssl_cert_reqs=optional", "always checked"),
            ("ssl_check_hostname=false", "always checked"),
            ("ssl_ca_path=/etc/ssl", "the option ssl_ca_path; known are"),
            ("ssl_ca_certs=", "ssl_ca_certs without a path"),
            ("ssl_ca_certs=%ff", "ssl_ca_certs, whose value"),
            ("ssl_keyfile=/k.pem", "ssl_keyfile without ssl_certfile"),
        ] {
            let error = StoreTls::parse(query).unwrap_err();
            assert!(error.contains(found), "{query}: {error}");
        }
        let error = StoreAddress::parse("rediss://:secret@host#insecure").unwrap_err();
        assert!(error.contains('#') && !error.contains("secret"), "{error}");
    }
}
