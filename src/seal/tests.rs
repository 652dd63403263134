//! Each form comes back to its issuer alone, and no kind passes as another.

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const LATER: Timestamp = Timestamp::from_secs(1_800_000_060);

macro_rules! kind {
    ($name:ident, $typ:literal, $form:expr) => {
        #[derive(Debug, Deserialize, PartialEq, Serialize)]
        struct $name {
            word: String,
            exp: Timestamp,
        }
        impl Artifact for $name {
            const TYP: &'static str = $typ;
            const FORM: Form = $form;
            fn exp(&self) -> Option<Timestamp> {
                Some(self.exp)
            }
        }
    };
}
kind!(Signed, "a+jwt", Form::Signed(Purpose::Access));
kind!(OtherRing, "a+jwt", Form::Signed(Purpose::Registration));
kind!(OtherTyp, "b+jwt", Form::Signed(Purpose::Access));
kind!(Nested, "c+jwt", Form::SignedInside);
kind!(Hidden, "d+jwt", Form::Encrypted);
kind!(OtherHidden, "e+jwt", Form::Encrypted);

fn sealers() -> (Sealer, Sealer) {
    let keys = keys_dir::Keys::fixed(
        Rings::each(|of| Ring::from_json(of, ring::fresh(of, NOW).as_bytes())).unwrap(),
    );
    let sealer = |iss: &str| Sealer::new(Issuer::try_from(iss.to_owned()).unwrap(), keys.clone());
    (sealer("https://mcp.example"), sealer("https://other.example"))
}

fn comes_back<T: Artifact + PartialEq + fmt::Debug>(artifact: &T) -> Sealed<T> {
    let (ours, theirs) = sealers();
    let sealed = ours.seal(artifact).unwrap();
    assert_eq!(&ours.open(&sealed, NOW).unwrap(), artifact);
    assert!(matches!(ours.open(&sealed, LATER), Err(OpenError::Expired)));
    assert!(matches!(theirs.open(&sealed, NOW), Err(OpenError::Issuer)));
    assert!(matches!(sealers().0.open(&sealed, NOW), Err(OpenError::Key)));
    sealed
}

#[test]
fn each_form_comes_back_to_its_issuer_until_it_expires() {
    let word = || "open sesame".to_owned();
    comes_back(&Signed { word: word(), exp: LATER });
    for text in [
        comes_back(&Nested { word: word(), exp: LATER }).into_text(),
        comes_back(&Hidden { word: word(), exp: LATER }).into_text(),
    ] {
        assert_eq!(text.split('.').count(), 5);
        let plain: Vec<u8> = text.split('.').flat_map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
        assert!(!String::from_utf8_lossy(&plain).contains("sesame"));
    }
}

// T12, T13
#[test]
fn no_kind_passes_as_another() {
    let (ours, _) = sealers();
    let signed = ours.seal(&Signed { word: String::new(), exp: LATER }).unwrap().into_text();
    let hidden = ours.seal(&Hidden { word: String::new(), exp: LATER }).unwrap().into_text();
    assert!(matches!(ours.open(&Sealed::<OtherTyp>::new(&signed), NOW), Err(OpenError::Kind)));
    assert!(matches!(ours.open(&Sealed::<OtherRing>::new(&signed), NOW), Err(OpenError::Key)));
    assert!(matches!(ours.open(&Sealed::<OtherHidden>::new(&hidden), NOW), Err(OpenError::Kind)));
    assert!(matches!(ours.open(&Sealed::<Nested>::new(&hidden), NOW), Err(OpenError::Kind)));
    assert!(ours.open(&Sealed::<Signed>::new(&hidden), NOW).is_err());
    assert!(ours.open(&Sealed::<Hidden>::new(&signed), NOW).is_err());
}

// T7, T12
#[test]
fn a_signature_inside_is_good_for_every_replica_and_no_other_is_for_anybody() {
    let ours = sealers().0;
    let replica = Sealer::new(ours.issuer.clone(), ours.keys.clone());
    let rings = ours.keys.current();
    let key = rings.session.active();
    let stranger = Ring::from_json(Purpose::Session, ring::fresh(Purpose::Session, NOW).as_bytes()).unwrap();
    let claims = r#"{"iss":"https://mcp.example","word":"x","exp":1800000060}"#;
    let signed = |key, typ| sign(key, typ, claims.as_bytes()).unwrap();
    let good = ours.seal(&Nested { word: "x".to_owned(), exp: LATER }).unwrap().into_text();
    let wrapped = |inside: &str| encrypt(key, Nested::TYP, inside.as_bytes()).unwrap();
    let (unsigned, _) = good.rsplit_once('.').unwrap();
    for (text, opened) in [
        (good.clone(), true),
        (wrapped(&signed(key, Nested::TYP)), true),
        (wrapped(&signed(key, Signed::TYP)), false),
        (wrapped(&signed(stranger.active(), Nested::TYP)), false),
        (wrapped(&signed(key, Nested::TYP).replace('.', "..")), false),
        (wrapped(claims), false),
        (unsigned.to_owned(), false),
    ] {
        for sealer in [&ours, &replica] {
            assert_eq!(sealer.open(&Sealed::<Nested>::new(&text), NOW).is_ok(), opened, "{text}");
        }
    }
}

