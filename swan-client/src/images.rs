//! Images.

use swan_core::openai::{ImageRequest, ImageResponse};

use crate::answer::read_metered;
use crate::call::{Call, Payload};
use crate::error::Error;
use crate::options::{CallOptions, call_handle};
use crate::reply::Reply;

call_handle! {
    /// Images from a text.
    ///
    /// ```no_run
    /// # async fn run(client: swan_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use swan_client::openai::ImageRequest;
    ///
    /// let request = ImageRequest::new("flux-schnell", "a swan on a lake").as_bytes();
    /// let reply = client.images().create(&request).await?;
    /// let file = reply.data.first().and_then(|image| image.bytes()).ok_or("no image")?;
    /// # Ok(())
    /// # }
    /// ```
    pub struct Images;
}

impl Images {
    /// Asks for images.
    ///
    /// # Errors
    /// Any [`Error`], after the retries that the client's policy allows.
    pub async fn create(&self, request: &ImageRequest) -> Result<Reply<ImageResponse>, Error> {
        let payload = payload(request, &self.options)?;
        let (path, accept) = ("/images/generations", "application/json");
        let call = Call::post(&self.client.0, path, payload, &self.options, accept)?;
        call.run(read_metered).await
    }
}

pub(crate) fn payload(request: &ImageRequest, options: &CallOptions) -> Result<Payload, Error> {
    let mut request = request.clone();
    options.write_into(&mut request.extra)?;
    Payload::json(&request)
}
