//! Troubles: what goes wrong, when, and how that is written down.
//!
//! Picture: `7/0,3/17k1.4 31l 40p500`
//! ```text
//!   7          the plan of seed 7,
//!   0,3        of which steps 0 and 3 are asked,
//!   17k1.4     at moment 17 process 1 is killed, and away for 4 moments; …
//! ```
//! Invariant: what is written down means the same run again, as long as the code does the same.

use super::Dice;
use std::fmt;

/// What goes wrong, or otherwise than usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Not who was at it goes on, but the nth of those who could.
    Switch(u64),
    /// A process dies where it stands, and is away for so many moments.
    Kill(u64, u64),
    /// The call that stands at its gate fails: its request or its reply is lost.
    Lose,
    /// A step is asked once more under its key, beside the first.
    Repeat(u64),
    /// A process dies, and its nth reader has forgotten its last so many positions.
    Reread(u64, u64),
    /// So many milliseconds pass.
    Pass(u64),
    /// A process does nothing for so many moments.
    Hold(u64, u64),
    /// Callers do not wait for anything to settle.
    Eager,
}

/// Everything that decides a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Script {
    /// Of the plan.
    pub(super) seed: u64,
    /// Which steps of the plan; `None`: all.
    pub(super) steps: Option<Vec<usize>>,
    /// At which moments what goes wrong, in order.
    pub(super) troubles: Vec<(u64, Trouble)>,
}

/// Where the troubles of a run come from.
pub(super) enum Troubles {
    /// They are drawn, up to a moment.
    Drawn { dice: Dice, until: u64, weights: Weights },
    /// They are those of a script, from this index on.
    Written(Vec<(u64, Trouble)>, usize),
}

/// How often what goes wrong, in a thousand moments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights {
    pub(super) switch: u64,
    pub(super) trouble: u64,
}

impl Troubles {
    /// Those of a seed: calm, rough or wild.
    pub(super) fn drawn(seed: u64, step_count: usize) -> Self {
        let mut dice = Dice::new(seed ^ 0x7472_6f75_626c_6573);
        let switch = *dice.pick(&[0, 50, 200, 500]);
        let trouble = *dice.pick(&[0, 5, 20, 60]);
        let until = dice.below(400 + 40 * step_count as u64);
        Self::Drawn { dice, until, weights: Weights { switch, trouble } }
    }

    /// Those of a seed, when steps are known to fail: never calm.
    pub(super) fn storm(seed: u64, step_count: usize) -> Self {
        let mut dice = Dice::new(seed);
        let switch = *dice.pick(&[0, 20, 200]);
        let trouble = *dice.pick(&[30, 80, 160]);
        let until = 40 + 30 * step_count as u64;
        Self::Drawn { dice, until, weights: Weights { switch, trouble } }
    }

    /// None at all.
    pub(super) fn none() -> Self {
        Self::Written(Vec::new(), 0)
    }

    /// What is to go wrong at this moment, with `processes` processes and `asked` steps asked so far.
    pub(super) fn at(&mut self, moment: u64, processes: u64, asked: u64) -> Vec<Trouble> {
        match self {
            Self::Written(troubles, next) => {
                let mut now = Vec::new();
                while let Some((_, trouble)) = troubles.get(*next).filter(|(at, _)| *at <= moment) {
                    now.push(*trouble);
                    *next += 1;
                }
                now
            }
            Self::Drawn { until, .. } if moment >= *until => Vec::new(),
            Self::Drawn { dice, weights, .. } => {
                if moment == 0 && dice.percent(50) {
                    return vec![Trouble::Eager];
                }
                let drawn = dice.below(1_000);
                if drawn < weights.trouble {
                    vec![draw(dice, processes, asked)]
                } else if drawn < weights.trouble + weights.switch {
                    vec![Trouble::Switch(dice.below(64))]
                } else {
                    Vec::new()
                }
            }
        }
    }
}

fn draw(dice: &mut Dice, processes: u64, asked: u64) -> Trouble {
    match dice.below(100) {
        0..25 => Trouble::Kill(dice.below(processes), dice.below(32)),
        25..60 => Trouble::Lose,
        60..72 => Trouble::Repeat(dice.below(asked)),
        72..78 => Trouble::Reread(dice.below(64), 1 + dice.below(8)),
        78..90 => {
            let magnitude = *dice.pick(&[10, 1_000, 60_000, 600_000]);
            Trouble::Pass(1 + dice.below(magnitude))
        }
        _ => Trouble::Hold(dice.below(processes), dice.below(200)),
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch(n) => write!(f, "s{n}"),
            Self::Kill(process, away) => write!(f, "k{process}.{away}"),
            Self::Lose => f.write_str("l"),
            Self::Repeat(step) => write!(f, "r{step}"),
            Self::Reread(reader, back) => write!(f, "b{reader}.{back}"),
            Self::Pass(millis) => write!(f, "p{millis}"),
            Self::Hold(process, moments) => write!(f, "h{process}.{moments}"),
            Self::Eager => f.write_str("e"),
        }
    }
}

impl Trouble {
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.get(1..)?.split('.');
        let mut next = || numbers.next().and_then(|number| number.parse().ok());
        Some(match text.get(..1)? {
            "s" => Self::Switch(next()?),
            "k" => Self::Kill(next()?, next()?),
            "l" => Self::Lose,
            "r" => Self::Repeat(next()?),
            "b" => Self::Reread(next()?, next()?),
            "p" => Self::Pass(next()?),
            "h" => Self::Hold(next()?, next()?),
            "e" => Self::Eager,
            _ => return None,
        })
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let troubles = self.troubles.iter().map(|(at, trouble)| format!("{at}{trouble}"));
        let troubles = troubles.collect::<Vec<_>>().join(" ");
        let steps = self.steps.as_ref().map_or("*".to_owned(), |steps| {
            steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
        });
        write!(f, "{}/{steps}/{troubles}", self.seed)
    }
}

impl Script {
    /// What [`Display`](fmt::Display) has written.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().splitn(3, '/');
        let seed = parts.next()?.parse().ok()?;
        let steps = match parts.next()? {
            "*" => None,
            "" => Some(Vec::new()),
            steps => Some(steps.split(',').map(|n| n.parse().ok()).collect::<Option<_>>()?),
        };
        let trouble = |text: &str| {
            let end = text.find(|letter: char| !letter.is_ascii_digit())?;
            Some((text[..end].parse().ok()?, Trouble::parse(&text[end..])?))
        };
        let troubles = parts.next()?.split_whitespace().map(trouble).collect::<Option<_>>()?;
        Some(Self { seed, steps, troubles })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_reads_as_it_was_written() {
        let text = "7/0,3/0e 17k1.4 17s3 31l 40p500 41b2.7 50h0.9 51r3";
        let script = Script::parse(text).expect("a script");
        assert_eq!(script.to_string(), text);
        assert_eq!(script.troubles[1], (17, Trouble::Kill(1, 4)));
        assert_eq!(Script::parse("9/*/").expect("a script").to_string(), "9/*/");
        for bad in ["", "7", "7/0", "x/0/", "7/a/", "7/0/k1", "7/0/1x", "7/0/1k1"] {
            assert_eq!(Script::parse(bad), None, "{bad}");
        }
    }
}
