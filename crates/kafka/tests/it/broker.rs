//! A real Kafka of one node (KRaft), killed and started again on the same folder and port.

use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer},
    producer::FutureProducer,
};
use tempfile::TempDir;

/// Longest wait for anything: generous, because test machines are busy.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Folder in the cache that `cargo xtask test` fetches Kafka's jars into.
const JARS: &str = "kafka-4.1.0/jars";

/// A Kafka. Dropping it kills it.
pub struct Broker {
    folder: TempDir,
    jars: PathBuf,
    port: u16,
    process: Option<Child>,
}

impl Broker {
    /// Starts one. `None` on a machine without Java or the jars, which is said.
    pub async fn start() -> Option<Self> {
        let Some(jars) = caches().into_iter().map(|cache| cache.join(JARS)).find(|jars| jars.is_dir()) else {
            let reason = "no Kafka: `cargo xtask test` fetches it where there are Java and Maven";
            assert!(env::var_os("SHELFMARK_CI").is_none(), "{reason}");
            println!("ignored: {reason}");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("shelfmark-kafka-").tempdir().unwrap();
        let [port, controller] = free_ports();
        let log = folder.path().join("log");
        let properties = format!(
            "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@127.0.0.1:{controller}\n\
             listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
             advertised.listeners=PLAINTEXT://127.0.0.1:{port}\ncontroller.listener.names=CONTROLLER\n\
             listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\nlog.dirs={}\n\
             offsets.topic.replication.factor=1\noffsets.topic.num.partitions=1\n\
             transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n\
             transaction.state.log.num.partitions=1\ngroup.initial.rebalance.delay.ms=0\n\
             group.min.session.timeout.ms=500\nauto.create.topics.enable=false\nnum.network.threads=2\n\
             num.io.threads=2\n",
            log.display()
        );
        fs::write(folder.path().join("server.properties"), properties).unwrap();
        let mut broker = Self { folder, jars, port, process: None };
        let mut format = broker.java("kafka.tools.StorageTool");
        format.args(["format", "--cluster-id", "4L6g3nShT-eMCtK--X86sw", "--config"]);
        let formatted = format.arg(broker.properties()).output().unwrap();
        assert!(formatted.status.success(), "{formatted:?}");
        broker.spawn();
        broker.until_ready();
        Some(broker)
    }

    fn properties(&self) -> PathBuf {
        self.folder.path().join("server.properties")
    }

    fn java(&self, class: &str) -> Command {
        let mut java = Command::new("java");
        java.args(["-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"]);
        java.arg(self.jars.join("*")).arg(class).current_dir(self.folder.path());
        java
    }

    fn spawn(&mut self) {
        let log = if env::var_os("SHELFMARK_TEST_LOG").is_some() { Stdio::inherit } else { Stdio::null };
        let mut server = self.java("kafka.Kafka");
        self.process = Some(server.arg(self.properties()).stdout(log()).stderr(log()).spawn().unwrap());
    }

    fn until_ready(&self) {
        let consumer: BaseConsumer = self.client().create().unwrap();
        let deadline = Instant::now() + PATIENCE;
        while consumer.fetch_metadata(None, Duration::from_secs(1)).is_err() {
            assert!(Instant::now() < deadline, "Kafka does not answer");
        }
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts it again on what it left.
    pub fn restart(&mut self) {
        self.spawn();
        self.until_ready();
    }

    /// Address of the listener.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Settings of a client.
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.address());
        config
    }

    /// Makes a topic.
    pub async fn topic(&self, name: &str, partitions: i32) {
        let admin: AdminClient<DefaultClientContext> = self.client().create().unwrap();
        let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        let made = admin.create_topics([&topic], &AdminOptions::new()).await.unwrap();
        made.into_iter().for_each(|topic| drop(topic.unwrap()));
    }

    /// Deletes the messages of partition 0 before an offset, as retention does.
    pub async fn delete_before(&self, topic: &str, offset: i64) {
        let admin: AdminClient<DefaultClientContext> = self.client().create().unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, 0, Offset::Offset(offset)).unwrap();
        admin.delete_records(&list, &AdminOptions::new()).await.unwrap();
    }

    /// A producer that writes each message once, through restarts of Kafka.
    pub fn producer(&self) -> FutureProducer {
        let mut config = self.client();
        config.set("enable.idempotence", "true").set("message.timeout.ms", "60000").set("linger.ms", "2");
        config.create().unwrap()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Ports that were free a moment ago.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

fn caches() -> Vec<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(chosen) = set("SHELFMARK_CACHE_DIR") {
        return vec![chosen];
    }
    let of_user = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    of_user.map(|cache| cache.join("shelfmark")).into_iter().chain([Path::new("/var/cache/shelfmark").into()]).collect()
}
