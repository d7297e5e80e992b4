//! Whole bodies of answers, read within bounds.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use tokio::time::timeout;

use crate::error::Error;
use crate::transport::Body;

/// The largest whole answer.
const ANSWER_BYTES: usize = 64 << 20;
/// What is read of an error; more says nothing more.
const ERROR_BYTES: usize = 64 << 10;
/// How long the rest of an error is waited for.
const ERROR_WAIT: Duration = Duration::from_secs(5);
pub(crate) async fn read_whole(mut body: Body, request_id: Option<&str>) -> Result<Bytes, Error> {
    let mut whole = BytesMut::new();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|error| Error::from_transport(error, request_id))?;
        if whole.len() + piece.len() > ANSWER_BYTES {
            let reason = format!("the answer is larger than {ANSWER_BYTES} bytes");
            return Err(Error::Decode {
                reason,
                request_id: request_id.map(str::to_owned),
            });
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// The beginning of an error body, whatever happens to the rest of it.
pub(crate) async fn read_error(mut body: Body) -> Bytes {
    let mut start = BytesMut::new();
    let reading = async {
        while let Some(Ok(mut piece)) = body.next().await {
            piece.truncate(ERROR_BYTES.saturating_sub(start.len()));
            start.extend_from_slice(&piece);
            if start.len() >= ERROR_BYTES {
                break;
            }
        }
    };
    let _ = timeout(ERROR_WAIT, reading).await;
    start.freeze()
}
