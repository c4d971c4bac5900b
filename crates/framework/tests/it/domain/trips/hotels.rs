//! Hotels: rooms, of which each is slept in once.

use super::TripId;
use headwater::prelude::*;

#[derive(StreamId)]
#[stream("hotel")]
pub(crate) struct HotelId(String);

#[derive(Event, Debug, PartialEq)]
#[event(public)]
pub(crate) enum HotelEvent {
    HotelOpened { rooms: usize },
    RoomBooked { trip: TripId },
    RoomFreed { trip: TripId },
}

#[derive(Command, Debug, Clone)]
pub(crate) enum HotelCommand {
    Open {
        rooms: usize,
    },
    #[command(public)]
    Book {
        trip: TripId,
    },
    #[command(public)]
    Free {
        trip: TripId,
    },
}

#[derive(Refusal, Debug, PartialEq)]
pub(crate) enum HotelRefusal {
    #[refusal(conflict, "all {rooms} rooms are taken")]
    Full { rooms: usize },
}

#[derive(Default, Debug, PartialEq)]
pub(crate) struct Hotel {
    rooms: usize,
    pub(crate) guests: Vec<TripId>,
}

impl Decider for Hotel {
    type Id = HotelId;
    type Command = HotelCommand;
    type Event = HotelEvent;
    type Refusal = HotelRefusal;

    fn decide(&self, command: HotelCommand, _: &Cause) -> Result<Vec<HotelEvent>, HotelRefusal> {
        Ok(match command {
            HotelCommand::Open { rooms } => vec![HotelEvent::HotelOpened { rooms }],
            HotelCommand::Book { .. } if self.guests.len() >= self.rooms => {
                return Err(HotelRefusal::Full { rooms: self.rooms });
            }
            HotelCommand::Book { trip } => vec![HotelEvent::RoomBooked { trip }],
            HotelCommand::Free { trip } if self.guests.contains(&trip) => {
                vec![HotelEvent::RoomFreed { trip }]
            }
            HotelCommand::Free { .. } => vec![], // it was full
        })
    }

    fn evolve(mut self, event: &HotelEvent) -> Hotel {
        match event {
            HotelEvent::HotelOpened { rooms } => self.rooms = *rooms,
            HotelEvent::RoomBooked { trip } => self.guests.push(trip.clone()),
            HotelEvent::RoomFreed { trip } => {
                if let Some(at) = self.guests.iter().position(|guest| guest == trip) {
                    self.guests.swap_remove(at);
                }
            }
        }
        self
    }
}

pub(crate) fn service(store: &Store) -> Service {
    Service::new("hotels", store).decider::<Hotel>().accept_commands_from("trips")
}
