// Stories told by a Node client of KurrentDB, against the server at an address.
//
//     node stories.cjs FOLDER @kurrent/kurrentdb-client 127.0.0.1:2113 \
//         127.0.0.1:2114 ca.pem 127.0.0.1:2115 keeper password
//
// FOLDER is where the client is installed. The third address is that of a server by TLS that asks who asks,
// with who administers it. What is printed is counted by whoever runs this.
"use strict";

const assert = require("node:assert/strict");
const { createRequire } = require("node:module");
const { randomUUID } = require("node:crypto");
const path = require("node:path");

const [folder, name, address, , authority, asking, keeper, password] = process.argv.slice(2);
const kurrent = createRequire(path.join(path.resolve(folder), "package.json"))(name);
const isNew = name === "@kurrent/kurrentdb-client";
const Client = isNew ? kurrent.KurrentDBClient : kurrent.EventStoreDBClient;
const scheme = isNew ? "kurrentdb" : "esdb";
const { ANY, NO_STREAM, STREAM_EXISTS, START, END, FORWARDS, BACKWARDS } = kurrent;

const stories = [];
const story = (title, tell) => stories.push({ title, tell });
const ofVersion2 = (title, tell) => isNew && story(title, tell);

const connect = (options = "", of = scheme) =>
  Client.connectionString(`${of}://${address}?tls=false${options}`);
const stream = (category = "order") => `${category}-${randomUUID()}`;
const event = (type = "OrderPlaced", data = { n: 1 }, metadata) =>
  kurrent.jsonEvent({ type, data, metadata });
// The two clients name the same option differently.
const expecting = (state) => (isNew ? { streamState: state } : { expectedRevision: state });
const refused = (kind, promise) =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof kind, `${error.constructor.name}: ${error.message}`);
    return true;
  });
const collect = async (reading) => {
  const events = [];
  for await (const resolved of reading) events.push(resolved);
  return events;
};
const revisions = async (reading) =>
  (await collect(reading)).map(({ event }) => Number(event.revision));

story("events come back as they were appended", async (client) => {
  const at = stream();
  const placed = event("OrderPlaced", { n: 1 }, { $correlationId: "c", of: [1] });
  const scan = kurrent.binaryEvent({ type: "Scan", data: Uint8Array.from([0, 255]) });
  const done = await client.appendToStream(at, [placed, scan], expecting(NO_STREAM));
  assert.equal(done.nextExpectedRevision, 1n);
  const events = (await collect(client.readStream(at))).map(({ event }) => event);
  assert.deepEqual(events[0].data, placed.data);
  assert.deepEqual(events[0].metadata, placed.metadata);
  assert.deepEqual([events[0].id, events[0].type, events[0].isJson], [placed.id, placed.type, true]);
  assert.deepEqual([...events[1].data], [0, 255]);
  assert.ok(Math.abs(Date.now() - events[0].created.getTime()) < 60_000);
  const last = await collect(client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 }));
  assert.equal(last[0].event.position.commit, done.position.commit);
});

story("a stale append is refused with both revisions", async (client) => {
  const at = stream();
  await client.appendToStream(at, [event(), event()], expecting(NO_STREAM));
  const wrong = kurrent.WrongExpectedVersionError;
  for (const [expected, state] of [[0n, 0n], [NO_STREAM, "no_stream"]]) {
    const error = await client.appendToStream(at, event(), expecting(expected)).catch((e) => e);
    assert.ok(error instanceof wrong, `${error}`);
    const said = isNew ? error.expectedState : error.expectedVersion;
    assert.deepEqual([error.streamName, said], [at, state]);
    assert.equal(isNew ? error.actualState : error.actualVersion, 1n);
  }
  await refused(wrong, client.appendToStream(stream(), event(), expecting(STREAM_EXISTS)));
  // With credentials for the call, the client takes the call for one append.
  const credentials = { username: "admin", password: "changeit" };
  const alone = { ...expecting(0n), credentials };
  await refused(wrong, client.appendToStream(at, event(), alone));
  const quiet = connect("&throwOnAppendFailure=false");
  const told = await quiet.appendToStream(at, event(), expecting(0n));
  assert.equal(told.success, false);
  await quiet.dispose();
});

