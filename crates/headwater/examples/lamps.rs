//! Lamps: a whole service. `--listen 127.0.0.1:8080 --store file:data`
use headwater::http::*;
use headwater::prelude::*;

#[derive(StreamId)]
#[stream("lamp")]
struct LampId(String);

#[derive(Event, Debug, PartialEq)]
#[event(prefix = "Lamp", public)]
enum LampEvent {
    Lit { room: String },
    PutOut,
}

#[derive(Command, Deserialize, Debug, Clone)]
enum LampCommand {
    Light { room: String },
    PutOut,
}

#[derive(Refusal, Debug, PartialEq)]
enum LampRefusal {
    #[refusal(conflict, "the lamp is lit already, in {room}")]
    Lit { room: String },
}

#[derive(Default)]
struct Lamp(Option<String>); // the room it is lit in

impl Decider for Lamp {
    type Id = LampId;
    type Command = LampCommand;
    type Event = LampEvent;
    type Refusal = LampRefusal;
    fn decide(&self, command: LampCommand, _: &Cause) -> Result<Vec<LampEvent>, LampRefusal> {
        match (&self.0, command) {
            (None, LampCommand::Light { room }) => Ok(vec![LampEvent::Lit { room }]),
            (Some(room), LampCommand::Light { .. }) => Err(LampRefusal::Lit { room: room.clone() }),
            (Some(_), LampCommand::PutOut) => Ok(vec![LampEvent::PutOut]),
            (None, LampCommand::PutOut) => Ok(vec![]), // it is dark as asked
        }
    }
    fn evolve(self, event: &LampEvent) -> Lamp {
        match event {
            LampEvent::Lit { room } => Lamp(Some(room.clone())),
            LampEvent::PutOut => Lamp(None),
        }
    }
}

struct Lit;
impl Projection for Lit {
    const NAME: &'static str = "lit";
    const SCHEMA: &'static str = "create table lit (lamp text primary key, room text not null)";
    type Input = LampEvent;
    type Database = Sqlite;
    async fn apply(&self, db: &mut SqliteTx, e: &Recorded<LampEvent>) -> Result<(), Failed> {
        let lamp = e.stream.id();
        match &e.event {
            LampEvent::Lit { room } => db.execute("insert into lit values (?, ?)", (lamp, room)),
            LampEvent::PutOut => db.execute("delete from lit where lamp = ?", (lamp,)),
        }
    }
}

/// `POST /lamps/l1` with `{"Light":{"room":"kitchen"}}`, or `"PutOut"`.
async fn run(
    State(service): State<Service>,
    Path(lamp): Path<LampId>,
    cause: Cause, // from the Idempotency-Key: a retry is the same request
    Json(command): Json<LampCommand>,
) -> Result<impl IntoResponse, Problem> {
    let receipt = service.run::<Lamp>(&lamp, command, &cause).await?;
    Ok((receipt, Json("done"))) // the receipt writes `Headwater-Position: lamps:7`
}

async fn lit(State(service): State<Service>, after: After) -> Result<Json<Vec<String>>, Problem> {
    let db = service.read_model::<Lit>(&after).await?; // `?after=lamps:7` reads your own write
    Ok(Json(db.rows("select distinct room from lit order by room", ())?))
}

fn routes() -> Routes {
    let lit = get("/lit", lit).answers::<Vec<String>>(StatusCode::OK);
    Routes::new().add(post("/lamps/{lamp}", run)).add(lit)
}

#[derive(Deserialize)]
struct Settings {
    listen: std::net::SocketAddr,
    store: String,
}

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let s: Settings = headwater::settings("lamps")?; // file < environment < flags
    let service = Service::new("lamps", &Store::open(&s.store).await?).decider::<Lamp>();
    service.projection(Lit, Sqlite::file("lamps.db")).serve(s.listen, routes()).await
}
