//! Passwords at rest: Argon2id with the parameters that OWASP asks for, off the tasks that serve, a few at once.

use std::sync::Arc;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::reply::refusal;
use crate::gateway::Answer;

/// How many are computed at once: each takes 19 MiB and some 20 ms of a processor.
const AT_ONCE: usize = 2;
/// How many may wait for their turn, and for how long.
const WAITING: usize = 32;
const PATIENCE: Duration = Duration::from_secs(5);

/// Computes hashes of passwords.
#[derive(Debug)]
pub(super) struct Passwords {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            places: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
        }
    }
}

impl Passwords {
    /// The hash of a password, with a salt of its own.
    pub(super) async fn hash(&self, password: &str) -> Result<String, Answer> {
        let password = password.to_owned();
        let hashed = self.compute(move || {
            let hashed: Result<PasswordHash, _> =
                Argon2::default().hash_password(password.as_bytes());
            hashed.ok().map(|hash| hash.to_string())
        });
        hashed.await?.ok_or_else(|| {
            let failed = refusal(500, "server_error", "internal_error");
            failed.saying("the password cannot be hashed")
        })
    }

    /// Whether a password has this hash. Without a hash the same work is done, so that the time does not tell who is known.
    pub(super) async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, Answer> {
        let (password, hash) = (password.to_owned(), hash.map(str::to_owned));
        self.compute(move || match hash {
            Some(hash) => Argon2::default()
                .verify_password(password.as_bytes(), &*hash)
                .is_ok(),
            None => {
                let salt = [0; 16];
                // The result is of no interest, only its time.
                let _: Result<PasswordHash, _> =
                    Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
                false
            }
        })
        .await
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Answer> {
        let busy = || {
            let busy = refusal(503, "server_error", "overloaded").retry(5);
            busy.saying("too many people sign up or log in at this moment")
        };
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| busy())?;
        let turn = timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.map_err(|_| busy())?.map_err(|_| busy())?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            // Held until the work is done, even if nobody waits for it any more.
            drop((place, turn));
            done
        });
        done.await.map_err(|_| busy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_opens_for_its_password_alone() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse").await.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert_ne!(hash, passwords.hash("correct horse").await.unwrap());
        assert!(
            passwords
                .verify("correct horse", Some(&hash))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify("Correct horse", Some(&hash))
                .await
                .unwrap()
        );
        assert!(!passwords.verify("correct horse", None).await.unwrap());
        assert!(!passwords.verify("x", Some("not a hash")).await.unwrap());
    }

    #[tokio::test]
    async fn a_crowd_is_turned_away() {
        let passwords = Passwords::default();
        let many = (0..200).map(|_| passwords.verify("password", None));
        let answers = futures::future::join_all(many).await;
        let refused = answers.iter().filter(|answer| answer.is_err()).count();
        assert_eq!(refused, 200 - AT_ONCE - WAITING);
        assert!(
            passwords.verify("password", None).await.is_ok(),
            "places are given back"
        );
    }
}
