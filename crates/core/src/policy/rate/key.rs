//! Who is one client, as a number that says nothing of it.

use std::hash::Hasher;
use std::net::IpAddr;

use siphasher::sip128::{Hasher128, SipHasher13};

/// Known to the server alone, so that nobody can look for two clients that are counted as one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Secret(pub u64, pub u64);

/// The number of one client (`who`, told apart by `kind`) below one limit.
pub fn key(secret: Secret, bucket: &str, kind: u8, who: &[u8]) -> u128 {
    let mut hasher = SipHasher13::new_with_keys(secret.0, secret.1);
    // Its length first: where the bucket ends is then no question.
    hasher.write_usize(bucket.len());
    hasher.write(bucket.as_bytes());
    hasher.write_u8(kind);
    hasher.write(who);
    hasher.finish128().as_u128()
}

/// The bytes of an address that stand for one client: of IPv6 the /64, which is what one subscriber has.
pub fn address(address: IpAddr) -> ([u8; 8], usize) {
    let mut bytes = [0; 8];
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let (head, _) = bytes.split_at_mut(4);
            head.copy_from_slice(&address.octets());
            (bytes, 4)
        }
        IpAddr::V6(address) => {
            let octets = address.octets();
            bytes.copy_from_slice(octets.split_at(8).0);
            (bytes, 8)
        }
    }
}
