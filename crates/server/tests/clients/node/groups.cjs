// Stories of persistent subscriptions: the consumer groups of the store, for a client that knows them.
"use strict";

const assert = require("node:assert/strict");
const { randomUUID } = require("node:crypto");

module.exports = ({ kurrent, isNew, story, stream, event, refused, collect }) => {
  const { START, END } = kurrent;
  const group = () => `g-${randomUUID()}`;
  const toStream = kurrent.persistentSubscriptionToStreamSettingsFromDefaults;
  const toAll = kurrent.persistentSubscriptionToAllSettingsFromDefaults;
  const parkedStream = (at, own) => `$persistentsubscription-${at}::${own}-parked`;

  // Takes so many events; what `handle` says of each is awaited. The subscription goes on.
  const take = (subscription, count, handle) =>
    new Promise((done, failed) => {
      const events = [];
      subscription.on("error", failed).on("data", (resolved) => {
        events.push(resolved);
        const said = Promise.resolve(handle(resolved, subscription)).catch(failed);
        if (events.length === count) said.then(() => done(events));
      });
    });
  const numbers = (events) => events.map(({ event }) => Number(event.revision));
  const ack = (resolved, subscription) => subscription.ack(resolved);
  // What was said is taken when the server shows it.
  const until = async (client, at, own, holds) => {
    for (;;) {
      const info = await client.getPersistentSubscriptionToStreamInfo(at, own);
      if (holds(info)) return info;
    }
  };

  story("a group delivers, takes back, parks and replays", async (client) => {
    const [at, own] = [stream(), group()];
    await client.appendToStream(at, [event(), event(), event()]);
    const settings = toStream({ startFrom: START, maxRetryCount: 1 });
    await client.createPersistentSubscriptionToStream(at, own, settings);
    const subscription = client.subscribeToPersistentSubscriptionToStream(at, own);
    // 0 is acked, 1 is parked, 2 is given back twice, and parked by that.
    const seen = await take(subscription, 4, (resolved, its) => {
      if (resolved.event.revision === 0n) return its.ack(resolved);
      if (resolved.event.revision === 1n) return its.nack("park", "not now", resolved);
      return its.nack("retry", "again", resolved);
    });
    assert.deepEqual(seen.map(({ retryCount }) => retryCount), [0, 0, 0, 1]);
    assert.deepEqual(numbers(seen), [0, 1, 2, 2]);
    await until(client, at, own, ({ stats }) => stats.parkedMessageCount === 2n);
    await subscription.unsubscribe();
    await until(client, at, own, ({ connections }) => connections.length === 0);
    const parked = await collect(client.readStream(parkedStream(at, own), { resolveLinkTos: true }));
    assert.deepEqual(parked.map(({ event, link }) => [event.streamId, event.revision, link.revision]), [
      [at, 1n, 0n],
      [at, 2n, 1n],
    ]);
    assert.equal(parked[0].link.metadata.reason, "not now");
    await client.replayParkedMessagesToStream(at, own, { stopAt: 1 });
    const again = client.subscribeToPersistentSubscriptionToStream(at, own);
    assert.deepEqual(numbers(await take(again, 1, ack)), [1]);
    await until(client, at, own, ({ stats }) => stats.parkedMessageCount === 1n);
  });

  story("two connections share what a group has", async (client) => {
    const [at, own] = [stream(), group()];
    const settings = toStream({ startFrom: START, consumerStrategyName: "RoundRobin" });
    await client.createPersistentSubscriptionToStream(at, own, settings);
    const options = { bufferSize: 5 };
    const both = [0, 1].map(() => client.subscribeToPersistentSubscriptionToStream(at, own, options));
    await Promise.all(both.map((one) => new Promise((heard) => one.once("confirmation", heard))));
    await client.appendToStream(at, Array.from({ length: 10 }, () => event()));
    const held = await Promise.all(both.map((one) => take(one, 5, () => {})));
    assert.deepEqual(held.flatMap(numbers).sort((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  story("a group of everything takes what passes its filter", async (client) => {
    const [category, own] = [`c${randomUUID().replaceAll("-", "")}`, group()];
    const filter = kurrent.streamNameFilter({ prefixes: [`${category}-`] });
    const settings = toAll({ startFrom: END });
    await client.createPersistentSubscriptionToAll(own, settings, { filter });
    const one = stream(category);
    for (const at of [one, stream(), one]) await client.appendToStream(at, event());
    const subscription = client.subscribeToPersistentSubscriptionToAll(own);
    const seen = await take(subscription, 2, ack);
    await subscription.unsubscribe();
    assert.deepEqual(seen.map(({ event }) => event.streamId), [one, one]);
    const info = await client.getPersistentSubscriptionToAllInfo(own);
    assert.deepEqual([info.eventSource, info.settings.startFrom], ["$all", END]);
    assert.equal(typeof info.stats.lastKnownEventPosition.commit, "bigint");
    const listed = await client.listPersistentSubscriptionsToAll();
    assert.ok(listed.some(({ groupName }) => groupName === own));
    await client.deletePersistentSubscriptionToAll(own);
  });

  story("a group says how it stands and is changed", async (client) => {
    const [at, own] = [stream(), group()];
    const asked = { startFrom: 7n, messageTimeout: 5_000, maxRetryCount: 3, maxSubscriberCount: 4,
      checkPointAfter: 100, liveBufferSize: 70, readBatchSize: 30, historyBufferSize: 90,
      consumerStrategyName: isNew ? "PinnedByCorrelation" : "Pinned", resolveLinkTos: true };
    await client.createPersistentSubscriptionToStream(at, own, toStream(asked));
    const { settings } = await client.getPersistentSubscriptionToStreamInfo(at, own);
    for (const [key, value] of Object.entries(asked)) assert.deepEqual(settings[key], value, key);
    const changed = toStream({ ...asked, consumerStrategyName: "Pinned", maxRetryCount: 8 });
    await client.updatePersistentSubscriptionToStream(at, own, changed);
    const after = await client.getPersistentSubscriptionToStreamInfo(at, own);
    assert.equal(after.settings.maxRetryCount, 8);
    const listed = await client.listPersistentSubscriptionsToStream(at);
    assert.deepEqual(listed.map(({ groupName }) => groupName), [own]);
    const all = await client.listAllPersistentSubscriptions();
    assert.ok(all.some(({ eventSource }) => eventSource === at));
    await client.restartPersistentSubscriptionSubsystem();
  });

  story("what is wrong about a group has its own error", async (client) => {
    const [at, own] = [stream(), group()];
    const gone = kurrent.PersistentSubscriptionDoesNotExistError;
    await refused(gone, client.getPersistentSubscriptionToStreamInfo(at, own));
    await refused(gone, client.deletePersistentSubscriptionToStream(at, own));
    const settings = toStream({ startFrom: START, maxSubscriberCount: 1 });
    await client.createPersistentSubscriptionToStream(at, own, settings);
    const exists = kurrent.PersistentSubscriptionExistsError;
    await refused(exists, client.createPersistentSubscriptionToStream(at, own, settings));
    const failed = (subscription) =>
      new Promise((_, reject) => subscription.on("error", reject).on("data", () => {}));
    const other = client.subscribeToPersistentSubscriptionToStream(stream(), own);
    await refused(gone, failed(other));
  });

  story("a connection is told what ended it", async (client) => {
    const [at, own] = [stream(), group()];
    const settings = toStream({ startFrom: START, maxSubscriberCount: 1 });
    await client.createPersistentSubscriptionToStream(at, own, settings);
    const failed = (subscription) =>
      new Promise((_, reject) => subscription.on("error", reject).on("data", () => {}));
    const first = client.subscribeToPersistentSubscriptionToStream(at, own);
    await new Promise((heard) => first.once("confirmation", heard));
    // Listened to from here on: it may be told before the deletion is answered.
    const ended = refused(kurrent.PersistentSubscriptionDroppedError, failed(first));
    const full = kurrent.PersistentSubscriptionMaximumSubscribersReachedError;
    await refused(full, failed(client.subscribeToPersistentSubscriptionToStream(at, own)));
    await client.deletePersistentSubscriptionToStream(at, own);
    await ended;
  });
};
