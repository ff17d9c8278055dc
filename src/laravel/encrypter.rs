//! What the application encrypted (`Illuminate\Encryption\Encrypter`, Laravel 11 to 13), read with its keys.

use std::fmt;

use aes_gcm::{Aes128Gcm, Aes256Gcm, Nonce, aead::Aead};
use base64::{Engine, engine::general_purpose::STANDARD};
use cbc::cipher::{BlockModeDecrypt, KeyInit, KeyIvInit, block_padding::Pkcs7};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use serde::Deserialize;
use sha2::Sha256;

use super::php::{self, Limits, Value};
use crate::{Error, Result, config::encryption::Keys};

/// Bytes of the tag of GCM.
const TAG: usize = 16;

/// How it encrypts (`app.cipher`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cipher {
    Aes128Cbc,
    Aes256Cbc,
    Aes128Gcm,
    Aes256Gcm,
}

impl Cipher {
    fn read(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "aes-128-cbc" => Cipher::Aes128Cbc,
            "aes-256-cbc" => Cipher::Aes256Cbc,
            "aes-128-gcm" => Cipher::Aes128Gcm,
            "aes-256-gcm" => Cipher::Aes256Gcm,
            _ => return None,
        })
    }

    const fn key_bytes(self) -> usize {
        match self {
            Cipher::Aes128Cbc | Cipher::Aes128Gcm => 16,
            Cipher::Aes256Cbc | Cipher::Aes256Gcm => 32,
        }
    }

    const fn has_tag(self) -> bool {
        matches!(self, Cipher::Aes128Gcm | Cipher::Aes256Gcm)
    }
}

/// Reads what one of the keys encrypted. It prints without them.
#[derive(Debug)]
pub struct Encrypter {
    cipher: Cipher,
    keys: Vec<SecretSlice<u8>>,
}

/// Why something cannot be decrypted. It holds nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undecipherable {
    /// It is not what the application makes when it encrypts.
    NoEnvelope,
    /// None of the keys encrypted it, or it was changed since.
    NoKey,
    /// It is no serialized text.
    NoText,
}

impl fmt::Display for Undecipherable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Undecipherable::NoEnvelope => "the command is neither an object nor encrypted",
            Undecipherable::NoKey => "no key of the application opens the command",
            Undecipherable::NoText => "the command is encrypted, and no text inside",
        })
    }
}

/// What is encrypted, with what is needed to decrypt it: each base64, but for the MAC, which is hexadecimal.
#[derive(Deserialize)]
struct Envelope {
    iv: String,
    value: String,
    mac: String,
    #[serde(default)]
    tag: Option<String>,
}

impl Encrypter {
    /// With the keys of an application.
    ///
    /// # Errors
    /// An unknown cipher, or a key that is not as long as it wants.
    pub fn new(keys: &Keys) -> Result<Self> {
        let cipher = Cipher::read(&keys.cipher).ok_or_else(|| {
            Error::config(format!("the cipher `{}` of the application is not known", keys.cipher))
                .hint("ciphers that are: AES-256-CBC, AES-128-CBC, AES-256-GCM, AES-128-GCM")
        })?;
        let read = |key: &secrecy::SecretString| {
            let text = key.expose_secret();
            let bytes = match text.strip_prefix("base64:") {
                Some(encoded) => STANDARD.decode(encoded).ok(),
                None => Some(text.as_bytes().to_vec()),
            };
            bytes.filter(|bytes| bytes.len() == cipher.key_bytes()).map(SecretSlice::from)
        };
        let keys: Option<Vec<_>> = keys.keys.iter().map(read).collect();
        let keys = keys.ok_or_else(|| {
            Error::config(format!("a key of the application is not {} bytes long", cipher.key_bytes()))
                .hint("look at APP_KEY and APP_PREVIOUS_KEYS: `base64:` and its base64")
        })?;
        Ok(Self { cipher, keys })
    }