story("an append larger than one message is one append", async (client) => {
  const at = stream();
  const large = Array.from({ length: 8 }, () => event("Large", { text: "x".repeat(1_000_000) }));
  await client.appendToStream(at, large, expecting(NO_STREAM));
  assert.deepEqual(await revisions(client.readStream(at)), [0, 1, 2, 3, 4, 5, 6, 7]);
});

story("many appends at once are all answered", async (client) => {
  const at = stream();
  const appends = Array.from({ length: 300 }, () => client.appendToStream(at, event()));
  const done = (await Promise.all(appends)).map(({ nextExpectedRevision }) => nextExpectedRevision);
  assert.deepEqual(done, Array.from({ length: 300 }, (_, n) => BigInt(n)), "in the order asked");
});

story("a stream is read both ways from any place", async (client) => {
  const at = stream();
  await client.appendToStream(at, Array.from({ length: 1300 }, () => event()));
  const read = (options) => revisions(client.readStream(at, options));
  assert.equal((await read({})).length, 1300);
  assert.deepEqual(await read({ fromRevision: 1298n }), [1298, 1299]);
  assert.deepEqual(await read({ direction: BACKWARDS, fromRevision: END, maxCount: 2 }), [1299, 1298]);
  assert.deepEqual(await read({ direction: BACKWARDS, fromRevision: 1n }), [1, 0]);
  assert.deepEqual(await read({ direction: FORWARDS, fromRevision: START, maxCount: 1 }), [0]);
  await refused(kurrent.StreamNotFoundError, collect(client.readStream(stream())));
});

story("all events are read in order and by filter", async (client) => {
  const category = `c${randomUUID().replaceAll("-", "")}`;
  const [one, two] = [stream(category), stream(category)];
  for (const [at, type] of [[one, "Opened"], [two, "Opened"], [one, "Closed"]]) {
    await client.appendToStream(at, event(type));
  }
  const told = [[one, "Opened"], [two, "Opened"], [one, "Closed"]];
  const own = async (options) =>
    (await collect(client.readAll(options)))
      .map(({ event }) => [event.streamId, event.type])
      .filter(([at]) => at.includes(category));
  assert.deepEqual(await own({}), told);
  assert.deepEqual(await own({ direction: BACKWARDS, fromPosition: END }), told.toReversed());
  if (!isNew) return; // Its reads have no filters, its subscriptions have.
  const { streamNameFilter, eventTypeFilter, excludeSystemEvents } = kurrent;
  assert.deepEqual(await own({ filter: streamNameFilter({ prefixes: [`${category}-`] }) }), told);
  assert.deepEqual(await own({ filter: streamNameFilter({ regex: `^${one}$` }) }), [told[0], told[2]]);
  assert.deepEqual(await own({ filter: eventTypeFilter({ prefixes: ["Clo"] }) }), [told[2]]);
  assert.deepEqual(await own({ filter: eventTypeFilter({ regex: "^Clo" }) }), [told[2]]);
  assert.deepEqual(await own({ filter: excludeSystemEvents() }), told);
});

story("a subscription goes from stored to live", async (client) => {
  const at = stream();
  await client.appendToStream(at, [event(), event()]);
  const subscription = client.subscribeToStream(at, { fromRevision: START });
  const [seen, caughtUp] = [[], []];
  subscription.on("caughtUp", (info) => caughtUp.push(info));
  for await (const resolved of subscription) {
    seen.push(Number(resolved.event.revision));
    if (seen.length === 2) client.appendToStream(at, event()).catch(assert.fail);
    if (seen.length === 3) break;
  }
  assert.deepEqual(seen, [0, 1, 2]);
  if (isNew) assert.equal(caughtUp[0].revision, 1n);
});

