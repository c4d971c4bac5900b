//! A decision over tags: no course takes more students than it has seats, and no student more than
//! two courses, whoever enrols first.

use headwater::prelude::*;
use headwater::testing::{World, block_on};

#[derive(StreamId)]
#[stream("course")]
struct CourseId(String);

#[derive(StreamId)]
#[stream("student")]
struct StudentId(String);

#[derive(Event, Debug, PartialEq)]
enum EnrolmentEvent {
    CourseOpened {
        #[tag("course")]
        course: CourseId,
        seats: usize,
    },
    StudentEnrolled {
        #[tag("course")]
        course: CourseId,
        #[tag("student")]
        student: StudentId,
    },
}

#[derive(Command, Debug, Clone)]
enum EnrolmentCommand {
    Open { course: CourseId, seats: usize },
    Enrol { course: CourseId, student: StudentId },
}

#[derive(Refusal, Debug, PartialEq)]
enum EnrolmentRefusal {
    #[refusal(conflict, "no seat is free")]
    Full,
    #[refusal(conflict, "the student takes {_0} courses already")]
    Busy(usize),
}

#[derive(Clone)]
struct Seat {
    course: CourseId,
    student: StudentId,
}

impl Boundary for Seat {
    fn stream(&self) -> Result<StreamName, InvalidName> {
        self.course.stream()
    }

    fn reads(&self) -> Result<Reads, InvalidName> {
        let (course, student) =
            (format!("course:{}", self.course), format!("student:{}", self.student));
        Reads::tags([[course], [student]])
    }
}

#[derive(Default)]
struct Enrolment {
    seats: usize,
    taken: Vec<(CourseId, StudentId)>,
}

impl Decider for Enrolment {
    type Id = Seat;
    type Command = EnrolmentCommand;
    type Event = EnrolmentEvent;
    type Refusal = EnrolmentRefusal;

    fn decide(
        &self,
        command: EnrolmentCommand,
        _: &Cause,
    ) -> Result<Vec<EnrolmentEvent>, EnrolmentRefusal> {
        match command {
            EnrolmentCommand::Open { course, seats } => {
                Ok(vec![EnrolmentEvent::CourseOpened { course, seats }])
            }
            EnrolmentCommand::Enrol { course, student } => {
                let of_course = self.taken.iter().filter(|taken| taken.0 == course).count();
                let of_student = self.taken.iter().filter(|taken| taken.1 == student).count();
                if of_course >= self.seats {
                    return Err(EnrolmentRefusal::Full);
                }
                if of_student >= 2 {
                    return Err(EnrolmentRefusal::Busy(of_student));
                }
                Ok(vec![EnrolmentEvent::StudentEnrolled { course, student }])
            }
        }
    }

    fn evolve(mut self, event: &EnrolmentEvent) -> Self {
        match event {
            EnrolmentEvent::CourseOpened { seats, .. } => self.seats = *seats,
            EnrolmentEvent::StudentEnrolled { course, student } => {
                self.taken.push((course.clone(), student.clone()));
            }
        }
        self
    }
}

struct School(World, Service);

impl School {
    fn open(seats: usize) -> Self {
        let world = World::new();
        let service = Service::new("school", &world.store).decider::<Enrolment>();
        let school = Self(world, service);
        for course in ["a", "b", "c"] {
            let open = EnrolmentCommand::Open { course: course.into(), seats };
            school.run(course, course, "-", open).unwrap();
        }
        school
    }

    fn run(
        &self,
        key: &str,
        course: &str,
        student: &str,
        command: EnrolmentCommand,
    ) -> Result<Receipt<EnrolmentEvent>, CommandError<EnrolmentRefusal>> {
        let seat = Seat { course: course.into(), student: student.into() };
        block_on(self.1.run::<Enrolment>(&seat, command, &Cause::keyed(key)))
    }

    fn enrol(
        &self,
        key: &str,
        course: &str,
        student: &str,
    ) -> Result<Receipt<EnrolmentEvent>, CommandError<EnrolmentRefusal>> {
        let (of, who) = (course.into(), student.into());
        self.run(key, course, student, EnrolmentCommand::Enrol { course: of, student: who })
    }
}

#[test]
fn a_decision_over_tags_holds_both_rules() {
    let school = School::open(1);
    school.enrol("1", "a", "s").unwrap();
    assert_eq!(
        school.enrol("2", "a", "t").unwrap_err(),
        CommandError::Refused(EnrolmentRefusal::Full)
    );
    school.enrol("3", "b", "s").unwrap();
    let busy = school.enrol("4", "c", "s").unwrap_err();
    assert_eq!(busy.to_string(), "the student takes 2 courses already");
    assert!(school.enrol("3", "b", "s").unwrap().replayed);
}

#[test]
fn enrolments_side_by_side_never_take_more_than_there_is() {
    let school = School::open(2);
    let enrol = |n: usize| {
        let (course, student) = (["a", "b", "c"][n % 3], ["s", "t", "u", "v"][n % 4]);
        let command = EnrolmentCommand::Enrol { course: course.into(), student: student.into() };
        let seat = Seat { course: course.into(), student: student.into() };
        let service = school.1.clone();
        async move { service.run::<Enrolment>(&seat, command, &Cause::keyed(n.to_string())).await }
    };
    let answers = block_on(futures_util::future::join_all((0..12).map(enrol)));
    let taken = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(taken, 6, "three courses with two seats each, four students with two courses each");
    let events = school.0.events("school");
    for course in ["course:a", "course:b", "course:c"] {
        let of =
            |e: &&headwater_model::RecordedEvent| e.tags.iter().any(|tag| tag.as_str() == course);
        assert_eq!(events.iter().filter(of).count(), 1 + 2, "{course}");
    }
}
