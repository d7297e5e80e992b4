//! Notices that `models.json` was changed.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};
use tokio::{sync::mpsc, task::JoinHandle, time};

/// Editors write a file in several steps: it is read once they have been quiet for this long (public-swan.md 2.4).
const DEBOUNCE: Duration = Duration::from_millis(500);
/// Network folders and some containers send no notifications, so the file's stamp is looked at as well.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The sending half belongs to a task that ends when it is dropped.
#[derive(Debug)]
pub(crate) struct FileWatch {
    changes: mpsc::Receiver<()>,
    task: JoinHandle<()>,
}

impl FileWatch {
    /// Waits for the next change that has settled. Cancel-safe.
    pub(crate) async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            // The watching task ended with its runtime; there is nothing more to tell.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for FileWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts watching; must be called within a tokio runtime.
pub(crate) fn watch(path: &Path) -> FileWatch {
    let (changed, changes) = mpsc::channel(1);
    let task = tokio::spawn(run(path.to_owned(), changed));
    FileWatch { changes, task }
}

async fn run(path: PathBuf, changed: mpsc::Sender<()>) {
    let (notified, mut notices) = mpsc::channel(1);
    let _watcher = notifier(&path, notified);
    let mut known = stamp(&path).await;
    let mut look = time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            Some(()) = notices.recv() => {}
            _ = look.tick() => if stamp(&path).await == known { continue },
        }
        loop {
            let quiet = time::sleep(DEBOUNCE);
            tokio::select! {
                () = quiet => break,
                Some(()) = notices.recv() => {}
            }
        }
        known = stamp(&path).await;
        // A change that nobody has taken yet stands for this one too.
        let _ = changed.try_send(());
    }
}

/// Watches the folder: an editor that replaces the file would take a watch of the file itself with it.
fn notifier(path: &Path, notified: mpsc::Sender<()>) -> Option<notify::RecommendedWatcher> {
    use notify::Watcher as _;
    let name = path.file_name()?.to_owned();
    let on_event = move |event: notify::Result<notify::Event>| {
        let ours = |event: notify::Event| {
            // Our own reading of the file is an event too.
            !event.kind.is_access() && event.paths.iter().any(|p| p.file_name() == Some(&name))
        };
        if event.is_ok_and(ours) {
            let _ = notified.try_send(());
        }
    };
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut watcher = notify::recommended_watcher(on_event).ok()?;
    watcher
        .watch(folder, notify::RecursiveMode::NonRecursive)
        .ok()?;
    Some(watcher)
}

async fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let meta = tokio::fs::metadata(path).await.ok()?;
    Some((meta.modified().ok()?, meta.len()))
}