story("a filtered subscription tells how far it has come", async (client) => {
  const type = `T${randomUUID()}`;
  const checkpoints = [];
  const checkpointReached = (_, position) => checkpoints.push(position.commit);
  const filter = kurrent.eventTypeFilter({
    prefixes: [type],
    maxSearchWindow: 1,
    checkpointInterval: 2,
    checkpointReached,
  });
  const subscription = client.subscribeToAll({ fromPosition: END, filter });
  await new Promise((resolve) => subscription.once("confirmation", resolve));
  await client.appendToStream(stream(), Array.from({ length: 6 }, () => event()));
  const done = await client.appendToStream(stream(), event(type));
  for await (const resolved of subscription) {
    assert.equal(resolved.event.type, type);
    assert.equal(resolved.event.position.commit, done.position.commit);
    break;
  }
  assert.ok(checkpoints.length > 0);
  assert.deepEqual(checkpoints, checkpoints.toSorted((a, b) => Number(a - b)));
});

story("settings come back as they were written, and take effect", async (client) => {
  const at = stream();
  const none = await client.getStreamMetadata(at);
  assert.equal(none.metadata, undefined);
  await client.appendToStream(at, Array.from({ length: 5 }, () => event()));
  const settings = { maxCount: 2, maxAge: 3600, cacheControl: 15, acl: { readRoles: "$all" }, mine: "kept" };
  await client.setStreamMetadata(at, settings, { expectedRevision: NO_STREAM });
  const { metadata, metastreamRevision } = await client.getStreamMetadata(at);
  assert.ok(metastreamRevision > 0n, "the client says a position here");
  assert.deepEqual([metadata.maxCount, metadata.maxAge, metadata.cacheControl, metadata.mine], [2, 3600, 15, "kept"]);
  assert.deepEqual(await revisions(client.readStream(at)), [3, 4]);
  // The newer client documents the one name of the option and hands on the other.
  const stale = client.setStreamMetadata(at, {}, { expectedRevision: NO_STREAM, streamState: NO_STREAM });
  await refused(kurrent.WrongExpectedVersionError, stale);
});

story("a deleted stream is gone until it is written to", async (client) => {
  const at = stream();
  await client.appendToStream(at, [event(), event()]);
  const stale = client.deleteStream(at, { expectedRevision: 0n });
  await refused(kurrent.WrongExpectedVersionError, stale);
  const { position } = await client.deleteStream(at, { expectedRevision: 1n });
  assert.ok(position.commit > 0n);
  await refused(kurrent.StreamNotFoundError, collect(client.readStream(at)));
  await client.appendToStream(at, event(), expecting(NO_STREAM));
  assert.deepEqual(await revisions(client.readStream(at)), [2]);
  await refused(kurrent.WrongExpectedVersionError, client.deleteStream(stream(), {}));
});

story("a tombstone is for ever", async (client) => {
  const at = stream();
  await client.appendToStream(at, [event(), event()]);
  await client.tombstoneStream(at, { expectedRevision: 1n });
  const error = await collect(client.readStream(at)).catch((error) => error);
  assert.ok(error instanceof kurrent.StreamDeletedError, `${error}`);
  assert.equal(error.streamName, at);
  await refused(kurrent.StreamDeletedError, client.appendToStream(at, event()));
  await refused(kurrent.StreamDeletedError, client.tombstoneStream(at, { expectedRevision: ANY }));
});

story("links are followed where that is asked", async (client) => {
  const [one, list] = [stream(), stream("list")];
  await client.appendToStream(one, event("Kept"));
  const link = kurrent.binaryEvent({ type: "$>", data: Buffer.from(`0@${one}`) });
  await client.appendToStream(list, link);
  const [followed] = await collect(client.readStream(list, { resolveLinkTos: true }));
  assert.deepEqual([followed.event.streamId, followed.link.streamId], [one, list]);
  const [plain] = await collect(client.readStream(list));
  assert.equal(plain.event.type, "$>");
});

