//! Finding out what a job would do: topics or what images say of themselves, folders, and where on the disk
//! each file would go.

use super::ask::{FolderNaming, NoiseMode, OrganizeAsk};
use super::carrying::wish;
use super::desk::Desk;
use super::destination::names_in;
use super::images::{ImagesError, facts_of, images_of, look_at};
use super::job::{Cluster, Mapping, Mistake, Preview};
use super::mapping::{Arrangement, Group, arrange, by_template, by_topic};
use super::names::Spellings;
use super::outcome::{Expected, name_of};
use crate::limits::organize as limits;
use crate::topics::{Progress, Stage, TopicSet, TopicsAsk};
use jiff::tz::TimeZone;
use lumidex_schema::id::ImageId;
use lumidex_schema::path::absolute;
use std::collections::HashMap;
use std::sync::Arc;

impl Desk {
    /// What would become of what was asked.
    pub(super) fn preview(&self, id: &str, ask: &OrganizeAsk) -> Result<Preview, String> {
        let names = names_in(&self.parts.files, &ask.into);
        let existing = Spellings::of(names.iter().map(String::as_str));
        let (groups, noise) = self.groups(id, ask, names)?;
        let arrangement = arrange(ask, groups, noise, &existing);
        self.placed(ask, arrangement)
    }

    fn groups(
        &self,
        id: &str,
        ask: &OrganizeAsk,
        names: Vec<String>,
    ) -> Result<(Vec<Group>, Vec<ImageId>), String> {
        let set = if ask.needs_topics() { Some(self.topics(id, ask, names)?) } else { None };
        let FolderNaming::Template(template) = &ask.naming else {
            return Ok(set.map_or_else(Default::default, |set| by_topic(ask, &set)));
        };
        let mut titles: HashMap<ImageId, &str> = HashMap::new();
        for topic in set.iter().flat_map(|set| &set.topics) {
            titles.extend(topic.images.iter().map(|image| (ImageId(*image), topic.title.as_str())));
        }
        let images: Vec<ImageId> = match &set {
            Some(set) => set.topics.iter().flat_map(|topic| &topic.images).map(|id| ImageId(*id)).collect(),
            None => {
                let reader = self.parts.ledger.reader().map_err(said)?;
                images_of(&reader, &ask.scope).map_err(said)?.into_iter().collect()
            }
        };
        let mut facts = Vec::with_capacity(images.len());
        let looked = look_at(&self.parts.ledger, &images, &self.stop, &mut |reader, id, image, path| {
            let mut found = facts_of(reader, template, &image, &path)?;
            found.topic = titles.get(&id).map(|title| (*title).to_owned());
            facts.push((id, found));
            Ok(())
        });
        looked.map_err(said)?;
        let noise =
            set.as_ref().map_or_else(Vec::new, |set| set.noise.iter().map(|id| ImageId(*id)).collect());
        Ok((by_template(ask, &facts, &TimeZone::system()), noise))
    }

    fn topics(&self, id: &str, ask: &OrganizeAsk, names: Vec<String>) -> Result<Arc<TopicSet>, String> {
        let wanted = TopicsAsk {
            threshold: ask.threshold,
            min_cluster_size: ask.min_cluster_size,
            lang: ask.lang.clone(),
            existing_folder_names: names,
            ..TopicsAsk::of(ask.scope.clone())
        };
        let mut told = |stage: Stage, progress: Progress| {
            self.board.change(id, |job| (job.stage, job.progress) = (stage, progress));
        };
        let set = self.parts.finder.find(wanted.clamped(), &mut told, &self.stop)?;
        if set.count() > limits::IMAGES_MAX {
            return Err(said(ImagesError::TooMany));
        }
        Ok(set)
    }

    /// Asks the disk where each file would go.
    fn placed(&self, ask: &OrganizeAsk, arrangement: Arrangement) -> Result<Preview, String> {
        let Arrangement { groups, noise } = arrangement;
        let is_noise_moved = Preview::moves_noise(ask.noise);
        let mut clusters = Vec::with_capacity(groups.len());
        for group in groups {
            clusters.push(self.cluster(ask, group, true)?);
        }
        clusters.retain(|cluster| !cluster.mappings.is_empty());
        let mut preview = Preview {
            clusters,
            noise: self.cluster(ask, noise, is_noise_moved)?,
            is_noise_moved,
            errors: Vec::new(),
        };
        if ask.noise == NoiseMode::Skip {
            preview.noise.mappings.clear();
        }
        let folders: Vec<Vec<Expected>> = preview
            .moved()
            .map(|cluster| cluster.mappings.iter().map(expected).filter(|one| one.from != one.to).collect())
            .collect();
        let foreseen = self.parts.files.foresee(&wish(ask, &folders)).map_err(said)?;
        let places: HashMap<Vec<u8>, Vec<u8>> = foreseen.places.into_iter().collect();
        let noise = is_noise_moved.then_some(&mut preview.noise);
        for mapping in preview.clusters.iter_mut().chain(noise).flat_map(|cluster| &mut cluster.mappings) {
            if let Some(to) = places.get(&mapping.from) {
                mapping.to.clone_from(to);
            }
        }
        let wanted: HashMap<&[u8], &[u8]> =
            folders.iter().flatten().map(|one| (one.from.as_slice(), one.to.as_slice())).collect();
        let mistake = |(from, why): (Vec<u8>, String)| Mistake {
            to: wanted.get(from.as_slice()).copied().unwrap_or_default().to_vec(),
            from,
            why,
            is_renamed: false,
        };
        preview.errors = foreseen.errors.into_iter().map(mistake).collect();
        Ok(preview)
    }

    /// With where its files are now, and the places they should have. What is not there is left out.
    fn cluster(&self, ask: &OrganizeAsk, group: Group, is_moved: bool) -> Result<Cluster, String> {
        let Group { id, folder, title, keywords, images } = group;
        let mut mappings = Vec::with_capacity(images.len());
        let into = absolute(&ask.into, folder.as_bytes(), b"");
        let looked = look_at(&self.parts.ledger, &images, &self.stop, &mut |_, image, _, from| {
            let to = if is_moved { absolute(&into, b"", name_of(&from)) } else { from.clone() };
            mappings.push(Mapping { image: image.0, from, to });
            Ok(())
        });
        looked.map_err(said)?;
        Ok(Cluster { id, folder, title, keywords, size: mappings.len() as u64, mappings })
    }
}

fn expected(mapping: &Mapping) -> Expected {
    Expected { image: mapping.image(), from: mapping.from.clone(), to: mapping.to.clone() }
}

/// For a person.
fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}
