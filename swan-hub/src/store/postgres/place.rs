use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use tokio_postgres::Config;
use tokio_postgres::config::Host;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls::Terms;
use crate::store::StoreError;

/// A database as a URL names it. Neither `Display` nor `Debug` shows a password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresPlace {
    pub(super) config: Config,
    password_file: Option<PathBuf>,
    tls: Terms,
}

const EXPECTED: &str = "expected postgres://USER@HOST[:PORT]/DATABASE, with ?password_file=PATH, ?sslmode=MODE or ?sslrootcert=PATH if need be; \
    in a password write @ as %40, : as %3A, / as %2F, ? as %3F and % as %25";

impl PostgresPlace {
    /// The same, with this password where the URL has none.
    #[must_use]
    pub fn or_password(mut self, password: impl Into<String>) -> Self {
        if self.config.get_password().is_none() {
            self.config.password(password.into());
        }
        self
    }

    /// With the password of the file, if there is one, and what makes the connections.
    pub(super) fn resolve(&self) -> Result<(Config, MakeRustlsConnect), StoreError> {
        let mut config = self.config.clone();
        if let Some(path) = &self.password_file {
            let text = std::fs::read_to_string(path).map_err(|error| StoreError::Open {
                place: self.to_string(),
                what: format!("password_file {} cannot be read", path.display()),
                source: Some(Box::new(error)),
            })?;
            config.password(text.trim_end_matches(['\r', '\n']));
        }
        if config.get_application_name().is_none() {
            config.application_name("swan-hub");
        }
        let unusable = |(what, source)| StoreError::Open {
            place: self.to_string(),
            what,
            source: Some(source),
        };
        let tls = self.tls.connector(&mut config).map_err(unusable)?;
        Ok((config, tls))
    }
}

impl FromStr for PostgresPlace {
    type Err = StoreError;

    fn from_str(url: &str) -> Result<Self, StoreError> {
        // Nothing of the URL is repeated here: a part of a password may stand anywhere in it.
        let refused = |what: &str| StoreError::Open {
            place: "postgres://".into(),
            what: what.to_owned(),
            source: None,
        };
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut password_file, mut tls, mut rest) = (None, Terms::default(), Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match form_urlencoded::parse(pair.as_bytes()).next() {
                Some((name, path)) if name == "password_file" => {
                    password_file = Some(PathBuf::from(path.into_owned()));
                }
                Some((name, value)) if tls.take(&name, &value).map_err(refused)? => {}
                _ => rest.push(pair),
            }
        }
        let url = if rest.is_empty() {
            base.to_owned()
        } else {
            format!("{base}?{}", rest.join("&"))
        };
        let config: Config = url.parse().map_err(|_| refused(EXPECTED))?;
        if config.get_hosts().is_empty() || config.get_dbname().is_none_or(str::is_empty) {
            return Err(refused(EXPECTED));
        }
        if config.get_user().is_none() {
            return Err(refused(
                "the URL names no user; expected postgres://USER@HOST/DATABASE",
            ));
        }
        tls.check().map_err(refused)?;
        Ok(Self {
            config,
            password_file,
            tls,
        })
    }
}

impl fmt::Display for PostgresPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}@", self.config.get_user().unwrap_or(""))?;
        let ports = self.config.get_ports();
        for (n, host) in self.config.get_hosts().iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            match host {
                Host::Tcp(name) => write!(f, "{comma}{name}")?,
                #[cfg(unix)]
                Host::Unix(path) => write!(f, "{comma}{}", path.display())?,
            }
            if let Some(port) = ports.get(n).or(ports.first()) {
                write!(f, ":{port}")?;
            }
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or(""))
    }
}

impl fmt::Debug for PostgresPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresPlace({self})")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use super::*;

    #[test]
    fn a_url_is_shown_without_its_password() {
        for (url, shown) in [
            (
                "postgres://swan:s3cret@db.example/swan",
                "postgres://swan@db.example:5432/swan",
            ),
            (
                "postgres://swan:s3cret?s3cret@host/db",
                "postgres://swan@host:5432/db",
            ),
            (
                "postgresql://swan:s3cret@[::1]:6543/swan",
                "postgres://swan@::1:6543/swan",
            ),
            (
                "postgres://swan@a:1,b:2/swan?password_file=%2Fs3cret%2Ffile&application_name=x",
                "postgres://swan@a:1,b:2/swan",
            ),
            (
                "postgres://swan@%2Frun%2Fpg/swan?sslmode=disable",
                "postgres://swan@/run/pg:5432/swan",
            ),
        ] {
            let place: PostgresPlace = url.parse().unwrap();
            assert_eq!(place.to_string(), shown);
            assert!(!format!("{place:?}").contains("s3cret"), "{place:?}");
        }
    }

    #[test]
    fn a_wrong_url_is_refused_without_repeating_it() {
        for (url, expected) in [
            (
                "postgres://swan:s3cret@host/",
                "expected postgres://USER@HOST",
            ),
            (
                "postgres://swan:s3cret@host:port/db",
                "expected postgres://USER@HOST",
            ),
            (
                "postgres://swan:s3cret@host/db?s3cret=1",
                "expected postgres://USER@HOST",
            ),
            ("postgres:///db", "expected postgres://USER@HOST"),
            ("postgres://host/db", "names no user"),
            (
                "postgres://swan:s3cret@host/db?sslmode=yes",
                "sslmode must be disable, prefer, require, verify-ca or verify-full",
            ),
            (
                "postgres://swan:s3cret@host/db?sslmode=verify-ca",
                "sslmode=verify-ca needs sslrootcert",
            ),
            (
                "postgres://swan:s3cret@host/db?sslmode=prefer&sslrootcert=/s3cret",
                "need sslmode=require, verify-ca or verify-full",
            ),
            (
                "postgres://swan:s3cret@host/db?sslcert=/s3cret",
                "sslcert and sslkey go together",
            ),
        ] {
            let error = url.parse::<PostgresPlace>().expect_err(url);
            assert!(error.to_string().contains(expected), "{url}: {error}");
            assert!(!format!("{error} {error:?}").contains("s3c"), "{error:?}");
        }
    }
}
