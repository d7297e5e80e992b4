use std::error::Error as _;
use std::io;

use rustls::CertificateError as Certificate;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::store::StoreError;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What PostgreSQL says while the store is open.
pub(super) fn failed(error: Error) -> StoreError {
    let what = match error.code().map(SqlState::code) {
        Some("53100") => "the disk of the database server is full; free some space",
        Some("53200") => "the database server has no memory left",
        Some("53300") => "the database server takes no more connections; raise max_connections",
        Some("25006") => {
            "the database has become read-only: it is a standby, or default_transaction_read_only is set"
        }
        Some("57014" | "55P03") => "the database did not answer in time: another program locks it",
        Some("57P01" | "57P02" | "57P03") => "the database server is starting or shutting down",
        Some("42501") => "the user of the database may not do this any more; grant it its rights",
        Some("42P01" | "42703" | "3F000") => {
            return StoreError::corrupt(format!("its tables are not as they were made: {error}"));
        }
        Some("XX001" | "XX002") => return StoreError::corrupt(error.to_string()),
        Some("22021") => {
            return StoreError::Conflict {
                what: "a text with a NUL character cannot be kept".into(),
            };
        }
        Some(_) => "PostgreSQL failed",
        None => "the connection to the database is lost",
    };
    StoreError::Unavailable {
        what: what.to_owned(),
        source: Some(Box::new(error)),
    }
}

/// Why there is no connection.
pub(super) fn unconnected(place: &str, error: Error) -> StoreError {
    let code = error.code().map(SqlState::code);
    let what = match code {
        Some("28P01" | "28000") => {
            "the server refuses this user; check name and password, and pg_hba.conf on the server"
        }
        Some("3D000") => "there is no such database; make it with createdb",
        Some("42501") => "this user may not connect to the database; grant it CONNECT",
        Some(_) => return failed(error),
        None if is_of_tls(&error) => of_tls(&error),
        None if is_io(&error) => {
            return StoreError::Unavailable {
                what: format!("{place} cannot be reached; is the server running?"),
                source: Some(Box::new(error)),
            };
        }
        None if is_without_password(&error) => {
            "the server asks for a password; give it in the URL, or in a file with ?password_file=PATH; for the program also in SWAN_STORE_PASSWORD"
        }
        None => "the server cannot be used as the URL says",
    };
    StoreError::Open {
        place: place.to_owned(),
        what: what.to_owned(),
        source: Some(Box::new(error)),
    }
}

/// What stands in the way of making the tables.
pub(super) fn unprepared(place: &str, error: Error) -> StoreError {
    let what = match error.code().map(SqlState::code) {
        Some("42501") => "this user may not make its tables; let it own the database",
        Some("25006") => "it is read-only: a standby, or default_transaction_read_only is set",
        Some("42P07" | "42710") => "its schema `swan` has tables of another program",
        _ => return failed(error),
    };
    StoreError::Open {
        place: place.to_owned(),
        what: what.to_owned(),
        source: Some(Box::new(error)),
    }
}

/// Somebody has this already, so the caller can say what.
pub(super) fn is_taken(error: &StoreError) -> bool {
    is_code(error, &SqlState::UNIQUE_VIOLATION)
}

/// A number would leave its bounds, so the caller can say what.
pub(super) fn is_beyond(error: &StoreError) -> bool {
    is_code(error, &SqlState::CHECK_VIOLATION)
}

fn is_code(error: &StoreError, expected: &SqlState) -> bool {
    let StoreError::Unavailable {
        source: Some(source),
        ..
    } = error
    else {
        return false;
    };
    let code = source.downcast_ref::<Error>().and_then(Error::code);
    code == Some(expected)
}

/// Whether the connection is of no more use, and the same may be asked on another one.
pub(super) fn is_disconnected(error: &Error) -> bool {
    let going = matches!(
        error.code().map(SqlState::code),
        Some("57P01" | "57P02" | "57P03")
    );
    // Plans of tables that a newer program has changed are made anew on a new connection.
    let stale = error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED);
    going || stale || error.is_closed() || is_io(error)
}

/// What TLS said, if anything.
fn tls_error(error: &Error) -> Option<&rustls::Error> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        let wrapped = inner
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        if let Some(found) = wrapped.and_then(|wrapped| wrapped.downcast_ref()) {
            return Some(found);
        }
        cause = inner.source();
    }
    None
}

fn is_of_tls(error: &Error) -> bool {
    tls_error(error).is_some() || is_without_tls(error)
}

/// In which way the server and this end do not trust each other.
fn of_tls(error: &Error) -> &'static str {
    match tls_error(error) {
        None => {
            "the server does not speak TLS; switch it on there, or say sslmode=disable where nobody can listen in between"
        }
        Some(rustls::Error::InvalidCertificate(why)) => match why {
            Certificate::UnknownIssuer => {
                "the server's certificate is of nobody who is trusted; name its authority with sslrootcert=PATH"
            }
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
                "the server's certificate is for another host; use a name that it is for"
            }
            Certificate::Expired | Certificate::ExpiredContext { .. } => {
                "the server's certificate has expired"
            }
            _ => "the server's certificate is not in order",
        },
        Some(rustls::Error::AlertReceived(_)) => {
            "the server breaks TLS off; it may not trust the certificate of sslcert, or ask for one"
        }
        Some(_) => "TLS with the server cannot be agreed on",
    }
}

fn is_without_tls(error: &Error) -> bool {
    let cause = error.source().map(ToString::to_string);
    cause.is_some_and(|cause| cause == "server does not support TLS")
}

fn is_without_password(error: &Error) -> bool {
    let cause = error.source().map(ToString::to_string);
    cause.is_some_and(|cause| cause.contains("password missing"))
}

fn is_io(error: &Error) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<io::Error>() {
            return true;
        }
        cause = inner.source();
    }
    false
}
