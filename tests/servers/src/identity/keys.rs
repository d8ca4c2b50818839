//! The provider's keys, made anew each time, and tokens signed with them or with what a liar would
//! take.

use super::changed;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use num_bigint::BigUint;
use ring::rand::{SecureRandom, SystemRandom};
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use ring::{hmac, signature};
use serde_json::{Value, json};

/// Bytes of each prime of an RSA key of 2048 bits.
const PRIME_BYTES: usize = 128;
/// The public exponent that everybody takes.
const EXPONENT: u32 = 65_537;

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// With the RSA key.
    Rs256,
    /// With the P-256 key.
    Es256,
    /// Not at all, and the header says so.
    Not,
    /// With the RSA key's public half as the secret of HS256.
    PublicKeyAsSecret,
    /// By somebody else who names the P-256 key.
    ByStranger,
}

/// An RSA key and a P-256 key.
#[derive(Debug)]
pub(super) struct Keys {
    generation: u32,
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    random: SystemRandom,
}

impl Keys {
    pub(super) fn new(generation: u32) -> Self {
        let random = SystemRandom::new();
        Self { generation, rsa: rsa(&random), ec: ec(&random), random }
    }

    pub(super) fn generation(&self) -> u32 {
        self.generation
    }

    fn id(&self, algorithm: &str) -> String {
        format!("{algorithm}-{}", self.generation)
    }

    /// What everybody may know of them.
    pub(super) fn published(&self) -> Value {
        let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let public = PublicKeyComponents::<Vec<u8>>::from(self.rsa.public());
        let point = &self.ec.public_key().as_ref()[1..];
        json!({ "keys": [
            { "kty": "RSA", "kid": self.id("rsa"), "use": "sig", "n": text(&public.n),
              "e": text(&public.e) },
            { "kty": "EC", "kid": self.id("ec"), "alg": "ES256", "crv": "P-256",
              "x": text(&point[..32]), "y": text(&point[32..]) },
            // Something that is of no use to anybody here.
            { "kty": "OKP", "kid": "other", "crv": "Ed448", "x": "AA" },
        ]})
    }

    /// A token that says this, with changes to its header.
    pub(super) fn token(&self, signed: Signed, header: &Value, claims: &Value) -> String {
        let (algorithm, id) = match signed {
            Signed::Rs256 => ("RS256", "rsa"),
            Signed::Es256 | Signed::ByStranger => ("ES256", "ec"),
            Signed::Not => ("none", "rsa"),
            Signed::PublicKeyAsSecret => ("HS256", "rsa"),
        };
        let own = json!({ "alg": algorithm, "kid": self.id(id), "typ": "JWT" });
        let part = |json: &Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
        let message = format!("{}.{}", part(&changed(own, header)), part(claims));
        let signature = self.signature(signed, message.as_bytes());
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    fn signature(&self, signed: Signed, message: &[u8]) -> Vec<u8> {
        let by = |pair: &EcdsaKeyPair| {
            pair.sign(&self.random, message).expect("a signature").as_ref().to_vec()
        };
        match signed {
            Signed::Rs256 => {
                let mut bytes = vec![0; self.rsa.public().modulus_len()];
                let signed = self.rsa.sign(&RSA_PKCS1_SHA256, &self.random, message, &mut bytes);
                signed.expect("a signature");
                bytes
            }
            Signed::Es256 => by(&self.ec),
            Signed::ByStranger => by(&ec(&self.random)),
            Signed::Not => Vec::new(),
            Signed::PublicKeyAsSecret => {
                let public = PublicKeyComponents::<Vec<u8>>::from(self.rsa.public());
                let key = hmac::Key::new(hmac::HMAC_SHA256, &public.n);
                hmac::sign(&key, message).as_ref().to_vec()
            }
        }
    }
}

fn ec(random: &SystemRandom) -> EcdsaKeyPair {
    let algorithm: &signature::EcdsaSigningAlgorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, random).expect("a key");
    EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), random).expect("a key")
}

/// A new RSA key. The library that signs makes none itself.
fn rsa(random: &SystemRandom) -> RsaKeyPair {
    let one = BigUint::from(1_u8);
    let (first, second) = (prime(random), prime(random));
    let (p, q) = if first > second { (first, second) } else { (second, first) };
    let exponent = BigUint::from(EXPONENT);
    let (below_p, below_q) = (&p - &one, &q - &one);
    let d = exponent.modinv(&(&below_p * &below_q)).expect("the exponent divides neither");
    let components = KeyPairComponents {
        public_key: PublicKeyComponents { n: (&p * &q).to_bytes_be(), e: exponent.to_bytes_be() },
        dP: (&d % &below_p).to_bytes_be(),
        dQ: (&d % &below_q).to_bytes_be(),
        qInv: q.modinv(&p).expect("two different primes").to_bytes_be(),
        d: d.to_bytes_be(),
        p: p.to_bytes_be(),
        q: q.to_bytes_be(),
    };
    RsaKeyPair::from_components(&components).expect("a key")
}

/// A random prime with its two highest bits set, so that the product of two has full length.
fn prime(random: &SystemRandom) -> BigUint {
    let small: Vec<u32> =
        (3..2_000).step_by(2).filter(|n| (3..*n).all(|divisor| n % divisor != 0)).collect();
    loop {
        let mut bytes = [0; PRIME_BYTES];
        random.fill(&mut bytes).expect("random bytes");
        bytes[0] |= 0xc0;
        bytes[PRIME_BYTES - 1] |= 1;
        let candidate = BigUint::from_bytes_be(&bytes);
        let divided = small.iter().any(|divisor| &candidate % divisor == BigUint::ZERO);
        let fits = &candidate % EXPONENT != BigUint::from(1_u8);
        if !divided && fits && is_prime(&candidate) {
            return candidate;
        }
    }
}

/// Miller and Rabin's test. For a random number of this length a few bases are plenty.
fn is_prime(n: &BigUint) -> bool {
    let (one, two) = (BigUint::from(1_u8), BigUint::from(2_u8));
    let below = n - &one;
    let twos = below.trailing_zeros().unwrap_or_default();
    let odd = &below >> twos;
    [2_u8, 3, 5, 7, 11].into_iter().all(|base| {
        let mut power = BigUint::from(base).modpow(&odd, n);
        if power == one || power == below {
            return true;
        }
        (1..twos).any(|_| {
            power = power.modpow(&two, n);
            power == below
        })
    })
}
