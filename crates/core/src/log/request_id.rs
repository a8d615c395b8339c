//! Request ids: which ones are taken from a client, and new ones.

use fastrand::Rng;

/// Most characters of an id that a client gives.
const LONGEST: usize = 128;

/// True for an id that is taken as it is: 1 to 128 of `A-Z a-z 0-9 . _ -`.
pub fn is_request_id(id: &[u8]) -> bool {
    !id.is_empty()
        && id.len() <= LONGEST
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// New ids: 32 hexadecimal digits. They are unlike each other, not secret.
#[derive(Debug)]
pub struct RequestIds(Rng);

impl RequestIds {
    /// Ids that depend on `seed`, which is different for each thread that makes some.
    pub fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    /// The next one.
    pub fn next_id(&mut self) -> [u8; 32] {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut id = [b'0'; 32];
        let bytes = self.0.u128(..).to_be_bytes();
        for (pair, byte) in id.chunks_exact_mut(2).zip(bytes) {
            for (digit, shift) in pair.iter_mut().zip([4, 0]) {
                *digit = HEX.get(usize::from(byte >> shift & 15)).copied().unwrap_or(b'0');
            }
        }
        id
    }
}
