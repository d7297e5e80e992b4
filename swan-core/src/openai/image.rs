//! Images from a text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::open::open_struct;
use super::response::Usage;

open_struct! {
    /// A request for images.
    ///
    /// ```
    /// use swan_core::openai::ImageRequest;
    ///
    /// let request = ImageRequest::new("flux", "a swan on a lake").with_size("1024x1024");
    /// assert_eq!(
    ///     serde_json::to_string(&request)?,
    ///     r#"{"model":"flux","prompt":"a swan on a lake","size":"1024x1024"}"#
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct ImageRequest {
        /// The model's name.
        model as "model": Option<String>,
        /// What they should show.
        prompt as "prompt": String,
        /// How many.
        n as "n": Option<u64>,
        /// Such as `1024x1024`.
        size as "size": Option<String>,
        /// Such as `hd`.
        quality as "quality": Option<String>,
        /// `url` or `b64_json`.
        response_format as "response_format": Option<String>,
        /// An opaque name of the end user.
        user as "user": Option<String>,
    }
}

open_struct! {
    /// The images.
    pub struct ImageResponse {
        /// Unix seconds.
        created as "created": Option<u64>,
        /// One for each.
        data as "data": Vec<Image>,
        /// What was counted, and on a Swan hub what it cost.
        usage as "usage": Option<Usage>,
    }
}

open_struct! {
    /// One image: where it is, or the image itself.
    pub struct Image {
        /// Where to get it; such addresses soon expire.
        url as "url": Option<String>,
        /// The file in base64, see [`Image::bytes`].
        b64_json as "b64_json": Option<String>,
        /// What the server made of the prompt.
        revised_prompt as "revised_prompt": Option<String>,
    }
}

impl ImageRequest {
    /// A request with these two and nothing else.
    #[must_use]
    pub fn new(model: impl Into<String>, prompt: impl Into<String>) -> Self {
        Self {
            model: Some(model.into()),
            prompt: prompt.into(),
            ..Self::default()
        }
    }

    /// Asks for this many.
    #[must_use]
    pub fn with_n(self, n: u64) -> Self {
        Self { n: Some(n), ..self }
    }

    /// Asks for this size, such as `1024x1024`.
    #[must_use]
    pub fn with_size(self, size: impl Into<String>) -> Self {
        Self {
            size: Some(size.into()),
            ..self
        }
    }

    /// Asks for the images themselves rather than for addresses.
    #[must_use]
    pub fn as_bytes(self) -> Self {
        Self {
            response_format: Some("b64_json".to_owned()),
            ..self
        }
    }
}

impl Image {
    /// The file, when the answer carries it and it is valid base64.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        STANDARD.decode(self.b64_json.as_deref()?).ok()
    }
}