    /// The serialized command of a job: what was encrypted is the serialized text of it.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn command(&self, text: &str) -> Result<String, Undecipherable> {
        let plain = self.decrypt(text)?;
        match php::read(&plain, Limits::default()) {
            Ok(Value::Bytes(bytes)) => {
                String::from_utf8(bytes.into_owned()).map_err(|_| Undecipherable::NoText)
            }
            _ => Err(Undecipherable::NoText),
        }
    }

    fn decrypt(&self, text: &str) -> Result<Vec<u8>, Undecipherable> {
        let envelope = STANDARD.decode(text).map_err(|_| Undecipherable::NoEnvelope)?;
        let envelope: Envelope = serde_json::from_slice(&envelope).map_err(|_| Undecipherable::NoEnvelope)?;
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| Undecipherable::NoEnvelope);
        let (iv, mut value) = (decode(&envelope.iv)?, decode(&envelope.value)?);
        let tag = decode(envelope.tag.as_deref().unwrap_or_default())?;
        if tag.len() != (if self.cipher.has_tag() { TAG } else { 0 }) {
            return Err(Undecipherable::NoEnvelope);
        }
        value.extend(tag);
        let open = |key: &SecretSlice<u8>| {
            let key = key.expose_secret();
            if !self.cipher.has_tag() && !is_authentic(key, &envelope) {
                return None;
            }
            open(self.cipher, key, &iv, &value)
        };
        self.keys.iter().find_map(open).ok_or(Undecipherable::NoKey)
    }
}

