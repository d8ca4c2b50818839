//! What stands of a terminal, and what an operation makes of it.

use super::{Forbidden, Operation, RegistryReply, State, Step, Transition, cell};
use serde::{Deserialize, Serialize};

/// An operation with its particulars, as somebody said it. What was not said is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// What is done.
    pub operation: Operation,
    /// To whom the terminal goes.
    pub merchant: Option<String>,
    /// The terminal number that the acquirer gave.
    pub tid: Option<String>,
    /// Where it stands.
    pub site: Option<String>,
    /// `vendor:serial` of the terminal whose place it takes; only of a swap.
    pub replaces: Option<String>,
    /// `vendor:serial` of the terminal that was a mistake for this one, and is withdrawn with it.
    pub corrects: Option<String>,
}

/// What stands of a terminal: all that an event tells of its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The last step.
    pub step: Step,
    /// The merchant that has it.
    pub merchant: Option<String>,
    /// The terminal number that it works under.
    pub tid: Option<String>,
    /// Where it stands.
    pub site: Option<String>,
    /// Whose place it took, if it took one.
    pub replaces: Option<String>,
}

impl Default for Standing {
    fn default() -> Self {
        Self::of(Step::See)
    }
}

impl Standing {
    /// A step that leaves a terminal with nobody.
    pub fn of(step: Step) -> Self {
        Self { step, merchant: None, tid: None, site: None, replaces: None }
    }

    /// Whether a merchant has it.
    pub fn is_in_service(&self) -> bool {
        matches!(self.step, Step::Bind | Step::Swap)
    }

    /// Whether `step` may follow.
    ///
    /// # Errors
    /// [`Forbidden`] if it may not.
    pub fn transition(&self, step: Step) -> Result<Transition, Forbidden> {
        cell(self.step, step)
    }

    /// What stands after an operation, `None` if nothing changes. `replaced` is what stands of the
    /// terminal whose place is taken: what was not said is taken over from it.
    ///
    /// # Errors
    /// [`Forbidden`] if the operation may not follow, or says too little.
    pub fn after(
        &self,
        asked: &Placement,
        replaced: Option<&Self>,
    ) -> Result<Option<Self>, Forbidden> {
        let step = Step::from(asked.operation);
        let changes = self.transition(step)? == Transition::Applies;
        if step == Step::Swap && asked.replaces.is_none() {
            return Err(Forbidden::ReplacesMissing);
        }
        if step == Step::Swap && !changes && self.replaces != asked.replaces {
            return Err(Forbidden::Bound);
        }
        let after = match step {
            Step::Bind | Step::Swap => self.served(asked, replaced, step),
            Step::Register | Step::StockIn | Step::Unbind => {
                Self { site: asked.site.clone(), ..Self::of(step) }
            }
            Step::See | Step::Verify | Step::Replace | Step::Retire | Step::Withdraw => {
                Self::of(step)
            }
        };
        if step == Step::Bind && after.merchant.is_none() && after.tid.is_none() {
            return Err(Forbidden::MerchantMissing);
        }
        let is_news = match step {
            _ if changes => true,
            Step::Bind | Step::Swap => after != *self,
            Step::StockIn | Step::Unbind => asked.site.is_some() && after != *self,
            _ => false,
        };
        Ok(is_news.then_some(after))
    }

    /// What stands after it turned out that `wrong` was a mistake for this terminal: what was asked
    /// for, or, if nothing was and this one is nowhere yet, the place of the other. `None` if nothing
    /// changes.
    ///
    /// # Errors
    /// [`Forbidden`] if the operation may not follow, or says too little.
    pub fn correcting(&self, asked: &Placement, wrong: &Self) -> Result<Option<Self>, Forbidden> {
        let is_nowhere =
            matches!(self.step, Step::See | Step::Verify | Step::Register | Step::Withdraw);
        let step = Step::from(asked.operation);
        let took_it = wrong.step == step || step == Step::Register;
        if is_nowhere && took_it && wrong.step != Step::Register {
            return Ok(Some(wrong.clone()));
        }
        self.after(asked, None)
    }

    /// In service as was said; what was not said stays while the merchant does.
    fn served(&self, asked: &Placement, replaced: Option<&Self>, step: Step) -> Self {
        let stays = self.is_in_service();
        let before = if step == Step::Swap && !stays { replaced } else { Some(self) };
        let before = before.filter(|it| it.is_in_service()).cloned().unwrap_or_default();
        let merchant = asked.merchant.clone().or_else(|| before.merchant.clone());
        let same = merchant == before.merchant || before.merchant.is_none();
        let kept = |said: &Option<String>, before: Option<String>| {
            said.clone().or(before.filter(|_| same))
        };
        Self {
            // Whose place it took stays true, whatever else is said of it.
            step: if stays { self.step } else { step },
            tid: kept(&asked.tid, before.tid),
            site: kept(&asked.site, before.site),
            replaces: if stays { self.replaces.clone() } else { asked.replaces.clone() },
            merchant,
        }
    }
}

/// What stands of a terminal and what the registry said to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastOperation {
    /// What stands.
    pub standing: Standing,
    /// What the registry said.
    pub reply: RegistryReply,
}

impl LastOperation {
    /// What the registry refused did not happen: the terminal is only named, unless it went out of
    /// service meanwhile, which is not the registry's to refuse.
    pub fn without_what_was_refused(self) -> Self {
        match (self.reply, self.standing.step) {
            (RegistryReply::Refused, Step::Retire | Step::Verify) => self,
            (RegistryReply::Refused, _) => Self { standing: Standing::default(), ..self },
            _ => self,
        }
    }

    /// Where the terminal is in its life.
    pub fn state(&self) -> State {
        State::of(self.standing.step, self.reply)
    }
}
