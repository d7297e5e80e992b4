//! Server-sent events, split out of a byte stream however it is cut.
//!
//! ```
//! use swan_core::sse::{EventSplitter, is_done};
//!
//! let mut splitter = EventSplitter::new(1024);
//! splitter.push("data: {\"a\":1}\n\ndata: [DO".into());
//! assert_eq!(splitter.next_event()?.unwrap().data, "{\"a\":1}");
//! assert!(splitter.next_event()?.is_none());
//! splitter.push("NE]\n\n".into());
//! assert!(is_done(&splitter.next_event()?.unwrap().data));
//! # Ok::<(), swan_core::sse::SseError>(())
//! ```

mod splitter;

pub use splitter::{Event, EventSplitter, SseError, is_done};
