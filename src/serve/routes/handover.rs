//! Contract section 11.4: handing an image over to a host's own page. There is no such host here, so
//! what is handed over is let go of at once.

use crate::serve::answer::{Answer, Outcome};
use crate::serve::server::Call;

/// The image must be one that may be named; nothing is done with it.
pub(crate) fn send_img_path(call: &Call<'_>) -> Outcome {
    call.path_param()?;
    Ok(Answer::Null)
}

/// Nothing is ever waiting to be taken.
pub(crate) fn gen_info_completed(_: &Call<'_>) -> Outcome {
    Ok(Answer::json(true))
}
