//! Which devices `antenne live` takes, and what it says about them.

use anyhow::{Result, bail};
use domain::{Device, DeviceChoice, DeviceKind};
use serde::Serialize;
use studio::DeviceList;

use crate::cli::WrongArgument;

/// A device, or what stands for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Taken {
    /// As it is said on the command line: an id that `antenne devices` prints, `test`, or `image:PATH`.
    pub(crate) id: String,
    /// As people know it.
    pub(crate) name: String,
}

/// What was said, with the first device in the place of nothing; `none` where there is none.
///
/// # Errors
///
/// [`WrongArgument`] for a device that is not there or cannot be used; another error where it could not be
/// read what is there.
pub(crate) fn choose(said: Option<&DeviceChoice>, kind: DeviceKind, list: &DeviceList) -> Result<DeviceChoice> {
    let found = &list.devices;
    let choice = said.cloned().unwrap_or(DeviceChoice::First).resolve(kind, found);
    let what = format!("{kind:?}").to_lowercase();
    if matches!(choice, DeviceChoice::Image(_)) && kind == DeviceKind::Microphone {
        bail!(WrongArgument("an image is no microphone; say the id of one, test or none".to_owned()));
    }
    let unread = |wanted: &str| {
        list.unread.as_ref().map(|problem| {
            anyhow::anyhow!("{wanted}, and not everything could be read ({problem}); try again, or say test or none")
        })
    };
    if choice == DeviceChoice::None && said.is_none_or(|said| *said == DeviceChoice::First) {
        return unread(&format!("no {what} was found")).map_or(Ok(choice), Err);
    }
    let DeviceChoice::Device(id) = &choice else { return Ok(choice) };
    let ids: Vec<&str> = found.iter().filter(|device| device.kind == kind).map(|device| device.id.as_str()).collect();
    match found.iter().find(|device| device.kind == kind && device.id == *id) {
        Some(Device { unusable: Some(reason), name, .. }) => {
            bail!(WrongArgument(format!("{name} cannot be used: {reason}")))
        }
        Some(_) => Ok(choice),
        None => {
            let wanted = format!("no {what} has the id {id}");
            if let Some(error) = unread(&wanted) {
                return Err(error);
            }
            let there =
                if ids.is_empty() { "none was found".to_owned() } else { format!("there are: {}", ids.join(", ")) };
            bail!(WrongArgument(format!("{wanted}; {there}; or say test or none")))
        }
    }
}

/// What `choice` took, by name; none where it is none.
pub(crate) fn taken(choice: &DeviceChoice, kind: DeviceKind, list: &DeviceList) -> Option<Taken> {
    match choice {
        DeviceChoice::Device(id) => {
            let device = list.devices.iter().find(|device| device.kind == kind && device.id == *id);
            let name = device.map_or_else(|| id.clone(), |device| device.name.clone());
            Some(Taken { id: id.clone(), name })
        }
        DeviceChoice::Test => Some(Taken { id: "test".to_owned(), name: "test device".to_owned() }),
        DeviceChoice::Image(path) => Some(Taken { id: format!("image:{path}"), name: path.clone() }),
        DeviceChoice::First | DeviceChoice::None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(unread: Option<&str>) -> DeviceList {
        let device = |kind, id: &str, unusable: Option<&str>| Device {
            kind,
            id: id.into(),
            name: id.to_uppercase(),
            detail: String::new(),
            unusable: unusable.map(str::to_owned),
        };
        let devices = vec![
            device(DeviceKind::Camera, "broken", Some("it is in use")),
            device(DeviceKind::Camera, "cam", None),
            device(DeviceKind::Screen, "x11:0", None),
        ];
        DeviceList { devices, unread: unread.map(str::to_owned) }
    }

    #[test]
    fn the_first_usable_device_is_taken_and_named() {
        let camera = choose(None, DeviceKind::Camera, &list(None)).unwrap();
        let expected = Taken { id: "cam".into(), name: "CAM".into() };
        assert_eq!(taken(&camera, DeviceKind::Camera, &list(None)), Some(expected));
        let microphone = choose(None, DeviceKind::Microphone, &list(None)).unwrap();
        assert_eq!(taken(&microphone, DeviceKind::Microphone, &list(None)), None);
    }

    #[test]
    fn what_could_not_be_read_is_not_taken_for_nothing() {
        let unread = list(Some("no answer"));
        let said = |id: &str| Some(DeviceChoice::Device(id.to_owned()));
        for (said, kind) in [
            (None, DeviceKind::Microphone),
            (Some(DeviceChoice::First), DeviceKind::Microphone),
            (said("other"), DeviceKind::Camera),
        ] {
            let error = choose(said.as_ref(), kind, &unread).unwrap_err();
            assert!(error.downcast_ref::<WrongArgument>().is_none(), "{error}");
            assert!(error.to_string().contains("no answer"), "{error}");
        }
        for said in [said("cam"), Some(DeviceChoice::None), Some(DeviceChoice::Test), None] {
            assert!(choose(said.as_ref(), DeviceKind::Camera, &unread).is_ok(), "{said:?}");
        }
    }

    #[test]
    fn an_id_that_is_not_there_is_a_wrong_argument_that_names_those_that_are() {
        for (id, words) in [("other", "there are: broken, cam"), ("broken", "it is in use")] {
            let error = choose(Some(&DeviceChoice::Device(id.into())), DeviceKind::Camera, &list(None)).unwrap_err();
            assert!(error.downcast_ref::<WrongArgument>().is_some_and(|wrong| wrong.0.contains(words)), "{error}");
        }
    }
}
