//! From the session's words for a failure to the attempt's.

use bytes::Bytes;
use swan_core::protocol::{DispatchError, Failure, FailureOrigin};

use super::attempt::{AttemptError, MAX_ERROR_BODY};

/// How a stream failed; `max_unconsumed` is the bound that an overflow names.
pub(super) fn attempt_error(failure: Failure, max_unconsumed: usize) -> AttemptError {
    match failure.origin {
        FailureOrigin::Provider => AttemptError::Provider {
            // A provider that calls a failure a success is not believed.
            status: if (400..600).contains(&failure.status) {
                failure.status
            } else {
                502
            },
            message: failure.message,
            body: bounded(failure.body.unwrap_or_default()),
            retry_after: failure.retry_after,
        },
        FailureOrigin::Protocol => AttemptError::Provider {
            status: 502,
            message: failure.message,
            body: Bytes::new(),
            retry_after: None,
        },
        FailureOrigin::Lost => AttemptError::Lost(failure.message),
        FailureOrigin::Deadline => AttemptError::Deadline,
        FailureOrigin::Overflow => AttemptError::Overflow {
            limit: max_unconsumed,
        },
    }
}

/// Why a session did not take a request.
pub(super) fn refused(error: &DispatchError) -> AttemptError {
    match error {
        DispatchError::FrameTooLarge { limit, size } => AttemptError::TooLarge {
            limit: *limit,
            size: *size,
        },
        DispatchError::NotRegistered | DispatchError::Lost => AttemptError::Lost(error.to_string()),
        DispatchError::Busy => AttemptError::Busy,
        DispatchError::Draining => AttemptError::Draining,
        DispatchError::NotJson | DispatchError::RequestId => {
            AttemptError::Malformed(error.to_string())
        }
        _ => AttemptError::Unsupported(error.to_string()),
    }
}

fn bounded(body: Bytes) -> Bytes {
    let mut body = body;
    body.truncate(MAX_ERROR_BODY);
    body
}
