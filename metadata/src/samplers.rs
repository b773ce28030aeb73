//! Names of samplers and schedulers: every writer's name for one thing to one name (catalogue, section 6).

use crate::normalised::Named;

/// Endings of names for people that are schedulers, as in `DPM++ 2M Karras`.
const SPOKEN: [&str; 12] = [
    " Karras",
    " Exponential",
    " SGM Uniform",
    " Polyexponential",
    " Simple",
    " Beta",
    " AYS",
    " Trailing",
    " Normal",
    " DDIM Uniform",
    " KL Optimal",
    " Align Your Steps",
];

/// Endings of names for programs that are schedulers, as in `euler_ancestral_karras`.
const JOINED: [&str; 10] = [
    "_karras",
    "_k",
    "_exponential",
    "_sgm_uniform",
    "_ddim_uniform",
    "_normal",
    "_simple",
    "_beta",
    "_kl_optimal",
    "_linear_quadratic",
];

/// What a name becomes once it is in lower case with `_` between words, where that alone is not enough.
const ALIASES: [(&str, &str); 41] = [
    ("euler_a", "euler_ancestral"),
    ("euler_a2", "euler_ancestral"),
    ("euler_discrete", "euler"),
    ("eulerdiscrete", "euler"),
    ("eulerancestraldiscrete", "euler_ancestral"),
    ("euler_ancestral_discrete", "euler_ancestral"),
    ("heun_discrete", "heun"),
    ("dpm2_a", "dpm_2_ancestral"),
    ("dpm2", "dpm_2"),
    ("dpm2_ancestral", "dpm_2_ancestral"),
    ("dpm_2_a", "dpm_2_ancestral"),
    ("dpmpp_2s_a", "dpmpp_2s_ancestral"),
    ("dpmpp_2s", "dpmpp_2s_ancestral"),
    ("dpm_pp_2m", "dpmpp_2m"),
    ("dpm2m", "dpmpp_2m"),
    ("dpmpp2m", "dpmpp_2m"),
    ("dpmpp2sa", "dpmpp_2s_ancestral"),
    ("dpmpp_2s_ancestral_cfg_pp", "dpmpp_2s_ancestral_cfg_pp"),
    ("dpmppsde", "dpmpp_sde"),
    ("dpmpp2msde", "dpmpp_2m_sde"),
    ("dpmpp3msde", "dpmpp_3m_sde"),
    ("dpmsolvermultistep", "dpmpp_2m"),
    ("dpm_solver_multistep", "dpmpp_2m"),
    ("dpmsolver++", "dpmpp_2m"),
    ("dpmpp", "dpmpp_2m"),
    ("dpm_adaptive", "dpm_adaptive"),
    ("dpm_fast", "dpm_fast"),
    ("unipc", "uni_pc"),
    ("uni_pc_bh2", "uni_pc_bh2"),
    ("unipc_bh2", "uni_pc_bh2"),
    ("unipc_multistep", "uni_pc"),
    ("unipcmultistep", "uni_pc"),
    ("plms_classic", "plms"),
    ("pndm", "plms"),
    ("ddim_ddpm", "ddim"),
    ("ddim_v3", "ddim"),
    ("k_dpm_2", "dpm_2"),
    ("restart_sampler", "restart"),
    ("lms_discrete", "lms"),
    ("latent_consistency", "lcm"),
    ("undefined", ""),
];

/// Canonical names of schedulers that are not just their own lower case.
const SCHEDULERS: [(&str, &str); 9] = [
    ("k", "karras"),
    ("sgmuniform", "sgm_uniform"),
    ("align_your_steps", "ays"),
    ("alignyoursteps", "ays"),
    ("alignyourstepsscheduler", "ays"),
    ("karrasscheduler", "karras"),
    ("exponentialscheduler", "exponential"),
    ("uniform", "normal"),
    ("poly_exponential", "polyexponential"),
];

/// The canonical name of a sampler, without the scheduler that may be joined to it: `DPM++ 2M Karras`,
/// `k_dpmpp_2m` and `sample_dpmpp_2m` are `dpmpp_2m`. A name that is not known becomes lower case with
/// `_` between its words; `None` for one that says nothing.
#[must_use]
pub fn canonical_sampler(name: &str) -> Option<String> {
    let (sampler, _) = split_joined(name.trim());
    let mut plain = plain(&sampler.replace("++", "pp"));
    for start in ["sample_", "k_"] {
        if let Some(rest) = plain.strip_prefix(start).filter(|rest| !rest.is_empty()) {
            plain = rest.to_owned();
        }
    }
    let plain =
        ["_gpu", "_scheduler", "scheduler"].iter().find_map(|end| plain.strip_suffix(end)).unwrap_or(&plain);
    let spaced = plain.strip_prefix("dpm_pp_").map(|rest| format!("dpmpp_{rest}"));
    let plain = spaced.as_deref().unwrap_or(plain);
    let canonical = ALIASES.iter().find(|(alias, _)| *alias == plain).map_or(plain, |(_, name)| name);
    (!canonical.is_empty()).then(|| canonical.to_owned())
}

