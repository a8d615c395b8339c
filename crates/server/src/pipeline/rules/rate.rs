//! Refuses who asks too often, and tells every client how often it may still ask.

use actix_http::body::BoxBody;
use actix_http::header::{self, HeaderName, HeaderValue};
use actix_http::{HttpMessage, Request, Response};
use bolt_core::plan::{RateKey, RateLimit};
use bolt_core::policy::rate::{self, Asked, Quota, Secret, Standing};

use crate::app::Route;
use crate::handler::seat::Seat;
use crate::pipeline::access;
use crate::rate::Store;
use crate::reply::Reply;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The limits of a route or of a scope, ready to be counted.
pub(super) struct Rates {
    /// Those that need to know who is authenticated come last.
    limits: Vec<Limit>,
    /// How many need not.
    unnamed: usize,
    policy: HeaderValue,
}

struct Limit {
    bucket: String,
    /// How the client is told of it.
    name: String,
    quota: Quota,
    key: Key,
}

enum Key {
    Ip,
    User,
    Header(HeaderName),
}

/// What a client is told, kept with the request until there is an answer.
struct Told(HeaderValue);

/// What was decided about a request that comes twice: it is counted once.
struct Counted(Result<(), Reply>);

impl Rates {
    /// Reads limits; `None` without any, a sentence where they cannot be kept.
    pub(super) fn new(mut limits: Vec<RateLimit>) -> Result<Option<Self>, String> {
        if limits.is_empty() {
            return Ok(None);
        }
        limits.sort_by_key(|limit| limit.key == RateKey::User);
        let unnamed = limits.iter().filter(|limit| limit.key != RateKey::User).count();
        let (policy, names) = rate::policy_field(&limits);
        let policy = HeaderValue::try_from(policy).map_err(|error| error.to_string())?;
        let limits = limits.into_iter().zip(names).map(|(limit, name)| Limit::new(limit, name));
        Ok(Some(Self { limits: limits.collect::<Result<_, _>>()?, unnamed, policy }))
    }

    /// Counts a request, unless that was done; the refusal where there were too many.
    pub(super) async fn before(&self, seat: &Seat, request: &Request, route: Option<&Route>) -> Result<(), Reply> {
        if request.head().expect()
            && let Some(Counted(decided)) = request.extensions_mut().remove::<Counted>()
        {
            return decided;
        }
        self.count(seat, request, route).await
    }

    /// Counts a request that will come again; true where there were not too many.
    pub(super) async fn would_admit(&self, seat: &Seat, request: &Request, route: &Route) -> bool {
        let decided = self.count(seat, request, Some(route)).await;
        let admits = decided.is_ok();
        request.extensions_mut().insert(Counted(decided));
        admits
    }

    async fn count(&self, seat: &Seat, request: &Request, route: Option<&Route>) -> Result<(), Reply> {
        let client = Client { seat, request, route };
        let mut asked = Vec::with_capacity(self.limits.len());
        let admitted = match seat.app.counts.store() {
            // In a box: every connection has room for the longest way of a request (17 KiB with this one, 12 without).
            Some(store) => Box::pin(self.ask_store(store, &client, &mut asked)).await,
            None => None,
        };
        let admitted = admitted.unwrap_or_else(|| self.ask_memory(&client, &mut asked));
        let names = self.limits.iter().map(|limit| limit.name.as_str());
        let told = rate::limit_field(names.zip(asked.iter().map(|one| one.standing)));
        if let Ok(told) = HeaderValue::try_from(told) {
            request.extensions_mut().insert(Told(told));
        }
        if admitted {
            return Ok(());
        }
        let refused = asked.iter().map(|one| one.standing).filter(|standing| standing.remaining == 0);
        let seconds = refused.map(rate::retry_after).max().unwrap_or(1);
        Err(Reply::detail(429, "Too Many Requests").with(header::RETRY_AFTER, HeaderValue::from(seconds)))
    }

    /// Counts in the store; `None` where it does not answer.
    async fn ask_store(&self, store: &Store, client: &Client<'_>, asked: &mut Vec<Asked>) -> Option<bool> {
        let seat = client.seat;
        let connection = seat.rate_store.connection(seat, store).await?;
        // Every machine has to come to the same numbers.
        client.name(&self.limits, Secret::default(), asked);
        let admitted = seat.rate_store.admit(seat, store, connection, asked).await;
        if admitted.is_none() {
            asked.clear();
        }
        admitted
    }

    /// Counts in this machine's memory.
    fn ask_memory(&self, client: &Client<'_>, asked: &mut Vec<Asked>) -> bool {
        let cells = client.seat.app.counts.cells();
        let (secret, now) = (cells.secret(), crate::rate::now());
        let (unnamed, named) = self.limits.split_at(self.unnamed);
        client.name(unnamed, secret, asked);
        if !named.is_empty() {
            // Who comes too often anyway is not worth to be authenticated.
            if !cells.look(now, asked) {
                return false;
            }
            client.name(named, secret, asked);
        }
        cells.admit(now, asked)
    }

    /// Adds to an answer what is left.
    pub(super) fn after(&self, request: &Request, response: &mut Response<BoxBody>) {
        if let Some(Told(told)) = request.extensions_mut().remove::<Told>() {
            let headers = response.headers_mut();
            headers.insert(RATE_LIMIT_POLICY, self.policy.clone());
            headers.insert(RATE_LIMIT, told);
        }
    }
}

impl Limit {
    fn new(limit: RateLimit, name: String) -> Result<Self, String> {
        let quota = Quota::new(&limit)?;
        let key = match limit.key {
            RateKey::Ip => Key::Ip,
            RateKey::User => Key::User,
            RateKey::Header { name } => Key::Header(
                HeaderName::from_bytes(name.as_bytes())
                    .map_err(|_| format!("{name:?} is no name of a header field"))?,
            ),
        };
        Ok(Self { bucket: limit.bucket, name, quota, key })
    }
}

/// Who is to be counted.
struct Client<'a> {
    seat: &'a Seat,
    request: &'a Request,
    route: Option<&'a Route>,
}

impl Client<'_> {
    /// Finds out who it is to each of some limits.
    fn name(&self, limits: &[Limit], secret: Secret, asked: &mut Vec<Asked>) {
        let mut user = None;
        for limit in limits {
            let number = |kind, who: &[u8]| rate::key(secret, &limit.bucket, kind, who);
            let key = match &limit.key {
                Key::Ip => None,
                Key::User => {
                    user.get_or_insert_with(|| self.user()).as_ref().map(|user: &String| number(1, user.as_bytes()))
                }
                Key::Header(name) => self.request.headers().get(name).map(|value| number(2, value.as_bytes())),
            };
            let key = key.unwrap_or_else(|| {
                // Behind trusted proxies, the door has put the client's address there.
                let peer = self.request.peer_addr().map(|peer| rate::address(peer.ip()));
                let (bytes, length) = peer.unwrap_or_default();
                number(0, bytes.get(..length).unwrap_or_default())
            });
            asked.push(Asked { key, quota: limit.quota, standing: Standing::default() });
        }
    }

    /// Who is authenticated, as far as Python is not needed to tell.
    fn user(&self) -> Option<String> {
        let identity = access::identify(&self.seat.app, self.route?, self.request)?;
        let named = || Some(identity.claims.get("api_key")?.as_str()?.to_owned());
        identity.user_id.clone().or_else(named)
    }
}
