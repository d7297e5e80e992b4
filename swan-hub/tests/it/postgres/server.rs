//! A real PostgreSQL server, started by the tests in a temporary folder on a free port.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

/// Makes the cluster and runs it until its input ends, which it does when the tests end, however they end.
const SCRIPT: &str = r#"
bin=$1 dir=$2 port=$3
"$bin/initdb" -D "$dir/data" -A trust -U postgres --no-sync -E UTF8 --no-locale >"$dir/log" 2>&1 ||
    { echo failed; cat "$dir/log"; exit 1; }
{ echo "host all asked 127.0.0.1/32 scram-sha-256"; echo "hostssl all certified 127.0.0.1/32 cert"; cat "$dir/data/pg_hba.conf"; } >"$dir/hba" && mv "$dir/hba" "$dir/data/pg_hba.conf"
start() {
    "$bin/postgres" -D "$dir/data" -c listen_addresses=127.0.0.1 -c port="$port" -c unix_socket_directories="$dir" \
        -c fsync=off -c max_connections=200 </dev/null >>"$dir/log" 2>&1 &
    pid=$!
}
start
echo done
while read -r word; do
    case $word in
    start) start ;;
    kill)
        children=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null || ps -o pid= --ppid "$pid")
        kill -9 "$pid" $children 2>/dev/null
        wait "$pid" 2>/dev/null
        # The memory they share is in use until the last one is gone; what nobody has reaped has no program any more.
        tries=0
        for child in $children; do
            while [ -e "/proc/$child/exe" ] && [ "$tries" -lt 500 ]; do sleep 0.01; tries=$((tries + 1)); done
        done
        ;;
    esac
    echo done
done
kill -INT "$pid" && wait "$pid"
rm -rf "$dir"
"#;

const START_MAX: Duration = Duration::from_secs(60);

/// A server that ends when this is dropped.
pub(crate) struct Server {
    port: u16,
    folder: PathBuf,
    keeper: Mutex<Keeper>,
    databases: AtomicU32,
}

struct Keeper {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Server {
    /// The server of this test binary.
    pub(crate) async fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        let server = SHARED.get_or_init(Self::start);
        server.until_ready().await;
        server
    }

    /// Another server, for a test that kills it.
    pub(crate) async fn own() -> Self {
        let server = Self::start();
        server.until_ready().await;
        server
    }

    fn start() -> Self {
        let bin = programs();
        let folder = TempDir::new().unwrap().keep();
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = port.local_addr().unwrap().port();
        // A server refuses to run as root, and the package brings a user for it.
        let is_root = std::fs::metadata(&folder).unwrap().uid() == 0;
        let mut command = if is_root {
            let own = Command::new("chown").arg("postgres").arg(&folder).status();
            assert!(own.unwrap().success(), "there is no user `postgres`");
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        let mut child = command
            .args(["-c", SCRIPT, "swan-test-postgres"])
            .args([bin.as_path(), folder.as_path()])
            .arg(port.to_string())
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut keeper = Keeper {
            orders: child.stdin.take(),
            answers: BufReader::new(child.stdout.take().unwrap()),
            child,
        };
        keeper.answer();
        Self {
            port,
            folder,
            keeper: Mutex::new(keeper),
            databases: AtomicU32::new(0),
        }
    }

    /// SIGKILL for the server and all its processes.
    pub(crate) fn kill(&self) {
        self.keeper.lock().order("kill");
    }

    /// Starts what was killed.
    pub(crate) async fn restart(&self) {
        self.keeper.lock().order("start");
        self.until_ready().await;
    }

    /// The URL of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The URL of a database that nobody else has.
    pub(crate) async fn database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        let client = self.client("postgres").await;
        let create = format!("CREATE DATABASE {name}");
        client.batch_execute(&create).await.unwrap();
        self.url(&name)
    }

    pub(crate) async fn client(&self, database: &str) -> Client {
        connect(&self.url(database)).await.unwrap()
    }

    /// From now on it speaks TLS with this certificate, and takes those of clients that `clients` has signed; all in PEM.
    pub(crate) async fn speak_tls(&self, certificate: &str, key: &str, clients: &str) {
        let admin = self.client("postgres").await;
        let folder = self.folder.display();
        for (name, content) in [
            ("server.crt", certificate),
            ("server.key", key),
            ("clients.crt", clients),
        ] {
            // The server writes its files itself, since the key has to be its own.
            let put = format!(
                "COPY (SELECT unnest(string_to_array('{}', E'\n'))) TO PROGRAM 'umask 077; cat > {folder}/{name}'",
                content.replace('\r', "").trim_end()
            );
            admin.batch_execute(&put).await.unwrap();
        }
        for (key, value) in [
            ("ssl_cert_file", format!("'{folder}/server.crt'")),
            ("ssl_key_file", format!("'{folder}/server.key'")),
            ("ssl_ca_file", format!("'{folder}/clients.crt'")),
            ("ssl", "on".to_owned()),
        ] {
            let set = format!("ALTER SYSTEM SET {key} = {value}");
            admin.batch_execute(&set).await.unwrap();
        }
        admin
            .batch_execute("SELECT pg_reload_conf()")
            .await
            .unwrap();
        // Each session reads it for itself, soon.
        let begun = Instant::now();
        loop {
            let row = self
                .client("postgres")
                .await
                .query_one("SHOW ssl", &[])
                .await
                .unwrap();
            if row.get::<_, &str>(0) == "on" {
                return;
            }
            assert!(begun.elapsed() < START_MAX, "TLS is not switched on");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn until_ready(&self) {
        let begun = Instant::now();
        while let Err(error) = connect(&self.url("postgres")).await {
            let log = || std::fs::read_to_string(self.folder.join("log"));
            assert!(begun.elapsed() < START_MAX, "{error}: {:?}", log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A session beside those of the store.
pub(crate) async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

impl Keeper {
    fn order(&mut self, word: &str) {
        let orders = self.orders.as_mut().unwrap();
        orders.write_all(format!("{word}\n").as_bytes()).unwrap();
        self.answer();
    }

    fn answer(&mut self) {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        if line != "done\n" {
            let mut rest = String::new();
            self.answers.read_to_string(&mut rest).unwrap();
            panic!("the server cannot be started: {line}{rest}");
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.orders = None;
        self.child.wait().unwrap();
    }
}

/// Where the server's programs are: in `PATH`, or where Debian puts them.
fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let mut versions: Vec<_> = versions.flatten().map(|entry| entry.path()).collect();
    versions.sort();
    folders.extend(versions.iter().rev().map(|version| version.join("bin")));
    let complete = |folder: &&PathBuf| has(folder, "initdb") && has(folder, "postgres");
    let found = folders.iter().find(complete);
    let missing = "PostgreSQL is missing: run .ci/tools/setup, or install the package `postgresql`";
    found.expect(missing).clone()
}

fn has(folder: &Path, program: &str) -> bool {
    folder.join(program).is_file()
}