/// The canonical name of a scheduler.
pub(super) fn canonical_scheduler(name: &str) -> String {
    let plain = plain(name);
    SCHEDULERS.iter().find(|(alias, _)| *alias == plain).map_or(plain.clone(), |(_, name)| (*name).to_owned())
}

/// A stored sampler, and the scheduler joined to it.
pub(super) fn split(stored: &str) -> (Named, Option<Named>) {
    let (sampler, scheduler) = split_joined(stored.trim());
    let canonical = canonical_sampler(sampler).unwrap_or_default();
    let scheduler =
        scheduler.map(|name| Named { stored: name.to_owned(), canonical: canonical_scheduler(name) });
    (Named { stored: sampler.to_owned(), canonical }, scheduler)
}

fn split_joined(name: &str) -> (&str, Option<&str>) {
    for end in SPOKEN.iter().chain(&JOINED) {
        if let Some(at) = name.len().checked_sub(end.len()).filter(|at| *at > 0)
            && name.get(at..).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
        {
            return (&name[..at], Some(&name[at + 1..]));
        }
    }
    (name, None)
}

/// Lower case, words joined by `_`.
fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for letter in name.trim().chars().flat_map(char::to_lowercase) {
        match letter {
            ' ' | '-' | '_' | '/' if !plain.ends_with('_') => plain.push('_'),
            ' ' | '-' | '_' | '/' | '(' | ')' => {}
            letter => plain.push(letter),
        }
    }
    plain.trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(canonical: &str, names: &[&str]) {
        for name in names {
            assert_eq!(canonical_sampler(name).as_deref(), Some(canonical), "{name}");
        }
    }

    #[test]
    fn all_names_of_a_sampler_are_one() {
        check(
            "dpmpp_2m",
            &[
                "DPM++ 2M",
                "dpmpp_2m",
                "k_dpmpp_2m",
                "sample_dpmpp_2m",
                "DPM++ 2M Karras",
                "dpmpp_2m_karras",
                "dpmpp_2m_k",
                "DPMSolverMultistepScheduler",
            ],
        );
        check(
            "euler_ancestral",
            &[
                "Euler a",
                "euler_ancestral",
                "k_euler_ancestral",
                "k_euler_a",
                "Euler Ancestral",
                "euler_a",
                "Euler A Trailing",
                "EulerAncestralDiscreteScheduler",
            ],
        );
        check("dpmpp_2m_sde", &["DPM++ 2M SDE", "dpmpp_2m_sde_gpu", "DPM++ 2M SDE Exponential"]);
        check("dpmpp_2s_ancestral", &["DPM++ 2S a", "k_dpmpp_2s_ancestral"]);
        check("dpm_2_ancestral", &["DPM2 a", "k_dpm_2_a", "DPM2 a Karras"]);
        check("uni_pc", &["UniPC", "uni_pc", "UniPC Trailing"]);
        check("ddim", &["DDIM", "ddim_ddim_uniform", "DDIM Trailing"]);
        check("plms", &["PLMS", "plms"]);
        check("a_new_one", &["A new one", "a-new-one"]);
        assert_eq!(canonical_sampler("Undefined"), None);
        assert_eq!(canonical_sampler(" "), None);
    }

    #[test]
    fn schedulers_are_split_off() {
        let scheduler = |name: &str| split(name).1.map(|named| named.canonical);
        assert_eq!(scheduler("DPM++ 2M Karras").as_deref(), Some("karras"));
        assert_eq!(scheduler("euler_sgm_uniform").as_deref(), Some("sgm_uniform"));
        assert_eq!(scheduler("DPM++ 3M SDE SGM Uniform").as_deref(), Some("sgm_uniform"));
        assert_eq!(scheduler("euler_ancestral"), None);
        assert_eq!(canonical_scheduler("SGM Uniform"), "sgm_uniform");
        assert_eq!(canonical_scheduler("Align Your Steps"), "ays");
        assert_eq!(split("Euler a").0.stored, "Euler a");
        let spoken =
            ["Karras", "Exponential", "SGM Uniform", "Polyexponential", "Simple", "Beta", "AYS", "Trailing"];
        for name in spoken {
            let whole = format!("DPM++ 2M {name}");
            let (sampler, scheduler) = split(&whole);
            assert_eq!((sampler.canonical.as_str(), scheduler.is_some()), ("dpmpp_2m", true), "{whole}");
        }
        for name in ["karras", "exponential", "normal", "simple", "sgm_uniform", "ddim_uniform", "beta"] {
            let whole = format!("dpmpp_2m_{name}");
            let (sampler, scheduler) = split(&whole);
            let found = (sampler.canonical, scheduler.map(|scheduler| scheduler.canonical));
            assert_eq!(found, ("dpmpp_2m".to_owned(), Some(name.to_owned())));
        }
    }
}