#[test]
fn a_changed_byte_is_noticed_wherever_it_lies() {
    let (ours, _) = sealers();
    let text = ours.seal(&Signed { word: "x".to_owned(), exp: LATER }).unwrap().into_text();
    for at in (0..text.len()).step_by(7) {
        let mut bytes = text.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = Sealed::<Signed>::new(String::from_utf8(bytes).unwrap());
        assert!(ours.open(&changed, NOW).is_err(), "byte {at}");
    }
}

#[test]
fn a_shortened_tag_proves_nothing() {
    let (ours, _) = sealers();
    let text = ours.seal(&Hidden { word: "x".to_owned(), exp: LATER }).unwrap().into_text();
    let (start, tag) = text.rsplit_once('.').unwrap();
    let tag = URL_SAFE_NO_PAD.decode(tag).unwrap();
    for length in 0..tag.len() {
        let shortened = format!("{start}.{}", URL_SAFE_NO_PAD.encode(&tag[..length]));
        assert!(ours.open(&Sealed::<Hidden>::new(shortened), NOW).is_err(), "{length} bytes");
    }
}

/// A text that can be packed says by its length what else is in it.
#[test]
fn what_is_packed_is_not_opened() {
    let (ours, _) = sealers();
    let rings = ours.keys.current();
    let key = rings.session.active();
    let claims = br#"{"iss":"https://mcp.example","word":"x","exp":1800000060}"#;
    let mut encrypter = josekit::jwe::Dir.encrypter_from_bytes(key.cipher().unwrap()).unwrap();
    encrypter.set_key_id(key.record().kid());
    for (packed, opened) in [(false, true), (true, false)] {
        let mut header = josekit::jwe::JweHeader::new();
        header.set_token_type(Hidden::TYP);
        header.set_content_encryption("A256GCM");
        if packed {
            header.set_compression("DEF");
        }
        let text = josekit::jwe::serialize_compact(claims, &header, &encrypter).unwrap();
        assert_eq!(ours.open(&Sealed::<Hidden>::new(text), NOW).is_ok(), opened, "packed: {packed}");
    }
}

/// OpenSSL is not even asked: where a nonce is too short for an algorithm, its binding panics.
// T13
#[test]
fn what_names_another_encryption_is_not_decrypted() {
    let (ours, _) = sealers();
    let text = ours.seal(&Hidden { word: "x".to_owned(), exp: LATER }).unwrap().into_text();
    let (header, rest) = text.split_once('.').unwrap();
    let header = String::from_utf8(URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    for (enc, opened) in [
        ("A256GCM", true),
        ("A128GCM", false),
        ("A192GCM", false),
        ("A128CBC-HS256", false),
        ("A192CBC-HS384", false),
        ("A256CBC-HS512", false),
        ("a256gcm", false),
        ("", false),
    ] {
        let named = URL_SAFE_NO_PAD.encode(header.replace("A256GCM", enc));
        let done = ours.open(&Sealed::<Hidden>::new(format!("{named}.{rest}")), NOW);
        assert!(if opened { done.is_ok() } else { matches!(done, Err(OpenError::Key)) }, "{enc}: {done:?}");
    }
}

#[test]
fn what_is_random_is_random_in_all_its_bits() {
    let nonces: Vec<u64> = (0..200).map(|_| new_nonce()).collect();
    assert_eq!(nonces.iter().fold(0, |seen, nonce| seen | nonce), u64::MAX);
    assert_eq!(nonces.iter().fold(u64::MAX, |kept, nonce| kept & nonce), 0);
    for (name, length) in [(new_jti().0, 22), (new_secret(), 43)] {
        assert_eq!(name.len(), length);
    }
    assert_ne!(new_jti(), new_jti());
    assert_ne!(new_secret(), new_secret());
}

#[test]
fn a_token_is_not_printed() {
    assert_eq!(format!("{:?}", Sealed::<Signed>::new("secret")), "Sealed(…)");
}