story("derived streams are there without projections", async (client) => {
  const category = `c${randomUUID().replaceAll("-", "")}`;
  const [one, two] = [stream(category), stream(category)];
  await client.appendToStream(one, [event(), event()]);
  await client.appendToStream(two, event());
  const events = await collect(client.readStream(`$ce-${category}`, { resolveLinkTos: true }));
  assert.deepEqual(events.map(({ event }) => event.streamId), [one, one, two]);
  assert.deepEqual(events.map(({ link }) => link.streamId), Array(3).fill(`$ce-${category}`));
  const resumed = client.subscribeToStream(`$ce-${category}`, {
    fromRevision: events[1].link.revision,
    resolveLinkTos: true,
  });
  for await (const resolved of resumed) {
    assert.equal(resolved.event.streamId, two);
    break;
  }
});

story("a client finds the server by gossip", async () => {
  const discovering = connect("", `${scheme}+discover`);
  const at = stream();
  await discovering.appendToStream(at, event(), expecting(NO_STREAM));
  assert.deepEqual(await revisions(discovering.readStream(at)), [0]);
  await discovering.dispose();
});

ofVersion2("several streams are one append", async (client) => {
  const [one, two] = [stream(), stream()];
  const to = (streamName, expectedState, count = 1) => ({
    streamName,
    expectedState,
    events: Array.from({ length: count }, () => event("Moved", {}, { by: "me" })),
  });
  const done = await client.multiStreamAppend([to(one, NO_STREAM, 2), to(two, ANY)]);
  assert.deepEqual(done.responses.map(({ revision }) => revision), [1n, 0n]);
  const [first] = await collect(client.readStream(one, { maxCount: 1 }));
  assert.equal(first.event.metadata.by, "me");
  const stale = await client.multiStreamAppend([to(two, 0n), to(one, NO_STREAM)]).catch((e) => e);
  assert.ok(stale instanceof kurrent.WrongExpectedVersionError, `${stale}`);
  assert.deepEqual([stale.streamName, stale.expectedState, stale.actualState], [one, NO_STREAM, 1n]);
  assert.deepEqual(await revisions(client.readStream(two)), [0], "all of it or nothing");
  await client.tombstoneStream(two, { expectedRevision: 0n });
  await refused(kurrent.StreamTombstonedError, client.multiStreamAppend([to(one, ANY), to(two, ANY)]));
});

ofVersion2("records are appended if all checks hold", async (client) => {
  const [one, two, three] = [stream(), stream(), stream()];
  const record = (streamName) => ({ streamName, record: event("Moved") });
  const check = (streamName, expectedState) => ({ type: kurrent.STREAM_STATE, streamName, expectedState });
  await client.appendRecords([record(one), record(two), record(one)], [check(one, NO_STREAM)]);
  assert.deepEqual(await revisions(client.readStream(one)), [0, 1]);
  const places = async (at) =>
    (await collect(client.readStream(at))).map(({ event }) => event.position.commit);
  const [[first, last], [between]] = [await places(one), await places(two)];
  assert.ok(first < between && between < last, "in the order of everything as they were sent");
  const checks = [check(one, 0n), check(two, 0n), check(three, STREAM_EXISTS)];
  const error = await client.appendRecords([record(two)], checks).catch((error) => error);
  assert.ok(error instanceof kurrent.AppendConsistencyViolationError, `${error}`);
  assert.deepEqual(
    error.violations.map(({ checkIndex, actualState }) => [checkIndex, actualState]),
    [[0, 1n], [2, NO_STREAM]],
  );
  assert.deepEqual(await revisions(client.readStream(two)), [0]);
});

require("./users.cjs")({ folder, name, isNew, story, authority, asking, keeper, password });
require("./groups.cjs")({ kurrent, isNew, story, stream, event, refused, collect });

(async () => {
  const client = connect();
  let [passed, failed] = [0, 0];
  for (const { title, tell } of stories) {
    try {
      await tell(client);
      passed += 1;
      console.log(`test ${name}: ${title} ... ok`);
    } catch (error) {
      failed += 1;
      console.log(`test ${name}: ${title} ... FAILED\n${error.stack ?? error}`);
    }
  }
  const verdict = failed === 0 ? "ok" : "FAILED";
  console.log(`test result: ${verdict}. ${passed} passed; ${failed} failed; 0 ignored`);
  // Subscriptions that were left would keep the process alive.
  process.exit(failed === 0 ? 0 : 1);
})();