/// Whether the MAC is that of a key, compared in constant time.
fn is_authentic(key: &[u8], envelope: &Envelope) -> bool {
    let Some(mac) = hexadecimal(&envelope.mac) else { return false };
    let Ok(mut own) = <Hmac<Sha256> as KeyInit>::new_from_slice(key) else { return false };
    own.update(envelope.iv.as_bytes());
    own.update(envelope.value.as_bytes());
    own.verify_slice(&mac).is_ok()
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// `value` ends with its tag where the cipher has one.
fn open(cipher: Cipher, key: &[u8], iv: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    match cipher {
        Cipher::Aes128Cbc => {
            let mode = cbc::Decryptor::<aes::Aes128>::new_from_slices(key, iv).ok()?;
            mode.decrypt_padded_vec::<Pkcs7>(value).ok()
        }
        Cipher::Aes256Cbc => {
            let mode = cbc::Decryptor::<aes::Aes256>::new_from_slices(key, iv).ok()?;
            mode.decrypt_padded_vec::<Pkcs7>(value).ok()
        }
        Cipher::Aes128Gcm => {
            Aes128Gcm::new_from_slice(key).ok()?.decrypt(&Nonce::try_from(iv).ok()?, value).ok()
        }
        Cipher::Aes256Gcm => {
            Aes256Gcm::new_from_slice(key).ok()?.decrypt(&Nonce::try_from(iv).ok()?, value).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMAND: &str = r#"O:18:"App\Jobs\SendSecret":1:{s:5:"token";s:3:"abc";}"#;
    const LONG: &str = "base64:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const SHORT: &str = "base64:AAECAwQFBgcICQoLDA0ODw==";
    /// Made with OpenSSL, by the recipe of the framework.
    const CBC_256: &str = "eyJpdiI6IlpHVm1aMmhwYW10c2JXNXZjSEZ5Y3c9PSIsInZhbHVlIjoiU2c5MnppYmNwUEJtK3JOSzhsTC9yczJPUkRJenhIcktCOVo5Wmo5YkcyK0k1aXA0a2JqVkJtaVVjcFVlV0picUw2QWpWSTA5b21Hb1QrcXVNckZZZlE9PSIsIm1hYyI6ImY3NTZmY2FiODM4ZWZjMWQ5MjU1YmJmYjE1YTYzNDRhZDQyYTM0NDNjNjVkZDlhN2ZiNDEwNzY3ODA4MzUxOGEiLCJ0YWciOiIifQ==";
    const CBC_128: &str = "eyJpdiI6IlpHVm1aMmhwYW10c2JXNXZjSEZ5Y3c9PSIsInZhbHVlIjoiYzMvU3JUUDl2SU12Q0toU09XeERSeTlGanliY283RWsrS2FBVURWS1llRUxkcVExcHpuV0xlQWJKTWM0bDVBYjFFellEdDM1NmlkaUhYRENHck9ZQ3c9PSIsIm1hYyI6Ijc3MzRhN2VkZTVlODlkYzQ3OWZlZTZjMWQ5YmQ0ODdiYWUyNGJlZTAwOGE3NDg3ZmQ5NmIzOTIwZTMwOGU4OTEiLCJ0YWciOiIifQ==";
    const GCM_256: &str = "eyJpdiI6IlpHVm1aMmhwYW10c2JXNXYiLCJ2YWx1ZSI6Ik95SHJWVVBMR2FRUFdtWEtteFVhb1FpdFpIblhQNVljdzRMSks0bkcwV3F1MkhxN1B5aXVQdCtIRjFTWUxPajBhR0dyM1FJckkwdll5dEgwMUE9PSIsIm1hYyI6IiIsInRhZyI6IlkwZHhNNFpmWi9YSmhtcjNkcjg5Q0E9PSJ9";
    const GCM_128: &str = "eyJpdiI6IlpHVm1aMmhwYW10c2JXNXYiLCJ2YWx1ZSI6ImFWaDdsdUVnOThDcUJtMHl4N3Bic0hybkdvek8rcmcwa0R6VTlNNlhnOUdBeldoZitDSVNxNmdzU0MzbzdHWThxS2N1U2I5bkkwdmh0WHgvOXc9PSIsIm1hYyI6IiIsInRhZyI6IkFLZmVteDBQZmZUUHJIV0dzTGZzSGc9PSJ9";

    fn encrypter(cipher: &str, keys: &[&str]) -> Result<Encrypter> {
        let keys = keys.iter().map(|key| secrecy::SecretString::from(*key)).collect();
        Encrypter::new(&Keys { cipher: cipher.to_owned(), keys })
    }

    #[test]
    fn each_cipher_is_read_with_its_key_and_with_those_of_the_past() {
        let other = format!("base64:{}", STANDARD.encode([7; 32]));
        for (cipher, key, text) in [
            ("AES-256-CBC", LONG, CBC_256),
            ("aes-128-cbc", SHORT, CBC_128),
            ("AES-256-GCM", LONG, GCM_256),
            ("AES-128-GCM", SHORT, GCM_128),
        ] {
            let own = encrypter(cipher, &[key]).unwrap();
            assert_eq!(own.command(text).as_deref(), Ok(COMMAND), "{cipher}");
        }
        let rotated = encrypter("AES-256-CBC", &[&other, LONG]).unwrap();
        assert_eq!(rotated.command(CBC_256).as_deref(), Ok(COMMAND));
        let wrong = encrypter("AES-256-CBC", &[&other]).unwrap();
        assert_eq!(wrong.command(CBC_256), Err(Undecipherable::NoKey));
        let wrong = encrypter("AES-256-GCM", &[&other]).unwrap();
        assert_eq!(wrong.command(GCM_256), Err(Undecipherable::NoKey));
    }

    #[test]
    fn what_was_changed_or_is_no_envelope_is_not_opened() {
        let own = encrypter("AES-256-CBC", &[LONG]).unwrap();
        let envelope = String::from_utf8(STANDARD.decode(CBC_256).unwrap()).unwrap();
        for (from, to, why) in [
            ("\"mac\":\"f7", "\"mac\":\"e7", Undecipherable::NoKey),
            ("\"mac\":\"f7", "\"mac\":\"é\",\"x\":\"", Undecipherable::NoKey),
            ("\"value\":\"Sg", "\"value\":\"Tg", Undecipherable::NoKey),
            ("\"tag\":\"\"", "\"tag\":\"AAAA\"", Undecipherable::NoEnvelope),
            ("\"iv\":", "\"i\":", Undecipherable::NoEnvelope),
        ] {
            assert!(envelope.contains(from), "{from}");
            assert_eq!(own.command(&STANDARD.encode(envelope.replace(from, to))), Err(why), "{to}");
        }
        for text in ["", "rubbish!", "e30=", GCM_256] {
            assert_eq!(own.command(text), Err(Undecipherable::NoEnvelope), "{text}");
        }
    }

    #[test]
    fn a_key_of_another_length_is_refused_and_no_key_is_ever_printed() {
        for (cipher, key) in
            [("AES-256-CBC", SHORT), ("AES-128-GCM", LONG), ("AES-256-CBC", "base64:%%"), ("ROT13", LONG)]
        {
            let error = encrypter(cipher, &[key]).unwrap_err();
            assert!(!format!("{error:?}").contains(key.trim_start_matches("base64:")), "{cipher}");
        }
        let own = format!("{:?}", encrypter("AES-256-CBC", &[LONG]).unwrap());
        assert!(!own.contains("AAEC") && !own.contains("0, 1, 2"), "{own}");
    }
}
