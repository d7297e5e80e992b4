//! The suite, run against what this crate brings along, and shown to catch what it should.

use crate::support::{Mode, ModelServer};
use swan_provider::{
    Backend, BackendError, BackendModel, Call, Discovery, EchoBackend, Engine, HttpBackend, Reply,
    conformance,
};

#[tokio::test]
async fn the_echo_conforms() {
    conformance::check(&EchoBackend::new()).await.unwrap();
}

#[tokio::test]
async fn an_http_server_conforms() {
    let server = ModelServer::start().await;
    conformance::check(&HttpBackend::new(&server.url).unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn servers_in_trouble_do_not() {
    let server = ModelServer::start().await;
    let backend = HttpBackend::new(&server.url).unwrap();
    for mode in [
        Mode::Fixed(200, "application/json", "{}".to_owned()),
        Mode::Fixed(500, "application/json", "{}".to_owned()),
        Mode::Fixed(200, "text/html", "<html>".to_owned()),
        Mode::Breaks,
    ] {
        server.set(mode.clone());
        let violation = conformance::check(&backend).await;
        assert!(violation.is_err(), "{mode:?}");
    }
    server.set_models(&[]);
    assert!(conformance::lists_models(&backend).await.is_err());
}

/// Answers everything with success.
#[derive(Debug)]
struct YesSayer;

#[async_trait::async_trait]
impl Backend for YesSayer {
    fn label(&self) -> &'static str {
        "yes"
    }

    async fn discover(&self) -> Result<Discovery, BackendError> {
        Ok(Discovery::new(
            Engine::Unknown,
            vec![BackendModel::new("m")],
        ))
    }

    async fn execute(&self, _: Call) -> Result<Reply, BackendError> {
        Ok(Reply::json(
            200,
            r#"{"choices":[{"message":{}}],"usage":{"completion_tokens":1}}"#,
        ))
    }
}

#[tokio::test]
async fn a_success_that_means_nothing_is_found_out() {
    assert!(conformance::answers_whole(&YesSayer, "m").await.is_ok());
    assert!(conformance::streams(&YesSayer, "m").await.is_err());
    assert!(
        conformance::refuses_what_is_no_request(&YesSayer, "m")
            .await
            .is_err()
    );
    assert!(
        conformance::has_no_made_up_operations(&YesSayer, "m")
            .await
            .is_err()
    );
}
