//! A Redis in which the limits of many machines are counted: one round trip for all limits of a request.
//!
//! Where it does not answer in time, what is counted is this machine's memory, and nobody is refused for that. It is
//! asked again a second later.

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::time::Duration;

use bolt_core::policy::rate::{Asked, StoreAddress};
use pyo3::prelude::*;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, RedisResult, Script};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::tls::Tls;
use crate::handler::seat::Seat;

/// How long a request waits for it.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long it is not asked once it did not answer.
const REST: Duration = Duration::from_secs(1);
/// In microseconds, by the clock of the store: its numbers are exact up to 2⁵³. A key is gone when it says nothing any
/// more. Returns how far each arrival is ahead, and whether the request is refused.
const SCRIPT: &str = r"
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local ahead, refused = {}, 0
for i, key in ipairs(KEYS) do
    local interval, tolerance = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    local arrival = tonumber(redis.call('GET', key) or now) or now
    ahead[i] = math.min(math.max(arrival - now, 0), tolerance)
    if ahead[i] + interval > tolerance then refused = 1 end
end
if refused == 0 then
    for i, key in ipairs(KEYS) do
        ahead[i] = ahead[i] + tonumber(ARGV[2 * i - 1])
        redis.call('SET', key, string.format('%.0f', now + ahead[i]), 'PX', math.ceil(ahead[i] / 1000))
    end
end
ahead[#ahead + 1] = refused
return ahead
";

/// Where it is, and what it is asked.
pub(crate) struct Store {
    client: Client,
    /// What encrypts; `None`: nothing does.
    tls: Option<Tls>,
    script: Script,
}

/// One worker's way to it.
#[derive(Default)]
pub(crate) struct Link {
    connection: RefCell<Option<MultiplexedConnection>>,
    connecting: Mutex<()>,
    /// Until when it is not asked.
    rests: Cell<Option<Instant>>,
    /// Whether it was said that it does not answer.
    said: Cell<bool>,
}

impl Store {
    /// Reads an address; a sentence where it is none.
    pub(crate) fn new(address: &str) -> Result<Self, String> {
        // The address is not repeated: it may hold a password.
        let wrong = |reason: &dyn Display| {
            format!(
                "BOLT[\"RATE_LIMIT_STORE\"]: expected redis://[user:password@]host[:port][/database], or rediss:// for \
                 TLS, found {reason}"
            )
        };
        let address = StoreAddress::parse(address).map_err(|reason| wrong(&reason))?;
        let client = Client::open(address.plain).map_err(|error| wrong(&error))?;
        let tls = match (&address.tls, client.get_connection_info().addr()) {
            (Some(plan), ConnectionAddr::Tcp(host, port)) => {
                Some(Tls::new(plan, host, *port).map_err(|reason| wrong(&reason))?)
            }
            _ => None,
        };
        Ok(Self { client, tls, script: Script::new(SCRIPT) })
    }

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(PATIENCE)).set_response_timeout(Some(PATIENCE));
        let mut connection = match &self.tls {
            None => self.client.get_multiplexed_async_connection_with_config(&config).await?,
            Some(tls) => {
                let settings = self.client.get_connection_info().redis_settings();
                let stream = tls.connect().await?;
                let (connection, driver) = MultiplexedConnection::new_with_config(settings, stream, config).await?;
                tokio::spawn(driver);
                connection
            }
        };
        self.script.load_async(&mut connection).await?;
        Ok(connection)
    }
}

impl Link {
    /// A connection; `None` while the store does not answer.
    pub(crate) async fn connection(&self, seat: &Seat, store: &Store) -> Option<MultiplexedConnection> {
        if self.is_known() {
            return self.connection.borrow().clone();
        }
        let _one = self.connecting.lock().await;
        if self.is_known() {
            return self.connection.borrow().clone();
        }
        match timeout(PATIENCE, store.connect()).await {
            Ok(Ok(connection)) => {
                self.connection.replace(Some(connection.clone()));
                Some(connection)
            }
            Ok(Err(error)) => self.lose(seat, &error),
            Err(_) => self.lose(seat, &"no answer in time"),
        }
    }

    /// Counts one request by each of its limits, or by none of them; `None` where the store does not answer.
    pub(crate) async fn admit(
        &self,
        seat: &Seat,
        store: &Store,
        mut connection: MultiplexedConnection,
        asked: &mut [Asked],
    ) -> Option<bool> {
        let mut call = store.script.prepare_invoke();
        for one in &*asked {
            let quota = one.quota.in_micros();
            call.key(format!("bolt:rate:{:032x}", one.key)).arg(quota.interval()).arg(quota.tolerance());
        }
        let answer = timeout(PATIENCE, call.invoke_async::<Vec<u64>>(&mut connection)).await;
        let counted = match answer {
            Ok(Ok(counted)) => counted,
            Ok(Err(error)) => return self.lose(seat, &error),
            Err(_) => return self.lose(seat, &"no answer in time"),
        };
        for (one, ahead) in asked.iter_mut().zip(&counted) {
            one.standing = one.quota.in_micros().standing(0, *ahead);
            one.standing.next = one.standing.next.saturating_mul(1000);
        }
        if self.said.replace(false) {
            tell(seat, None);
        }
        Some(counted.last() == Some(&0))
    }

    /// True where nothing has to be tried: there is a connection, or it is known that there is none.
    fn is_known(&self) -> bool {
        self.connection.borrow().is_some() || self.rests.get().is_some_and(|until| Instant::now() < until)
    }

    /// Leaves the store alone for a while, and says so once.
    fn lose<T>(&self, seat: &Seat, reason: &dyn Display) -> Option<T> {
        self.connection.replace(None);
        self.rests.set(Some(Instant::now() + REST));
        if !self.said.replace(true) {
            tell(seat, Some(reason.to_string()));
        }
        None
    }
}

fn tell(seat: &Seat, reason: Option<String>) {
    Python::attach(|py| {
        if let Err(error) = seat.app.hooks.rate_store.bind(py).call1((reason,)) {
            error.write_unraisable(py, None);
        }
    });
}
