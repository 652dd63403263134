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

#[test]
fn a_token_is_not_printed() {
    assert_eq!(format!("{:?}", Sealed::<Signed>::new("secret")), "Sealed(…)");
}
